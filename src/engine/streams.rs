//! Large files under way: a piece of each is read, then all pieces are hashed at once.

use super::queue::Queue;
use super::read::Opened;
use super::worker::Results;
use super::{Hashed, Progress};
use crate::algorithm::Algorithm;
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
    /// How many of the first one's algorithm are best hashed at once.
    most: usize,
    pieces: Vec<u8>,
}

impl Streams {
    pub(super) fn count(&self) -> usize {
        self.live.len()
    }

    /// How many are best hashed at once.
    pub(super) fn most(&self) -> usize {
        if self.live.is_empty() { MANY } else { self.most }
    }

    pub(super) fn push(&mut self, opened: Opened) {
        let stream = Stream::new(opened);
        if self.live.is_empty() {
            self.most = stream.hashers.first().map_or(1, |hasher| width(hasher.algorithm()));
        }
        self.live.push(stream);
    }

    /// Reads and hashes one piece of each.
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
        let count = self.live.len();
        let most = ((PIECES / count) & !4095).min(MOST);
        let stride = most + STAGGER;
        for (stream, room) in self.live.iter_mut().zip(self.pieces.chunks_mut(stride)) {
            stream.fill(&mut room[..most], progress);
        }
        let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(count);
        for (stream, room) in self.live.iter_mut().zip(self.pieces.chunks(stride)) {
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

/// The fewest streams with which the algorithm's kernels are within a tenth of their best. The more
/// there are, the smaller the pieces and the slower each file; of hashes that have no lanes, more
/// than one gains nothing.
fn width(algorithm: Algorithm) -> usize {
    let kernels = lanes::kernels(algorithm);
    let cost = |(_, lanes, cycles): &lanes::Facts| f64::from(*cycles) / *lanes as f64;
    let best = kernels.iter().map(cost).fold(f64::INFINITY, f64::min);
    let good = kernels.iter().filter(|kernel| cost(kernel) <= best * 1.1);
    good.map(|(_, lanes, _)| *lanes).min().unwrap_or(1).min(MANY)
}

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
                Ok(Hashed { size: self.size, digests, stamp: self.opened.stamp() })
            }
        };
        (self.opened.index(), result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_a_width() {
        for &algorithm in Algorithm::ALL {
            assert!((1..=MANY).contains(&width(algorithm)), "{algorithm}");
        }
        assert_eq!(width(Algorithm::Blake3), 1);
    }
}
