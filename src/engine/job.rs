//! Jobs: files to hash, and how to open them.

use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::engine::file::StableFile;
use crate::engine::options::{PageCache, ReadPolicy, Reading, Source};
use crate::engine::path_base::PathBase;

/// A file to hash.
pub(crate) struct Job {
    pub(crate) source: Source,
    pub(crate) access: Access,
    pub(crate) functions: Arc<[HashFunction]>,
    pub(crate) cache: PageCache,
    pub(crate) reading: Reading,
    pub(crate) base: PathBase,
    /// The file, if it was opened already. In a box, because jobs are moved often.
    pub(crate) opened: Option<Box<StableFile>>,
}

impl Job {
    pub(crate) fn new(source: Source, access: Access, functions: Arc<[HashFunction]>) -> Self {
        let (cache, reading, base, opened) = Default::default();
        Self { source, access, functions, cache, reading, base, opened }
    }
}

/// The origin of a file's name, which determines the file types that are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Named by the user: any type, FIFOs and devices too.
    Named,
    /// Named by the user, and of a type that may block its reader, such as a FIFO.
    Blocking,
    /// Found by a walk, which saw that it is not a symbolic link: regular files and block devices.
    /// A FIFO would block the run, and `/dev/zero` has no end.
    Walked,
    /// Named in a checksum file: like `Walked`, but symbolic links are followed. Metadata is read
    /// first, because opening has side effects on some devices.
    Listed,
    /// A second use of standard input, which is empty whichever thread reads first.
    StdinAgain,
    /// Named to a coreutils-compatible tool: any type, and changes are ignored.
    Plain,
}

impl Access {
    /// Returns the access to sources under a policy.
    pub(crate) fn new(reading: ReadPolicy) -> Self {
        match reading {
            ReadPolicy::Guarded => Self::Named,
            ReadPolicy::Listed => Self::Listed,
            ReadPolicy::Plain => Self::Plain,
        }
    }

    /// Returns the access to `path`. Opening a FIFO waits for a writer, which must not delay other
    /// files.
    pub(crate) fn to(self, path: &Path) -> Self {
        let is_fifo = || path.metadata().is_ok_and(|metadata| metadata.file_type().is_fifo());
        if self == Self::Plain && is_fifo() { Self::Blocking } else { self }
    }

    /// Returns `true` if a walk or a checksum file named the file, not the user.
    pub(super) fn is_found(self) -> bool {
        matches!(self, Self::Walked | Self::Listed)
    }
}
