//! The library's counters: they never decrease, and end at the totals.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::{ops::ControlFlow, thread};

use hsum::Algorithm;
use hsum::engine::{self, HashOptions, HashProgress, Source};
use hsum::simd::{self, Tier};

use crate::support::*;

#[test]
fn counters_never_decrease_and_end_at_the_totals() {
    let dir = Dir::new();
    let mut numbers = Numbers::new(7);
    let (mut bytes, mut files) = (0, 0);
    // Small files, which are hashed many at a time, and some that are read in pieces.
    for size in (0..1500).map(|i| i * 3).chain([300_000, 1 << 20, 5_000_000]) {
        dir.write(format!("t/{}/{files}", files % 20), numbers.bytes(size));
        (bytes, files) = (bytes + size as u64, files + 1);
    }
    for threads in [1, 4] {
        let progress = Arc::new(HashProgress::default());
        let plan =
            HashOptions::new([Algorithm::Sha256, Algorithm::Md5]).progress(Arc::clone(&progress));
        let plan = plan.threads(threads.try_into().expect("not 0"));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut last = (0, 0);
                while !over.load(SeqCst) {
                    let now = (progress.bytes(), progress.files());
                    assert!(now.0 >= last.0 && now.1 >= last.1, "{last:?}, then {now:?}");
                    assert!(now.0 <= bytes && now.1 <= files, "{now:?} of {bytes}, {files}");
                    last = now;
                }
            });
            let run =
                engine::run(&plan, [Source::from(dir.path("t"))], |_| ControlFlow::Continue(()));
            over.store(true, SeqCst);
            assert_eq!(run.failed, 0);
            watcher.join().expect("the watcher is content");
        });
        assert_eq!((progress.bytes(), progress.files()), (bytes, files), "{threads} threads");
    }
}

/// This includes a file that all threads are hashing.
#[test]
fn work_ends_when_the_results_are_not_wanted() {
    if simd::tiers().next() == Some(Tier::Portable) {
        println!("skipped: without lanes, a thread hashes the longest file first");
        return;
    }
    let dir = Dir::new();
    // The first of two small files would be hashed before a thread starts.
    dir.write("t/a", vec![1; 100_000]);
    dir.write("t/b", "");
    let endless = 1 << 40;
    File::options().write(true).open(dir.path("t/b")).unwrap().set_len(endless).unwrap();
    for threads in [1, 3] {
        let progress = Arc::new(HashProgress::default());
        let plan = HashOptions::new([Algorithm::Sha256]).progress(Arc::clone(&progress));
        let plan = plan.threads(threads.try_into().expect("not 0"));
        let run = engine::run(&plan, [Source::from(dir.path("t"))], |outcome| {
            assert!(outcome.source.name().ends_with("a"));
            while progress.bytes() < 20 << 20 {
                thread::yield_now();
            }
            ControlFlow::Break(())
        });
        assert_eq!((run.hashed, run.failed), (1, 0));
        assert!(progress.bytes() < endless);
    }
}
