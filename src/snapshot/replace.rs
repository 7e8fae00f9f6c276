//! One file replaced by another at once, by one process at a time.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::Failure;
use crate::engine::FileId;

/// Links that lead from one to the next before it is a loop; what Linux takes.
const MOST_LINKS: usize = 40;
/// A folder where anybody may put something, and nobody take away another's.
const STICKY: u32 = 0o1002;

/// The right to replace a file, held by a lock on its journal.
pub(super) struct Replacement {
    path: PathBuf,
    journal: PathBuf,
    temporary: PathBuf,
    /// Locked as long as it is open.
    pub(super) lock: File,
}

impl Replacement {
    /// Waits for nobody.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        let path = through_links(path);
        let [journal, temporary] = beside(&path);
        loop {
            let lock = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
                .open(&journal)
                .map_err(|error| Failure::io(&journal, error))?;
            let metadata = lock.metadata().map_err(|error| Failure::io(&journal, error))?;
            if !metadata.is_file() {
                return Err(Failure::InTheWay(journal));
            }
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(Failure::Busy(path)),
                Err(error) => return Err(Failure::io(&journal, error.into())),
            }
            // Whoever held the lock before may have removed what is locked now.
            let same = |there: fs::Metadata| FileId::of(&there) == FileId::of(&metadata);
            if fs::symlink_metadata(&journal).is_ok_and(same) {
                return Ok(Self { path, journal, temporary, lock });
            }
        }
    }

    /// The file that is replaced.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the lock is, which is the journal.
    pub(super) fn journal(&self) -> &Path {
        &self.journal
    }

    /// The new file, empty, open to those to whom the old one is.
    pub(super) fn create(&self) -> io::Result<File> {
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {} // one that somebody before us did not finish
        }
        let old = match fs::metadata(&self.path) {
            Ok(metadata) => Some(metadata.permissions().mode() & 0o777),
            Err(_) => None,
        };
        let mode = if old.is_some() { 0o600 } else { 0o666 };
        let file =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&self.temporary)?;
        if let Some(mode) = old {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(file)
    }

    /// Puts the new file in the place of the old one, for good.
    pub(super) fn commit(&self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        fs::rename(&self.temporary, &self.path)?;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }

    /// Gives the right back with nothing done. A journal with something in it stays.
    pub(super) fn withdraw(self) {
        if self.lock.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&self.journal);
        }
    }

    /// Leaves nothing but the file.
    pub(super) fn end(self) {
        // Whatever stays behind is recognised the next time.
        let _ = fs::remove_file(&self.temporary);
        let _ = fs::remove_file(&self.journal);
    }
}

/// The files that a replacement of `path` may have left, or is using: the journal and the new one.
pub(super) fn beside(path: &Path) -> [PathBuf; 2] {
    [".hsum-journal", ".hsum-new"].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// What is not part of a tree in which the record lies: the record, and what stands beside it.
pub(super) fn own_files(path: &Path) -> Vec<FileId> {
    let path = through_links(path);
    let [journal, temporary] = beside(&path);
    let there = [path, journal, temporary].into_iter().filter_map(|path| fs::metadata(path).ok());
    there.map(|metadata| FileId::of(&metadata)).collect()
}

/// What a link leads to is replaced, not the link; there may be nothing yet.
pub fn through_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else { break };
        if is_planted(&path) {
            break;
        }
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Whether somebody else has put the link there, in a folder where anybody may: in /tmp, say.
/// Followed, it would have us replace what only we may (Linux refuses it for the same reason,
/// with fs.protected_symlinks).
fn is_planted(link: &Path) -> bool {
    let folder = link.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::metadata(folder.unwrap_or(Path::new(".")));
    match (fs::symlink_metadata(link), folder) {
        (Ok(link), Ok(folder)) => {
            let ours = [rustix::process::geteuid().as_raw(), folder.uid()].contains(&link.uid());
            folder.mode() & STICKY == STICKY && !ours
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    #[test]
    fn a_link_that_another_user_has_planted_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("target", &link).unwrap();
        let leads = |mode| {
            fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
            through_links(&link) != link
        };
        assert!(leads(0o1777));
        // Only root can make it another's.
        if lchown(&link, Some(65534), None).is_ok() {
            assert!(leads(0o755) && !leads(0o1777));
        }
    }
}
