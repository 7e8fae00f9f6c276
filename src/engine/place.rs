//! Where the paths of files are looked up.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rustix::fs::{AtFlags, CWD, FileType, OFlags, Stat, statat};
use rustix::io::Errno;

use super::beneath::{self, Beneath};
use super::system;
use crate::error::ErrorKind;

/// The place that a path is looked up in.
#[derive(Clone, Default, Debug)]
pub(crate) enum Place {
    /// In the working directory; it may lead anywhere.
    #[default]
    Anywhere,
    /// In the directory where a walk found it.
    Folder(Arc<Folder>),
    /// Beneath a directory. The path begins with the directory's own, of this length in bytes.
    Beneath(Beneath, usize),
}

/// A directory that files are opened from, so that the system need not find it again for each.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: Arc<OwnedFd>,
    /// The number of directories that the walk has open.
    open: Arc<AtomicUsize>,
}

impl Folder {
    /// Counts a directory as open until it is dropped.
    pub(super) fn new(folder: Arc<OwnedFd>, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Relaxed);
        Self { folder, open: Arc::clone(open) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

impl Place {
    /// Opens a file for reading. With `O_NOFOLLOW` it must not be a symbolic link: it was not one
    /// when the walk found it.
    pub(super) fn open(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, ErrorKind> {
        let opened = match self {
            Self::Anywhere => system::open(CWD, path, flags),
            Self::Folder(folder) => system::open(folder.folder.as_fd(), last(path), flags),
            Self::Beneath(root, own) => root.open_at(below(path, *own), flags),
        };
        opened.map_err(|error| kind(error, flags))
    }

    /// Returns the metadata of a path; with `O_NOFOLLOW`, of a symbolic link itself.
    pub(super) fn stat(&self, path: &Path, flags: OFlags) -> Result<Stat, ErrorKind> {
        let at = match flags.contains(OFlags::NOFOLLOW) {
            true => AtFlags::SYMLINK_NOFOLLOW,
            false => AtFlags::empty(),
        };
        let stat = match self {
            Self::Anywhere => statat(CWD, path, at),
            Self::Folder(folder) => statat(&*folder.folder, last(path), at),
            Self::Beneath(root, own) => root.stat(below(path, *own), flags),
        };
        stat.map_err(|error| kind(error, flags))
    }

    /// Returns the size of the regular file that a path leads to.
    pub(crate) fn size(&self, path: &Path) -> Option<u64> {
        let stat = self.stat(path, OFlags::empty()).ok()?;
        let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
        is_file.then_some(stat.st_size as u64)
    }
}

fn kind(error: Errno, flags: OFlags) -> ErrorKind {
    match error {
        Errno::LOOP if flags.contains(OFlags::NOFOLLOW) => ErrorKind::Changed,
        // If a directory has become a symbolic link, the system says that it is no directory.
        Errno::NOTDIR if flags.contains(OFlags::NOFOLLOW | OFlags::DIRECTORY) => ErrorKind::Changed,
        error => beneath::kind(error),
    }
}

/// Returns the last part of a path that a walk joined; `Path::file_name` takes five times as long.
fn last(path: &Path) -> &Path {
    let path = path.as_os_str().as_bytes();
    let start = path.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    Path::new(OsStr::from_bytes(&path[start..]))
}

/// Returns a path without the first `own` bytes, and the slashes that follow them.
fn below(path: &Path, own: usize) -> &Path {
    if own == 0 {
        return path;
    }
    let below = path.as_os_str().as_bytes().get(own..).unwrap_or_default();
    let slashes = below.iter().take_while(|byte| **byte == b'/').count();
    Path::new(OsStr::from_bytes(&below[slashes..]))
}
