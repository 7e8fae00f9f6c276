//! What the system says of a file besides its contents: enough to tell that it was written to.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// A point in time, as the system keeps it: whole seconds since 1970 in UTC, rounded down, and
/// nanoseconds after that.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Time {
    /// Negative before 1970.
    pub seconds: i64,
    /// Below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Time {
    /// What this machine's clock says.
    pub fn now() -> Self {
        // A clock that stands before 1970 was never set.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
            nanoseconds: since.subsec_nanos(),
        }
    }
}

/// Where two of these are equal, the file has most likely not been written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Stamp {
    /// In bytes.
    pub size: u64,
    /// When the contents were last modified.
    pub modified: Time,
    /// The number of the inode on its file system.
    pub inode: u64,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let modified = Time {
            seconds: metadata.mtime(),
            nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
        };
        Self { size: metadata.len(), modified, inode: metadata.ino() }
    }
}
