//! The large files of a thread: a piece of each is read, then all pieces are hashed at once.

use std::mem;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::engine::pipeline;
use crate::engine::queue::WorkerContext;
use crate::engine::schedule::Load;
use crate::engine::sizes::{self, MAX_WINDOW, WINDOW_PIECES};
use crate::engine::stream::Stream;
use crate::engine::threads::Threads;
use crate::hasher::Hasher;
use crate::hasher::fused::update_all;
use crate::lanes::{self, update_many};

/// The gap between two pieces. The lanes read all pieces at the same offset, and without a gap they
/// would compete for the same sets of the L1 cache.
const STAGGER: usize = 5 * 64;
/// The maximum number of files that a thread hashes at once.
const MAX_STREAMS: usize = 64;

/// The large files of a thread.
#[derive(Default)]
pub(super) struct Streams {
    live: Vec<Stream>,
    /// The algorithm of the first file; it determines the width and the costs.
    algorithm: Option<Algorithm>,
    width: usize,
    costs: Arc<[f64]>,
    buffer: Vec<u8>,
}

impl Streams {
    /// Returns the values that the scheduler needs.
    pub(super) fn load(&self) -> Load {
        let streams = self.live.len();
        let (mut longest, mut second) = (0, 0);
        for remaining in self.live.iter().map(Stream::remaining) {
            second = second.max(remaining.min(longest));
            longest = longest.max(remaining);
        }
        Load {
            streams,
            max_streams: if streams == 0 { MAX_STREAMS } else { self.width },
            bytes: self.live.iter().map(|stream| u128::from(stream.remaining())).sum(),
            longest,
            second_longest: second,
            is_movable: !self.live.iter().any(|stream| stream.file.is_on_rotating_disk),
            costs: Arc::clone(&self.costs),
            is_available: true,
        }
    }

    pub(super) fn push(&mut self, stream: Stream) {
        if self.live.is_empty() {
            let algorithm = stream.hashers.first().map(Hasher::algorithm);
            if self.costs.is_empty() || self.algorithm != algorithm {
                self.algorithm = algorithm;
                self.width = algorithm.map_or(1, width);
                self.costs = (1..=self.width + 1).map(|live| cost(algorithm, live)).collect();
            }
        }
        self.live.push(stream);
    }

    /// Removes and returns all files but the longest.
    pub(super) fn take_others(&mut self) -> Vec<Stream> {
        self.live.sort_unstable_by_key(Stream::key);
        let longest = self.live.pop();
        mem::replace(&mut self.live, Vec::from_iter(longest))
    }

    /// Hashes the rest of the only file with several threads.
    pub(super) fn hash_rest(&mut self, context: &mut WorkerContext<'_>, threads: Threads) {
        let WorkerContext { queue, progress, ref mut results } = *context;
        let Some(stream) = self.live.pop() else { return };
        // The pipeline has buffers of its own.
        self.buffer = Vec::new();
        let (index, was_rotating) = (stream.file.index, stream.file.is_on_rotating_disk);
        let hashed = pipeline::hash_rest(stream, threads, progress, || queue.is_stopped());
        results.push((index, hashed));
        queue.finished(was_rotating);
    }

    /// Reads and hashes one piece of each file.
    pub(super) fn advance(&mut self, context: &mut WorkerContext<'_>) {
        let WorkerContext { queue, progress, ref mut results } = *context;
        if self.live.is_empty() {
            return;
        }
        let count = self.live.len();
        let (all, max_piece) = sizes::pieces();
        let length = ((all / count) & !4095).min(max_piece);
        let window = (WINDOW_PIECES * length).min(MAX_WINDOW);
        let stride = length + STAGGER;
        for (number, stream) in self.live.iter_mut().enumerate() {
            if !stream.map(length, window, progress) {
                if self.buffer.is_empty() {
                    self.buffer.resize(all + MAX_STREAMS * STAGGER, 0);
                }
                stream.fill(&mut self.buffer[number * stride..][..length], progress);
            }
        }
        if let [stream] = &mut self.live[..] {
            let is_mapped = stream.window.is_some();
            match stream.piece(&self.buffer) {
                ([hasher], piece) if is_mapped => hasher.update_uncached(piece),
                // They may share a kernel.
                (hashers, piece) => update_all(hashers, piece),
            }
        } else {
            let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(count);
            // The buffer is empty if all pieces are mapped.
            let mut buffers = self.buffer.chunks(stride);
            for stream in &mut self.live {
                let (hashers, piece) = stream.piece(buffers.next().unwrap_or_default());
                batch.extend(hashers.iter_mut().map(|hasher| (hasher, piece)));
            }
            update_many(&mut batch);
        }
        self.live.iter_mut().for_each(Stream::hashed);
        for ended in self.live.extract_if(.., |stream| stream.end.is_some()) {
            let was_rotating = ended.file.is_on_rotating_disk;
            results.push(ended.finish());
            queue.finished(was_rotating); // the file is closed now
        }
    }
}

/// Returns the number of streams to hash at once.
///
/// With more streams, pieces are smaller and each file takes longer.
fn width(algorithm: Algorithm) -> usize {
    lanes::efficient_lanes(algorithm).min(MAX_STREAMS)
}

/// Returns the cycles to hash one block of each of `live` streams.
fn cost(algorithm: Option<Algorithm>, mut live: usize) -> f64 {
    let mut cycles = 0.0;
    while live > 0 {
        // Without lanes, streams are hashed one after the other.
        let (lanes, each) = algorithm
            .and_then(|algorithm| lanes::chosen(algorithm, live))
            .map_or((1, 1), |kernel| (kernel.lanes, kernel.cycles));
        cycles += f64::from(each);
        live = live.saturating_sub(lanes);
    }
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_a_width() {
        for &algorithm in Algorithm::ALL {
            assert!((1..=MAX_STREAMS).contains(&width(algorithm)), "{algorithm}");
        }
        assert_eq!(width(Algorithm::Blake3), 1);
    }
}
