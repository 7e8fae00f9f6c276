//! Large files under way: a piece of each is read, then all pieces are hashed at once.

use std::cmp::Ordering;
use std::mem;
use std::sync::Arc;

use super::file::End;
use super::pipeline;
use super::queue::{Load, Queue};
use super::read::Opened;
use super::worker::Results;
use super::{Hashed, Progress, Threads};
use crate::algorithm::Algorithm;
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::hasher::fused::update_all;
use crate::lanes::{self, update_many};

/// Bytes for the pieces of all streams between two turns. The smaller the pieces, the more it costs to
/// read them: with half of this, MD5 on 32 streams takes 7 % longer, SHA-1 10 %; with twice as much it would
/// be 6 % less, but few cores have so much of an L3 cache.
const PIECES: usize = 2 * 1024 * 1024;
/// What is left unused after each piece. Pieces that begin at one place of each page, and all the
/// lanes stand at their beginnings at once, compete for the same sets of the L1 cache.
const STAGGER: usize = 5 * 64;
/// The largest piece, where few files are under way.
const MOST: usize = 1024 * 1024;
/// The most streams that a thread has.
const MANY: usize = 64;

/// Large files under way.
#[derive(Default)]
pub(super) struct Streams {
    live: Vec<Stream>,
    /// The first one's algorithm, and how many of its kind are best hashed at once.
    algorithm: Option<Algorithm>,
    most: usize,
    /// See [`Load::costs`].
    costs: Arc<[f64]>,
    pieces: Vec<u8>,
}

impl Streams {
    /// What there is, for the queue to say whether it is enough.
    pub(super) fn load(&self) -> Load {
        let streams = self.live.len();
        let (mut longest, mut second) = (0, 0);
        for left in self.live.iter().map(Stream::left) {
            second = second.max(left.min(longest));
            longest = longest.max(left);
        }
        Load {
            streams,
            most: if streams == 0 { MANY } else { self.most },
            left: self.live.iter().map(|stream| u128::from(stream.left())).sum(),
            longest,
            second,
            divisible: !self.live.iter().any(Stream::is_far),
            costs: Arc::clone(&self.costs),
            here: true,
        }
    }

    pub(super) fn push(&mut self, stream: Stream) {
        if self.live.is_empty() {
            let algorithm = stream.hashers.first().map(Hasher::algorithm);
            if self.costs.is_empty() || self.algorithm != algorithm {
                self.algorithm = algorithm;
                self.most = algorithm.map_or(1, width);
                self.costs = (1..=self.most + 1).map(|live| cost(algorithm, live)).collect();
            }
        }
        self.live.push(stream);
    }

    /// All but the longest.
    pub(super) fn company(&mut self) -> Vec<Stream> {
        self.live.sort_unstable();
        let longest = self.live.pop();
        let company = mem::take(&mut self.live);
        self.live.extend(longest);
        company
    }

    /// Hashes the rest of one by so many threads.
    pub(super) fn hash_rest(
        &mut self,
        queue: &Queue,
        threads: Threads,
        progress: Option<&Progress>,
        results: &mut Results,
    ) {
        let Some(Stream { opened, hashers, size, .. }) = self.live.pop() else { return };
        // It reads into pieces of its own.
        self.pieces = Vec::new();
        let (index, far) = (opened.index(), opened.is_far());
        let stopped = || queue.is_stopped();
        let hashed = pipeline::hash_rest(opened, hashers, size, threads, progress, stopped);
        results.push((index, hashed));
        queue.finished(far);
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
        if let [stream] = &mut self.live[..] {
            // Its functions may have a kernel in common.
            update_all(&mut stream.hashers, &self.pieces[..stream.filled]);
        } else {
            let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(count);
            for (stream, room) in self.live.iter_mut().zip(self.pieces.chunks(stride)) {
                let piece = &room[..stream.filled];
                batch.extend(stream.hashers.iter_mut().map(|hasher| (hasher, piece)));
            }
            update_many(&mut batch);
        }
        for ended in self.live.extract_if(.., |stream| stream.end.is_some()) {
            let far = ended.is_far();
            results.push(ended.finish());
            queue.finished(far); // the file is closed now
        }
    }
}

