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
use crate::engine::parts;
use crate::engine::progress::HashProgress;
use crate::engine::sizes::{PIECE, SHARED_PIECE, SHARED_WINDOW, WINDOW};
use crate::engine::stream::Stream;
use crate::engine::threads::Threads;
use crate::error::{Error, ErrorKind};
use crate::fs::map::Window;
use crate::hasher::Hasher;
use crate::hasher::fused::{teams, update_all};

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
    is_stopped: impl Fn() -> bool + Sync,
) -> Result<HashedFile, Error> {
    stream.show(progress);
    match parts::hash_rest(&mut stream, threads, progress, &is_stopped) {
        Ok(()) => {}
        // Perhaps only the change time: it is read once more, as a whole.
        Err(ErrorKind::Changed) => match stream.file.rewind() {
            Ok(()) => stream.restart(),
            Err(kind) => return Err(stream.file.error(kind)),
        },
        Err(kind) => return Err(stream.file.error(kind)),
    }
    loop {
        let read = read_rest(&mut stream, threads, progress, &is_stopped);
        let end = read.and_then(|torn| match torn {
            Some(torn) => stream.file.rewind_after_fault(&torn).map(|()| End::ReadAgain),
            None => stream.file.end(),
        });
        match end {
            Ok(End::Unchanged) => return Ok(stream.file.hashed(stream.hashers, stream.size)),
            Ok(End::ReadAgain) => stream.restart(),
            Err(kind) => return Err(stream.file.error(kind)),
        }
    }
}

/// Updates the hashers with the rest of the file; returns the window that is torn, if one is.
fn read_rest(
    stream: &mut Stream,
    threads: Threads,
    progress: Option<&HashProgress>,
    is_stopped: impl Fn() -> bool,
) -> Result<Option<Window>, ErrorKind> {
    let Stream { file, hashers, size, window, .. } = stream;
    let divisible = hashers.iter().any(Hasher::is_divisible);
    let (max_piece, max_window) =
        if divisible { (SHARED_PIECE, SHARED_WINDOW) } else { (PIECE, WINDOW) };
    let mut read = |buffer: Vec<u8>| {
        if is_stopped() {
            return Err(ErrorKind::Io(io::ErrorKind::Interrupted.into()));
        }
        progress.map_or(Ok(()), HashProgress::check_stopped)?;
        let count = |length| {
            progress.into_iter().for_each(|progress| progress.add_bytes(length));
            length as u64
        };
        if let Some((window, hashed)) = window.take() {
            *size += count(window.bytes().len() - hashed);
            return Ok((Piece::Mapped(window, hashed), false));
        }
        if let Some(window) = file.map(max_window) {
            *size += count(window.bytes().len());
            return Ok((Piece::Mapped(window, 0), false));
        }
        let mut bytes = buffer;
        // The first piece is small, because most files fit into it.
        bytes.resize(if *size == 0 { PIECE } else { max_piece }, 0);
        let (length, is_end) = file.fill(&mut bytes, progress)?;
        bytes.truncate(length);
        *size += length as u64;
        Ok((Piece::Copied(bytes), is_end))
    };
    let (first, mut is_end) = read(Vec::new())?;
    if is_end || threads.get() == 1 {
        let mut piece = first;
        loop {
            piece.chunks(PIECE).for_each(|part| update_all(hashers, part));
            let buffer = match piece {
                Piece::Mapped(window, _) if window.is_torn() => return Ok(Some(window)),
                Piece::Mapped(..) => Vec::new(),
                Piece::Copied(bytes) => bytes,
            };
            if is_end {
                return Ok(None);
            }
            (piece, is_end) = read(buffer)?;
        }
    }
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build().ok();
    in_parallel(hashers, divisible.then(pool).flatten(), first, read)
}

/// Updates all hashers with `first` and the pieces that `read` returns, until one is the last.
///
/// The threads of `pool` share the pieces for hashers that are divisible. Returns the window that is
/// torn, if one is.
fn in_parallel(
    hashers: &mut [Hasher],
    pool: Option<rayon::ThreadPool>,
    first: Piece,
    mut read: impl FnMut(Vec<u8>) -> Result<(Piece, bool), ErrorKind>,
) -> Result<Option<Window>, ErrorKind> {
    let (done, returned) = bounded(PIECES);
    for _ in 1..PIECES {
        let _ = done.send(Piece::Copied(Vec::new()));
    }
    let torn = thread::scope(|scope| {
        let mut threads: Vec<Sender<Arc<SharedPiece>>> = Vec::new();
        // Hashers whose threads could not be started; they are updated on this thread.
        let mut local: Vec<&mut Hasher> = Vec::new();
        for team in teams(hashers) {
            let (piece_sender, piece_receiver): (_, Receiver<Arc<SharedPiece>>) = bounded(PIECES);
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
        let (mut piece, mut is_end) = (first, false);
        loop {
            if let Piece::Mapped(window, _) = &piece
                && pool.is_none()
            {
                // The system fills the page tables on this thread, while others hash.
                window.load();
            }
            let shared = Arc::new(SharedPiece { piece, done: done.clone() });
            for thread in &threads {
                let _ = thread.send(Arc::clone(&shared));
            }
            shared.chunks(PIECE).for_each(|part| update_all(&mut local, part));
            drop(shared);
            if is_end {
                return Ok(None);
            }
            // Each piece comes back once all threads have hashed it.
            let buffer = match returned.recv() {
                Ok(Piece::Mapped(window, _)) if window.is_torn() => return Ok(Some(window)),
                Ok(Piece::Copied(bytes)) => bytes,
                _ => Vec::new(),
            };
            (piece, is_end) = read(buffer)?;
        }
    })?;
    drop(done);
    let is_torn = |piece| match piece {
        Piece::Mapped(window, _) => window.is_torn().then_some(window),
        Piece::Copied(_) => None,
    };
    Ok(torn.or_else(|| returned.iter().find_map(is_torn)))
}

/// A piece of the file.
enum Piece {
    Copied(Vec<u8>),
    /// The bytes of the window from this index on.
    Mapped(Window, usize),
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            Self::Mapped(window, start) => &window.bytes()[*start..],
        }
    }
}

/// A piece that several threads hash; the last one sends it back.
struct SharedPiece {
    piece: Piece,
    done: Sender<Piece>,
}

impl Deref for SharedPiece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for SharedPiece {
    fn drop(&mut self) {
        let piece = std::mem::replace(&mut self.piece, Piece::Copied(Vec::new()));
        let _ = self.done.send(piece);
    }
}
