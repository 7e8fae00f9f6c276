use super::*;
use crate::algorithm::Algorithm;
use crate::engine::options::HashOptions;
use crate::engine::run::run;
use crate::engine::window::WINDOW;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

fn threads(count: usize) -> Threads {
    Threads(NonZeroUsize::new(count))
}

/// Squares numbers in no particular order; some need no work.
fn squares(workers: usize, count: u64) -> Vec<(u64, u64)> {
    let jobs = (0..count).map(|n| match n % 7 {
        3 => (n, Task::Done(n * n)),
        _ => (n, Task::Work(n)),
    });
    let (sender, receiver) = unbounded();
    let sender = Mutex::new(Some(sender));
    let queue = ChannelQueue { threads: threads(workers), sender, jobs: receiver };
    let square = |n: u64| {
        if n.is_multiple_of(50) {
            thread::sleep(Duration::from_micros(200));
        }
        n * n
    };
    let work = |finish: Finish<'_, u64>| {
        queue.jobs.iter().for_each(|(index, n)| finish(vec![(index, square(n))]));
    };
    let mut seen = Vec::new();
    ordered(jobs, &queue, Task::Work, work, square, |label, square, _| {
        seen.push((label, square));
        ControlFlow::Continue(())
    });
    seen
}

#[test]
fn results_are_in_the_order_of_the_jobs() {
    for threads in [1, 2, 3, 64] {
        for count in [0, 1, 2, 3, 1000, 3 * WINDOW as u64] {
            let expected: Vec<_> = (0..count).map(|n| (n, n * n)).collect();
            assert_eq!(squares(threads, count), expected, "{threads} threads, {count} jobs");
        }
    }
}

#[test]
fn the_window_bounds_the_unfinished_jobs() {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    let emitted = AtomicU64::new(0);
    let jobs = (0..3 * WINDOW as u64).map(|n| {
        // One window of results may be emitted while the next one fills.
        assert!(n <= emitted.load(Relaxed) + 2 * WINDOW as u64 + 1);
        ((), n)
    });
    let slow_first = |(): &mut (), n: u64| {
        if n == 0 {
            thread::sleep(Duration::from_millis(100));
        }
    };
    ordered_map(threads(2), jobs, Task::Work, slow_first, |(), (), _| {
        emitted.fetch_add(1, Relaxed);
        ControlFlow::Continue(())
    });
    assert_eq!(emitted.into_inner(), 3 * WINDOW as u64);
}

#[test]
fn a_panic_of_sources_sink_or_work_ends_the_run() {
    let (done, ended) = unbounded();
    let count = 3 * WINDOW;
    let options = || HashOptions::new([Algorithm::Md5]);
    thread::spawn({
        let done = done.clone();
        move || {
            let sources = (0..count).map(|n| {
                assert!(n < 100, "planted in the sources");
                PathBuf::from("/dev/null")
            });
            let _done = done;
            run(&options(), sources, |_| ControlFlow::Continue(()));
        }
    });
    thread::spawn({
        let done = done.clone();
        move || {
            let sources = (0..count).map(|_| PathBuf::from("/dev/null"));
            let _done = done;
            run(&options(), sources, |_| panic!("planted in the sink"));
        }
    });
    thread::spawn(move || {
        let work = |(): &mut (), n: u64| assert!(n < 100, "planted in the work");
        let jobs = (0..count as u64).map(|n| ((), n));
        let _done = done;
        ordered_map(threads(3), jobs, Task::Work, work, |(), (), _| ControlFlow::Continue(()));
    });
    // Nothing is ever sent: the channel disconnects when the last thread has ended.
    let ended: Result<(), _> = ended.recv_timeout(Duration::from_secs(20));
    assert_eq!(ended, Err(crossbeam_channel::RecvTimeoutError::Disconnected));
}

#[test]
fn a_break_ends_the_run() {
    for count in [1, 4] {
        let mut seen = 0;
        let jobs = (0u64..).map(|n| ((), n));
        ordered_map(
            threads(count),
            jobs,
            Task::Work,
            |(): &mut (), n: u64| n,
            |(), _, _| {
                seen += 1;
                if seen == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(seen, 10);
    }
}

#[test]
fn few_jobs_start_no_threads() {
    for (count, expected_calls) in [(FEW, 0), (FEW + 2, 1)] {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let jobs = (0..count).map(|n| (n, n));
        let work = |(): &mut (), n| {
            calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            n
        };
        let mut seen = Vec::new();
        ordered_map(threads(2), jobs, Task::Done, work, |label, n, next| {
            assert_eq!(label, n);
            if n < FEW {
                assert_eq!(next, NextOutcome::Awaited, "the next job may take long to arrive");
            }
            seen.push(n);
            ControlFlow::Continue(())
        });
        assert_eq!(seen, Vec::from_iter(0..count));
        assert_eq!(calls.into_inner().min(1), expected_calls);
    }
}

#[test]
fn a_job_that_is_worth_threads_keeps_its_place() {
    let first = |n| if n == 3 { Task::Work(n) } else { Task::Done(n) };
    for count in [4, 5, 100] {
        let jobs = (0..count).map(|n| (n, n));
        let mut seen = Vec::new();
        ordered_map(
            threads(2),
            jobs,
            first,
            |(): &mut (), n| n,
            |label, n, _| {
                assert_eq!(label, n);
                seen.push(n);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(seen, Vec::from_iter(0..count));
    }
}
