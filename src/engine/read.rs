//! How bytes arrive: plain `read`, never a mapping, so that a file that is cut short under our
//! eyes is an error and not a signal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{CWD, FileType, OFlags, SeekFrom, Stat, fstat, seek};
use rustix::io::{Errno, pread, read, retry_on_intr};

use super::system::{self, Cached};
use super::walk::Folder;
use super::{Cache, Progress, Source, Stamp};
use crate::algorithm::Function;
use crate::error::{Error, ErrorKind};

/// A file to hash.
pub(crate) struct Job {
    pub(crate) source: Source,
    pub(crate) access: Access,
    pub(crate) functions: Arc<[Function]>,
    pub(super) cache: Cache,
    /// The directory that a walk met it in.
    pub(super) folder: Option<Arc<Folder>>,
}

impl Job {
    pub(crate) fn new(source: Source, access: Access, functions: Arc<[Function]>) -> Self {
        Self { source, access, functions, cache: Cache::Keep, folder: None }
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
    /// Met in a walk or listed in a manifest: regular files and block devices, for a FIFO would
    /// block the run and `/dev/zero` never end it.
    Found,
    /// Standard input after its first time: at its end, whichever worker gets there first.
    Spent,
    /// As coreutils reads: anything that can be opened, whether or not it changes meanwhile.
    Plain,
}

impl Access {
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
    /// Bytes read so far.
    position: u64,
}

enum Input {
    Stdin,
    /// Standard input that somebody else reads.
    Nothing,
    /// With what it was when it was opened.
    File(OwnedFd, Facts),
}

/// What the system says of a file that is read.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Facts {
    kind: FileType,
    device: u64,
    stamp: Stamp,
}

impl Facts {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // types differ by system
    fn of(stat: &Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode as _),
            device: stat.st_dev as u64,
            stamp: Stamp::of(stat),
        }
    }
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
                Ok((file, facts)) => Input::File(file, facts),
                Err(kind) => return Err(Error::new(path, kind)),
            },
        };
        Ok(Self { index, job, input, far: false, forget: None, position: 0 })
    }

    /// The job's place in the order of jobs.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    pub(super) fn functions(&self) -> Arc<[Function]> {
        Arc::clone(&self.job.functions)
    }

    pub(super) fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.job.source.name(), kind)
    }

    /// What the system says that it holds; 0 where it does not say.
    pub(super) fn size(&self) -> u64 {
        self.regular().map_or(0, |(_, facts)| facts.stamp.size)
    }

    fn regular(&self) -> Option<(&OwnedFd, &Facts)> {
        match &self.input {
            Input::File(file, facts) if facts.kind == FileType::RegularFile => Some((file, facts)),
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
        // That this was the end is certain only with `unchanged`, or when there is nothing more.
        let ends = count as u64 == size
            && (self.job.access != Access::Plain
                || matches!(self.read_cached(size, &mut [0])?, Cached::Bytes(0)));
        Ok(if ends { Tried::Whole(count) } else { Tried::Unknown })
    }

    fn read_cached(&self, start: u64, room: &mut [u8]) -> Result<Cached, ErrorKind> {
        let Some((file, facts)) = self.regular() else { return Ok(Cached::Unknown) };
        system::read_cached(file.as_fd(), facts.device, start, room)
            .map_err(|error| ErrorKind::Io(error.into()))
    }

    /// The next bytes; 0 at the end.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        let result = match &self.input {
            // Not through std's `Stdin`, which takes a closed descriptor for an empty file.
            Input::Stdin => retry_on_intr(|| read(io::stdin(), &mut *room)),
            Input::Nothing => Ok(0),
            Input::File(file, _) => retry_on_intr(|| read(file, &mut *room)),
        };
        result.map_err(|error| ErrorKind::Io(error.into()))
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
        self.position += filled as u64;
        self.forget(if end { 1 } else { FORGET });
        Ok((filled, end))
    }

    /// Drops what was read from the page cache, where it is to be and comes to so many bytes.
    fn forget(&mut self, least: u64) {
        let Input::File(file, _) = &self.input else { return };
        if let Some(forgotten) = &mut self.forget
            && self.position >= *forgotten + least
        {
            system::forget(file.as_fd(), *forgotten, self.position);
            *forgotten = self.position;
        }
    }

    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        self.position = 0;
        match &self.input {
            Input::Stdin | Input::Nothing => Ok(()),
            Input::File(file, _) => match seek(file, SeekFrom::Start(0)) {
                Ok(_) => Ok(()),
                Err(error) => Err(ErrorKind::Io(error.into())),
            },
        }
    }

    /// Fails if the file is not what it was when it was opened, and so the digest is of nothing
    /// that ever was.
    pub(super) fn unchanged(&self) -> Result<(), ErrorKind> {
        let Some((file, before)) = self.regular() else { return Ok(()) };
        if self.job.access == Access::Plain {
            return Ok(());
        }
        let after = Facts::of(&fstat(file).map_err(|error| ErrorKind::Io(error.into()))?);
        if *before == after { Ok(()) } else { Err(ErrorKind::Changed) }
    }
}

fn open(path: &Path, job: &Job) -> Result<(OwnedFd, Facts), ErrorKind> {
    let flags = match job.access {
        // Opening a FIFO waits for a writer, opening some devices acts on them.
        Access::Found => OFlags::NONBLOCK | OFlags::NOCTTY,
        _ => OFlags::empty(),
    };
    let opened = match &job.folder {
        Some(folder) => folder.open(path, flags),
        None => system::open(CWD, path, flags),
    };
    let stated = opened.and_then(|file| fstat(&file).map(|stat| (file, Facts::of(&stat))));
    let (file, facts) = stated.map_err(|error: Errno| ErrorKind::Io(error.into()))?;
    match special(facts.kind) {
        Some(special) if job.access == Access::Found => Err(ErrorKind::Special(special)),
        _ => Ok((file, facts)),
    }
}

/// What a file without contents of its own is called.
pub(super) fn special(kind: FileType) -> Option<&'static str> {
    match kind {
        FileType::Fifo => Some("a FIFO"),
        FileType::Socket => Some("a socket"),
        FileType::CharacterDevice => Some("a character device"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
