//! Faults of the system: closed streams, little memory, failing reads.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread;

use crate::support::*;

#[test]
fn a_closed_standard_error_changes_nothing_else() {
    let dir = Dir::with(&["a"]);
    dir.shell("exec \"$HSUM\" a nope 2>&-").gives(1, list(&["a"]), "");
    dir.shell("exec \"$HSUM\" a nope 2>/dev/full").gives(1, list(&["a"]), "");
}

#[test]
fn a_closed_standard_output_is_reported() {
    let dir = Dir::with(&["a"]);
    dir.shell("exec \"$HSUM\" a >&-").gives(1, "", "hsum: write error: Bad file descriptor\n");
}

#[test]
fn a_closed_standard_input_is_not_an_empty_file() {
    let dir = Dir::new();
    dir.shell("exec \"$HSUM\" - <&-").gives(1, "", "hsum: -: Bad file descriptor\n");
}

#[test]
fn all_streams_closed_does_not_panic() {
    let dir = Dir::with(&["a"]);
    let ran = dir.shell("\"$HSUM\" a - <&- >&- 2>&-; echo $? > status").run();
    assert_eq!(ran.signal(), None);
    assert!(matches!(dir.read("status")[..], [b'0' | b'1', b'\n']));
}

#[test]
fn any_number_of_threads_is_accepted() {
    let dir = Dir::with(&["a", "b", "c"]);
    for threads in ["100000", "4294967296", "18446744073709551615"] {
        dir.hsum(["-j", threads, "a", "b", "c"]).prints(list(&["a", "b", "c"]));
    }
    dir.words("-j 18446744073709551616 a").refuses("18446744073709551616");
}

#[test]
fn little_memory_is_enough() {
    let dir = Dir::with(&["a", "b", "c"]);
    dir.write("list", list(&["a", "b", "c"]));
    dir.shell("ulimit -v 60000; exec \"$HSUM\" -j 2 a b c").prints(list(&["a", "b", "c"]));
    let script = "ulimit -v 60000; exec \"$HSUM\" check -j 2 list";
    dir.shell(script).prints("a: OK\nb: OK\nc: OK\n");
}

/// With few descriptors fewer files are open at a time, and none is lost.
#[test]
fn few_descriptors_are_enough() {
    let dir = Dir::new();
    let mut expected = String::new();
    for i in 0..300 {
        let data = vec![i as u8; if i % 3 == 0 { 10 } else { 70_000 }];
        expected += &format!("{}  t/{i:03}\n", sha256(&data));
        dir.write(format!("t/{i:03}"), data);
    }
    for (descriptors, threads) in [(16, 1), (16, 8), (32, 64), (64, 2), (256, 16)] {
        let script = format!("ulimit -n {descriptors}; exec \"$HSUM\" -j {threads} t");
        dir.shell(&script).prints(&expected);
    }
}

/// Files of all sizes, the longest last, are passed between threads.
#[test]
fn files_of_very_different_sizes() {
    let dir = Dir::new();
    let mut expected = String::new();
    for i in 0..120usize {
        let size = if i == 117 { 24 << 20 } else { (i * i * i * 7) % 3_000_000 };
        let data: Vec<u8> = (0..size).map(|at| ((at * (i + 1)) >> 3) as u8).collect();
        expected += &format!("{}  t/{i:03}\n", sha256(&data));
        dir.write(format!("t/{i:03}"), data);
    }
    for threads in ["1", "2", "3", "16"] {
        dir.hsum(["-j", threads, "t"]).prints(&expected);
    }
}

/// The longest file is the last, and is divided among the threads.
#[test]
fn the_longest_of_a_folder() {
    let dir = Dir::new();
    dir.write("t/a", "a");
    dir.write("t/b", (0..24 << 20).map(|at: usize| (at % 251) as u8).collect::<Vec<_>>());
    dir.write("t/c", vec![7; 100_000]);
    for algorithms in ["sha256", "blake3", "md5,sha1,sha256,sha512,blake3", "sha3-256,md5"] {
        let one = dir.words(&format!("-j 1 -a {algorithms} t/a t/b t/c")).run().stdout;
        for threads in ["1", "2", "3", "16"] {
            dir.words(&format!("-j {threads} -a {algorithms} t")).prints(&one);
        }
    }
}

/// More directories than can be open at a time, each with files that wait for larger ones.
#[test]
fn many_directories() {
    let dir = Dir::new();
    let mut expected = String::new();
    for i in 0..200 {
        for (name, length) in [("a", i), ("b", if i % 50 == 0 { 200_000 } else { 1 })] {
            let data = vec![i as u8; length];
            expected += &format!("{}  t/{i:03}/{name}\n", sha256(&data));
            dir.write(format!("t/{i:03}/{name}"), data);
        }
    }
    for words in ["t", "-j 1 t", "-j 7 t", "--no-cache t", "--no-cache -j 3 t"] {
        dir.words(words).prints(&expected);
    }
    dir.shell("ulimit -n 40; exec \"$HSUM\" t").prints(&expected);
}

