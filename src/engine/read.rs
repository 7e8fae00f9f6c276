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
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    fn open(path: &Path, cache: Cache) -> Result<Opened, Error> {
        Opened::new(0, Job::new(path.into(), Access::Found, [].into()).cache(cache))
    }

    /// Its bytes, as both ways of reading have them.
    fn read(mut opened: Opened) -> Result<Vec<u8>, ErrorKind> {
        let mut tried = vec![0; 1 << 20];
        let tried = match opened.try_small(&mut tried)? {
            Tried::Whole(length) => Some(tried[..length].to_vec()),
            Tried::Fetching | Tried::Unknown => None,
        };
        let mut filled = vec![0; 1 << 20];
        let (length, end) = opened.fill(&mut filled, None)?;
        assert!(end);
        filled.truncate(length);
        opened.unchanged()?;
        assert!(tried.is_none_or(|tried| tried == filled));
        Ok(filled)
    }

    #[test]
    fn what_does_not_change_is_read() {
        for length in [0, 1, 4096, 100_000] {
            let (_folder, path) = file(&vec![7; length]);
            assert_eq!(read(open(&path, Cache::Keep).unwrap()).unwrap(), vec![7; length]);
        }
    }

    #[test]
    fn growth_truncation_and_rewriting_are_changes() {
        let later = SystemTime::now() + Duration::from_secs(5);
        let append = |path: &Path| {
            fs::File::options().append(true).open(path).unwrap().write_all(b"more").unwrap();
        };
        let cut = |path: &Path| fs::File::options().write(true).open(path).unwrap().set_len(10);
        let touch = |path: &Path| {
            fs::File::options().write(true).open(path).unwrap().set_modified(later).unwrap();
        };
        let changes: [&dyn Fn(&Path); 3] = [&append, &|path| cut(path).unwrap(), &touch];
        for change in changes {
            let (_folder, path) = file(&[1; 5000]);
            let opened = open(&path, Cache::Keep).unwrap();
            change(&path);
            assert!(matches!(read(opened), Err(ErrorKind::Changed)));
        }
    }

    /// What was opened is still there, whole, whatever happens to its name.
    #[test]
    fn a_name_may_disappear_or_be_given_to_another() {
        let (folder, path) = file(b"old");
        let opened = [(); 2].map(|()| open(&path, Cache::Keep).unwrap());
        let [removed, replaced] = opened;
        fs::write(folder.path().join("new"), "new").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(read(replaced).unwrap(), b"old");
        fs::remove_file(&path).unwrap();
        assert_eq!(read(removed).unwrap(), b"old");
        assert!(open(&path, Cache::Keep).err().unwrap().is_not_found());
    }

    #[test]
    fn only_what_was_not_cached_is_dropped() {
        let (_folder, path) = file(&[1; 300_000]);
        let on_disk = fs::File::open(&path).unwrap();
        on_disk.sync_all().unwrap();
        let device = u64::MAX; // of which nothing is known
        let cached = || match system::read_cached(on_disk.as_fd(), device, 0, &mut [0]) {
            Ok(Cached::Bytes(_)) => true,
            Ok(Cached::No | Cached::Unknown) | Err(_) => false,
        };
        let pass = |cache| {
            let mut opened = open(&path, cache).unwrap();
            opened.expect_all();
            read(opened).unwrap();
        };
        if !cached() {
            return println!("skipped: no word on what is cached");
        }
        pass(Cache::Drop);
        assert!(cached(), "it was there before");
        let forget = || system::forget(on_disk.as_fd(), 0, 300_000);
        forget();
        pass(Cache::Drop);
        if cached() {
            forget();
            assert!(cached(), "it was not there before");
            return println!("skipped: a page cache that keeps everything");
        }
        pass(Cache::Keep);
        assert!(cached());
    }
}
