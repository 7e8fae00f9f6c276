//! A pipeline for one file: the calling thread reads, and one thread hashes for each set of hash
//! functions that share a kernel.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::engine::file::End;
use crate::engine::job::Job;
use crate::engine::open_job::OpenJob;
use crate::engine::outcome::HashedFile;
use crate::engine::progress::HashProgress;
use crate::engine::stream::Stream;
use crate::engine::threads::Threads;
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::hasher::fused::{teams, update_all};

/// The size of a piece: a quarter of an L2 cache of 1 MiB, so that it is still cached when it is
/// hashed.
const PIECE: usize = 256 * 1024;
/// The size of a piece that several threads share for one hash.
const LARGE_PIECE: usize = 2 * 1024 * 1024;
/// The number of pieces in flight; enough for faster hash functions to run ahead.
const PIECES: usize = 8;

/// Opens and hashes a job's file; with one thread, on the calling thread.
pub(super) fn hash(
    job: Job,
    threads: Threads,
    progress: Option<&HashProgress>,
) -> Result<HashedFile, Error> {
    let result = OpenJob::new(0, job).and_then(|file| hash_opened(file, threads, progress));
    progress.into_iter().for_each(|progress| progress.add_files(1));
    result
}

pub(super) fn hash_opened(
    mut file: OpenJob,
    threads: Threads,
    progress: Option<&HashProgress>,
) -> Result<HashedFile, Error> {
    file.prepare();
    hash_rest(Stream::new(file), threads, progress, || false)
}

/// Hashes the rest of a large file; fails soon after `is_stopped` returns `true`.
pub(super) fn hash_rest(
    mut stream: Stream,
    threads: Threads,
    progress: Option<&HashProgress>,
    is_stopped: impl Fn() -> bool,
) -> Result<HashedFile, Error> {
    loop {
        let read = read_rest(&mut stream, threads, progress, &is_stopped);
        match read.and_then(|()| stream.file.end()) {
            Ok(End::Unchanged) => return Ok(stream.file.hashed(stream.hashers, stream.size)),
            Ok(End::ReadAgain) => stream.restart(),
            Err(kind) => return Err(stream.file.error(kind)),
        }
    }
}

/// Updates the hashers with the rest of the file.
fn read_rest(
    stream: &mut Stream,
    threads: Threads,
    progress: Option<&HashProgress>,
    is_stopped: impl Fn() -> bool,
) -> Result<(), ErrorKind> {
    let Stream { file, hashers, size, .. } = stream;
    let divisible = hashers.iter().any(Hasher::is_divisible);
    let max_piece = if divisible { LARGE_PIECE } else { PIECE };
    let mut fill = |piece: &mut Vec<u8>| {
        if is_stopped() {
            return Err(ErrorKind::Io(io::ErrorKind::Interrupted.into()));
        }
        // The first piece is small, because most files fit into it.
        piece.resize(if *size == 0 { PIECE } else { max_piece }, 0);
        let (length, end) = file.fill(piece, progress)?;
        piece.truncate(length);
        *size += length as u64;
        Ok(end)
    };
    // The system zeroes this memory lazily, page by page.
    let mut first = vec![0; PIECE];
    let mut end = fill(&mut first)?;
    if end || threads.get() == 1 {
        update_all(hashers, &first);
        while !end {
            end = fill(&mut first)?;
            update_all(hashers, &first);
        }
        return Ok(());
    }
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build().ok();
    in_parallel(hashers, divisible.then(pool).flatten(), first, fill)
}

/// Updates all hashers with `first` and the pieces that `fill` reads, until it returns `true`.
///
/// The threads of `pool` share the pieces for hashers that are divisible.
fn in_parallel(
    hashers: &mut [Hasher],
    pool: Option<rayon::ThreadPool>,
    first: Vec<u8>,
    mut fill: impl FnMut(&mut Vec<u8>) -> Result<bool, ErrorKind>,
) -> Result<(), ErrorKind> {
    let (recycle, recycled) = bounded(PIECES);
    for _ in 1..PIECES {
        let _ = recycle.send(Vec::new());
    }
    thread::scope(|scope| {
        let mut threads: Vec<Sender<Arc<Piece>>> = Vec::new();
        // Hashers whose threads could not be started; they are updated on this thread.
        let mut local: Vec<&mut Hasher> = Vec::new();
        for team in teams(hashers) {
            let (piece_sender, piece_receiver): (_, Receiver<Arc<Piece>>) = bounded(PIECES);
            // Sent once the thread runs, because a thread that cannot be started drops its closure.
            let (team_sender, team_receiver) = bounded::<Vec<&mut Hasher>>(1);
            let pool = pool.as_ref().filter(|_| team[0].is_divisible());
            let work = move || {
                for mut team in team_receiver {
                    piece_receiver.iter().for_each(|piece| match pool {
                        Some(pool) => pool.install(|| team[0].update_divided(&piece)),
                        None => update_all(&mut team, &piece),
                    });
                }
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(_) => {
                    let _ = team_sender.send(team);
                    threads.push(piece_sender);
                }
                Err(_) => local.extend(team),
            }
        }
        let mut end = false;
        let mut bytes = first;
        loop {
            let piece = Arc::new(Piece { bytes, recycle: recycle.clone() });
            for thread in &threads {
                let _ = thread.send(Arc::clone(&piece));
            }
            update_all(&mut local, &piece);
            drop(piece);
            if end {
                return Ok(());
            }
            // Each piece comes back once all threads have hashed it.
            bytes = recycled.recv().unwrap_or_default();
            end = fill(&mut bytes)?;
        }
    })
}

/// Bytes that several threads hash; the last one returns the buffer.
struct Piece {
    bytes: Vec<u8>,
    recycle: Sender<Vec<u8>>,
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let _ = self.recycle.send(std::mem::take(&mut self.bytes));
    }
}
