//! Counters of a run.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The progress of a run, to be watched from another thread.
#[derive(Debug, Default)]
pub struct HashProgress {
    bytes: AtomicU64,
    files: AtomicU64,
}

impl HashProgress {
    /// Returns the number of bytes hashed.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns the number of files finished, with a digest or an error.
    pub fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// Adds `count` bytes.
    pub fn add_bytes(&self, count: usize) {
        self.bytes.fetch_add(count as u64, Relaxed);
    }

    /// Adds `count` files.
    pub fn add_files(&self, count: usize) {
        self.files.fetch_add(count as u64, Relaxed);
    }
}
