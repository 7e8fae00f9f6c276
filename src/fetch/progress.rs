//! The progress of a download, readable from other threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use crate::fs::lock::lock;

/// The progress of a download, readable from other threads.
#[derive(Debug, Default)]
pub struct DownloadProgress {
    bytes: AtomicU64,
    /// 0 if unknown.
    total: AtomicU64,
    begun_at: AtomicU64,
    received: AtomicU64,
    is_resumable: AtomicBool,
    phase: Mutex<DownloadPhase>,
}

/// The activity of a download.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum DownloadPhase {
    /// It waits for the response of a server.
    #[default]
    Connecting,
    /// It receives the file.
    Receiving,
    /// It reads the file on the disk: one that existed before, a partial download, or the complete
    /// file.
    Verifying,
    /// It waits before it tries again.
    Waiting {
        /// The end of the pause.
        until: Instant,
        /// The number of the retry.
        retry: u32,
        /// The maximum number of retries.
        retries: u32,
    },
}

impl DownloadProgress {
    /// Returns the number of bytes received, including those of an earlier partial download.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// Returns the length of the file in bytes, if known.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Relaxed)).filter(|total| *total > 0)
    }

    /// Returns the number of bytes that existed when the last response began.
    pub fn begun_at(&self) -> u64 {
        self.begun_at.load(Relaxed)
    }

    /// Returns the number of bytes received by this download, those of failed attempts too.
    pub fn received(&self) -> u64 {
        self.received.load(Relaxed)
    }

    /// Returns `true` if a later download can continue with the bytes received.
    pub fn is_resumable(&self) -> bool {
        self.is_resumable.load(Relaxed) && self.bytes() > 0
    }

    /// Returns the current activity.
    pub fn phase(&self) -> DownloadPhase {
        *lock(&self.phase)
    }

    pub(super) fn start(&self, bytes: u64, total: Option<u64>) {
        self.bytes.store(bytes, Relaxed);
        self.begun_at.store(bytes, Relaxed);
        self.total.store(total.unwrap_or(0), Relaxed);
        self.set_phase(DownloadPhase::Receiving);
    }

    /// Sets the number of bytes, and counts the increase as received.
    pub(super) fn set_bytes(&self, bytes: u64) {
        let before = self.bytes.swap(bytes, Relaxed);
        self.received.fetch_add(bytes - before, Relaxed);
    }

    pub(super) fn set_resumable(&self, is_resumable: bool) {
        self.is_resumable.store(is_resumable, Relaxed);
    }

    pub(super) fn set_phase(&self, phase: DownloadPhase) {
        *lock(&self.phase) = phase;
    }
}
