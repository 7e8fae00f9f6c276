//! Work in parallel, results in order: a bounded window between the two.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

/// How many results may wait for an earlier one. Bounds the memory, whatever is walked; large
/// enough that one file of 100 MB does not hold up the small ones behind it.
const WINDOW: usize = 16 * 1024;

/// One step: something to do, or a result that is there already.
pub(crate) enum Task<J, R> {
    Work(J),
    Done(R),
}

/// What the window hears of, from the issuing thread and from the workers.
enum Event<T, R> {
    Issued(T, Option<R>),
    /// By index in the order of issue.
    Finished(u64, R),
}

/// Runs `work` over the jobs on `threads` threads, and hands the results to `emit` in the order of
/// the jobs, on the calling thread, each with the label that came with it.
///
/// No thread is started before there are two jobs. Each keeps one scratch value of its own.
pub(crate) fn ordered<T: Send, J: Send, R: Send, S: Default>(
    threads: usize,
    jobs: impl Iterator<Item = (T, Task<J, R>)> + Send,
    work: impl Fn(&mut S, J) -> R + Sync,
    mut emit: impl FnMut(T, R) -> ControlFlow<()>,
) {
    let mut jobs = jobs.fuse();
    let head: Vec<_> = jobs.by_ref().take(2).collect();
    let pool = match (head.len(), threads) {
        (..2, _) | (_, ..2) => None,
        // Where the system grants no threads, this one does the work.
        // One more for the jobs' iterator, which walks directories and may wait for input.
        _ => rayon::ThreadPoolBuilder::new().num_threads(threads + 1).build().ok(),
    };
    let jobs = head.into_iter().chain(jobs);
    let Some(pool) = pool else {
        let mut scratch = S::default();
        for (label, task) in jobs {
            let result = match task {
                Task::Work(job) => work(&mut scratch, job),
                Task::Done(result) => result,
            };
            if emit(label, result).is_break() {
                return;
            }
        }
        return;
    };

    let stop = AtomicBool::new(false);
    let (events, heard) = unbounded();
    let (queue, queued) = bounded(WINDOW);
    // A permit for each place in the window.
    let (permit, permits) = bounded(WINDOW);
    for _ in 0..WINDOW {
        let _ = permit.send(());
    }
    pool.in_place_scope(|scope| {
        let (work, stop) = (&work, &stop);
        for _ in 0..threads {
            let (queued, events) = (queued.clone(), events.clone());
            scope.spawn(move |_| work_off(&queued, &events, stop, work));
        }
        scope.spawn(move |_| issue(jobs, &permits, &queue, &events, stop));
        drop(queued);
        if reorder(&heard, &permit, &mut emit).is_break() {
            stop.store(true, Relaxed);
            drop(permit);
        }
    });
}

/// Hands out the jobs, no faster than the window empties.
fn issue<T, J, R>(
    jobs: impl Iterator<Item = (T, Task<J, R>)>,
    permits: &Receiver<()>,
    queue: &Sender<(u64, J)>,
    events: &Sender<Event<T, R>>,
    stop: &AtomicBool,
) {
    // A closed channel means that nobody waits for results any more.
    for ((label, task), index) in jobs.zip(0..) {
        if stop.load(Relaxed) || permits.recv().is_err() {
            return;
        }
        let (done, job) = match task {
            Task::Work(job) => (None, Some(job)),
            Task::Done(result) => (Some(result), None),
        };
        // Before the job itself, so that its result cannot overtake it.
        if events.send(Event::Issued(label, done)).is_err() {
            return;
        }
        if job.is_some_and(|job| queue.send((index, job)).is_err()) {
            return;
        }
    }
}

fn work_off<T, J, R, S: Default>(
    queued: &Receiver<(u64, J)>,
    events: &Sender<Event<T, R>>,
    stop: &AtomicBool,
    work: impl Fn(&mut S, J) -> R,
) {
    let mut scratch = S::default();
    for (index, job) in queued {
        if stop.load(Relaxed)
            || events.send(Event::Finished(index, work(&mut scratch, job))).is_err()
        {
            return;
        }
    }
}

/// Emits what is next in order, until all who could send are gone.
fn reorder<T, R>(
    heard: &Receiver<Event<T, R>>,
    permit: &Sender<()>,
    emit: &mut impl FnMut(T, R) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut window: VecDeque<(T, Option<R>)> = VecDeque::new();
    let mut emitted = 0;
    for event in heard {
        match event {
            Event::Issued(label, done) => window.push_back((label, done)),
            Event::Finished(index, result) => {
                window[(index - emitted) as usize].1 = Some(result);
            }
        }
        while let Some((_, Some(_))) = window.front() {
            let Some((label, Some(result))) = window.pop_front() else { break };
            emitted += 1;
            let _ = permit.send(());
            emit(label, result)?;
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(threads: usize, count: u64) -> Vec<(u64, u64)> {
        let jobs = (0..count).map(|n| match n % 7 {
            3 => (n, Task::Done(n * n)),
            _ => (n, Task::Work(n)),
        });
        let mut seen = Vec::new();
        ordered(
            threads,
            jobs,
            |(): &mut (), n| {
                if n % 50 == 0 {
                    std::thread::sleep(std::time::Duration::from_micros(200));
                }
                n * n
            },
            |label, square| {
                seen.push((label, square));
                ControlFlow::Continue(())
            },
        );
        seen
    }

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for threads in [1, 2, 3, 64] {
            for count in [0, 1, 2, 3, 1000, 3 * WINDOW as u64] {
                let expected: Vec<_> = (0..count).map(|n| (n, n * n)).collect();
                assert_eq!(numbers(threads, count), expected, "{threads} threads, {count} jobs");
            }
        }
    }

    #[test]
    fn no_more_are_under_way_than_the_window_holds() {
        use std::sync::atomic::AtomicU64;
        let emitted = AtomicU64::new(0);
        let jobs = (0..3 * WINDOW as u64).map(|n| {
            assert!(n <= emitted.load(Relaxed) + WINDOW as u64 + 1);
            ((), Task::Work(n))
        });
        let slow_first = |(): &mut (), n| {
            if n == 0 {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        };
        ordered(2, jobs, slow_first, |(), ()| {
            emitted.fetch_add(1, Relaxed);
            ControlFlow::Continue(())
        });
        assert_eq!(emitted.into_inner(), 3 * WINDOW as u64);
    }

    #[test]
    fn a_break_ends_the_run() {
        for threads in [1, 4] {
            let mut seen = 0;
            let jobs = (0u64..).map(|n| ((), Task::Work(n)));
            ordered(
                threads,
                jobs,
                |(): &mut (), n| n,
                |(), _| {
                    seen += 1;
                    if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
            assert_eq!(seen, 10);
        }
    }
}
