//! Work in parallel, results in order: a bounded window between the two.

use std::collections::VecDeque;
use std::ops::ControlFlow;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::Threads;

/// How many results may wait for an earlier one. Bounds the memory, whatever is walked; large
/// enough that one file of 100 MB does not hold up the small ones behind it.
const WINDOW: usize = 16 * 1024;

/// Whether the next result, in order, is there already. If not, nobody should be kept waiting for
/// this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// It follows at once.
    Ready,
    /// It will take as long as it takes; perhaps there is none.
    Awaited,
}

/// One step: something to do, or a result that is there already.
pub(crate) enum Task<J, R> {
    Work(J),
    Done(R),
}

/// Where the work is done.
pub(super) trait Workshop<J, R>: Sync {
    /// Does one job on the calling thread.
    fn alone(&self, job: J) -> R;
    /// Takes a job in, for [`Workshop::work_off`]; the index comes back with its result.
    fn push(&self, index: u64, job: J);
    /// Nothing more will be pushed.
    fn close(&self);
    /// Nothing that was pushed is wanted any more.
    fn stop(&self);
    /// Works on the calling thread until all is done, along with others that do the same.
    fn work_off(&self, finish: &dyn Fn(u64, R));
}

/// What the window hears of, from the issuing thread and from the workers.
enum Event<T, R> {
    Issued(T, Option<R>),
    /// By index in the order of issue.
    Finished(u64, R),
}

/// Has the jobs done on `threads` threads, and hands the results to `emit` in the order of the
/// jobs, on the calling thread, each with the label that came with it.
///
/// No thread is started before there are two jobs.
pub(super) fn ordered<T: Send, J: Send, R: Send>(
    threads: Threads,
    jobs: impl Iterator<Item = (T, Task<J, R>)> + Send,
    workshop: &impl Workshop<J, R>,
    mut emit: impl FnMut(T, R, Next) -> ControlFlow<()>,
) {
    let mut jobs = jobs.fuse();
    let head: Vec<_> = jobs.by_ref().take(2).collect();
    let pool = match head.len() {
        0 | 1 => None,
        // One more for the jobs' iterator, which walks directories and may wait for input. Where
        // the system grants no threads, this one does the work.
        _ => rayon::ThreadPoolBuilder::new().num_threads(threads.get() + 1).build().ok(),
    };
    let jobs = head.into_iter().chain(jobs);
    let Some(pool) = pool else {
        for (label, task) in jobs {
            let result = match task {
                Task::Work(job) => workshop.alone(job),
                Task::Done(result) => result,
            };
            if emit(label, result, Next::Awaited).is_break() {
                return;
            }
        }
        return;
    };

    let (events, heard) = unbounded();
    // A permit for each place in the window.
    let (permit, permits) = bounded(WINDOW);
    for _ in 0..WINDOW {
        let _ = permit.send(());
    }
    pool.in_place_scope(|scope| {
        for _ in 0..threads.get() {
            let events = events.clone();
            scope.spawn(move |_| {
                // Nobody listens any more once the run has been ended early.
                workshop.work_off(&|index, result| {
                    let _ = events.send(Event::Finished(index, result));
                });
            });
        }
        scope.spawn(move |_| {
            issue(jobs, &permits, workshop, &events);
            workshop.close();
        });
        if reorder(heard, &permit, &mut emit).is_break() {
            drop(permit);
            workshop.stop();
        }
    });
}

/// Hands out the jobs, no faster than the window empties, until nobody waits for results any more.
fn issue<T, J, R>(
    jobs: impl Iterator<Item = (T, Task<J, R>)>,
    permits: &Receiver<()>,
    workshop: &impl Workshop<J, R>,
    events: &Sender<Event<T, R>>,
) {
    for ((label, task), index) in jobs.zip(0..) {
        let (done, job) = match task {
            Task::Work(job) => (None, Some(job)),
            Task::Done(result) => (Some(result), None),
        };
        // Before the job itself, so that its result cannot overtake it.
        if permits.recv().is_err() || events.send(Event::Issued(label, done)).is_err() {
            return;
        }
        if let Some(job) = job {
            workshop.push(index, job);
        }
    }
}

