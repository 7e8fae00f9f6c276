//! Findings of audits, updates and comparisons.

use crate::digest::Digest;
use crate::error::Error;

/// A difference from a record.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Finding {
    /// The current name of the file or link, or the recorded one if it is gone.
    pub name: Vec<u8>,
    /// The kind of change.
    pub change: FileChange,
    /// The recorded digest, if the record has a file of this name.
    pub was: Option<Digest>,
    /// The current digest, if there is a file of this name.
    pub is: Option<Digest>,
}

/// A kind of change to a file or a symbolic link.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FileChange {
    /// The contents differ, and neither the old nor the new ones were moved.
    Changed,
    /// The contents differ, but the size and the modification time do not.
    ///
    /// Programs do not do that: the cause is the disk, the memory, a failed copy or an intruder.
    /// Times count as equal if one is the other, truncated to the precision of a coarser file
    /// system.
    Rotted,
    /// The contents rotted, and the update records the new digest, as [`AcceptRot`] specifies.
    ///
    /// [`AcceptRot`]: crate::snapshot::AcceptRot
    Accepted,
    /// The name is not in the record, or its old contents have moved to another name.
    New,
    /// The name is gone, and its contents are not under another name.
    Missing,
    /// The contents were recorded under another name, and are no longer there.
    Moved {
        /// The recorded name.
        from: Vec<u8>,
    },
    /// The name is new, and its contents are also under another name.
    Duplicate {
        /// The other name.
        of: Vec<u8>,
    },
}

/// An event during a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotNotice<'a> {
    /// The number of files that an interrupted run has read, and that need not be read again.
    Resumed(u64),
    /// The name of a file or link that is as recorded.
    Same(&'a [u8]),
    /// A file or directory could not be read. The run has no findings about it or anything below.
    Unread(&'a Error),
    /// A FIFO, a socket, a device, or a temporary file of hsum was skipped.
    Skipped(&'a Error),
    /// All findings of an update, before it replaces the record. A caller that cannot print them
    /// can end the program, and the next update finds them again.
    Found(&'a [Finding]),
}

/// The result of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SnapshotReport {
    /// All differences from the old record, in the order of a walk; empty without an old record.
    pub findings: Vec<Finding>,
    /// The number of files and links in the new record, or found by an audit.
    pub entries: u64,
    /// The number of files that were read.
    pub read: u64,
    /// The number of files and directories that could not be read.
    pub unread: u64,
    /// The number of recorded files and links that left the record because of a new filter.
    pub excluded: u64,
}
