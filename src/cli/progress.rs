//! Progress on standard error: the thread that draws, and the line of a run that hashes files.

pub(crate) mod layout;
pub(crate) mod meter;
pub(crate) mod screen;

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hsum::engine::HashProgress;
use hsum::internals::escape;

use crate::cli::args::shared::When;
use crate::cli::progress::layout::{Run, Work, line};
use crate::cli::progress::meter::{Meter, time_left};
use crate::cli::signals;

/// The time after which progress appears.
const DELAY: Duration = Duration::from_secs(1);
const REDRAW: Duration = Duration::from_millis(100);

/// A thread that draws until this is dropped.
pub(crate) struct Drawing {
    /// The thread, which ends once the sender is gone.
    thread: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
    has_appeared: Arc<AtomicBool>,
}

impl Drawing {
    /// Starts a thread that draws the lines that `lines` returns for a number of columns and rows.
    /// If they are not wanted, or if the thread cannot start, nothing is drawn.
    ///
    /// `begin` runs before the first lines are drawn.
    pub(crate) fn start(
        when: When,
        begin: impl FnOnce() + Send + 'static,
        mut lines: impl FnMut(usize, usize) -> Vec<String> + Send + 'static,
    ) -> Self {
        let delay = match when {
            When::Never => return Self::none(),
            _ if !screen::is_available() => return Self::none(),
            When::Always => Duration::ZERO,
            When::Auto => DELAY,
        };
        let (stop, stopped) = mpsc::channel::<()>();
        let has_appeared = Arc::new(AtomicBool::new(false));
        let appeared = Arc::clone(&has_appeared);
        let waits = move |time| stopped.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
        let thread = thread::Builder::new().spawn(move || {
            let visible_from = Instant::now() + delay;
            // Lines are also made before they are visible: they measure the rate.
            while Instant::now() < visible_from {
                lines(80, 24);
                if !waits(REDRAW) {
                    return;
                }
            }
            // A signal must not leave the lines behind.
            signals::watch();
            begin();
            loop {
                let (columns, rows) = screen::size();
                let lines = lines(columns, rows);
                appeared.fetch_or(!lines.is_empty(), Relaxed);
                screen::draw(&lines);
                if !waits(REDRAW) {
                    break;
                }
            }
            screen::draw(&[]);
        });
        Self { thread: thread.ok().map(|thread| (stop, thread)), has_appeared }
    }

    /// Returns a drawing without a thread.
    fn none() -> Self {
        Self { thread: None, has_appeared: Arc::default() }
    }

    /// Returns `true` if progress has been shown.
    pub(crate) fn has_appeared(&self) -> bool {
        self.has_appeared.load(Relaxed)
    }

    /// Runs `print`; if it prints several times, progress returns at the end.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        if self.thread.is_some() { screen::suspend(print) } else { print() }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
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
    drawing: Drawing,
    totals: Arc<Totals>,
}

impl ProgressLine {
    /// Starts a line that shows `done`. `survey`, if given, counts the total work; it runs only if
    /// the line is drawn.
    pub(crate) fn start(
        when: When,
        done: &Arc<HashProgress>,
        survey: Option<impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static>,
    ) -> Self {
        let totals = Arc::new(Totals::default());
        let begin = {
            let totals = Arc::clone(&totals);
            move || {
                let Some(survey) = survey else { return };
                // If the thread cannot start, the line does not show totals.
                let _ = thread::Builder::new().spawn(move || {
                    if survey(&totals).is_continue() {
                        totals.complete.store(true, Release);
                    }
                });
            }
        };
        let (done, all) = (Arc::clone(done), Arc::clone(&totals));
        let mut watch = Watch::new(Instant::now());
        let lines = move |columns, _| {
            let run = watch.look(Instant::now(), &done, &all);
            if run.work.bytes == 0 && run.files == 0 { vec![] } else { vec![line(&run, columns)] }
        };
        Self { drawing: Drawing::start(when, begin, lines), totals }
    }

