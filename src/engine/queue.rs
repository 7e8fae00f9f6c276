//! What the hashing threads share: jobs to open, and opened files, largest first, divided fairly.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, getrlimit};

use super::Threads;
use super::order::Hands;
use super::read::{Access, Job, Opened};

/// Jobs handed out at a time, so that small files do not queue at the lock. All of them are open
/// at once and, where they are not in the page cache, before the disk at once: 40,000 small files
/// on a cold virtual disk took two threads 0.70 s with 16 each, 0.55 s with 64 (`benches/files.rs`).
const JOBS: usize = 64;
/// Large files that may wait opened. Looking this far ahead lets the largest start first; it stays
/// far below the 1024 descriptors that a process may usually have.
const LOOK_AHEAD: usize = 128;

/// Descriptors for everything else: the standard streams, the output, a list, a directory.
const OTHERS: usize = 8;
/// Directories that may stay open for the files in them to be opened from there.
const FOLDERS: usize = 64;

/// The work before the hashing threads.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: Threads,
    /// Files that may be open at a time.
    room: usize,
    /// The right to wait for a disk whose head has to travel: one reader at a time.
    head: Mutex<()>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    large: BinaryHeap<Opened>,
    /// Large files that a head has to travel to, of which one is read at a time.
    far: BinaryHeap<Opened>,
    /// FIFOs, terminals and the like, which may keep their reader waiting.
    slow: VecDeque<(u64, Job)>,
    /// Large files that some thread is hashing.
    live: usize,
    /// Whether one of them came from `far`.
    far_live: bool,
    /// Jobs that some thread is opening; they may turn out to be large.
    opening: usize,
    closed: bool,
    /// Threads that wait, and how many of them are to wake up: to tell somebody who does not
    /// sleep would still be a system call.
    asleep: usize,
    called: usize,
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
        let room = descriptors().saturating_sub(OTHERS + folders());
        let (state, changed, head) = (Mutex::default(), Condvar::new(), Mutex::new(()));
        Self { state, changed, threads, room, head }
    }

    pub(super) fn push(&self, index: u64, job: Job) -> Hands {
        let mut state = self.lock();
        let slow = job.access == Access::Slow;
        if slow { &mut state.slow } else { &mut state.jobs }.push_back((index, job));
        match state.call(1) {
            0 => Hands::Wanted,
            _ => {
                drop(state);
                self.changed.notify_one();
                Hands::Enough
            }
        }
    }

    /// Nothing more will be pushed.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        self.call_all(state);
    }

    /// Nothing more is to be done.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        let (asleep, called) = (state.asleep, state.called);
        *state = State { closed: true, asleep, called, ..State::default() };
        self.call_all(state);
    }

    /// Waits for work, unless `streams`, the number that the calling thread hashes at the moment,
    /// says that it has some; `most` is how many it can hash at once.
    pub(super) fn take(&self, streams: usize, most: usize) -> Take {
        let mut state = self.lock();
        loop {
            // More than its share would leave other cores idle.
            let waiting = state.large.len() + usize::from(!state.far_live && !state.far.is_empty());
            let share = (waiting + state.live).div_ceil(self.threads.get());
            if streams < most.min(share.max(1))
                && let Some(opened) = state.next_large()
            {
                state.live += 1;
                return Take::Stream(opened);
            }
            let waiting = state.large.len() + state.far.len();
            let open = waiting + state.live + state.opening;
            let room = if open == 0 { self.room.max(1) } else { self.room.saturating_sub(open) };
            if waiting < LOOK_AHEAD && room > 0 && !state.jobs.is_empty() {
                let share = state.jobs.len().div_ceil(self.threads.get());
                let count = share.min(JOBS).min(room);
                state.opening += count;
                return Take::Jobs(state.jobs.drain(..count).collect());
            }
            if streams > 0 {
                return Take::Nothing;
            }
            if let Some((index, job)) = state.slow.pop_front() {
                return Take::Alone(index, job);
            }
            if state.closed && state.opening == 0 && state.jobs.is_empty() && state.far.is_empty() {
                return Take::End;
            }
            state.asleep += 1;
            while state.called == 0 {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.called -= 1;
        }
    }

    /// Gives back what jobs turned out to be too large to be hashed at once.
    pub(super) fn opened(&self, jobs: usize, large: Vec<Opened>) {
        let mut state = self.lock();
        state.opening = state.opening.saturating_sub(jobs);
        for opened in large {
            if opened.is_far() { &mut state.far } else { &mut state.large }.push(opened);
        }
        self.call_all(state);
    }

    /// A large file has been hashed, which was or was not from a head's far end.
    pub(super) fn finished(&self, far: bool) {
        let mut state = self.lock();
        state.live = state.live.saturating_sub(1);
        state.far_live &= !far;
        // Somebody may wait for room to open more.
        self.call_all(state);
    }

    /// Waits until nobody else waits for a disk whose head has to travel.
    pub(super) fn head(&self) -> MutexGuard<'_, ()> {
        self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call_all(&self, mut state: MutexGuard<'_, State>) {
        let asleep = state.asleep;
        if state.call(asleep) > 0 {
            drop(state);
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left nothing half done here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Up to so many are to wake up; how many there were.
    fn call(&mut self, most: usize) -> usize {
        let count = self.asleep.min(most);
        self.asleep -= count;
        self.called += count;
        count
    }

    fn next_large(&mut self) -> Option<Opened> {
        if !self.far_live
            && let Some(opened) = self.far.pop()
        {
            self.far_live = true;
            return Some(opened);
        }
        self.large.pop()
    }
}

/// How many directories a walk may keep open.
pub(super) fn folders() -> usize {
    FOLDERS.min(descriptors() / 8)
}

/// How many descriptors a process may have.
fn descriptors() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors).unwrap_or(usize::MAX)
}
