//! Directories that paths are resolved in.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::fs::{AtFlags, CWD, FileType, OFlags, Stat, statat};
use rustix::io::Errno;

use crate::engine::confined_dir::{self, ConfinedDir};
use crate::engine::system;
use crate::error::ErrorKind;

/// The directory that a path is resolved in.
#[derive(Clone, Default, Debug)]
pub(crate) enum PathBase {
    /// The working directory; the path may lead anywhere.
    #[default]
    WorkingDirectory,
    /// The directory in which a walk found the entry.
    Parent(Arc<OpenDirectory>),
    /// A confined directory, and the length in bytes of its own path, with which the path begins.
    Confined(ConfinedDir, usize),
}

/// A directory that a walk keeps open, so that the system need not resolve its path for each file.
#[derive(Debug)]
pub(crate) struct OpenDirectory {
    directory: Arc<OwnedFd>,
    /// The number of directories that the walk has open.
    open: Arc<AtomicUsize>,
}

impl OpenDirectory {
    /// Counts a directory as open until it is dropped.
    pub(super) fn new(directory: Arc<OwnedFd>, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Relaxed);
        Self { directory, open: Arc::clone(open) }
    }
}

impl Drop for OpenDirectory {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl PathBase {
    /// Opens a file for reading. With `O_NOFOLLOW`, a symbolic link is [`ErrorKind::Changed`].
    pub(super) fn open(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, ErrorKind> {
        let opened = match self {
            Self::WorkingDirectory => system::open(CWD, path, flags),
            Self::Parent(parent) => system::open(parent.directory.as_fd(), file_name(path), flags),
            Self::Confined(root, own) => root.open_at(relative(path, *own), flags),
        };
        opened.map_err(|error| error_kind(error, flags))
    }

    /// Returns the metadata of a file; with `O_NOFOLLOW`, that of a symbolic link itself.
    pub(super) fn stat(&self, path: &Path, flags: OFlags) -> Result<Stat, ErrorKind> {
        let at = match flags.contains(OFlags::NOFOLLOW) {
            true => AtFlags::SYMLINK_NOFOLLOW,
            false => AtFlags::empty(),
        };
        let stat = match self {
            Self::WorkingDirectory => statat(CWD, path, at),
            Self::Parent(parent) => statat(&*parent.directory, file_name(path), at),
            Self::Confined(root, own) => root.stat(relative(path, *own), flags),
        };
        stat.map_err(|error| error_kind(error, flags))
    }

    /// Returns the size of the regular file that a path leads to.
    pub(crate) fn size(&self, path: &Path) -> Option<u64> {
        let stat = self.stat(path, OFlags::empty()).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then_some(stat.st_size as u64)
    }
}

fn error_kind(error: Errno, flags: OFlags) -> ErrorKind {
    match error {
        Errno::LOOP if flags.contains(OFlags::NOFOLLOW) => ErrorKind::Changed,
        // With `O_DIRECTORY`, a symbolic link is reported as not a directory.
        Errno::NOTDIR if flags.contains(OFlags::NOFOLLOW | OFlags::DIRECTORY) => ErrorKind::Changed,
        error => confined_dir::error_kind(error),
    }
}

/// Returns the last component of a path, five times faster than `Path::file_name`.
fn file_name(path: &Path) -> &Path {
    let path = path.as_os_str().as_bytes();
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    Path::new(OsStr::from_bytes(&path[start..]))
}

/// Returns a path without the first `own` bytes and the slashes that follow them.
fn relative(path: &Path, own: usize) -> &Path {
    if own == 0 {
        return path;
    }
    let below = path.as_os_str().as_bytes().get(own..).unwrap_or_default();
    let slashes = below.iter().take_while(|byte| **byte == b'/').count();
    Path::new(OsStr::from_bytes(&below[slashes..]))
}
