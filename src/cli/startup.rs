//! How the process was started, and what is best done while it has one thread.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{fcntl_dupfd_cloexec, fcntl_getfd};
use rustix::process::{Resource, getrlimit};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout, stderr, stdin, stdout};

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);
static STDERR_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

// Before `main`, for Rust's runtime opens /dev/null in the place of a closed descriptor, and after
// that nobody can tell it from one that was given.
//
// SAFETY: it makes three system calls and stores three flags; nothing here needs the runtime.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn look() {
        STDIN_WAS_CLOSED.store(fcntl_getfd(stdin()).is_err(), Relaxed);
        STDOUT_WAS_CLOSED.store(fcntl_getfd(stdout()).is_err(), Relaxed);
        STDERR_WAS_CLOSED.store(fcntl_getfd(stderr()).is_err(), Relaxed);
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
    if STDERR_WAS_CLOSED.load(Relaxed) {
        dup2_stderr(File::open("/dev/null")?)?;
    }
    Ok(())
}

/// Files that may be open at once without the table of descriptors growing.
const ROOM: u64 = 1024;

/// Makes the table of descriptors large. It grows by itself, but once threads share it, the progress
/// line's too, Linux takes 10 to 20 ms each time, and nobody opens a file meanwhile.
pub(crate) fn make_room() {
    let last = getrlimit(Resource::Nofile).current.map_or(ROOM, |most| most.min(ROOM)) as i32 - 1;
    let root = openat(CWD, "/", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let _ = root.and_then(|root| fcntl_dupfd_cloexec(root, last));
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_descriptors_grows_at_once() {
        make_room();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        let most = getrlimit(Resource::Nofile).current.map_or(ROOM, |most| most.min(ROOM));
        assert!(size.trim().parse::<u64>().unwrap() >= most, "{size}");
    }
}
