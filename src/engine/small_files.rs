//! Small files: many are opened and read whole before they are hashed together.

use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::file::End;
use crate::engine::job::Job;
use crate::engine::metadata::FileStamp;
use crate::engine::open_job::OpenJob;
use crate::engine::outcome::HashedFile;
use crate::engine::queue::WorkerContext;
use crate::engine::system::Cached;
use crate::error::{Error, ErrorKind};
use crate::lanes::digest_many;

/// The maximum size of a small file.
pub(super) const MAX_SIZE: usize = 64 * 1024;
/// The size of a batch: half of an L2 cache of 1 MiB.
const BATCH: usize = 512 * 1024;

/// Small files, read whole and not yet hashed.
#[derive(Default)]
pub(super) struct Batch {
    /// The contents of all files, one after the other.
    bytes: Vec<u8>,
    files: Vec<SmallFile>,
}

struct SmallFile {
    index: u64,
    functions: Arc<[HashFunction]>,
    /// The range in the batch's bytes.
    start: usize,
    end: usize,
    stamp: Option<FileStamp>,
}

impl Batch {
    /// Opens the jobs' files, hashes the small ones and passes the others to the queue.
    ///
    /// Files that are not in the page cache are requested at once and read last, so that the disk
    /// has a deep queue without a thread for each request.
    pub(super) fn process(&mut self, context: &mut WorkerContext<'_>, jobs: Vec<(u64, Job)>) {
        let count = jobs.len();
        let (mut large, mut fetched) = (Vec::new(), Vec::new());
        for (index, job) in jobs {
            match OpenJob::new(index, job) {
                Err(error) => context.results.push((index, Err(error))),
                Ok(file) if file.size() > MAX_SIZE as u64 => large.push(file),
                Ok(mut file) => {
                    self.make_room(context);
                    let read = self.read_cached(&mut file);
                    fetched.extend(context.unread(file, read));
                }
            }
        }
        for mut file in fetched {
            self.make_room(context);
            let _guard = file.is_on_rotating_disk.then(|| context.queue.lock_rotating_disk());
            let read = self.read(&mut file);
            large.extend(context.unread(file, read));
        }
        for file in &mut large {
            file.prepare();
            file.detect_rotating_disk();
        }
        context.queue.opened(count, large);
        self.hash(context);
    }

    /// Hashes one file; returns `None` if it is not small.
    pub(super) fn hash_one(
        &mut self,
        context: &mut WorkerContext<'_>,
        file: &mut OpenJob,
    ) -> Option<Result<HashedFile, Error>> {
        self.make_room(context);
        match self.read(file) {
            Ok(true) => self.hash(context),
            Ok(false) => return None,
            Err(kind) => return Some(Err(file.error(kind))),
        }
        context.results.pop().map(|(_, result)| result)
    }

    /// Hashes the files in the batch if another one might not fit.
    fn make_room(&mut self, context: &mut WorkerContext<'_>) {
        if self.bytes.is_empty() {
            self.bytes = vec![0; BATCH]; // zeroed lazily
        }
        if self.bytes.len() - self.end() < MAX_SIZE + 1 {
            self.hash(context);
        }
    }

    fn end(&self) -> usize {
        self.files.last().map_or(0, |file| file.end)
    }

    /// Returns the space for the next file, one byte larger than a small file to detect its end.
    fn space(&mut self) -> &mut [u8] {
        let start = self.end();
        &mut self.bytes[start..start + MAX_SIZE + 1]
    }

    /// Reads a file; returns `false` if it is not cached, or larger than its size.
    fn read_cached(&mut self, file: &mut OpenJob) -> Result<bool, ErrorKind> {
        match file.read_small(self.space())? {
            Cached::Bytes(length) => self.push(file, length),
            Cached::Unknown => self.read(file),
            Cached::No => Ok(false),
        }
    }

    /// Reads a file to its end; returns `false` if it is larger than a small file.
    fn read(&mut self, file: &mut OpenJob) -> Result<bool, ErrorKind> {
        match file.fill(self.space(), None)? {
            (length, true) => self.push(file, length),
            (_, false) => file.rewind().map(|()| false),
        }
    }

    fn push(&mut self, file: &mut OpenJob, length: usize) -> Result<bool, ErrorKind> {
        if file.end()? == End::ReadAgain {
            return self.read(file);
        }
        let (index, functions, start) = (file.index, Arc::clone(file.functions()), self.end());
        let (end, stamp) = (start + length, file.stamp());
        self.files.push(SmallFile { index, functions, start, end, stamp });
        Ok(true)
    }

    /// Hashes the files in the batch and empties it.
    fn hash(&mut self, context: &mut WorkerContext<'_>) {
        context.progress.into_iter().for_each(|progress| progress.add_bytes(self.end()));
        let mut files = std::mem::take(&mut self.files);
        while let Some(first) = files.first() {
            // Usually all files have the same functions, but a checksum file may mix them.
            let functions = Arc::clone(&first.functions);
            let (same, others): (Vec<_>, Vec<_>) =
                files.into_iter().partition(|file| file.functions == functions);
            let messages: Vec<&[u8]> =
                same.iter().map(|file| &self.bytes[file.start..file.end]).collect();
            let zeroed = |function: &HashFunction| vec![Digest::zeroed(*function); messages.len()];
            let mut columns: Vec<Vec<Digest>> = functions.iter().map(zeroed).collect();
            for (function, column) in functions.iter().zip(&mut columns) {
                digest_many(*function, &messages, column);
            }
            for (row, file) in same.iter().enumerate() {
                let size = (file.end - file.start) as u64;
                let digests = columns.iter().map(|column| column[row]).collect();
                let hashed = HashedFile { size, digests, stamp: file.stamp };
                context.results.push((file.index, Ok(hashed)));
            }
            files = others;
        }
    }
}

impl WorkerContext<'_> {
    /// Returns the file if it has yet to be read; moves an error to the results.
    fn unread(&mut self, file: OpenJob, read: Result<bool, ErrorKind>) -> Option<OpenJob> {
        match read {
            Ok(is_read) => (!is_read).then_some(file),
            Err(kind) => {
                self.results.push((file.index, Err(file.error(kind))));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::job::Access;
    use crate::engine::queue::Queue;
    use crate::engine::threads::Threads;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_read_again_in_place_after_chmod() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"contents").unwrap();
        let job = Job::new(file.path().into(), Access::Walked, [Algorithm::Md5.into()].into());
        let mut opened = OpenJob::new(0, job).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        let mut batch = Batch::default();
        let queue = Queue::new(Threads::ONE);
        let mut context = WorkerContext { queue: &queue, progress: None, results: Vec::new() };
        batch.make_room(&mut context);
        assert!(matches!(batch.read_cached(&mut opened), Ok(true)));
        assert_eq!(batch.end(), 8);
        batch.hash(&mut context);
        let (_, hashed) = context.results.pop().unwrap();
        let md5 = crate::hasher::digest(Algorithm::Md5, b"contents");
        assert_eq!(hashed.unwrap().digests, [md5]);
        assert!(context.results.is_empty());
    }
}
