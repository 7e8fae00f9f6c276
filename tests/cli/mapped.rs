//! The files that are mapped, and equal outcomes with and without mapping.

use std::os::unix::fs::FileExt;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::support::*;

/// Returns `true` if `hsum WORDS` maps a file named `big`; `None` without strace.
pub(crate) fn is_mapped(dir: &Dir, words: &str) -> Option<bool> {
    let probe = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("no strace that may trace");
    }
    let call = dir.command("strace").args(["-f", "-y", "-qq", "-o", "trace", "-e", "trace=mmap"]);
    call.args([HSUM]).args(words.split_whitespace()).run().exits(0);
    let trace = String::from_utf8_lossy(&dir.read("trace")).into_owned();
    let names: Vec<String> = words.split_whitespace().map(|word| format!("/{word}>")).collect();
    Some(trace.lines().any(|line| names.iter().any(|name| line.contains(name))))
}

#[test]
fn only_large_files_are_mapped_unless_it_is_turned_off() {
    let dir = Dir::new();
    dir.write("big", vec![1; 2 << 20]);
    dir.write("small", vec![1; (1 << 20) - 1]);
    match is_mapped(&dir, "big") {
        Some(true) => {}
        Some(false) => return skip::<()>("the temporary directory cannot be mapped").unwrap_or(()),
        None => return,
    }
    assert_eq!(is_mapped(&dir, "big small"), Some(true));
    assert_eq!(is_mapped(&dir, "--no-cache big"), Some(true));
    for words in ["--no-mmap big", "small", "/proc/version"] {
        assert_eq!(is_mapped(&dir, words), Some(false), "{words}");
    }
}

/// Sizes around the smallest mapped file, around windows, and around a page.
#[test]
fn digests_are_the_same_with_and_without_mapping() {
    let (dir, mut numbers) = (Dir::new(), Numbers::new(5));
    let noise = numbers.bytes((8 << 20) + 4097);
    let mut names = Vec::new();
    for base in [1 << 20, (1 << 20) + 4096, 2 << 20, 8 << 20] {
        for size in [base - 1, base, base + 1] {
            names.push(format!("t/{size:08}"));
            dir.write(names.last().expect("a name"), &noise[..size]);
        }
    }
    let both = |words: &str| {
        let read = dir.words(&format!("{words} --no-mmap")).run();
        dir.words(words).prints(&read.stdout);
        dir.words(words).env("HSUM_NO_MMAP", "1").prints(&read.stdout);
        assert!(!read.stdout.is_empty(), "{}", read.stderr);
    };
    let sums: String =
        names.iter().map(|name| format!("{}  {name}\n", sha256(dir.read(name)))).collect();
    dir.words("t").prints(&sums);
    dir.words("-j 1 t").prints(&sums);
    names.iter().zip(sums.lines()).for_each(|(name, line)| {
        dir.words(name).prints(format!("{line}\n"));
    });
    ["-a md5,sha512 t", "-a blake3 t", "-a blake3 t/08388609", "-a md5,blake3 t/08388607"]
        .iter()
        .for_each(|words| both(words));
    dir.write("list", &sums);
    both("check list");
    dir.link(HSUM, "sha256sum");
    let personality = || dir.command(dir.path("sha256sum"));
    personality().args(&names).prints(&sums);
    let verified: String = names.iter().map(|name| format!("{name}: OK\n")).collect();
    personality().args(["-c", "list"]).prints(verified);
    dir.words("snapshot t --output record").run().exits(0);
    dir.words("audit t record").run().exits(0);
    // One byte in the middle of a file.
    let file = std::fs::OpenOptions::new().write(true).open(dir.path("t/08388609")).expect("open");
    file.write_all_at(&[!noise[5_000_000]], 5_000_000).expect("write");
    let ran = dir.words("check --quiet list").run();
    assert_eq!(ran.exits(1), "t/08388609: FAILED\n");
}

/// coreutils prints some digest and does not fail.
#[test]
fn the_gnu_personality_survives_truncation() {
    let dir = Dir::new();
    dir.link(HSUM, "sha256sum");
    for round in 0..10 {
        dir.write("big", vec![1; 6_000_000]);
        let child = dir.command(dir.path("sha256sum")).args(["big"]).spawn();
        thread::sleep(Duration::from_millis(2 * round));
        let file = std::fs::OpenOptions::new().write(true).open(dir.path("big")).expect("open");
        file.set_len(3_000_000).expect("truncate");
        let ran = finish(child);
        assert!(ran.exits(0).ends_with("  big\n"), "{}", ran.stderr);
    }
}

/// Only faults of mapped files are handled.
#[test]
fn the_signal_of_another_process_ends_the_program() {
    let dir = Dir::new();
    dir.fifo("fifo");
    let child = dir.words("fifo").spawn();
    let writer = open_fifo(&dir.path("fifo"));
    kill(&child, "-BUS");
    assert_eq!(finish(child).signal(), Some(7));
    drop(writer);
}
