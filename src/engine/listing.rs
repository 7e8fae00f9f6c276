//! Listings of directory trees with metadata, without reading file contents.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, Stat};

use crate::engine::job::Access;
use crate::engine::metadata::FileStamp;
use crate::engine::options::{HashOptions, Source};
use crate::engine::ordered::{Task, ordered_map};
use crate::engine::threads::Threads;
use crate::engine::walk::{FoundFile, Walk};
use crate::error::{Error, ErrorKind, SpecialFileType};

/// The number of entries in a job, large enough that threads seldom synchronize.
const CHUNK: usize = 1024;

/// An entry found by a walk.
#[derive(Debug)]
pub struct WalkEntry {
    /// The path, which begins with that of the source directory.
    pub path: PathBuf,
    /// The kind and its metadata, or the reason why they are unknown.
    ///
    /// Directories that cannot be listed are entries too, and so are FIFOs, sockets and devices
    /// ([`ErrorKind::Special`]) and hsum's temporary files ([`ErrorKind::Temporary`]).
    pub result: Result<WalkEntryKind, Error>,
}

/// The kind of an entry, with its metadata.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WalkEntryKind {
    /// A regular file.
    File(FileStamp),
    /// A symbolic link and its target; only with [`Symlinks::Report`].
    ///
    /// [`Symlinks::Report`]: crate::engine::Symlinks::Report
    Link(PathBuf),
}

/// Walks `sources` and calls `sink` with each entry, in the order of [`run`].
///
/// Reads neither files nor standard input. `sink` runs on the calling thread.
///
/// ```
/// use hsum::engine::{self, HashOptions, WalkEntryKind};
/// use std::ops::ControlFlow;
///
/// let _ = engine::list(&HashOptions::default(), ["src"], |entry| {
///     if let Ok(WalkEntryKind::File(stamp)) = entry.result {
///         println!("{}: {} bytes", entry.path.display(), stamp.size);
///     }
///     ControlFlow::Continue(())
/// });
/// ```
///
/// [`run`]: crate::engine::run()
pub fn list<S: Into<Source>>(
    options: &HashOptions,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    mut sink: impl FnMut(WalkEntry) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut walk = Walk::new(options, sources.into_iter().map(Into::into));
    let chunks = std::iter::from_fn(|| {
        let chunk: Vec<FoundFile> = walk.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(((), chunk))
    });
    let read_metadata = |(): &mut (), chunk: Vec<FoundFile>| -> Vec<WalkEntry> {
        chunk.into_iter().filter_map(entry).collect()
    };
    let mut flow = ControlFlow::Continue(());
    ordered_map(Threads(options.threads), chunks, Task::Work, read_metadata, |(), entries, _| {
        flow = entries.into_iter().try_for_each(&mut sink);
        flow
    });
    flow
}

/// Reads the metadata of a file; standard input has none.
fn entry(found: FoundFile) -> Option<WalkEntry> {
    let Source::Path(path) = found.source else { return None };
    let result = match found.result {
        Ok(access) => {
            let is_walked = access == Access::Walked;
            let flags = if is_walked { OFlags::NOFOLLOW } else { OFlags::empty() };
            let stat = found.base.stat(&path, flags);
            stat.and_then(|stat| kind(&stat)).map_err(|kind| Error::new(&path, kind))
        }
        Err(error) if matches!(error.kind(), ErrorKind::Special(SpecialFileType::Symlink)) => {
            read_link(&path)
        }
        Err(error) => Err(error),
    };
    Some(WalkEntry { path, result })
}

fn kind(stat: &Stat) -> Result<WalkEntryKind, ErrorKind> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(WalkEntryKind::File(FileStamp::of(stat))),
        FileType::Symlink => Err(ErrorKind::Changed),
        // The entry was replaced since the directory was read, or is a source.
        FileType::Directory => Err(ErrorKind::Io(io::ErrorKind::IsADirectory.into())),
        _ => Err(ErrorKind::Special(SpecialFileType::Other)),
    }
}

fn read_link(path: &Path) -> Result<WalkEntryKind, Error> {
    fs::read_link(path).map(WalkEntryKind::Link).map_err(|error| Error::io(path, error))
}
