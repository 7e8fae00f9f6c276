//! Temporary files and directories: their names, and a list of those that exist.
//!
//! The list lets a signal handler remove them: see [`remove_all`].

use std::fs::{self, DirBuilder};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// The beginning of a random name.
const PREFIX: &str = ".hsum-";

/// The characters after the prefix, and their number. The first one is a digit.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS: usize = 10;
const RANDOM: usize = 6;

/// The ending of a partial download, `.NAME.hsum-part`.
pub(crate) const PART: &str = ".hsum-part";
/// The ending of a partial download's state, `.NAME.hsum-part.json`.
pub(crate) const PART_STATE: &str = ".hsum-part.json";
/// The ending of a download that is being decoded, `.NAME.hsum-decoded`.
pub(crate) const DECODED: &str = ".hsum-decoded";
/// The ending of a record's journal, `NAME.hsum-journal`.
pub(crate) const JOURNAL: &str = ".hsum-journal";
/// The ending of a record that is being written, `NAME.hsum-new`.
pub(crate) const NEW_RECORD: &str = ".hsum-new";

/// Returns `true` if `name` is one that hsum gives to temporary files or saved state.
///
/// Walks skip files of these names.
///
/// ```
/// # #[cfg(feature = "internals")] {
/// use hsum::internals::is_temporary;
///
/// assert!(is_temporary(b".hsum-AbC123"));
/// assert!(is_temporary(b".debian.iso.hsum-part"));
/// assert!(!is_temporary(b".hsum-config"));
/// # }
/// ```
pub fn is_temporary(name: &[u8]) -> bool {
    let stem = |ending: &str| name.strip_suffix(ending.as_bytes());
    let is_hidden = |stem: &[u8]| stem.len() > 1 && stem[0] == b'.';
    is_temporary_directory(name)
        || [PART, PART_STATE, DECODED].into_iter().filter_map(stem).any(is_hidden)
        || [JOURNAL, NEW_RECORD].into_iter().filter_map(stem).any(|stem| !stem.is_empty())
}

/// Returns `true` if `name` is one that hsum gives to temporary directories. Walks skip them.
pub(crate) fn is_temporary_directory(name: &[u8]) -> bool {
    name.strip_prefix(PREFIX.as_bytes()).is_some_and(|rest| {
        rest.len() == RANDOM
            && rest.iter().all(u8::is_ascii_alphanumeric)
            // A lower-case word is a name that a user has chosen, such as `.hsum-config`.
            && !rest.iter().all(u8::is_ascii_lowercase)
    })
}

static LIST: Mutex<List> = Mutex::new(List { entries: Vec::new(), before_first: None });

/// The temporary files and directories of this process.
pub(crate) struct List {
    entries: Vec<(PathBuf, Kind)>,
    before_first: Option<fn()>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    File,
    Directory,
}

/// Locks the list. While it is locked, [`remove_all`] waits.
pub(crate) fn lock() -> MutexGuard<'static, List> {
    crate::fs::lock::lock(&LIST)
}

/// Registers a function to call once, before the next temporary file or directory is created.
///
/// Programs use it to install signal handlers that call [`remove_all`].
pub fn before_first(hook: fn()) {
    lock().before_first = Some(hook);
}

/// Removes the temporary files and directories of this process, just before it ends.
///
/// A thread that creates or renames one after this call blocks forever.
pub fn remove_all() {
    let list = lock();
    list.entries.iter().for_each(|(path, kind)| remove(path, *kind));
    // Keep the list locked, so that no file is created after this.
    std::mem::forget(list);
}

/// Removes a file, or a directory with everything in it.
fn remove(path: &Path, kind: Kind) {
    if kind == Kind::File {
        let _ = fs::remove_file(path);
        return;
    }
    // Retry, because a child process may create files in the directory meanwhile.
    for _ in 0..16 {
        let _ = fs::remove_dir_all(path);
        if !path.exists() {
            return;
        }
    }
}

/// A temporary file or directory, removed when dropped unless it was renamed.
#[derive(Debug)]
pub(crate) struct Temporary {
    /// Empty after the rename.
    path: PathBuf,
    kind: Kind,
}

