//! Lists in files; thousands can be merged at once.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::{Resource, getrlimit};

/// The memory in bytes that the buffers of all lists share.
const BUFFERS: usize = 32 << 20;
const MIN_BUFFER: usize = 4 << 10;
const MAX_BUFFER: usize = 64 << 10;

/// A list in a file, which is opened when it is first read.
///
/// If many lists are merged, a regular file is open only while a piece of it is read, so that the
/// limit on open files does not bound their number.
pub struct ListFile {
    path: PathBuf,
    /// The number of lists that are merged.
    count: usize,
    state: State,
}

enum State {
    New,
    /// A pipe or a device, or a regular file if there are few lists.
    Open(BufReader<File>),
    Reopened(Pieces),
}

impl ListFile {
    /// Creates one of `count` lists that are merged.
    pub fn new(path: impl Into<PathBuf>, count: usize) -> Self {
        Self { path: path.into(), count, state: State::New }
    }

    fn open(&self) -> io::Result<State> {
        let size = (BUFFERS / self.count.max(1)).clamp(MIN_BUFFER, MAX_BUFFER);
        let file = File::open(&self.path)?;
        let metadata = file.metadata()?;
        Ok(match metadata.is_file() && self.count > max_open() {
            true => State::Reopened(Pieces::new(Stamp::of(&metadata), size)),
            false => State::Open(BufReader::with_capacity(size, file)),
        })
    }
}

/// Returns the number of lists that may be open at once: half the limit on open files.
fn max_open() -> usize {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(limit / 2).unwrap_or(usize::MAX)
}

/// The contents of a regular file, which is open only while a piece is read.
struct Pieces {
    stamp: Stamp,
    /// The piece that was read last, and how much of it is used.
    piece: Vec<u8>,
    used: usize,
    /// The maximum size of a piece in bytes.
    size: usize,
    /// The end of the piece in the file.
    end: u64,
}

/// Metadata of the file when it was first opened.
#[derive(PartialEq, Eq)]
struct Stamp([i128; 5]);

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let nanoseconds =
            |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self([
            metadata.dev().into(),
            metadata.ino().into(),
            metadata.size().into(),
            nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        ])
    }
}

impl Pieces {
    fn new(stamp: Stamp, size: usize) -> Self {
        Self { stamp, piece: Vec::new(), used: 0, size, end: 0 }
    }

    /// Returns the unused part of the piece; reads the next one if there is none.
    fn fill(&mut self, path: &Path) -> io::Result<&[u8]> {
        if self.used >= self.piece.len() {
            self.read_next(path)?;
        }
        Ok(self.piece.get(self.used..).unwrap_or_default())
    }

    fn read_next(&mut self, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        if Stamp::of(&file.metadata()?) != self.stamp {
            // The rest may belong to a different version of the list.
            return Err(io::Error::other("Changed while reading"));
        }
        self.piece.resize(self.size, 0);
        let length = loop {
            match file.read_at(&mut self.piece, self.end) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.piece.truncate(length);
        self.used = 0;
        self.end += length as u64;
        Ok(())
    }
}

impl Read for ListFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut piece = self.fill_buf()?;
        let length = piece.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for ListFile {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if matches!(self.state, State::New) {
            self.state = self.open()?;
        }
        match &mut self.state {
            State::New => Ok(&[]),
            State::Open(file) => file.fill_buf(),
            State::Reopened(pieces) => pieces.fill(&self.path),
        }
    }

    fn consume(&mut self, count: usize) {
        match &mut self.state {
            State::New => {}
            State::Open(file) => file.consume(count),
            State::Reopened(pieces) => pieces.used += count,
        }
    }
}
