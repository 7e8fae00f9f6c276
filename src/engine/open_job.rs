//! Jobs with open files, of which cached parts are mapped if the caller allows it.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{OFlags, fstat};
use rustix::io::{pread, read, retry_on_intr};

use crate::algorithm::HashFunction;
use crate::engine::file::{self, End, FileMetadata, StableFile, WITHOUT_WAITING, special_type};
use crate::engine::job::{Access, Job};
use crate::engine::metadata::FileStamp;
use crate::engine::options::{PageCache, Reading, Source};
use crate::engine::outcome::HashedFile;
use crate::engine::progress::HashProgress;
use crate::engine::sizes::MIN_MAPPED;
use crate::engine::system::{self, Cached};
use crate::error::{Error, ErrorKind, SpecialFileType};
use crate::fs::map::{FaultHandler, Window};
use crate::hasher::Hasher;

/// A job whose file is open.
pub(super) struct OpenJob {
    /// The position in the order of jobs.
    pub(super) index: u64,
    job: Job,
    input: Input,
    /// Set if the contents are on a rotating disk and not cached: two such files are slower to
    /// read at the same time than one after the other.
    pub(super) is_on_rotating_disk: bool,
    /// The number of bytes dropped from the page cache; `None` if they are kept.
    dropped: Option<u64>,
    /// `None` if the file is not to be mapped.
    handler: Option<FaultHandler>,
    /// The position up to which the file is read, because it was found not to be cached there.
    uncached: u64,
}

enum Input {
    Stdin,
    /// Standard input that another job reads.
    Empty,
    File(StableFile),
}

/// The size above which announcing a sequential read is worth the system call.
const SEQUENTIAL: u64 = 256 * 1024;
/// The number of bytes read between two calls that drop them from the page cache.
const DROP_INTERVAL: u64 = 8 << 20;

impl OpenJob {
    pub(super) fn new(index: u64, mut job: Job) -> Result<Self, Error> {
        let input = match (&job.source, job.opened.take()) {
            (_, Some(file)) => Input::File(*file),
            (Source::Stdin, None) if job.access == Access::StdinAgain => {
                match rustix::io::fcntl_getfd(io::stdin()) {
                    Ok(_) => Input::Empty,
                    Err(closed) => return Err(Error::io(job.source.name(), closed.into())),
                }
            }
            (Source::Stdin, None) => Input::Stdin,
            (Source::Path(path), None) => match open(path, &job) {
                Ok(file) => Input::File(file),
                Err(kind) => return Err(Error::new(path, kind)),
            },
        };
        Ok(Self {
            index,
            job,
            input,
            is_on_rotating_disk: false,
            dropped: None,
            handler: None,
            uncached: 0,
        })
    }

    /// Returns the job, to be opened by another thread; nothing may have been read yet.
    pub(super) fn into_job(self) -> Job {
        let opened = match self.input {
            Input::File(file) => Some(Box::new(file)),
            Input::Stdin | Input::Empty => None,
        };
        Job { opened, ..self.job }
    }

    pub(super) fn source(&self) -> &Source {
        &self.job.source
    }

    pub(super) fn functions(&self) -> &Arc<[HashFunction]> {
        &self.job.functions
    }

    /// Returns new hashers for the job's hash functions.
    pub(super) fn hashers(&self) -> Vec<Hasher> {
        self.job.functions.iter().map(|function| Hasher::new(*function)).collect()
    }

