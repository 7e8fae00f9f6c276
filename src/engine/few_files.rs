//! The first files of a run, which the calling thread reads itself if they are small.

use crate::engine::job::{Access, Job};
use crate::engine::open_job::OpenJob;
use crate::engine::ordered::Task;
use crate::engine::outcome::HashedFile;
use crate::engine::queue::WorkerContext;
use crate::engine::small_files::{Batch, MAX_SIZE};
use crate::error::Error;

/// The number of bytes that the calling thread reads before it starts threads, which takes about
/// 0.6 ms: four files of 60,000 bytes took `hsum -a md5` 2.5 ms with threads and 1.8 ms without
/// (Zen 4, two cores).
const MAX_BYTES: u64 = 256 * 1024;

/// The remaining bytes of [`MAX_BYTES`].
pub(super) struct Allowance(u64);

impl Default for Allowance {
    fn default() -> Self {
        Self(MAX_BYTES)
    }
}

impl Allowance {
    /// Opens a job's file if it is small and can be read at once; otherwise returns the job.
    pub(super) fn open(&mut self, job: Job) -> Task<Job, Result<OpenJob, Error>> {
        if job.access == Access::Blocking {
            return Task::Work(job);
        }
        let file = match OpenJob::new(0, job) {
            Ok(file) => file,
            Err(error) => return Task::Done(Err(error)),
        };
        let is_small = file.size() <= self.0.min(MAX_SIZE as u64);
        if !is_small || !file.is_ready() {
            return Task::Work(file.into_job());
        }
        self.0 -= file.size();
        Task::Done(Ok(file))
    }
}

/// The calling thread's state while it hashes the first files.
pub(super) struct FewFiles<'q> {
    allowance: Allowance,
    batch: Batch,
    context: WorkerContext<'q>,
}

impl<'q> FewFiles<'q> {
    pub(super) fn new(context: WorkerContext<'q>) -> Self {
        Self { allowance: Allowance::default(), batch: Batch::default(), context }
    }

    /// Hashes a job's file if it is small and can be read at once; otherwise returns the job.
    pub(super) fn hash(&mut self, job: Job) -> Task<Job, Result<HashedFile, Error>> {
        let result = match self.allowance.open(job) {
            Task::Work(job) => return Task::Work(job),
            Task::Done(Err(error)) => Err(error),
            Task::Done(Ok(mut file)) => match self.batch.hash_one(&mut self.context, &mut file) {
                Some(result) => result,
                None => return Task::Work(file.into_job()),
            },
        };
        self.context.progress.into_iter().for_each(|progress| progress.add_files(1));
        Task::Done(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::queue::Queue;
    use crate::engine::threads::Threads;
    use crate::hasher::digest;
    use std::path::Path;

    fn job(path: &Path, access: Access) -> Job {
        Job::new(path.into(), access, [Algorithm::Md5.into()].into())
    }

    #[test]
    fn only_small_files_are_hashed_until_the_bytes_are_used_up() {
        let queue = Queue::new(Threads::ONE);
        let mut few =
            FewFiles::new(WorkerContext { queue: &queue, progress: None, results: Vec::new() });
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, size: usize| {
            let path = directory.path().join(name);
            std::fs::write(&path, vec![1; size]).unwrap();
            path
        };
        let (large, small) = (file("large", MAX_SIZE + 1), file("small", MAX_SIZE));
        let is_open = |task| matches!(task, Task::Work(Job { opened: Some(_), .. }));
        assert!(is_open(few.hash(job(&large, Access::Walked))));
        for access in [Access::Walked, Access::Listed, Access::Named, Access::Plain] {
            let Task::Done(Ok(hashed)) = few.hash(job(&small, access)) else {
                panic!("{access:?}: not hashed")
            };
            assert_eq!(hashed.digests, [digest(Algorithm::Md5, &[1; MAX_SIZE])]);
        }
        assert!(is_open(few.hash(job(&file("more", 1), Access::Walked))));
        assert!(matches!(few.hash(job(&file("empty", 0), Access::Plain)), Task::Done(Ok(_))));
    }

    #[test]
    fn files_that_may_block_are_left_to_threads() {
        let mut allowance = Allowance::default();
        let blocking = allowance.open(job(Path::new("/none"), Access::Blocking));
        assert!(matches!(blocking, Task::Work(Job { opened: None, .. })));
        let device = allowance.open(job(Path::new("/dev/zero"), Access::Plain));
        assert!(matches!(device, Task::Work(Job { opened: Some(_), .. })));
        let missing = allowance.open(job(Path::new("/none"), Access::Plain));
        assert!(matches!(missing, Task::Done(Err(_))));
    }

    #[test]
    fn a_job_keeps_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![2; MAX_SIZE + 1]).unwrap();
        let task = Allowance::default().open(job(file.path(), Access::Walked));
        let Task::Work(job) = task else { panic!("the file is not small") };
        // Closing the temporary file removes its name.
        drop(file);
        assert_eq!(OpenJob::new(0, job).unwrap().size(), MAX_SIZE as u64 + 1);
    }
}
