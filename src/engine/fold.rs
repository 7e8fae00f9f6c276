//! Sources → whatever their bytes fold to: for sums that are no digests.

use std::mem;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::file::End;
use super::order::{Hands, Next, Task, Workshop, ordered};
use super::read::{Access, Job, Opened};
use super::{Plan, Progress, Source, Threads};
use crate::algorithm::HashFunction;
use crate::error::{Error, ErrorKind};
use crate::fs::lock::lock;

/// Bytes read at a time.
const PIECE: usize = 128 * 1024;

/// Reads `sources` as the plan's [`Reading`] says, several at once, and hands each result to
/// `sink`, in order, on the calling thread. Nothing is walked.
///
/// `start` makes what `update` feeds the bytes of a source to, piece by piece.
///
/// [`Reading`]: super::Reading
pub fn fold<S: Into<Source>, A: Send>(
    plan: &Plan,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    start: impl Fn() -> A + Sync,
    update: impl Fn(&mut A, &[u8]) + Sync,
    sink: impl FnMut(Source, Result<A, Error>, Next) -> ControlFlow<()>,
) {
    let (sender, jobs) = unbounded();
    let sender = Mutex::new(Some(sender));
    let folding = Folding { start, update, progress: plan.progress.as_deref(), sender, jobs };
    let none: Arc<[HashFunction]> = [].into();
    let mut stdin = Access::Slow;
    let jobs = sources.into_iter().map(|source| {
        let source = source.into();
        let access = match source {
            Source::Stdin => mem::replace(&mut stdin, Access::Spent),
            Source::Path(_) => plan.reading.access(),
        };
        let job = Job::new(source.clone(), access, Arc::clone(&none));
        (source, Task::Work(job.cache(plan.cache).place(plan.place.clone())))
    });
    ordered(Threads(plan.threads), jobs, &folding, sink);
}

struct Folding<'p, F, U> {
    start: F,
    update: U,
    progress: Option<&'p Progress>,
    /// Gone once nothing more will come.
    sender: Mutex<Option<Sender<(u64, Job)>>>,
    jobs: Receiver<(u64, Job)>,
}

impl<A, F: Fn() -> A, U: Fn(&mut A, &[u8])> Folding<'_, F, U> {
    fn read(&self, job: Job, room: &mut [u8]) -> Result<A, Error> {
        let mut opened = Opened::new(0, job)?;
        opened.expect_all();
        loop {
            let folded = self.read_once(&mut opened, room);
            match folded.and_then(|folded| Ok((folded, opened.end()?))) {
                Ok((folded, End::Whole)) => return Ok(folded),
                Ok((_, End::Again)) => {}
                Err(kind) => return Err(opened.error(kind)),
            }
        }
    }

    fn read_once(&self, opened: &mut Opened, room: &mut [u8]) -> Result<A, ErrorKind> {
        let mut folded = (self.start)();
        let mut end = false;
        while !end {
            let length;
            (length, end) = opened.fill(room, self.progress)?;
            (self.update)(&mut folded, &room[..length]);
        }
        Ok(folded)
    }
}

impl<A, F, U> Workshop<Job, Result<A, Error>> for Folding<'_, F, U>
where
    F: Fn() -> A + Sync,
    U: Fn(&mut A, &[u8]) + Sync,
{
    fn alone(&self, job: Job) -> Result<A, Error> {
        self.read(job, &mut vec![0; PIECE])
    }

    fn push(&self, index: u64, job: Job) -> Hands {
        let sender = lock(&self.sender);
        if let Some(sender) = &*sender {
            let _ = sender.send((index, job));
        }
        Hands::Wanted
    }

    fn close(&self) {
        *lock(&self.sender) = None;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    /// Returns what a file folds to if `change` happens at the first piece, and the number of pieces.
    fn folded(path: &Path, change: impl Fn() + Sync) -> (Result<Vec<u8>, String>, usize) {
        let pieces = AtomicUsize::new(0);
        let update = |all: &mut Vec<u8>, piece: &[u8]| {
            if pieces.fetch_add(1, Relaxed) == 0 {
                std::thread::sleep(Duration::from_millis(20));
                change();
            }
            all.extend_from_slice(piece);
        };
        let mut folded = None;
        fold(&Plan::default(), [path], Vec::new, update, |_, result, _| {
            folded = Some(result.map_err(|error| error.kind().to_string()));
            ControlFlow::Continue(())
        });
        (folded.unwrap(), pieces.into_inner())
    }

    #[test]
    fn what_is_read_again_is_folded_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let contents = vec![7; 2 * PIECE + 1];
        fs::write(file.path(), &contents).unwrap();
        assert_eq!(folded(file.path(), || {}), (Ok(contents.clone()), 3));
        let chmod = || {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
        };
        assert_eq!(folded(file.path(), chmod), (Ok(contents), 6));
        let cut = || file.as_file().set_len(5).unwrap();
        assert_eq!(folded(file.path(), cut).0, Err("Changed while reading".into()));
    }
}
