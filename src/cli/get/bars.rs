//! Progress bars, one for each file that is being downloaded.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hsum::fetch::DownloadProgress;
use hsum::internals::escape;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use crate::cli::args::shared::When;
use crate::cli::get::job::{Job, Target};
use crate::cli::progress::style;

const REDRAW: Duration = Duration::from_millis(100);

/// Progress bars, drawn by their own thread until this is dropped.
pub(super) struct Bars {
    all: MultiProgress,
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Bars {
    pub(super) fn start(when: When, jobs: &[Job]) -> Self {
        let all = MultiProgress::new();
        let shown = match when {
            When::Always => true,
            When::Auto => stderr().is_terminal(),
            When::Never => false,
        };
        if !shown {
            return Self { all, thread: None };
        }
        let watched: Vec<_> =
            jobs.iter().map(|job| (title(job), Arc::clone(&job.progress))).collect();
        let (stop, stopped) = mpsc::channel();
        let bars = all.clone();
        let thread = thread::Builder::new().spawn(move || watch(&bars, &watched, &stopped));
        // If the thread cannot start, there are no bars.
        Self { all, thread: thread.ok().map(|thread| (stop, thread)) }
    }

    /// Runs `print` while the bars are hidden.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match self.thread {
            Some(_) => self.all.suspend(print),
            None => print(),
        }
    }
}

fn title(job: &Job) -> String {
    let name = match &job.target {
        Target::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        Target::NamedByServer(_) | Target::Stdout => None,
    };
    let name = name.unwrap_or_else(|| job.request.url.host_str().unwrap_or("").to_owned());
    escape(name.as_bytes(), &[]).into_owned()
}

fn watch(
    bars: &MultiProgress,
    watched: &[(String, Arc<DownloadProgress>)],
    stopped: &mpsc::Receiver<()>,
) {
    let mut shown: Vec<Option<ProgressBar>> = watched.iter().map(|_| None).collect();
    while stopped.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
        for ((title, progress), bar) in watched.iter().zip(&mut shown) {
            let (bytes, total) = (progress.bytes(), progress.total());
            if bytes == 0 || bar.as_ref().is_some_and(ProgressBar::is_finished) {
                continue;
            }
            let bar = bar.get_or_insert_with(|| {
                let template = match total {
                    Some(_) => "{msg} {bar:24} {bytes} of {total_bytes}, {binary_bytes_per_sec}, {eta} left",
                    None => "{msg} {bytes}, {binary_bytes_per_sec}",
                };
                // The bar is hidden until it has its style.
                let hidden = ProgressDrawTarget::hidden();
                let bar = ProgressBar::with_draw_target(Some(total.unwrap_or(0)), hidden);
                bars.add(bar.with_style(style(template)).with_message(title.clone()))
            });
            bar.set_position(bytes);
            if total == Some(bytes) {
                bar.finish_and_clear();
            }
        }
    }
    shown.into_iter().flatten().for_each(|bar| bar.finish_and_clear());
}

impl Drop for Bars {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
