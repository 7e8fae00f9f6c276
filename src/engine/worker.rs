//! One hashing thread: small files are read whole, large ones in pieces, and either are hashed
//! many at a time, on the lanes of one core.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::pipeline;
use super::queue::{Queue, Take};
use super::read::{Job, Opened};
use super::{Hashed, Progress, Stamp, Threads};
use crate::algorithm::Function;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::lanes::{digest_many, update_many};

/// Up to this many bytes a file is read whole.
const SMALL: usize = 64 * 1024;
/// Small files are collected up to this many bytes, then hashed: half of an L2 cache of 1 MiB.
const BATCH: usize = 512 * 1024;
/// Large files hashed at once by one thread.
const STREAMS: usize = 16;
/// Bytes for the pieces of all of them between two turns: again half of an L2 cache. What exceeds
/// a multiple of the page size keeps the pieces, at whose beginnings all the lanes stand at once,
/// from competing for the same sets of the L1 cache.
const PIECES: usize = STREAMS * (32 * 1024 + 5 * 64);
/// The largest piece, where few files are under way; larger ones save no more system calls.
const MOST: usize = 128 * 1024;

/// Takes what there is in `queue` until it ends; `finish` hears of every job once, in any order.
pub(super) fn work_off(
    queue: &Queue,
    progress: Option<&Progress>,
    finish: impl Fn(u64, Result<Hashed, Error>),
) {
    let mut small = Batch::default();
    let mut streams = Streams::default();
    let finish = |index, result| {
        progress.into_iter().for_each(Progress::add_file);
        finish(index, result);
    };
    loop {
        match queue.take(streams.live.len(), STREAMS) {
            Take::Jobs(jobs) => open_all(queue, jobs, &mut small, progress, &finish),
            Take::Stream(opened) => {
                streams.live.push(Stream::new(opened));
                continue; // there may be more, and more lanes are faster
            }
            Take::Alone(index, job) => {
                let this = Threads(Some(NonZeroUsize::MIN));
                let opened = Opened::new(index, job);
                finish(index, opened.and_then(|o| pipeline::hash_opened(o, this, progress)));
            }
            Take::Nothing => {}
            Take::End => return,
        }
        streams.advance(queue, progress, &finish);
    }
}

/// Opens the jobs' files, hashes the small ones and hands on the others.
fn open_all(
    queue: &Queue,
    jobs: Vec<(u64, Job)>,
    small: &mut Batch,
    progress: Option<&Progress>,
    finish: &impl Fn(u64, Result<Hashed, Error>),
) {
    let count = jobs.len();
    let mut large = Vec::new();
    for (index, job) in jobs {
        match Opened::new(index, job) {
            Err(error) => finish(index, Err(error)),
            Ok(opened) if opened.size() > SMALL as u64 => large.push(opened),
            Ok(opened) => match small.read(opened, progress) {
                Ok(()) => {}
                Err(Refused::TooLarge(opened)) => large.push(opened),
                Err(Refused::Failed(index, error)) => finish(index, Err(error)),
            },
        }
        if small.is_full() {
            small.hash(finish);
        }
    }
    queue.opened(count, large);
    small.hash(finish);
}

/// Small files, read whole and not yet hashed.
#[derive(Default)]
struct Batch {
    /// Their contents, one after the other.
    bytes: Vec<u8>,
    files: Vec<SmallFile>,
}

struct SmallFile {
    index: u64,
    functions: Arc<[Function]>,
    /// Within the batch's bytes.
    start: usize,
    end: usize,
    stamp: Option<Stamp>,
}

/// Why a file did not become part of a batch.
enum Refused {
    /// It holds more than it said.
    TooLarge(Opened),
    Failed(u64, Error),
}

impl Batch {
    fn is_full(&self) -> bool {
        self.bytes.len() - self.end() < SMALL + 1
    }

    fn end(&self) -> usize {
        self.files.last().map_or(0, |file| file.end)
    }

    /// Reads a file to its end.
    #[allow(clippy::result_large_err)] // moved once for each file that is not small after all
    fn read(&mut self, mut opened: Opened, progress: Option<&Progress>) -> Result<(), Refused> {
        if self.bytes.is_empty() {
            self.bytes.resize(BATCH, 0);
        }
        let start = self.end();
        // One byte more than a small file has: reading finds the end, or that there is more.
        let length = match opened.fill(&mut self.bytes[start..start + SMALL + 1], progress) {
            Ok((length, true)) => length,
            Ok((_, false)) => match opened.rewind() {
                Ok(()) => return Err(Refused::TooLarge(opened)),
                Err(kind) => return Err(Refused::Failed(opened.index(), opened.error(kind))),
            },
            Err(kind) => return Err(Refused::Failed(opened.index(), opened.error(kind))),
        };
        if let Err(kind) = opened.unchanged() {
            return Err(Refused::Failed(opened.index(), opened.error(kind)));
        }
        let (index, functions) = (opened.index(), opened.functions());
        let (end, stamp) = (start + length, opened.stamp());
        self.files.push(SmallFile { index, functions, start, end, stamp });
        Ok(())
    }

    /// Hashes what has been read, and begins anew.
    fn hash(&mut self, finish: &impl Fn(u64, Result<Hashed, Error>)) {
        let mut files = std::mem::take(&mut self.files);
        while let Some(first) = files.first() {
            // As a rule all; a list may ask for another function with every line.
            let functions = Arc::clone(&first.functions);
            let (alike, others): (Vec<_>, Vec<_>) =
                files.into_iter().partition(|file| file.functions == functions);
            let messages: Vec<&[u8]> =
                alike.iter().map(|file| &self.bytes[file.start..file.end]).collect();
            let blank = |function: &Function| vec![Digest::zeroed(*function); messages.len()];
            let mut columns: Vec<Vec<Digest>> = functions.iter().map(blank).collect();
            for (function, column) in functions.iter().zip(&mut columns) {
                digest_many(*function, &messages, column);
            }
            for (row, file) in alike.iter().enumerate() {
                let size = (file.end - file.start) as u64;
                let digests = columns.iter().map(|column| column[row]).collect();
                finish(file.index, Ok(Hashed { size, digests, stamp: file.stamp }));
            }
            files = others;
        }
    }
}

/// Large files under way.
#[derive(Default)]
struct Streams {
    live: Vec<Stream>,
    pieces: Vec<u8>,
}

impl Streams {
    /// Reads and hashes one piece of each.
    fn advance(
        &mut self,
        queue: &Queue,
        progress: Option<&Progress>,
        finish: &impl Fn(u64, Result<Hashed, Error>),
    ) {
        if self.live.is_empty() {
            return;
        }
        if self.pieces.is_empty() {
            self.pieces.resize(PIECES, 0);
        }
        let stride = PIECES / self.live.len();
        let most = (stride & !4095).min(MOST);
        for (stream, room) in self.live.iter_mut().zip(self.pieces.chunks_mut(stride)) {
            stream.fill(&mut room[..most], progress);
        }
        let mut batch: Vec<(&mut Hasher, &[u8])> = Vec::with_capacity(self.live.len());
        for (stream, room) in self.live.iter_mut().zip(self.pieces.chunks(stride)) {
            let piece = &room[..stream.filled];
            batch.extend(stream.hashers.iter_mut().map(|hasher| (hasher, piece)));
        }
        update_many(&mut batch);
        for ended in self.live.extract_if(.., |stream| stream.end.is_some()) {
            let (index, result) = ended.finish();
            queue.finished(); // the file is closed now
            finish(index, result);
        }
    }
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
