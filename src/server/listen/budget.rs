//! The memory that the bodies of all requests may take together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The size up to which a body has memory of its own: senders of small requests must not wait for
/// those of large ones.
const SMALL: u64 = 64 << 10;
/// The memory for the first bytes of all bodies. An HTTP/2 connection may send 64 requests at once.
const SMALL_LIMIT: u64 = 64 << 20;

/// The memory for bodies.
#[derive(Debug)]
pub(crate) struct Budget {
    small: Pool,
    large: Pool,
}

#[derive(Debug)]
struct Pool {
    used: AtomicU64,
    limit: u64,
}

impl Pool {
    fn new(limit: u64) -> Self {
        Self { used: AtomicU64::new(0), limit }
    }

    /// Raises a share of the pool from `held` to `wanted` bytes; returns `false` if there is no room.
    fn raise(&self, held: &mut u64, wanted: u64) -> bool {
        let more = wanted.saturating_sub(*held);
        let grow = |used: u64| used.checked_add(more).filter(|used| *used <= self.limit);
        let grown = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grow);
        if grown.is_ok() {
            *held += more;
        }
        grown.is_ok()
    }
}

impl Budget {
    /// Creates a budget whose `limit` is that of the parts of bodies beyond 64 KiB.
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { small: Pool::new(SMALL_LIMIT), large: Pool::new(limit) })
    }

    /// Returns a lease of nothing.
    pub(crate) fn lease(self: &Arc<Self>) -> Lease {
        Lease { budget: Arc::clone(self), small: 0, large: 0 }
    }
}

/// A share of the memory, returned on drop.
#[derive(Debug)]
pub(crate) struct Lease {
    budget: Arc<Budget>,
    small: u64,
    large: u64,
}

impl Lease {
    /// Extends the lease to `size` bytes; returns `false` if there is no room for them.
    pub(crate) fn extend(&mut self, size: usize) -> bool {
        let size = size as u64;
        self.budget.small.raise(&mut self.small, size.min(SMALL))
            && self.budget.large.raise(&mut self.large, size.saturating_sub(SMALL))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.small.used.fetch_sub(self.small, Ordering::Relaxed);
        self.budget.large.used.fetch_sub(self.large, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_bodies_have_room_when_the_memory_is_taken() {
        let budget = Budget::new(1 << 20);
        let (mut large, mut other) = (budget.lease(), budget.lease());
        assert!(large.extend(1 << 20) && large.extend((1 << 20) + SMALL as usize));
        assert!(!large.extend((1 << 20) + SMALL as usize + 1));
        assert!(other.extend(SMALL as usize) && !other.extend(SMALL as usize + 1));
        drop(large);
        assert!(other.extend(1 << 20));
    }

    #[test]
    fn many_small_bodies_are_limited_together() {
        let budget = Budget::new(0);
        let mut leases: Vec<_> = (0..1024).map(|_| budget.lease()).collect();
        assert!(leases.iter_mut().all(|lease| lease.extend(SMALL as usize)));
        let mut other = budget.lease();
        assert!(!other.extend(1));
        leases.pop();
        assert!(other.extend(SMALL as usize));
    }
}
