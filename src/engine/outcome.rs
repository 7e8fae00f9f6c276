//! Results of a run.

use crate::digest::Digest;
use crate::engine::metadata::FileStamp;
use crate::engine::options::Source;
use crate::error::Error;

/// The result for one file.
#[derive(Debug)]
pub struct Outcome {
    /// The file: a source, or a path that begins with a source directory's path.
    pub source: Source,
    /// The digests, or the reason why there are none.
    ///
    /// Directories that cannot be listed have outcomes too, and so have the entries that a walk
    /// skips: FIFOs, sockets and devices ([`Special`]) and hsum's temporary files ([`Temporary`]).
    ///
    /// [`Special`]: crate::ErrorKind::Special
    /// [`Temporary`]: crate::ErrorKind::Temporary
    pub result: Result<HashedFile, Error>,
    /// The state of the next outcome.
    pub next: NextOutcome,
}

impl Outcome {
    /// Returns `true` if a walk skipped the file, which is not a failure.
    pub fn is_skipped(&self) -> bool {
        self.result.as_ref().is_err_and(Error::is_skipped)
    }
}

/// A file that was read from end to end.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HashedFile {
    /// The number of bytes read.
    pub size: u64,
    /// One digest for each hash function, in the order of the options.
    pub digests: Vec<Digest>,
    /// The metadata, which reading did not change; `None` if the file is not regular.
    pub stamp: Option<FileStamp>,
}

/// The state of the next result when one is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextOutcome {
    /// The next result follows at once.
    Ready,
    /// The next result is not ready, or there is none: output should be flushed.
    Awaited,
}

/// Counts of a finished run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HashSummary {
    /// Files with digests.
    pub hashed: u64,
    /// Files that could not be hashed, and directories that could not be listed.
    pub failed: u64,
    /// FIFOs, sockets, devices and temporary files of hsum, which a walk skips.
    pub skipped: u64,
}

/// Results of jobs, by the jobs' indices.
pub(super) type Results = Vec<(u64, Result<HashedFile, Error>)>;
