//! Progress on standard error: the thread that draws, and the line with bytes, files, rate and time left.

use std::io::{IsTerminal, stderr};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hsum::engine::HashProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::args::shared::When;

/// The time after which the progress line appears.
const DELAY: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

/// A thread that draws until this is dropped. If it cannot start, nothing is drawn.
pub(crate) struct Drawing(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

/// The end of a [`Drawing`], as its thread sees it.
pub(crate) struct DrawingEnd(mpsc::Receiver<()>);

impl Drawing {
    /// Starts a thread that draws.
    pub(crate) fn start(draw: impl FnOnce(&DrawingEnd) + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().spawn(move || draw(&DrawingEnd(stopped)));
        Self(thread.ok().map(|thread| (stop, thread)))
    }

    /// Returns a drawing without a thread.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Returns `true` if there is a thread.
    pub(crate) fn is_drawn(&self) -> bool {
        self.0.is_some()
    }
}

impl DrawingEnd {
    /// Waits for the next time to draw; `false` means the end.
    pub(crate) fn wait(&self) -> bool {
        self.wait_for(REDRAW)
    }

    fn wait_for(&self, time: Duration) -> bool {
        self.0.recv_timeout(time) == Err(RecvTimeoutError::Timeout)
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// The totals of a run, counted by their own thread.
#[derive(Default)]
pub(crate) struct Totals {
    bytes: AtomicU64,
    files: AtomicU64,
    complete: AtomicBool,
    stopped: AtomicBool,
}

impl Totals {
    /// Counts a file of `bytes` bytes; breaks once the progress line is gone.
    pub(crate) fn add(&self, bytes: u64) -> ControlFlow<()> {
        self.bytes.fetch_add(bytes, Relaxed);
        self.files.fetch_add(1, Relaxed);
        if self.stopped.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// A progress line, drawn until this is dropped.
pub(crate) struct ProgressLine {
    bar: ProgressBar,
    drawing: Drawing,
}

impl ProgressLine {
    /// Starts a line that shows `done`. `survey`, if given, counts the total work; it runs only if
    /// the line is drawn.
    pub(crate) fn start(
        when: When,
        done: &Arc<HashProgress>,
        survey: Option<impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static>,
    ) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        let delay = match when {
            When::Always => Duration::ZERO,
            When::Auto if stderr().is_terminal() => DELAY,
            When::Auto | When::Never => return Self { bar, drawing: Drawing::none() },
        };
        let (done, shown) = (Arc::clone(done), bar.clone());
        let drawing = Drawing::start(move |end| {
            if !end.wait_for(delay) {
                return;
            }
            let totals = Arc::new(Totals::default());
            if let Some(survey) = survey {
                let totals = Arc::clone(&totals);
                // If the thread cannot start, the line does not show totals.
                let _ = thread::Builder::new().spawn(move || {
                    if survey(&totals).is_continue() {
                        totals.complete.store(true, Release);
                    }
                });
            }
            draw(&shown, &done, &totals);
            shown.set_draw_target(ProgressDrawTarget::stderr());
            draw(&shown, &done, &totals);
            while end.wait() {
                draw(&shown, &done, &totals);
            }
            totals.stopped.store(true, Relaxed);
            shown.finish_and_clear();
        });
        Self { bar, drawing }
    }

    /// Runs `print` while the line is hidden.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        if self.drawing.is_drawn() { self.bar.suspend(print) } else { print() }
    }
}

fn draw(bar: &ProgressBar, done: &HashProgress, totals: &Totals) {
    let (bytes, files) = (done.bytes(), done.files());
    // Read first: the totals may become complete meanwhile.
    let is_complete = totals.complete.load(Acquire);
    let (all_bytes, all_files) = (totals.bytes.load(Relaxed), totals.files.load(Relaxed));
    bar.set_position(bytes);
    if is_complete && all_bytes >= bytes {
        bar.set_length(all_bytes);
        bar.set_style(style(
            "{bar:24} {bytes} of {total_bytes}, {msg}, {binary_bytes_per_sec}, {eta} left",
        ));
        bar.set_message(format!("{files} of {all_files} files"));
    } else {
        bar.set_style(style("{bytes}, {msg}, {binary_bytes_per_sec}"));
        bar.set_message(match all_files > files {
            true => format!("{files} of {all_files} or more files"),
            false => format!("{files} files"),
        });
    }
    bar.tick();
}

pub(crate) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the totals that a bar shows: bytes and files.
    fn shown_totals(bar: &ProgressBar) -> (u64, u64) {
        let message = bar.message();
        let files = message.split_once(" of ").and_then(|(_, rest)| rest.split(' ').next());
        (bar.length().unwrap_or(0), files.map_or(0, |files| files.parse().expect("a number")))
    }

    /// Simulates surveys ahead of the work and behind it, and files that grow.
    #[test]
    fn shown_counts_never_shrink() {
        for (ahead, growth) in [(400, 0), (400, 3), (0, 0), (0, 3)] {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let (done, totals) = (HashProgress::default(), Totals::default());
            let (mut place, mut total) = (0, (0, 0));
            for step in 0..1000 {
                if step < 500 {
                    let _ = totals.add(10);
                }
                if step == 500 {
                    totals.complete.store(true, Relaxed);
                }
                if (ahead..ahead + 500).contains(&step) {
                    done.add_bytes(10 + growth);
                    done.add_files(1);
                }
                draw(&bar, &done, &totals);
                let now = shown_totals(&bar);
                assert!(bar.position() >= place, "{step}: {} < {place}", bar.position());
                // No total is shown if more is done than was counted.
                assert!(now.0 >= total.0 && (now.1 >= total.1 || now.1 == 0), "{step}: {now:?}");
                (place, total) = (bar.position(), (now.0, now.1.max(total.1)));
            }
            assert_eq!(place, 5000 + 500 * growth as u64);
        }
    }

    #[test]
    fn totals_are_shown_only_once_they_are_complete() {
        for _ in 0..300 {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let (done, totals) = (HashProgress::default(), Totals::default());
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _ = totals.add(10);
                    totals.complete.store(true, Release);
                });
                while bar.length().is_none() {
                    draw(&bar, &done, &totals);
                }
            });
            assert_eq!(shown_totals(&bar), (10, 1));
        }
    }
}
