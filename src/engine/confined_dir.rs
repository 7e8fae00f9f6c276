//! Directories whose paths cannot lead outside.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::{Errno, retry_on_intr};

use crate::engine::file::{StableFile, WITHOUT_WAITING, io};
use crate::engine::system;
use crate::error::{Error, ErrorKind};

/// The maximum length of a path in bytes, including the NUL, as on Linux.
pub(super) const PATH_MAX: usize = 4096;
/// The maximum number of symbolic links followed, as on Linux.
const MAX_LINKS: usize = 40;

/// A directory in which paths are resolved and cannot lead outside.
///
/// Absolute paths are errors, and so are `..` and symbolic links that lead outside.
///
/// ```
/// use hsum::engine::ConfinedDir;
///
/// let src = ConfinedDir::new("src")?;
/// assert!(src.open("lib.rs").is_ok());
/// assert!(src.open("../Cargo.toml").is_err());
/// # Ok::<(), hsum::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConfinedDir {
    root: Arc<OwnedFd>,
}

/// Flags for directories that only serve to resolve paths.
#[cfg(target_os = "linux")]
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl ConfinedDir {
    /// Opens the directory at `path`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the system refuses to open it.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let opened = retry_on_intr(|| openat(CWD, path, DIRECTORY, Mode::empty()));
        let root = opened.map_err(|error| Error::io(path, error.into()))?;
        Ok(Self { root: Arc::new(root) })
    }

    pub(super) fn from_open(root: Arc<OwnedFd>) -> Self {
        Self { root }
    }

    /// Opens a regular file in the directory without blocking.
    ///
    /// # Errors
    /// [`ErrorKind::Outside`] if the path leads outside, [`ErrorKind::Special`] for a FIFO, socket
    /// or device, and [`ErrorKind::Io`] if the system refuses to open it.
    pub fn open(&self, name: impl AsRef<Path>) -> Result<StableFile, Error> {
        let name = name.as_ref();
        let stat = self.stat(name, OFlags::empty());
        let open = || self.open_at(name, WITHOUT_WAITING);
        StableFile::open_regular(stat, open, error_kind).map_err(|kind| Error::new(name, kind))
    }

    /// Opens the file at `name`. With `O_NOFOLLOW`, no component may be a symbolic link.
    pub(super) fn open_at(&self, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        system::open_without_atime(flags, |flags| match self.open_by_kernel(name, flags) {
            // `openat2` is missing or forbidden, or a directory was moved during the resolution.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {
                let (directory, name) = self.resolve(name, flags)?;
                let directory = directory.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
                let flags = flags | OFlags::NOFOLLOW;
                retry_on_intr(|| openat(directory, &*name, flags, Mode::empty()))
            }
            result => result,
        })
    }

    /// Returns the metadata of the file at `name`. With `O_NOFOLLOW`, no component may be a link.
    pub(super) fn stat(&self, name: &Path, flags: OFlags) -> Result<Stat, Errno> {
        #[cfg(target_os = "linux")]
        match self.open_by_kernel(name, OFlags::PATH | OFlags::CLOEXEC | flags) {
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {}
            result => return fstat(result?),
        }
        let (directory, name) = self.resolve(name, flags)?;
        let directory = directory.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
        statat(directory, &*name, AtFlags::SYMLINK_NOFOLLOW)
    }

    #[cfg(target_os = "linux")]
    fn open_by_kernel(&self, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        use rustix::fs::{ResolveFlags, openat2};
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if flags.contains(OFlags::NOFOLLOW) {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        // With O_NOFOLLOW, O_PATH would open the link itself.
        let flags = flags - OFlags::NOFOLLOW;
        retry_on_intr(|| openat2(&*self.root, name, flags, Mode::empty(), resolve))
    }

    #[cfg(not(target_os = "linux"))]
    fn open_by_kernel(&self, _: &Path, _: OFlags) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }

    /// Resolves all but the last component, one by one; `None` is the root.
    ///
    /// Links are resolved too: the last component is a link only if another process replaces it.
    fn resolve(&self, name: &Path, flags: OFlags) -> Result<(Option<OwnedFd>, PathBuf), Errno> {
        // The remaining components, the next one last.
        let mut remaining: Vec<Vec<u8>> = Vec::new();
        push_components(&mut remaining, name.as_os_str().as_bytes())?;
        // The open directories on the way, so that `..` returns to the previous one.
        let mut directories: Vec<OwnedFd> = Vec::new();
        let mut links = 0;
        while let Some(component) = remaining.pop() {
            let is_last = remaining.is_empty();
            match &*component {
                b"." => {}
                b".." => {
                    directories.pop().ok_or(Errno::XDEV)?;
                }
                name => {
                    let here: BorrowedFd<'_> =
                        directories.last().map_or(self.root.as_fd(), AsFd::as_fd);
                    match readlinkat(here, name, Vec::new()) {
                        Ok(_) if flags.contains(OFlags::NOFOLLOW) || links == MAX_LINKS => {
                            return Err(Errno::LOOP);
                        }
                        Ok(target) => {
                            links += 1;
                            push_components(&mut remaining, target.as_bytes())?;
                        }
                        // It is not a symbolic link.
                        Err(Errno::INVAL) if is_last => {
                            return Ok((directories.pop(), OsStr::from_bytes(name).into()));
                        }
                        Err(Errno::INVAL) => {
                            let flags = DIRECTORY | OFlags::NOFOLLOW;
                            let directory = openat(here, name, flags, Mode::empty())?;
                            directories.push(directory);
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok((directories.pop(), ".".into()))
    }
}

/// Pushes the components of a path, the first one last.
fn push_components(remaining: &mut Vec<Vec<u8>>, name: &[u8]) -> Result<(), Errno> {
    match name.first() {
        None => return Err(Errno::NOENT),
        Some(_) if name.len() >= PATH_MAX => return Err(Errno::NAMETOOLONG),
        Some(b'/') => return Err(Errno::XDEV),
        Some(_) => {}
    }
    // A path that ends in a slash must lead to a directory.
    let part = |part: &[u8]| if part.is_empty() { b".".to_vec() } else { part.to_vec() };
    remaining.extend(name.split(|byte| *byte == b'/').rev().map(part));
    Ok(())
}

pub(super) fn error_kind(error: Errno) -> ErrorKind {
    match error {
        Errno::XDEV => ErrorKind::Outside,
        error => io(error),
    }
}

#[cfg(test)]
mod tests;
