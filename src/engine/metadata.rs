//! File metadata, used to identify files and to detect modifications.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

/// A point in time in UTC, with nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timestamp {
    /// Seconds since 1970-01-01, rounded down; negative before.
    pub seconds: i64,
    /// Nanoseconds after `seconds`, below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// Returns the current time.
    pub fn now() -> Self {
        SystemTime::now().into()
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let (since, is_before) = match time.duration_since(UNIX_EPOCH) {
            Ok(since) => (since, false),
            Err(error) => (error.duration(), true),
        };
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        match (is_before, since.subsec_nanos()) {
            (false, nanoseconds) => Self { seconds, nanoseconds },
            (true, 0) => Self { seconds: -seconds, nanoseconds: 0 },
            (true, before) => Self { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - before },
        }
    }
}

/// Metadata that changes when a file is written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FileStamp {
    /// The size in bytes.
    pub size: u64,
    /// The modification time (mtime) of the contents.
    pub modified: Timestamp,
    /// The time of the last change (ctime), which programs cannot set; `None` if unknown.
    pub changed: Option<Timestamp>,
    /// The inode number, unique within the file system.
    pub inode: u64,
}

impl FileStamp {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // types differ by system
    pub(super) fn of(stat: &Stat) -> Self {
        let time = |seconds, nanoseconds: i64| Timestamp {
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

/// Returns the metadata in a `Stat`.
// It serves only the program.
#[cfg_attr(not(feature = "internals"), allow(dead_code))]
pub fn stamp_of(stat: &Stat) -> FileStamp {
    FileStamp::of(stat)
}

/// The identity of a file, which all its hard links share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileId {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl FileId {
    /// Returns the identity of the file with this metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    #[allow(clippy::unnecessary_cast)] // types differ by system
    pub(super) fn of_stat(stat: &Stat) -> Self {
        Self { device: stat.st_dev as u64, inode: stat.st_ino as u64 }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.device, self.inode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn system_times_are_rounded_down() {
        let (before, after) = (UNIX_EPOCH - Duration::from_millis(1), UNIX_EPOCH);
        let timestamp = |seconds, nanoseconds| Timestamp { seconds, nanoseconds };
        assert_eq!(Timestamp::from(before), timestamp(-1, 999_000_000));
        assert_eq!(Timestamp::from(after), timestamp(0, 0));
        assert_eq!(Timestamp::from(UNIX_EPOCH - Duration::from_secs(2)), timestamp(-2, 0));
        assert_eq!(Timestamp::from(after + Duration::from_millis(2500)), timestamp(2, 500_000_000));
    }
}
