//! Results of `hsum check` on a terminal and as JSON, and the summary.

use serde_json::{Value, json};

use crate::schema::validate_output;
use crate::support::*;

/// Creates a directory with a list of a, which matches; b, which does not; a missing file; a
/// directory; and a bad line.
fn mixed() -> Dir {
    let dir = Dir::with(&["a", "b", "d/x"]);
    let lines = list(&["a", "b", "gone", "d"]).replace(&sha256("b"), &sha256("B"));
    dir.write("list", lines + "nonsense\n");
    dir
}

/// Returns what a script shows on a terminal, without the times.
fn shown(dir: &Dir, script: &str) -> Option<String> {
    let bytes = on_a_terminal(dir, script)?;
    let text = String::from_utf8_lossy(&bytes);
    let without_time = |line: &str| match line.split_once(" in ") {
        Some((start, end)) if line.starts_with("checked ") => {
            let counts = end.split_once(" s").map_or(end, |(_, counts)| counts);
            format!("{start}{counts}\n")
        }
        _ => format!("{line}\n"),
    };
    Some(text.lines().map(without_time).collect())
}

#[test]
fn a_terminal_gets_aligned_results_and_a_summary() {
    let dir = mixed();
    let Some(text) = shown(&dir, "NO_COLOR=1 \"$HSUM\" check list") else { return };
    let expected = "\
OK         a
FAILED     b
MISSING    gone
UNREADABLE d  (Is a directory)
hsum: WARNING: 1 line is improperly formatted
checked 4 files, 2 bytes: 1 OK, 1 FAILED, 1 MISSING, 1 UNREADABLE, 1 bad line
";
    assert_eq!(text, expected);
    let list = format!("[{{\"name\":\"b\",\"size\":99,\"sha256\":\"{}\"}}]", sha256("b"));
    dir.write("objects.json", list);
    let text = shown(&dir, "NO_COLOR=1 \"$HSUM\" check objects.json").expect("script is installed");
    let size = dir.read("b").len();
    assert!(text.starts_with(&format!("FAILED     b  {size} bytes (expected 99)\n")), "{text}");
    let text = shown(&dir, "\"$HSUM\" check list").expect("script is installed");
    for coloured in [
        "\x1b[2mOK\x1b[0m         a\n",
        "\x1b[31mFAILED\x1b[0m     b\n",
        ": 1 OK, \x1b[31m1 FAILED\x1b[0m, \x1b[31m1 MISSING\x1b[0m, ",
    ] {
        assert!(text.contains(coloured), "{text:?}");
    }
    // Without a summary, the warnings have the counts.
    let text = shown(&dir, "\"$HSUM\" check --color never -q list").expect("script is installed");
    let expected = "\
FAILED     b
MISSING    gone
UNREADABLE d  (Is a directory)
hsum: WARNING: 1 line is improperly formatted
hsum: WARNING: 2 listed files could not be read
hsum: WARNING: 1 computed checksum did NOT match
";
    assert_eq!(text, expected);
    let text = shown(&dir, "\"$HSUM\" check --status list").expect("script is installed");
    assert_eq!(text, "hsum: gone: No such file or directory\nhsum: d: Is a directory\n");
}

/// The message of an unreadable list may be far above the summary.
#[test]
fn a_summary_counts_errors() {
    let dir = mixed();
    dir.write("good", list(&["a"]));
    for words in
        ["check gone.list good good", "check good --only a --only gone", "check --sums good a b"]
    {
        let Some(text) = shown(&dir, &format!("NO_COLOR=1 \"$HSUM\" {words}")) else { return };
        assert!(text.ends_with(" OK, 1 error\n"), "{words}: {text}");
    }
    for option in ["--quiet", "--status"] {
        let script = format!("\"$HSUM\" check {option} --progress always good");
        assert_eq!(shown(&dir, &script).as_deref(), Some(""), "{option}");
    }
    let selected = dir.words("check --json --exclude * good").run().exits(1);
    assert!(selected.contains("\"type\":\"error\",\"reason\":\"not-listed\""), "{selected}");
}

