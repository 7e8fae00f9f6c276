//! The scheduler: the longest jobs come first, and a lane whose job ends takes the next one.

use crate::hasher::iterated::IteratedHash;
use crate::hasher::wipe::wipe;
use crate::lanes::select::Dispatcher;

/// A source of jobs that takes their final states back.
pub(super) trait JobSource<'m, H: IteratedHash> {
    /// Returns the next job, longest first.
    fn next(&mut self) -> Option<Job<'m, H>>;
    /// Takes the state of a job after its last block.
    fn done(&mut self, number: usize, state: &H::State);
}

/// A state, and one or more whole blocks to advance it by.
pub(super) struct Job<'m, H: IteratedHash> {
    pub(super) number: usize,
    pub(super) state: H::State,
    pub(super) blocks: &'m [H::Unit],
}

/// The secrecy of states; secret ones are wiped after use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Secrecy {
    Public,
    Secret,
}

/// Runs all jobs, in lanes that are kept full as long as there are jobs.
pub(super) fn run<'m, H: IteratedHash, const N: usize>(
    kernels: &Dispatcher<'_, H, N>,
    initial: H::State,
    work: &mut impl JobSource<'m, H>,
    secrecy: Secrecy,
) {
    // Before the lanes are laid out: a batch of short messages has no jobs.
    let Some(first) = work.next() else { return };
    let mut states = [[initial; N]; 2];
    let mut inputs: [[&[H::Unit]; N]; 2] = [[&[]; N]; 2];
    let mut rest: [&[H::Unit]; N] = [&[]; N];
    let mut numbers = [0; N];
    (numbers[0], states[0][0], rest[0]) = (first.number, first.state, first.blocks);
    let mut live = 1;
    while live < kernels.width {
        let Some(job) = work.next() else { break };
        (numbers[live], states[0][live], rest[live]) = (job.number, job.state, job.blocks);
        live += 1;
    }
    while live > 0 {
        let step = rest[..live].iter().map(|rest| rest.len()).min().unwrap_or(0);
        for (input, rest) in inputs[0].iter_mut().zip(&mut rest[..live]) {
            (*input, *rest) = rest.split_at(step);
        }
        kernels.run(&mut states, &mut inputs, live);

        let mut lane = 0;
        while lane < live {
            if !rest[lane].is_empty() {
                lane += 1;
                continue;
            }
            work.done(numbers[lane], &states[0][lane]);
            if let Some(job) = work.next() {
                (numbers[lane], states[0][lane], rest[lane]) = (job.number, job.state, job.blocks);
                lane += 1;
            } else {
                // Live lanes stay side by side.
                live -= 1;
                (numbers[lane], states[0][lane], rest[lane]) =
                    (numbers[live], states[0][live], rest[live]);
            }
        }
    }
    if secrecy == Secrecy::Secret {
        wipe(&mut states, [[kernels.hash.initial(); N]; 2]);
    }
}

/// An order of jobs that leaves no straggler: the longest first, in windows of [`WINDOW`] jobs per
/// lane, so that short ones fill up the lanes towards the end.
pub(super) struct LongestFirst<const N: usize> {
    /// The number of jobs.
    total: usize,
    /// The number of jobs that have been in a window.
    seen: usize,
    /// Blocks and number of each job in the window, ascending; the last is the next.
    window: [[u64; N]; WINDOW],
    /// The number of jobs left in the window.
    left: usize,
}

/// Jobs per lane that are sorted at once: the short ones must fill the lanes while a long one ends
/// (`cargo bench --bench lanes -- uneven`).
const WINDOW: usize = 16;

impl<const N: usize> LongestFirst<N> {
    const SIZE: u64 = (WINDOW * N) as u64;

    pub(super) fn new(total: usize) -> Self {
        Self { total, seen: 0, window: [[0; N]; WINDOW], left: 0 }
    }

    /// Returns the next job's number; `blocks` returns the length of each.
    #[inline]
    pub(super) fn next(&mut self, blocks: impl Fn(usize) -> usize) -> Option<usize> {
        if self.left == 0 {
            self.refill(blocks);
        }
        self.left = self.left.checked_sub(1)?;
        let key = self.window.as_flattened()[self.left];
        Some(self.seen - 1 - (key % Self::SIZE) as usize)
    }

    fn refill(&mut self, blocks: impl Fn(usize) -> usize) {
        let remaining = self.total - self.seen;
        // Windows of equal size: a small last one would have nothing to run beside its stragglers.
        self.left = remaining.div_ceil(remaining.div_ceil(Self::SIZE as usize).max(1));
        self.seen += self.left;
        let window = &mut self.window.as_flattened_mut()[..self.left];
        for (place, key) in window.iter_mut().enumerate() {
            // Counted backwards, so that among equally long jobs the first in memory comes first.
            *key = blocks(self.seen - 1 - place) as u64 * Self::SIZE + place as u64;
        }
        window.sort_unstable();
    }
}

/// The last blocks of messages, the same number of each, collected until every lane has some.
pub(super) struct Ends<H: IteratedHash, const N: usize> {
    pub(super) blocks: usize,
    pub(super) len: usize,
    pub(super) numbers: [usize; N],
    pub(super) states: [[H::State; N]; 2],
    pub(super) ends: [H::End; N],
}

impl<H: IteratedHash, const N: usize> Ends<H, N> {
    #[inline(always)] // so that the large value is not copied
    pub(super) fn new(initial: H::State, blocks: usize) -> Self {
        Self { blocks, len: 0, numbers: [0; N], states: [[initial; N]; 2], ends: [H::END; N] }
    }

    /// Adds a message by its number, and returns its end for the caller to fill in.
    pub(super) fn push(&mut self, number: usize, state: &H::State) -> &mut H::End {
        let place = self.len;
        self.len += 1;
        self.numbers[place] = number;
        self.states[0][place] = *state;
        &mut self.ends[place]
    }

    /// Advances every state by its end.
    pub(super) fn run(&mut self, hash: &H, kernels: &Dispatcher<'_, H, N>) {
        let mut inputs: [[&[H::Unit]; N]; 2] = [[&[]; N]; 2];
        for (input, end) in inputs[0].iter_mut().zip(&self.ends[..self.len]) {
            *input = hash.units(end, self.blocks);
        }
        kernels.run(&mut self.states, &mut inputs, self.len);
    }

    pub(super) fn wipe(&mut self, hash: &H) {
        wipe(&mut self.states, [[hash.initial(); N]; 2]);
        wipe(&mut self.ends, [H::END; N]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_job_comes_once_and_the_longest_of_each_window_first() {
        for total in [0, 1, 2, 63, 64, 65, 127, 128, 129, 1000] {
            let blocks = |number: usize| number * 7919 % 101;
            let mut order = LongestFirst::<4>::new(total);
            let numbers: Vec<usize> = std::iter::from_fn(|| order.next(blocks)).collect();
            let mut sorted = numbers.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..total).collect::<Vec<_>>());
            let mut rest = numbers.as_slice();
            while !rest.is_empty() {
                let windows = rest.len().div_ceil(4 * WINDOW);
                let (window, later) = rest.split_at(rest.len().div_ceil(windows));
                assert!(window.is_sorted_by_key(|number| (usize::MAX - blocks(*number), *number)));
                rest = later;
            }
        }
    }
}
