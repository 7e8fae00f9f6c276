//! The entry for one file, out of a whole list.

use std::fmt;
use std::path::Path;

use super::fields;
use super::{BadLine, Entry, ListEntry};

/// When a name in a list is that of the file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Matching {
    /// It is the same, but for `./` before it.
    #[default]
    Exact,
    /// The last part is the same, with either kind of slash before it.
    BaseName,
}

impl Matching {
    /// Whether `listed` is the name of `file`.
    pub fn matches(self, listed: &Path, file: &Path) -> bool {
        match self {
            Self::Exact => same_name(listed, file),
            Self::BaseName => base_name(listed) == base_name(file),
        }
    }
}

/// Whether two names are the same, but for `./` before them.
pub fn same_name(a: &Path, b: &Path) -> bool {
    let plain = |path| {
        let mut name = bytes(path);
        while let Some(rest) = name.strip_prefix(b"./").filter(|rest| !rest.is_empty()) {
            name = rest;
        }
        name
    };
    plain(a) == plain(b)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// The last part of a path, with either kind of slash before it.
pub fn base_name(path: &Path) -> &[u8] {
    fields::base_name(bytes(path))
}

/// Why a list says nothing of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotListed {
    /// No entry has its name.
    Missing,
    /// Entries of different names have its base name.
    Ambiguous,
    /// Two entries have different digests of one algorithm.
    Conflict,
    /// The line with its name is bad, or the list is.
    Bad(BadLine),
}

impl fmt::Display for NotListed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not listed"),
            Self::Ambiguous => f.write_str("several listed files have this base name"),
            Self::Conflict => BadLine::Conflict.fmt(f),
            Self::Bad(bad) => bad.fmt(f),
        }
    }
}

impl std::error::Error for NotListed {}

/// What `list` says of `file`: the digests of all its entries together. The path is the file's.
///
/// ```
/// use std::path::Path;
/// use hsum::manifest::{self, List, ListOptions, Matching};
///
/// let sums = "900150983cd24fb0d6963f7d28e17f72  build/a.iso\n";
/// let list = List::new(sums.as_bytes(), ListOptions::new());
/// let entry = manifest::find(list, Path::new("a.iso"), Matching::BaseName)?;
/// assert_eq!(entry.digest.to_hex(), "900150983cd24fb0d6963f7d28e17f72");
/// # Ok::<(), manifest::NotListed>(())
/// ```
///
/// # Errors
/// [`NotListed`]: there is none, or they contradict each other. A list that is refused as a whole,
/// being HTML or broken JSON, is an error too.
pub fn find(
    list: impl IntoIterator<Item = ListEntry>,
    file: &Path,
    matching: Matching,
) -> Result<Entry, NotListed> {
    let mut found: Option<Entry> = None;
    let mut refused = None;
    for ListEntry { entry, name, .. } in list {
        let entry = match entry {
            Ok(entry) if matching.matches(&entry.path, file) => entry,
            Ok(_) => continue,
            // One good line does not make up for a bad one of the same file.
            Err(BadLine::Conflict) if name.as_ref().is_none_or(|n| matching.matches(n, file)) => {
                return Err(NotListed::Conflict);
            }
            Err(bad) => {
                let is_it = name.is_some_and(|name| matching.matches(&name, file));
                if is_it && bad != BadLine::Outside {
                    refused = refused.or(Some(bad));
                }
                let whole = [BadLine::Html, BadLine::Syntax, BadLine::TooLarge, BadLine::Unnamed];
                refused = refused.or(Some(bad).filter(|bad| whole.contains(bad)));
                continue;
            }
        };
        found = Some(match found {
            None => entry,
            Some(other) if !same_name(&other.path, &entry.path) => {
                return Err(NotListed::Ambiguous);
            }
            Some(other) => join(other, entry).ok_or(NotListed::Conflict)?,
        });
    }
    match (found, refused) {
        (_, Some(bad)) => Err(NotListed::Bad(bad)),
        (Some(entry), None) => Ok(Entry { path: file.to_owned(), ..entry }),
        (None, None) => Err(NotListed::Missing),
    }
}

/// Two entries of one file in one; `None` if they contradict each other.
fn join(one: Entry, other: Entry) -> Option<Entry> {
    let size = match (one.size, other.size) {
        (Some(a), Some(b)) if a != b => return None,
        (a, b) => a.or(b),
    };
    let digests: Vec<_> = one.digests().chain(other.digests()).copied().collect();
    let joined = fields::entry(b"-", digests, size).ok()?;
    let alternatives = [one.alternatives, other.alternatives].concat();
    Some(Entry { path: one.path, url: one.url.or(other.url), alternatives, ..joined })
}
