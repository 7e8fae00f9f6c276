//! Entries of lists.

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::manifest::error::BadLine;
use crate::notation::expected::Expected;

/// A file named in a list, and its expected digests.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Entry {
    /// The file's name, unescaped; `-` is standard input.
    pub path: PathBuf,
    /// The expected digest.
    pub digest: Digest,
    /// Expected digests of other hash functions.
    pub others: Vec<Digest>,
    /// Digests of the hash functions above that match as well, if the list allows several.
    pub alternatives: Vec<Digest>,
    /// The expected size in bytes, if the list gives one.
    pub size: Option<u64>,
    /// The download URL that a lock file or a JSON document gives. It has not been checked.
    pub url: Option<Box<str>>,
}

impl Entry {
    /// Creates an entry with one digest.
    pub fn new(path: impl Into<PathBuf>, digest: Digest) -> Self {
        Self {
            path: path.into(),
            digest,
            others: Vec::new(),
            alternatives: Vec::new(),
            size: None,
            url: None,
        }
    }

    /// Returns the digests, one for each hash function, without the alternatives.
    pub fn digests(&self) -> impl Iterator<Item = &Digest> {
        std::iter::once(&self.digest).chain(&self.others)
    }

    /// Returns the expected digests, with their alternatives.
    pub fn expected(&self) -> Expected {
        let all = self.digests().chain(&self.alternatives).copied();
        Expected::from_digests(all).unwrap_or_else(|| self.digest.into())
    }
}

/// A line of a list, or an item of a list that has no lines.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ListEntry {
    /// The line's number, from 1; for an item without a line, the item's number.
    pub line: u64,
    /// The file that a bad line names, if known.
    pub name: Option<PathBuf>,
    /// The entry, or the reason why the line is bad.
    pub entry: Result<Entry, BadLine>,
    /// The value of [`LineParser::latest_tag`] after the line.
    ///
    /// [`LineParser::latest_tag`]: crate::manifest::LineParser::latest_tag
    #[cfg_attr(feature = "serde", serde(skip))]
    pub tag: Option<&'static str>,
}

impl ListEntry {
    /// Creates a line that names no file if it is bad.
    pub fn new(line: u64, entry: Result<Entry, BadLine>) -> Self {
        Self { line, name: None, entry, tag: None }
    }

    /// Creates a line that names a file even if it is bad; an empty name is unknown.
    pub(super) fn named(line: u64, name: &[u8], entry: Result<Entry, BadLine>) -> Self {
        let name = match entry {
            Err(bad) if bad != BadLine::Unpaired && !name.is_empty() => path(name).ok(),
            _ => None,
        };
        Self { line, name, entry, tag: None }
    }

    /// Replaces a good entry by the result of `change`; the line and its name stay.
    pub fn and_then(self, change: impl FnOnce(Entry) -> Result<Entry, BadLine>) -> Self {
        Self { entry: self.entry.and_then(change), ..self }
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.entry.as_ref().ok().map(|entry| &*entry.path)
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.entry.as_ref().ok().and_then(|entry| entry.size)
    }
}

#[cfg(unix)]
pub(super) fn path(name: &[u8]) -> Result<PathBuf, BadLine> {
    use std::os::unix::ffi::OsStrExt;
    Ok(std::ffi::OsStr::from_bytes(name).into())
}

/// Converts a name to a path, which must be Unicode.
#[cfg(not(unix))]
pub(super) fn path(name: &[u8]) -> Result<PathBuf, BadLine> {
    str::from_utf8(name).map(PathBuf::from).map_err(|_| BadLine::NoName)
}

/// Returns `true` if a path is absolute or contains `..`, with either kind of slash.
pub fn leads_outside(path: &Path) -> bool {
    let name = path.as_os_str().as_encoded_bytes();
    let slash = |byte: &u8| matches!(byte, b'/' | b'\\');
    // Without drive letters, `h: i` is a file name.
    let drive = matches!(name, [letter, b':', rest @ ..] if letter.is_ascii_alphabetic()
        && (cfg!(windows) || rest.first().is_some_and(slash)));
    drive || name.first().is_some_and(slash) || name.split(slash).any(|part| part == b"..")
}
