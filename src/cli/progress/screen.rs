//! The lines at the bottom of the terminal that show progress.
//!
//! The cursor rests at the beginning of the first line. A terminal that becomes narrower may break the
//! lines, and moves the cursor with their beginning, so that erasing all from the cursor on leaves
//! nothing behind.

use std::env;
use std::io::{IsTerminal, stderr};
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use hsum::internals::lock;
use rustix::io::Errno;
use rustix::termios::tcgetwinsize;

/// The first line by itself: tmux keeps what is erased from the top left corner on.
const ERASE: &[u8] = b"\r\x1b[K\x1b[J";

static SCREEN: Mutex<Screen> =
    Mutex::new(Screen { frame: Vec::new(), is_shown: false, printing: 0, is_over: false });

struct Screen {
    /// The control sequences and text of the lines; empty if there are none.
    frame: Vec<u8>,
    is_shown: bool,
    /// The number of callers that may print other lines.
    printing: u32,
    /// Set before the program ends.
    is_over: bool,
}

impl Screen {
    /// Draws the lines, unless they are hidden because others are being printed.
    fn show(&mut self) {
        let is_hidden = self.printing > 0 && !self.is_shown;
        if !is_hidden && !self.is_over && !self.frame.is_empty() {
            write(&self.frame);
            self.is_shown = true;
        }
    }

    fn hide(&mut self) {
        if self.is_shown {
            write(ERASE);
            self.is_shown = false;
        }
    }
}

/// Writes to standard error. Unlike a message, a drawing may be lost.
fn write(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match rustix::io::write(rustix::stdio::stderr(), bytes) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            _ => return,
        }
    }
}

/// Returns `true` if standard error is a terminal that can erase lines.
pub(crate) fn is_available() -> bool {
    stderr().is_terminal() && env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Returns the columns and rows of the terminal.
pub(crate) fn size() -> (usize, usize) {
    match tcgetwinsize(rustix::stdio::stderr()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

/// Replaces the lines on the screen.
pub(crate) fn draw(lines: &[String]) {
    let mut screen = lock(&SCREEN);
    screen.frame = frame(lines);
    if screen.frame.is_empty() {
        screen.hide();
    }
    screen.show();
}

/// Returns the bytes that draw the lines over old ones.
fn frame(lines: &[String]) -> Vec<u8> {
    if lines.is_empty() {
        return Vec::new();
    }
    // Without line wrap: the terminal may have become narrower meanwhile.
    let mut frame = format!("\x1b[?7l\r{}\x1b[J", lines.join("\x1b[K\r\n"));
    if lines.len() > 1 {
        frame += &format!("\x1b[{}A", lines.len() - 1);
    }
    frame += "\r\x1b[?7h";
    frame.into_bytes()
}

/// Runs `print`, which may print to the terminal several times with [`print`]; the lines return at the
/// end.
pub(crate) fn suspend<R>(print: impl FnOnce() -> R) -> R {
    lock(&SCREEN).printing += 1;
    // Not locked meanwhile: `print` may end the program.
    let result = print();
    let mut screen = lock(&SCREEN);
    screen.printing -= 1;
    if !screen.is_shown {
        screen.show();
    }
    result
}

/// Runs `print`, which prints to the terminal, while the lines are hidden.
pub(crate) fn print<R>(print: impl FnOnce() -> R) -> R {
    suspend(|| {
        lock(&SCREEN).hide();
        print()
    })
}

/// Erases the lines for good, because the program ends.
pub(crate) fn end() {
    // A thread that draws on a stopped terminal holds the lock, and must not prevent the end.
    for _ in 0..20 {
        match SCREEN.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            Err(TryLockError::Poisoned(_)) => return,
            Ok(mut screen) => {
                screen.hide();
                screen.is_over = true;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_ends_at_its_beginning() {
        assert_eq!(frame(&[]), b"");
        assert_eq!(frame(&["a".into()]), b"\x1b[?7l\ra\x1b[J\r\x1b[?7h");
        let three = frame(&["a".into(), "b".into(), "c".into()]);
        assert_eq!(three, b"\x1b[?7l\ra\x1b[K\r\nb\x1b[K\r\nc\x1b[J\x1b[2A\r\x1b[?7h");
    }
}
