//! The queue that hashing threads share: jobs to open, and opened large files, longest first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard};

use rustix::process::{Resource, getrlimit};

use crate::engine::job::{Access, Job};
use crate::engine::open_job::OpenJob;
use crate::engine::options::Source;
use crate::engine::ordered::JobQueue;
use crate::engine::outcome::Results;
use crate::engine::progress::HashProgress;
use crate::engine::schedule::{Decision, Files, Load, View, decide};
use crate::engine::stream::Stream;
use crate::engine::system;
use crate::engine::threads::Threads;
use crate::fs::lock::{lock, wait};

/// The minimum number of threads for remote files, unless the caller sets it: they mostly wait for
/// the server. 1000 small files that take 2 ms to open and 2 ms to read took two threads 2.6 s, 16
/// threads 0.5 s.
const REMOTE_THREADS: usize = 16;
/// The number of jobs between two checks for remote files.
const REMOTE_CHECK_INTERVAL: u64 = 1024;

/// Descriptors for the standard streams, the output, a checksum file and a directory.
const OTHER_DESCRIPTORS: usize = 8;
/// The maximum number of directories that a walk keeps open.
const MAX_DIRECTORIES: usize = 64;

/// The work of a run.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    threads: Threads,
    /// Set if the last check found files on a network.
    is_remote: AtomicBool,
    /// The maximum number of open files.
    max_open: usize,
    /// Held while reading from a rotating disk: one reader at a time.
    rotating_disk: Mutex<()>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    /// FIFOs, terminals and other files that may block their reader.
    blocking: VecDeque<(u64, Job)>,
    large: WaitingStreams,
    /// Large files on rotating disks, of which one is read at a time.
    rotating: WaitingStreams,
    /// Set while a thread has a file from `rotating`.
    is_rotating_live: bool,
    /// The remaining bytes of the large files that wait.
    waiting_bytes: u128,
    /// The number of large files that threads have taken.
    live: usize,
    loads: Vec<Load>,
    /// The number of jobs that threads are opening; they may turn out to be large.
    opening: usize,
    is_closed: bool,
    is_stopped: bool,
    /// The numbers of sleeping threads and of woken ones. Notifying is a system call even if no
    /// thread sleeps.
    asleep: usize,
    woken: usize,
}

/// The queue of a hashing thread, and the results that it has yet to deliver.
pub(super) struct WorkerContext<'q> {
    pub(super) queue: &'q Queue,
    pub(super) progress: Option<&'q HashProgress>,
    pub(super) results: Results,
}

/// Large files that wait, the longest last.
type WaitingStreams = BTreeMap<(u64, Reverse<u64>), Stream>;

/// Work for a thread.
#[allow(clippy::large_enum_variant)] // one for each file, and moved once
pub(super) enum Work {
    /// Open these jobs, hash the small files and return the others.
    Jobs(Vec<(u64, Job)>),
    /// Take one more large file.
    Stream(Stream),
    /// Open and hash this job, which may block.
    Blocking(u64, Job),
    /// Give back all large files but the longest.
    GiveBack,
    /// Hash the rest of the only large file with several threads.
    Divide(Threads),
    /// Continue with the large files.
    Continue,
    /// Leave, and drop unfinished files.
    End,
}

