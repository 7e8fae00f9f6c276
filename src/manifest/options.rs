//! Options of reading a list.

use std::path::PathBuf;

use crate::algorithm::HashFunction;

/// Options of reading a [`List`](crate::manifest::List).
#[derive(Clone, Debug, Default)]
pub struct ListOptions {
    pub(super) name: Option<PathBuf>,
    pub(super) untagged: Option<HashFunction>,
    pub(super) file: Option<PathBuf>,
    pub(super) allows_outside: bool,
}

impl ListOptions {
    /// Creates options for a list of which only the contents are known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the list's own name: `x.iso.sha256` holds the digest of `x.iso`, and `B2SUMS` holds
    /// BLAKE2b digests.
    pub fn name(mut self, name: impl Into<Option<PathBuf>>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the hash function of lines without a tag; see
    /// [`LineParser::untagged`](crate::manifest::LineParser::untagged).
    pub fn untagged(mut self, function: impl Into<Option<HashFunction>>) -> Self {
        self.untagged = function.into();
        self
    }

    /// Sets the file that a digest without a name belongs to.
    pub fn file(mut self, file: impl Into<Option<PathBuf>>) -> Self {
        self.file = file.into();
        self
    }

    /// Allows names that are absolute or contain `..` in every format. By default only GNU, BSD
    /// and OpenSSL lines may have them.
    pub fn allow_outside(mut self, allow: bool) -> Self {
        self.allows_outside = allow;
        self
    }
}
