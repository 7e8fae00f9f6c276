//! Records of whole trees over time: taken, audited, brought up to date, compared, and sealed.
//!
//! [`take`] reads a tree and writes its record; [`audit`] reads the tree again and says what became
//! of each file; [`update`] reads only what may have changed, and a share of the rest, and replaces
//! the record; [`diff`] compares two records. The format is in `docs/snapshot.md`.
//!
//! ```
//! use hsum::Algorithm;
//! use hsum::snapshot::{self, Change, SnapshotOptions, Record};
//!
//! # let folder = std::env::temp_dir().join(format!("hsum-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(folder.join("photos"))?;
//! # std::fs::write(folder.join("photos/a.jpg"), "a")?;
//! let (photos, target) = (folder.join("photos"), folder.join("photos.hsum"));
//! let options = SnapshotOptions::default();
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

pub use crate::fs::replace::Existing;
pub use audit::audit;
pub use compare::{Change, Finding, RecordComparison, diff};
pub use entry::{RecordContent, RecordEntry};
pub use name::walk_order;
pub use record::{Record, RecordError, RecordRun, SEAL_ALGORITHM, SealStatus};
pub use update::{take, update};
pub use write::RecordWriter;

use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;

use crate::engine::{FileId, Links, Plan, Progress, Time};
use crate::error::Error;
use crate::hmac::Key;
use crate::manifest::record_text::ANY_MAGIC;

/// How a tree is read, and what is done with what is found.
#[derive(Clone, Debug, Default)]
pub struct SnapshotOptions {
    threads: Option<NonZeroUsize>,
    progress: Option<Arc<Progress>>,
    key: Option<Key>,
    begun: Option<Time>,
    inodes: Inodes,
    change_times: ChangeTimes,
    accept: AcceptRot,
    missing: MissingFiles,
    existing: Existing,
    oldest: Option<TreeShare>,
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

/// The way in which an update treats another change time (ctime).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ChangeTimes {
    /// The file is read again: it may have been written to, and its time of modification set back.
    #[default]
    Count,
    /// The file is not read again for that: for trees in which a backup program makes hard links.
    Ignored,
}

/// The rotted files whose new digests an update takes into the record.
///
/// A file that rotted and is not accepted keeps its old digest, and is read again by each update,
/// until its contents are as recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum AcceptRot {
    /// No file.
    #[default]
    Nothing,
    /// The files of these names, and all in the directories of these names. They are read.
    Names(Vec<Vec<u8>>),
    /// All files. The whole tree is read.
    Everything,
}

impl AcceptRot {
    fn includes(&self, name: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::Names(names) => names.iter().any(|known| covers(known, name)),
            Self::Everything => true,
        }
    }
}

/// Returns `true` if `name` is `wanted`, or lies in the directory of that name.
fn covers(wanted: &[u8], name: &[u8]) -> bool {
    name == wanted || compare::is_within(name, wanted)
}

/// The way in which an update treats a tree of which more than half of the recorded files are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MissingFiles {
    /// It fails, and the record stays: the tree is not mounted, or is another one.
    #[default]
    Refused,
    /// It removes the files from the record.
    Allowed,
}

/// A part of a tree, by the bytes in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TreeShare {
    millionths: u32,
}

impl TreeShare {
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

impl SnapshotOptions {
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

    /// Seals what is written, and refuses what is not sealed with this key, of HMAC with [`SEAL_ALGORITHM`].
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

    /// See [`ChangeTimes`].
    pub fn change_times(mut self, change_times: ChangeTimes) -> Self {
        self.change_times = change_times;
        self
    }

    /// See [`AcceptRot`].
    pub fn accept(mut self, accept: AcceptRot) -> Self {
        self.accept = accept;
        self
    }

    /// See [`MissingFiles`].
    pub fn missing(mut self, missing: MissingFiles) -> Self {
        self.missing = missing;
        self
    }

