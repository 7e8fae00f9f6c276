//! JSON output: docs/json.md and docs/schema hold for every verb.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::schema::validate_output;
use crate::support::*;

/// The key of the calls, which no output may contain.
const KEY: &str = "hunter2-hunter2-hunter2";

/// Calls of verbs and their exit statuses. `get`, `head` and `send` need a server: `tests/fetch`.
const CALLS: &[(&str, &str, i32)] = &[
    ("sum", "t", 0),
    ("sum", "a gone", 1),
    ("sum", "t -a md5,blake3 -o list.json", 0),
    ("sum", "--files-from gone", 1),
    ("check", "list", 0),
    ("check", "bad-list", 1),
    ("check", "bad-list --ignore-missing", 1),
    ("check", "gone", 1),
    ("check", "list.json", 0),
    ("check", "x.sfv", 1),
    ("check", "odd-list", 1),
    ("check", "a -e 00000000000000000000000000000000", 1),
    ("check", "a b --sums list", 0),
    ("check", "list --only a", 0),
    ("merge", "list more", 0),
    ("merge", "list more -o merged", 0),
    ("merge", "list bad-list odd-list gone list.md5 unsorted", 1),
    ("publish", "t", 1),
    ("publish", "p", 0),
    ("publish", "gone", 1),
    ("snapshot", "t -o record", 0),
    ("snapshot", "t -o record", 5),
    ("audit", "t record", 0),
    ("audit", "-v t record", 0),
    ("audit", "changed record", 1),
    ("audit", "t list", 4),
    ("audit", "gone record", 5),
    ("update", "t record", 0),
    ("update", "changed record --allow-missing", 1),
    ("diff", "record old", 1),
    ("diff", "record gone", 5),
    ("hmac", "-k env:KEY a b", 0),
    ("hmac", "-k env:KEY a gone", 1),
    ("hmac", "-k env:KEY -e ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad a", 1),
    ("hmac", "-k env:NONE a", 2),
    ("convert", "-t sri 900150983cd24fb0d6963f7d28e17f72", 0),
    ("convert", "nonsense 900150983cd24fb0d6963f7d28e17f72", 1),
    ("convert", "-t nix32 -", 1),
    ("algorithms", "", 0),
    ("algorithms", "--tiers", 0),
    ("self-test", "", 0),
    ("schemes", "", 0),
    ("keygen", "-o new", 0),
    ("keygen", "-o a", 2),
    ("sign", "-s slack -k env:KEY a", 0),
    ("sign", "-s twilio -k env:KEY --url https://h.test/ a", 0),
    ("sign", "-s slack -k env:NONE a", 2),
    ("verify-request", "-s github -k env:KEY -H X-Hub-Signature-256:sha256=00 --explain a", 1),
    ("verify-request", "-s github -k env:KEY -H X-Hub-Signature-256:sha256=RIGHT a", 0),
    ("verify-request", "-s github -k env:KEY a", 1),
    ("verify-request", "-s github -k file:gone a", 2),
];

/// Verbs without `--json`, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("gnu", "prints what GNU's programs print"),
    ("completions", "prints a script"),
    ("man", "writes manual pages"),
];

/// Creates the directory in which [`CALLS`] run.
fn directory() -> Dir {
    let dir = Dir::with(&["a", "b", "t/c", "t/d/e"]);
    dir.fifo("t/fifo");
    dir.write("t/.hsum-AbC123", "");
    dir.write(name(b"t/\xff\"\n"), "odd");
    dir.hsum(["snapshot", "t", "-o", "old"]).run().exits(0);
    dir.write("changed/d/e", "other");
    dir.write("changed/new", "t/c");
    dir.write("p/x", "");
    let good = list(&["a", "b"]);
    dir.write("list", &good);
    dir.write("more", list(&["b", "c"]));
    dir.write("list.md5", format!("{}  a\n", md5("a")));
    dir.write("unsorted", list(&["d", "c"]));
    dir.write(
        "bad-list",
        good.replace(&sha256("b"), &sha256("a")) + &list(&["gone"]) + "nonsense\n",
    );
    dir.write("x.sfv", "a 00000000\nb 71beeff9\ngone 00000000\n");
    let outside = format!("{{\"name\":\"../x\",\"sha256\":\"{}\"}}", sha256("x"));
    let wrong_size = format!("{{\"name\":\"a\",\"size\":5,\"sha256\":\"{}\"}}", sha256("a"));
    dir.write("odd-list", outside + &wrong_size);
    dir
}

