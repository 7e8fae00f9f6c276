//! Sources and options of a run.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::engine::confined_dir::ConfinedDir;
use crate::engine::filter::PathFilter;
use crate::engine::metadata::FileId;
use crate::engine::path_base::PathBase;
use crate::engine::progress::HashProgress;
use crate::fs::map::FaultHandler;
use crate::setters::setters;

/// An input to hash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file, or a directory with everything below it.
    Path(PathBuf),
}

impl Source {
    /// Returns the name for checksum files: `-` for standard input.
    pub fn name(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("-"),
            Self::Path(path) => path,
        }
    }
}

/// Accepts any path; `-` is a path too, not standard input.
impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Self {
        Self::Path(path.into())
    }
}

/// Options of a run: hash functions, threads, reading and traversal.
#[derive(Clone, Debug, Default)]
pub struct HashOptions {
    pub(super) functions: Vec<HashFunction>,
    pub(super) threads: Option<NonZeroUsize>,
    pub(super) progress: Option<Arc<HashProgress>>,
    pub(super) symlinks: Symlinks,
    pub(super) same_file_system: bool,
    pub(super) max_depth: Option<usize>,
    pub(super) filter: PathFilter,
    pub(super) leave_out: Vec<FileId>,
    pub(super) policy: ReadPolicy,
    pub(super) reading: Reading,
    pub(super) cache: PageCache,
    pub(super) base: PathBase,
}

/// The kinds of files that are read, and the treatment of files that change.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadPolicy {
    /// For sources that the user names.
    ///
    /// Directories are walked. FIFOs and character devices are read only if they are sources
    /// themselves. A file that changes while it is read is an error.
    #[default]
    Guarded,
    /// For names from a checksum file.
    ///
    /// FIFOs, sockets, character devices and directories are errors, and so is a file that changes
    /// while it is read.
    Listed,
    /// The policy of coreutils.
    ///
    /// Every source is opened and read, whatever its type, and changes are ignored. A directory is
    /// an error.
    Plain,
}

/// The way in which the contents of files get into memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reading {
    /// They are read into buffers.
    #[default]
    Copied,
    /// Large local files are mapped where they are in the page cache, which saves the copy (Linux
    /// only); others are read.
    ///
    /// The outcomes are the same. A file that is truncated or cannot be read while it is mapped
    /// makes the system send `SIGBUS`, which the handler turns into the outcome of a read.
    Mapped(FaultHandler),
}

/// The treatment of the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PageCache {
    /// File contents stay in the cache as long as the system keeps them.
    #[default]
    Keep,
    /// Files that were not cached before are dropped from the cache after reading (Linux only).
    ///
    /// Reading a whole disk then does not displace the cached files of other programs. A file
    /// counts as cached if its first byte is; if the system cannot tell, it is dropped.
    Drop,
}

/// The treatment of symbolic links found by a walk. Links that are sources are always followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Symlinks {
    /// They are skipped silently.
    #[default]
    Skip,
    /// They are skipped as [`ErrorKind::Special`](crate::ErrorKind::Special);
    /// [`list`](crate::engine::list()) returns their targets.
    Report,
    /// They are followed; a link to a directory that contains it is an error.
    Follow,
}

impl HashOptions {
    /// Creates options for computing `functions` in one pass over each file.
    pub fn new<F: Into<HashFunction>>(functions: impl IntoIterator<Item = F>) -> Self {
        Self { functions: functions.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    setters! {
        /// Sets the number of hashing threads.
        ///
        /// The default is the number of available cores; if files are on a network file system
        /// (detected on Linux only), at least 16.
        threads: NonZeroUsize => Some;
        /// Counts bytes and files in `progress`.
        progress: Arc<HashProgress> => Some;
        /// Sets which files are read; see [`ReadPolicy`].
        policy: ReadPolicy;
        /// Sets whether files may be mapped; see [`Reading`].
        reading: Reading;
        /// Sets the treatment of the page cache.
        cache: PageCache;
        /// Sets the treatment of symbolic links found by a walk.
        symlinks: Symlinks;
        /// Sets whether walks stay on the file system of the directory that they start in.
        same_file_system: bool;
        /// Limits the depth of walks: 1 means the files of the source directory itself.
        max_depth: usize => Some;
        /// Sets which files are selected.
        filter: PathFilter;
    }

    /// Confines the paths of [`ReadPolicy::Listed`] to `directory`; others are errors.
    pub fn confined_to(mut self, directory: ConfinedDir) -> Self {
        self.base = PathBase::Confined(directory, 0);
        self
    }

    /// Skips this file, such as the file that the outcomes are written to, when a walk finds it.
    pub fn leave_out(mut self, file: FileId) -> Self {
        self.leave_out.push(file);
        self
    }
}
