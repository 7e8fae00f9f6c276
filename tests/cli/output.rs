//! The formats and destinations of output.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::*;

#[test]
fn tagged() {
    let dir = Dir::with(&["a"]);
    let tag = |algorithm: &str| dir.hsum(["--tag", "-a", algorithm, "a"]).run().exits(0);
    for (algorithm, start) in [
        ("md5", "MD5 (a) = "),
        ("sha512-256", "SHA512/256 (a) = "),
        ("sha3-256", "SHA3-256 (a) = "),
        ("blake2b", "BLAKE2b (a) = "),
        ("blake2b-256", "BLAKE2b-256 (a) = "),
        ("blake3", "BLAKE3 (a) = "),
    ] {
        assert!(tag(algorithm).starts_with(start), "{algorithm}");
    }
}

#[test]
fn names_are_escaped_as_gnu_does() {
    let dir = Dir::new();
    dir.write("a\\b\nc\rd", "x");
    dir.hsum(["a\\b\nc\rd"]).prints(format!("\\{}  a\\\\b\\nc\\rd\n", sha256("x")));
    dir.hsum(["--tag", "a\\b\nc\rd"])
        .prints(format!("\\SHA256 (a\\\\b\\nc\\rd) = {}\n", sha256("x")));
    dir.hsum(["-z", "a\\b\nc\rd"]).prints(format!("{}  a\\b\nc\rd\0", sha256("x")));
}

#[test]
fn other_bytes_are_unchanged() {
    let dir = Dir::new();
    let odd = name(b"\xff\x1b[31m\t\x7f ");
    dir.write(odd, "x");
    let expected = [sha256("x").as_bytes(), b"  \xff\x1b[31m\t\x7f \n"].concat();
    dir.hsum([odd]).prints(expected);
}

#[test]
fn json_lines() {
    let dir = Dir::with(&["a"]);
    dir.write(name(b"\xff\"\n"), "yz");
    let args = [name(b"--json"), name(b"-amd5,SHA-256"), name(b"a"), name(b"\xff\"\n")];
    let ran = dir.hsum(args.into_iter().chain([name(b"nope"), name(b"no\xffpe")])).run();
    let mut objects: Vec<Value> =
        ran.exits(1).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let seconds = objects.last_mut().and_then(|summary| summary.as_object_mut()?.remove("seconds"));
    assert!(seconds.is_some_and(|seconds| seconds.is_f64()));
    let error = "No such file or directory";
    assert_eq!(
        objects,
        [
            json!({"type": "file", "path": "a", "size": 1,
                   "digests": {"md5": md5("a"), "sha256": sha256("a")}}),
            json!({"type": "file", "path_base64": "/yIK", "size": 2,
                   "digests": {"md5": md5("yz"), "sha256": sha256("yz")}}),
            json!({"type": "error", "path": "nope", "reason": "not-found", "error": error}),
            json!({"type": "error", "path_base64": "bm//cGU=", "reason": "not-found", "error": error}),
            json!({"type": "summary", "schema": 1, "verb": "sum", "files": 2, "failed": 2,
                   "skipped": 0, "bytes": 3, "exit": 1}),
        ]
    );
    let stderr = "hsum: nope: No such file or directory\n\
                  hsum: 'no'$'\\377''pe': No such file or directory\n";
    assert_eq!(ran.stderr, stderr);
}

#[test]
fn json_of_skipped_files() {
    let dir = Dir::new();
    dir.mkdir("t");
    dir.fifo("t/f");
    dir.write("t/.hsum-AbC123", "");
    let ran = dir.words("--json t").run();
    let text = ran.exits(0);
    let objects: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let skipped = |path, reason, note| json!({"type": "skipped", "path": path, "reason": reason, "note": note});
    let old = "left over from an interrupted hsum";
    assert_eq!(objects[0], skipped("t/.hsum-AbC123", "temporary", old));
    assert_eq!(objects[1], skipped("t/f", "fifo", "not a regular file (FIFO)"));
    assert_eq!(
        (objects[2]["type"].as_str(), objects[2]["skipped"].as_u64()),
        (Some("summary"), Some(2))
    );
    // A list made by hsum names no skipped file.
    dir.write("t/a", "");
    let list = dir.words("--json t").run().stdout;
    dir.words("check --strict").stdin(list).prints("t/a: OK\n");
}

