//! Runs that end early, by a signal, a failure or a full disk: old files stay, and nothing else is left.

use std::collections::BTreeSet;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::*;

const FORMATS: &str = "md5,sha1,sha224,sha256,sha384,sha512,sha3-256,blake2b,blake2s,blake3,sm3";

/// Returns the names in the folder that have the form of hsum's temporary files.
fn temporaries(dir: &Dir, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(dir.path(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| name.contains("hsum-")).collect()
}

/// All lists describe one state of the tree, and no temporary file is left.
#[test]
fn publish_killed_at_any_moment() {
    let dir = Dir::new();
    let publish = || dir.hsum(["publish", "r", "--formats", "sums,bsd,json", "-a", FORMATS]);
    dir.write("r/a", "0");
    let begun = Instant::now();
    publish().run().exits(0);
    let time = begun.elapsed();
    let mut numbers = Numbers::new(14);
    let (mut ended, mut lists) = (0, 0);
    let begun = Instant::now();
    for round in 1.. {
        if begun.elapsed() > Duration::from_secs(2) {
            break;
        }
        let contents = round.to_string();
        dir.write("r/a", &contents);
        let old = String::from_utf8(dir.read("r/CHECKSUM")).expect("text");
        let child = publish().spawn();
        sleep(time.mul_f64(numbers.below(1000) as f64 / 1000.0));
        let pid = Pid::from_child(&child);
        let _ = kill_process(pid, [Signal::TERM, Signal::HUP][round % 2]);
        let ran = finish(child);
        ended += usize::from(ran.signal().is_some());
        assert_eq!(temporaries(&dir, "r"), [""; 0], "{round}: {}", ran.stderr);
        let new = String::from_utf8(dir.read("r/CHECKSUM")).expect("text");
        let is_new = new.contains(&sha256(&contents));
        assert!(is_new || new == old, "{round}");
        lists += usize::from(is_new);
        let sums = String::from_utf8(dir.read("r/SHA256SUMS")).expect("text");
        assert_eq!(sums.contains(&sha256(&contents)), is_new, "{round}: some lists are new");
    }
    assert!(ended > 0, "none of the runs was ended by the signal, {lists} wrote new lists");
}

/// The signal of the limit is ignored: the write fails, as on a full disk.
#[test]
fn exceeding_the_limit_on_file_sizes_keeps_old_files() {
    let dir = Dir::with(&["old", "r/a", "t/1", "t/2", "t/3", "t/4", "t/5", "t/6", "t/7", "t/8"]);
    dir.write("r/SHA256SUMS", "old");
    let because = "because of a write error: File too large\n";
    for (words, code, stderr) in [
        ("-o old t", 1, format!("hsum: old: kept as it was, {because}")),
        ("-o old --partial t", 1, format!("hsum: old: kept as it was, {because}")),
        ("-o new t", 1, format!("hsum: new: not written, {because}")),
        ("publish r", 1, format!("hsum: r/SHA256SUMS: kept as it was, {because}")),
        ("keygen -o key", 2, "hsum: key: File too large\n".into()),
        ("snapshot t -o record", 5, "hsum: record.hsum-journal: File too large\n".into()),
    ] {
        let script = format!("ulimit -f 0; exec \"$HSUM\" {words}");
        dir.shell(&script).gives(code, "", &stderr);
        let _ = std::fs::remove_file(dir.path("record.hsum-journal"));
        assert_eq!(dir.names(), ["old", "r", "t"], "{words}");
        assert_eq!(temporaries(&dir, "r"), [""; 0]);
    }
    assert_eq!((dir.read("old"), dir.read("r/SHA256SUMS")), (b"old".to_vec(), b"old".to_vec()));
    dir.shell("ulimit -f 0; exec \"$HSUM\" old >new").gives(
        1,
        "",
        "hsum: write error: File too large\n",
    );
}

#[test]
fn a_failed_run_keeps_the_old_list() {
    let dir = Dir::with(&["a", "old", "names"]);
    dir.write("names", "a\n");
    let because = "because some files could not be read; use --partial to write the list anyway\n";
    let missing = "hsum: nope: No such file or directory\n";
    for words in ["a nope", "nope", "--json a nope", "nope --files-from names"] {
        let call = |output: &str| dir.words(&format!("-o {output} {words}"));
        call("old").gives(1, "", &format!("{missing}hsum: old: kept as it was, {because}"));
        call("new").gives(1, "", &format!("{missing}hsum: new: not written, {because}"));
        assert_eq!(dir.read("old"), b"old");
        assert_eq!(dir.names(), ["a", "names", "old"], "{words}");
    }
    // Reading the list of names fails.
    let ran = dir.words("-o old --files-from . a").run();
    ran.is_in(1, b"", "hsum: old: kept as it was, ");
    assert_eq!(dir.read("old"), b"old");
    dir.words("-o old --partial a nope").gives(1, "", missing);
    assert_eq!(dir.read("old"), list(&["a"]).as_bytes());
    // Output to a pipe is not held back.
    dir.words("a nope").gives(1, list(&["a"]), missing);
    dir.words("--partial a").refuses("--output");
}

#[test]
fn a_key_is_written_whole_or_not_at_all() {
    let dir = Dir::new();
    dir.link("nowhere", "link");
    dir.write("old", "old");
    for name in ["link", "old"] {
        let advice = "a file of this name exists; remove it, or choose another";
        let stderr = format!("hsum: {name}: {advice}\n");
        dir.hsum(["keygen", "-o", name]).gives(2, "", &stderr);
    }
    assert_eq!(dir.read("old"), b"old");
    assert_eq!(dir.names(), ["link", "old"]);
    dir.shell("ulimit -f 0; exec \"$HSUM\" keygen -o key").run().exits(2);
    dir.words("keygen -o key").prints("");
    assert_eq!(dir.mode("key"), 0o600);
}

/// Names of temporary files, and similar ones.
#[test]
fn walks_skip_temporary_files() {
    let own = [".hsum-AbC123", ".x.hsum-part", ".x.hsum-part.json", ".x.hsum-decoded"];
    let dir = Dir::with(&["t/.hsum-notes", "t/a", "t/x.hsum-part", "t/sub/b"]);
    for name in own {
        dir.write(format!("t/{name}"), "part of it");
    }
    dir.write("t/sub/.hsum-000000/deep", "in a temporary folder");
    dir.write("t/sub/rec.hsum-new", "hsum-snap");
    let skipped = |names: &[&str]| -> String {
        let line = |name| format!("hsum: t/{name}: skipped: left over from an interrupted hsum\n");
        names.iter().map(line).collect()
    };
    let all =
        [&own[..1], &own[3..], &own[1..3], &["sub/.hsum-000000", "sub/rec.hsum-new"]].concat();
    let expected = list(&["t/.hsum-notes", "t/a", "t/sub/b", "t/x.hsum-part"]);
    for words in ["t", "-j 1 t", "--follow t"] {
        dir.words(words).gives(0, &expected, &skipped(&all));
    }
    let json = dir.words("--json t").run();
    assert_eq!((json.exits(0).lines().count(), json.stderr), (4 + all.len() + 1, skipped(&all)));
    dir.words("t --exclude .* --exclude *.hsum-new").prints(list(&[
        "t/a",
        "t/sub/b",
        "t/x.hsum-part",
    ]));
    // A file on the command line is hashed.
    let digest = sha256("part of it");
    dir.words("t/.hsum-AbC123").prints(format!("{digest}  t/.hsum-AbC123\n"));
    let deep = "t/sub/.hsum-000000/deep";
    dir.words("t/sub/.hsum-000000")
        .prints(format!("{}  {deep}\n", sha256("in a temporary folder")));

    dir.words("snapshot t -o record").gives(0, "", &skipped(&all));
    dir.words("audit t record").gives(0, "", &skipped(&all));
    dir.words("update t record").gives(0, "", &skipped(&all));
    dir.words("publish t --formats sums").gives(0, "t/SHA256SUMS: 4 files\n", &skipped(&all));
    let lines = String::from_utf8(dir.read("t/SHA256SUMS")).expect("text");
    let names: BTreeSet<&str> = lines.lines().filter_map(|line| line.get(66..)).collect();
    assert_eq!(names, [".hsum-notes", "a", "sub/b", "x.hsum-part"].into());
}

/// Names that only resemble those of temporary files are walked.
#[test]
fn walks_include_names_like_those_of_temporary_files() {
    let names = [
        "t/.hsum-backup/a",
        "t/.hsum-config",
        "t/.x.hsum-part/b",
        "t/x.hsum-journal/c",
        "t/x.hsum-new/d",
    ];
    let dir = Dir::with(&names);
    dir.link("nowhere", "t/.hsum-AbC123");
    dir.words("t").prints(list(&names));
    dir.words("snapshot t -o record").prints("");
    let record = String::from_utf8(dir.read("record")).expect("text");
    for name in names {
        assert!(record.contains(&format!("\t{}\n", &name[2..])), "{name}: {record}");
    }
    assert!(record.contains("link\tnowhere\t.hsum-AbC123\n"), "{record}");
    // A record cannot have the name of a temporary file: walks would skip it, and updates remove it.
    for name in ["record.hsum-new", "record.hsum-journal", ".hsum-AbC123"] {
        let reserved = format!("hsum: {name}: the name is reserved for temporary files\n");
        dir.hsum(["snapshot", "t", "-o", name]).gives(2, "", &reserved);
    }
    assert_eq!(dir.names(), ["record", "t"]);
}

/// Runs `hsum WORDS` under strace, and returns the calls that write to the disk; `None` without strace.
fn traced(dir: &Dir, strace: &[&str], words: &str) -> Option<(Ran, Vec<String>)> {
    let probe = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("no strace that may trace");
    }
    let call = dir.command("strace").args(["-f", "-y", "-qq", "-o", "trace"]).args(strace);
    let ran = call.args([HSUM]).args(words.split_whitespace()).run();
    let trace = String::from_utf8(dir.read("trace")).expect("text");
    std::fs::remove_file(dir.path("trace")).expect("removed");
    Some((ran, trace.lines().map(str::to_owned).collect()))
}

