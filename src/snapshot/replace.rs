//! One file replaced by another at once, by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::SnapshotError;
use crate::engine::FileId;
use crate::fs::links::resolve_links;
use crate::fs::replace::{Access, AtomicFile, Existing};
use crate::fs::temporary::{JOURNAL, NEW_RECORD};

/// The right to replace a file, held by a lock on its journal.
pub(super) struct Replacement {
    path: PathBuf,
    existing: Existing,
    journal: PathBuf,
    temporary: PathBuf,
    /// Locked as long as it is open.
    pub(super) lock: File,
}

impl Replacement {
    /// Waits for nobody.
    pub(super) fn begin(path: &Path, existing: Existing) -> Result<Self, SnapshotError> {
        let path = resolve_links(path);
        match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => return Err(SnapshotError::NotRegular(path)),
            Ok(_) if existing == Existing::Keep => return Err(SnapshotError::Exists(path)),
            _ => {}
        }
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
                .map_err(|error| SnapshotError::io(&journal, error))?;
            let metadata = lock.metadata().map_err(|error| SnapshotError::io(&journal, error))?;
            if !metadata.is_file() {
                return Err(SnapshotError::InTheWay(journal));
            }
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(SnapshotError::Busy(path)),
                Err(error) => return Err(SnapshotError::io(&journal, error.into())),
            }
            // Whoever held the lock before may have removed what is locked now.
            let same = |there: fs::Metadata| FileId::of(&there) == FileId::of(&metadata);
            if fs::symlink_metadata(&journal).is_ok_and(same) {
                return Ok(Self { path, existing, journal, temporary, lock });
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

    /// Returns `true` if there is a file to replace.
    pub(super) fn replaces(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Begins the new file, with the permissions of the old one.
    pub(super) fn create(&self) -> io::Result<AtomicFile> {
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {} // left by a run that was killed
        }
        let (path, temporary) = (self.path.clone(), self.temporary.clone());
        AtomicFile::create_as(path, temporary, Access::Inherited, self.existing)
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
    [JOURNAL, NEW_RECORD].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// What is not part of a tree in which the record lies: the record, and what stands beside it.
pub(super) fn own_files(path: &Path) -> Vec<FileId> {
    let path = resolve_links(path);
    let [journal, temporary] = beside(&path);
    let there = [path, journal, temporary].into_iter().filter_map(|path| fs::metadata(path).ok());
    there.map(|metadata| FileId::of(&metadata)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record");
        let replacement = Replacement::begin(&path, Existing::Keep).unwrap();
        let file = replacement.create().unwrap();
        fs::write(&path, "another's").unwrap();
        assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"another's");
        fs::remove_file(&path).unwrap();
        replacement.create().unwrap().commit().unwrap();
        replacement.end();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
