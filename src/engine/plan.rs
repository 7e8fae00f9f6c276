//! What is to be done: where the bytes come from, what is computed of them, and how trees are walked.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Access, Beneath, FileId, Filter, Place, Progress};
use crate::algorithm::HashFunction;

/// Where bytes come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// Standard input.
    Stdin,
    /// A file, or a directory with all that lies below it.
    Path(PathBuf),
}

impl Source {
    /// The name it goes by in lists: `-` for standard input.
    pub fn name(&self) -> &Path {
        match self {
            Self::Stdin => Path::new("-"),
            Self::Path(path) => path,
        }
    }
}

/// Any path, `-` too; standard input is [`Source::Stdin`] by name only.
impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Self {
        Self::Path(path.into())
    }
}

/// What to compute, and how to walk.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub(crate) functions: Vec<HashFunction>,
    pub(super) threads: Option<NonZeroUsize>,
    pub(super) progress: Option<Arc<Progress>>,
    pub(super) follow: Follow,
    pub(super) links: Links,
    pub(super) boundary: Boundary,
    pub(super) max_depth: Option<usize>,
    pub(super) filter: Filter,
    pub(super) leave_out: Vec<FileId>,
    pub(super) reading: Reading,
    pub(super) cache: Cache,
    pub(super) place: Place,
}

/// What is read, and what counts as read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Reading {
    /// Directories are walked. FIFOs and character devices are read only where the user named
    /// them. A file that changes while it is read is an error.
    #[default]
    Guarded,
    /// The names are those of a list: FIFOs, sockets and character devices are refused, nothing is
    /// walked. A file that changes while it is read is an error.
    Listed,
    /// As coreutils reads: every name is opened and read, whatever it is, and whatever happens to
    /// it meanwhile. A directory is an error.
    Plain,
}

impl Reading {
    /// Returns how files are opened that are named, not found by a walk.
    pub(crate) fn access(self) -> Access {
        match self {
            Self::Guarded => Access::Named,
            Self::Listed => Access::Listed,
            Self::Plain => Access::Plain,
        }
    }
}

/// What becomes of the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cache {
    /// What was read stays in it, as the system sees fit.
    #[default]
    Keep,
    /// What was not in it before is dropped again, so that reading a whole disk costs nobody else
    /// what they had there. A file is in it as a whole or not at all, as its beginning says; where
    /// the system does not say, it is dropped. Linux only.
    Drop,
}

/// Whether a walk follows the symbolic links that it meets. Those named as sources always are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Follow {
    /// They are passed over.
    #[default]
    Named,
    /// They are followed; one that leads back to a directory above it is reported.
    All,
}

/// What is said of the symbolic links that a walk meets and does not follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Links {
    /// Nothing.
    #[default]
    Silent,
    /// They are outcomes, passed over as [`ErrorKind::Special`](crate::ErrorKind::Special);
    /// [`list`](super::list()) says where they lead.
    Told,
}

/// Whether a walk enters other file systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Boundary {
    /// It does.
    #[default]
    None,
    /// It stays on that of the directory it began with.
    FileSystem,
}

impl Plan {
    /// Computes these functions of each file, in one pass over its bytes.
    pub fn new<F: Into<HashFunction>>(functions: impl IntoIterator<Item = F>) -> Self {
        Self { functions: functions.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Hashing threads; by default as many as there are cores at hand, and 16 at least where files come
    /// over a network (Linux).
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Counts what is done there.
    pub fn progress(mut self, progress: Arc<Progress>) -> Self {
        self.progress = Some(progress);
        self
    }

    /// See [`Reading`].
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Looks up the names of [`Reading::Listed`] in this directory, which they cannot lead out of.
    pub fn beneath(mut self, directory: Beneath) -> Self {
        self.place = Place::Beneath(directory, 0);
        self
    }

    /// See [`Cache`].
    pub fn cache(mut self, cache: Cache) -> Self {
        self.cache = cache;
        self
    }

    /// See [`Follow`].
    pub fn follow(mut self, follow: Follow) -> Self {
        self.follow = follow;
        self
    }

    /// See [`Links`].
    pub fn links(mut self, links: Links) -> Self {
        self.links = links;
        self
    }

    /// See [`Boundary`].
    pub fn boundary(mut self, boundary: Boundary) -> Self {
        self.boundary = boundary;
        self
    }

    /// Goes no deeper: 1 is the files of a directory itself.
    pub fn max_depth(mut self, depth: usize) -> Self {
        self.max_depth = Some(depth);
        self
    }

    /// See [`Filter`].
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Passes over this file where a walk meets it: the one that the outcomes are written to.
    pub fn leave_out(mut self, file: FileId) -> Self {
        self.leave_out.push(file);
        self
    }
}
