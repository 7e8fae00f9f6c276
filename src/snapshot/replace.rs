//! Atomic replacement of a record, by one process at a time.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use crate::engine::metadata::FileId;
use crate::fs::links::resolve_links;
use crate::fs::replace::{Access, AtomicFile, Existing};
use crate::fs::temporary::{JOURNAL, NEW_RECORD};
use crate::snapshot::error::{SnapshotError, SnapshotErrorKind};

/// The exclusive right to replace a record: a lock on its journal.
pub(super) struct Replacement {
    /// The record, with links resolved.
    pub(super) path: PathBuf,
    existing: Existing,
    pub(super) journal: PathBuf,
    temporary: PathBuf,
    /// The open journal; closing it releases the lock.
    pub(super) lock: File,
}

impl Replacement {
    /// Locks the journal; fails if another process has locked it.
    pub(super) fn begin(path: &Path, existing: Existing) -> Result<Self, SnapshotError> {
        let path = resolve_links(path);
        let refusal = match fs::symlink_metadata(&path) {
            Ok(metadata) if !metadata.is_file() => Some(SnapshotErrorKind::NotRegular),
            Ok(_) if existing == Existing::Keep => Some(SnapshotErrorKind::Exists),
            _ => None,
        };
        if let Some(kind) = refusal {
            return Err(SnapshotError::new(path, kind));
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
                return Err(SnapshotError::new(journal, SnapshotErrorKind::NotAJournal));
            }
            match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    return Err(SnapshotError::new(path, SnapshotErrorKind::Busy));
                }
                Err(error) => return Err(SnapshotError::io(&journal, error.into())),
            }
            // The process that held the lock before may have removed this file.
            let is_same = |there: fs::Metadata| FileId::of(&there) == FileId::of(&metadata);
            if fs::symlink_metadata(&journal).is_ok_and(is_same) {
                return Ok(Self { path, existing, journal, temporary, lock });
            }
        }
    }

    /// Returns `true` if there is a file to replace.
    pub(super) fn has_old(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok()
    }

    /// Creates the new file, with the permissions of the old one.
    pub(super) fn create(&self) -> io::Result<AtomicFile> {
        // A killed run may have left a temporary file.
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let (path, temporary) = (self.path.clone(), self.temporary.clone());
        AtomicFile::create_as(path, temporary, Access::Inherited, self.existing)
    }

    /// Releases the lock, and removes the journal if it is empty.
    pub(super) fn cancel(self) {
        if self.lock.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&self.journal);
        }
    }

    /// Removes the journal and the temporary file. Later runs ignore those that remain.
    pub(super) fn finish(self) {
        let _ = fs::remove_file(&self.temporary);
        let _ = fs::remove_file(&self.journal);
    }
}

/// Returns the paths of the journal and the temporary file of the record at `path`.
fn beside(path: &Path) -> [PathBuf; 2] {
    [JOURNAL, NEW_RECORD].map(|suffix| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// Returns the identities of the record at `path`, its journal and its temporary file.
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
    fn a_file_created_by_another_process_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("record");
        let replacement = Replacement::begin(&path, Existing::Keep).unwrap();
        let file = replacement.create().unwrap();
        fs::write(&path, "another's").unwrap();
        assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"another's");
        fs::remove_file(&path).unwrap();
        replacement.create().unwrap().commit().unwrap();
        replacement.finish();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