    /// Runs `print`; if it prints several times, the line returns at the end.
    pub(crate) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.drawing.suspend(print)
    }

    /// Returns `true` if the line has been shown.
    pub(crate) fn has_appeared(&self) -> bool {
        self.drawing.has_appeared()
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.totals.stopped.store(true, Relaxed);
    }
}

/// The state of a progress line between two redraws.
struct Watch {
    start: Instant,
    meter: Meter,
    has_name: bool,
}

impl Watch {
    fn new(start: Instant) -> Self {
        Self { start, meter: Meter::default(), has_name: false }
    }

    fn look(&mut self, now: Instant, done: &HashProgress, totals: &Totals) -> Run {
        let (bytes, files) = (done.bytes(), done.files());
        // Read first: the totals may become complete meanwhile.
        let is_complete = totals.complete.load(Acquire);
        let (all_bytes, all_files) = (totals.bytes.load(Relaxed), totals.files.load(Relaxed));
        self.meter.update(now.duration_since(self.start), bytes);
        let name = done.current().map(|path| escape(path.as_os_str().as_bytes(), &[]).into_owned());
        self.has_name |= name.is_some();
        // A file that has grown since it was counted makes the totals meaningless.
        let is_complete = is_complete && all_bytes >= bytes && all_files >= files;
        let rest = all_bytes.saturating_sub(bytes);
        Run {
            work: Work {
                bytes,
                total: is_complete.then_some(all_bytes),
                rate: self.meter.rate(),
                left: time_left(rest, self.meter.slow_rate()).filter(|_| is_complete),
            },
            files,
            all_files: is_complete.then_some(all_files),
            name: name.unwrap_or_default(),
            has_name: self.has_name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Simulates surveys ahead of the work and behind it, and files that grow.
    #[test]
    fn shown_counts_never_shrink() {
        for (ahead, growth) in [(400, 0), (400, 3), (0, 0), (0, 3)] {
            let start = Instant::now();
            let (done, totals, mut watch) =
                (HashProgress::default(), Totals::default(), Watch::new(start));
            let (mut bytes, mut total) = (0, (0, 0));
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
                let run = watch.look(start + REDRAW * step, &done, &totals);
                assert!(run.work.bytes >= bytes, "{step}: {run:?}");
                // No total is shown if more is done than was counted.
                if let (Some(bytes), Some(files)) = (run.work.total, run.all_files) {
                    assert!(bytes >= total.0 && files >= total.1, "{step}: {run:?}");
                    assert!(bytes >= run.work.bytes && files >= run.files, "{step}: {run:?}");
                    total = (bytes, files);
                }
                bytes = run.work.bytes;
            }
            assert_eq!(bytes, 5000 + 500 * growth as u64);
        }
    }

    #[test]
    fn totals_are_shown_only_once_they_are_complete() {
        for _ in 0..300 {
            let (done, totals) = (HashProgress::default(), Totals::default());
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _ = totals.add(10);
                    totals.complete.store(true, Release);
                });
                let mut watch = Watch::new(Instant::now());
                let run = loop {
                    let run = watch.look(Instant::now(), &done, &totals);
                    if run.work.total.is_some() {
                        break run;
                    }
                };
                assert_eq!((run.work.total, run.all_files), (Some(10), Some(1)));
            });
        }
    }

    /// Finishes nearly all files, but only 83 % of the bytes.
    #[test]
    fn the_time_left_comes_from_bytes() {
        let start = Instant::now();
        let (done, totals) = (HashProgress::default(), Totals::default());
        let mut watch = Watch::new(start);
        (0..1000).for_each(|_| assert!(totals.add(830).is_continue()));
        let _ = totals.add(170_000);
        totals.complete.store(true, Relaxed);
        for step in 1..=50 {
            done.add_bytes(16_600);
            done.add_files(20);
            watch.look(start + REDRAW * step, &done, &totals);
        }
        let run = watch.look(start + REDRAW * 50, &done, &totals);
        assert_eq!((run.files, run.all_files), (1000, Some(1001)));
        assert_eq!(run.work.left, Some(Duration::from_secs(2)));
    }
}
