//! An update that is killed, again and again, ends with the record that it would have written at once.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use hsum::snapshot::{self, Options};

use crate::support::{Numbers, finish};
use crate::tree::Tree;

const FILES: usize = 1500;
const KILLS: usize = 20;

/// The record's text without what no two runs have in common: when they began.
fn timeless(record: &[u8]) -> String {
    let text = std::str::from_utf8(record).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("end\t"));
    let field = |line: &str| match line.starts_with("read\t2\t") {
        true => "read\t2\n".to_owned(),
        false => format!("{line}\n"),
    };
    lines.map(field).collect()
}

/// How many files the journal says were read, up to its last mark.
fn noted(journal: &str) -> usize {
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
    tree.take(&Options::default());
    let contents = numbers.bytes(32 * 1024);
    for i in 0..FILES {
        tree.write(&name(i), &contents[i..]);
    }
    let old = tree.dir.read("record");

    let update = || tree.dir.hsum(["update", "tree", "record", "--json", "--progress", "never"]);
    let start = Instant::now();
    update().run().exits(0);
    let time = start.elapsed().min(Duration::from_millis(100));
    let whole = tree.dir.read("record");
    assert!(snapshot::load(&tree.record_path(), None).is_ok());
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
        let noted = journal.map_or(0, |journal| noted(&journal));
        if noted > 0 && kills.is_multiple_of(4) {
            // To the end, from what there is.
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