/// The fewest streams with which the algorithm's kernels are as good as at their best: within 3 %. The
/// more there are, the smaller the pieces and the slower each file; of hashes that have no lanes,
/// more than one gains nothing.
fn width(algorithm: Algorithm) -> usize {
    let kernels = lanes::kernels(algorithm);
    let cost = |kernel: &lanes::KernelInfo| f64::from(kernel.cycles) / kernel.lanes as f64;
    let best = kernels.iter().map(cost).fold(f64::INFINITY, f64::min);
    let good = kernels.iter().filter(|kernel| cost(kernel) <= best * 1.03);
    good.map(|kernel| kernel.lanes).min().unwrap_or(1).min(MANY)
}

/// Cycles for a block of each of so many streams.
fn cost(algorithm: Option<Algorithm>, mut live: usize) -> f64 {
    let mut cycles = 0.0;
    while live > 0 {
        // Without lanes, one after the other.
        let (lanes, each) = algorithm
            .and_then(|algorithm| lanes::chosen(algorithm, live))
            .map_or((1, 1), |kernel| (kernel.lanes, kernel.cycles));
        cycles += f64::from(each);
        live = live.saturating_sub(lanes);
    }
    cycles
}

/// A large file, under way or waiting.
pub(super) struct Stream {
    opened: Opened,
    hashers: Vec<Hasher>,
    size: u64,
    /// Bytes of the piece that is hashed next.
    filled: usize,
    /// Set when there is nothing more to read.
    end: Option<Result<(), ErrorKind>>,
}

impl Stream {
    pub(super) fn new(opened: Opened) -> Self {
        let hashers = opened.hashers();
        Self { opened, hashers, size: 0, filled: 0, end: None }
    }

    /// Bytes that are yet to be read, as far as the system said.
    pub(super) fn left(&self) -> u64 {
        self.opened.size().saturating_sub(self.size)
    }

    /// See [`Opened::is_far`].
    pub(super) fn is_far(&self) -> bool {
        self.opened.is_far()
    }

    /// Reads a whole piece, or what there is left.
    fn fill(&mut self, room: &mut [u8], progress: Option<&Progress>) {
        match self.opened.fill(room, progress) {
            Ok((filled, false)) => self.take(filled),
            Ok((filled, true)) => match self.opened.end() {
                Ok(End::Whole) => {
                    self.take(filled);
                    self.end = Some(Ok(()));
                }
                Ok(End::Again) => {
                    (self.hashers, self.size, self.filled) = (self.opened.hashers(), 0, 0);
                }
                Err(kind) => self.fail(kind),
            },
            Err(kind) => self.fail(kind),
        }
    }

    fn take(&mut self, filled: usize) {
        self.filled = filled;
        self.size += filled as u64;
    }

    fn fail(&mut self, kind: ErrorKind) {
        self.filled = 0;
        self.end = Some(Err(kind));
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

/// By what is left, for the longest to be hashed first; then those that were met first.
impl Ord for Stream {
    fn cmp(&self, other: &Self) -> Ordering {
        self.left().cmp(&other.left()).then(other.opened.index().cmp(&self.opened.index()))
    }
}

impl PartialOrd for Stream {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Stream {
    fn eq(&self, other: &Self) -> bool {
        self.opened.index() == other.opened.index()
    }
}

impl Eq for Stream {}

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

    /// After `chmod` a file is read again from its beginning.
    #[test]
    fn what_is_read_again_is_hashed_anew() {
        use crate::engine::read::{Access, Job};
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [1; 250_000]).unwrap();
        let job = Job::new(file.path().into(), Access::Met, [Algorithm::Md5.into()].into());
        let mut stream = Stream::new(Opened::new(0, job).unwrap());
        std::thread::sleep(std::time::Duration::from_millis(20));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        let mut room = vec![0; 100_000];
        let mut pieces = 0;
        while stream.end.is_none() {
            stream.fill(&mut room, None);
            update_all(&mut stream.hashers, &room[..stream.filled]);
            pieces += 1;
        }
        assert_eq!(pieces, 6);
        let (_, hashed) = stream.finish();
        let hashed = hashed.unwrap();
        assert_eq!(hashed.size, 250_000);
        assert_eq!(hashed.digests, [crate::hasher::digest(Algorithm::Md5, &[1; 250_000])]);
    }
}