/// The order is: sync the file, rename it, sync the folder.
#[test]
fn the_folder_is_synced_after_each_rename() {
    let dir = Dir::with(&["r/a"]);
    let calls = ["-e", "trace=fsync,rename,renameat,renameat2,link,linkat"];
    for words in [
        "-o r/list r/a",
        "-o r/list r/a",
        "publish r",
        "publish r",
        "keygen -o r/key",
        "snapshot r -o r/rec",
    ] {
        let Some((ran, calls)) = traced(&dir, &calls, words) else { return };
        ran.exits(0);
        let position = |is: &dyn Fn(&String) -> bool| calls.iter().rposition(is);
        let is_sync = |call: &str| call.contains("fsync(");
        let renamed = position(&|call| !is_sync(call)).unwrap_or_else(|| panic!("{calls:#?}"));
        let folder = position(&|call| is_sync(call) && call.contains("/r>)"));
        assert!(folder > Some(renamed), "{words}: {calls:#?}");
        let first = calls.iter().position(|call| !is_sync(call)).unwrap();
        let synced = calls[..first].iter().filter(|call| is_sync(call)).count();
        let renames = calls.iter().filter(|call| !is_sync(call)).count();
        assert!(synced >= renames, "{words}: renamed before it is on the disk: {calls:#?}");
    }
}

