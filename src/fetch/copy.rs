//! From the socket to the disk: one thread reads, another hashes and writes.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use crate::fs::bounded::read_some;
use crate::hasher::fused::MultiHasher;
use crate::net::failure::{Failure, FailureKind};
use crate::trust::small_file::body_failure;

/// Bytes of one buffer, and how many are on their way at once.
const BUFFER: usize = 512 * 1024;
const BUFFERS: usize = 8;

/// A read that takes longer had to wait for the network: what is there is written meanwhile, so
/// that little is lost if the process is killed.
const WAITED: Duration = Duration::from_micros(200);

/// Provenance far a download has come, for whoever watches from another thread.
#[derive(Debug, Default)]
pub struct DownloadProgress {
    bytes: AtomicU64,
    /// 0 where it is not known.
    total: AtomicU64,
}

impl DownloadProgress {
    /// Bytes of the file that are there.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// All its bytes, where that is known.
    pub fn total(&self) -> Option<u64> {
        Some(self.total.load(Relaxed)).filter(|total| *total > 0)
    }

    pub(crate) fn set(&self, bytes: u64, total: Option<u64>) {
        self.bytes.store(bytes, Relaxed);
        self.total.store(total.unwrap_or(0), Relaxed);
    }
}

/// What a download must stay within.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of the whole file.
    pub(crate) most: u64,
    /// Why no more.
    pub(crate) bound: Bound,
}

/// Where a limit comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bound {
    /// It is the file's known length: more is another file.
    Length,
    /// It is the most that is taken.
    Most,
}

impl Limits {
    fn judge(self, length: u64) -> Result<(), Failure> {
        if length > self.most {
            let most = self.most;
            return Err(match self.bound {
                Bound::Length => Failure::new(
                    FailureKind::Mismatch,
                    format!("more bytes come than the {most} that were expected"),
                ),
                Bound::Most => Failure::new(
                    FailureKind::Policy,
                    format!("more than {most} bytes come (--max-size)"),
                ),
            });
        }
        Ok(())
    }
}

/// What has arrived.
pub(crate) struct Arrived {
    pub(crate) hasher: MultiHasher,
    /// The length of the file, with what was there before.
    pub(crate) length: u64,
    /// Why it is not all there.
    pub(crate) end: Result<(), Failure>,
}

/// The destination of the bytes.
struct Sink<'a> {
    file: &'a mut File,
    hasher: MultiHasher,
    /// The length of the file.
    length: u64,
    progress: &'a DownloadProgress,
    written: io::Result<()>,
}

impl Sink<'_> {
    /// Writes and hashes a piece; `false` if that failed.
    fn take(&mut self, piece: &[u8]) -> bool {
        self.written = self.file.write_all(piece);
        if self.written.is_ok() {
            self.length += piece.len() as u64;
            self.hasher.update(piece);
            self.progress.bytes.store(self.length, Relaxed);
        }
        self.written.is_ok()
    }

    fn arrived(self, read: Result<(), Failure>) -> Arrived {
        let end = match self.written {
            Ok(()) => read,
            Err(error) => {
                let text = crate::error::ErrorKind::Io(error).to_string();
                Err(Failure::new(FailureKind::Local, text))
            }
        };
        Arrived { hasher: self.hasher, length: self.length, end }
    }
}

/// Writes `body` to `file`, behind the first `length` bytes, and hashes it. If the system grants no
/// second thread, this one does both.
pub(crate) fn pump(
    body: &mut dyn Read,
    file: &mut File,
    hasher: MultiHasher,
    length: u64,
    limits: Limits,
    progress: &DownloadProgress,
) -> Arrived {
    let mut sink = Sink { file, hasher, length, progress, written: Ok(()) };
    let read = thread::scope(|scope| {
        let (full, arriving) = mpsc::sync_channel::<Vec<u8>>(BUFFERS);
        let (empty, returned) = mpsc::channel();
        // The sink is sent once the thread has been spawned: if that fails, it is still here.
        let (hand_over, handed) = mpsc::channel::<&mut Sink<'_>>();
        let work = move || {
            for sink in handed {
                for buffer in &arriving {
                    if !sink.take(&buffer) {
                        return;
                    }
                    // The reader may have ended.
                    let _ = empty.send(buffer);
                }
            }
        };
        match thread::Builder::new().spawn_scoped(scope, work) {
            Ok(worker) => {
                let _ = hand_over.send(&mut sink);
                drop(hand_over);
                let read = read_all(body, &full, &returned, length, limits);
                drop(full);
                match worker.join() {
                    Ok(()) => read,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Err(_) => alone(body, &mut sink, limits),
        }
    });
    sink.arrived(read)
}

/// Reads, writes and hashes on this thread.
fn alone(body: &mut dyn Read, sink: &mut Sink<'_>, limits: Limits) -> Result<(), Failure> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let (count, result) = fill(body, &mut buffer);
        limits.judge(sink.length + count as u64)?;
        if !sink.take(&buffer[..count]) {
            return Ok(());
        }
        match result {
            Ok(More::Yes) => {}
            Ok(More::No) => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
}

fn read_all(
    body: &mut dyn Read,
    full: &SyncSender<Vec<u8>>,
    returned: &Receiver<Vec<u8>>,
    mut length: u64,
    limits: Limits,
) -> Result<(), Failure> {
    let mut made = 0;
    loop {
        let mut buffer = match returned.try_recv() {
            Ok(buffer) => buffer,
            Err(_) if made < BUFFERS => {
                made += 1;
                vec![0; BUFFER]
            }
            Err(_) => match returned.recv() {
                Ok(buffer) => buffer,
                // The other thread has met an error, and will say which.
                Err(_) => return Ok(()),
            },
        };
        buffer.resize(BUFFER, 0);
        let (count, result) = fill(body, &mut buffer);
        length += count as u64;
        limits.judge(length)?;
        buffer.truncate(count);
        if count > 0 && full.send(buffer).is_err() {
            return Ok(());
        }
        match result {
            Ok(More::Yes) => {}
            Ok(More::No) => return Ok(()),
            Err(failure) => return Err(failure),
        }
    }
}

/// Whether there may be more to read.
enum More {
    Yes,
    No,
}

/// Reads until the buffer is full, bytes come slowly, or the body ends; what came before an error
/// counts.
fn fill(body: &mut dyn Read, buffer: &mut [u8]) -> (usize, Result<More, Failure>) {
    let mut count = 0;
    while count < buffer.len() {
        let begun = Instant::now();
        match read_some(body, &mut buffer[count..]) {
            Ok(0) => return (count, Ok(More::No)),
            Ok(more) => {
                count += more;
                if begun.elapsed() > WAITED {
                    break;
                }
            }
            Err(error) => return (count, Err(body_failure(error))),
        }
    }
    (count, Ok(More::Yes))
}
