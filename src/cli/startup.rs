//! The state in which the process was started, and preparations while it has one thread.

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

// Before `main`: Rust's runtime opens /dev/null in place of a closed descriptor, which then cannot
// be told from one that was open.
//
// SAFETY: three system calls and three stores to flags; nothing here needs the runtime.
ctor::declarative::ctor! {
    #[ctor(unsafe)]
    fn check_descriptors() {
        STDIN_WAS_CLOSED.store(fcntl_getfd(stdin()).is_err(), Relaxed);
        STDOUT_WAS_CLOSED.store(fcntl_getfd(stdout()).is_err(), Relaxed);
        STDERR_WAS_CLOSED.store(fcntl_getfd(stderr()).is_err(), Relaxed);
    }
}

pub(crate) fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Relaxed)
}

/// Makes reads and writes of descriptors that were closed fail with "Bad file descriptor" again.
pub(crate) fn restore_closed_descriptors() -> io::Result<()> {
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

/// The number of descriptors that the table has room for.
const TABLE: u64 = 1024;

/// Grows the descriptor table while there is one thread.
///
/// Linux grows it on demand, but once threads share it, that takes 10 to 20 ms each time, in which
/// no thread can open a file.
pub(crate) fn grow_descriptor_table() {
    let last = getrlimit(Resource::Nofile).current.map_or(TABLE, |most| most.min(TABLE)) as i32 - 1;
    let root = openat(CWD, "/", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let _ = root.and_then(|root| fcntl_dupfd_cloexec(root, last));
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_descriptor_table_grows_at_once() {
        grow_descriptor_table();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        let most = getrlimit(Resource::Nofile).current.map_or(TABLE, |most| most.min(TABLE));
        assert!(size.trim().parse::<u64>().unwrap() >= most, "{size}");
    }
}
