//! Signals that end the program: they remove progress and temporary files, and print what is kept.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::thread;
use std::time::Duration;

use hsum::internals::{before_first, lock, remove_all};
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::cli::progress::screen;

/// The longest time that the message may take: its reader may have stopped.
const MESSAGE_TIME: Duration = Duration::from_secs(1);

/// Set by a server, which handles the signals itself: it finishes its requests first.
pub(crate) static LEFT_TO_SERVER: AtomicBool = AtomicBool::new(false);

static MESSAGE: Mutex<Option<Box<dyn FnOnce() + Send>>> = Mutex::new(None);

/// A message that is printed if a signal ends the program before this is dropped.
pub(crate) struct InterruptMessage(());

impl InterruptMessage {
    /// Sets the function that prints the message.
    pub(crate) fn new(print: impl FnOnce() + Send + 'static) -> Self {
        watch();
        *lock(&MESSAGE) = Some(Box::new(print));
        Self(())
    }
}

impl Drop for InterruptMessage {
    fn drop(&mut self) {
        *lock(&MESSAGE) = None;
    }
}

/// Prepares the signal handlers; call it before any file is written.
pub(crate) fn prepare() {
    before_first(watch);
    // By default SIGXFSZ ends the program. With a handler, the write fails as on a full disk.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// Handles the signals with which the user or the system ends the program.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(start_watching);
}

fn start_watching() {
    let (send, receive) = mpsc::channel::<Signals>();
    let thread = thread::Builder::new().spawn(move || {
        let Ok(mut signals) = receive.recv() else { return };
        let is_ours = |_: &i32| !LEFT_TO_SERVER.load(Relaxed);
        if let Some(signal) = signals.forever().find(is_ours) {
            end_by(signal);
        }
    });
    // Without the thread no handler is installed, and signals end the program as usual.
    if thread.is_err() {
        return;
    }
    let ignored = ignored_signals();
    let is_handled = |signal: &i32| ignored & (1 << (signal - 1)) == 0;
    if let Ok(signals) = Signals::new([SIGHUP, SIGINT, SIGTERM].into_iter().filter(is_handled)) {
        let _ = send.send(signals);
    }
}

/// Ends the program silently, as SIGPIPE would if Rust's runtime did not ignore it.
pub(crate) fn end_by_closed_pipe() {
    screen::end();
    remove_all();
    let _ = emulate_default_handler(SIGPIPE);
}

fn end_by(signal: i32) {
    screen::end();
    remove_all();
    let message = lock(&MESSAGE).take();
    if let Some(print) = message {
        let (send, printed) = mpsc::channel();
        let print = move || {
            print();
            let _ = send.send(());
        };
        if thread::Builder::new().spawn(print).is_ok() {
            let _ = printed.recv_timeout(MESSAGE_TIME);
        }
    }
    let _ = emulate_default_handler(signal);
}

/// Returns a bit for each signal that the program was started to ignore, as `nohup` does with
/// SIGHUP and shells do with SIGINT for background jobs; none on systems without `/proc`.
fn ignored_signals() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
