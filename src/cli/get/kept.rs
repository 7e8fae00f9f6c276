//! The message of an interrupted `hsum get`: what is kept of the files.

use std::path::PathBuf;
use std::sync::Arc;

use hsum::fetch::DownloadProgress;

use crate::cli::get::job::{Job, JobState, Stage, Target};
use crate::cli::print::complain;
use crate::cli::quote::quote;
use crate::cli::summary::size;

/// The downloads that may be interrupted.
pub(super) struct Parts(Vec<(Option<PathBuf>, Arc<JobState>, Arc<DownloadProgress>)>);

impl Parts {
    pub(super) fn new(jobs: &[Job]) -> Self {
        let part = |job: &Job| {
            let path = match &job.target {
                Target::File(path) => Some(path.clone()),
                Target::NamedByServer(_) => None,
                // Its temporary directory is removed.
                Target::Stdout => return None,
            };
            Some((path, Arc::clone(&job.state), Arc::clone(&job.progress)))
        };
        Self(jobs.iter().filter_map(part).collect())
    }

    /// Prints what is kept, if a file was being downloaded.
    pub(super) fn report_kept(self) {
        let running: Vec<_> =
            self.0.into_iter().filter(|(_, state, _)| state.stage() == Stage::Running).collect();
        let kept: Vec<_> = running.iter().filter(|part| part.2.is_resumable()).collect();
        let bytes = kept.iter().map(|part| part.2.bytes()).sum();
        let total = kept.iter().map(|part| part.2.total()).sum::<Option<u64>>();
        let amount = match total {
            Some(total) => format!("{} of {}", size(bytes), size(total)),
            None => size(bytes),
        };
        let what = match &kept[..] {
            [(Some(path), ..)] => quote(path).to_string(),
            [_] => "1 file".into(),
            parts => format!("{} files", parts.len()),
        };
        if !kept.is_empty() {
            let next = "run the same command again to continue";
            complain(format_args!("interrupted: {amount} of {what} are kept; {next}"));
        } else if running.iter().any(|part| part.2.bytes() > 0) {
            complain("interrupted: nothing is kept, because the server cannot resume the download");
        }
    }
}