/// Emits what is next in order, until all who could send are gone.
fn reorder<T, R>(
    heard: Receiver<Event<T, R>>,
    permit: &Sender<()>,
    emit: &mut impl FnMut(T, R, Next) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut window: VecDeque<(T, Option<R>)> = VecDeque::new();
    let mut emitted = 0;
    while let Ok(event) = heard.recv() {
        // All there is to hear, so that it is known of each result whether the next is there.
        for event in std::iter::once(event).chain(heard.try_iter()) {
            match event {
                Event::Issued(label, done) => window.push_back((label, done)),
                Event::Finished(index, result) => {
                    window[(index - emitted) as usize].1 = Some(result);
                }
            }
        }
        while let Some((_, Some(_))) = window.front() {
            let Some((label, Some(result))) = window.pop_front() else { break };
            emitted += 1;
            let _ = permit.send(());
            let next = match window.front() {
                Some((_, Some(_))) => Next::Ready,
                _ => Next::Awaited,
            };
            emit(label, result, next)?;
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    /// Does jobs in no particular order.
    #[allow(clippy::type_complexity)] // two ends of a channel
    struct Shop<J, F> {
        queue: (Sender<(u64, J)>, Receiver<(u64, J)>),
        closed: (Sender<()>, Receiver<()>),
        work: F,
    }

    impl<J, F> Shop<J, F> {
        fn new(work: F) -> Self {
            Self { queue: unbounded(), closed: unbounded(), work }
        }
    }

    impl<J: Send, R, F: Fn(J) -> R + Sync> Workshop<J, R> for Shop<J, F> {
        fn alone(&self, job: J) -> R {
            (self.work)(job)
        }
        fn push(&self, index: u64, job: J) {
            self.queue.0.send((index, job)).unwrap();
        }
        fn close(&self) {
            for _ in 0..100 {
                self.closed.0.send(()).unwrap();
            }
        }
        fn stop(&self) {
            while self.queue.1.try_recv().is_ok() {}
            self.close();
        }
        fn work_off(&self, finish: &dyn Fn(u64, R)) {
            loop {
                crossbeam_channel::select_biased! {
                    recv(self.queue.1) -> job => {
                        let (index, job) = job.unwrap();
                        finish(index, (self.work)(job));
                    }
                    recv(self.closed.1) -> _ => return,
                }
            }
        }
    }

    fn numbers(threads: usize, count: u64) -> Vec<(u64, u64)> {
        let jobs = (0..count).map(|n| match n % 7 {
            3 => (n, Task::Done(n * n)),
            _ => (n, Task::Work(n)),
        });
        let shop = Shop::new(|n: u64| {
            if n.is_multiple_of(50) {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            n * n
        });
        let mut seen = Vec::new();
        ordered(Threads(NonZeroUsize::new(threads)), jobs, &shop, |label, square, _| {
            seen.push((label, square));
            ControlFlow::Continue(())
        });
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
        use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
        let emitted = AtomicU64::new(0);
        let jobs = (0..3 * WINDOW as u64).map(|n| {
            assert!(n <= emitted.load(Relaxed) + WINDOW as u64 + 1);
            ((), Task::Work(n))
        });
        let slow_first = Shop::new(|n: u64| {
            if n == 0 {
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        });
        ordered(Threads(NonZeroUsize::new(2)), jobs, &slow_first, |(), (), _| {
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
                Threads(NonZeroUsize::new(threads)),
                jobs,
                &Shop::new(|n: u64| n),
                |(), _, _| {
                    seen += 1;
                    if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
            assert_eq!(seen, 10);
        }
    }
}
