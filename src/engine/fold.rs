//! Parallel computation of values other than digests, such as CRCs.

use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::engine::few_files::Allowance;
use crate::engine::file::End;
use crate::engine::job::{Access, Job};
use crate::engine::open_job::OpenJob;
use crate::engine::options::{HashOptions, Source};
use crate::engine::ordered::{Task, ordered_map};
use crate::engine::outcome::NextOutcome;
use crate::engine::progress::HashProgress;
use crate::engine::threads::Threads;
use crate::error::{Error, ErrorKind};

/// The number of bytes read at a time.
const PIECE: usize = 128 * 1024;

/// Folds the bytes of each source in parallel, and calls `sink` with the results in order.
///
/// `start` returns the initial value for a source, and `update` adds a piece of its bytes; both run
/// on threads with a stack of 1 MiB. `sink` runs on the calling thread. Directories are not walked.
/// The hash functions of `options` have no effect.
pub fn fold<S: Into<Source>, A: Send>(
    options: &HashOptions,
    sources: impl IntoIterator<Item = S, IntoIter: Send>,
    start: impl Fn() -> A + Sync,
    update: impl Fn(&mut A, &[u8]) + Sync,
    sink: impl FnMut(Source, Result<A, Error>, NextOutcome) -> ControlFlow<()>,
) {
    let progress = options.progress.as_deref();
    let no_functions: Arc<[HashFunction]> = [].into();
    let mut stdin = Access::Blocking;
    let jobs = sources.into_iter().map(|source| {
        let source = source.into();
        let access = match source {
            Source::Stdin => mem::replace(&mut stdin, Access::StdinAgain),
            Source::Path(_) => Access::new(options.policy),
        };
        let (cache, base) = (options.cache, options.base.clone());
        let job = Job::new(source.clone(), access, Arc::clone(&no_functions));
        (source, Job { cache, base, ..job })
    });
    let fold_once = |file: &mut OpenJob, buffer: &mut [u8], progress: Option<&HashProgress>| {
        let mut value = start();
        loop {
            let (length, is_end) = file.fill(buffer, progress)?;
            update(&mut value, &buffer[..length]);
            if is_end {
                return Ok::<_, ErrorKind>(value);
            }
        }
    };
    let fold_file = |buffer: &mut Vec<u8>, mut file: OpenJob| {
        buffer.resize(PIECE, 0);
        file.prepare();
        loop {
            let value = fold_once(&mut file, buffer, progress);
            match value.and_then(|value| Ok((value, file.end()?))) {
                Ok((value, End::Unchanged)) => return Ok(value),
                Ok((_, End::ReadAgain)) => {}
                Err(kind) => return Err(file.error(kind)),
            }
        }
    };
    let (mut allowance, mut buffer) = (Allowance::default(), Vec::new());
    let first = |job| match allowance.open(job) {
        Task::Work(job) => Task::Work(job),
        Task::Done(opened) => Task::Done(opened.and_then(|file| fold_file(&mut buffer, file))),
    };
    let fold_job = |buffer: &mut Vec<u8>, job| fold_file(buffer, OpenJob::new(0, job)?);
    ordered_map(Threads(options.threads), jobs, first, fold_job, sink);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::time::Duration;

    /// Folds a file that `change` modifies at the first piece; returns the number of pieces too.
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
        fold(&HashOptions::default(), [path], Vec::new, update, |_, result, _| {
            folded = Some(result.map_err(|error| error.kind().to_string()));
            ControlFlow::Continue(())
        });
        (folded.unwrap(), pieces.into_inner())
    }

    #[test]
    fn a_file_is_folded_again_after_chmod() {
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
