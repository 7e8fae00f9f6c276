//! Counters of a run, the names of the large files that it is reading, and a way to stop it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use crate::error::ErrorKind;
use crate::fs::lock::lock;

/// The progress of a run, to be watched and stopped from another thread.
#[derive(Debug, Default)]
pub struct HashProgress {
    bytes: AtomicU64,
    files: AtomicU64,
    /// Large files that are being read, oldest first.
    current: Arc<Mutex<Vec<Arc<Path>>>>,
    is_stopped: AtomicBool,
}

/// A name that [`HashProgress::current`] may return until this is dropped.
pub(super) struct Shown {
    name: Arc<Path>,
    current: Arc<Mutex<Vec<Arc<Path>>>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        lock(&self.current).retain(|name| !Arc::ptr_eq(name, &self.name));
    }
}

impl HashProgress {
    /// The minimum size in bytes of a file whose name is shown.
    ///
    /// Smaller files are finished before their names could be read.
    pub(super) const MIN_SHOWN: u64 = 8 << 20;

    /// Returns the number of bytes hashed.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns the number of files finished, with a digest or an error.
    pub fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// Returns the name of a large file that is being read: of several, the one begun first.
    pub fn current(&self) -> Option<PathBuf> {
        lock(&self.current).first().map(|name| name.to_path_buf())
    }

    /// Makes further reads fail with [`io::ErrorKind::Interrupted`].
    ///
    /// The outcome of a large file then arrives soon, and the sink can end the run.
    pub fn stop(&self) {
        self.is_stopped.store(true, Relaxed);
    }

    /// Returns an error after [`HashProgress::stop`].
    pub(super) fn check_stopped(&self) -> Result<(), ErrorKind> {
        match self.is_stopped.load(Relaxed) {
            true => Err(ErrorKind::Io(io::ErrorKind::Interrupted.into())),
            false => Ok(()),
        }
    }

    /// Adds `count` bytes.
    pub fn add_bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Relaxed);
    }

    /// Adds `count` files.
    pub fn add_files(&self, count: usize) {
        self.files.fetch_add(count as u64, Relaxed);
    }

    /// Shows the name of a file.
    pub(super) fn show(&self, name: &Path) -> Shown {
        let name: Arc<Path> = name.into();
        lock(&self.current).push(Arc::clone(&name));
        Shown { name, current: Arc::clone(&self.current) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_unfinished_file_is_shown() {
        let progress = HashProgress::default();
        let current = || progress.current().map(|name| name.display().to_string());
        let (a, b) = (progress.show(Path::new("a")), progress.show(Path::new("b")));
        assert_eq!(current().as_deref(), Some("a"));
        drop(a);
        let a = progress.show(Path::new("a"));
        assert_eq!(current().as_deref(), Some("b"));
        drop(b);
        assert_eq!(current().as_deref(), Some("a"));
        drop(a);
        assert_eq!(current(), None);
    }
}