/// Runs `hsum WORDS` while strace makes a system call fail; `None` without strace.
fn injected(dir: &Dir, fault: &str, path: Option<&str>, words: &str) -> Option<Ran> {
    let probe = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("no strace that may trace");
    }
    let mut call = dir.command("strace").args(["-f", "-qq", "-o", "trace"]);
    if let Some(path) = path {
        call = call.args(["-P".as_ref(), dir.path(path).as_os_str()]);
    }
    let ran = call.args(["-e", fault, HSUM]).args(words.split_whitespace()).run();
    let trace = String::from_utf8_lossy(&dir.read("trace")).into_owned();
    assert!(trace.contains("INJECTED"), "nothing was injected:\n{trace}");
    Some(ran)
}

#[test]
fn a_read_error_prints_no_digest() {
    let dir = Dir::with(&["a", "z"]);
    dir.write("b", vec![1; 6_000_000]);
    let all_reads =
        (1..=5).map(|time| (format!("inject=read,preadv2:error=EIO:when={time}"), true));
    // The end of a mapped file is read, too.
    let last_read = ("inject=read:error=EIO".to_owned(), false);
    for (fault, no_mmap) in all_reads.chain([last_read]) {
        let no_mmap = if no_mmap { "--no-mmap" } else { "" };
        let args = format!("{no_mmap} a b z");
        let Some(ran) = injected(&dir, &fault, Some("b"), args.trim()) else { return };
        ran.is(1, list(&["a", "z"]).as_bytes(), "hsum: b: Input/output error\n");
        dir.write("list", list(&["a", "b", "z"]));
        let args = format!("check list --quiet {no_mmap}");
        let Some(ran) = injected(&dir, &fault, Some("b"), args.trim()) else { return };
        ran.is(
            1,
            b"b: FAILED open or read\n",
            "hsum: b: Input/output error\nhsum: WARNING: 1 listed file could not be read\n",
        );
    }
}

#[test]
fn a_file_that_cannot_be_mapped_is_read() {
    let (dir, contents) = (Dir::new(), vec![1; 3_000_000]);
    dir.write("b", &contents);
    // Some temporary directories are on file systems that are never mapped.
    if !crate::mapped::is_mapped(&dir, "b").unwrap_or(false) {
        return;
    }
    let Some(ran) = injected(&dir, "inject=mmap:error=ENOMEM", Some("b"), "b") else { return };
    ran.is(0, format!("{}  b\n", sha256(&contents)).as_bytes(), "");
}

#[test]
fn an_interrupted_read_is_repeated() {
    let dir = Dir::with(&["a", "z"]);
    let fault = "inject=read,preadv2:error=EINTR:when=1";
    let Some(ran) = injected(&dir, fault, Some("a"), "a z") else { return };
    ran.is(0, list(&["a", "z"]).as_bytes(), "");
}

#[test]
fn a_read_error_of_a_directory_is_reported() {
    let dir = Dir::with(&["t/a", "z"]);
    for time in [1, 2] {
        let fault = format!("inject=getdents64:error=EIO:when={time}");
        let Some(ran) = injected(&dir, &fault, None, "t z") else { return };
        ran.is(1, list(&["z"]).as_bytes(), "hsum: t: Input/output error\n");
    }
}

#[test]
fn threads_are_not_required() {
    // Small files would start no threads.
    let (dir, contents) = (Dir::new(), "x".repeat(100_000));
    let names = ["a", "b", "c"];
    names.iter().for_each(|name| dir.write(name, &contents));
    let sums: String =
        names.iter().map(|name| format!("{}  {name}\n", sha256(&contents))).collect();
    // A third thread is started only if the first worker has not taken all jobs before.
    for time in ["1+", "1", "2"] {
        let fault = format!("inject=clone,clone3:error=EAGAIN:when={time}");
        let Some(ran) = injected(&dir, &fault, None, "-j 4 a b c") else { return };
        ran.is(0, sums.as_bytes(), "");
    }
}

