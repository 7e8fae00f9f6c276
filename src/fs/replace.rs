//! Atomic replacement: files appear under their final names only once they are complete.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::fs::links::{parent_directory, resolve_links};
use crate::fs::temporary::{self, List, Temporary};

/// A file written under a temporary name and renamed when complete.
///
/// An existing file is untouched until [`AtomicFile::commit`]. Dropping the value before that
/// removes the temporary file.
///
/// ```
/// # #[cfg(feature = "internals")] {
/// use hsum::internals::AtomicFile;
/// use std::io::Write;
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("x");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"all of it")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    temporary: Temporary,
    path: PathBuf,
    existing: Existing,
}

/// The treatment of an existing file at the final path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Existing {
    /// The existing file stays, and writing the new one fails.
    #[default]
    Keep,
    /// The new file replaces it.
    Replace,
}

/// The permissions of a new file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// This mode, restricted by the umask.
    Mode(u32),
    /// The permissions of the replaced file; 0666 restricted by the umask if there is none.
    Inherited,
}

impl AtomicFile {
    /// Creates a file for `path` with mode 0666, restricted by the umask.
    ///
    /// A symbolic link at `path` is followed, unless another user has put it into a directory where
    /// everyone may create files, such as /tmp.
    ///
    /// # Errors
    /// If the temporary file cannot be created in the directory of the target.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_directory(resolve_links(&path.into()), Access::Mode(0o666), Existing::Replace)
    }

    /// Creates a file like [`AtomicFile::create`] that only its owner can read.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`].
    pub fn create_private(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_directory(resolve_links(&path.into()), Access::Mode(0o600), Existing::Replace)
    }

    /// Creates a file like [`AtomicFile::create`], with the permissions of the file it replaces.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`].
    pub fn create_like_old(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_directory(resolve_links(&path.into()), Access::Inherited, Existing::Replace)
    }

    /// Creates a file like [`AtomicFile::create`] that replaces neither a file nor a link.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`]; `AlreadyExists` if `path` exists now or at the commit.
    pub fn create_new(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::new_in_directory(path.into(), Access::Mode(0o666))
    }

    /// Creates a file like [`AtomicFile::create_new`] that only its owner can read.
    ///
    /// # Errors
    /// Returns the errors of [`AtomicFile::create_new`].
    pub fn create_new_private(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::new_in_directory(path.into(), Access::Mode(0o600))
    }

    fn new_in_directory(path: PathBuf, access: Access) -> io::Result<Self> {
        if fs::symlink_metadata(&path).is_ok() {
            return Err(rustix::io::Errno::EXIST.into());
        }
        Self::in_directory(path, access, Existing::Keep)
    }

    fn in_directory(path: PathBuf, access: Access, existing: Existing) -> io::Result<Self> {
        let (file, temporary) = Temporary::create_in(parent_directory(&path), |temporary| {
            open(temporary, &path, access)
        })?;
        Ok(Self { file, temporary, path, existing })
    }

    /// Creates a file under the given temporary path, which nothing else may use.
    pub(crate) fn create_as(
        path: PathBuf,
        temporary: PathBuf,
        access: Access,
        existing: Existing,
    ) -> io::Result<Self> {
        let (file, temporary) =
            Temporary::create(temporary, |temporary| open(temporary, &path, access))?;
        Ok(Self { file, temporary, path, existing })
    }

    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Returns the final path, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Syncs the file, renames it to its final name, and syncs the directory.
    ///
    /// # Errors
    /// Those of the system. An existing file is untouched, unless the error is [`NotSynced`].
    pub fn commit(self) -> io::Result<()> {
        Self::commit_all(vec![self])
    }

    /// Commits several files: all, or none if one of them cannot be renamed (on Linux).
    ///
    /// # Errors
    /// As for [`AtomicFile::commit`].
    pub fn commit_all(mut files: Vec<Self>) -> io::Result<()> {
        files.iter().try_for_each(|file| file.file.sync_all())?;
        let renamed = {
            // Signal handlers wait for this lock, so none ends the program between two renames.
            let mut list = temporary::lock();
            rename_all(&mut files, &mut list)
        };
        let mut directories: Vec<&Path> =
            files.iter().map(|file| parent_directory(&file.path)).collect();
        directories.dedup();
        renamed.and_then(|()| directories.into_iter().try_for_each(sync_directory))
    }

    /// Commits the file if `check`, which reads it from its beginning, succeeds; else removes it.
    ///
    /// # Errors
    /// As for [`AtomicFile::commit`], and those of `check`.
    pub fn commit_if<E: From<io::Error>>(
        mut self,
        check: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<(), E> {
        self.file.seek(SeekFrom::Start(0))?;
        check(&mut self.file)?;
        Ok(self.commit()?)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Creates the temporary file for `path`.
fn open(temporary: &Path, path: &Path, access: Access) -> io::Result<File> {
    let (mode, inherited) = match access {
        Access::Mode(mode) => (mode, None),
        // Private until the old permissions are set: never more readable than the old file.
        Access::Inherited => match fs::metadata(path) {
            Ok(old) => (0o600, Some(Permissions::from_mode(old.permissions().mode() & 0o777))),
            Err(_) => (0o666, None),
        },
    };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(mode).open(temporary)?;
    if let Some(Err(error)) = inherited.map(|permissions| file.set_permissions(permissions)) {
        let _ = fs::remove_file(temporary);
        return Err(error);
    }
    Ok(file)
}

/// The way to undo a rename.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Undo {
    /// The old file has the temporary name.
    Exchange,
    /// There was no old file.
    Rename,
    Impossible,
}

fn rename_all(files: &mut [AtomicFile], list: &mut List) -> io::Result<()> {
    // A single rename never has to be undone.
    let rename = match files.len() {
        1 => |file: &AtomicFile| file.rename().map(|()| Undo::Impossible),
        _ => AtomicFile::rename_with_undo,
    };
    let mut done = Vec::new();
    for file in &*files {
        match rename(file) {
            Ok(undo) => done.push(undo),
            Err(error) => {
                files.iter().zip(done).rev().for_each(|(file, undo)| file.undo(undo));
                return Err(error);
            }
        }
    }
    for (file, _) in files.iter_mut().zip(done).filter(|(_, undo)| *undo != Undo::Exchange) {
        file.temporary.renamed(list);
    }
    Ok(())
}

impl AtomicFile {
    fn rename(&self) -> io::Result<()> {
        rename(self.temporary.path(), &self.path, self.existing)
    }

    fn rename_with_undo(&self) -> io::Result<Undo> {
        match fs::symlink_metadata(&self.path) {
            Ok(old) if old.is_file() && self.existing == Existing::Replace => {
                match exchange(self.temporary.path(), &self.path) {
                    Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                        self.rename().map(|()| Undo::Impossible)
                    }
                    result => result.map(|()| Undo::Exchange),
                }
            }
            Ok(_) => self.rename().map(|()| Undo::Impossible),
            Err(_) => self.rename().map(|()| Undo::Rename),
        }
    }

    fn undo(&self, undo: Undo) {
        let (from, to) = (self.temporary.path(), &*self.path);
        let _ = match undo {
            Undo::Exchange => exchange(from, to),
            Undo::Rename => fs::rename(to, from),
            Undo::Impossible => Ok(()),
        };
    }
}

