//! Roots → what lies below them, with what the system says of each: nothing is read.

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustix::fs::{OFlags, Stat};

use super::order::{Hands, Task, Workshop, ordered};
use super::stamp::Stamp;
use super::walk::{Found, Walk};
use super::{Access, Plan, Source, Threads};
use crate::error::{Error, ErrorKind};
use crate::fs::lock::lock;

/// Entries asked about in one go: threads then have little to say to each other.
const CHUNK: usize = 1024;

/// What was met in a walk.
#[derive(Debug)]
pub struct Listed {
    /// With the path of the directory that was named before it.
    pub path: PathBuf,
    /// What it is, or why that is not known. A directory that cannot be listed is met too, and so
    /// is a FIFO, a socket or a device ([`ErrorKind::Special`]), or a temporary file of hsum's own
    /// ([`ErrorKind::Temporary`]).
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
        ask(chunk)
    }

    fn push(&self, index: u64, chunk: Vec<Found>) -> Hands {
        let sender = lock(&self.sender);
        if let Some(sender) = &*sender {
            let _ = sender.send((index, chunk));
        }
        Hands::Wanted
    }

    fn close(&self) {
        *lock(&self.sender) = None;
    }

    fn stop(&self) {
        self.close();
        while self.chunks.try_recv().is_ok() {}
    }

    fn work_off(&self, finish: &dyn Fn(Vec<(u64, Vec<Listed>)>)) {
        self.chunks.iter().for_each(|(index, chunk)| finish(vec![(index, ask(chunk))]));
    }
}

fn ask(chunk: Vec<Found>) -> Vec<Listed> {
    chunk
        .into_iter()
        .filter_map(|found| {
            let Source::Path(path) = found.source else { return None };
            let result = match found.result {
                Ok(access) => {
                    let links = match access {
                        Access::Met => OFlags::NOFOLLOW,
                        _ => OFlags::empty(),
                    };
                    let stat = found.place.stat(&path, links);
                    let stat = stat.map_err(|kind| Error::new(&path, kind));
                    stat.and_then(|stat| met(&path, &stat))
                }
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
        FileType::RegularFile => Ok(Met::File(Stamp::of(stat))),
        FileType::Symlink => Err(Error::new(path, ErrorKind::Changed)),
        // It has become something else since its name was listed, or was named.
        FileType::Directory => Err(Error::io(path, io::ErrorKind::IsADirectory.into())),
        _ => Err(Error::new(path, ErrorKind::Special("a special file"))),
    }
}

fn link(path: &Path) -> Result<Met, Error> {
    fs::read_link(path).map(Met::Link).map_err(|error| Error::io(path, error))
}
