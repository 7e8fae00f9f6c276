//! Events of a merge, and their counts.

use std::fmt;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use crate::algorithm::HashFunction;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::merge::order::name;
use crate::manifest::write::{LineStyle, write_line};

/// An event of a merge, in the order of the merged list.
#[derive(Debug)]
#[non_exhaustive]
pub enum MergeEvent<'m> {
    /// A file of the merged list.
    Entry(MergedEntry<'m>),
    /// A file with different digests in two places. It is not in the merged list.
    Conflict {
        /// The first entry of the file.
        first: &'m PlacedEntry,
        /// The first of its other entries that differs.
        other: &'m PlacedEntry,
    },
    /// A line that is not in the merged list.
    Line {
        /// The position of the list among all lists, from 0.
        list: usize,
        /// The line's number, from 1.
        line: u64,
        /// The file that the line names, if it is an entry.
        name: Option<&'m Path>,
        /// The reason.
        problem: LineProblem<'m>,
    },
    /// A list that cannot be read to its end.
    Unreadable {
        /// The position of the list among all lists, from 0.
        list: usize,
        /// The cause.
        error: io::Error,
    },
}

/// A function that receives events, and ends the merge by breaking.
pub(super) trait EventSink: FnMut(MergeEvent<'_>) -> ControlFlow<()> {}

impl<S: FnMut(MergeEvent<'_>) -> ControlFlow<()>> EventSink for S {}

/// The reason why a line is not in the merged list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LineProblem<'m> {
    /// The line is not an entry.
    Bad(BadLine),
    /// The line's file precedes the file of the line above in the order of a walk. The rest of the list
    /// is not read.
    Unsorted {
        /// The file of the line above.
        after: &'m Path,
    },
    /// The digests are not of the hash functions of the first entry of the first list.
    OtherFunctions {
        /// The entry.
        entry: &'m Entry,
        /// The hash functions of the first entry.
        expected: &'m [HashFunction],
    },
}

impl LineProblem<'_> {
    /// Returns the reason as a stable word, such as `bad-digest`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Bad(bad) => bad.reason(),
            Self::Unsorted { .. } => "unsorted",
            Self::OtherFunctions { .. } => "other-algorithms",
        }
    }
}

impl fmt::Display for LineProblem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(bad) => bad.fmt(f),
            Self::Unsorted { .. } => f.write_str(
                "precedes the line above in the order of a walk; the rest of the list is left out",
            ),
            Self::OtherFunctions { entry, expected } => {
                let found = entry.digests().map(|digest| digest.hash_function());
                let (found, expected) = (list(found), list(expected.iter().copied()));
                write!(f, "{found} (expected {expected}, as in the first entry); left out")
            }
        }
    }
}

/// Returns names of hash functions, such as `md5 and sha256`.
fn list(functions: impl Iterator<Item = HashFunction>) -> String {
    functions.map(|function| function.to_string()).collect::<Vec<_>>().join(" and ")
}

/// An entry and its place in the lists.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PlacedEntry {
    /// The position of the list among all lists, from 0.
    pub list: usize,
    /// The number of the entry's first line, from 1.
    pub line: u64,
    /// The entry.
    pub entry: Entry,
}

impl PlacedEntry {
    /// Returns the problem of two entries of one file, such as `different sha256 digests`.
    pub fn difference(&self, other: &Self) -> String {
        let pairs = self.entry.digests().zip(other.entry.digests());
        let differing = pairs.filter(|(a, b)| a != b).map(|(digest, _)| digest.hash_function());
        format!("different {} digests", list(differing))
    }

    /// Returns the bytes of the file's name.
    pub(super) fn name(&self) -> &[u8] {
        name(&self.entry.path)
    }
}

/// A file of the merged list.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct MergedEntry<'m> {
    /// The file's name and digests.
    pub entry: &'m Entry,
    /// The style of the merged list, taken from the first line of the first list.
    ///
    /// Untagged if hsum does not write that style. Tagged if a reader would otherwise attribute the
    /// digests to another algorithm.
    pub style: LineStyle,
}

impl MergedEntry<'_> {
    /// Appends the lines of the file, one for each digest.
    pub fn write_to(&self, list: &mut Vec<u8>) {
        for digest in self.entry.digests() {
            write_line(list, digest, name(&self.entry.path), self.style);
        }
    }
}

/// The counts of a merge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct MergeSummary {
    /// Files in the merged list.
    pub files: u64,
    /// Entries with the digests of another entry of the same file.
    pub duplicates: u64,
    /// Files with different digests.
    pub conflicts: u64,
    /// Lines that are not entries.
    pub bad_lines: u64,
    /// Entries with digests of other hash functions than the first entry.
    pub other_functions: u64,
    /// Lists that are not sorted.
    pub unsorted: u64,
    /// Lists that could not be read to their end.
    pub unreadable: u64,
}

impl MergeSummary {
    /// Returns `true` if the merged list has every file of the lists.
    pub fn is_complete(&self) -> bool {
        let lines = self.bad_lines + self.other_functions;
        self.conflicts + lines + self.unsorted + self.unreadable == 0
    }
}
