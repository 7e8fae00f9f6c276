//! The memory that the bodies of all requests may take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The size up to which a body always has room: connections are limited, and senders of small
/// requests must not wait for those of large ones.
const FREE: u64 = 64 << 10;

/// The memory for bodies.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicU64,
    limit: u64,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), limit })
    }

    /// Returns a lease of nothing.
    pub(crate) fn lease(self: &Arc<Self>) -> Lease {
        Lease { budget: Arc::clone(self), held: 0 }
    }
}

/// A share of the memory, returned on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    held: u64,
}

impl Lease {
    /// Extends the lease to `size` bytes; returns `false` if there is no room for them.
    pub(crate) fn extend(&mut self, size: usize) -> bool {
        let more = (size as u64).saturating_sub(FREE).saturating_sub(self.held);
        let limit = self.budget.limit;
        let grow = |used: u64| used.checked_add(more).filter(|used| *used <= limit);
        let grown = self.budget.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow);
        if grown.is_ok() {
            self.held += more;
        }
        grown.is_ok()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.used.fetch_sub(self.held, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_have_room_when_the_memory_is_taken() {
        let budget = Budget::new(1 << 20);
        let (mut large, mut other) = (budget.lease(), budget.lease());
        assert!(large.extend(1 << 20) && large.extend((1 << 20) + FREE as usize));
        assert!(!large.extend((1 << 20) + FREE as usize + 1));
        assert!(other.extend(FREE as usize) && !other.extend(FREE as usize + 1));
        drop(large);
        assert!(other.extend(1 << 20));
    }
}