/// Exchanges two files atomically; fails with `Unsupported` if the system cannot.
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return Ok(result?),
        }
    }
    let _ = (a, b);
    Err(io::ErrorKind::Unsupported.into())
}

/// Renames a file and syncs its directory.
pub(crate) fn rename_synced(from: &Path, to: &Path, existing: Existing) -> io::Result<()> {
    rename(from, to, existing)?;
    sync_directory(parent_directory(to))
}

fn rename(from: &Path, to: &Path, existing: Existing) -> io::Result<()> {
    if existing == Existing::Replace {
        return fs::rename(from, to);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // The file system does not support the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return Ok(result?),
        }
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // The file system has no hard links.
        Err(_) => match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        },
    }
}

/// Syncs a directory, ignoring file systems that do not support it.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match File::open(directory).and_then(|directory| directory.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput) => Ok(()),
        // The directory can be written to, but not read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), NotSynced(ErrorKind::Io(error)))),
        Ok(()) => Ok(()),
    }
}

/// The payload of an [`io::Error`]: the rename succeeded, but syncing the directory failed.
#[derive(thiserror::Error, Debug)]
#[error("in place, but its directory could not be written to the disk: {0}")]
pub struct NotSynced(ErrorKind);

impl NotSynced {
    /// Returns `true` if `error` is of this kind, and the new file is in place.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|payload| payload.is::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn rejected_files_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        let refused = file.commit_if(|file| {
            assert_eq!(io::read_to_string(file)?, "new");
            Err(io::Error::other("not good"))
        });
        assert_eq!(refused.unwrap_err().to_string(), "not good");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_are_kept_and_their_targets_replaced() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("d")).unwrap();
        let link = directory.path().join("link");
        symlink("d/real", &link).unwrap();
        // The target is missing in the first pass and exists in the second.
        for text in ["first", "second"] {
            let mut file = AtomicFile::create_private(&link).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read_to_string(directory.path().join("d/real")).unwrap(), text);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        symlink("loop", directory.path().join("loop")).unwrap();
        let file = AtomicFile::create(directory.path().join("loop")).unwrap();
        file.commit().unwrap();
    }

    #[test]
    fn existing_files_can_be_kept() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("a"), directory.path().join("b"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        let refused = rename_synced(&from, &to, Existing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"old");
        rename_synced(&from, &to, Existing::Replace).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!from.exists());
    }

    #[test]
    fn several_files_are_replaced_atomically() {
        let directory = tempfile::tempdir().unwrap();
        let [old, new, last] = ["old", "new", "last"].map(|name| directory.path().join(name));
        let files = || {
            let begin = |path: &PathBuf| {
                let mut file = AtomicFile::create(path).unwrap();
                file.write_all(b"second").unwrap();
                file
            };
            [&old, &new, &last].map(begin).into()
        };
        fs::write(&old, "first").unwrap();
        // Renaming a file over a directory fails.
        fs::create_dir_all(last.join("x")).unwrap();
        AtomicFile::commit_all(files()).unwrap_err();
        assert_eq!(fs::read(&old).unwrap(), b"first");
        assert!(!new.exists() && last.join("x").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        fs::remove_dir_all(&last).unwrap();
        AtomicFile::commit_all(files()).unwrap();
        for path in [&old, &new, &last] {
            assert_eq!(fs::read(path).unwrap(), b"second");
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn new_private_files_replace_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let [path, link] = ["x", "link"].map(|name| directory.path().join(name));
        symlink("nowhere", &link).unwrap();
        let refused = AtomicFile::create_new_private(&link).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let file = AtomicFile::create_new_private(&path).unwrap();
        fs::write(&path, "another program's").unwrap();
        assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"another program's");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