impl Temporary {
    /// Creates a file at `path` with `make`, which must fail if `path` exists.
    pub(crate) fn create<T>(
        path: PathBuf,
        make: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        Self::register(path, Kind::File, make)
    }

    /// Creates a file in `directory` under a random name.
    pub(crate) fn create_in<T>(
        directory: &Path,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        Self::register_in(directory, Kind::File, make)
    }

    fn register<T>(
        path: PathBuf,
        kind: Kind,
        make: impl FnOnce(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        let mut list = lock();
        if let Some(hook) = list.before_first.take() {
            hook();
        }
        let made = make(&path)?;
        list.entries.push((path.clone(), kind));
        Ok((made, Self { path, kind }))
    }

    fn register_in<T>(
        directory: &Path,
        kind: Kind,
        make: impl Fn(&Path) -> io::Result<T>,
    ) -> io::Result<(T, Self)> {
        let random = RandomState::new();
        let mut attempt = 0_u32;
        loop {
            match Self::register(directory.join(name(random.hash_one(attempt))), kind, &make) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
                created => return created,
            }
        }
    }

    /// Returns its path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the renamed file from the list.
    pub(crate) fn renamed(&mut self, list: &mut List) {
        list.entries.retain(|(path, _)| *path != self.path);
        self.path = PathBuf::new();
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let mut list = lock();
            remove(&self.path, self.kind);
            list.entries.retain(|(path, _)| *path != self.path);
        }
    }
}

fn name(mut random: u64) -> String {
    let mut name = PREFIX.to_owned();
    for at in 0..RANDOM {
        let choices = if at == 0 { DIGITS } else { ALPHABET.len() } as u64;
        name.push(char::from(ALPHABET[(random % choices) as usize]));
        random /= choices;
    }
    name
}

/// A temporary directory that only its owner can enter, removed with everything in it when dropped.
#[derive(Debug)]
pub struct TemporaryDirectory(Temporary);

impl TemporaryDirectory {
    /// Creates one in the system's directory for temporary files.
    ///
    /// # Errors
    /// If that directory cannot be written to.
    pub fn new() -> io::Result<Self> {
        let parent = std::path::absolute(std::env::temp_dir())?;
        let make = |path: &Path| DirBuilder::new().mode(0o700).create(path);
        let ((), temporary) = Temporary::register_in(&parent, Kind::Directory, make)?;
        Ok(Self(temporary))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn names() {
        for word in [
            ".hsum-AbC123",
            ".hsum-000000",
            ".x.hsum-part",
            ".x.hsum-part.json",
            ".x.hsum-decoded",
            "photos.hsum.hsum-journal",
            "photos.hsum-new",
        ] {
            assert!(is_temporary(word.as_bytes()), "{word}");
        }
        for word in [
            ".hsum-notes",
            ".hsum-config",
            ".hsum-backup",
            ".hsum-AbC1234",
            ".hsum-AbC12",
            ".hsum-AbC_23",
            "hsum-AbC123",
            "x.hsum-AbC123",
            ".hsum-AbC123.txt",
            "x.hsum-part",
            ".hsum-part",
            "..hsum",
            ".hsum-journal",
            ".hsum-new",
            "x.hsum-bad",
            "x.hsum-journal.txt",
            "",
        ] {
            assert!(!is_temporary(word.as_bytes()), "{word}");
        }
        for random in [0, 9, 59, u64::MAX] {
            assert!(is_temporary(name(random).as_bytes()), "{}", name(random));
        }
        assert!(is_temporary_directory(b".hsum-AbC123") && !is_temporary_directory(b"x.hsum-new"));
    }

    #[test]
    fn directories_are_private_and_removed_with_their_contents() {
        let directory = TemporaryDirectory::new().unwrap();
        let path = directory.path().to_owned();
        assert!(is_temporary(path.file_name().unwrap().as_encoded_bytes()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
        fs::create_dir(path.join("d")).unwrap();
        fs::write(path.join("d/x"), "x").unwrap();
        let is_listed = || lock().entries.iter().any(|(listed, _)| *listed == path);
        assert!(is_listed());
        drop(directory);
        assert!(!path.exists() && !is_listed());
    }
}
