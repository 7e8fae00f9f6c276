//! Records of whole trees over time: taken, audited, brought up to date, compared, and sealed.
//!
//! [`take`] reads a tree and writes its record; [`audit`] reads the tree again and says what became
//! of each file; [`update`] reads only what may have changed, and a share of the rest, and replaces
//! the record; [`diff`] compares two records. The format is in `docs/snapshot.md`.
//!
//! ```
//! use hsum::Algorithm;
//! use hsum::snapshot::{self, Change, Options, Record};
//!
//! # let folder = std::env::temp_dir().join(format!("hsum-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(folder.join("photos"))?;
//! # std::fs::write(folder.join("photos/a.jpg"), "a")?;
//! let (photos, target) = (folder.join("photos"), folder.join("photos.hsum"));
//! let options = Options::default();
//! snapshot::take(&photos, &target, Algorithm::Sha256, &options, |_| {})?;
//!
//! std::fs::rename(photos.join("a.jpg"), photos.join("b.jpg"))?;
//! let record = Record::parse(std::fs::read(&target)?, None)?;
//! let report = snapshot::audit(&photos, &record, &options, |_| {})?;
//! assert_eq!(report.findings[0].change, Change::Moved { from: b"a.jpg".to_vec() });
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod audit;
mod compare;
mod entry;
mod journal;
mod name;
mod plan;
mod record;
mod replace;
mod update;
mod write;

pub use audit::audit;
pub use compare::{Change, Comparison, Finding, diff};
pub use entry::{Content, Entry};
pub use name::walk_order;
pub use record::{Read, Record, Refusal, SEAL, Sealed};
#[doc(hidden)]
pub use update::{take, update};
pub use write::Writer;

use std::fmt;
use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::{FileId, Links, Plan, Progress, Time};
use crate::error::Error;
use crate::hmac::Key;

/// How a tree is read, and what is done with what is found.
#[derive(Clone, Debug, Default)]
pub struct Options {
    threads: Option<NonZeroUsize>,
    progress: Option<Arc<Progress>>,
    key: Option<Key>,
    begun: Option<Time>,
    inodes: Inodes,
    rot: Rot,
    oldest: Option<Share>,
    leave_out: Vec<FileId>,
}

/// Whether an update reads a file again for being on another inode.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Inodes {
    /// It does: another file may have been put in its place, with the same size and time.
    #[default]
    Count,
    /// It does not: for file systems that number their files anew each time.
    Ignored,
}

/// What an update does with the record of a file whose contents changed while its size and time
/// did not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Rot {
    /// It keeps the old digest, and reads the file again each time, until it is good again.
    #[default]
    Kept,
    /// It takes the new digest.
    Accepted,
}

/// A part of a tree, by the bytes in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Share {
    millionths: u32,
}

impl Share {
    /// A share in per cent: more than 0, to 100.
    pub fn percent(percent: f64) -> Option<Self> {
        let millionths = (percent * 10_000.0).ceil();
        let fits = percent > 0.0 && percent <= 100.0;
        fits.then_some(Self { millionths: millionths as u32 })
    }

    /// So much of `whole`, rounded up.
    fn of(self, whole: u128) -> u128 {
        (whole * u128::from(self.millionths)).div_ceil(1_000_000)
    }
}

impl Options {
    /// Hashing threads; by default as many as there are cores at hand.
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Counts what is done there.
    pub fn progress(mut self, progress: Arc<Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Seals what is written, and refuses what is not sealed with this key, of HMAC with [`SEAL`].
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// When the run began, where it is not now.
    pub fn begun(mut self, begun: Time) -> Self {
        self.begun = Some(begun);
        self
    }

    /// See [`Inodes`].
    pub fn inodes(mut self, inodes: Inodes) -> Self {
        self.inodes = inodes;
        self
    }

    /// See [`Rot`].
    pub fn rot(mut self, rot: Rot) -> Self {
        self.rot = rot;
        self
    }

    /// Has an update read this share of the files again in any case, those first that were read
    /// the longest time ago.
    pub fn oldest(mut self, share: Share) -> Self {
        self.oldest = Some(share);
        self
    }

    /// Passes over the record at `path`, and what a run that is killed leaves beside it, where they
    /// lie in the tree. [`take`] and [`update`] do so by themselves.
    pub fn leave_out(mut self, path: &Path) -> Self {
        self.leave_out.extend(replace::own_files(path));
        self
    }

    fn plan(&self, plan: Plan) -> Plan {
        let mut plan = plan.links(Links::Told);
        if let Some(threads) = self.threads {
            plan = plan.threads(threads);
        }
        if let Some(progress) = &self.progress {
            plan = plan.progress(Arc::clone(progress));
        }
        self.leave_out.iter().fold(plan, |plan, file| plan.leave_out(*file))
    }
}

/// Something that is said at once, while the work goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// An interrupted run left the digests of so many files, which need not be read again.
    Resumed(u64),
    /// This file is as the record says.
    Same(&'a [u8]),
    /// This file or directory could not be read; of it and of what lies below nothing is said.
    Unread(&'a Error),
    /// A FIFO, a socket or a device, which has no contents to record, or a temporary file of hsum's own.
    PassedOver(&'a Error),
}

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What is not as the old record says, in the order of a walk; nothing when there was none.
    pub findings: Vec<Finding>,
    /// Files that were read.
    pub read: u64,
    /// Files and directories that could not be read.
    pub unread: u64,
}

/// What stopped a run.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// A file or directory without which nothing can be done.
    File(Error),
    /// The record there is not believed.
    Refused(PathBuf, Refusal),
    /// Another process is writing the record there.
    Busy(PathBuf),
    /// A file that is none of ours has the name of the journal.
    InTheWay(PathBuf),
}

impl Failure {
    fn io(path: &Path, cause: io::Error) -> Self {
        Self::File(Error::io(path, cause))
    }

    /// The file concerned.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(error) => error.path(),
            Self::Refused(path, _) | Self::Busy(path) | Self::InTheWay(path) => Some(path),
        }
    }

    /// What is wrong with it.
    pub fn reason(&self) -> String {
        match self {
            Self::File(error) => error.kind().to_string(),
            Self::Refused(_, refusal) => refusal.to_string(),
            Self::Busy(_) => "another process is writing it".into(),
            Self::InTheWay(_) => "in the way of the journal, and not one".into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Refused(_, refusal) => Some(refusal),
            Self::Busy(_) | Self::InTheWay(_) => None,
        }
    }
}

/// Reads the record at `path`.
///
/// # Errors
/// [`Failure::File`] and [`Failure::Refused`].
pub fn load(path: &Path, key: Option<&Key>) -> Result<Record, Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::io(path, error))?;
    Record::parse(bytes, key).map_err(|refusal| Failure::Refused(path.into(), refusal))
}

/// Which directory this is: what lies below one is what records are of.
fn check_root(directory: &Path) -> Result<FileId, Failure> {
    let metadata = fs::metadata(directory).map_err(|error| Failure::io(directory, error))?;
    match metadata.is_dir() {
        true => Ok(FileId::of(&metadata)),
        false => Err(Failure::io(directory, io::ErrorKind::NotADirectory.into())),
    }
}

/// The name below the root of what a walk met; empty for the root itself.
fn name_below<'a>(root: &Path, path: &'a Path) -> &'a [u8] {
    use std::os::unix::ffi::OsStrExt;
    let below = path.as_os_str().as_bytes().get(root.as_os_str().len()..).unwrap_or_default();
    let start = below.iter().position(|byte| *byte != b'/').unwrap_or(below.len());
    &below[start..]
}
