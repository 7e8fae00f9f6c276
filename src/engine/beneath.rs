//! Names that are looked up in a directory and cannot lead out of it.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::{Errno, retry_on_intr};

use super::file::{StableFile, WITHOUT_WAITING};
use super::system;
use crate::error::{Error, ErrorKind};

/// The number of bytes at which a name is too long (PATH_MAX).
const LONGEST: usize = 4096;
/// Symbolic links that one name may lead through, as on Linux.
const MOST_LINKS: usize = 40;

/// A directory that names lead into, and never out of: not by `..`, not as absolute names, not
/// through symbolic links.
///
/// ```
/// use hsum::engine::Beneath;
///
/// let src = Beneath::new("src")?;
/// assert!(src.open("lib.rs").is_ok());
/// assert!(src.open("../Cargo.toml").is_err());
/// # Ok::<(), hsum::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Beneath {
    root: Arc<OwnedFd>,
}

/// Flags for a directory that only serves to look up names.
#[cfg(target_os = "linux")]
const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Beneath {
    /// Opens the directory; `path` itself may be of any form.
    ///
    /// # Errors
    /// Those of the system, with the path.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let opened = retry_on_intr(|| openat(CWD, path, DIRECTORY, Mode::empty()));
        let root = opened.map_err(|error| Error::io(path, error.into()))?;
        Ok(Self { root: Arc::new(root) })
    }

    /// Wraps a directory that is open.
    pub(super) fn from_open(root: Arc<OwnedFd>) -> Self {
        Self { root }
    }

    /// Opens a regular file in the directory without waiting for anything.
    ///
    /// # Errors
    /// [`ErrorKind::Outside`] if the name leads out, [`ErrorKind::Special`] if it is a FIFO, a
    /// socket or a device, and those of the system.
    pub fn open(&self, name: impl AsRef<Path>) -> Result<StableFile, Error> {
        let name = name.as_ref();
        let asked = self.stat(name, OFlags::empty());
        let open = || self.open_at(name, WITHOUT_WAITING);
        StableFile::open_asked(asked, open, kind).map_err(|kind| Error::new(name, kind))
    }

    /// Opens what `name` leads to. With `O_NOFOLLOW`, no part of the name may be a symbolic link.
    pub(super) fn open_at(&self, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        system::quietly(flags, |flags| match self.ask_kernel(name, flags) {
            // `openat2` is not there, or not allowed, or saw a directory on the way being moved.
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {
                let (folder, name) = self.walk(name, flags)?;
                let folder = folder.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
                let flags = flags | OFlags::NOFOLLOW;
                retry_on_intr(|| openat(folder, &*name, flags, Mode::empty()))
            }
            result => result,
        })
    }

    /// Returns the metadata of what `name` leads to. With `O_NOFOLLOW`, no part of the name may be
    /// a symbolic link.
    pub(super) fn stat(&self, name: &Path, flags: OFlags) -> Result<Stat, Errno> {
        #[cfg(target_os = "linux")]
        match self.ask_kernel(name, OFlags::PATH | OFlags::CLOEXEC | flags) {
            Err(Errno::NOSYS | Errno::PERM | Errno::INVAL | Errno::AGAIN) => {}
            result => return fstat(result?),
        }
        let (folder, name) = self.walk(name, flags)?;
        let folder = folder.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
        statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW)
    }

    #[cfg(target_os = "linux")]
    fn ask_kernel(&self, name: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        use rustix::fs::{ResolveFlags, openat2};
        let mut resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        if flags.contains(OFlags::NOFOLLOW) {
            resolve |= ResolveFlags::NO_SYMLINKS;
        }
        // With it, `O_PATH` would open a link.
        let flags = flags - OFlags::NOFOLLOW;
        retry_on_intr(|| openat2(&*self.root, name, flags, Mode::empty(), resolve))
    }

    #[cfg(not(target_os = "linux"))]
    fn ask_kernel(&self, _: &Path, _: OFlags) -> Result<OwnedFd, Errno> {
        Err(Errno::NOSYS)
    }

    /// Walks down to the directory that `name`'s last part is in, one part at a time, through
    /// symbolic links; `None` is the root. The last part is not a symbolic link then, unless
    /// another process makes it one.
    fn walk(&self, name: &Path, flags: OFlags) -> Result<(Option<OwnedFd>, PathBuf), Errno> {
        // The parts that are left, the next one last.
        let mut left: Vec<Vec<u8>> = Vec::new();
        push_parts(&mut left, name.as_os_str().as_bytes())?;
        // The directories on the way, so that `..` leads back to where the name came from.
        let mut folders: Vec<OwnedFd> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            let is_last = left.is_empty();
            match &*part {
                b"." => {}
                b".." => {
                    folders.pop().ok_or(Errno::XDEV)?;
                }
                part => {
                    let here: BorrowedFd<'_> =
                        folders.last().map_or(self.root.as_fd(), AsFd::as_fd);
                    match readlinkat(here, part, Vec::new()) {
                        Ok(_) if flags.contains(OFlags::NOFOLLOW) || links == MOST_LINKS => {
                            return Err(Errno::LOOP);
                        }
                        Ok(target) => {
                            links += 1;
                            push_parts(&mut left, target.as_bytes())?;
                        }
                        // Not a symbolic link.
                        Err(Errno::INVAL) if is_last => {
                            return Ok((folders.pop(), OsStr::from_bytes(part).into()));
                        }
                        Err(Errno::INVAL) => {
                            let flags = DIRECTORY | OFlags::NOFOLLOW;
                            let folder = openat(here, part, flags, Mode::empty())?;
                            folders.push(folder);
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok((folders.pop(), ".".into()))
    }
}

/// Adds the parts of a name in front of those that are left.
fn push_parts(left: &mut Vec<Vec<u8>>, name: &[u8]) -> Result<(), Errno> {
    match name.first() {
        None => return Err(Errno::NOENT),
        Some(_) if name.len() >= LONGEST => return Err(Errno::NAMETOOLONG),
        Some(b'/') => return Err(Errno::XDEV),
        Some(_) => {}
    }
    // A name that ends in a slash must lead to a directory.
    let part = |part: &[u8]| if part.is_empty() { b".".to_vec() } else { part.to_vec() };
    left.extend(name.split(|byte| *byte == b'/').rev().map(part));
    Ok(())
}

/// Converts the error of a lookup beneath a directory.
pub(super) fn kind(error: Errno) -> ErrorKind {
    match error {
        Errno::XDEV => ErrorKind::Outside,
        error => ErrorKind::Io(error.into()),
    }
}

#[cfg(test)]
mod tests;
