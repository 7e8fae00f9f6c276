//! What the hashing threads share: jobs to open, and opened files, largest first, divided fairly.

use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use rustix::process::{Resource, getrlimit};

use super::order::Hands;
use super::read::{Access, Job, Opened};
use super::streams::Stream;
use super::system;
use super::{Source, Threads};
use crate::fs::lock::{lock, wait};

/// Jobs handed out at a time, so that small files do not queue at the lock. All of them are open
/// at once and, where they are not in the page cache, before the disk at once: 40,000 small files
/// on a cold virtual disk took two threads 0.70 s with 16 each, 0.55 s with 64 (`benches/files.rs`).
const JOBS: usize = 64;
/// Large files that may wait opened. Looking this far ahead lets the largest start first; it stays
/// below the 1024 descriptors that a process may usually have.
const LOOK_AHEAD: usize = 512;

/// Bytes left of a file that are worth the start of some threads.
const DIVIDED: u64 = 4 << 20;

/// Threads that read over a network, where nobody says how many: each waits for an answer most of the
/// time. 1000 small files that take 2 ms to open and 2 ms to read took two threads 2.6 s, 16 0.5 s.
const REMOTE: usize = 16;
/// Every so many files it is looked where they are.
const ASK: u64 = 1024;

/// Descriptors for everything else: the standard streams, the output, a list, a directory.
const OTHERS: usize = 8;
/// Directories that may stay open for the files in them to be opened from there.
const FOLDERS: usize = 64;

/// The work before the hashing threads.
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: Threads,
    /// Whether files come over a network, as far as was looked.
    remote: AtomicBool,
    /// Files that may be open at a time.
    room: usize,
    /// The right to wait for a disk whose head has to travel: one reader at a time.
    head: Mutex<()>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    large: BinaryHeap<Stream>,
    /// Large files that a head has to travel to, of which one is read at a time.
    far: BinaryHeap<Stream>,
    /// FIFOs, terminals and the like, which may keep their reader waiting.
    slow: VecDeque<(u64, Job)>,
    /// Large files that some thread is hashing.
    live: usize,
    /// Whether one of them came from `far`.
    far_live: bool,
    /// Bytes of the large files that wait.
    waiting_bytes: u128,
    /// What the threads have under way, by their numbers.
    loads: Vec<Load>,
    /// Jobs that some thread is opening; they may turn out to be large.
    opening: usize,
    closed: bool,
    stopped: bool,
    /// Threads that wait, and how many of them are to wake up: to tell somebody who does not
    /// sleep would still be a system call.
    asleep: usize,
    called: usize,
}

/// What a thread has under way.
#[derive(Clone, Default)]
pub(super) struct Load {
    /// Large files, and how many of them it can hash at once.
    pub(super) streams: usize,
    pub(super) most: usize,
    /// Bytes left of them, of the longest, and of the longest but one.
    pub(super) left: u128,
    pub(super) longest: u64,
    pub(super) second: u64,
    /// Whether others may go on with some of them.
    pub(super) divisible: bool,
    /// Cycles for a block of each of one file, of two, and so on up to one more than `most`.
    pub(super) costs: Arc<[f64]>,
    /// Whether the thread comes back for more: not while it has a file for itself, nor at the end.
    pub(super) here: bool,
}

impl Load {
    fn cost(&self, streams: usize) -> f64 {
        let last = self.costs.len().saturating_sub(1);
        self.costs.get(streams.saturating_sub(1).min(last)).copied().unwrap_or(0.0)
    }

    /// Cycles in which so many threads, each with up to `share` files at once, surely hash these;
    /// for a block's length in bytes as one.
    fn time(&self, files: &Files, threads: usize, share: usize) -> f64 {
        let share = share.min(self.most).max(1);
        let longest = files.longest as f64;
        // The last one begins when there is room for it (Graham's bound).
        let before = (files.bytes as f64 / threads as f64 - longest).max(0.0) / share as f64;
        let rest = if files.count > share * threads { before } else { 0.0 };
        self.cost(share) * (rest + longest)
    }
}

