//! Hash states that several Python threads share.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use pyo3::prelude::*;

use crate::buffer::GIL_MIN_LEN;

/// A state that only one thread uses at a time.
///
/// No thread waits for the lock while it holds the GIL, or for the GIL while it holds the lock.
pub(crate) struct Shared<T>(Mutex<T>);

impl<T: Send> Shared<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Mutex::new(state))
    }

    /// Calls `work` with the state; releases the GIL if `len`, the number of bytes that `work` hashes, is large.
    pub(crate) fn with<R: Send>(
        &self,
        py: Python<'_>,
        len: usize,
        work: impl FnOnce(&mut T) -> R + Send,
    ) -> R {
        if len < GIL_MIN_LEN
            && let Some(mut state) = self.try_lock()
        {
            return work(&mut state);
        }
        py.detach(|| work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Locks the state unless another thread has locked it. After a panic, the state is wrong, but still valid.
    fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(state) => Some(state),
            Err(TryLockError::Poisoned(state)) => Some(state.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Returns a copy of the state.
    pub(crate) fn copied(&self, py: Python<'_>) -> T
    where
        T: Clone,
    {
        self.with(py, 0, |state| state.clone())
    }

    /// Returns the state, to which no other thread has access.
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}
