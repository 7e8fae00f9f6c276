//! An open file that is read from end to end, and the rule that tells if it changed meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, OFlags, SeekFrom, Stat, fstat, seek, statat};
use rustix::io::{Errno, read, retry_on_intr};

use super::stamp::Stamp;
use super::system;
use crate::error::{Error, ErrorKind};

/// Flags to open a file of unknown kind: without them, opening a FIFO waits for a writer, and a
/// terminal may become the controlling terminal of the process.
pub(super) const WITHOUT_WAITING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// The metadata of a file that must stay the same while it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Facts {
    pub(super) kind: FileType,
    pub(super) device: u64,
    pub(super) stamp: Stamp,
}

impl Facts {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // types differ by system
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode as _),
            device: stat.st_dev as u64,
            stamp: Stamp::of(stat),
        }
    }

    /// Returns `true` if only the change time differs: after `chmod`, after another hard link, or
    /// after a write whose modification time was set back.
    fn differs_in_ctime_only(&self, other: &Self) -> bool {
        let changed = other.stamp.changed;
        self != other && Self { stamp: Stamp { changed, ..self.stamp }, ..*self } == *other
    }
}

/// A file whose last [`read`](Read::read) fails if the file changed while it was read.
///
/// Size, modification time, change time, inode and device must be the same before and after, and
/// the number of bytes read must be the size. Files other than regular ones are not compared.
///
/// ```
/// use hsum::engine::StableFile;
/// use std::io::Read;
///
/// let mut text = String::new();
/// StableFile::open("Cargo.toml")?.read_to_string(&mut text)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StableFile {
    file: OwnedFd,
    before: Facts,
    watch: Watch,
    /// Bytes read so far.
    position: u64,
    /// Set once the contents are read a second time.
    is_repeated: bool,
}

/// The files that are compared before and after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watch {
    Regular,
    /// None: as coreutils read.
    None,
}

/// The state of a file that was read to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// It did not change.
    Whole,
    /// It may have changed. It was rewound, and must be read again.
    Again,
}

impl StableFile {
    /// Opens a regular file without waiting for anything; fails with [`ErrorKind::Special`] if it
    /// is a FIFO, a socket or a device.
    ///
    /// # Errors
    /// Those of the system, with the path.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let asked = statat(CWD, path, AtFlags::empty());
        let open = || system::open(CWD, path, WITHOUT_WAITING);
        Self::open_asked(asked, open, io).map_err(|kind| Error::new(path, kind))
    }

    /// Opens what was asked about before, for opening some devices acts on them.
    pub(super) fn open_asked(
        asked: Result<Stat, Errno>,
        open: impl FnOnce() -> Result<OwnedFd, Errno>,
        failed: impl Fn(Errno) -> ErrorKind,
    ) -> Result<Self, ErrorKind> {
        let block = |kind| (kind == FileType::BlockDevice).then_some("a block device");
        let refuse = |facts: Facts| match special(facts.kind).or_else(|| block(facts.kind)) {
            Some(what) => Err(ErrorKind::Special(what)),
            None => Ok(facts),
        };
        refuse(Facts::of(&asked.map_err(&failed)?))?;
        let file = open().map_err(&failed)?;
        let facts = refuse(Facts::of(&fstat(&file).map_err(&failed)?))?;
        Ok(Self::new(file, facts, Watch::Regular))
    }

    pub(super) fn new(file: OwnedFd, before: Facts, watch: Watch) -> Self {
        Self { file, before, watch, position: 0, is_repeated: false }
    }

    /// Returns `true` if it is a regular file, not a directory.
    pub fn is_regular(&self) -> bool {
        self.regular().is_some()
    }

    /// Returns its metadata when it was opened, if it is a regular file.
    pub(super) fn regular(&self) -> Option<&Facts> {
        Some(&self.before).filter(|facts| facts.kind == FileType::RegularFile)
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Reads the next bytes; 0 at the end.
    pub(super) fn read_piece(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        let count = retry_on_intr(|| read(&self.file, &mut *room)).map_err(io)?;
        self.advance(count)?;
        Ok(count)
    }

    /// Counts bytes that were read.
    ///
    /// # Errors
    /// If the file holds more bytes than its size: one that grows as fast as it is read has no end.
    pub(super) fn advance(&mut self, count: usize) -> Result<(), ErrorKind> {
        self.position += count as u64;
        match self.watched() {
            Some(size) if self.position > size && self.now()? != self.before => {
                Err(ErrorKind::Changed)
            }
            Some(size) if self.position > size => self.check_length(),
            _ => Ok(()),
        }
    }

    /// Compares the file, which was read to its end, with what it was.
    ///
    /// Where nothing differs but the change time, the contents may be the same or not: they are
    /// read once more.
    pub(super) fn end(&mut self) -> Result<End, ErrorKind> {
        if self.watch == Watch::None || self.regular().is_none() {
            return Ok(End::Whole);
        }
        let now = self.now()?;
        if now == self.before {
            return self.check_length().map(|()| End::Whole);
        }
        if self.is_repeated || !now.differs_in_ctime_only(&self.before) || self.rewind().is_err() {
            return Err(ErrorKind::Changed);
        }
        (self.before, self.is_repeated) = (now, true);
        Ok(End::Again)
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        self.position = 0;
        seek(&self.file, SeekFrom::Start(0)).map(drop).map_err(io)
    }

    /// Returns its size when it was opened, if it is compared at all.
    fn watched(&self) -> Option<u64> {
        let watched = self.regular().filter(|_| self.watch == Watch::Regular);
        watched.map(|facts| facts.stamp.size)
    }

    /// Compares the number of bytes read with the size. A size of 0 may mean that the system does
    /// not know, as in `/proc`.
    fn check_length(&self) -> Result<(), ErrorKind> {
        match self.watched() {
            Some(size)
                if size > 0
                    && self.position != size
                    && system::has_true_sizes(self.file.as_fd()) =>
            {
                Err(ErrorKind::Length { size, read: self.position })
            }
            _ => Ok(()),
        }
    }

    fn now(&self) -> Result<Facts, ErrorKind> {
        fstat(&self.file).map(|stat| Facts::of(&stat)).map_err(io)
    }
}

fn io(error: Errno) -> ErrorKind {
    ErrorKind::Io(error.into())
}

/// Returns what a file without contents of its own is called.
pub(super) fn special(kind: FileType) -> Option<&'static str> {
    match kind {
        FileType::Fifo => Some("a FIFO"),
        FileType::Socket => Some("a socket"),
        FileType::CharacterDevice => Some("a character device"),
        _ => None,
    }
}

impl Read for StableFile {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let failed = |kind| match kind {
            ErrorKind::Io(error) => error,
            kind => io::Error::other(Error::without_path(kind)),
        };
        let count = self.read_piece(room).map_err(failed)?;
        if count == 0 && !room.is_empty() && self.end().map_err(failed)? == End::Again {
            // The caller has used the bytes already.
            return Err(failed(ErrorKind::Changed));
        }
        Ok(count)
    }
}

/// Wraps an open file of any kind, to be read from its current position.
impl TryFrom<File> for StableFile {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        let facts = Facts::of(&fstat(&file)?);
        let mut stable = Self::new(file.into(), facts, Watch::Regular);
        if stable.regular().is_some() {
            stable.position = seek(&stable.file, SeekFrom::Current(0))?;
        }
        Ok(stable)
    }
}

impl From<StableFile> for File {
    fn from(stable: StableFile) -> Self {
        stable.file.into()
    }
}

impl AsFd for StableFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests;
