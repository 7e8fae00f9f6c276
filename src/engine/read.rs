//! How bytes arrive: plain `read`, never a mapping, so that a file that is cut short under our
//! eyes is an error and not a signal.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{OFlags, fstat};
use rustix::io::{pread, read, retry_on_intr};

use super::file::{End, Facts, StableFile, WITHOUT_WAITING, Watch, special};
use super::place::Place;
use super::system::{self, Cached};
use super::{Cache, Progress, Source, Stamp};
use crate::algorithm::HashFunction;
use crate::error::{Error, ErrorKind};
use crate::hasher::Hasher;

/// A file to hash.
pub(crate) struct Job {
    pub(crate) source: Source,
    pub(crate) access: Access,
    pub(crate) functions: Arc<[HashFunction]>,
    pub(super) cache: Cache,
    /// Where its path is looked up.
    pub(crate) place: Place,
}

impl Job {
    pub(crate) fn new(source: Source, access: Access, functions: Arc<[HashFunction]>) -> Self {
        Self { source, access, functions, cache: Cache::Keep, place: Place::Anywhere }
    }

    pub(crate) fn place(self, place: Place) -> Self {
        Self { place, ..self }
    }

    pub(crate) fn cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }
}

/// How a file came to be hashed, and so what it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Named by the user: anything that can be read, a FIFO or a device too.
    Named,
    /// Named, but no regular file: whoever opens or reads it may have to wait for somebody.
    Slow,
    /// Met in a walk, which saw that it is no symbolic link: regular files and block devices, for a
    /// FIFO would block the run and `/dev/zero` never end it.
    Met,
    /// Named in a list: the same, but it may be a symbolic link. Its metadata is read before it is
    /// opened, because opening acts on some devices.
    Listed,
    /// Standard input after its first time: at its end, whichever worker gets there first.
    Spent,
    /// As coreutils reads: anything that can be opened, whether or not it changes meanwhile.
    Plain,
}

impl Access {
    /// Returns `true` if a walk or a list named the file, not the user.
    fn is_found(self) -> bool {
        matches!(self, Self::Met | Self::Listed)
    }

    /// Of that file: opening a FIFO waits for a writer, which must not keep other files waiting.
    pub(crate) fn of(self, path: &Path) -> Self {
        let waits = || path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
        if self == Self::Plain && waits() { Self::Slow } else { self }
    }
}

/// A job whose file is open.
pub(super) struct Opened {
    index: u64,
    job: Job,
    input: Input,
    /// See [`Opened::is_far`].
    far: bool,
    /// Whether what is read is to be dropped from the page cache, and how far it was.
    forget: Option<u64>,
}

enum Input {
    Stdin,
    /// Standard input that somebody else reads.
    Nothing,
    File(StableFile),
}

/// What trying to read a small file without waiting came to.
pub(super) enum Tried {
    /// So many bytes: all of it.
    Whole(usize),
    /// It is on its way from the disk.
    Fetching,
    /// To be read as any other.
    Unknown,
}

/// From so many bytes on it pays to tell the system how a file will be read.
const SEQUENTIAL: u64 = 256 * 1024;
/// Bytes after which a large file's pages are dropped, where they are to be.
const FORGET: u64 = 8 << 20;

impl Opened {
    pub(super) fn new(index: u64, job: Job) -> Result<Self, Error> {
        let input = match &job.source {
            Source::Stdin if job.access == Access::Spent => {
                match rustix::io::fcntl_getfd(io::stdin()) {
                    Ok(_) => Input::Nothing,
                    Err(closed) => return Err(Error::io(job.source.name(), closed.into())),
                }
            }
            Source::Stdin => Input::Stdin,
            Source::Path(path) => match open(path, &job) {
                Ok(file) => Input::File(file),
                Err(kind) => return Err(Error::new(path, kind)),
            },
        };
        Ok(Self { index, job, input, far: false, forget: None })
    }

