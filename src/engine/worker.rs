//! The loop of a hashing thread.

use crate::engine::open_job::OpenJob;
use crate::engine::outcome::Results;
use crate::engine::pipeline;
use crate::engine::progress::HashProgress;
use crate::engine::queue::{Queue, Work};
use crate::engine::small_files::Batch;
use crate::engine::streams::Streams;
use crate::engine::threads::Threads;

/// Works on the jobs of `queue` until it ends, and calls `finish` with the results, in any order.
pub(super) fn work(queue: &Queue, progress: Option<&HashProgress>, finish: impl Fn(Results)) {
    let mut small = Batch::default();
    let mut streams = Streams::default();
    let mut results = Vec::new();
    let thread = queue.enter();
    loop {
        match queue.take(thread, streams.load()) {
            Work::Jobs(jobs) => small.process(queue, jobs, progress, &mut results),
            Work::Stream(stream) => {
                streams.push(stream);
                continue; // there may be more, and more lanes are faster
            }
            Work::GiveBack => queue.give_back(streams.take_others()),
            Work::Divide(threads) => streams.hash_rest(queue, threads, progress, &mut results),
            Work::Blocking(index, job) => {
                let opened = OpenJob::new(index, job);
                let hash = |file| pipeline::hash_opened(file, Threads::ONE, progress);
                results.push((index, opened.and_then(hash)));
            }
            Work::Continue => {}
            Work::End => return,
        }
        streams.advance(queue, progress, &mut results);
        if !results.is_empty() {
            progress.into_iter().for_each(|progress| progress.add_files(results.len()));
            finish(std::mem::take(&mut results));
        }
    }
}