/// The progress line has two threads: one draws, the other adds up the sizes.
#[test]
fn progress_needs_no_threads() {
    for time in ["1", "2", "3"] {
        let dir = Dir::with(&["a"]);
        dir.fifo("fifo");
        let fault = format!("inject=clone,clone3:error=EAGAIN:when={time}");
        let fifo = dir.path("fifo");
        let writer = thread::spawn(move || {
            let fifo = open_fifo(&fifo);
            thread::sleep(std::time::Duration::from_millis(200));
            drop(fifo);
        });
        let mut call = dir.command("strace");
        call = call.args(["-f", "-qq", "-o", "trace", "-e", &fault, HSUM]);
        if !has("strace") {
            drop(fs::File::open(dir.path("fifo")));
            return;
        }
        let ran = call.args(["--progress", "always", "fifo"]).run();
        writer.join().expect("the writer");
        assert_eq!(ran.exits(0), format!("{}  fifo\n", sha256("")));
    }
}

#[test]
fn files_with_a_wrong_size_are_read_to_their_end() {
    let dir = Dir::new();
    let Ok(version) = fs::read("/proc/version") else { return };
    dir.words("/proc/version").prints(format!("{}  /proc/version\n", sha256(&version)));
    if fs::metadata("/proc/self/mem").is_ok() {
        dir.words("/proc/self/mem").gives(1, "", "hsum: /proc/self/mem: Input/output error\n");
    }
}

/// 25 directories of 200 bytes: the path is longer than the system accepts.
#[test]
fn paths_that_are_too_long_are_reported() {
    let dir = Dir::with(&["t/z"]);
    let script = "cd t; i=0; n=$(printf %0200d 0); while [ $i -lt 25 ]; do \
        mkdir $n && cd -P $n || exit 1; echo $i > f; i=$((i+1)); done";
    dir.shell(script).prints("");
    let ran = dir.words("t").run();
    ran.exits(1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.ends_with(": File name too long\n"));
    let (most, last) = (ran.stdout.split(|&b| b == b'\n').count() - 1, list(&["t/z"]));
    assert!(most > 15 && ran.stdout.ends_with(last.as_bytes()), "{most}");
    dir.shell("rm -rf t").prints("");
}

/// Files appear and disappear during the walk: at most one message each, no crash.
#[test]
fn a_tree_that_changes_during_the_walk() {
    let dir = Dir::new();
    for i in 0..200 {
        dir.write(format!("t/{}/{i}", i % 10), "x");
    }
    let root = dir.path("t");
    let worker = thread::spawn(move || {
        for i in 0..200 {
            let (file, folder) = (root.join(format!("{}/{i}", i % 10)), root.join(format!("n{i}")));
            let _ = fs::remove_file(&file);
            let _ = fs::create_dir(&file);
            let _ = fs::create_dir(&folder);
            let _ = fs::remove_dir(&folder);
        }
    });
    while !worker.is_finished() {
        // Without the note that the tree is empty.
        let ran = dir.words("-q t").run();
        assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", ran.stderr);
        assert_eq!(ran.status.code() == Some(0), ran.stderr.is_empty(), "{}", ran.stderr);
        for line in ran.stderr.lines() {
            let known =
                line.ends_with("No such file or directory") || line.ends_with("Is a directory");
            assert!(known, "{line}");
        }
    }
    worker.join().expect("the worker");
}

#[test]
fn unusual_environments_change_nothing() {
    let dir = Dir::with(&["a"]);
    for (name, value) in [
        ("COLUMNS", "1"),
        ("COLUMNS", "-7"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("TERM", ""),
        ("LC_ALL", "nonsense"),
        ("LC_ALL", "\u{1b}"),
        ("RAYON_NUM_THREADS", "0"),
        ("RAYON_NUM_THREADS", "nonsense"),
        ("TMPDIR", "/nowhere"),
    ] {
        dir.words("a").env(name, value).prints(list(&["a"]));
        dir.words("-o out a").env(name, value).prints("");
        assert!(dir.words("--help").env(name, value).run().exits(0).contains("hsum"));
    }
    dir.shell("exec env -i \"$HSUM\" a").prints(list(&["a"]));
}

#[test]
fn a_deleted_directory_and_unprintable_names_are_reported() {
    let dir = Dir::with(&["a"]);
    dir.shell("mkdir d; cd d; rmdir ../d; exec \"$HSUM\" x").run().is_in(1, b"", "x: No such file");
    let names = |locale| dir.words("é").env("LC_ALL", locale).run().stderr;
    assert_eq!(names("C.UTF-8"), "hsum: é: No such file or directory\n");
    assert_eq!(names("C"), "hsum: ''$'\\303\\251': No such file or directory\n");
}

#[test]
fn a_read_only_file_is_hashed() {
    let dir = Dir::with(&["a"]);
    fs::set_permissions(dir.path("a"), fs::Permissions::from_mode(0o444)).expect("chmod");
    dir.words("a").prints(list(&["a"]));
}
