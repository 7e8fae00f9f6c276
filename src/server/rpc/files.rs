//! The served files, as the methods see them.

use hsum::Digest;

/// A served file.
#[derive(Clone, Debug)]
pub(crate) struct ServedFile {
    /// The name relative to the served directory, with slashes.
    pub(crate) name: Vec<u8>,
    /// The size in bytes.
    pub(crate) size: u64,
    /// The known digests; empty until the file has been hashed.
    pub(crate) digests: Vec<Digest>,
}

/// A record of the served files. Its functions are called on threads that may block.
pub(crate) trait ServedFiles: Send + Sync {
    /// Returns the file with this name; `None` if it is not served.
    fn find(&self, name: &[u8]) -> Option<ServedFile>;

    /// Returns `true` if all files are known, although they may not have been hashed.
    fn is_complete(&self) -> bool;

    /// Returns the first `limit` files, in byte order of their names, of those whose names start
    /// with `prefix` and are greater than `after`.
    fn list(&self, prefix: &[u8], after: &[u8], limit: usize) -> Vec<ServedFile>;
}
