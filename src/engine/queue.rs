//! What the hashing threads share: jobs to open, and opened files, largest first, divided fairly.

use std::collections::{BinaryHeap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustix::process::{Resource, getrlimit};

use super::order::Hands;
use super::read::{Access, Job, Opened};
use super::streams::Stream;
use super::system;
use super::{Source, Threads};

/// Jobs handed out at a time, so that small files do not queue at the lock. All of them are open
/// at once and, where they are not in the page cache, before the disk at once: 40,000 small files
/// on a cold virtual disk took two threads 0.70 s with 16 each, 0.55 s with 64 (`benches/files.rs`).
const JOBS: usize = 64;
/// Large files that may wait opened. Looking this far ahead lets the largest start first; it stays
/// below the 1024 descriptors that a process may usually have.
const LOOK_AHEAD: usize = 512;

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
    waiting_bytes: u64,
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
#[derive(Clone, Copy, Default)]
pub(super) struct Load {
    /// Large files, and how many of them it can hash at once.
    pub(super) streams: usize,
    pub(super) most: usize,
    /// Bytes left of them, and of the longest.
    pub(super) left: u64,
    pub(super) longest: u64,
    /// Whether others may go on with some of them.
    pub(super) divisible: bool,
    /// Cycles for a block of each, the same with one more, and for a block at best.
    pub(super) cost: f64,
    pub(super) wider: f64,
    pub(super) best: f64,
}

impl Load {
    /// Whether the longest ends last of all if a block of it takes `cost` cycles: not before
    /// the other threads have hashed `elsewhere` bytes each. Company is better left to those then.
    fn delays_longest(&self, elsewhere: u64, cost: f64) -> bool {
        // Nor are others always at their best.
        let time_elsewhere = 1.25 * self.best * elsewhere as f64;
        time_elsewhere <= cost * self.longest as f64
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
        state.loads[thread] = load;
        if let Some(take) = state.spare_longest(thread, threads - 1) {
            return take;
        }
        loop {
            // More than its share would leave other cores idle.
            let waiting = state.large.len() + usize::from(!state.far_live && !state.far.is_empty());
            let share = (waiting + state.live).div_ceil(threads);
            if load.streams < load.most.min(share.max(1))
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
            if load.streams > 0 {
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

    /// What a thread is to do that has the file which will end last of all: nothing else, if it
    /// would end later for company, which the `others` can have.
    fn spare_longest(&self, thread: usize, others: usize) -> Option<Take> {
        let load = &self.loads[thread];
        let bytes: u64 = self.loads.iter().map(|load| load.left).sum();
        let elsewhere = self.waiting_bytes + bytes - load.left;
        // How large the jobs are that are not open yet, nobody knows: somebody has to find out.
        let longest = self.loads.iter().map(|load| load.longest).zip(0..).max();
        let known = self.jobs.is_empty() || longest == Some((load.longest, thread));
        let costs = load.wider > load.cost && load.streams > 0 && others > 0;
        if !known || !costs || !load.delays_longest(elsewhere / others as u64, load.wider) {
            return None;
        }
        let company = (elsewhere + load.left - load.longest) / others as u64;
        let give = load.divisible && load.streams > 1 && load.delays_longest(company, load.cost);
        Some(if give { Take::GiveBack } else { Take::Nothing })
    }

    fn push(&mut self, stream: Stream) {
        self.waiting_bytes += stream.left();
        if stream.is_far() { &mut self.far } else { &mut self.large }.push(stream);
    }

    fn next_large(&mut self) -> Option<Stream> {
        let far = if self.far_live { None } else { self.far.pop() };
        self.far_live |= far.is_some();
        let next = far.or_else(|| self.large.pop());
        self.waiting_bytes -= next.as_ref().map_or(0, Stream::left);
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
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    const MB: u64 = 1 << 20;

    /// Of files hashed like SHA-256 on SHA-NI.
    fn load(streams: usize, left: u64, longest: u64) -> Load {
        let cost = |streams: usize| [0.0, 129.0, 138.0, 167.0, 203.0, 332.0][streams];
        let (cost, wider, best) = (cost(streams), cost(streams + 1), 203.0 / 4.0);
        Load { streams, most: 4, left, longest, divisible: true, cost, wider, best }
    }

    /// What the first of the threads is told.
    fn told(loads: &[Load], waiting_bytes: u64) -> Option<&'static str> {
        let state = State { loads: loads.to_vec(), waiting_bytes, ..State::default() };
        state.spare_longest(0, loads.len() - 1).map(|take| match take {
            Take::GiveBack => "give back",
            Take::Nothing => "nothing",
            _ => "something else",
        })
    }

    #[test]
    fn the_longest_file_has_no_company_that_others_can_have() {
        let (small, none) = (load(4, 40 * MB, 10 * MB), Load::default());
        assert_eq!(told(&[load(1, 400 * MB, 400 * MB), small], 100 * MB), Some("nothing"));
        assert_eq!(told(&[load(4, 460 * MB, 400 * MB), small], 100 * MB), Some("give back"));
        // It ends before the rest all the same.
        assert_eq!(told(&[load(1, 400 * MB, 400 * MB), small], 2000 * MB), None);
        assert_eq!(told(&[small, small], 100 * MB), None);
        // Nobody else is there.
        assert_eq!(told(&[load(4, 460 * MB, 400 * MB)], 0), None);
        assert_eq!(told(&[none, none], 0), None);
        // One more costs nothing.
        let free = Load { wider: 129.0, ..load(1, 400 * MB, 400 * MB) };
        assert_eq!(told(&[free, small], 0), None);
        // A disk's head is not sent elsewhere.
        let far = Load { divisible: false, ..load(4, 460 * MB, 400 * MB) };
        assert_eq!(told(&[far, small], 100 * MB), Some("nothing"));
    }

    #[test]
    fn more_threads_read_over_a_network_unless_the_user_says() {
        for (threads, most) in [(None, REMOTE), (NonZeroUsize::new(2), 2)] {
            let queue = Queue::new(Threads(threads));
            queue.push(0, Job::new("/proc/self/stat".into(), Access::Found, [].into()));
            assert_eq!(queue.most(), Threads(threads).get());
            queue.remote.store(true, Relaxed);
            assert!(queue.most() >= most && (threads.is_none() || queue.most() == most));
        }
    }

    #[test]
    fn somebody_always_opens_what_is_not_open_yet() {
        let job = || Job::new("/".into(), Access::Found, [].into());
        for loads in [[10, 10, 10], [10, 20, 10], [30, 20, 10], [0, 0, 0]] {
            let loads = loads.map(|size| load(usize::from(size > 0), size * MB, size * MB));
            let jobs = VecDeque::from([(0, job())]);
            let state = State { loads: loads.to_vec(), jobs, ..State::default() };
            let told = (0..3).filter(|thread| state.spare_longest(*thread, 2).is_none());
            assert!(told.count() >= 2);
        }
    }
}
