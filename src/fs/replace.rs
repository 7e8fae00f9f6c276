//! Files that appear under their names when they are complete, and not before.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::ErrorKind;
use crate::fs::links::{parent_folder, resolve_links};
use crate::fs::temporary::{self, List, Temporary};

/// A file being written beside its final name.
///
/// Until [`AtomicFile::commit`] a file of that name is untouched. Dropped before that, it leaves nothing.
///
/// ```
/// # #[cfg(feature = "internals")] {
/// use hsum::internals::AtomicFile;
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("x");
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

/// The treatment of an existing file of the final name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Existing {
    /// It stays, and the new file is an error of kind `AlreadyExists`.
    #[default]
    Keep,
    /// The new file replaces it.
    Replace,
}

/// The permissions of a new file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// This mode, less the umask.
    Mode(u32),
    /// Those of the file that it replaces; for a new name, what the umask leaves of 0666.
    Inherited,
}

impl AtomicFile {
    /// Begins a file for `path`. Its permissions are what the umask leaves of 0666.
    ///
    /// A link at `path` stays, and the file that it leads to is replaced, unless another user has
    /// put the link into a folder where everyone may create files, such as /tmp.
    ///
    /// # Errors
    /// A file cannot be created in that folder.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_folder(resolve_links(&path.into()), Access::Mode(0o666), Existing::Replace)
    }

    /// Begins a file that only its owner can read.
    ///
    /// As [`AtomicFile::create`] otherwise.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`].
    pub fn create_private(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_folder(resolve_links(&path.into()), Access::Mode(0o600), Existing::Replace)
    }

    /// Begins a file with the permissions of the one it replaces.
    ///
    /// As [`AtomicFile::create`] otherwise.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`].
    pub fn create_like_old(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::in_folder(resolve_links(&path.into()), Access::Inherited, Existing::Replace)
    }

    /// Begins a file that only its owner can read, and that replaces neither a file nor a link.
    ///
    /// # Errors
    /// As for [`AtomicFile::create`]; of kind `AlreadyExists` if something is there, now or at the
    /// commit.
    pub fn create_new_private(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        if fs::symlink_metadata(&path).is_ok() {
            return Err(rustix::io::Errno::EXIST.into());
        }
        Self::in_folder(path, Access::Mode(0o600), Existing::Keep)
    }

    fn in_folder(path: PathBuf, access: Access, existing: Existing) -> io::Result<Self> {
        let (file, temporary) =
            Temporary::create_in(parent_folder(&path), |temporary| open(temporary, &path, access))?;
        Ok(Self { file, temporary, path, existing })
    }

    /// Begins a file under a temporary name that only the caller uses.
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

    /// Returns its path until the commit.
    pub(crate) fn temporary(&self) -> &Path {
        self.temporary.path()
    }

    /// Returns its final name, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the open file.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Writes the file to the disk, renames it to its final name, and writes the folder to the disk.
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
            // No signal ends the program between one rename and the next.
            let mut list = temporary::lock();
            rename_all(&mut files, &mut list)
        };
        let mut folders: Vec<&Path> = files.iter().map(|file| parent_folder(&file.path)).collect();
        folders.dedup();
        renamed.and_then(|()| folders.into_iter().try_for_each(sync_folder))
    }

    /// Commits the file if `check`, which reads it from its beginning, accepts it.
    ///
    /// Otherwise it is removed.
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
        // Private until it has the old permissions: users who cannot open the old file cannot open this one.
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
    // One file needs no undoing.
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

/// Exchanges two files in one step; an error of kind `Unsupported` where the system cannot.
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

/// Renames a file and writes its folder to the disk.
pub(crate) fn rename_synced(from: &Path, to: &Path, existing: Existing) -> io::Result<()> {
    rename(from, to, existing)?;
    sync_folder(parent_folder(to))
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
            // The file system cannot do it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return Ok(result?),
        }
    }
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links.
        Err(_) => match fs::symlink_metadata(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
            Err(error) => Err(error),
            Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        },
    }
}

/// Writes a folder's entries to the disk. Some file systems cannot, which is not an error.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput) => Ok(()),
        // The folder can be written to, but not read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        Err(error) => Err(io::Error::new(error.kind(), NotSynced(ErrorKind::Io(error)))),
        Ok(()) => Ok(()),
    }
}

/// The payload of an [`io::Error`]: after a rename, the folder could not be written to the disk.
#[derive(thiserror::Error, Debug)]
#[error("in place, but its folder could not be written to the disk: {0}")]
pub struct NotSynced(ErrorKind);

impl NotSynced {
    /// Returns `true` if this is why a commit failed: the new file is in place.
    pub fn is_in(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|payload| payload.is::<Self>())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_is_left_of_a_rejected_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        let refused = file.commit_if(|file| {
            assert_eq!(io::read_to_string(file)?, "new");
            Err(io::Error::other("not good"))
        });
        assert_eq!(refused.unwrap_err().to_string(), "not good");
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_and_its_target_is_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("d")).unwrap();
        let link = folder.path().join("link");
        symlink("d/real", &link).unwrap();
        // The first time the target is missing, the second time it exists.
        for text in ["first", "second"] {
            let mut file = AtomicFile::create_private(&link).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("d/real")).unwrap(), text);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        symlink("loop", folder.path().join("loop")).unwrap();
        let file = AtomicFile::create(folder.path().join("loop")).unwrap();
        file.commit().unwrap();
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
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
    fn several_files_are_replaced_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let [old, new, last] = ["old", "new", "last"].map(|name| folder.path().join(name));
        let files = || {
            let begin = |path: &PathBuf| {
                let mut file = AtomicFile::create(path).unwrap();
                file.write_all(b"second").unwrap();
                file
            };
            [&old, &new, &last].map(begin).into()
        };
        fs::write(&old, "first").unwrap();
        // Over a folder nothing can be renamed.
        fs::create_dir_all(last.join("x")).unwrap();
        AtomicFile::commit_all(files()).unwrap_err();
        assert_eq!(fs::read(&old).unwrap(), b"first");
        assert!(!new.exists() && last.join("x").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        fs::remove_dir_all(&last).unwrap();
        AtomicFile::commit_all(files()).unwrap();
        for path in [&old, &new, &last] {
            assert_eq!(fs::read(path).unwrap(), b"second");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_new_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link] = ["x", "link"].map(|name| folder.path().join(name));
        symlink("nowhere", &link).unwrap();
        let refused = AtomicFile::create_new_private(&link).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        let file = AtomicFile::create_new_private(&path).unwrap();
        fs::write(&path, "another program's").unwrap();
        assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"another program's");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