#[test]
fn base64() {
    let dir = Dir::new();
    dir.write("e", "");
    let digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    dir.words("--base64 e").prints(format!("{digest}  e\n"));
    dir.words("--base64 --tag e").prints(format!("SHA256 (e) = {digest}\n"));
}

#[test]
fn raw() {
    let dir = Dir::with(&["a", "b"]);
    let bytes = hex::decode(sha256("a")).expect("hex");
    dir.words("--raw a").prints(&bytes);
    dir.words("--raw").stdin("a").prints(&bytes);
    dir.words("--raw a b").refuses("one file");
    dir.words("--raw .").refuses("one file");
    dir.words("--raw --files-from a").refuses("one file");
    dir.words("--raw -amd5,sha1 a").refuses("one algorithm");
    dir.words("--raw nope").gives(1, "", "hsum: nope: No such file or directory\n");
}

#[test]
fn output_to_a_file() {
    let dir = Dir::with(&["a"]);
    dir.words("-o - a").prints(list(&["a"]));
    assert!(!dir.path("-").exists());
    dir.words("-o out a").prints("");
    assert_eq!(dir.read("out"), list(&["a"]).as_bytes());
    dir.words("--tag -o out a").prints("");
    assert_eq!(dir.read("out"), format!("SHA256 (a) = {}\n", sha256("a")).as_bytes());
    assert_eq!(dir.names(), ["a", "out"]);
}

/// A program that has the old file open can still read it: the new file takes its name at the end.
#[test]
fn the_output_file_is_replaced_not_overwritten() {
    let dir = Dir::with(&["out"]);
    dir.fifo("fifo");
    let before = std::fs::File::open(dir.path("out")).expect("opened");
    let child = dir.words("-o out fifo").spawn();
    let mut fifo = open_fifo(&dir.path("fifo"));
    assert_eq!(dir.read("out"), b"out");
    fifo.write_all(b"x").expect("written");
    drop(fifo);
    finish(child).is(0, b"", "");
    assert_eq!(dir.read("out"), format!("{}  fifo\n", sha256("x")).as_bytes());
    assert_eq!(std::io::read_to_string(before).expect("read"), "out");
}

#[test]
fn the_output_file_is_left_out_of_the_walk() {
    let dir = Dir::with(&["t/a", "t/b"]);
    let expected = list(&["t/a", "t/b"]);
    for _ in 0..2 {
        dir.words("-o t/aa t").prints("");
        assert_eq!(dir.read("t/aa"), expected.as_bytes());
    }
    std::fs::remove_file(dir.path("t/aa")).expect("removed");
    for _ in 0..2 {
        dir.shell("\"$HSUM\" t > t/aa").prints("");
        assert_eq!(dir.read("t/aa"), expected.as_bytes());
    }
}

#[test]
fn the_output_file_keeps_its_permissions() {
    let dir = Dir::with(&["a"]);
    for mode in [0o600, 0o640, 0o666, 0o664, 0o755] {
        dir.write("out", "");
        dir.chmod("out", mode);
        dir.shell("umask 027; \"$HSUM\" -o out a").prints("");
        assert_eq!(dir.mode("out"), mode, "{mode:o}");
    }
    dir.shell("umask 027; \"$HSUM\" -o new a").prints("");
    assert_eq!(dir.mode("new"), 0o640);
}

#[test]
fn the_target_of_a_link_is_replaced_not_the_link() {
    let dir = Dir::with(&["a", "d/old"]);
    dir.link("d/old", "out");
    dir.link("d/new", "dangling");
    for (link, target) in [("out", "d/old"), ("dangling", "d/new")] {
        dir.hsum(["-o", link, "a"]).prints("");
        assert!(dir.path(link).is_symlink(), "{link}");
        assert_eq!(dir.read(target), list(&["a"]).as_bytes());
    }
}

#[test]
fn a_device_behind_a_link_of_another_user_is_not_written() {
    let dir = Dir::with(&["a"]);
    dir.link("/dev/null", "out");
    dir.chmod("", 0o1777);
    // Only root can give the link to another user.
    if std::os::unix::fs::lchown(dir.path("out"), Some(65534), None).is_ok() {
        dir.words("-o out a").run().is_in(1, b"", "hsum: out: ");
    }
}

