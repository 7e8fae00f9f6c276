//! A file that stands under its name when all of it is there and is good, and not before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::snapshot::through_links;

/// A file being written beside the name that it will have.
///
/// Until [`AtomicFile::commit`] what stood under the name is untouched; dropped before, it leaves
/// nothing. Permissions are those that the umask leaves of read and write.
///
/// ```
/// use hsum::fetch::AtomicFile;
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("x");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"all of it")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    /// Empty once it is renamed.
    temporary: PathBuf,
    path: PathBuf,
}

/// What becomes of a file that stands under the name already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Existing {
    /// It stays, and the new one does not take its place: an error of kind `AlreadyExists`.
    Keep,
    /// The new one takes its place.
    Replace,
}

impl AtomicFile {
    /// Begins a file for `path`, in the same folder and under a random name. A link at `path` stays,
    /// and what it leads to is replaced; not if another user has put it where anybody may, as in /tmp.
    ///
    /// # Errors
    /// Of making it there.
    pub fn create(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_mode(path.into(), 0o666)
    }

    /// [`AtomicFile::create`], for nobody but the owner to read: it holds secrets.
    ///
    /// # Errors
    /// As of it.
    pub fn create_private(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::with_mode(path.into(), 0o600)
    }

    fn with_mode(path: PathBuf, mode: u32) -> io::Result<Self> {
        let path = through_links(&path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(mode);
        let (file, temporary) = tempfile::Builder::new()
            .prefix(".hsum-")
            .make_in(folder(&path), |path| options.open(path))?
            .into_parts();
        let temporary = temporary.keep().map_err(|error| error.error)?;
        Ok(Self { file, temporary, path })
    }

    /// [`AtomicFile::create`], under a temporary name that is the caller's alone.
    pub(crate) fn create_as(path: PathBuf, temporary: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o666);
        let file = options.open(&temporary)?;
        Ok(Self { file, temporary, path })
    }

    /// Where it is until then.
    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Puts it in place, whatever stood there: written to the disk, renamed, and the folder written
    /// to the disk too.
    ///
    /// # Errors
    /// Of any of that; what stood under the name is as it was, unless only the last part failed.
    pub fn commit(mut self) -> io::Result<()> {
        self.put_in_place(Existing::Replace)
    }

    /// [`AtomicFile::commit`], with a word on what stands there.
    pub(crate) fn commit_over(mut self, existing: Existing) -> io::Result<()> {
        self.put_in_place(existing)
    }

    /// [`AtomicFile::commit`], if `check` finds what was written, read from its beginning, good.
    /// Otherwise nothing is left of it.
    ///
    /// # Errors
    /// As of `commit`, and what `check` says.
    pub fn commit_if<E: From<io::Error>>(
        mut self,
        check: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<(), E> {
        self.file.seek(SeekFrom::Start(0))?;
        check(&mut self.file)?;
        Ok(self.put_in_place(Existing::Replace)?)
    }

    fn put_in_place(&mut self, existing: Existing) -> io::Result<()> {
        self.file.sync_all()?;
        put(&self.temporary, &self.path, existing)?;
        self.temporary = PathBuf::new();
        sync_folder(&self.path)
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

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// The folder that a file is in, or will be.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Renames a file, in one step for whoever looks.
pub(crate) fn put(from: &Path, to: &Path, existing: Existing) -> io::Result<()> {
    if existing == Existing::Replace {
        return fs::rename(from, to);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        use rustix::io::Errno;
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // A file system that cannot.
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {}
            result => return Ok(result?),
        }
    }
    match fs::symlink_metadata(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::rename(from, to),
        Err(error) => Err(error),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
    }
}

/// Makes a rename last. Some file systems have no such thing for folders, which is no failure.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match File::open(folder(path)).and_then(|folder| folder.sync_all()) {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput) => Ok(()),
        // A folder that may be written to, but not read.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_what_is_not_good() {
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
        std::os::unix::fs::symlink("d/real", &link).unwrap();
        // Whether there is something yet or not.
        for text in ["first", "second"] {
            let mut file = AtomicFile::create_private(&link).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.commit().unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("d/real")).unwrap(), text);
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        }
        std::os::unix::fs::symlink("loop", folder.path().join("loop")).unwrap();
        let file = AtomicFile::create(folder.path().join("loop")).unwrap();
        file.commit().unwrap();
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&from, "new").unwrap();
        fs::write(&to, "old").unwrap();
        let refused = put(&from, &to, Existing::Keep).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&to).unwrap(), b"old");
        put(&from, &to, Existing::Replace).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"new");
        assert!(!from.exists());
    }
}
