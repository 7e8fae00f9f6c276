//! Runs over sources: hashing files and directories in parallel.

use std::iter;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::few_files::FewFiles;
use crate::engine::job::{Access, Job};
use crate::engine::options::{HashOptions, ReadPolicy, Source};
use crate::engine::ordered::{Finish, Task, ordered};
use crate::engine::outcome::{HashSummary, HashedFile, NextOutcome, Outcome};
use crate::engine::pipeline;
use crate::engine::progress::HashProgress;
use crate::engine::queue::{Queue, WorkerContext};
use crate::engine::threads::Threads;
use crate::engine::walk::Walk;
use crate::engine::worker;
use crate::error::Error;

/// Hashes `sources` in parallel and calls `sink` with each outcome, on the calling thread.
///
/// Outcomes are in the order of the sources and, in directories, depth first in the order of the
/// names' bytes, whatever the number of threads. `sink` ends the run early with
/// [`ControlFlow::Break`]. [`outcomes`](crate::engine::outcomes()) is an iterator instead.
///
/// ```
/// use hsum::{Algorithm, engine};
/// use std::ops::ControlFlow;
///
/// let options = engine::HashOptions::new([Algorithm::Md5, Algorithm::Sha256]);
/// let summary = engine::run(&options, ["src"], |outcome| {
///     println!("{}: {:?}", outcome.source.name().display(), outcome.result);
///     ControlFlow::Continue(())
/// });
/// assert_eq!(summary.failed, 0);
/// ```
pub fn run<S: Into<Source>>(
    options: &HashOptions,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    mut sink: impl FnMut(Outcome) -> ControlFlow<()>,
) -> HashSummary {
    let functions: Arc<[HashFunction]> = options.functions.as_slice().into();
    let mut walk = Walk::new(options, sources.into_iter().map(Into::into));
    let files = iter::from_fn(|| match options.policy {
        ReadPolicy::Guarded => walk.next(),
        ReadPolicy::Listed | ReadPolicy::Plain => walk.next_source(),
    });
    let jobs = files.map(|found| {
        let task = match found.result {
            Ok(access) => {
                let job = Job::new(found.source.clone(), access, Arc::clone(&functions));
                Task::Work(Job {
                    cache: options.cache,
                    reading: options.reading,
                    base: found.base,
                    ..job
                })
            }
            Err(error) => Task::Done(Err(error)),
        };
        (found.source, task)
    });
    let mut summary = HashSummary::default();
    hash_ordered(options.threads, options.progress.as_deref(), jobs, |source, result, next| {
        let outcome = Outcome { source, result, next };
        let count = match &outcome.result {
            Ok(_) => &mut summary.hashed,
            Err(_) if outcome.is_skipped() => &mut summary.skipped,
            Err(_) => &mut summary.failed,
        };
        *count += 1;
        sink(outcome)
    });
    summary
}

/// Hashes the jobs' files in parallel; calls `emit` with the results in the order of the jobs.
pub(crate) fn hash_ordered<T: Send, R: From<Result<HashedFile, Error>> + Send>(
    threads: Option<NonZeroUsize>,
    progress: Option<&HashProgress>,
    jobs: impl Iterator<Item = (T, Task<Job, R>)> + Send,
    emit: impl FnMut(T, R, NextOutcome) -> ControlFlow<()>,
) {
    let threads = Threads(threads);
    let queue = Queue::new(threads);
    let work = |finish: Finish<'_, R>| {
        worker::work(&queue, progress, |results| {
            finish(results.into_iter().map(|(index, result)| (index, result.into())).collect());
        });
    };
    let alone = |job| pipeline::hash(job, threads, progress).into();
    let context = WorkerContext { queue: &queue, progress, results: Vec::new() };
    let mut few = FewFiles::new(context);
    let first = |job| match few.hash(job) {
        Task::Work(job) => Task::Work(job),
        Task::Done(result) => Task::Done(result.into()),
    };
    ordered(jobs, &queue, first, work, alone, emit);
}

/// Walks `sources` without reading files, and calls `found` with the size of each file in bytes.
///
/// `found` ends the walk early with [`ControlFlow::Break`].
pub fn survey<S: Into<Source>>(
    options: &HashOptions,
    sources: impl IntoIterator<Item = S>,
    mut found: impl FnMut(u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for file in Walk::new(options, sources.into_iter().map(Into::into)) {
        if let (Ok(_), Source::Path(path)) = (file.result, &file.source) {
            let metadata = path.metadata().ok().filter(|metadata| metadata.is_file());
            found(metadata.map_or(0, |metadata| metadata.len()))?;
        }
    }
    ControlFlow::Continue(())
}

/// Returns the digest of a file's contents.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read, [`ErrorKind::Changed`] if it changes meanwhile.
///
/// [`ErrorKind::Io`]: crate::ErrorKind::Io
/// [`ErrorKind::Changed`]: crate::ErrorKind::Changed
///
/// ```no_run
/// let digest = hsum::hash_file(hsum::Algorithm::Sha256, "debian.iso")?;
/// println!("{digest}");
/// # Ok::<(), hsum::Error>(())
/// ```
pub fn hash_file(
    function: impl Into<HashFunction>,
    path: impl AsRef<Path>,
) -> Result<Digest, Error> {
    hash_file_many([function], path).map(|digests| digests[0])
}

/// Returns one digest of a file's contents for each hash function, in one pass over its bytes.
///
/// # Errors
/// The errors of [`hash_file`].
///
/// ```
/// use hsum::Algorithm::{Md5, Sha256};
///
/// let digests = hsum::hash_file_many([Md5, Sha256], "Cargo.toml")?;
/// assert_eq!(digests[1], hsum::hash_file(Sha256, "Cargo.toml")?);
/// # Ok::<(), hsum::Error>(())
/// ```
pub fn hash_file_many<F: Into<HashFunction>>(
    functions: impl IntoIterator<Item = F>,
    path: impl AsRef<Path>,
) -> Result<Vec<Digest>, Error> {
    let functions = functions.into_iter().map(Into::into).collect();
    let job = Job::new(path.as_ref().into(), Access::Named, functions);
    pipeline::hash(job, Threads(None), None).map(|hashed| hashed.digests)
}
