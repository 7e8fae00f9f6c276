//! How bytes arrive: plain `read` into one buffer per worker, never a mapping, so that a file
//! that is cut short under our eyes is an error and not a signal.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind::Interrupted, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::OFlags;

use super::{Hashed, Progress, Source};
use crate::algorithm::Function;
use crate::digest::Digest;
use crate::error::{Error, ErrorKind};
use crate::hasher::MultiHasher;

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
    /// Met in a walk or listed in a manifest: regular files and block devices, for a FIFO would
    /// block the run and `/dev/zero` never end it.
    Found,
}

/// What a worker keeps from file to file.
pub(crate) struct Scratch {
    buffer: Vec<u8>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self { buffer: vec![0; BUFFER] }
    }
}

/// Bytes asked of one `read`: within half of an L2 cache of 512 KiB, and on the flat part of
/// coreutils' own table of system call costs (128 to 256 KiB).
const BUFFER: usize = 128 * 1024;

/// The digest of a file's contents.
///
/// # Errors
/// What the system says of opening and reading it, with the path.
///
/// ```no_run
/// let digest = hsum::hash_file(hsum::Algorithm::Sha256, "debian.iso")?;
/// println!("{digest}");
/// # Ok::<(), hsum::Error>(())
/// ```
pub fn hash_file(function: impl Into<Function>, path: impl AsRef<Path>) -> Result<Digest, Error> {
    let job = Job {
        source: path.as_ref().into(),
        access: Access::Named,
        functions: [function.into()].into(),
    };
    hash(&job, &mut Scratch::default(), None).map(|hashed| hashed.digests[0])
}

/// Reads the job's file from end to end.
pub(crate) fn hash(
    job: &Job,
    scratch: &mut Scratch,
    progress: Option<&Progress>,
) -> Result<Hashed, Error> {
    let read = |count| progress.into_iter().for_each(|progress| progress.add_bytes(count));
    let result = match &job.source {
        Source::Stdin => hash_all(io::stdin().lock(), job, scratch, read),
        Source::Path(path) => {
            open(path, job.access).and_then(|file| hash_all(file, job, scratch, read))
        }
    };
    progress.into_iter().for_each(Progress::add_file);
    result.map_err(|kind| Error::new(job.source.name(), kind))
}

fn hash_all(
    mut input: impl Read,
    job: &Job,
    scratch: &mut Scratch,
    mut on_read: impl FnMut(usize),
) -> Result<Hashed, ErrorKind> {
    let mut hasher = MultiHasher::new(job.functions.iter().copied());
    let mut size = 0;
    loop {
        match input.read(&mut scratch.buffer) {
            Ok(0) => return Ok(Hashed { size, digests: hasher.finalize() }),
            Ok(count) => {
                hasher.update(&scratch.buffer[..count]);
                size += count as u64;
                on_read(count);
            }
            Err(error) if error.kind() == Interrupted => {}
            Err(error) => return Err(ErrorKind::Io(error)),
        }
    }
}

fn open(path: &Path, access: Access) -> Result<File, ErrorKind> {
    let mut options = OpenOptions::new();
    options.read(true);
    if access == Access::Found {
        // Opening a FIFO waits for a writer, opening some devices acts on them.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    let file = options.open(path).map_err(ErrorKind::Io)?;
    if access == Access::Found {
        let kind = file.metadata().map_err(ErrorKind::Io)?.file_type();
        if let Some(special) = special(kind) {
            return Err(ErrorKind::Special(special));
        }
    }
    Ok(file)
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