/// The new file is in place, and the message does not claim otherwise.
#[test]
fn a_failed_sync_of_the_folder_is_reported() {
    let dir = Dir::with(&["a", "old"]);
    let fault = ["-e", "inject=fsync:error=EIO:when=2"];
    let Some((ran, _)) = traced(&dir, &fault, "-o old a") else { return };
    let stderr = "hsum: write error: in place, but its directory could not be written to the disk: \
                  Input/output error\n";
    ran.is(1, b"", stderr);
    assert_eq!(dir.read("old"), list(&["a"]).as_bytes());
}

/// If the second list cannot be renamed, the first one is restored.
#[test]
fn publish_replaces_all_or_nothing() {
    let dir = Dir::with(&["r/a"]);
    let words = "publish r --formats sums -a sha256,md5,sha1";
    dir.write("r/SHA256SUMS", "old");
    dir.write("r/MD5SUMS", "old");
    for fault in ["inject=renameat2:error=EIO:when=2", "inject=fsync:error=EIO:when=2"] {
        let Some((ran, _)) = traced(&dir, &["-e", fault], words) else { return };
        ran.is(
            1,
            b"",
            "hsum: r/SHA256SUMS: kept as it was, because of a write error: Input/output error\n",
        );
        assert_eq!(
            (dir.read("r/SHA256SUMS"), dir.read("r/MD5SUMS")),
            (b"old".to_vec(), b"old".to_vec())
        );
        assert!(!dir.path("r/SHA1SUMS").exists());
        assert_eq!(temporaries(&dir, "r"), [""; 0]);
    }
}

#[test]
fn an_interrupted_list_is_said_to_be_as_it_was() {
    let dir = Dir::with(&["old"]);
    dir.shell("mkfifo fifo").run().exits(0);
    for (name, state) in [("old", "kept as it was"), ("new", "not written")] {
        let child = dir.hsum(["-o", name, "fifo"]).spawn();
        // The program has opened the FIFO, so the list is begun.
        let fifo = open_fifo(&dir.path("fifo"));
        kill(&child, "-TERM");
        let ran = finish(child);
        drop(fifo);
        assert_eq!(ran.signal(), Some(15));
        assert_eq!(ran.stderr, format!("hsum: interrupted: {name}: {state}\n"));
    }
    assert_eq!(dir.names(), ["fifo", "old"]);
}

#[test]
fn an_interrupted_filter_is_silent() {
    let dir = Dir::new();
    dir.shell("mkfifo fifo").run().exits(0);
    let child = dir.hsum(["fifo"]).spawn();
    let fifo = open_fifo(&dir.path("fifo"));
    kill(&child, "-TERM");
    let ran = finish(child);
    drop(fifo);
    assert_eq!((ran.signal(), &*ran.stderr), (Some(15), ""));
}

#[test]
fn an_interrupted_snapshot_names_its_journal() {
    let dir = Dir::with(&["t/a"]);
    let endless = std::fs::File::create(dir.path("t/b")).expect("a file");
    endless.set_len(1 << 40).expect("a file system with sparse files");
    let child = dir.hsum(["snapshot", "t", "-o", "record"]).spawn();
    let journal = dir.path("record.hsum-journal");
    while std::fs::metadata(&journal).map_or(0, |journal| journal.len()) == 0 {
        sleep(Duration::from_millis(1));
    }
    kill(&child, "-TERM");
    let ran = finish(child);
    assert_eq!(ran.signal(), Some(15));
    let kept = "interrupted: the files read so far are kept in record.hsum-journal";
    assert_eq!(ran.stderr, format!("hsum: {kept}; run the same command again to continue\n"));
}