impl Queue {
    pub(super) fn new(threads: Threads) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            threads,
            is_remote: AtomicBool::new(false),
            max_open: descriptors().saturating_sub(OTHER_DESCRIPTORS + max_directories()),
            rotating_disk: Mutex::new(()),
        }
    }

    /// Returns the maximum useful number of threads.
    fn useful_threads(&self) -> usize {
        let threads = self.threads.get();
        match self.is_remote.load(Relaxed) {
            true if self.threads.0.is_none() => threads.max(REMOTE_THREADS),
            _ => threads,
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        lock(&self.state).is_stopped
    }

    /// Adds a thread; returns its number.
    pub(super) fn enter(&self) -> usize {
        let mut state = lock(&self.state);
        state.loads.push(Load::default());
        state.loads.len() - 1
    }

    /// Returns the next work of a thread; waits for it if the thread has no large files.
    pub(super) fn take(&self, thread: usize, load: Load) -> Work {
        let threads = self.useful_threads();
        let mut state = lock(&self.state);
        if state.is_stopped {
            return Work::End;
        }
        state.loads[thread] = Load { is_available: true, ..load };
        loop {
            let decision = decide(&View {
                thread,
                loads: &state.loads,
                hashing_threads: self.threads.get(),
                threads,
                jobs: state.jobs.len(),
                opening: state.opening,
                blocking: state.blocking.len(),
                waiting: state.waiting(),
                startable: state.startable(),
                live: state.live,
                max_open: self.max_open,
                asleep: state.asleep,
                is_closed: state.is_closed,
            });
            match decision {
                Decision::Open(count) => {
                    state.opening += count;
                    return Work::Jobs(state.jobs.drain(..count).collect());
                }
                Decision::Start => {
                    if let Some(stream) = state.pop_stream() {
                        return Work::Stream(stream);
                    }
                }
                Decision::TakeBlocking => {
                    if let Some((index, job)) = state.blocking.pop_front() {
                        state.loads[thread].is_available = false;
                        return Work::Blocking(index, job);
                    }
                }
                Decision::Divide(threads) => {
                    state.loads[thread].is_available = false;
                    return Work::Divide(Threads(Some(threads)));
                }
                Decision::GiveBack => return Work::GiveBack,
                Decision::Continue => return Work::Continue,
                Decision::End => {
                    state.loads[thread].is_available = false;
                    return Work::End;
                }
                Decision::Sleep => state = self.sleep(state),
            }
            if state.is_stopped {
                return Work::End;
            }
        }
    }

    fn sleep<'q>(&self, mut state: MutexGuard<'q, State>) -> MutexGuard<'q, State> {
        state.asleep += 1;
        while state.woken == 0 {
            state = wait(&self.changed, state);
        }
        state.woken -= 1;
        state
    }

    /// Reports that `jobs` jobs have been opened, and adds the large files among them.
    pub(super) fn opened(&self, jobs: usize, large: Vec<OpenJob>) {
        let mut state = lock(&self.state);
        state.opening = state.opening.saturating_sub(jobs);
        large.into_iter().map(Stream::new).for_each(|stream| state.push_stream(stream));
        self.wake_all(state);
    }

    /// Takes back large files of a thread.
    pub(super) fn give_back(&self, streams: Vec<Stream>) {
        let mut state = lock(&self.state);
        state.live = state.live.saturating_sub(streams.len());
        streams.into_iter().for_each(|stream| state.push_stream(stream));
        self.wake_all(state);
    }

    /// Reports that a large file is finished; `was_rotating` is set if it was on a rotating disk.
    pub(super) fn finished(&self, was_rotating: bool) {
        let mut state = lock(&self.state);
        state.live = state.live.saturating_sub(1);
        state.is_rotating_live &= !was_rotating;
        // One more file may be opened now.
        self.wake_all(state);
    }

    /// Waits until no other thread reads from a rotating disk.
    pub(super) fn lock_rotating_disk(&self) -> MutexGuard<'_, ()> {
        lock(&self.rotating_disk)
    }

    fn wake_all(&self, mut state: MutexGuard<'_, State>) {
        let asleep = state.asleep;
        if state.wake(asleep) {
            drop(state);
            self.changed.notify_all();
        }
    }
}

impl JobQueue<Job> for Queue {
    fn push(&self, index: u64, job: Job, workers: usize) -> bool {
        if index.is_multiple_of(REMOTE_CHECK_INTERVAL)
            && let Source::Path(path) = &job.source
        {
            self.is_remote.store(system::is_remote(path), Relaxed);
        }
        let mut state = lock(&self.state);
        let is_blocking = job.access == Access::Blocking;
        let jobs = if is_blocking { &mut state.blocking } else { &mut state.jobs };
        jobs.push_back((index, job));
        let has_sleeper = state.wake(1);
        drop(state);
        if has_sleeper {
            self.changed.notify_one();
        }
        !has_sleeper && workers < self.useful_threads()
    }

    fn close(&self) {
        let mut state = lock(&self.state);
        state.is_closed = true;
        self.wake_all(state);
    }

