//! What the system says of a file besides its contents: enough to tell that it was written to.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

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
    /// The change time (ctime) of contents or metadata, which no program can set; `None` if it is
    /// not known.
    pub changed: Option<Time>,
    /// The number of the inode on its file system.
    pub inode: u64,
}

impl Stamp {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // types differ by system
    pub(super) fn of(stat: &Stat) -> Self {
        let time = |seconds, nanoseconds: i64| Time {
            seconds,
            nanoseconds: u32::try_from(nanoseconds).unwrap_or(0),
        };
        Self {
            size: stat.st_size as u64,
            modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: Some(time(stat.st_ctime as i64, stat.st_ctime_nsec as i64)),
            inode: stat.st_ino as u64,
        }
    }
}