#[test]
fn results_elsewhere_stay_as_they_are() {
    let dir = mixed();
    let script = "\"$HSUM\" check list 2>messages; \"$HSUM\" check --color never list >results";
    let Some(text) = shown(&dir, script) else { return };
    let messages = "hsum: gone: No such file or directory\nhsum: d: Is a directory\n\
                    hsum: WARNING: 1 line is improperly formatted\n";
    let counts = "hsum: WARNING: 2 listed files could not be read\n\
                  hsum: WARNING: 1 computed checksum did NOT match\n";
    assert_eq!(dir.read("messages"), [messages, counts].concat().into_bytes());
    let results = "a: OK\nb: FAILED\ngone: FAILED open or read\nd: FAILED open or read\n";
    assert_eq!(dir.read("results"), results.as_bytes());
    let summary = "checked 4 files, 2 bytes: 1 OK, 1 FAILED, 1 MISSING, 1 UNREADABLE, 1 bad line\n";
    assert!(text.ends_with(&(messages.to_owned() + summary)), "{text}");
    let piped = dir.words("check --color always list").run().exits(1);
    assert!(piped.starts_with("a: \x1b[2mOK\x1b[0m\nb: \x1b[31mFAILED\x1b[0m\n"), "{piped:?}");
    assert!(piped.contains("gone: \x1b[31mFAILED\x1b[0m open or read\n"), "{piped:?}");
}

#[test]
fn a_verbose_check_ends_with_a_summary_in_every_form() {
    let dir = mixed();
    let hash = format!("{}  a\n", sha256("a"));
    dir.write("a.sha256", hash);
    dir.write("x.sfv", "; SFV\na E8B7BE43\nb E8B7BE43\n");
    let digest = sha256("a");
    for (words, code, end) in [
        ("check -v a.sha256 list", 1, "2 OK, 1 FAILED, 1 MISSING, 1 UNREADABLE, 1 bad line\n"),
        ("check -v x.sfv", 1, "1 OK, 1 FAILED\n"),
        (&*format!("check -v a --expect {digest}"), 0, "checked 1 file, 1 byte"),
        ("check -v a --sums auto", 0, ": 1 OK\n"),
        ("check -v --ignore-missing a.sha256", 0, ": 1 OK\n"),
    ] {
        let ran = dir.words(words).run();
        ran.exits(code);
        let last = ran.stderr.lines().last().unwrap_or_default().to_owned() + "\n";
        assert!(last.starts_with("checked ") && last.contains(end), "{words}: {}", ran.stderr);
        for quiet in ["-q", "--status"] {
            let ran = dir.words(&words.replace("-v", quiet)).run();
            assert!(!ran.stderr.contains("checked "), "{words}: {}", ran.stderr);
        }
    }
}

#[test]
fn failures_among_many_results_are_repeated() {
    let dir = Dir::with(&["a"]);
    let gone: Vec<String> = (0..60).map(|n| format!("gone{n:02}")).collect();
    let bad = format!("{}  a\n", sha256("A"));
    let names: Vec<&str> = gone.iter().map(String::as_str).collect();
    dir.write("long", list(&["a"]).repeat(20) + &bad + &list(&names[..1]));
    let ran = dir.words("check -v long").run();
    ran.exits(1);
    let end = "\nFAILED     a\nMISSING    gone00\nchecked 22 files, 21 bytes in ";
    assert!(ran.stderr.contains(end), "{}", ran.stderr);
    // At most 50 names, and none in a short list or without an OK line.
    dir.write("longer", list(&["a"]) + &bad + &list(&names));
    let ran = dir.words("check -v longer").run();
    let end = "\nMISSING    gone48\nand 11 more\nchecked 62 files";
    assert!(ran.stderr.contains(end), "{}", ran.stderr);
    dir.write("short", list(&["a"]) + &bad);
    dir.write("none", list(&names));
    for words in ["check -v short", "check -v none"] {
        let ran = dir.words(words).run();
        let lines: Vec<_> = ran.stderr.lines().collect();
        let repeated = |line: &&str| line.starts_with("FAILED ") || line.starts_with("MISSING ");
        assert!(!lines.iter().any(repeated), "{words}: {}", ran.stderr);
    }
}

