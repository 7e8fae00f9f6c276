//! What the hashing threads share: jobs to open, and opened files, largest first, divided fairly.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, getrlimit};

use super::Threads;
use super::read::{Access, Job, Opened};

/// Jobs handed out at a time, so that small files do not queue at the lock.
const JOBS: usize = 16;
/// Large files that may wait opened. Looking this far ahead lets the largest start first; it stays
/// far below the 1024 descriptors that a process may usually have.
const LOOK_AHEAD: usize = 128;

/// Descriptors for everything else: the standard streams, the output, a list, a directory.
const OTHERS: usize = 8;

/// The work before the hashing threads.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: Threads,
    /// Files that may be open at a time.
    room: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    large: BinaryHeap<Opened>,
    /// FIFOs, terminals and the like, which may keep their reader waiting.
    slow: VecDeque<(u64, Job)>,
    /// Large files that some thread is hashing.
    live: usize,
    /// Jobs that some thread is opening; they may turn out to be large.
    opening: usize,
    closed: bool,
}

/// What a thread is to do next.
pub(super) enum Take {
    /// Open these, and hash the small ones.
    Jobs(Vec<(u64, Job)>),
    /// One more file to hash along with those under way.
    Stream(Opened),
    /// A file to open and hash for itself.
    Alone(u64, Job),
    /// Go on with those under way.
    Nothing,
    /// There will never be anything more.
    End,
}

impl Queue {
    pub(super) fn new(threads: Threads) -> Self {
        let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        let room = usize::try_from(descriptors).unwrap_or(usize::MAX).saturating_sub(OTHERS);
        Self { state: Mutex::default(), changed: Condvar::new(), threads, room }
    }

    pub(super) fn push(&self, index: u64, job: Job) {
        let mut state = self.lock();
        let slow = job.access == Access::Slow;
        if slow { &mut state.slow } else { &mut state.jobs }.push_back((index, job));
        drop(state);
        self.changed.notify_one();
    }

    /// Nothing more will be pushed.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nothing more is to be done.
    pub(super) fn stop(&self) {
        *self.lock() = State { closed: true, ..State::default() };
        self.changed.notify_all();
    }

    /// Waits for work, unless `streams`, the number that the calling thread hashes at the moment,
    /// says that it has some; `most` is how many it can hash at once.
    pub(super) fn take(&self, streams: usize, most: usize) -> Take {
        let mut state = self.lock();
        loop {
            // More than its share would leave other cores idle.
            let share = (state.large.len() + state.live).div_ceil(self.threads.get());
            if streams < most.min(share.max(1))
                && let Some(opened) = state.large.pop()
            {
                state.live += 1;
                return Take::Stream(opened);
            }
            let open = state.large.len() + state.live + state.opening;
            let room = if open == 0 { self.room.max(1) } else { self.room.saturating_sub(open) };
            if state.large.len() < LOOK_AHEAD && room > 0 && !state.jobs.is_empty() {
                let count = state.jobs.len().min(JOBS).min(room);
                state.opening += count;
                return Take::Jobs(state.jobs.drain(..count).collect());
            }
            if streams > 0 {
                return Take::Nothing;
            }
            if let Some((index, job)) = state.slow.pop_front() {
                return Take::Alone(index, job);
            }
            if state.closed && state.opening == 0 && state.jobs.is_empty() {
                return Take::End;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives back what jobs turned out to be too large to be hashed at once.
    pub(super) fn opened(&self, jobs: usize, large: Vec<Opened>) {
        let mut state = self.lock();
        state.opening = state.opening.saturating_sub(jobs);
        state.large.extend(large);
        drop(state);
        self.changed.notify_all();
    }

    /// A large file has been hashed.
    pub(super) fn finished(&self) {
        let mut state = self.lock();
        state.live = state.live.saturating_sub(1);
        drop(state);
        // Somebody may wait for room to open more.
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left nothing half done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
