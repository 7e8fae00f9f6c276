//! The state in which the process was started, and preparations while it has one thread.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_getfd, fcntl_setfd};
use rustix::process::{Resource, getrlimit};
use rustix::stdio::{stderr, stdin, stdout};

static STDIN_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Copies the arguments of the process.
///
/// # Safety
/// `words` points to `count` pointers to C strings.
#[allow(unsafe_code)]
pub(crate) unsafe fn arguments(count: c_int, words: *const *const c_char) -> Vec<OsString> {
    let word = |i| {
        // SAFETY: the caller guarantees that there are `count` strings.
        let word = unsafe { CStr::from_ptr(*words.add(i)) };
        OsStr::from_bytes(word.to_bytes()).to_owned()
    };
    (0..usize::try_from(count).unwrap_or(0)).map(word).collect()
}

/// Makes writes to a closed pipe fail instead of ending the program.
#[allow(unsafe_code)]
pub(crate) fn ignore_closed_pipes() {
    // SAFETY: no handler is installed, so nothing runs when the signal arrives.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

pub(crate) fn stdin_was_closed() -> bool {
    STDIN_WAS_CLOSED.load(Relaxed)
}

/// Opens descriptors that the caller closed, so that no other file takes their numbers.
///
/// Reads and writes of them still fail with "Bad file descriptor".
pub(crate) fn replace_closed_descriptors() -> io::Result<()> {
    let mut write = File::options();
    write.write(true);
    STDIN_WAS_CLOSED.store(replace_if_closed(stdin(), &write)?, Relaxed);
    let mut read = File::options();
    read.read(true);
    replace_if_closed(stdout(), &read)?;
    replace_if_closed(stderr(), &read)?;
    Ok(())
}

/// Opens a descriptor if it is closed; returns `true` if it was. Those with lower numbers are open.
fn replace_if_closed(descriptor: BorrowedFd<'_>, options: &OpenOptions) -> io::Result<bool> {
    let is_closed = fcntl_getfd(descriptor).is_err();
    if is_closed {
        // A file that is opened gets the lowest free number.
        let opened = options.open("/dev/null")?;
        // The server program inherits it: its runtime would replace a closed descriptor by one that
        // discards all output.
        fcntl_setfd(&opened, FdFlags::empty())?;
        let _ = opened.into_raw_fd();
    }
    Ok(is_closed)
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
