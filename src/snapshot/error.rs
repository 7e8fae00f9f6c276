//! Errors that stop a run.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::snapshot::record::RecordError;

/// An error that stopped a run: the file concerned, and the cause.
#[derive(Debug)]
pub struct SnapshotError {
    path: PathBuf,
    kind: SnapshotErrorKind,
}

/// The cause inside a [`SnapshotError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotErrorKind {
    /// A file or directory that the run needs cannot be read or written.
    File(Error),
    /// The record is invalid, or its seal does not fit the key.
    Rejected(RecordError),
    /// Another process is writing the record.
    Busy,
    /// A foreign file has the name of the record's journal.
    NotAJournal,
    /// There is a file of the name that the new record should get.
    Exists,
    /// The name of the new record is reserved for temporary files.
    ReservedName,
    /// The record to replace is a directory, a FIFO, a socket or a device.
    NotRegular,
    /// Some files could not be read, and a record without them would replace the old one.
    Incomplete {
        /// The number of files and directories that could not be read.
        unread: u64,
    },
    /// More than half of the recorded files are missing.
    MostMissing {
        /// The number of missing files and links.
        missing: u64,
        /// The number of recorded files and links.
        recorded: u64,
    },
    /// The record lacks a name whose rot is to be accepted.
    NotRecorded {
        /// The name.
        name: Vec<u8>,
    },
}

impl SnapshotError {
    pub(super) fn new(path: impl Into<PathBuf>, kind: SnapshotErrorKind) -> Self {
        Self { path: path.into(), kind }
    }

    pub(super) fn io(path: &Path, cause: io::Error) -> Self {
        Self::new(path, SnapshotErrorKind::File(Error::io(path, cause)))
    }

    /// Returns the path of the file or directory concerned.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the cause.
    pub fn kind(&self) -> &SnapshotErrorKind {
        &self.kind
    }

    /// Returns the cause, and drops the path.
    pub fn into_kind(self) -> SnapshotErrorKind {
        self.kind
    }
}

impl fmt::Display for SnapshotErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => error.kind().fmt(f),
            Self::Rejected(cause) => cause.fmt(f),
            Self::Busy => f.write_str("another process is writing it"),
            Self::NotAJournal => f.write_str("not a journal, and will not be overwritten"),
            Self::Exists => f.write_str("already exists"),
            Self::ReservedName => f.write_str("the name is reserved for temporary files"),
            Self::NotRegular => f.write_str("not a regular file"),
            Self::Incomplete { unread: 1 } => {
                f.write_str("not replaced: 1 file or directory could not be read")
            }
            Self::Incomplete { unread } => {
                write!(f, "not replaced: {unread} files or directories could not be read")
            }
            Self::MostMissing { missing, recorded } => {
                write!(f, "not updated: {missing} of {recorded} recorded files are missing")
            }
            Self::NotRecorded { name } => {
                write!(f, "'{}' is not in the record", name.escape_ascii())
            }
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.kind)
    }
}

impl StdError for SnapshotError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.kind {
            SnapshotErrorKind::File(error) => Some(error),
            SnapshotErrorKind::Rejected(cause) => Some(cause),
            _ => None,
        }
    }
}