    /// Returns the result for a file of `size` bytes from the hashers that were updated with them.
    pub(super) fn hashed(&self, hashers: Vec<Hasher>, size: u64) -> HashedFile {
        let digests = hashers.into_iter().map(Hasher::finalize).collect();
        HashedFile { size, digests, stamp: self.stamp() }
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.job.source.name(), kind)
    }

    /// Returns the size at opening; 0 if it is unknown.
    pub(super) fn size(&self) -> u64 {
        self.stamp().map_or(0, |stamp| stamp.size)
    }

    fn regular(&self) -> Option<(&StableFile, &FileMetadata)> {
        match &self.input {
            Input::File(file) => Some((file, file.regular()?)),
            _ => None,
        }
    }

    /// Returns the metadata at opening if it is a regular file.
    pub(super) fn stamp(&self) -> Option<FileStamp> {
        self.regular().map(|(_, metadata)| metadata.stamp)
    }

    /// Prepares for reading from end to end.
    pub(super) fn prepare(&mut self) {
        let Some((file, metadata)) = self.regular() else { return };
        if metadata.stamp.size > SEQUENTIAL {
            system::advise_sequential(file.as_fd());
        }
        if self.job.cache == PageCache::Drop && !self.is_cached() {
            self.dropped = Some(0);
        }
        let Some((file, metadata)) = self.regular() else { return };
        if let Reading::Mapped(handler) = self.job.reading
            && self.dropped.is_none()
            && metadata.stamp.size >= MIN_MAPPED
            && system::is_local(file.as_fd())
        {
            self.handler = Some(handler);
        }
    }

    /// Maps up to `length` of the next bytes and skips them; `None` if they are to be read.
    pub(super) fn map(&mut self, length: usize) -> Option<Window> {
        let handler = self.handler?;
        let (file, metadata) = self.regular()?;
        let start = file.position;
        let end = metadata.stamp.size.min(start + length as u64);
        if start >= end || start < self.uncached {
            return None;
        }
        // Files are cached from their beginning, and dropped in large pieces.
        let is_cached = |at| matches!(self.read_cached(at, &mut [0]), Ok(Cached::Bytes(1)));
        let are_cached = [start, start.midpoint(end), end - 1].into_iter().all(is_cached);
        let map = || Window::map(handler, file.as_fd(), start, (end - start) as usize);
        let window = are_cached.then(map).flatten();
        match (&window, &mut self.input) {
            (Some(window), Input::File(file)) => file.skip(window.bytes().len()),
            _ => self.uncached = end,
        }
        window
    }

    /// Rewinds the file, which will not be mapped again, because `window` is torn.
    ///
    /// # Errors
    /// The error of reading the window's bytes, or [`ErrorKind::Changed`].
    pub(super) fn rewind_after_fault(&mut self, window: &Window) -> Result<(), ErrorKind> {
        self.handler = None;
        match &mut self.input {
            Input::File(file) => file.rewind_after_fault(window.range()),
            Input::Stdin | Input::Empty => Ok(()),
        }
    }

    pub(super) fn detect_rotating_disk(&mut self) {
        let Some((_, metadata)) = self.regular() else { return };
        self.is_on_rotating_disk = system::is_rotational(metadata.device) && !self.is_cached();
    }

    /// Returns `true` if the first byte is in the page cache, as the others then usually are.
    fn is_cached(&self) -> bool {
        matches!(self.read_cached(0, &mut [0]), Ok(Cached::Bytes(_)))
    }

    /// Returns `true` if it is a regular file in the page cache, or may be, on a local file system.
    pub(super) fn is_ready(&self) -> bool {
        let Some((file, _)) = self.regular() else { return false };
        match self.read_cached(0, &mut [0]) {
            Ok(Cached::Unknown) => {
                self.job.cache == PageCache::Keep && !system::is_remote_file(file.as_fd())
            }
            cached => matches!(cached, Ok(Cached::Bytes(_))),
        }
    }

    /// Reads a small file whole if it is cached; with [`Cached::Unknown`], nothing was read.
    pub(super) fn read_small(&mut self, buffer: &mut [u8]) -> Result<Cached, ErrorKind> {
        let Some((file, metadata)) = self.regular() else { return Ok(Cached::Unknown) };
        let FileMetadata { stamp: FileStamp { size, .. }, device, .. } = *metadata;
        // Files in /proc have a size of 0.
        if size == 0 {
            return Ok(Cached::Unknown);
        }
        let count = match self.read_cached(0, buffer)? {
            Cached::Bytes(count) => count,
            Cached::No => {
                self.is_on_rotating_disk = system::is_rotational(device);
                self.dropped = (self.job.cache == PageCache::Drop).then_some(0);
                return Ok(Cached::No);
            }
            Cached::Unknown if self.job.cache == PageCache::Keep => {
                retry_on_intr(|| pread(file, &mut *buffer, 0)).map_err(file::io)?
            }
            Cached::Unknown => {
                self.dropped = Some(0);
                return Ok(Cached::Unknown);
            }
        };
        // `end` detects that a file is longer than its size, unless changes are ignored.
        let is_whole = count as u64 == size
            && (self.job.access != Access::Plain
                || matches!(self.read_cached(size, &mut [0])?, Cached::Bytes(0)));
        match &mut self.input {
            Input::File(file) if is_whole => file.advance(count).map(|()| Cached::Bytes(count)),
            _ => Ok(Cached::Unknown),
        }
    }

    fn read_cached(&self, start: u64, buffer: &mut [u8]) -> Result<Cached, ErrorKind> {
        let Some((file, metadata)) = self.regular() else { return Ok(Cached::Unknown) };
        system::read_cached(file.as_fd(), metadata.device, start, buffer).map_err(file::io)
    }

    /// Reads the next bytes; returns 0 at the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        match &mut self.input {
            // std's `Stdin` would treat a closed descriptor as an empty file.
            Input::Stdin => retry_on_intr(|| read(io::stdin(), &mut *buffer)).map_err(file::io),
            Input::Empty => Ok(0),
            Input::File(file) => file.read_piece(buffer),
        }
    }

    /// Fills the buffer from the file; returns the number of bytes, and `true` at the end.
    pub(super) fn fill(
        &mut self,
        buffer: &mut [u8],
        progress: Option<&HashProgress>,
    ) -> Result<(usize, bool), ErrorKind> {
        let mut filled = 0;
        let mut is_end = false;
        while filled < buffer.len() && !is_end {
            progress.map_or(Ok(()), HashProgress::check_stopped)?;
            let count = self.read(&mut buffer[filled..])?;
            progress.into_iter().for_each(|progress| progress.add_bytes(count));
            filled += count;
            is_end = count == 0;
        }
        self.drop_cached(if is_end { 1 } else { DROP_INTERVAL });
        Ok((filled, is_end))
    }

    /// Returns the file if threads may read it at several places: a regular one on no rotating disk.
    pub(super) fn divisible(&self) -> Option<&StableFile> {
        match &self.input {
            Input::File(file) if file.is_regular() && !self.is_on_rotating_disk => Some(file),
            _ => None,
        }
    }

    /// Skips bytes that were read with [`StableFile::read_at`].
    pub(super) fn skip(&mut self, count: u64) {
        if let Input::File(file) = &mut self.input {
            file.skip(count as usize);
        }
        self.drop_cached(DROP_INTERVAL);
    }

    /// Drops the bytes read so far from the page cache, if required and if there are `min` or more.
    fn drop_cached(&mut self, min: u64) {
        let Input::File(file) = &self.input else { return };
        if let Some(dropped) = &mut self.dropped
            && file.position >= *dropped + min
        {
            system::drop_cached(file.as_fd(), *dropped, file.position);
            *dropped = file.position;
        }
    }

    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        match &mut self.input {
            Input::Stdin | Input::Empty => Ok(()),
            Input::File(file) => file.rewind(),
        }
    }

    /// Checks that the file, which was read to its end, did not change; see [`StableFile::end`].
    pub(super) fn end(&mut self) -> Result<End, ErrorKind> {
        let Input::File(file) = &mut self.input else { return Ok(End::Unchanged) };
        let mut end = file.end()?;
        // Only mapped bytes can be beyond the end: those in the last page of a file that was truncated
        // are zeros, without a fault.
        if self.handler.is_some() && file.is_beyond_end()? {
            self.handler = None;
            file.rewind()?;
            end = End::ReadAgain;
        }
        if end == End::ReadAgain {
            self.dropped = self.dropped.map(|_| 0);
        }
        Ok(end)
    }
}

fn open(path: &Path, job: &Job) -> Result<StableFile, ErrorKind> {
    let refuse = |metadata: &FileMetadata| match special_type(metadata.kind) {
        Some(special) if job.access.is_found() && special != SpecialFileType::BlockDevice => {
            Err(ErrorKind::Special(special))
        }
        _ => Ok(()),
    };
    let before = match job.access {
        Access::Listed => Some(FileMetadata::of(&job.base.stat(path, OFlags::empty())?)),
        _ => None,
    };
    before.as_ref().map_or(Ok(()), refuse)?;
    let flags = match job.access {
        Access::Walked => WITHOUT_WAITING | OFlags::NOFOLLOW,
        Access::Listed => WITHOUT_WAITING,
        _ => OFlags::empty(),
    };
    let file = job.base.open(path, flags)?;
    let metadata = match before {
        // The comparison at the end detects that another file was opened. A file of size 0 is read
        // without a limit, so its own metadata is needed.
        Some(before) if before.stamp.size > 0 => before,
        _ => FileMetadata::of(&fstat(&file).map_err(file::io)?),
    };
    refuse(&metadata)?;
    Ok(StableFile::new(file, metadata, job.access != Access::Plain))
}

#[cfg(test)]
mod tests;
