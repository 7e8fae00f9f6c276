//! Errors that stop a run.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::snapshot::record::RecordError;

/// An error that stopped a run: the file concerned, and the cause.
#[derive(Debug, thiserror::Error)]
#[error("{}: {kind}", path.display())]
pub struct SnapshotError {
    path: PathBuf,
    #[source]
    kind: SnapshotErrorKind,
}

/// The cause inside a [`SnapshotError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotErrorKind {
    /// A file or directory that the run needs cannot be read or written.
    #[error("{}", .0.kind())]
    File(#[source] Error),
    /// The record is invalid, or its seal does not match the key.
    #[error("{0}")]
    Rejected(#[source] RecordError),
    /// Another process is writing the record.
    #[error("another process is writing it")]
    Busy,
    /// The file with the name of the record's journal is not a journal.
    #[error("not a journal, and will not be overwritten")]
    NotAJournal,
    /// A file with the name of the new record exists.
    #[error("already exists")]
    Exists,
    /// The name of the new record is reserved for temporary files.
    #[error("the name is reserved for temporary files")]
    ReservedName,
    /// The record to replace is a directory, a FIFO, a socket or a device.
    #[error("not a regular file")]
    NotRegular,
    /// Some files could not be read, and a record without them would replace the old one.
    #[error(
        "not replaced: {unread} {} could not be read",
        if *unread == 1 { "file or directory" } else { "files or directories" }
    )]
    Incomplete {
        /// The number of files and directories that could not be read.
        unread: u64,
    },
    /// More than half of the recorded files are missing.
    #[error("not updated: {missing} of {recorded} recorded files are missing")]
    MostMissing {
        /// The number of missing files and links.
        missing: u64,
        /// The number of recorded files and links.
        recorded: u64,
    },
    /// A new filter excludes all recorded files, as a mistyped pattern does.
    #[error("not updated: the new filter excludes all {recorded} recorded files")]
    AllExcluded {
        /// The number of recorded files and links.
        recorded: u64,
    },
    /// The record lacks a name whose rot is to be accepted.
    #[error("'{}' is not in the record", name.escape_ascii())]
    NotRecorded {
        /// The name.
        name: Vec<u8>,
    },
}

impl SnapshotErrorKind {
    /// Returns the cause as a stable word, such as `most-missing`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::File(error) => error.kind().reason(),
            Self::Rejected(error) => error.reason(),
            Self::Busy => "busy",
            Self::NotAJournal => "not-a-journal",
            Self::Exists => "exists",
            Self::ReservedName => "reserved-name",
            Self::NotRegular => "not-regular",
            Self::Incomplete { .. } => "not-replaced",
            Self::MostMissing { .. } => "most-missing",
            Self::AllExcluded { .. } => "all-excluded",
            Self::NotRecorded { .. } => "not-recorded",
        }
    }
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
