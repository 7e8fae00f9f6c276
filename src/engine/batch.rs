//! Small files: opened and read whole, many before any is hashed.

use std::sync::Arc;

use super::file::End;
use super::queue::Queue;
use super::read::{Job, Opened, Tried};
use super::worker::Results;
use super::{Hashed, Progress, Stamp};
use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::error::Error;
use crate::lanes::digest_many;

/// Up to this many bytes a file is read whole.
pub(super) const SMALL: usize = 64 * 1024;
/// Small files are collected up to this many bytes, then hashed: half of an L2 cache of 1 MiB.
const BATCH: usize = 512 * 1024;

/// Small files, read whole and not yet hashed.
#[derive(Default)]
pub(super) struct Batch {
    /// Their contents, one after the other.
    bytes: Vec<u8>,
    files: Vec<SmallFile>,
}

struct SmallFile {
    index: u64,
    functions: Arc<[HashFunction]>,
    /// Within the batch's bytes.
    start: usize,
    end: usize,
    stamp: Option<Stamp>,
}

/// What trying to read a file came to.
enum Read {
    Done,
    /// It is on its way from the disk, or holds more than it said.
    Later(Opened),
    Failed(u64, Error),
}

impl Batch {
    /// Opens the jobs' files, hashes the small ones and hands on the others.
    ///
    /// What is not in the page cache is asked for at once, and read after the rest: then all of it
    /// is on its way, and the disk has a deep queue to work off without a thread for each.
    pub(super) fn work_off(
        &mut self,
        queue: &Queue,
        jobs: Vec<(u64, Job)>,
        progress: Option<&Progress>,
        results: &mut Results,
    ) {
        let count = jobs.len();
        let (mut large, mut fetched) = (Vec::new(), Vec::new());
        for (index, job) in jobs {
            match Opened::new(index, job) {
                Err(error) => results.push((index, Err(error))),
                Ok(opened) if opened.size() > SMALL as u64 => large.push(opened),
                Ok(opened) => {
                    self.make_room(progress, results);
                    match self.try_to_read(opened) {
                        Read::Done => {}
                        Read::Later(opened) => fetched.push(opened),
                        Read::Failed(index, error) => results.push((index, Err(error))),
                    }
                }
            }
        }
        for opened in fetched {
            self.make_room(progress, results);
            let _head = opened.is_far().then(|| queue.head());
            match self.read(opened) {
                Read::Done => {}
                Read::Later(opened) => large.push(opened),
                Read::Failed(index, error) => results.push((index, Err(error))),
            }
        }
        for opened in &mut large {
            opened.expect_all();
            opened.locate();
        }
        queue.opened(count, large);
        self.hash(progress, results);
    }

    /// Hashes what there is, if another file might not fit.
    fn make_room(&mut self, progress: Option<&Progress>, results: &mut Results) {
        if self.bytes.is_empty() {
            self.bytes.resize(BATCH, 0);
        }
        if self.bytes.len() - self.end() < SMALL + 1 {
            self.hash(progress, results);
        }
    }

    fn end(&self) -> usize {
        self.files.last().map_or(0, |file| file.end)
    }

    /// Reads a file, unless that means to wait.
    fn try_to_read(&mut self, mut opened: Opened) -> Read {
        let start = self.end();
        match opened.try_small(&mut self.bytes[start..start + SMALL + 1]) {
            Ok(Tried::Whole(length)) => self.push(opened, length),
            Ok(Tried::Unknown) => self.read(opened),
            Ok(Tried::Fetching) => Read::Later(opened),
            Err(kind) => Read::Failed(opened.index(), opened.error(kind)),
        }
    }

    /// Reads a file to its end.
    fn read(&mut self, mut opened: Opened) -> Read {
        let start = self.end();
        // One byte more than a small file has: reading finds the end, or that there is more.
        match opened.fill(&mut self.bytes[start..start + SMALL + 1], None) {
            Ok((length, true)) => self.push(opened, length),
            Ok((_, false)) => match opened.rewind() {
                Ok(()) => Read::Later(opened),
                Err(kind) => Read::Failed(opened.index(), opened.error(kind)),
            },
            Err(kind) => Read::Failed(opened.index(), opened.error(kind)),
        }
    }

    fn push(&mut self, mut opened: Opened, length: usize) -> Read {
        match opened.end() {
            Ok(End::Whole) => {}
            Ok(End::Again) => return self.read(opened),
            Err(kind) => return Read::Failed(opened.index(), opened.error(kind)),
        }
        let (index, functions, start) = (opened.index(), opened.functions(), self.end());
        let (end, stamp) = (start + length, opened.stamp());
        self.files.push(SmallFile { index, functions, start, end, stamp });
        Read::Done
    }

    /// Hashes what has been read, and begins anew.
    fn hash(&mut self, progress: Option<&Progress>, results: &mut Results) {
        progress.into_iter().for_each(|progress| progress.add_bytes(self.end()));
        let mut files = std::mem::take(&mut self.files);
        while let Some(first) = files.first() {
            // As a rule all; a list may ask for another function with every line.
            let functions = Arc::clone(&first.functions);
            let (alike, others): (Vec<_>, Vec<_>) =
                files.into_iter().partition(|file| file.functions == functions);
            let messages: Vec<&[u8]> =
                alike.iter().map(|file| &self.bytes[file.start..file.end]).collect();
            let blank = |function: &HashFunction| vec![Digest::zeroed(*function); messages.len()];
            let mut columns: Vec<Vec<Digest>> = functions.iter().map(blank).collect();
            for (function, column) in functions.iter().zip(&mut columns) {
                digest_many(*function, &messages, column);
            }
            for (row, file) in alike.iter().enumerate() {
                let size = (file.end - file.start) as u64;
                let digests = columns.iter().map(|column| column[row]).collect();
                results.push((file.index, Ok(Hashed { size, digests, stamp: file.stamp })));
            }
            files = others;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::algorithm::Algorithm;
    use crate::engine::read::Access;
    use std::os::unix::fs::PermissionsExt;

    /// After `chmod` a small file is read again, in the same place.
    #[test]
    fn what_is_read_again_counts_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), b"contents").unwrap();
        let job = Job::new(file.path().into(), Access::Met, [Algorithm::Md5.into()].into());
        let opened = Opened::new(0, job).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        file.as_file().set_permissions(PermissionsExt::from_mode(0o600)).unwrap();
        let mut batch = Batch::default();
        let mut results = Vec::new();
        batch.make_room(None, &mut results);
        assert!(matches!(batch.try_to_read(opened), Read::Done));
        assert_eq!(batch.end(), 8);
        batch.hash(None, &mut results);
        let (_, hashed) = results.pop().unwrap();
        let md5 = crate::hasher::digest(Algorithm::Md5, b"contents");
        assert_eq!(hashed.unwrap().digests, [md5]);
        assert!(results.is_empty());
    }
}
