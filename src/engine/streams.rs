//! Large files under way: a piece of each is read, then all pieces are hashed at once.

use std::cmp::Reverse;

use super::queue::Queue;
use super::read::Opened;
use super::worker::Results;
use super::{Hashed, Progress};
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::lanes::{self, update_many};

/// Bytes for the pieces of all streams between two turns: half of an L2 cache of 1 MiB.
const PIECES: usize = 512 * 1024;
/// What is left unused after each piece. Pieces that begin at one place of each page, and all the
/// lanes stand at their beginnings at once, compete for the same sets of the L1 cache.
const STAGGER: usize = 5 * 64;
/// The largest piece, where few files are under way; larger ones save no more system calls.
const MOST: usize = 128 * 1024;
/// The most streams that a thread has.
const MANY: usize = 64;

/// Large files under way.
#[derive(Default)]
pub(super) struct Streams {
    live: Vec<Stream>,
    costs: Costs,
    pieces: Vec<u8>,
}

impl Streams {
    /// How many more this thread would take, and from what size on one more all the same.
    pub(super) fn appetite(&self) -> Appetite {
        let most = if self.live.is_empty() { MANY } else { self.costs.width };
        let longest = self.live.iter().map(Stream::rest).max();
        let larger = if self.live.len() < MANY { longest.unwrap_or(0) } else { u64::MAX };
        Appetite { streams: self.live.len(), most, larger }
    }

    pub(super) fn push(&mut self, opened: Opened) {
        let stream = Stream::new(opened);
        if self.live.is_empty() {
            self.costs = Costs::of(&stream.hashers);
        }
        self.live.push(stream);
    }

    /// Reads and hashes one piece of each, or of the longest, if it would hold up the run.
    pub(super) fn advance(
        &mut self,
        queue: &Queue,
        progress: Option<&Progress>,
        results: &mut Results,
    ) {
        if self.live.is_empty() {
            return;
        }
        if self.pieces.is_empty() {
            self.pieces.resize(PIECES + MANY * STAGGER, 0);
        }
        self.live.sort_by_key(|stream| Reverse(stream.rest()));
        let rests = self.live.iter().map(Stream::rest);
        let count = self.costs.best(rests, queue.waiting());
        let live = &mut self.live[..count];
        let most = (PIECES / count & !4095).min(MOST);
        let stride = most + STAGGER;
        for (stream, room) in live.iter_mut().zip(self.pieces.chunks_mut(stride)) {
            stream.fill(&mut room[..most], progress);
        }
        let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(count);
        for (stream, room) in live.iter_mut().zip(self.pieces.chunks(stride)) {
            let piece = &room[..stream.filled];
            batch.extend(stream.hashers.iter_mut().map(|hasher| (hasher, piece)));
        }
        update_many(&mut batch);
        for ended in self.live.extract_if(.., |stream| stream.end.is_some()) {
            let far = ended.opened.is_far();
            results.push(ended.finish());
            queue.finished(far); // the file is closed now
        }
    }
}

/// What a thread would take.
#[derive(Clone, Copy)]
pub(super) struct Appetite {
    /// Files that it hashes at the moment.
    pub(super) streams: usize,
    /// How many it can hash at once.
    pub(super) most: usize,
    /// A file larger than this is better begun now, whatever has to wait for it.
    pub(super) larger: u64,
}

/// What it costs to hash several messages at once.
#[derive(Default)]
struct Costs {
    /// Cycles for a block of each, by their number less one.
    steps: Vec<f64>,
    /// The fewest with which they are within a tenth of the best. The more there are, the smaller
    /// the pieces and the slower each file; of hashes without lanes more than one gains nothing.
    width: usize,
}

impl Costs {
    fn of(hashers: &[Hasher]) -> Self {
        let steps = (1..=MANY).map(|count| {
            let step = |hasher: &Hasher| match lanes::chosen(hasher.algorithm(), count) {
                Some((_, lanes, cycles)) => f64::from(cycles) * count.div_ceil(lanes) as f64,
                None => WITHOUT_LANES * count as f64,
            };
            hashers.iter().map(step).sum()
        });
        let steps: Vec<f64> = steps.collect();
        let each = |count: usize| steps[count - 1] / count as f64;
        let best = (1..=MANY).map(each).fold(f64::INFINITY, f64::min);
        let width = (1..=MANY).find(|count| each(*count) <= best * 1.1).unwrap_or(1);
        Self { steps, width }
    }

