//! Threads that work on jobs and deliver the results in order.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

/// Runs `work` on the jobs with several threads, and passes the results to `emit` in the order of
/// the jobs until it returns `false`. Uses fewer threads if the system refuses some; if it refuses
/// all, the calling thread does the work.
pub(super) fn in_order<J: Sync, R: Send>(
    threads: NonZeroUsize,
    builder: impl Fn() -> thread::Builder,
    jobs: &[J],
    work: impl Fn(&J) -> R + Sync,
    mut emit: impl FnMut(&J, R) -> bool,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        let start = |_: &usize| {
            let (send, next, work) = (send.clone(), &next, &work);
            let worker = move || {
                while let Some((i, job)) =
                    Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, jobs.get(i)?)))
                {
                    if send.send((i, work(job))).is_err() {
                        return;
                    }
                }
            };
            builder().spawn_scoped(scope, worker).is_ok()
        };
        if (0..threads.get().min(jobs.len())).take_while(start).count() == 0 {
            jobs.iter().all(|job| emit(job, work(job)));
            return;
        }
        drop(send);
        let mut pending: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
        let mut emitted = 0;
        for (i, result) in receive {
            pending[i] = Some(result);
            while let Some(result) = pending.get_mut(emitted).and_then(Option::take) {
                if !emit(&jobs[emitted], result) {
                    next.store(jobs.len(), Relaxed);
                    return;
                }
                emitted += 1;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_do_not_depend_on_the_number_of_threads() {
        let jobs: Vec<u32> = (0..50).collect();
        for granted in [0, 1, 2, 8] {
            let requested = AtomicUsize::new(0);
            // No address space has room for such a stack.
            let builder = || match requested.fetch_add(1, Relaxed) < granted {
                true => thread::Builder::new(),
                false => thread::Builder::new().stack_size(1 << 60),
            };
            let mut results = Vec::new();
            let emit = |job: &u32, result: u32| {
                results.push((*job, result));
                *job < 40
            };
            in_order(NonZeroUsize::new(4).unwrap(), builder, &jobs, |job| job * 2, emit);
            let expected: Vec<_> = (0..=40).map(|job| (job, job * 2)).collect();
            assert_eq!(results, expected, "{granted} threads");
        }
    }
}
