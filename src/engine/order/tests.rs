use super::*;
use crossbeam_channel::{Receiver, Sender, unbounded};
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
    fn push(&self, index: u64, job: J) -> Hands {
        self.queue.0.send((index, job)).unwrap();
        Hands::Wanted
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
    fn work_off(&self, finish: &dyn Fn(Vec<(u64, R)>)) {
        loop {
            crossbeam_channel::select_biased! {
                recv(self.queue.1) -> job => {
                    let (index, job) = job.unwrap();
                    finish(vec![(index, (self.work)(job))]);
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
        // A window full of results may be on its way out while the next one fills.
        assert!(n <= emitted.load(Relaxed) + 2 * WINDOW as u64 + 1);
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

/// Of the jobs, of the work and of what becomes of it; with files, as they share a queue.
#[test]
fn a_panic_ends_the_run() {
    use super::super::{Hashed, Plan, Source, run};
    use crate::algorithm::Algorithm;
    let (done, ended) = unbounded();
    let count = 3 * WINDOW;
    std::thread::spawn({
        let done = done.clone();
        move || {
            let sources = (0..count).map(|n| {
                assert!(n < 100, "of the jobs");
                Source::from(std::path::PathBuf::from("/dev/null"))
            });
            let _done = done;
            run(&Plan::new([Algorithm::Md5]), sources, |_| ControlFlow::Continue(()));
        }
    });
    std::thread::spawn({
        let done = done.clone();
        move || {
            let sources = (0..count).map(|_| std::path::PathBuf::from("/dev/null"));
            let _done = done;
            run(&Plan::new([Algorithm::Md5]), sources, |outcome| {
                assert!(outcome.result.map(|hashed: Hashed| hashed.size).is_err(), "of the sink");
                ControlFlow::Continue(())
            });
        }
    });
    std::thread::spawn(move || {
        let work = |n: u64| assert!(n < 100, "of the work");
        let jobs = (0..count as u64).map(|n| ((), Task::Work(n)));
        let _done = done;
        ordered(Threads(NonZeroUsize::new(3)), jobs, &Shop::new(work), |(), (), _| {
            ControlFlow::Continue(())
        });
    });
    // Nothing is ever sent: it is for the last sender to go.
    let ended: Result<(), _> = ended.recv_timeout(std::time::Duration::from_secs(20));
    assert_eq!(ended, Err(crossbeam_channel::RecvTimeoutError::Disconnected));
}

#[test]
fn a_break_ends_the_run() {
    for threads in [1, 4] {
        let mut seen = 0;
        let jobs = (0u64..).map(|n| ((), Task::Work(n)));
        ordered(Threads(NonZeroUsize::new(threads)), jobs, &Shop::new(|n: u64| n), |(), _, _| {
            seen += 1;
            if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, 10);
    }
}
