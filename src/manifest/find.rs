//! The search for one file's entry in a list.

use std::path::Path;

use crate::manifest::entry::{Entry, ListEntry};
use crate::manifest::error::BadLine;
use crate::manifest::fields;
use crate::text::base_name;

/// The way to compare a name in a list with a file's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NameMatching {
    /// The names are the same, except for `./` before them.
    #[default]
    Exact,
    /// The base names, after either kind of slash, are the same.
    BaseName,
}

impl NameMatching {
    /// Returns `true` if `listed` is the name of `file`.
    pub fn is_match(self, listed: &Path, file: &Path) -> bool {
        match self {
            Self::Exact => is_same_name(listed, file),
            Self::BaseName => base_name(bytes(listed)) == base_name(bytes(file)),
        }
    }
}

/// Returns `true` if two names are the same, except for `./` before them.
pub fn is_same_name(a: &Path, b: &Path) -> bool {
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

/// The reason why a list has no entry for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotListed {
    /// No entry has the file's name.
    #[error("not listed")]
    Missing,
    /// Entries with different names have the file's base name.
    #[error("several listed files have this base name")]
    Ambiguous,
    /// Two entries have different digests of one algorithm.
    #[error("{}", BadLine::Conflict)]
    Conflict,
    /// The line with the file's name, or the whole list, is bad.
    #[error("{0}")]
    Bad(#[source] BadLine),
}

/// Finds the entry of `file` in a list: the digests of every entry with its name.
///
/// ```
/// use std::path::Path;
/// use hsum::manifest::{self, List, ListOptions, NameMatching};
///
/// let sums = "900150983cd24fb0d6963f7d28e17f72  build/a.iso\n";
/// let list = List::new(sums.as_bytes(), ListOptions::new());
/// let entry = manifest::find(list, Path::new("a.iso"), NameMatching::BaseName)?;
/// assert_eq!(entry.digest.to_hex(), "900150983cd24fb0d6963f7d28e17f72");
/// # Ok::<(), manifest::NotListed>(())
/// ```
///
/// # Errors
/// [`NotListed`] if no entry names the file, if entries contradict each other, or if the whole list
/// is refused, such as an HTML page or malformed JSON.
pub fn find(
    list: impl IntoIterator<Item = ListEntry>,
    file: &Path,
    matching: NameMatching,
) -> Result<Entry, NotListed> {
    let mut found: Option<Entry> = None;
    let mut refused = None;
    for ListEntry { entry, name, .. } in list {
        let entry = match entry {
            Ok(entry) if matching.is_match(&entry.path, file) => entry,
            Ok(_) => continue,
            // A good line does not outweigh a bad line of the same file.
            Err(BadLine::Conflict) if name.as_ref().is_none_or(|n| matching.is_match(n, file)) => {
                return Err(NotListed::Conflict);
            }
            Err(bad) => {
                let is_it = name.is_some_and(|name| matching.is_match(&name, file));
                if is_it && bad != BadLine::Outside {
                    refused = refused.or(Some(bad));
                }
                use BadLine::{Html, Syntax, TooLarge, Unnamed};
                let is_whole_list = matches!(bad, Html | Syntax | TooLarge { .. } | Unnamed);
                refused = refused.or(is_whole_list.then_some(bad));
                continue;
            }
        };
        found = Some(match found {
            None => entry,
            Some(other) if !is_same_name(&other.path, &entry.path) => {
                return Err(NotListed::Ambiguous);
            }
            Some(other) => fields::join(other, entry).map_err(|_| NotListed::Conflict)?,
        });
    }
    match (found, refused) {
        (_, Some(bad)) => Err(NotListed::Bad(bad)),
        (Some(entry), None) => Ok(Entry { path: file.to_owned(), ..entry }),
        (None, None) => Err(NotListed::Missing),
    }
}
