//! New files, which appear together once all of them are complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::internals::{AtomicFile, NotSynced};

use crate::cli::exit::SetupError;
use crate::cli::print::file_error;
use crate::cli::quote::quote;

/// The readers of a new file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    Everyone,
    /// Mode 600 from the start.
    Owner,
}

/// Files that are not in place yet.
#[derive(Debug)]
pub(crate) struct NewFiles {
    force: bool,
    files: Vec<AtomicFile>,
    paths: Vec<PathBuf>,
}

impl NewFiles {
    /// Starts a set of files; with `force`, they replace existing ones.
    pub(crate) fn new(force: bool) -> Self {
        Self { force, files: Vec::new(), paths: Vec::new() }
    }

    /// Adds a file.
    ///
    /// # Errors
    /// Returns an error if it cannot be written, or exists and must not be replaced.
    pub(crate) fn add(&mut self, path: &Path, bytes: &[u8], access: Access) -> Result<()> {
        let create = match (self.force, access) {
            (false, Access::Everyone) => AtomicFile::create_new,
            (false, Access::Owner) => AtomicFile::create_new_private,
            (true, Access::Everyone) => AtomicFile::create,
            (true, Access::Owner) => AtomicFile::create_private,
        };
        self.write(path, bytes, create(path.to_owned()))
    }

    /// Adds a file that replaces an existing one even without `force`.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub(crate) fn replace(&mut self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.write(path, bytes, AtomicFile::create_like_old(path))
    }

    fn write(&mut self, path: &Path, bytes: &[u8], file: io::Result<AtomicFile>) -> Result<()> {
        // A rename would replace a device such as /dev/null.
        if fs::metadata(path).is_ok_and(|old| !old.is_file()) {
            return Err(anyhow::anyhow!("{}: not a regular file", quote(path)));
        }
        let written = file.and_then(|mut file| file.write_all(bytes).map(|()| file));
        self.files.push(written.map_err(|error| failure(path, error))?);
        self.paths.push(path.to_owned());
        Ok(())
    }

    pub(crate) fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Puts all files in place, or none.
    ///
    /// # Errors
    /// Returns an error if that fails, or a file has appeared that must not be replaced.
    pub(crate) fn commit(self) -> Result<()> {
        let Self { files, paths, .. } = self;
        AtomicFile::commit_all(files).map_err(|error| {
            let existing = paths.iter().find(|path| fs::symlink_metadata(path).is_ok());
            match (error.kind(), existing) {
                (io::ErrorKind::AlreadyExists, Some(path)) => failure(path, error),
                _ if NotSynced::is_in(&error) => anyhow::anyhow!("{}", ErrorKind::Io(error)),
                _ => anyhow::anyhow!("no file was written: {}", ErrorKind::Io(error)),
            }
        })
    }
}

fn failure(path: &Path, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => file_error(path, error),
    }
}

fn exists(path: &Path) -> anyhow::Error {
    SetupError(format!("{}: the file exists; use --force to replace it", quote(path))).into()
}

/// Checks that none of the files exists, unless they may be replaced. Called before slow steps and prompts.
///
/// # Errors
/// Returns an error that names the file.
pub(crate) fn check_free<'a>(force: bool, paths: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let is_taken = |path: &&Path| fs::symlink_metadata(path).is_ok();
    match paths.into_iter().find(is_taken) {
        Some(path) if !force => Err(exists(path)),
        _ => Ok(()),
    }
}

/// Creates a directory and those above it.
///
/// # Errors
/// Returns an error if that fails.
pub(crate) fn create_directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| file_error(path, error))
}

/// Returns the path of a file in `directory`; without `./` for the current one.
pub(crate) fn path_in(directory: &Path, name: impl AsRef<Path>) -> PathBuf {
    match directory.as_os_str() == "." {
        true => name.as_ref().to_owned(),
        false => directory.join(name),
    }
}