/// Returns the objects that `check --json` prints.
fn objects(dir: &Dir, words: &str, code: i32) -> Vec<Value> {
    let text = dir.words(&format!("check --json {words}")).run().exits(code);
    if !words.contains("--status") {
        validate_output("check", &text, code);
    }
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

#[test]
fn json_has_an_object_for_each_line_and_a_summary() {
    let dir = mixed();
    let all = objects(&dir, "list", 1);
    let expected = [
        json!({"type": "file", "path": "a", "status": "OK", "list": "list", "line": 1,
            "digests": {"sha256": sha256("a")}, "size": 1}),
        json!({"type": "file", "path": "b", "status": "FAILED", "list": "list", "line": 2,
            "algorithm": "sha256", "expected": sha256("B"), "got": sha256("b"), "size": 1,
            "reason": "mismatch", "error": "the digest does not match"}),
        json!({"type": "file", "path": "gone", "status": "MISSING", "list": "list", "line": 3,
            "reason": "not-found", "error": "No such file or directory"}),
        json!({"type": "file", "path": "d", "status": "UNREADABLE", "list": "list", "line": 4,
            "reason": "is-a-directory", "error": "Is a directory"}),
        json!({"type": "line", "list": "list", "line": 5, "reason": "no-digest",
            "error": "the line starts with neither a digest nor an algorithm"}),
    ];
    assert_eq!(all[..5], expected);
    let summary = &all[5];
    for (key, value) in [
        ("type", json!("summary")),
        ("verb", json!("check")),
        ("files", json!(4)),
        ("ok", json!(1)),
        ("failed", json!(1)),
        ("missing", json!(1)),
        ("unreadable", json!(1)),
        ("refused", json!(0)),
        ("skipped", json!(0)),
        ("bad_lines", json!(1)),
        ("bytes", json!(2)),
        ("exit", json!(1)),
    ] {
        assert_eq!(summary[key], value, "{key}: {summary}");
    }
    // Quiet leaves out what matches, and --status everything.
    assert_eq!(objects(&dir, "-q list", 1)[..4], expected[1..]);
    assert_eq!(objects(&dir, "--status list", 1), [] as [Value; 0]);
    let skipped = objects(&dir, "--ignore-missing list", 1);
    let expected = json!({"type": "skipped", "path": "gone", "reason": "not-found",
        "note": "No such file or directory"});
    assert_eq!((&skipped[2], &skipped[5]["skipped"]), (&expected, &json!(1)));
}

#[test]
fn json_of_other_forms() {
    let dir = mixed();
    dir.write("x.sfv", "; SFV\na E8B7BE43\nwrong\nb E8B7BE43\n");
    dir.write(
        "sized.json",
        format!("[{{\"name\":\"a\",\"size\":2,\"sha256\":\"{}\"}}]", sha256("a")),
    );
    dir.write("up.json", format!("[{{\"name\":\"../a\",\"sha256\":\"{}\"}}]", sha256("a")));
    dir.write("a.sha256", list(&["a"]));
    let all = objects(&dir, "x.sfv", 1);
    let crc = json!({"type": "file", "path": "b", "status": "FAILED", "list": "x.sfv", "line": 4,
        "algorithm": "crc32", "expected": "e8b7be43", "got": "71beeff9", "size": 1,
        "reason": "mismatch", "error": "the digest does not match"});
    assert_eq!(all[0]["status"], "OK");
    assert_eq!(all[1]["line"], 3);
    assert_eq!(all[2], crc);
    let all = objects(&dir, "sized.json up.json", 1);
    assert_eq!(all[0]["reason"], "wrong-size");
    assert_eq!((&all[0]["expected_size"], &all[0]["size"]), (&json!(2), &json!(1)));
    assert_eq!((&all[1]["type"], &all[1]["reason"]), (&json!("line"), &json!("outside")));
    assert_eq!(all.last().unwrap()["refused"], 1);
    let all = objects(&dir, &format!("a b d --expect {}", sha256("a")), 1);
    let of = |n: usize| (all[n]["path"].as_str().unwrap(), all[n]["status"].as_str().unwrap());
    assert_eq!([of(0), of(1), of(2)], [("d", "UNREADABLE"), ("a", "OK"), ("b", "FAILED")]);
    assert_eq!((&all[2]["expected"], &all[2]["got"]), (&json!(sha256("a")), &json!(sha256("b"))));
    let all = objects(&dir, "a b --sums auto", 1);
    assert_eq!(all[0]["type"], "error");
    assert_eq!((&all[1]["status"], all[1]["list"].is_string()), (&json!("OK"), true));
    // Of several digests of which one must match, the file's own is given.
    let either = format!("[{{\"name\":\"a\",\"md5\":[\"{}\",\"{}\"]}}]", md5("x"), md5("a"));
    dir.write("either.json", either);
    assert_eq!(objects(&dir, "either.json", 0)[0]["digests"], json!({"md5": md5("a")}));
    // Lists and files without a result.
    let all = objects(&dir, "nope --only zzz", 1);
    assert_eq!((&all[0]["reason"], &all[0]["path"]), (&json!("not-found"), &json!("nope")));
    assert_eq!(all[1]["reason"], "not-listed");
    assert_eq!(objects(&dir, "a", 1)[1]["reason"], "no-entries");
    assert_eq!(objects(&dir, &format!("--strong a --expect {}", md5("a")), 1)[0]["reason"], "weak");
}

#[test]
fn json_is_the_same_for_every_number_of_threads() {
    let dir = Dir::new();
    let mut lines = String::new();
    for n in 0..300 {
        let name = format!("f{n}");
        dir.write(&name, &name);
        lines += &list(&[&name]);
        lines += if n % 7 == 0 { "nonsense\n" } else { "" };
    }
    dir.write("list", lines);
    let run = |threads: &str| {
        let mut all = objects(&dir, &format!("-j {threads} list"), 0);
        all.pop();
        all
    };
    assert_eq!(run("1"), run("64"));
}
