//! The loop of a hashing thread.

use crate::engine::open_job::OpenJob;
use crate::engine::outcome::Results;
use crate::engine::pipeline;
use crate::engine::progress::HashProgress;
use crate::engine::queue::{Queue, Work, WorkerContext};
use crate::engine::small_files::Batch;
use crate::engine::streams::Streams;
use crate::engine::threads::Threads;

/// Processes the jobs of `queue` until it ends, and calls `finish` with results in any order.
pub(super) fn work(queue: &Queue, progress: Option<&HashProgress>, finish: impl Fn(Results)) {
    let mut small = Batch::default();
    let mut streams = Streams::default();
    let mut context = WorkerContext { queue, progress, results: Vec::new() };
    let thread = queue.enter();
    loop {
        match queue.take(thread, streams.load()) {
            Work::Jobs(jobs) => small.process(&mut context, jobs),
            Work::Stream(mut stream) => {
                stream.show(progress);
                streams.push(stream);
                continue; // there may be more, and more lanes are faster
            }
            Work::GiveBack => queue.give_back(streams.take_others()),
            Work::Divide(threads) => streams.hash_rest(&mut context, threads),
            Work::Blocking(index, job) => {
                let opened = OpenJob::new(index, job);
                let hash = |file| pipeline::hash_opened(file, Threads::ONE, progress);
                context.results.push((index, opened.and_then(hash)));
            }
            Work::Continue => {}
            Work::End => return,
        }
        streams.advance(&mut context);
        let results = std::mem::take(&mut context.results);
        if !results.is_empty() {
            progress.into_iter().for_each(|progress| progress.add_files(results.len()));
            finish(results);
        }
    }
}
