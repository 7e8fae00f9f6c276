//! How the process was started: which of its standard descriptors were closed.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::io::fcntl_getfd;
use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

// Before `main`, for Rust's runtime opens /dev/null in the place of a closed descriptor, and after
// that nobody can tell it from one that was given.
//
// SAFETY: it makes two system calls and stores two flags; nothing here needs the runtime.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn look() {
        STDIN_WAS_CLOSED.store(fcntl_getfd(stdin()).is_err(), Relaxed);
        STDOUT_WAS_CLOSED.store(fcntl_getfd(stdout()).is_err(), Relaxed);
    }
}

pub(crate) fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Relaxed)
}

/// Makes what was closed fail again as if it were: with "Bad file descriptor".
pub(crate) fn close_what_was_closed() -> io::Result<()> {
    if stdin_was_closed() {
        dup2_stdin(File::options().write(true).open("/dev/null")?)?;
    }
    if STDOUT_WAS_CLOSED.load(Relaxed) {
        dup2_stdout(File::open("/dev/null")?)?;
    }
    Ok(())
}