/// Large files, and the bytes left of them.
#[derive(Clone, Copy, Default)]
struct Files {
    count: usize,
    bytes: u128,
    longest: u64,
}

impl Files {
    fn and(self, count: usize, bytes: u128, longest: u64) -> Self {
        let longest = self.longest.max(longest);
        Self { count: self.count + count, bytes: self.bytes + bytes, longest }
    }
}

/// What a thread is to do next.
pub(super) enum Take {
    /// Open these, and hash the small ones.
    Jobs(Vec<(u64, Job)>),
    /// One more file to hash along with those under way.
    Stream(Stream),
    /// Leave all but the longest of those under way to others.
    GiveBack,
    /// A file to open and hash for itself.
    Alone(u64, Job),
    /// Hash the rest of the one under way by so many threads: others have nothing to do any more.
    Rest(Threads),
    /// Go on with those under way.
    Nothing,
    /// There will never be anything more, and what is under way is not wanted.
    End,
}

impl Queue {
    pub(super) fn new(threads: Threads) -> Self {
        let room = descriptors().saturating_sub(OTHERS + folders());
        let (state, changed, head) = (Mutex::default(), Condvar::new(), Mutex::new(()));
        Self { state, changed, threads, remote: AtomicBool::new(false), room, head }
    }

    /// How many threads are worth having.
    pub(super) fn most(&self) -> usize {
        let threads = self.threads.get();
        match self.remote.load(Relaxed) {
            true if self.threads.0.is_none() => threads.max(REMOTE),
            _ => threads,
        }
    }

    pub(super) fn push(&self, index: u64, job: Job) -> Hands {
        if index.is_multiple_of(ASK)
            && let Source::Path(path) = &job.source
        {
            self.remote.store(system::is_remote(path), Relaxed);
        }
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

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().stopped
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
        let loads = std::mem::take(&mut state.loads);
        let (closed, stopped) = (true, true);
        *state = State { closed, stopped, loads, asleep, called, ..State::default() };
        self.call_all(state);
    }

    /// One more thread takes part: its number.
    pub(super) fn enter(&self) -> usize {
        let mut state = self.lock();
        state.loads.push(Load::default());
        state.loads.len() - 1
    }

    /// Waits for work, unless the calling thread has some under way.
    pub(super) fn take(&self, thread: usize, load: Load) -> Take {
        let threads = self.most();
        let mut state = self.lock();
        if state.stopped {
            return Take::End;
        }
        let (streams, most) = (load.streams, load.most);
        state.loads[thread] = Load { here: true, ..load };
        loop {
            // More than its share would leave other cores idle.
            let waiting = state.large.len() + usize::from(!state.far_live && !state.far.is_empty());
            let share = (waiting + state.live).div_ceil(threads);
            if let Some(threads) = state.idle(self.threads, thread) {
                state.loads[thread].here = false;
                return Take::Rest(threads);
            }
            if let Some(take) = state.spare_longest(thread, state.waiting(), share) {
                return take;
            }
            if streams < most.min(share.max(1))
                && let Some(stream) = state.next_large()
            {
                state.live += 1;
                return Take::Stream(stream);
            }
            let waiting = state.large.len() + state.far.len();
            let open = waiting + state.live + state.opening;
            let room = if open == 0 { self.room.max(1) } else { self.room.saturating_sub(open) };
            if waiting < LOOK_AHEAD && room > 0 && !state.jobs.is_empty() {
                let share = state.jobs.len().div_ceil(threads);
                let count = share.min(JOBS).min(room);
                state.opening += count;
                return Take::Jobs(state.jobs.drain(..count).collect());
            }
            if streams > 0 {
                return Take::Nothing;
            }
            if let Some((index, job)) = state.slow.pop_front() {
                state.loads[thread].here = false;
                return Take::Alone(index, job);
            }
            // Of what is under way something may be given back.
            if state.closed && state.opening == 0 && state.jobs.is_empty() && state.live == 0 {
                state.loads[thread].here = false;
                return Take::End;
            }
            state.asleep += 1;
            while state.called == 0 {
                state = wait(&self.changed, state);
            }
            state.called -= 1;
            if state.stopped {
                return Take::End;
            }
        }
    }

