//! Runs on a separate thread, for which the calling thread waits, and which it can stop.

use std::ops::ControlFlow;
use std::panic;
use std::process;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hsum::engine::HashProgress;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::report::Reporter;

/// The interval at which signals are handled and progress is reported.
const TICK: Duration = Duration::from_millis(100);
/// The number of items that may wait for the caller.
const BUFFERED: usize = 1024;

/// A run of the engine on another thread, whose items are received in order. Dropping it stops it.
///
/// The engine's threads never use Python objects, so they never wait for the GIL.
pub(crate) struct Run<T> {
    channel: Mutex<Channel<T>>,
    progress: Arc<HashProgress>,
    reporter: Reporter,
    /// The process that has the threads: they do not survive a `fork`.
    process: u32,
}

struct Channel<T> {
    receiver: Receiver<T>,
    /// `None` after the end.
    thread: Option<JoinHandle<()>>,
    last_tick: Instant,
}

/// The result of waiting for an item.
enum Step<T> {
    Item(T),
    End,
    /// The tick interval has elapsed.
    Tick,
}

impl<T: Send + 'static> Run<T> {
    /// Starts a run of `work`, which counts in `progress`, and passes items to a sink until the sink
    /// returns `Break`.
    pub(crate) fn start(
        progress: Arc<HashProgress>,
        reporter: Reporter,
        work: impl FnOnce(&mut dyn FnMut(T) -> ControlFlow<()>) + Send + 'static,
    ) -> PyResult<Self> {
        let (sender, receiver) = sync_channel(BUFFERED);
        let thread = thread::Builder::new().name("hsum".into()).spawn(move || {
            work(&mut |item| match sender.send(item) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            });
        })?;
        let channel = Channel { receiver, thread: Some(thread), last_tick: Instant::now() };
        Ok(Self { channel: Mutex::new(channel), progress, reporter, process: process::id() })
    }

    /// Passes all items to `each`, without the GIL, until it returns `Break`.
    ///
    /// # Errors
    /// The exception of a signal handler, such as `KeyboardInterrupt`, or of the reporter.
    pub(crate) fn finish(
        self,
        py: Python<'_>,
        mut each: impl FnMut(T) -> ControlFlow<()> + Send,
    ) -> PyResult<()> {
        loop {
            let is_over = py.detach(|| {
                loop {
                    match self.step() {
                        Step::Item(item) => {
                            if each(item).is_break() {
                                return true;
                            }
                        }
                        Step::End => return true,
                        Step::Tick => return false,
                    }
                }
            });
            self.tick(py)?;
            if is_over {
                return Ok(());
            }
        }
    }

    /// Returns the next item; `None` at the end.
    ///
    /// # Errors
    /// As for [`Run::finish`]; `RuntimeError` in a process that was forked after the start.
    pub(crate) fn next(&self, py: Python<'_>) -> PyResult<Option<T>> {
        if process::id() != self.process {
            let text = "the iterator belongs to the parent process; create one after the fork";
            return Err(PyRuntimeError::new_err(text));
        }
        loop {
            match py.detach(|| self.step()) {
                Step::Item(item) => return Ok(Some(item)),
                Step::Tick => self.tick(py)?,
                Step::End => return self.tick(py).map(|()| None),
            }
        }
    }

    /// Waits for the next item, at most until the next tick.
    fn step(&self) -> Step<T> {
        let mut channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = TICK.saturating_sub(channel.last_tick.elapsed());
        if wait.is_zero() {
            channel.last_tick = Instant::now();
            return Step::Tick;
        }
        match channel.receiver.recv_timeout(wait) {
            Ok(item) => Step::Item(item),
            Err(RecvTimeoutError::Timeout) => Step::Tick,
            Err(RecvTimeoutError::Disconnected) => {
                if let Some(Err(payload)) = channel.thread.take().map(JoinHandle::join) {
                    panic::resume_unwind(payload);
                }
                Step::End
            }
        }
    }

    /// Handles signals and reports progress; stops the run if either raises.
    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        let result = py.check_signals().and_then(|()| self.reporter.call(py, &self.progress));
        result.inspect_err(|_| self.progress.stop())
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        self.progress.stop();
    }
}
