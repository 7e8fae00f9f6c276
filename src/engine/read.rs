//! How bytes arrive: plain `read`, never a mapping, so that a file that is cut short under our
//! eyes is an error and not a signal.

use std::cmp::Ordering;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind::Interrupted, Read, Seek};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

use super::{Progress, Source, Stamp};
use crate::algorithm::Function;
use crate::error::{Error, ErrorKind};

/// A file to hash.
pub(crate) struct Job {
    pub(crate) source: Source,
    pub(crate) access: Access,
    pub(crate) functions: Arc<[Function]>,
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
}

enum Input {
    Stdin,
    /// Standard input that somebody else reads.
    Nothing,
    /// With what it was when it was opened.
    File(File, Metadata),
}

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
            Source::Path(path) => match open(path, job.access) {
                Ok((file, metadata)) => Input::File(file, metadata),
                Err(kind) => return Err(Error::new(path, kind)),
            },
        };
        Ok(Self { index, job, input })
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
        match &self.input {
            Input::File(_, metadata) if metadata.is_file() => metadata.len(),
            _ => 0,
        }
    }

    /// What it was when it was opened, if it is a regular file.
    pub(super) fn stamp(&self) -> Option<Stamp> {
        match &self.input {
            Input::File(_, metadata) if metadata.is_file() => Some(Stamp::of(metadata)),
            _ => None,
        }
    }

    /// The next bytes; 0 at the end.
    fn read(&mut self, room: &mut [u8]) -> Result<usize, ErrorKind> {
        loop {
            let result = match &mut self.input {
                // Not through std's `Stdin`, which takes a closed descriptor for an empty file.
                Input::Stdin => rustix::io::read(io::stdin(), &mut *room).map_err(io::Error::from),
                Input::Nothing => Ok(0),
                Input::File(file, _) => file.read(room),
            };
            match result {
                Err(error) if error.kind() == Interrupted => {}
                result => return result.map_err(ErrorKind::Io),
            }
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
        Ok((filled, end))
    }

    pub(super) fn rewind(&mut self) -> Result<(), ErrorKind> {
        match &mut self.input {
            Input::Stdin | Input::Nothing => Ok(()),
            Input::File(file, _) => file.rewind().map_err(ErrorKind::Io),
        }
    }

    /// Fails if the file is not what it was when it was opened, and so the digest is of nothing
    /// that ever was.
    pub(super) fn unchanged(&self) -> Result<(), ErrorKind> {
        let Input::File(file, before) = &self.input else { return Ok(()) };
        if !before.is_file() || self.job.access == Access::Plain {
            return Ok(());
        }
        let after = file.metadata().map_err(ErrorKind::Io)?;
        let facts = |m: &Metadata| (m.len(), m.mtime(), m.mtime_nsec());
        if facts(before) == facts(&after) { Ok(()) } else { Err(ErrorKind::Changed) }
    }
}

/// By size, for the largest to be hashed first.
impl Ord for Opened {
    fn cmp(&self, other: &Self) -> Ordering {
        self.size().cmp(&other.size()).then(other.index.cmp(&self.index))
    }
}

impl PartialOrd for Opened {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Opened {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Opened {}

fn open(path: &Path, access: Access) -> Result<(File, Metadata), ErrorKind> {
    let mut options = OpenOptions::new();
    options.read(true);
    if access == Access::Found {
        // Opening a FIFO waits for a writer, opening some devices acts on them.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    let file = options.open(path).map_err(ErrorKind::Io)?;
    let metadata = file.metadata().map_err(ErrorKind::Io)?;
    match special(metadata.file_type()) {
        Some(special) if access == Access::Found => Err(ErrorKind::Special(special)),
        _ => Ok((file, metadata)),
    }
}

/// What a file without contents of its own is called.
pub(super) fn special(kind: std::fs::FileType) -> Option<&'static str> {
    if kind.is_fifo() {
        Some("a FIFO")
    } else if kind.is_socket() {
        Some("a socket")
    } else if kind.is_char_device() {
        Some("a character device")
    } else {
        None
    }
}