    fn stop(&self) {
        let mut state = lock(&self.state);
        let (asleep, woken) = (state.asleep, state.woken);
        let loads = std::mem::take(&mut state.loads);
        let (is_closed, is_stopped) = (true, true);
        *state = State { is_closed, is_stopped, loads, asleep, woken, ..State::default() };
        self.wake_all(state);
    }
}

impl State {
    /// Marks up to `max` sleeping threads to be woken; returns `true` if there are any.
    fn wake(&mut self, max: usize) -> bool {
        let count = self.asleep.min(max);
        self.asleep -= count;
        self.woken += count;
        count > 0
    }

    fn waiting(&self) -> Files {
        let longest = |files: &WaitingStreams| files.last_key_value().map(|(key, _)| key.0);
        let longest = longest(&self.large).max(longest(&self.rotating)).unwrap_or(0);
        Files { count: self.large.len() + self.rotating.len(), bytes: self.waiting_bytes, longest }
    }

    /// Returns the number of waiting files that may be read now.
    fn startable(&self) -> usize {
        self.large.len() + usize::from(!self.is_rotating_live && !self.rotating.is_empty())
    }

    fn push_stream(&mut self, stream: Stream) {
        self.waiting_bytes += u128::from(stream.remaining());
        let is_rotating = stream.file.is_on_rotating_disk;
        let files = if is_rotating { &mut self.rotating } else { &mut self.large };
        files.insert(stream.key(), stream);
    }

    fn pop_stream(&mut self) -> Option<Stream> {
        let rotating = if self.is_rotating_live { None } else { self.rotating.pop_last() };
        self.is_rotating_live |= rotating.is_some();
        let (_, stream) = rotating.or_else(|| self.large.pop_last())?;
        self.waiting_bytes -= u128::from(stream.remaining());
        self.live += 1;
        Some(stream)
    }
}

/// Returns the number of directories that a walk may keep open.
pub(super) fn max_directories() -> usize {
    MAX_DIRECTORIES.min(descriptors() / 8)
}

/// Returns the number of descriptors that the process may have.
fn descriptors() -> usize {
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    fn job(path: &str, access: Access) -> Job {
        Job::new(path.into(), access, [].into())
    }

    fn load() -> Load {
        Load { max_streams: 4, costs: [1.0].into(), ..Load::default() }
    }

    #[test]
    fn a_thread_waits_for_files_that_may_be_given_back() {
        let queue = Queue::new(Threads(NonZeroUsize::new(2)));
        let (a, b) = (queue.enter(), queue.enter());
        let file = tempfile::NamedTempFile::new().unwrap();
        let job = Job::new(file.path().into(), Access::Walked, [].into());
        queue.opened(0, vec![OpenJob::new(0, job).unwrap()]);
        queue.close();
        let Work::Stream(stream) = queue.take(a, load()) else { panic!("no stream") };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| queue.take(b, load()));
            while lock(&queue.state).asleep == 0 && !other.is_finished() {
                std::thread::yield_now();
            }
            queue.give_back(vec![stream]);
            assert!(matches!(other.join().unwrap(), Work::Stream(_)));
        });
        queue.finished(false);
        assert!(matches!(queue.take(a, load()), Work::End));
    }

    #[test]
    fn a_thread_that_may_block_is_not_available() {
        let queue = Queue::new(Threads::ONE);
        let thread = queue.enter();
        queue.push(0, job("/", Access::Blocking), 1);
        assert!(matches!(queue.take(thread, Load::default()), Work::Blocking(0, _)));
        assert!(!lock(&queue.state).loads[thread].is_available);
        queue.close();
        assert!(matches!(queue.take(thread, Load::default()), Work::End));
        assert!(!lock(&queue.state).loads[thread].is_available);
    }

    #[test]
    fn remote_files_get_more_threads_by_default() {
        for (threads, min) in [(None, REMOTE_THREADS), (NonZeroUsize::new(2), 2)] {
            let queue = Queue::new(Threads(threads));
            queue.push(0, job("/proc/self/stat", Access::Walked), 1);
            assert_eq!(queue.useful_threads(), Threads(threads).get());
            queue.is_remote.store(true, Relaxed);
            let useful = queue.useful_threads();
            assert!(useful >= min && (threads.is_none() || useful == min));
        }
    }
}
