//! Writes to standard error, and a flag that is set when one fails.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::io::Errno;
use rustix::stdio::stderr;

use crate::cli::progress::screen;
use crate::cli::quote::for_terminal;

static FAILED: AtomicBool = AtomicBool::new(false);

/// Returns `true` if a message could not be written.
pub(crate) fn has_failed() -> bool {
    FAILED.load(Relaxed)
}

/// Prints whole lines, escaped for a terminal.
pub(crate) fn print(lines: &[u8]) {
    match io::stderr().is_terminal() {
        true => print_unescaped(for_terminal(lines).as_bytes()),
        false => print_unescaped(lines),
    }
}

/// Prints whole lines, in which only colours control a terminal.
pub(crate) fn print_unescaped(lines: &[u8]) {
    if screen::print(|| write_all(lines)).is_err() {
        FAILED.store(true, Relaxed);
    }
}

/// Writes bytes in one piece if possible, as other processes may write to the same pipe. Rust's own
/// handle would report success for a closed descriptor.
fn write_all(mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(stderr(), bytes) {
            Ok(0) => return Err(Errno::IO),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