    /// How many to hash at once, of files with so many bytes to go, longest first, while files of
    /// `waiting` bytes in all wait for this thread: as many as fill the lanes, unless so many
    /// lanes slow the longest down until everybody waits for it.
    fn best(&self, rests: impl ExactSizeIterator<Item = u64> + Clone, waiting: u64) -> usize {
        let most = rests.len().min(self.width);
        let longest = rests.clone().next().unwrap_or(0) as f64;
        let others = rests.sum::<u64>() as f64 - longest + waiting as f64;
        let cheapest = self.steps[self.width - 1] / self.width as f64;
        // Until the longest is done, and then for what the others did not get done beside it.
        let time = |count: usize| {
            let left = (others - (count - 1) as f64 * longest).max(0.0);
            longest * self.steps[count - 1] + left * cheapest
        };
        (1..=most).min_by(|a, b| time(*a).total_cmp(&time(*b))).unwrap_or(1)
    }
}

/// Cycles of a block where there are no lanes; that it is the same for each is all that counts.
const WITHOUT_LANES: f64 = 500.0;

/// A large file under way.
struct Stream {
    opened: Opened,
    hashers: Vec<Hasher>,
    size: u64,
    /// Bytes of the piece that is hashed next.
    filled: usize,
    /// Set when there is nothing more to read.
    end: Option<Result<(), ErrorKind>>,
}

impl Stream {
    fn new(opened: Opened) -> Self {
        let hashers = opened.functions().iter().map(|function| Hasher::new(*function)).collect();
        Self { opened, hashers, size: 0, filled: 0, end: None }
    }

    /// Bytes to go, as far as the system says.
    fn rest(&self) -> u64 {
        self.opened.size().saturating_sub(self.size)
    }

    /// Reads a whole piece, or what there is left.
    fn fill(&mut self, room: &mut [u8], progress: Option<&Progress>) {
        match self.opened.fill(room, progress) {
            Ok((filled, end)) => {
                self.filled = filled;
                self.size += filled as u64;
                self.end = end.then(|| self.opened.unchanged());
            }
            Err(kind) => {
                self.filled = 0;
                self.end = Some(Err(kind));
            }
        }
    }

    fn finish(self) -> (u64, Result<Hashed, Error>) {
        let result = match self.end {
            Some(Err(kind)) => Err(self.opened.error(kind)),
            _ => {
                let digests = self.hashers.into_iter().map(Hasher::finalize).collect();
                Ok(Hashed { size: self.size, digests })
            }
        };
        (self.opened.index(), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Algorithm;

    fn costs(steps: &[f64]) -> Costs {
        Costs { steps: steps.into(), width: steps.len() }
    }

    #[test]
    fn the_longest_is_slowed_down_only_by_as_many_as_can_end_with_it() {
        // Those of SHA-256 on the SHA instructions, up to four at once.
        let costs = costs(&[129.0, 138.0, 189.0, 247.0]);
        let best = |rests: &[u64], waiting| costs.best(rests.iter().copied(), waiting);
        assert_eq!(best(&[100], 0), 1);
        assert_eq!(best(&[100, 100], 0), 2);
        assert_eq!(best(&[100; 4], 0), 4);
        assert_eq!(best(&[100; 9], 0), 4);
        assert_eq!(best(&[400, 100, 100, 100], 300), 2);
        assert_eq!(best(&[400, 100, 100, 100], 100_000), 4);
    }

    #[test]
    fn every_algorithm_has_a_width() {
        for &algorithm in Algorithm::ALL {
            let width = Costs::of(&[Hasher::new(algorithm)]).width;
            assert!((1..=MANY).contains(&width), "{algorithm}: {width}");
        }
        assert_eq!(Costs::of(&[Hasher::new(Algorithm::Blake3)]).width, 1);
    }
}
