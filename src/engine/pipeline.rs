//! One file for itself: this thread reads, and each function hashes on a thread of its own, but for
//! those that have a kernel in common.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::file::End;
use super::read::{Job, Opened};
use super::{Hashed, Progress, Threads};
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;
use crate::hasher::fused::{teams, update_all};

/// Bytes read at a time: a quarter of an L2 cache of 1 MiB, so that what was read is still there
/// when it is hashed, by a function or two.
const PIECE: usize = 256 * 1024;
/// What is divided between several threads has to be worth it.
const LARGE_PIECE: usize = 2 * 1024 * 1024;
/// Pieces in flight; enough for the functions to drift apart a little.
const PIECES: usize = 8;

/// Hashes a job's file from end to end; on this thread alone where `threads` is 1.
pub(super) fn hash(
    job: Job,
    threads: Threads,
    progress: Option<&Progress>,
) -> Result<Hashed, Error> {
    let result = Opened::new(0, job).and_then(|opened| hash_opened(opened, threads, progress));
    progress.into_iter().for_each(|progress| progress.add_files(1));
    result
}

/// [`hash`], of a file that is open.
pub(super) fn hash_opened(
    mut opened: Opened,
    threads: Threads,
    progress: Option<&Progress>,
) -> Result<Hashed, Error> {
    opened.expect_all();
    let hashers = opened.hashers();
    hash_rest(opened, hashers, 0, threads, progress, || false)
}

/// [`hash`], of a file whose first `size` bytes have been hashed; without a result that means anything
/// once it is `stopped`.
pub(super) fn hash_rest(
    mut opened: Opened,
    mut hashers: Vec<Hasher>,
    mut size: u64,
    threads: Threads,
    progress: Option<&Progress>,
    stopped: impl Fn() -> bool,
) -> Result<Hashed, Error> {
    loop {
        let read = read_rest(&mut opened, &mut hashers, &mut size, threads, progress, &stopped);
        match read.and_then(|()| opened.end()) {
            Ok(End::Whole) => {
                let digests = hashers.into_iter().map(Hasher::finalize).collect();
                return Ok(Hashed { size, digests, stamp: opened.stamp() });
            }
            Ok(End::Again) => (hashers, size) = (opened.hashers(), 0),
            Err(kind) => return Err(opened.error(kind)),
        }
    }
}

/// Feeds what is left of a file to the hashers, and adds it to `size`.
fn read_rest(
    opened: &mut Opened,
    hashers: &mut [Hasher],
    size: &mut u64,
    threads: Threads,
    progress: Option<&Progress>,
    stopped: impl Fn() -> bool,
) -> Result<(), ErrorKind> {
    let divisible = hashers.iter().any(Hasher::is_divisible);
    let most = if divisible { LARGE_PIECE } else { PIECE };
    let mut fill = |piece: &mut Vec<u8>| {
        if stopped() {
            return Err(ErrorKind::Io(io::ErrorKind::Interrupted.into()));
        }
        // The first one is the size of most files.
        piece.resize(if *size == 0 { PIECE } else { most }, 0);
        let (length, end) = opened.fill(piece, progress)?;
        piece.truncate(length);
        *size += length as u64;
        Ok(end)
    };
    // Memory that the system zeroes, and only as far as it is used: most files are small.
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

/// Gives `first` and what `fill` yields, until it says that this was the end, to all hashers;
/// `pool` is for those that can be divided.
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
        // What the system grants no thread is hashed on this one.
        let mut here: Vec<&mut Hasher> = Vec::new();
        for team in teams(hashers) {
            let (pieces, arriving): (_, Receiver<Arc<Piece>>) = bounded(PIECES);
            // The team follows when the thread is there, so that it is not lost otherwise.
            let (hand_over, handed) = bounded::<Vec<&mut Hasher>>(1);
            let pool = pool.as_ref().filter(|_| team[0].is_divisible());
            let work = move || {
                for mut team in handed {
                    arriving.iter().for_each(|piece| match pool {
                        Some(pool) => pool.install(|| team[0].update_divided(&piece)),
                        None => update_all(&mut team, &piece),
                    });
                }
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(_) => {
                    let _ = hand_over.send(team);
                    threads.push(pieces);
                }
                Err(_) => here.extend(team),
            }
        }
        let mut end = false;
        let mut bytes = first;
        loop {
            let piece = Arc::new(Piece { bytes, recycle: recycle.clone() });
            for thread in &threads {
                let _ = thread.send(Arc::clone(&piece));
            }
            update_all(&mut here, &piece);
            drop(piece);
            if end {
                return Ok(());
            }
            // There is always one more on its way: every piece comes back.
            bytes = recycled.recv().unwrap_or_default();
            end = fill(&mut bytes)?;
        }
    })
}

/// Bytes that several threads hash; the last one gives the room back.
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
