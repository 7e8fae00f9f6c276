//! A file reader that detects changes made during the read.

use std::fs::File;
use std::io::{self, Read};
use std::mem;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, OFlags, SeekFrom, Stat, fstat, seek, statat};
use rustix::io::{Errno, pread, read, retry_on_intr};

use crate::engine::metadata::FileStamp;
use crate::engine::system::{self, Cached};
use crate::error::{Error, ErrorKind, SpecialFileType};

/// Flags to open a file of unknown type: without them, opening a FIFO waits for a writer, and a
/// terminal may become the controlling terminal of the process.
pub(super) const WITHOUT_WAITING: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

/// The metadata of a file that must stay the same while it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct FileMetadata {
    pub(super) kind: FileType,
    pub(super) device: u64,
    pub(super) stamp: FileStamp,
}

impl FileMetadata {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // types differ by system
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode as _),
            device: stat.st_dev as u64,
            stamp: FileStamp::of(stat),
        }
    }

    /// Returns `true` if only the change time differs: after `chmod`, after another hard link, or
    /// after a write whose modification time was set back.
    fn differs_in_ctime_only(&self, other: &Self) -> bool {
        let changed = other.stamp.changed;
        self != other && Self { stamp: FileStamp { changed, ..self.stamp }, ..*self } == *other
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
    before: FileMetadata,
    detects_changes: bool,
    /// The number of bytes read so far.
    pub(super) position: u64,
    /// Set if the descriptor's offset is not `position`, because bytes were skipped.
    is_elsewhere: bool,
    /// Set during the second read of the contents.
    is_repeated: bool,
}

/// The state of a file that was read to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The file did not change.
    Unchanged,
    /// The file may have changed; it was rewound and must be read again.
    ReadAgain,
}

