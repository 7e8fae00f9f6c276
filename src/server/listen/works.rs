//! The number of requests that threads work on.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use hsum::internals::lock;

#[derive(Default, Debug)]
pub(crate) struct Works {
    count: Mutex<usize>,
    changed: Condvar,
}

impl Works {
    /// Counts a work until the result is dropped.
    pub(crate) fn start(self: &Arc<Self>) -> Work {
        *lock(&self.count) += 1;
        Work(Arc::clone(self))
    }

    /// Waits until there is no work, at most for `limit`.
    pub(crate) fn wait(&self, limit: Duration) {
        let count = lock(&self.count);
        let _ = self.changed.wait_timeout_while(count, limit, |count| *count > 0);
    }
}

/// A work that is being done.
pub(crate) struct Work(Arc<Works>);

impl Drop for Work {
    fn drop(&mut self) {
        *lock(&self.0.count) -= 1;
        self.0.changed.notify_all();
    }
}
