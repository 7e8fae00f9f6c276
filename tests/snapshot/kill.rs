//! Killed updates, which end with the same record as uninterrupted ones, and failing writes, which
//! leave the old record.

use std::ffi::OsString;
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hsum::snapshot::{Record, SnapshotOptions};

use crate::support::{HSUM, Numbers, Ran, finish, kill, skip};
use crate::tree::Tree;

const FILES: usize = 1200;
const KILLS: usize = 20;

/// Returns a record's text without the time of the run.
fn timeless(record: &[u8]) -> String {
    let text = std::str::from_utf8(record).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("end\t"));
    let field = |line: &str| match line.starts_with("read\t2\t") {
        true => "read\t2\n".to_owned(),
        false => format!("{line}\n"),
    };
    lines.map(field).collect()
}

/// Returns the number of files in a journal up to its last mark.
fn journal_entries(journal: &str) -> usize {
    let good = journal.rfind("\nmark\t").map_or("", |at| &journal[..at]);
    let head = ["hsum-journal", "base\t", "root\t", "algorithm\t", "begun\t", "mark\t"];
    let is_entry = |line: &&str| !head.iter().any(|word| line.starts_with(word));
    let names = good.lines().filter(is_entry).filter_map(|line| line.rsplit('\t').next());
    names.collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn killed_at_any_moment() {
    let mut tree = Tree::new();
    let mut numbers = Numbers::new(0xdead);
    let name = |i: usize| format!("{:02}/file-{i:04}", i / 40);
    for i in 0..FILES {
        tree.write(&name(i), numbers.bytes(64));
    }
    tree.take(&SnapshotOptions::default());
    let contents = numbers.bytes(24 * 1024);
    for i in 0..FILES {
        tree.write(&name(i), &contents[i..]);
    }
    let old = tree.dir.read("record");

    let words = "update tree record --fail-on none --json --progress never";
    let update = || tree.dir.words(words);
    let start = Instant::now();
    update().run().exits(0);
    let time = start.elapsed().min(Duration::from_millis(100));
    let whole = tree.dir.read("record");
    assert!(Record::open(&tree.record_path(), None).is_ok());
    assert_ne!(timeless(&old), timeless(&whole));

    fs::write(tree.record_path(), &old).unwrap();
    let mut resumed = 0;
    let mut kills = 0;
    while kills < KILLS {
        let mut child = update().spawn();
        sleep(time.mul_f64(numbers.below(1000) as f64 / 1000.0));
        let _ = child.kill(); // SIGKILL
        let ran = finish(child);
        let now = tree.dir.read("record");
        if ran.status.success() {
            assert_eq!(timeless(&now), timeless(&whole));
        } else {
            kills += 1;
            let is_old = now == old;
            assert!(is_old || timeless(&now) == timeless(&whole), "neither old nor new");
        }
        if now != old {
            fs::write(tree.record_path(), &old).unwrap();
        }
        let journal = fs::read_to_string(tree.dir.path("record.hsum-journal"));
        let noted = journal.map_or(0, |journal| journal_entries(&journal));
        if noted > 0 && kills.is_multiple_of(2) {
            // Finishes the interrupted run.
            let ran = update().run();
            ran.exits(0);
            let says =
                format!("hsum: {noted} files were read before the last run was interrupted\n");
            assert_eq!(ran.stderr, says);
            assert_eq!(timeless(&tree.dir.read("record")), timeless(&whole));
            assert_eq!(tree.dir.names(), ["record", "tree"], "something was left behind");
            fs::write(tree.record_path(), &old).unwrap();
            resumed += 1;
        }
    }
    update().run().exits(0);
    assert_eq!(timeless(&tree.dir.read("record")), timeless(&whole));
    assert_eq!(tree.dir.names(), ["record", "tree"], "something was left behind");
    eprintln!("{kills} killed, {resumed} times with something to go on from");
}

#[test]
fn a_terminated_run_leaves_only_its_journal() {
    let mut tree = Tree::new();
    for i in 0..FILES {
        tree.write(&format!("{i}"), format!("{i}"));
    }
    let take = || tree.dir.words("snapshot tree -o record --progress never");
    let start = Instant::now();
    take().run().exits(0);
    let time = start.elapsed();
    let mut numbers = Numbers::new(0xfeed);
    for _ in 0..KILLS {
        fs::remove_file(tree.record_path()).unwrap();
        let child = take().spawn();
        // The record is written at the end.
        sleep(time.mul_f64(0.5 + numbers.below(500) as f64 / 1000.0));
        // The signal is valid even if the process has ended, because it has not been waited for.
        kill(&child, "-TERM");
        finish(child);
        assert!(!tree.dir.path("record.hsum-new").exists());
        // An update also removes files beside a complete record.
        match tree.record_path().exists() {
            true => tree.dir.words("update tree record").run().exits(0),
            false => take().run().exits(0),
        };
        assert_eq!(tree.dir.names(), ["record", "tree"]);
    }
}

/// The system calls by which an update changes the disk.
const CALLS: [&str; 5] = ["write", "fsync", "rename", "unlink", "ftruncate"];

/// Runs an update in which strace does `what` at the `n`th such call; `None` without such a call.
fn tampered(tree: &Tree, call: &str, what: &str, n: usize) -> Option<Ran> {
    // Only calls on the record and the files beside it, not on the output.
    let names = ["record", "record.hsum-new", "record.hsum-journal"];
    let folder = tree.root().parent().unwrap().to_owned();
    let mut words: Vec<OsString> = ["-f", "-qq", "-o", "trace", "-P"].map(Into::into).into();
    words.push(folder.into());
    // As strace prints paths, and descriptors.
    for name in names {
        words.extend(["-P".into(), name.into(), "-P".into(), tree.dir.path(name).into()]);
    }
    words.extend(["-e".into(), format!("inject={call}:{what}:when={n}").into()]);
    let ran = tree
        .dir
        .command("strace")
        .args(words)
        .args([HSUM, "update", "--fail-on", "none", "tree", "record"])
        .run();
    let trace = String::from_utf8_lossy(&tree.dir.read("trace")).into_owned();
    fs::remove_file(tree.dir.path("trace")).unwrap();
    let happened = trace.contains("INJECTED") || trace.contains("killed by SIGKILL");
    happened.then_some(ran)
}

fn can_trace() -> bool {
    let probe = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    probe.is_ok_and(|status| status.success()) || skip::<()>("no strace that may trace").is_some()
}

#[test]
fn killed_at_each_call_that_changes_the_disk() {
    let mut tree = Tree::with(&["a", "b", "c"]);
    if !can_trace() {
        return;
    }
    tree.take(&SnapshotOptions::default());
    tree.write("a", "changed");
    let old = tree.dir.read("record");
    tree.update(&SnapshotOptions::default());
    let whole = tree.dir.read("record");
    let faults = ["signal=SIGKILL", "error=ENOSPC"];
    for (call, what) in CALLS.iter().flat_map(|call| faults.map(|what| (*call, what))) {
        let mut times = 0;
        loop {
            fs::write(tree.record_path(), &old).unwrap();
            let Some(ran) = tampered(&tree, call, what, times + 1) else { break };
            times += 1;
            let now = tree.dir.read("record");
            let is_whole = timeless(&now) == timeless(&whole);
            assert!(now == old || is_whole, "{call} {what} {times}: neither old nor new");
            match ran.status.code() {
                Some(0) => assert!(is_whole, "{call} {what} {times}: a lie"),
                Some(5) => assert!(ran.stderr.contains("hsum: record"), "{}", ran.stderr),
                code => assert!(what.contains("KILL"), "{call} {what} {times}: {code:?}"),
            }
            let again = tree.dir.words("update tree record --fail-on none").run();
            again.exits(0);
            assert_eq!(timeless(&tree.dir.read("record")), timeless(&whole));
            assert_eq!(tree.dir.names(), ["record", "tree"], "{call} {what} {times}");
            assert!(times < 50);
        }
        assert!(times > 0, "{call} was never called");
    }
}