#[test]
fn output_that_cannot_be_created_is_an_error() {
    let dir = Dir::with(&["a", "d/x"]);
    dir.words("-o nope/out a").gives(1, "", "hsum: nope/out: No such file or directory\n");
    dir.words("-o d a").gives(1, "", "hsum: d: Is a directory\n");
    dir.words("-o a/out a").gives(1, "", "hsum: a/out: Not a directory\n");
    if let Some(call) = dir.powerless(&["-o", "out", "a"]) {
        dir.chmod("", 0o555);
        call.gives(1, "", "hsum: out: Permission denied\n");
        dir.chmod("", 0o755);
    }
}

#[test]
fn output_to_a_device_does_not_replace_it() {
    let dir = Dir::with(&["a"]);
    dir.words("-o /dev/null a").prints("");
    let kind = std::fs::metadata("/dev/null").expect("metadata").file_type();
    assert!(std::os::unix::fs::FileTypeExt::is_char_device(&kind));
    dir.words("-o /dev/full a").gives(1, "", "hsum: write error: No space left on device\n");
}

#[test]
fn an_interrupt_leaves_no_temporary_file() {
    for (signal, number) in [("-INT", 2_u32), ("-TERM", 15), ("-HUP", 1)] {
        if is_ignored(number) {
            eprintln!("skipped: {signal} is ignored here, and so by every child");
            continue;
        }
        let dir = Dir::with(&["out"]);
        dir.fifo("fifo");
        let child = dir.words("-o out fifo").spawn();
        let _fifo = open_fifo(&dir.path("fifo"));
        assert_eq!(dir.names().len(), 3, "the temporary file is there");
        kill(&child, signal);
        assert_eq!(finish(child).signal(), i32::try_from(number).ok());
        assert_eq!(dir.names(), ["fifo", "out"]);
        assert_eq!(dir.read("out"), b"out");
    }
}

#[test]
fn an_interrupt_while_a_tree_is_hashed_or_checked() {
    for (signal, number) in [("-INT", 2_u32), ("-TERM", 15)] {
        if is_ignored(number) {
            eprintln!("skipped: {signal} is ignored here, and so by every child");
            continue;
        }
        let dir = Dir::with(&["out", "t/a", "t/b/c"]);
        dir.fifo("fifo");
        let child = dir.words("-o out t fifo").spawn();
        let _fifo = open_fifo(&dir.path("fifo"));
        kill(&child, signal);
        assert_eq!(finish(child).signal(), i32::try_from(number).ok());
        assert_eq!(dir.names(), ["fifo", "out", "t"]);
        assert_eq!(dir.read("out"), b"out");

        let mut child = dir.words("check fifo").spawn();
        let mut fifo = open_fifo(&dir.path("fifo"));
        fifo.write_all(list(&["t/a", "t/b/c"]).as_bytes()).expect("written");
        let mut verdicts = [0; 18];
        let stdout = child.stdout.as_mut().expect("piped");
        std::io::Read::read_exact(stdout, &mut verdicts).expect("verdicts before the end");
        assert_eq!(&verdicts, b"t/a: OK\nt/b/c: OK\n");
        kill(&child, signal);
        let ran = finish(child);
        assert_eq!((ran.signal(), &*ran.stdout), (i32::try_from(number).ok(), &b""[..]));
    }
}

