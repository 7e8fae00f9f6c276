//! Sources → whatever their bytes fold to: for sums that are no digests.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::order::{Hands, Next, Task, Workshop, ordered};
use super::read::{Access, Job, Opened};
use super::{Source, Threads};
use crate::algorithm::Function;
use crate::error::Error;

/// Bytes read at a time.
const PIECE: usize = 128 * 1024;

/// Reads `sources` as [`Reading::Plain`] says, several at once, and hands what became of each to
/// `sink`, in order, on the calling thread.
///
/// `start` makes what `update` feeds the bytes of a source to, piece by piece.
///
/// [`Reading::Plain`]: super::Reading::Plain
pub fn fold<S: Into<Source>, A: Send>(
    threads: Option<NonZeroUsize>,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    start: impl Fn() -> A + Sync,
    update: impl Fn(&mut A, &[u8]) + Sync,
    sink: impl FnMut(Source, Result<A, Error>, Next) -> ControlFlow<()>,
) {
    let threads = Threads(threads);
    let (sender, jobs) = unbounded();
    let folding = Folding { start, update, sender: Mutex::new(Some(sender)), jobs };
    let none: Arc<[Function]> = [].into();
    let jobs = sources.into_iter().map(|source| {
        let source = source.into();
        let functions = Arc::clone(&none);
        let job = Job::new(source.clone(), Access::Plain, functions);
        (source, Task::Work(job))
    });
    ordered(threads, jobs, &folding, sink);
}

struct Folding<F, U> {
    start: F,
    update: U,
    /// Gone once nothing more will come.
    sender: Mutex<Option<Sender<(u64, Job)>>>,
    jobs: Receiver<(u64, Job)>,
}

impl<A, F: Fn() -> A, U: Fn(&mut A, &[u8])> Folding<F, U> {
    fn read(&self, job: Job, room: &mut [u8]) -> Result<A, Error> {
        let mut opened = Opened::new(0, job)?;
        let mut folded = (self.start)();
        loop {
            let (length, end) = opened.fill(room, None).map_err(|kind| opened.error(kind))?;
            (self.update)(&mut folded, &room[..length]);
            if end {
                return Ok(folded);
            }
        }
    }
}

impl<A, F, U> Workshop<Job, Result<A, Error>> for Folding<F, U>
where
    F: Fn() -> A + Sync,
    U: Fn(&mut A, &[u8]) + Sync,
{
    fn alone(&self, job: Job) -> Result<A, Error> {
        self.read(job, &mut vec![0; PIECE])
    }

    fn push(&self, index: u64, job: Job) -> Hands {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*sender {
            let _ = sender.send((index, job));
        }
        Hands::Wanted
    }

    fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn stop(&self) {
        self.close();
        while self.jobs.try_recv().is_ok() {}
    }

    fn work_off(&self, finish: &dyn Fn(Vec<(u64, Result<A, Error>)>)) {
        let mut room = vec![0; PIECE];
        for (index, job) in &self.jobs {
            finish(vec![(index, self.read(job, &mut room))]);
        }
    }
}
