//! The number of hashing threads.

use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::thread;

/// Few machines have more cores, and on two cores it took seconds to start and end 1024 threads.
const MAX_THREADS: usize = 256;

/// A thread count: the caller's, or else the number of available cores.
#[derive(Clone, Copy)]
pub(super) struct Threads(pub(super) Option<NonZeroUsize>);

impl Threads {
    pub(super) const ONE: Self = Self(Some(NonZeroUsize::MIN));

    /// Returns the count. Asks the system at most once, because that reads several files.
    pub(super) fn get(self) -> usize {
        static AVAILABLE: OnceLock<usize> = OnceLock::new();
        let ask = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.0.map_or_else(|| *AVAILABLE.get_or_init(ask), NonZeroUsize::get).min(MAX_THREADS)
    }
}
