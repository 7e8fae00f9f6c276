//! Roots → what lies below them, with what the system says of each: nothing is read.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustix::fs::{AtFlags, Mode, OFlags, Stat, open, statat};

use super::order::{Task, Workshop, ordered};
use super::stamp::{Stamp, Time};
use super::walk::{Found, Walk};
use super::{Plan, Source, Threads};
use crate::error::{Error, ErrorKind};

/// Entries asked about in one go: threads then have little to say to each other.
const CHUNK: usize = 1024;

/// What was met in a walk.
#[derive(Debug)]
pub struct Listed {
    /// With the path of the directory that was named before it.
    pub path: PathBuf,
    /// What it is, or why that is not known. A directory that cannot be listed is met too, and so
    /// is a FIFO, a socket or a device ([`ErrorKind::Special`]).
    pub result: Result<Met, Error>,
}

/// What it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Met {
    /// A regular file.
    File(Stamp),
    /// A symbolic link, with what it leads to; met only where [`Links::Told`] asks for them.
    ///
    /// [`Links::Told`]: super::Links::Told
    Link(PathBuf),
}

/// Walks `sources` and hands what is met to `sink`, on the calling thread, in the order of
/// [`run`]. Nothing is read, neither files nor standard input.
///
/// ```
/// use hsum::engine::{self, Met, Plan};
/// use std::ops::ControlFlow;
///
/// let plan = Plan::default();
/// let _ = engine::list(&plan, ["src"], |listed| {
///     if let Ok(Met::File(stamp)) = listed.result {
///         println!("{}: {} bytes", listed.path.display(), stamp.size);
///     }
///     ControlFlow::Continue(())
/// });
/// ```
///
/// [`run`]: super::run
pub fn list<S: Into<Source>>(
    plan: &Plan,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    mut sink: impl FnMut(Listed) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut walk = Walk::new(plan, sources.into_iter().map(Into::into));
    let chunks = std::iter::from_fn(|| {
        let chunk: Vec<Found> = walk.by_ref().take(CHUNK).collect();
        (!chunk.is_empty()).then_some(((), Task::Work(chunk)))
    });
    let (sender, chunks_to_do) = unbounded();
    let asking = Asking { sender: Mutex::new(Some(sender)), chunks: chunks_to_do };
    let mut flow = ControlFlow::Continue(());
    ordered(Threads(plan.threads), chunks, &asking, |(), listed: Vec<Listed>, _| {
        flow = listed.into_iter().try_for_each(&mut sink);
        flow
    });
    flow
}

/// Entries of one go, with the place that their answers have.
type Question = (u64, Vec<Found>);

struct Asking {
    /// Gone once nothing more will come.
    sender: Mutex<Option<Sender<Question>>>,
    chunks: Receiver<Question>,
}

impl Workshop<Vec<Found>, Vec<Listed>> for Asking {
    fn alone(&self, chunk: Vec<Found>) -> Vec<Listed> {
        ask(chunk, &mut Folder::default())
    }

    fn push(&self, index: u64, chunk: Vec<Found>) {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            let _ = sender.send((index, chunk));
        }
    }

    fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn stop(&self) {
        self.close();
        while self.chunks.try_recv().is_ok() {}
    }

    fn work_off(&self, finish: &dyn Fn(u64, Vec<Listed>)) {
        let mut folder = Folder::default();
        self.chunks.iter().for_each(|(index, chunk)| finish(index, ask(chunk, &mut folder)));
    }
}

fn ask(chunk: Vec<Found>, folder: &mut Folder) -> Vec<Listed> {
    chunk
        .into_iter()
        .filter_map(|found| {
            let Source::Path(path) = found.source else { return None };
            let result = match found.result {
                Ok(_) => folder.stat(&path).and_then(|stat| met(&path, &stat)),
                Err(error) => match error.kind() {
                    ErrorKind::Special(what) if *what == super::walk::LINK => link(&path),
                    _ => Err(error),
                },
            };
            Some(Listed { path, result })
        })
        .collect()
}

fn met(path: &Path, stat: &Stat) -> Result<Met, Error> {
    use rustix::fs::FileType;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(Met::File(stamp(stat))),
        // It has become something else since its name was listed, or was named.
        FileType::Directory => Err(Error::io(path, io::ErrorKind::IsADirectory.into())),
        _ => Err(Error::new(path, ErrorKind::Special("a special file"))),
    }
}

#[allow(clippy::unnecessary_cast, clippy::useless_conversion)] // other types elsewhere
fn stamp(stat: &Stat) -> Stamp {
    let modified = Time {
        seconds: stat.st_mtime as i64,
        nanoseconds: u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    Stamp { size: stat.st_size as u64, modified, inode: stat.st_ino as u64 }
}

fn link(path: &Path) -> Result<Met, Error> {
    fs::read_link(path).map(Met::Link).map_err(|error| Error::io(path, error))
}

/// The directory that the last entry lay in, kept open: its path need not be looked up again for
/// each of its entries.
#[derive(Default)]
struct Folder {
    path: PathBuf,
    opened: Option<OwnedFd>,
}

impl Folder {
    fn stat(&mut self, path: &Path) -> Result<Stat, Error> {
        let bytes = path.as_os_str().as_bytes();
        let slash = bytes.iter().rposition(|&byte| byte == b'/');
        let (parent, name) = match slash {
            Some(slash) if slash > 0 && slash + 1 < bytes.len() => bytes.split_at(slash + 1),
            _ => (&b""[..], bytes),
        };
        let stat = match self.enter(parent) {
            // What a link leads to counts where the walk followed it.
            Some(opened) => statat(opened, name, AtFlags::empty()),
            None => rustix::fs::stat(path),
        };
        stat.map_err(|error| Error::io(path, error.into()))
    }

    /// `None` where it is better to take the whole path.
    fn enter(&mut self, parent: &[u8]) -> Option<&OwnedFd> {
        if parent.is_empty() {
            return None;
        }
        if self.path.as_os_str().as_bytes() != parent {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            self.opened = open(parent, flags, Mode::empty()).ok();
            self.path = std::ffi::OsStr::from_bytes(parent).into();
        }
        self.opened.as_ref()
    }
}
