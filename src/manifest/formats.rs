//! The table of checksum-file formats: how each is recognised, and what reads it.

mod certutil;
mod debian;
mod distinfo;
mod gentoo;
mod gpg;
mod hashdeep;
mod json;
#[cfg(feature = "fs")]
mod metalink;
mod name_first;
mod plain;
mod pnpm;
mod powershell;
pub(super) mod sfv;
mod shell;
mod sidecar;
mod snapshot;
mod toml;
mod yarn;

use crate::manifest::entry::ListEntry;
use crate::manifest::options::ListOptions;
use crate::manifest::reader::Reader;

/// A function that creates a reader for one list.
type NewReader = fn(&ListOptions) -> Box<dyn Reader>;

/// The way to recognise a format, and its reader.
#[derive(Clone, Copy)]
pub(super) enum Recognition {
    /// The first bytes decide; the list is read whole.
    Document(fn(&[u8]) -> bool, fn(&[u8]) -> Vec<ListEntry>),
    /// One line decides.
    Line(fn(&[u8]) -> bool, NewReader),
    /// One line decides if no line is a GNU, BSD or OpenSSL line or decides for another format.
    WeakLine(fn(&[u8]) -> bool, NewReader),
    /// The list has no mark of another format.
    Fallback(NewReader),
}

use Recognition::{Document, Fallback, Line, WeakLine};

/// A row of the table.
pub(super) struct FormatRow {
    pub(super) format: ListFormat,
    pub(super) recognition: Recognition,
}

/// Declares the formats, in the order in which they are tried:
/// `FORMAT, NAME, IS_CONFINED, HAS_OBJECTS = RECOGNITION`.
macro_rules! formats {
    ($plain:ident, $plain_name:literal = $fallback:expr;
     $($(#[$cfg:meta])* $format:ident, $name:literal, $is_confined:literal, $has_objects:literal = $how:expr;)*) => {
        /// The format of a checksum file.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[non_exhaustive]
        pub enum ListFormat {
            #[doc = concat!($plain_name, ".")]
            $plain,
            $($(#[$cfg])* #[doc = concat!($name, ".")] $format,)*
        }

        impl ListFormat {
            /// The formats, in the order in which they are tried.
            pub const ALL: &'static [Self] = &[Self::$plain, $($(#[$cfg])* Self::$format),*];

            /// Returns a description, such as `Gentoo Manifest`.
            pub fn name(self) -> &'static str {
                match self {
                    Self::$plain => $plain_name,
                    $($(#[$cfg])* Self::$format => $name,)*
                }
            }

            /// Returns `true` if names that lead out of the directory are refused by default.
            pub fn is_confined(self) -> bool {
                match self {
                    Self::$plain => false,
                    $($(#[$cfg])* Self::$format => $is_confined,)*
                }
            }

            /// Returns `true` if entries are objects, which are not prose even if they lack a name.
            pub fn has_objects(self) -> bool {
                match self {
                    Self::$plain => false,
                    $($(#[$cfg])* Self::$format => $has_objects,)*
                }
            }
        }

        /// The format of lists without a mark of another format.
        pub(super) static PLAIN: FormatRow =
            FormatRow { format: ListFormat::$plain, recognition: $fallback };

        /// The other formats, in the order in which they are tried.
        pub(super) static FORMATS: &[FormatRow] = &[$(
            $(#[$cfg])*
            FormatRow { format: ListFormat::$format, recognition: $how },
        )*];
    };
}

formats! {
    Plain, "GNU, BSD or OpenSSL lines" = Fallback(plain::reader);

    Json, "JSON", true, true = Document(json::is_start, json::read);
    #[cfg(feature = "fs")]
    Metalink, "Metalink", true, false = Document(metalink::is_start, metalink::read);

    Snapshot, "snapshot record", true, false = Line(snapshot::is_mark, reader::<snapshot::Snapshot>);
    Hashdeep, "hashdeep file", true, false = Line(hashdeep::is_mark, reader::<hashdeep::Hashdeep>);
    Gentoo, "Gentoo Manifest", true, false = Line(gentoo::is_mark, reader::<gentoo::Manifest>);
    Debian, "Debian control file", true, false = Line(debian::is_mark, reader::<debian::Debian>);
    Distinfo, "distinfo file", true, false = Line(distinfo::is_mark, reader::<distinfo::Distinfo>);
    Shell, "APKBUILD or PKGBUILD", true, false = Line(shell::is_mark, reader::<shell::Shell>);

    Certutil, "output of certutil", true, false = WeakLine(certutil::is_mark, reader::<certutil::Certutil>);
    PowerShell, "output of Get-FileHash", true, false = WeakLine(powershell::is_mark, reader::<powershell::PowerShell>);
    Toml, "TOML", true, true = WeakLine(toml::is_mark, reader::<toml::Toml>);
    Yarn, "yarn.lock", true, true = WeakLine(yarn::is_mark, reader::<yarn::Yarn>);
    Pnpm, "pnpm-lock.yaml", true, true = WeakLine(pnpm::is_mark, reader::<pnpm::Pnpm>);
    Gpg, "output of gpg's print-md", true, false = WeakLine(gpg::is_mark, gpg::reader);
    NameFirst, "lines with the name first", true, false = WeakLine(name_first::is_mark, name_first::reader);
    Sfv, "SFV file", true, false = WeakLine(sfv::is_mark, reader::<sfv::Sfv>);
    Sidecar, "bare digest", false, false = WeakLine(sidecar::is_mark, sidecar::reader);
}

/// Creates a reader that needs no options.
fn reader<R: Reader + Default + 'static>(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(R::default())
}