    /// Says what [`take`] does with a file that has the record's name.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Has an update read this share of the files again in any case, those first that were read
    /// the longest time ago.
    pub fn oldest(mut self, share: TreeShare) -> Self {
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
pub enum SnapshotNotice<'a> {
    /// An interrupted run left the digests of so many files, which need not be read again.
    Resumed(u64),
    /// This file is as the record says.
    Same(&'a [u8]),
    /// This file or directory could not be read; of it and of what lies below nothing is said.
    Unread(&'a Error),
    /// A FIFO, a socket or a device, which has no contents to record, or a temporary file of hsum's own.
    Skipped(&'a Error),
}

/// What came of a run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SnapshotReport {
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
pub enum SnapshotError {
    /// A file or directory without which nothing can be done.
    File(Error),
    /// The record there is not believed.
    Refused(PathBuf, RecordError),
    /// Another process is writing the record there.
    Busy(PathBuf),
    /// A file that is none of ours has the name of the journal.
    InTheWay(PathBuf),
    /// A file has the name of the record that was to be created.
    Exists(PathBuf),
    /// The name of the new record is one of those for temporary files.
    Reserved(PathBuf),
    /// The record to replace is a directory, a FIFO, a socket or a device.
    NotRegular(PathBuf),
    /// Something could not be read, and the new record, which lacks it, would replace a file.
    Incomplete {
        /// The file, which is unchanged.
        record: PathBuf,
        /// The number of files and directories that could not be read.
        unread: u64,
    },
    /// More than half of the recorded files are missing.
    MostMissing {
        /// The record, which is unchanged.
        record: PathBuf,
        /// The number of missing files and links.
        missing: u64,
        /// The number of recorded files and links.
        recorded: u64,
    },
    /// The record has no file or directory of a name that is to be accepted.
    NotRecorded {
        /// The record.
        record: PathBuf,
        /// The name.
        name: Vec<u8>,
    },
}

impl SnapshotError {
    fn io(path: &Path, cause: io::Error) -> Self {
        Self::File(Error::io(path, cause))
    }

    /// The file concerned.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(error) => error.path(),
            Self::Refused(path, _)
            | Self::Busy(path)
            | Self::InTheWay(path)
            | Self::Exists(path)
            | Self::NotRegular(path)
            | Self::Reserved(path)
            | Self::Incomplete { record: path, .. }
            | Self::MostMissing { record: path, .. }
            | Self::NotRecorded { record: path, .. } => Some(path),
        }
    }

    /// What is wrong with it.
    pub fn reason(&self) -> String {
        match self {
            Self::File(error) => error.kind().to_string(),
            Self::Refused(_, refusal) => refusal.to_string(),
            Self::Busy(_) => "another process is writing it".into(),
            Self::InTheWay(_) => "in the way of the journal, and not one".into(),
            Self::Exists(_) => "already exists".into(),
            Self::NotRegular(_) => "not a regular file".into(),
            Self::Reserved(_) => "the name is reserved for temporary files".into(),
            Self::Incomplete { unread: 1, .. } => {
                "not replaced: 1 file or directory could not be read".into()
            }
            Self::Incomplete { unread, .. } => {
                format!("not replaced: {unread} files or directories could not be read")
            }
            Self::MostMissing { missing, recorded, .. } => {
                format!("not updated: {missing} of {recorded} recorded files are missing")
            }
            Self::NotRecorded { name, .. } => {
                format!("'{}' is not in the record", name.escape_ascii())
            }
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.reason())
    }
}

impl std::error::Error for SnapshotError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File(error) => Some(error),
            Self::Refused(_, refusal) => Some(refusal),
            _ => None,
        }
    }
}

/// Reads the record at `path`, which is a regular file or a pipe.
///
/// # Errors
/// [`SnapshotError::File`] and [`SnapshotError::Refused`].
pub fn load(path: &Path, key: Option<&Key>) -> Result<Record, SnapshotError> {
    let refuse = |refusal| SnapshotError::Refused(path.into(), refusal);
    let bytes = read(path).map_err(|error| SnapshotError::io(path, error))?;
    if bytes.len() as u64 > record::LARGEST {
        return Err(refuse(RecordError::TooLarge));
    }
    Record::parse(bytes, key).map_err(refuse)
}

/// Reads a file that may be a record: nothing that cannot be one, and no more than
/// [`record::LARGEST`] and one byte.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A FIFO without a writer must not make anyone wait, nor a device act.
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        rustix::fs::fcntl_setfl(&file, OFlags::empty())?;
    }
    let mut bytes = Vec::new();
    (&file).take(ANY_MAGIC.len() as u64).read_to_end(&mut bytes)?;
    if bytes == ANY_MAGIC.as_bytes() {
        let rest = record::LARGEST + 1 - bytes.len() as u64;
        bytes.try_reserve_exact(metadata.len().min(rest) as usize)?;
        (&file).take(rest).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Which directory this is: what lies below one is what records are of.
fn check_root(directory: &Path) -> Result<FileId, SnapshotError> {
    let metadata = fs::metadata(directory).map_err(|error| SnapshotError::io(directory, error))?;
    match metadata.is_dir() {
        true => Ok(FileId::of(&metadata)),
        false => Err(SnapshotError::io(directory, io::ErrorKind::NotADirectory.into())),
    }
}

/// The name below the root of what a walk met; empty for the root itself.
fn name_below<'a>(root: &Path, path: &'a Path) -> &'a [u8] {
    use std::os::unix::ffi::OsStrExt;
    let below = path.as_os_str().as_bytes().get(root.as_os_str().len()..).unwrap_or_default();
    let start = below.iter().position(|byte| *byte != b'/').unwrap_or(below.len());
    &below[start..]
}
