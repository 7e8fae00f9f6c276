//! Options of a merge.

use crate::algorithm::HashFunction;
use crate::manifest::write::Terminator;

/// Options of a merge.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeOptions {
    pub(super) untagged: Option<HashFunction>,
    pub(super) terminator: Terminator,
    pub(super) sorts: bool,
}

impl MergeOptions {
    /// Creates options for sorted lists whose lines end in LF.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the hash function of lines without a tag; by default, the digest's length determines it.
    pub fn untagged(mut self, function: impl Into<Option<HashFunction>>) -> Self {
        self.untagged = function.into();
        self
    }

    /// Sets the terminator of lines, both in the lists and in the merged list.
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.terminator = terminator;
        self
    }

    /// Sorts the lists first, which takes memory for all of their lines.
    pub fn sort(mut self, sort: bool) -> Self {
        self.sorts = sort;
        self
    }
}
