//! One hashing thread: small files are read whole, large ones in pieces, and either are hashed
//! many at a time, on the lanes of one core.

use super::batch::Batch;
use super::pipeline;
use super::queue::{Queue, Take};
use super::read::Opened;
use super::streams::Streams;
use super::{Hashed, Progress, Threads};
use crate::error::Error;

/// What became of jobs, by their indices.
pub(super) type Results = Vec<(u64, Result<Hashed, Error>)>;

/// Takes what there is in `queue` until it ends; `finish` hears of every job once, in any order.
pub(super) fn work_off(queue: &Queue, progress: Option<&Progress>, finish: impl Fn(Results)) {
    let mut small = Batch::default();
    let mut streams = Streams::default();
    let mut results = Vec::new();
    let thread = queue.enter();
    loop {
        match queue.take(thread, streams.load()) {
            Take::Jobs(jobs) => small.work_off(queue, jobs, progress, &mut results),
            Take::Stream(stream) => {
                streams.push(stream);
                continue; // there may be more, and more lanes are faster
            }
            Take::GiveBack => queue.give_back(streams.company()),
            Take::Rest(threads) => streams.hash_rest(queue, threads, progress, &mut results),
            Take::Alone(index, job) => {
                let this = Threads::ONE;
                let opened = Opened::new(index, job);
                let result = opened.and_then(|o| pipeline::hash_opened(o, this, progress));
                results.push((index, result));
            }
            Take::Nothing => {}
            Take::End => return,
        }
        streams.advance(queue, progress, &mut results);
        if !results.is_empty() {
            progress.into_iter().for_each(|progress| progress.add_files(results.len()));
            finish(std::mem::take(&mut results));
        }
    }
}
