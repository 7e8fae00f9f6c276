//! The files to download, and the results.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use hsum::fetch::{DownloadProgress, VerifiedDownload};
use hsum::internals::TemporaryDirectory;
use hsum::net::{Failure, Request, Url};
use hsum::trust::lock_file::LockedFile;

/// A file to download.
pub(super) struct Job {
    pub(super) request: Request,
    pub(super) mirrors: Vec<Url>,
    pub(super) target: Target,
    /// The file's name in the Metalink, which may differ from the local name.
    pub(super) metalink_name: Option<OsString>,
    /// The file's entry in the lock file.
    pub(super) locked: Option<LockedFile>,
    pub(super) progress: Arc<DownloadProgress>,
    pub(super) state: Arc<JobState>,
}

impl Job {
    pub(super) fn new(request: Request, target: Target) -> Self {
        Self {
            request,
            target,
            mirrors: Vec::new(),
            metalink_name: None,
            locked: None,
            progress: Arc::default(),
            state: Arc::default(),
        }
    }
}

/// The stage of a job, readable from other threads.
#[derive(Debug, Default)]
pub(super) struct JobState(AtomicU8);

/// A stage of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    Waiting,
    Running,
    Finished,
}

impl JobState {
    pub(super) fn stage(&self) -> Stage {
        match self.0.load(Relaxed) {
            0 => Stage::Waiting,
            1 => Stage::Running,
            _ => Stage::Finished,
        }
    }

    pub(super) fn set(&self, stage: Stage) {
        self.0.store(stage as u8, Relaxed);
    }
}

/// The destination of a download.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Target {
    File(PathBuf),
    /// A file in this directory, under the name that the server gives.
    NamedByServer(PathBuf),
    Stdout,
}

/// The result of a job.
pub(super) struct Finished {
    pub(super) url: Url,
    /// The path of the file, if known; it need not exist.
    pub(super) path: Option<PathBuf>,
    pub(super) result: Result<VerifiedDownload, Failure>,
    /// The directory of a file for standard output, removed when this is dropped.
    pub(super) _directory: Option<TemporaryDirectory>,
}
