//! The copy of a body to the part: one thread reads, another hashes and writes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::ErrorKind;
use crate::fetch::progress::DownloadProgress;
use crate::fs::bounded::read_some;
use crate::hasher::fused::MultiHasher;
use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::trust::small_file::body_failure;

/// The size of a buffer in bytes, and the number of buffers in flight.
const BUFFER: usize = 512 * 1024;
const BUFFERS: usize = 8;

/// A read that takes longer has waited for the network. The buffer is then written before it is
/// full, so that little is lost if the process is killed.
const NETWORK_WAIT: Duration = Duration::from_micros(200);

/// The limit for the length of the whole file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// The known length in bytes; a longer file is a mismatch.
    Known(u64),
    /// The maximum in bytes.
    Maximum(u64),
}

impl Limit {
    fn check(self, length: u64) -> Result<(), Failure> {
        match self {
            Self::Known(known) if length > known => Err(Failure::new(
                FailureKind::Mismatch,
                format!("received more than the expected {known} bytes"),
            )),
            Self::Maximum(limit) if length > limit => Err(FailureReason::TooLarge { limit }.into()),
            _ => Ok(()),
        }
    }
}

/// The result of [`copy`].
pub(super) struct Copied {
    pub(super) hasher: MultiHasher,
    /// The length of the file, including the bytes before this copy.
    pub(super) length: u64,
    /// An error if the body is incomplete.
    pub(super) end: Result<(), Failure>,
}

/// The destination of the bytes.
struct Sink<'a> {
    file: &'a mut File,
    hasher: MultiHasher,
    length: u64,
    progress: &'a DownloadProgress,
    written: io::Result<()>,
}

impl Sink<'_> {
    /// Writes and hashes a piece. Returns `false` if writing failed.
    fn push(&mut self, piece: &[u8]) -> bool {
        self.written = self.file.write_all(piece);
        if self.written.is_ok() {
            self.length += piece.len() as u64;
            self.progress.set_bytes(self.length);
            self.hasher.update(piece);
        }
        self.written.is_ok()
    }

    fn finish(self, read: Result<(), Failure>) -> Copied {
        let end = match self.written {
            Ok(()) => read,
            Err(error) => Err(Failure::new(FailureKind::Local, ErrorKind::Io(error).to_string())),
        };
        Copied { hasher: self.hasher, length: self.length, end }
    }
}

/// Appends `body` to `file`, which has `length` bytes, and hashes it.
///
/// If no second thread can be created, the current one does both.
pub(super) fn copy(
    body: &mut dyn Read,
    file: &mut File,
    hasher: MultiHasher,
    length: u64,
    limit: Limit,
    progress: &DownloadProgress,
) -> Copied {
    let mut sink = Sink { file, hasher, length, progress, written: Ok(()) };
    let read = thread::scope(|scope| {
        let (full, arriving) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
        let (empty, returned) = mpsc::channel();
        (0..BUFFERS).try_for_each(|_| empty.send(vec![0; BUFFER])).ok();
        // The sink is sent once the thread runs, so that this thread keeps it if `spawn` fails.
        let (hand_over, handed) = mpsc::channel::<&mut Sink<'_>>();
        let work = move || {
            for sink in handed {
                for buffer in &arriving {
                    if !sink.push(&buffer) {
                        return;
                    }
                    // Fails if the reader has ended.
                    let _ = empty.send(buffer);
                }
            }
        };
        match thread::Builder::new().spawn_scoped(scope, work) {
            Ok(worker) => {
                let _ = hand_over.send(&mut sink);
                drop(hand_over);
                let send = |buffer| full.send(buffer).is_ok();
                let read = read_all(body, length, limit, || returned.recv().ok(), send);
                drop(full);
                match worker.join() {
                    Ok(()) => read,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Err(_) => read_all(body, length, limit, || Some(Vec::new()), |data| sink.push(&data)),
        }
    });
    sink.finish(read)
}

/// Reads the body into the buffers of `next_buffer`, and passes them to `write`. Stops if either
/// function fails: the writer reports the error.
fn read_all(
    body: &mut dyn Read,
    mut length: u64,
    limit: Limit,
    mut next_buffer: impl FnMut() -> Option<Vec<u8>>,
    mut write: impl FnMut(Vec<u8>) -> bool,
) -> Result<(), Failure> {
    while let Some(mut buffer) = next_buffer() {
        buffer.resize(BUFFER, 0);
        let (count, result) = fill(body, &mut buffer);
        length += count as u64;
        limit.check(length)?;
        buffer.truncate(count);
        if !write(buffer) || !result? {
            break;
        }
    }
    Ok(())
}

/// Reads until the buffer is full, the network is slow, or the body ends.
///
/// Returns the number of bytes, which are valid even after an error, and `true` if there may be
/// more.
fn fill(body: &mut dyn Read, buffer: &mut [u8]) -> (usize, Result<bool, Failure>) {
    let mut count = 0;
    while count < buffer.len() {
        let start = Instant::now();
        match read_some(body, &mut buffer[count..]) {
            Ok(0) => return (count, Ok(false)),
            Ok(read) => {
                count += read;
                if start.elapsed() > NETWORK_WAIT {
                    break;
                }
            }
            Err(error) => return (count, Err(body_failure(error))),
        }
    }
    (count, Ok(true))
}
