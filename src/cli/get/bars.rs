//! Progress bars, one for each file that is being downloaded.

use std::io::{IsTerminal, stderr};
use std::sync::Arc;

use hsum::fetch::DownloadProgress;
use hsum::internals::escape;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};

use crate::cli::args::shared::When;
use crate::cli::get::job::{Job, Target};
use crate::cli::progress::{Drawing, DrawingEnd, style};

/// Progress bars, drawn until this is dropped.
pub(super) struct Bars {
    all: MultiProgress,
    drawing: Drawing,
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
            return Self { all, drawing: Drawing::none() };
        }
        let watched: Vec<_> =
            jobs.iter().map(|job| (title(job), Arc::clone(&job.progress))).collect();
        let bars = all.clone();
        let drawing = Drawing::start(move |end| watch(&bars, &watched, end));
        Self { all, drawing }
    }

    /// Runs `print` while the bars are hidden.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        if self.drawing.is_drawn() { self.all.suspend(print) } else { print() }
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

fn watch(bars: &MultiProgress, watched: &[(String, Arc<DownloadProgress>)], end: &DrawingEnd) {
    let mut shown: Vec<Option<ProgressBar>> = watched.iter().map(|_| None).collect();
    while end.wait() {
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
