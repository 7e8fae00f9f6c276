//! A bounded window of results that wait for earlier ones.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard};

use crate::fs::lock::{lock, wait};

/// The maximum number of results that wait for an earlier one. It bounds the memory, and is large
/// enough that a file of 100 MB does not hold up the small ones behind it.
pub(super) const WINDOW: usize = 16 * 1024;

/// A bounded reorder window: results that were issued and not yet emitted.
pub(super) struct ReorderWindow<T, R> {
    state: Mutex<State<T, R>>,
    /// Notified when the first result is ready, or when all threads have left.
    ready: Condvar,
    /// Notified when there is room, or when results are no longer wanted.
    room: Condvar,
}

struct State<T, R> {
    /// Labels and results in the order of issue.
    slots: VecDeque<(T, Option<R>)>,
    /// The index of the first slot.
    emitted: u64,
    /// The number of threads that may still issue or finish something.
    active: usize,
    /// Set if results are no longer wanted.
    is_ended: bool,
    /// Set while a thread waits for `ready` or `room`: notifying costs a system call.
    awaits_ready: bool,
    awaits_room: bool,
}

impl<T, R> State<T, R> {
    fn is_ready(&self) -> bool {
        matches!(self.slots.front(), Some((_, Some(_))))
    }
}

impl<T, R> ReorderWindow<T, R> {
    pub(super) fn new() -> Self {
        let state = State {
            slots: VecDeque::new(),
            emitted: 0,
            active: 0,
            is_ended: false,
            awaits_ready: false,
            awaits_room: false,
        };
        Self { state: Mutex::new(state), ready: Condvar::new(), room: Condvar::new() }
    }

    /// Counts a thread that will issue or finish results.
    pub(super) fn enter(&self) {
        lock(&self.state).active += 1;
    }

    pub(super) fn leave(&self) {
        let mut state = lock(&self.state);
        state.active -= 1;
        if state.active == 0 {
            self.ready.notify_one();
        }
    }

    /// Ends the run: results are no longer wanted.
    pub(super) fn end(&self) {
        lock(&self.state).is_ended = true;
        self.room.notify_one();
    }

    /// Adds a slot after waiting for room; breaks if results are no longer wanted.
    pub(super) fn issue(&self, label: T, result: Option<R>) -> ControlFlow<()> {
        let mut state = lock(&self.state);
        while state.slots.len() >= WINDOW && !state.is_ended {
            state.awaits_room = true;
            state = wait(&self.room, state);
        }
        if state.is_ended {
            return ControlFlow::Break(());
        }
        state.slots.push_back((label, result));
        self.notify_ready(state);
        ControlFlow::Continue(())
    }

    /// Sets results, by their indices in the order of issue.
    pub(super) fn finish(&self, results: Vec<(u64, R)>) {
        let mut state = lock(&self.state);
        if state.is_ended {
            return;
        }
        let emitted = state.emitted;
        for (index, result) in results {
            state.slots[(index - emitted) as usize].1 = Some(result);
        }
        self.notify_ready(state);
    }

    fn notify_ready(&self, mut state: MutexGuard<'_, State<T, R>>) {
        if state.awaits_ready && state.is_ready() {
            state.awaits_ready = false;
            drop(state);
            self.ready.notify_one();
        }
    }

    /// Moves all results that are next in order to `ready`.
    pub(super) fn take_ready(&self, ready: &mut Vec<(T, R)>) {
        let mut state = lock(&self.state);
        while state.is_ready() {
            if let Some((label, Some(result))) = state.slots.pop_front() {
                ready.push((label, result));
            }
        }
        state.emitted += ready.len() as u64;
        // Waking the issuer for each free slot would cost more than filling it.
        if state.awaits_room && state.slots.len() <= WINDOW / 2 {
            state.awaits_room = false;
            drop(state);
            self.room.notify_one();
        }
    }

    /// Waits for the next result; breaks if there will never be one.
    pub(super) fn wait(&self) -> ControlFlow<()> {
        let mut state = lock(&self.state);
        while !state.is_ready() {
            if state.active == 0 {
                return ControlFlow::Break(());
            }
            state.awaits_ready = true;
            state = wait(&self.ready, state);
        }
        state.awaits_ready = false;
        ControlFlow::Continue(())
    }
}