    /// The job's place in the order of jobs.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    pub(super) fn functions(&self) -> Arc<[HashFunction]> {
        Arc::clone(&self.job.functions)
    }

    /// Returns new hashers for its functions.
    pub(super) fn hashers(&self) -> Vec<Hasher> {
        self.job.functions.iter().map(|function| Hasher::new(*function)).collect()
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.job.source.name(), kind)
    }

    /// What the system says that it holds; 0 where it does not say.
    pub(super) fn size(&self) -> u64 {
        self.regular().map_or(0, |(_, facts)| facts.stamp.size)
    }

    fn regular(&self) -> Option<(&StableFile, &Facts)> {
        match &self.input {
            Input::File(file) => Some((file, file.regular()?)),
            _ => None,
        }
    }

    /// What it was when it was opened, if it is a regular file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        let (_, facts) = self.regular()?;
        Some(facts.stamp)
    }

    /// Prepares for reading from end to end what is not read at once.
    pub(super) fn expect_all(&mut self) {
        let Some((file, facts)) = self.regular() else { return };
        if facts.stamp.size > SEQUENTIAL {
            system::advise_sequential(file.as_fd());
        }
        if self.job.cache == Cache::Drop && !self.is_cached() {
            self.forget = Some(0);
        }
    }

    /// Finds out whether a head has to travel to its contents ([`Opened::is_far`]).
    pub(super) fn locate(&mut self) {
        let Some((_, facts)) = self.regular() else { return };
        self.far = system::is_rotational(facts.device) && !self.is_cached();
    }

    /// Whether a head has to travel to its contents: those of another such file are better not
    /// read at the same time.
    pub(super) fn is_far(&self) -> bool {
        self.far
    }

    /// Whether it is in the page cache. What the first byte is, the others are as a rule.
    fn is_cached(&self) -> bool {
        matches!(self.read_cached(0, &mut [0]), Ok(Cached::Bytes(_)))
    }

    /// Reads a small file, whole, unless that means to wait for a disk.
    pub(super) fn try_small(&mut self, room: &mut [u8]) -> Result<Tried, ErrorKind> {
        let Some((_, facts)) = self.regular() else { return Ok(Tried::Unknown) };
        let Facts { stamp: Stamp { size, .. }, device, .. } = *facts;
        // A size of 0 may mean that the system does not know, as in /proc.
        if size == 0 {
            return Ok(Tried::Unknown);
        }
        let count = match self.read_cached(0, room)? {
            Cached::Bytes(count) => count,
            Cached::No => {
                self.far = system::is_rotational(device);
                self.forget = (self.job.cache == Cache::Drop).then_some(0);
                return Ok(Tried::Fetching);
            }
            Cached::Unknown if self.job.cache == Cache::Keep => {
                let Some((file, _)) = self.regular() else { return Ok(Tried::Unknown) };
                let read = retry_on_intr(|| pread(file, &mut *room, 0));
                read.map_err(|error| ErrorKind::Io(error.into()))?
            }
            Cached::Unknown => {
                self.forget = Some(0);
                return Ok(Tried::Unknown);
            }
        };
        // That this was the end is certain only with `end`, or when there is nothing more.
        let ends = count as u64 == size
            && (self.job.access != Access::Plain
                || matches!(self.read_cached(size, &mut [0])?, Cached::Bytes(0)));
        match &mut self.input {
            Input::File(file) if ends => file.advance(count).map(|()| Tried::Whole(count)),
            _ => Ok(Tried::Unknown),
        }
    }

    fn read_cached(&self, start: u64, room: &mut [u8]) -> Result<Cached, ErrorKind> {
        let Some((file, facts)) = self.regular() else { return Ok(Cached::Unknown) };
        system::read_cached(file.as_fd(), facts.device, start, room)
            .map_err(|error| ErrorKind::Io(error.into()))
    }

    /// The next bytes; 0 at the end.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        match &mut self.input {
            // Not through std's `Stdin`, which takes a closed descriptor for an empty file.
            Input::Stdin => retry_on_intr(|| read(io::stdin(), &mut *room))
                .map_err(|error| ErrorKind::Io(error.into())),
            Input::Nothing => Ok(0),
            Input::File(file) => file.read_piece(room),
        }
    }

    /// Fills the room, or as much of it as there are bytes left: how many, and whether that was the
    /// end.
    pub(super) fn fill(
        &mut self,
        room: &mut [u8],
        progress: Option<&Progress>,
    ) -> Result<(usize, bool), ErrorKind> {
        let mut filled = 0;
        let mut end = false;
        while filled < room.len() && !end {
            let count = self.read(&mut room[filled..])?;
            progress.into_iter().for_each(|progress| progress.add_bytes(count));
            filled += count;
            end = count == 0;
        }
        self.forget(if end { 1 } else { FORGET });
        Ok((filled, end))
    }

    /// Drops what was read from the page cache, where it is to be and comes to so many bytes.
    fn forget(&mut self, least: u64) {
        let Input::File(file) = &self.input else { return };
        if let Some(forgotten) = &mut self.forget
            && file.position() >= *forgotten + least
        {
            system::forget(file.as_fd(), *forgotten, file.position());
            *forgotten = file.position();
        }
    }

    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        match &mut self.input {
            Input::Stdin | Input::Nothing => Ok(()),
            Input::File(file) => file.rewind(),
        }
    }

    /// Compares the file, which was read to its end, with what it was when it was opened. If it must
    /// be read [again](End::Again), it was rewound.
    ///
    /// # Errors
    /// If it changed: the digest would be of contents that never existed.
    pub(super) fn end(&mut self) -> Result<End, ErrorKind> {
        let Input::File(file) = &mut self.input else { return Ok(End::Whole) };
        let end = file.end()?;
        if end == End::Again {
            self.forget = self.forget.map(|_| 0);
        }
        Ok(end)
    }
}

fn open(path: &Path, job: &Job) -> Result<StableFile, ErrorKind> {
    let refuse = |facts: &Facts| match special(facts.kind) {
        Some(special) if job.access.is_found() => Err(ErrorKind::Special(special)),
        _ => Ok(()),
    };
    let asked = match job.access {
        Access::Listed => Some(Facts::of(&job.place.stat(path, OFlags::empty())?)),
        _ => None,
    };
    asked.as_ref().map_or(Ok(()), refuse)?;
    let flags = match job.access {
        Access::Met => WITHOUT_WAITING | OFlags::NOFOLLOW,
        Access::Listed => WITHOUT_WAITING,
        _ => OFlags::empty(),
    };
    let file = job.place.open(path, flags)?;
    let facts = match asked {
        // If another file has been opened, the comparison at the end shows it. A file of size 0 is
        // read without a limit, so that its own metadata are needed.
        Some(asked) if asked.stamp.size > 0 => asked,
        _ => Facts::of(&fstat(&file).map_err(|error| ErrorKind::Io(error.into()))?),
    };
    refuse(&facts)?;
    let watch = if job.access == Access::Plain { Watch::None } else { Watch::Regular };
    Ok(StableFile::new(file, facts, watch))
}

#[cfg(test)]
mod tests;