#[test]
fn every_line_matches_the_schema_of_its_verb() {
    let dir = directory();
    let call = |words: &str| dir.words(words).env("KEY", KEY).stdin("abc\n");
    let right = call("hmac -k env:KEY a").run().exits(0);
    let right = right.split(' ').next().expect("a MAC");
    for (verb, words, status) in CALLS {
        let words = format!("{verb} --json {}", words.replace("RIGHT", right));
        let ran = call(&words).run();
        let mut text = String::from_utf8(ran.stdout.clone()).expect("UTF-8");
        assert_eq!(ran.status.code(), Some(*status), "{words}: {text}{}", ran.stderr);
        if words.contains("-o list.json") {
            text = String::from_utf8(dir.read("list.json")).expect("UTF-8");
        }
        validate_output(verb, &text, *status);
        assert!(!text.contains("hunter2"), "{words}: {text}");
        for line in text.lines().filter(|line| line.starts_with("{\"type\":\"error\"")) {
            let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let error = object["error"].as_str().expect("a text");
            let parts: Vec<&str> = error.split(": ").collect();
            let distinct: BTreeSet<&str> = parts.iter().copied().collect();
            assert_eq!(parts.len(), distinct.len(), "{words}: {error}");
        }
        // Whoever forged the request could sign it with the MAC.
        let is_verdict = words.contains(" -e ba78") || *verb == "verify-request";
        assert!(!is_verdict || !text.contains(right), "{words}: {text}");
    }
}

/// Returns the names in the table of verbs.
fn verbs() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/verbs.rs");
    let text = fs::read_to_string(path).expect("verbs.rs");
    let table = text.split("\nverbs! {\n").nth(1).expect("the table of verbs");
    let table = table.split("\n}\n").next().expect("its end");
    let rows = table.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" "));
    // tests/server tests those of the server program.
    let rows = rows.filter(|(_, rest)| rest.contains("=>") && !rest.contains("ServerArgs"));
    rows.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_verb_has_json_or_a_reason_not_to() {
    let dir = Dir::new();
    let verbs = verbs();
    assert!(verbs.len() >= 19, "{verbs:?}");
    for verb in verbs {
        let help = dir.words(&format!("{verb} --help")).run().exits(0);
        let without = WITHOUT.iter().any(|(name, _)| *name == verb);
        assert!(help.contains("--json") != without, "{verb}");
        let schema = format!("{}/docs/schema/{verb}.json", env!("CARGO_MANIFEST_DIR"));
        assert!(Path::new(&schema).exists() != without, "{schema}");
    }
}

/// Returns the reasons in `src`: the words that functions called `reason` or `io_reason` return.
fn reasons() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("src is readable") {
            let path = entry.expect("src is readable").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).expect("UTF-8");
            let starts = ["fn reason(self) ->", "fn reason(&self) ->", "fn io_reason("];
            for function in starts.iter().flat_map(|start| text.split(start).skip(1)) {
                let end = function.find("\n    }\n").or_else(|| function.find("\n}\n"));
                let body = &function[..end.expect("a function ends")];
                let words = body.split("=> \"").skip(1).filter_map(|rest| rest.split_once('"'));
                let words = words.map(|(word, _)| word.to_owned()).collect();
                found.push((path.display().to_string(), words));
            }
        }
    }
    found
}

#[test]
fn every_field_of_a_schema_is_documented() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/json.md")).expect("docs/json.md");
    for entry in fs::read_dir(root.join("docs/schema")).expect("docs/schema") {
        let path = entry.expect("docs/schema").path();
        let schema = fs::read_to_string(&path).expect("UTF-8");
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
        for object in schema["$defs"].as_object().expect("definitions").values() {
            for field in object["properties"].as_object().into_iter().flatten() {
                let field = field.0.trim_end_matches("_base64");
                assert!(page.contains(&format!("`{field}`")), "{path:?}: {field}");
            }
        }
    }
}

#[test]
fn reasons_are_distinct_kebab_case_words_of_the_documentation() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    let page = fs::read_to_string(page).expect("docs/json.md");
    let found = reasons();
    assert!(found.len() >= 8, "{found:?}");
    for (file, words) in found {
        for word in &words {
            let is_kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(word.chars().all(is_kebab), "{file}: {word}");
            assert!(page.contains(&format!("`{word}`")), "docs/json.md lacks {word} of {file}");
        }
        let distinct: BTreeSet<_> = words.iter().collect();
        assert!(distinct.len() == words.len(), "{file}: {words:?}");
    }
}