impl StableFile {
    /// Opens a regular file without blocking.
    ///
    /// # Errors
    /// [`ErrorKind::Special`] for a FIFO, socket or device; [`ErrorKind::Io`] if the system
    /// refuses to open it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let stat = statat(CWD, path, AtFlags::empty());
        let open = || system::open(CWD, path, WITHOUT_WAITING);
        Self::open_regular(stat, open, io).map_err(|kind| Error::new(path, kind))
    }

    /// Opens a file after reading its metadata, because opening has side effects on some devices.
    pub(super) fn open_regular(
        stat: Result<Stat, Errno>,
        open: impl FnOnce() -> Result<OwnedFd, Errno>,
        error: impl Fn(Errno) -> ErrorKind,
    ) -> Result<Self, ErrorKind> {
        let refuse = |metadata: FileMetadata| match special_type(metadata.kind) {
            Some(special) => Err(ErrorKind::Special(special)),
            None => Ok(metadata),
        };
        refuse(FileMetadata::of(&stat.map_err(&error)?))?;
        let file = open().map_err(&error)?;
        let metadata = refuse(FileMetadata::of(&fstat(&file).map_err(&error)?))?;
        Ok(Self::new(file, metadata, true))
    }

    pub(super) fn new(file: OwnedFd, before: FileMetadata, detects_changes: bool) -> Self {
        Self { file, before, detects_changes, position: 0, is_elsewhere: false, is_repeated: false }
    }

    /// Returns `true` if it is a regular file, not a directory.
    pub fn is_regular(&self) -> bool {
        self.regular().is_some()
    }

    /// Returns the metadata at opening if it is a regular file.
    pub(super) fn regular(&self) -> Option<&FileMetadata> {
        Some(&self.before).filter(|metadata| metadata.kind == FileType::RegularFile)
    }

    /// Returns the metadata at opening; `None` if the file is not regular.
    pub fn stamp(&self) -> Option<FileStamp> {
        self.regular().map(|metadata| metadata.stamp)
    }

    /// Reads bytes from `start` on, and returns their number, 0 at the end.
    ///
    /// The position of [`read`](Read::read) stays the same.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] if the file is no longer as it was at opening: the bytes may be of
    /// other contents. [`ErrorKind::Io`] if they cannot be read.
    pub fn read_at(&self, buffer: &mut [u8], start: u64) -> Result<usize, ErrorKind> {
        let count = retry_on_intr(|| pread(&self.file, &mut *buffer, start)).map_err(io)?;
        self.check_unchanged()?;
        Ok(count)
    }

    /// Reads like [`StableFile::read_at`] if the bytes are in the page cache.
    ///
    /// Returns `None` if they must be fetched from the disk, or if the system cannot tell.
    ///
    /// # Errors
    /// Returns the errors of [`StableFile::read_at`].
    pub fn read_cached_at(
        &self,
        buffer: &mut [u8],
        start: u64,
    ) -> Result<Option<usize>, ErrorKind> {
        let file = self.file.as_fd();
        match system::read_cached(file, self.before.device, start, buffer).map_err(io)? {
            Cached::Bytes(count) => self.check_unchanged().map(|()| Some(count)),
            Cached::No | Cached::Unknown => Ok(None),
        }
    }

    /// Compares the metadata with those at opening.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`] if they differ.
    pub fn check_unchanged(&self) -> Result<(), ErrorKind> {
        if self.now()? == self.before { Ok(()) } else { Err(ErrorKind::Changed) }
    }

    /// Reads once, retrying after `EINTR`; returns 0 at the end.
    pub(super) fn read_piece(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        if mem::take(&mut self.is_elsewhere) {
            seek(&self.file, SeekFrom::Start(self.position)).map_err(io)?;
        }
        let count = retry_on_intr(|| read(&self.file, &mut *buffer)).map_err(io)?;
        self.advance(count)?;
        Ok(count)
    }

    /// Counts bytes that were read.
    ///
    /// # Errors
    /// If there are more bytes than the size: a file that grows while it is read may have no end.
    pub(super) fn advance(&mut self, count: usize) -> Result<(), ErrorKind> {
        self.position += count as u64;
        match self.watched_size() {
            Some(size) if self.position > size && self.now()? != self.before => {
                Err(ErrorKind::Changed)
            }
            Some(size) if self.position > size => self.check_length(),
            _ => Ok(()),
        }
    }

    /// Skips bytes within the file's size, which were read in another way.
    pub(super) fn skip(&mut self, count: usize) {
        self.position += count as u64;
        self.is_elsewhere = true;
    }

    /// Rewinds the file after bytes in `range` could not be accessed in a mapping of the file.
    ///
    /// # Errors
    /// The error of reading these bytes, or [`ErrorKind::Changed`].
    pub(super) fn rewind_after_fault(&mut self, range: Range<u64>) -> Result<(), ErrorKind> {
        let (mut at, mut buffer) = (range.start, [0; 16 * 1024]);
        while at < range.end {
            match retry_on_intr(|| pread(&self.file, &mut buffer, at)).map_err(io)? {
                0 => break,
                count => at += count as u64,
            }
        }
        let now = self.now()?;
        if self.detects_changes && now != self.before && !now.differs_in_ctime_only(&self.before) {
            return Err(ErrorKind::Changed);
        }
        self.rewind()
    }

    /// Compares the metadata of the file, which was read to its end, with those at opening.
    ///
    /// If only the change time differs, the contents may or may not be the same: the file is
    /// rewound to be read once more.
    ///
    /// # Errors
    /// If it changed: the digest would be of contents that never existed.
    pub(super) fn end(&mut self) -> Result<End, ErrorKind> {
        if self.watched_size().is_none() {
            return Ok(End::Unchanged);
        }
        let now = self.now()?;
        if now == self.before {
            return self.check_length().map(|()| End::Unchanged);
        }
        if self.is_repeated || !now.differs_in_ctime_only(&self.before) || self.rewind().is_err() {
            return Err(ErrorKind::Changed);
        }
        (self.before, self.is_repeated) = (now, true);
        Ok(End::ReadAgain)
    }

    /// Returns `true` if the file is now shorter than the bytes that were read.
    pub(super) fn is_beyond_end(&self) -> Result<bool, ErrorKind> {
        Ok(self.now()?.stamp.size < self.position)
    }

    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        (self.position, self.is_elsewhere) = (0, false);
        seek(&self.file, SeekFrom::Start(0)).map(drop).map_err(io)
    }

    /// Returns the size at opening if changes of the file are detected.
    fn watched_size(&self) -> Option<u64> {
        let watched = self.regular().filter(|_| self.detects_changes);
        watched.map(|metadata| metadata.stamp.size)
    }

    /// Compares the number of bytes read with the size. Files in `/proc` have a size of 0.
    fn check_length(&self) -> Result<(), ErrorKind> {
        let read = self.position;
        match self.watched_size() {
            Some(size @ 1..) if read != size && system::has_true_sizes(self.file.as_fd()) => {
                Err(ErrorKind::Length { size, read })
            }
            _ => Ok(()),
        }
    }

    fn now(&self) -> Result<FileMetadata, ErrorKind> {
        fstat(&self.file).map(|stat| FileMetadata::of(&stat)).map_err(io)
    }
}

pub(super) fn io(error: Errno) -> ErrorKind {
    ErrorKind::Io(error.into())
}

/// Returns the special type; `None` for a regular file or a directory.
pub(super) fn special_type(kind: FileType) -> Option<SpecialFileType> {
    match kind {
        FileType::Fifo => Some(SpecialFileType::Fifo),
        FileType::Socket => Some(SpecialFileType::Socket),
        FileType::CharacterDevice => Some(SpecialFileType::CharacterDevice),
        FileType::BlockDevice => Some(SpecialFileType::BlockDevice),
        _ => None,
    }
}

impl Read for StableFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let error = |kind| match kind {
            ErrorKind::Io(error) => error,
            kind => io::Error::other(Error::without_path(kind)),
        };
        let count = self.read_piece(buffer).map_err(error)?;
        if count == 0 && !buffer.is_empty() && self.end().map_err(error)? == End::ReadAgain {
            // Bytes already returned to the caller cannot be taken back.
            return Err(error(ErrorKind::Changed));
        }
        Ok(count)
    }
}

/// Wraps an open file of any type, to be read from its current position.
impl TryFrom<File> for StableFile {
    type Error = io::Error;

    fn try_from(file: File) -> io::Result<Self> {
        let metadata = FileMetadata::of(&fstat(&file)?);
        let mut stable = Self::new(file.into(), metadata, true);
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
