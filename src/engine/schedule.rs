//! The scheduling policy: a pure function from the state of all threads to one thread's next step.

use std::num::NonZeroUsize;
use std::sync::Arc;

/// The maximum number of jobs that a thread opens at a time, so that small files do not contend for
/// the lock and a disk has a deep queue: 40,000 small files on a cold virtual disk took two threads
/// 0.70 s with 16 jobs each, 0.55 s with 64 (`cargo bench --bench files`).
const MAX_OPENED_JOBS: usize = 64;
/// The maximum number of open large files that wait. A longer look ahead lets the largest start
/// first; this one stays below the usual limit of 1024 descriptors.
const LOOK_AHEAD: usize = 512;
/// The fewest remaining bytes of a file that are worth starting threads for.
const MIN_DIVIDED: u64 = 4 << 20;

/// The large files of a thread.
#[derive(Clone, Default)]
pub(super) struct Load {
    pub(super) streams: usize,
    /// The maximum number of files that the thread hashes at once.
    pub(super) max_streams: usize,
    /// The remaining bytes of all files, of the longest, and of the second longest.
    pub(super) bytes: u128,
    pub(super) longest: u64,
    pub(super) second_longest: u64,
    /// Set if other threads may continue the files.
    pub(super) is_movable: bool,
    /// `costs[n - 1]`: the cycles to hash one block of each of `n` files, up to `max_streams + 1`.
    pub(super) costs: Arc<[f64]>,
    /// Set if the thread will ask for more work: not during a blocking or divided job, nor later.
    pub(super) is_available: bool,
}

impl Load {
    fn cost(&self, streams: usize) -> f64 {
        let last = self.costs.len().saturating_sub(1);
        self.costs.get(streams.saturating_sub(1).min(last)).copied().unwrap_or(0.0)
    }

    /// Returns the most cycles, for blocks of one byte, that `threads` threads need for `files`
    /// if each hashes up to `share` at once.
    fn max_cycles(&self, files: &Files, threads: usize, share: usize) -> f64 {
        let share = share.min(self.max_streams).max(1);
        let longest = files.longest as f64;
        // Graham's bound: the last file starts as soon as one thread has capacity for it.
        let before = (files.bytes as f64 / threads as f64 - longest).max(0.0) / share as f64;
        let rest = if files.count > share * threads { before } else { 0.0 };
        self.cost(share) * (rest + longest)
    }
}

/// The number, the remaining bytes and the longest of a set of large files.
#[derive(Clone, Copy, Default)]
pub(super) struct Files {
    pub(super) count: usize,
    pub(super) bytes: u128,
    pub(super) longest: u64,
}

impl Files {
    pub(super) fn and(self, count: usize, bytes: u128, longest: u64) -> Self {
        let longest = self.longest.max(longest);
        Self { count: self.count + count, bytes: self.bytes + bytes, longest }
    }
}

/// The state of a run, as one thread sees it when it asks for work.
#[derive(Clone, Copy)]
pub(super) struct View<'s> {
    /// The index in `loads` of the thread that asks.
    pub(super) thread: usize,
    pub(super) loads: &'s [Load],
    /// The number of threads that hash, and the number that is useful for reading.
    pub(super) hashing_threads: usize,
    pub(super) threads: usize,
    /// The number of jobs that are not open, that are being opened, and that may block.
    pub(super) jobs: usize,
    pub(super) opening: usize,
    pub(super) blocking: usize,
    /// Open large files that no thread has, and how many of them may be read now.
    pub(super) waiting: Files,
    pub(super) startable: usize,
    /// The number of large files that threads have taken.
    pub(super) live: usize,
    /// The maximum number of open files.
    pub(super) max_open: usize,
    /// The number of threads that sleep.
    pub(super) asleep: usize,
    /// Set if there will be no more jobs.
    pub(super) is_closed: bool,
}

/// The next step of a thread.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Decision {
    /// Open this many jobs, and hash the small files among them.
    Open(usize),
    /// Take one more large file, the longest.
    Start,
    /// Leave all large files but the longest to other threads.
    GiveBack,
    /// Hash the rest of the only large file with this many threads: the others are idle.
    Divide(NonZeroUsize),
    /// Take a job that may block.
    TakeBlocking,
    /// Continue with the large files.
    Continue,
    /// Sleep until something changes.
    Sleep,
    /// Leave: there will be no more work.
    End,
}

