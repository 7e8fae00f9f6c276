//! Large files under way: a piece of each is read, then all pieces are hashed at once.

use std::cmp::{Ordering, Reverse};

use super::costs::{Costs, MANY};
use super::queue::Queue;
use super::read::Opened;
use super::worker::Results;
use super::{Hashed, Progress};
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::lanes::update_many;

/// Bytes for the pieces of all streams between two turns: half of an L2 cache of 1 MiB.
const PIECES: usize = 512 * 1024;
/// What is left unused after each piece. Pieces that begin at one place of each page, and all the
/// lanes stand at their beginnings at once, compete for the same sets of the L1 cache.
const STAGGER: usize = 5 * 64;
/// The largest piece, where few files are under way; larger ones save no more system calls.
const MOST: usize = 128 * 1024;

/// Large files under way.
#[derive(Default)]
pub(super) struct Streams {
    live: Vec<Stream>,
    costs: Costs,
    pieces: Vec<u8>,
}

impl Streams {
    /// What this thread would take beside what it has.
    pub(super) fn appetite(&self, queue: &Queue) -> Appetite {
        let Some(longest) = self.live.iter().map(Stream::rest).max() else {
            return Appetite { streams: 0, most: 1, larger: 0 };
        };
        let all: u64 = self.live.iter().map(Stream::rest).sum();
        let most = self.costs.best(longest, all - longest + queue.waiting());
        Appetite { streams: self.live.len(), most, larger: longest }
    }

    pub(super) fn push(&mut self, mut stream: Stream) {
        stream.begin();
        if self.live.is_empty() {
            self.costs = Costs::of(&stream.hashers);
        }
        self.live.push(stream);
    }

    /// Reads and hashes one piece of each. Where there are too many, the shortest go back.
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
        let count = self.appetite(queue).most.min(self.live.len());
        if count < self.live.len() {
            self.live.sort_by_key(|stream| Reverse(stream.rest()));
            self.live.drain(count..).for_each(|stream| queue.give_back(stream));
        }
        let most = (PIECES / count & !4095).min(MOST);
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
            let far = ended.is_far();
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

/// A large file, waiting or under way.
pub(super) struct Stream {
    opened: Opened,
    /// None before it is begun.
    hashers: Vec<Hasher>,
    size: u64,
    /// Bytes of the piece that is hashed next.
    filled: usize,
    /// Set when there is nothing more to read.
    end: Option<Result<(), ErrorKind>>,
}

impl Stream {
    pub(super) fn new(opened: Opened) -> Self {
        Self { opened, hashers: Vec::new(), size: 0, filled: 0, end: None }
    }

    fn begin(&mut self) {
        if self.hashers.is_empty() {
            let functions = self.opened.functions();
            self.hashers = functions.iter().map(|function| Hasher::new(*function)).collect();
        }
    }

    /// Bytes to go, as far as the system says.
    pub(super) fn rest(&self) -> u64 {
        self.opened.size().saturating_sub(self.size)
    }

    /// See [`Opened::is_far`].
    pub(super) fn is_far(&self) -> bool {
        self.opened.is_far()
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

/// By what there is to go, for the longest to be hashed first.
impl Ord for Stream {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = other.opened.index().cmp(&self.opened.index());
        self.rest().cmp(&other.rest()).then(first)
    }
}

impl PartialOrd for Stream {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Stream {}