    /// Gives back what jobs turned out to be too large to be hashed at once.
    pub(super) fn opened(&self, jobs: usize, large: Vec<Opened>) {
        let mut state = self.lock();
        state.opening = state.opening.saturating_sub(jobs);
        large.into_iter().map(Stream::new).for_each(|stream| state.push(stream));
        self.call_all(state);
    }

    /// Gives back files that were under way.
    pub(super) fn give_back(&self, streams: Vec<Stream>) {
        let mut state = self.lock();
        state.live = state.live.saturating_sub(streams.len());
        streams.into_iter().for_each(|stream| state.push(stream));
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
        lock(&self.head)
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
        lock(&self.state)
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

    /// The threads that a thread with one file can have for it, where there will be nothing else to do
    /// for some.
    fn idle(&self, threads: Threads, thread: usize) -> Option<Threads> {
        let load = &self.loads[thread];
        let nothing_waits = self.closed
            && self.jobs.is_empty()
            && self.slow.is_empty()
            && self.opening == 0
            && self.waiting().count == 0;
        if !nothing_waits || load.streams != 1 || load.longest < DIVIDED {
            return None;
        }
        let threads = NonZeroUsize::new(threads.get().div_ceil(self.live.max(1)));
        threads.filter(|threads| threads.get() > 1).map(|threads| Threads(Some(threads)))
    }

    /// What a thread is to do that has a file which would end later for company: nothing else, if
    /// the others are done with all else before. `waiting` are files that nobody has yet.
    fn spare_longest(&self, thread: usize, waiting: Files, share: usize) -> Option<Take> {
        let load = &self.loads[thread];
        if load.streams > share && load.divisible && waiting.count == 0 && self.asleep > 0 {
            return Some(Take::GiveBack);
        }
        let others = self.loads.iter().zip(0..).filter(|(load, i)| load.here && *i != thread);
        let (mut elsewhere, mut threads) = (waiting, 0);
        for (load, _) in others {
            elsewhere = elsewhere.and(load.streams, load.left, load.longest);
            threads += 1;
        }
        // How large the jobs are that are not open yet, nobody knows: somebody has to find out.
        let longest = self.loads.iter().map(|load| load.longest).zip(0..).max();
        let known = self.jobs.is_empty() || longest == Some((load.longest, thread));
        let (cost, wider) = (load.cost(load.streams), load.cost(load.streams + 1));
        let costs = load.streams > 0 && threads > 0 && wider > cost;
        // Not those that are as long: of threads with equal files, some have to take more.
        let ends_last =
            |files: &Files, cost| load.time(files, threads, share) < cost * load.longest as f64;
        if !known || !costs || !ends_last(&elsewhere, wider) {
            return None;
        }
        let company = load.left - u128::from(load.longest);
        let all = elsewhere.and(load.streams - 1, company, load.second);
        // Less than a tenth is not worth it, and might be given back and forth.
        let give = load.divisible && load.streams > 1 && ends_last(&all, cost / 1.1);
        Some(if give { Take::GiveBack } else { Take::Nothing })
    }

    /// The large files that wait.
    fn waiting(&self) -> Files {
        let longest = |files: &BinaryHeap<Stream>| files.peek().map_or(0, Stream::left);
        let longest = longest(&self.large).max(longest(&self.far));
        Files { count: self.large.len() + self.far.len(), bytes: self.waiting_bytes, longest }
    }

    fn push(&mut self, stream: Stream) {
        self.waiting_bytes += u128::from(stream.left());
        if stream.is_far() { &mut self.far } else { &mut self.large }.push(stream);
    }

    fn next_large(&mut self) -> Option<Stream> {
        let far = if self.far_live { None } else { self.far.pop() };
        self.far_live |= far.is_some();
        let next = far.or_else(|| self.large.pop());
        self.waiting_bytes -= u128::from(next.as_ref().map_or(0, Stream::left));
        next
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

#[cfg(test)]
mod tests;