/// Decides the next step of a thread.
pub(super) fn decide(view: &View<'_>) -> Decision {
    let load = &view.loads[view.thread];
    // More than its share would leave other cores idle.
    let share = (view.startable + view.live).div_ceil(view.threads);
    if let Some(threads) = threads_for_rest(view) {
        return Decision::Divide(threads);
    }
    if let Some(decision) = favor_longest(view, share) {
        return decision;
    }
    if load.streams < load.max_streams.min(share.max(1)) && view.startable > 0 {
        return Decision::Start;
    }
    let open = view.waiting.count + view.live + view.opening;
    let room = view.max_open.saturating_sub(open).max(usize::from(open == 0));
    if view.waiting.count < LOOK_AHEAD && room > 0 && view.jobs > 0 {
        let share = view.jobs.div_ceil(view.threads);
        return Decision::Open(share.min(MAX_OPENED_JOBS).min(room));
    }
    if load.streams > 0 {
        return Decision::Continue;
    }
    if view.blocking > 0 {
        return Decision::TakeBlocking;
    }
    // A large file of another thread may still be given back.
    if view.is_closed && view.opening == 0 && view.jobs == 0 && view.live == 0 {
        return Decision::End;
    }
    Decision::Sleep
}

/// Returns the number of threads for a thread's only file if the others have nothing else to do.
fn threads_for_rest(view: &View<'_>) -> Option<NonZeroUsize> {
    let load = &view.loads[view.thread];
    let is_idle = view.is_closed
        && view.jobs == 0
        && view.blocking == 0
        && view.opening == 0
        && view.waiting.count == 0;
    if !is_idle || load.streams != 1 || load.longest < MIN_DIVIDED {
        return None;
    }
    let threads = NonZeroUsize::new(view.hashing_threads.div_ceil(view.live.max(1)));
    threads.filter(|threads| threads.get() > 1)
}

/// Keeps the run's longest file from finishing last because it shares its thread.
///
/// Files that are hashed together slow each other down. If the others will have finished everything
/// else before the thread's longest file, the thread takes no more files, and gives back those that
/// the others would finish in time as well.
fn favor_longest(view: &View<'_>, share: usize) -> Option<Decision> {
    let load = &view.loads[view.thread];
    if load.streams > share && load.is_movable && view.waiting.count == 0 && view.asleep > 0 {
        return Some(Decision::GiveBack);
    }
    let (mut elsewhere, mut threads) = (view.waiting, 0);
    for (index, other) in view.loads.iter().enumerate() {
        if other.is_available && index != view.thread {
            elsewhere = elsewhere.and(other.streams, other.bytes, other.longest);
            threads += 1;
        }
    }
    // The sizes of unopened jobs are unknown: only one thread may wait for the others to open them.
    let longest = view.loads.iter().map(|load| load.longest).zip(0..).max();
    let is_known = view.jobs == 0 || longest == Some((load.longest, view.thread));
    let (cost, cost_with_one_more) = (load.cost(load.streams), load.cost(load.streams + 1));
    let is_slowed = load.streams > 0 && threads > 0 && cost_with_one_more > cost;
    // Strictly less: threads with equally long files must not all refuse the remaining ones.
    let finishes_after =
        |files: &Files, cost| load.max_cycles(files, threads, share) < cost * load.longest as f64;
    if !is_known || !is_slowed || !finishes_after(&elsewhere, cost_with_one_more) {
        return None;
    }
    let others = load.bytes - u128::from(load.longest);
    let all_others = elsewhere.and(load.streams - 1, others, load.second_longest);
    // A margin of a tenth, so that files do not go back and forth.
    let gives_back = load.is_movable && load.streams > 1 && finishes_after(&all_others, cost / 1.1);
    Some(if gives_back { Decision::GiveBack } else { Decision::Continue })
}

#[cfg(test)]
mod tests;
