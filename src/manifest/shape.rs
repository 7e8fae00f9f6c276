//! THE table of shapes: how each is told from the others, and what reads it.

use super::fields::{is_usual_hex, words};
use super::list::Out;
use super::options::ListOptions;
use super::{
    certutil, debian, distinfo, gentoo, gpg, hashdeep, lock, name_first, pnpm, powershell, sfv,
    shell, sidecar, snapshot, toml,
};

/// The shape of a checksum file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // `name` says it
pub enum ListFormat {
    Plain,
    Certutil,
    Debian,
    Distinfo,
    Gentoo,
    Gpg,
    Hashdeep,
    Json,
    Lock,
    Metalink,
    NameFirst,
    PowerShell,
    Sfv,
    Shell,
    Sidecar,
    Snapshot,
}

impl ListFormat {
    /// Returns `true` if names in it must not lead out of the directory: neither GNU, BSD and
    /// OpenSSL lines, whose names always could, nor the name that the list's own name tells.
    pub fn is_foreign(self) -> bool {
        !matches!(self, Self::Plain | Self::Sidecar)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "a list of GNU, BSD or OpenSSL lines",
            Self::Certutil => "certutil's output",
            Self::Debian => "a Debian control file",
            Self::Distinfo => "a distinfo file",
            Self::Gentoo => "a Gentoo Manifest",
            Self::Gpg => "the output of gpg --print-md",
            Self::Hashdeep => "a hashdeep file",
            Self::Json => "JSON",
            Self::Lock => "a lock file",
            Self::Metalink => "a Metalink",
            Self::NameFirst => "a list with names first",
            Self::PowerShell => "the output of Get-FileHash",
            Self::Sfv => "an SFV file",
            Self::Shell => "an APKBUILD or PKGBUILD",
            Self::Sidecar => "a bare digest",
            Self::Snapshot => "a record that hsum snapshot wrote",
        }
    }
}

/// Reads the lines of one list of one shape.
pub(super) trait Reader: Send {
    /// Takes a line without its end.
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out);

    /// There are no more.
    fn end(&mut self, _out: &mut Out) {}
}

/// A shape that is read line by line.
pub(super) struct Row {
    pub(super) shape: ListFormat,
    /// Whether a line is a sign of this shape and of no other.
    pub(super) sign: fn(&[u8]) -> bool,
    pub(super) sure: Sure,
    pub(super) reader: fn(&ListOptions) -> Box<dyn Reader>,
}

/// How much a sign is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sure {
    /// It decides at once.
    Yes,
    /// It decides if nothing else does: neither another sign, nor a line as GNU, BSD or OpenSSL
    /// writes them.
    IfNothingElse,
}

/// The first one whose sign is there is the shape: prose above GNU lines looks like many a thing.
pub(super) static SHAPES: [Row; 16] = [
    row(ListFormat::Snapshot, snapshot::sign, Sure::Yes, snapshot::reader),
    row(ListFormat::Hashdeep, hashdeep::sign, Sure::Yes, hashdeep::reader),
    row(ListFormat::Gentoo, gentoo::sign, Sure::Yes, gentoo::reader),
    row(ListFormat::Debian, debian::sign, Sure::Yes, debian::reader),
    row(ListFormat::Distinfo, distinfo::sign, Sure::Yes, distinfo::reader),
    row(ListFormat::Shell, shell::sign, Sure::Yes, shell::reader),
    row(ListFormat::Certutil, certutil::sign, Sure::IfNothingElse, certutil::reader),
    row(ListFormat::PowerShell, powershell::sign, Sure::IfNothingElse, powershell::reader),
    row(ListFormat::Lock, toml::sign, Sure::IfNothingElse, toml::reader),
    row(ListFormat::Lock, lock::sign, Sure::IfNothingElse, lock::reader),
    row(ListFormat::Lock, pnpm::sign, Sure::IfNothingElse, pnpm::reader),
    row(ListFormat::Lock, pnpm::berry_sign, Sure::IfNothingElse, pnpm::berry_reader),
    row(ListFormat::Gpg, gpg::sign, Sure::IfNothingElse, gpg::reader),
    row(ListFormat::NameFirst, name_first::sign, Sure::IfNothingElse, name_first::reader),
    row(ListFormat::Sfv, sfv::sign, Sure::IfNothingElse, sfv::reader),
    row(ListFormat::Sidecar, sidecar::sign, Sure::IfNothingElse, sidecar::reader),
];

const fn row(
    shape: ListFormat,
    sign: fn(&[u8]) -> bool,
    sure: Sure,
    reader: fn(&ListOptions) -> Box<dyn Reader>,
) -> Row {
    Row { shape, sign, sure, reader }
}

/// Whether a line begins like one of GNU's, of whatever digest: then it is none of a foreign shape.
pub(super) fn is_digest_first(line: &[u8]) -> bool {
    let mut words = words(line.strip_prefix(b"\\").unwrap_or(line));
    words.next().is_some_and(is_usual_hex) && words.next().is_some()
}
