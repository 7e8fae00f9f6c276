//! Output on terminals: complete lines, and no control characters from names, servers or files.

use crate::support::*;

/// Creates a directory with the files that the verbs need.
fn directory() -> Dir {
    let dir = Dir::with(&["a", "b", "t/c", "t/d/e"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("bad-list", list(&["a", "b"]).replace(&sha256("b"), &sha256("a")));
    dir.write("key", "secret\n");
    dir.write("whsec", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
    for name in ["record", "other"] {
        dir.hsum(["snapshot", "t", "-o", name]).run().exits(0);
        dir.write("t/c", "changed");
    }
    dir.write("digests", format!("{}\n{}\n", sha256("a"), md5("b")));
    dir
}

/// Each verb that prints something without a server; `bench` takes seconds, and has its own test.
const CALLS: [&str; 25] = [
    "a b",
    "sum -a sha256 -a md5 a b",
    "sum --json t",
    "sum --tag a b",
    "convert --to base64 - < digests",
    "audit --json t record",
    "update --json t copy",
    "hmac -k file:key a b",
    "sign -s standard-webhooks -k file:whsec --timestamp 1 --id x a",
    "sign -s slack -k file:key --timestamp 1 a",
    "sign -s slack -k file:key --timestamp 1 --format json a",
    "sign -s slack -k file:key --timestamp 1 --format curl a",
    "verify-request -s github -k file:key -H X-Hub-Signature-256:sha256=00 --explain a",
    "schemes",
    "schemes --json",
    "algorithms",
    "algorithms --tiers",
    "self-test",
    "gnu md5sum a b",
    "gnu md5sum --help",
    "gnu cksum a b",
    "gnu sum a b",
    "gnu b2sum --tag a b",
    "gnu sha256sum -c list",
    "--version",
];

/// A terminal gets the same lines as a pipe.
#[test]
fn every_verb_prints_the_same_lines_to_a_terminal() {
    let dir = directory();
    for call in CALLS {
        // Colours are tested with the results that have them.
        let script = format!("cp record copy; NO_COLOR=1 \"$HSUM\" {call} 2>/dev/null");
        let piped = dir.shell(&script).run();
        assert!(piped.stdout.ends_with(b"\n"), "{call}: nothing printed");
        let Some(shown) = on_a_terminal(&dir, &script) else { return };
        assert_eq!(without_times(&shown), without_times(&piped.stdout), "{call}");
    }
}

/// Returns a tree with one file of each finding, and its record.
fn changed_tree() -> Dir {
    let dir = Dir::with(&["t/changes", "t/moves", "t/misses", "t/rots", "t/stays", "t/twice"]);
    let script = "touch -d @1 t/rots && \"$HSUM\" snapshot t -o r && cp -p r old && \
        echo new > t/changes && mv t/moves t/to && rm t/misses && cp t/twice t/'two b' && \
        echo -n T/rots > t/rots && touch -d @1 t/rots && echo > t/news";
    dir.shell(script).prints("");
    dir
}

#[test]
fn findings_are_aligned_on_a_terminal() {
    let dir = changed_tree();
    let script = "NO_COLOR=1 \"$HSUM\" audit t r 2>/dev/null";
    let piped = dir.shell(script).run().exits(3);
    let expected = "changes: CHANGED\nmisses: MISSING\nnews: NEW\nrots: ROTTED\n\
        to: MOVED from moves\n'two b': DUPLICATE of twice\n";
    assert_eq!(piped, expected);
    let Some(shown) = on_a_terminal(&dir, script) else { return };
    let expected = "\
CHANGED    changes
MISSING    misses
NEW        news
ROTTED     rots
MOVED      to  (from moves)
DUPLICATE  'two b'  (of twice)
";
    assert_eq!(String::from_utf8_lossy(&shown), expected);
    let script = "\"$HSUM\" audit t r 2>/dev/null | cat; \"$HSUM\" audit t r 2>/dev/null";
    let shown = on_a_terminal(&dir, script).expect("script is installed");
    let coloured = "\
\x1b[33mCHANGED\x1b[0m    changes
\x1b[31mMISSING\x1b[0m    misses
\x1b[32mNEW\x1b[0m        news
\x1b[31mROTTED\x1b[0m     rots
\x1b[34mMOVED\x1b[0m      to  (from moves)
\x1b[34mDUPLICATE\x1b[0m  'two b'  (of twice)
";
    assert_eq!(String::from_utf8_lossy(&shown), piped + coloured);
}

/// The option precedes the variables, and NO_COLOR precedes CLICOLOR_FORCE.
#[test]
fn colours_are_a_choice() {
    let dir = changed_tree();
    let plain = "t: CHANGED\n";
    let painted = "t: \x1b[33mCHANGED\x1b[0m\n";
    let cases = [
        ("", "--color always", painted),
        ("NO_COLOR=1", "--color always", painted),
        ("CLICOLOR_FORCE=1", "", painted),
        ("CLICOLOR_FORCE=1", "--color never", plain),
        ("CLICOLOR_FORCE=1 NO_COLOR=1", "", plain),
        ("CLICOLOR_FORCE=0", "", plain),
        ("", "", plain),
    ];
    for (variables, option, expected) in cases {
        let script = format!("{variables} \"$HSUM\" audit t r --include changes {option}");
        let expected = expected.replace("t: ", "changes: ");
        dir.shell(&script).gives(1, expected, "");
    }
    for (variables, is_painted) in [
        ("", true),
        ("NO_COLOR=1", false),
        ("NO_COLOR=", true),
        ("TERM=dumb", false),
        ("TERM=dumb CLICOLOR_FORCE=1", true),
    ] {
        let script = format!("{variables} \"$HSUM\" audit t r --include changes 2>/dev/null");
        let Some(shown) = on_a_terminal(&dir, &script) else { return };
        assert_eq!(shown.contains(&0x1b), is_painted, "{variables}");
        assert!(shown.ends_with(b"    changes\n"), "{variables}");
    }
}

#[test]
fn a_summary_ends_the_output_on_a_terminal() {
    let dir = changed_tree();
    let last = |words: &str| -> Option<String> {
        let script = format!("NO_COLOR=1 \"$HSUM\" {words}");
        let shown = on_a_terminal(&dir, &script)?;
        let text = String::from_utf8(shown).expect("UTF-8");
        Some(text.lines().last().unwrap_or_default().to_owned())
    };
    for (words, start, end) in [
        (
            "audit t r",
            "audited 7 files, ",
            ": 1 ROTTED, 1 MISSING, 1 CHANGED, 1 MOVED, 1 DUPLICATE, 1 NEW",
        ),
        ("update t r", "updated r: read 7 of 7 files, ", "1 DUPLICATE, 1 NEW"),
        ("diff r old", "compared 7 recorded files with 6 files: ", ""),
        ("snapshot t -o new", "recorded 7 files in new, ", " s"),
        ("publish t --formats sums", "published 7 files in 1 list, ", " s"),
        ("audit t new", "audited 8 files, ", ": 1 NEW"),
        ("audit t new --exclude SHA256SUMS", "audited 7 files, ", ": no changes"),
        // Without one, the findings are last.
        ("audit -q t new", "NEW ", " SHA256SUMS"),
        ("audit --json t new", "{\"type\":\"summary\",", "}"),
    ] {
        let Some(line) = last(words) else { return };
        assert!(line.starts_with(start) && line.ends_with(end), "{words}: {line}");
    }
}

#[test]
fn a_long_list_repeats_what_is_lost() {
    let dir = Dir::new();
    for n in 0..30 {
        dir.write(format!("t/old{n:02}"), format!("{n}"));
    }
    dir.words("snapshot t -o r").prints("");
    std::fs::remove_file(dir.path("t/old00")).expect("the file exists");
    std::fs::remove_file(dir.path("t/old01")).expect("the file exists");
    for n in 0..19 {
        dir.write(format!("t/p{n:02}"), format!("new {n}"));
    }
    let script = "NO_COLOR=1 \"$HSUM\" audit -q t r 2>/dev/null";
    let Some(shown) = on_a_terminal(&dir, script) else { return };
    let text = String::from_utf8(shown).expect("UTF-8");
    assert_eq!(text.lines().count(), 24, "{text}");
    let end = "NEW        p18\n\nMISSING    old00\nMISSING    old01\n";
    assert!(text.ends_with(end), "{text}");
    // A list that fits on the screen is not repeated, and neither is one of nothing else.
    std::fs::remove_file(dir.path("t/p18")).expect("the file exists");
    let shown = on_a_terminal(&dir, script).expect("script is installed");
    assert!(shown.ends_with(b"NEW        p17\n"), "{}", shown.escape_ascii());
}

/// Covers help, messages, and output that differs from run to run.
#[test]
fn no_line_break_is_escaped() {
    let dir = directory();
    for call in [
        "--help",
        "help check",
        "get --help",
        "sum --nope",
        "sum --help",
        "keygen",
        "keygen --format raw --bytes 16 -o k",
        "snapshot t -o new",
        "publish t",
        "get",
        "get http://localhost:1/x --no-verify --retries 0",
        "head http://localhost:1/x --retries 0",
        "send http://localhost:1/x --retries 0",
        "gnu --install links",
        "gnu md5sum --nope",
        "gnu b2sum -l 7 a",
        "gnu cksum -a nope",
        "gnu cksum --debug a",
        "-a nope a",
    ] {
        let Some(shown) = on_a_terminal(&dir, &format!("\"$HSUM\" {call}")) else { return };
        let text = String::from_utf8_lossy(&shown);
        assert!(!text.contains("\\x0a"), "{call}: {text}");
        assert!(text.is_empty() || text.ends_with('\n'), "{call}: {text}");
    }
}

#[test]
fn a_benchmark_prints_complete_lines_on_a_terminal() {
    let Some(shown) = on_a_terminal(&Dir::new(), "\"$HSUM\" bench") else { return };
    let text = String::from_utf8_lossy(&shown);
    assert!(text.contains(".\n\nNAME ") && text.contains(".\nFiles below "), "{text}");
    assert!(
        !text.contains("\\x0a") && text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

/// Returns `true` for characters that no message may contain.
fn is_hostile(c: char) -> bool {
    (c.is_control() && c != '\n') || "\u{fffd}\u{202e}\u{2066}\u{2028}\u{200f}".contains(c)
}

/// Calls whose messages repeat an argument; `X` is the place of the hostile text.
const REPEATING: [&[&str]; 42] = [
    &["--X"],
    &["-X"],
    &["sum", "--X=1"],
    &["-a", "X", "a"],
    &["--length", "X", "a"],
    &["--threads", "X", "a"],
    &["--progress", "X", "a"],
    &["--exclude", "{X", "a"],
    &["--include", "{X", "a"],
    &["--max-depth", "X", "a"],
    &["--files-from", "X"],
    &["X"],
    &["-o", "no/X", "a"],
    &["help", "X"],
    &["check", "--X"],
    &["check", "X"],
    &["check", "--expect", "X", "a"],
    &["check", "--sums", "X", "a"],
    &["convert", "X"],
    &["convert", "--to", "X", "00"],
    &["convert", "--X"],
    &["audit", "X", "Y"],
    &["snapshot", "X", "-o", "record"],
    &["diff", "X", "Y", "Z"],
    &["diff", "X", "Y"],
    &["hmac", "--key", "file:X", "a"],
    &["hmac", "--key", "env:X", "a"],
    &["hmac", "--key", "file:key", "--expect", "X", "a"],
    &["sign", "-s", "X", "-k", "file:key", "a"],
    &["sign", "-s", "github", "-k", "file:key", "-H", "X", "a"],
    &["sign", "-s", "github", "-k", "file:key", "--timestamp", "X", "a"],
    &["verify-request", "-s", "github", "-k", "file:key", "--http", "X"],
    &["get", "X"],
    &["get", "http://X/", "--no-verify"],
    &["get", "http://localhost:1/", "--size", "X"],
    &["get", "http://localhost:1/x", "--cacert", "X", "--retries", "0", "--no-verify"],
    &["get", "http://localhost:1/x", "--proxy", "X", "--no-verify"],
    &["send", "http://localhost:1/x", "X"],
    &["publish", "X"],
    &["merge", "X"],
    &["merge", "list", "-o", "no/X"],
    &["gnu", "X"],
];

#[test]
fn messages_repeat_no_control_characters() {
    let dir = Dir::with(&["a", "key"]);
    for hostile in [
        &b"\x1b[2J"[..],
        b"\x1b]0;x\x07",
        b"q\rhsum: fine",
        b"q\nhsum: fine",
        "\u{9b}2J".as_bytes(),
        "\u{202e}\u{2066}".as_bytes(),
        "\u{2028}\u{200f}".as_bytes(),
        b"\x9b2J\xff",
    ] {
        for words in REPEATING {
            let words = words.iter().map(|word| {
                let (before, after) = word.split_once('X').unwrap_or((word, ""));
                let middle = if before == *word { &b""[..] } else { hostile };
                name(&[before.as_bytes(), middle, after.as_bytes()].concat()).to_owned()
            });
            let words: Vec<_> = words.collect();
            let ran = dir.hsum(&words).run();
            assert!(ran.status.code().is_some_and(|code| code > 0), "{words:?}: {}", ran.status);
            let text = &ran.stderr;
            assert!(!text.is_empty() && !text.contains(is_hostile), "{words:?}: {text:?}");
            assert!(!text.contains("\nhsum: fine"), "{words:?}: {text:?}");
            assert!(!String::from_utf8_lossy(&ran.stdout).contains("\x1b"), "{words:?}");
        }
    }
}

/// The message escapes the hostile character instead of dropping it.
#[test]
fn a_hostile_word_can_be_recognised() {
    let dir = Dir::with(&["a"]);
    dir.hsum(["--\x1b[2J", "a"]).run().is_in(2, b"", "unknown option '--\\x1b[2J'");
    dir.hsum(["-a", "\u{202e}", "a"]).run().is_in(2, b"", "\\u{202e}");
    dir.hsum(["--length", "\x07", "a"]).run().is_in(2, b"", "invalid value '\\x07' for '--length'");
}

#[test]
fn gnu_messages_are_escaped_on_terminals_only() {
    let dir = Dir::with(&["a"]);
    let ran = dir.hsum(["gnu", "md5sum", "--\x1b[2J"]).run();
    assert!(ran.stderr.contains("unrecognized option '--\x1b[2J'\n"), "{:?}", ran.stderr);
    let script = "\"$HSUM\" gnu md5sum \"$(printf -- '--\\033[2J')\"";
    let Some(shown) = on_a_terminal(&dir, script) else { return };
    let text = String::from_utf8_lossy(&shown);
    assert!(text.contains("unrecognized option '--\\x1b[2J'\n"), "{text:?}");
}

/// With NUL as the line end, the only line breaks are those in names.
#[test]
fn a_name_cannot_look_like_a_line() {
    let dir = Dir::new();
    dir.write(name(b"a\nb"), "x");
    for words in ["", "-z", "--tag", "-z --tag", "--json"] {
        let Some(shown) = on_a_terminal(&dir, &format!("\"$HSUM\" {words} .")) else { return };
        let text = String::from_utf8_lossy(&shown);
        let count = 1 + usize::from(words == "--json");
        assert!(text.lines().count() == count && text.contains("b"), "{words}: {text}");
    }
}

/// Control characters are escaped as in JSON, so that the names are the same as in a pipe.
#[test]
fn json_stays_json_on_a_terminal() {
    let names = ["\u{1b}[2J", "\u{7f}", "\u{9b}2J", "\u{2028}", "\u{202e}", "\u{2066}x", "q\"\\"];
    let dir = Dir::with(&names);
    let piped = dir.hsum(["--json", "."]).run();
    let read = |bytes: &[u8]| {
        let lines = std::str::from_utf8(bytes).unwrap().lines();
        let path = |line| serde_json::from_str::<serde_json::Value>(line).unwrap()["path"].take();
        lines.map(path).filter(|path| path.is_string()).collect::<Vec<_>>()
    };
    let mut listed: Vec<_> = names.iter().map(|name| format!("./{name}")).collect();
    listed.sort();
    assert_eq!(read(&piped.stdout), listed);
    let Some(shown) = on_a_terminal(&dir, "\"$HSUM\" --json .") else { return };
    assert_eq!(without_times(&shown), without_times(&piped.stdout));

    let script = "\"$HSUM\" --json \"$(printf 'no\\302\\233x')\" 2>/dev/null";
    let Some(shown) = on_a_terminal(&dir, script) else { return };
    assert_eq!(read(&shown), ["no\u{9b}x"]);
}