/// Returns `true` if this process was started with the signal ignored, as background jobs of scripts are.
fn is_ignored(signal: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process's status");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map(|mask| u64::from_str_radix(mask.trim(), 16).expect("a mask"));
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// `nohup hsum -o FILE` continues when the terminal is closed.
#[test]
fn a_signal_that_was_ignored_stays_ignored() {
    let dir = Dir::new();
    dir.fifo("fifo");
    let child = dir.shell("trap '' HUP; exec \"$HSUM\" -o out fifo").spawn();
    let mut fifo = open_fifo(&dir.path("fifo"));
    kill(&child, "-HUP");
    std::thread::sleep(std::time::Duration::from_millis(50));
    let _ = fifo.write_all(b"x");
    drop(fifo);
    finish(child).is(0, b"", "");
    assert_eq!(dir.read("out"), format!("{}  fifo\n", sha256("x")).as_bytes());
}

#[test]
fn a_closed_pipe_ends_the_program_silently() {
    let dir = Dir::with(&["a", "b"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("key", "k");
    dir.chmod("key", 0o600);
    for words in ["a b", "check list", "hmac --key file:key a", "algorithms", "--json a b"] {
        let ran = dir.words(words).run_unread();
        assert_eq!((ran.signal(), ran.stderr.as_str()), (Some(13), ""), "{words}");
    }
}

#[test]
fn a_full_disk_is_reported() {
    let dir = Dir::with(&["a", "b"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("key", "k");
    dir.chmod("key", 0o600);
    let message = "hsum: write error: No space left on device\n";
    for words in [
        "a b",
        "--json a",
        "--raw a",
        "check list",
        "hmac --key file:key a",
        "hmac --raw --key file:key a",
        "algorithms",
        "--help",
        "--version",
        "help check",
    ] {
        let script = format!("\"$HSUM\" {words} > /dev/full");
        let ran = dir.shell(&script).run();
        assert_eq!((ran.status.code(), ran.stderr.as_str()), (Some(1), message), "{words}");
    }
}

#[test]
fn a_terminal_gets_complete_lines() {
    let dir = Dir::with(&["a", "b"]);
    let Some(shown) = on_a_terminal(&dir, "\"$HSUM\" a b") else { return };
    assert_eq!(String::from_utf8_lossy(&shown), list(&["a", "b"]));
}

#[test]
fn a_terminal_gets_no_control_characters_from_names() {
    let dir = Dir::new();
    dir.write(name(b"\x1b]0;x\x07\xff\xe2\x80\xae"), "x");
    dir.write("list", [sha256("").as_bytes(), b"  \x1b]0;x\x07\xff\xe2\x80\xae\n"].concat());
    for (script, shown) in [
        ("\"$HSUM\" --exclude list .", "\\x1b]0;x\\x07\\xff\\u{202e}\n"),
        ("\"$HSUM\" -z --exclude list .", "\\x1b]0;x\\x07\\xff\\u{202e}"),
        (
            "\"$HSUM\" check --color never list",
            "FAILED     ''$'\\033'']0;x'$'\\a\\377\\342\\200\\256'\n",
        ),
    ] {
        let Some(bytes) = on_a_terminal(&dir, script) else { return };
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains(shown), "{script}: {text:?}");
        assert!(!text.contains(['\x1b', '\x07', '\u{202e}', '\u{fffd}']), "{script}: {text:?}");
    }
}

#[test]
fn no_operand_on_a_terminal_is_wrong_usage() {
    let dir = Dir::new();
    let Some(shown) = on_a_terminal(&dir, "\"$HSUM\" -a md5; echo $?") else { return };
    let text = String::from_utf8_lossy(&shown);
    assert!(text.contains("standard input is a terminal") && text.ends_with("2\n"), "{text}");
}

/// A program that waits for input says so, and an empty result is explained.
#[test]
fn silence_is_explained() {
    let dir = Dir::with(&["t/a", "key"]);
    dir.mkdir("e");
    for (words, note) in [
        ("e", "e: no files"),
        ("--include *.zip t", "t: no files match --include '*.zip'"),
        ("--include *.q --exclude b e t", "e, t: no files match --include '*.q' --exclude 'b'"),
        ("--files-from /dev/null", "/dev/null: no files"),
    ] {
        dir.words(words).gives(0, "", &format!("hsum: {note}\n"));
        dir.words(words).args(["-q"]).prints("");
    }
    for words in ["-", "check -", "convert", "sign -s github -k file:key", "--files-from -"] {
        // The input of this terminal has ended.
        let Some(shown) = on_a_terminal(&dir, &format!("\"$HSUM\" {words}")) else { return };
        let shown = String::from_utf8_lossy(&shown);
        let note = "hsum: reading standard input (end with Ctrl-D)";
        assert_eq!(shown.matches(note).count(), 1, "{words}: {shown}");
    }
}
