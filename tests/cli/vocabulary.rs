//! Options have one name, one meaning and one description in all verbs.

use std::collections::BTreeMap;

use crate::support::*;

const VERBS: [&str; 21] = [
    "sum",
    "check",
    "get",
    "head",
    "convert",
    "snapshot",
    "audit",
    "update",
    "diff",
    "hmac",
    "sign",
    "send",
    "verify-request",
    "keygen",
    "schemes",
    "publish",
    "merge",
    "gnu",
    "algorithms",
    "bench",
    "self-test",
];

/// Short options with two long names, each a hidden name of the other.
const TWO_NAMES: [&str; 1] = ["-j"];

/// Options that have the same description wherever they appear.
const COMMON: [&str; 17] = [
    "--quiet",
    "--verbose",
    "--json",
    "--color",
    "--include",
    "--exclude",
    "--threads",
    "--no-cache",
    "--no-mmap",
    "--progress",
    "--scheme",
    "--signature-header",
    "--strict-key",
    "--presign",
    "--connect-timeout",
    "--auth",
    "--base64",
];

/// The value names that more than one option uses, and a few of single options.
const VALUES: [&str; 35] = [
    "ALG",
    "BITS",
    "DIGEST",
    "DIR",
    "DURATION",
    "ENCODING",
    "FILE",
    "FORMAT",
    "GLOB",
    "ID",
    "KEY|FILE",
    "LINE",
    "LIST",
    "MAC",
    "METHOD",
    "N",
    "N%",
    "NAME",
    "NAME=VALUE",
    "NOTATION",
    "PATTERN",
    "RECORD",
    "SCHEME",
    "SECONDS",
    "SIZE",
    "SPEC",
    "TEXT",
    "URL",
    "URL|FILE",
    "URL|FILE|auto",
    "VERSION",
    "WHEN",
    "PATH",
    "SUMFILE",
    "SHELL",
];

/// An option in the help of a verb.
struct Described {
    short: Option<String>,
    long: String,
    value: Option<String>,
    text: String,
}

/// Returns the options that the help of a verb describes.
fn options_of(dir: &Dir, verb: &str) -> Vec<Described> {
    let help = dir.hsum([verb, "--help"]).run().exits(0);
    let mut options: Vec<Described> = Vec::new();
    let mut in_option = false;
    for line in help.lines().take_while(|line| *line != "Examples:") {
        let words = line.trim_start();
        match line.len() - words.len() {
            2 | 6 if words.starts_with('-') => {
                let (names, value) = words.split_once('<').unwrap_or((words, ""));
                let names = names.replace("[=", "");
                let names: Vec<&str> = names.split([',', ' ']).filter(|n| !n.is_empty()).collect();
                let (short, long) = match &names[..] {
                    [short, long] => (Some((*short).to_owned()), *long),
                    names => (None, names[0]),
                };
                let value = value.trim_end_matches([']', '>']);
                let value = (!value.is_empty()).then(|| value.to_owned());
                options.push(Described { short, long: long.into(), value, text: String::new() });
                in_option = true;
            }
            10.. if in_option => {
                let option = options.last_mut().expect("an option");
                option.text += &format!("{words} ");
            }
            // The default and the possible values follow.
            _ => in_option = false,
        }
    }
    assert!(!options.is_empty(), "{verb}:\n{help}");
    options
}

#[test]
fn an_option_has_one_name_and_one_description() {
    let dir = Dir::new();
    let mut longs: BTreeMap<String, (String, &str)> = BTreeMap::new();
    let mut texts: BTreeMap<String, (String, &str)> = BTreeMap::new();
    for verb in VERBS {
        for option in options_of(&dir, verb) {
            let Described { short, long, value, text } = option;
            let short_name = short.clone().unwrap_or_default();
            if let Some(short) = short.filter(|short| !TWO_NAMES.contains(&&**short)) {
                let (first, other) = longs.entry(short).or_insert((long.clone(), verb));
                assert_eq!(*first, long, "{short_name} in {other} and {verb}");
            }
            if COMMON.contains(&&*long) {
                let (first, other) = texts.entry(long.clone()).or_insert((text.clone(), verb));
                // A verb may say more.
                assert!(text.starts_with(first.trim_end()), "{long} in {other} and {verb}: {text}");
            }
            if let Some(value) = value {
                assert!(VALUES.contains(&&*value), "{verb} {long}: unusual value name {value}");
            }
        }
    }
    for option in COMMON {
        assert!(texts.contains_key(option), "no verb has {option}");
    }
}

/// The options of the vocabulary are in the verbs where they make sense.
#[test]
fn verbs_that_report_share_their_options() {
    let dir = Dir::new();
    for (verbs, names) in [
        (
            "sum check snapshot audit update diff publish get hmac merge",
            "-q --quiet -v --verbose --json --color",
        ),
        ("sum check snapshot audit update publish", "--include --exclude -j --threads --progress"),
        (
            "sum check snapshot publish hmac get merge sign verify-request send head",
            "-a --algorithm",
        ),
        ("check hmac get", "-e --expect"),
        ("sign verify-request send head get", "-s --scheme -k --key -H --header -X --method"),
        ("sign verify-request send head get", "--signature-header --strict-key"),
        ("convert head algorithms schemes bench self-test keygen sign verify-request", "--json"),
        ("get send head", "-u --user"),
        ("sum get send snapshot keygen merge", "-o --output"),
    ] {
        for verb in verbs.split(' ') {
            let options = options_of(&dir, verb);
            for name in names.split(' ') {
                let is_there =
                    options.iter().any(|o| o.long == name || o.short.as_deref() == Some(name));
                // The digest's algorithm is -a.
                let is_other = verb == "get" && name == "--algorithm";
                assert!(is_there || is_other, "{verb} has no {name}");
            }
        }
    }
}

/// Names that options had before are accepted, and not shown.
#[test]
fn earlier_spellings_are_accepted() {
    let dir = Dir::with(&["a", "body"]);
    let key = "a-secret-that-is-long-enough";
    let url = "http://127.0.0.1:1/x";
    for (old, new) in [
        ("sign -s raw -k env:KEY --alg sha512 body", "sign -s raw -k env:KEY -a sha512 body"),
        (
            "sign -s raw -k env:KEY --header X-Sig body",
            "sign -s raw -k env:KEY --signature-header X-Sig body",
        ),
        (
            "sign -s jws -k env:KEY --header X-Sig body",
            "sign -s jws -k env:KEY --signature-header X-Sig body",
        ),
        (
            "sign -s template -k env:KEY --template {body} --header X-Sig:{mac} body",
            "sign -s template -k env:KEY --template {body} --signature-header X-Sig:{mac} body",
        ),
        ("sign -s github -k env:KEY --strict body", "sign -s github -k env:KEY --strict-key body"),
        ("sum --jobs 2 a", "sum --threads 2 a"),
    ] {
        let run = |words: &str| dir.words(words).env("KEY", key).run().exits(0);
        assert_eq!(run(old), run(new), "{old}");
    }
    for words in [
        format!("get --threads 2 --retries 0 --no-verify {url}"),
        format!("get --sign github --key env:KEY --strict-key --retries 0 --no-verify {url}"),
        format!("get --sign raw --key env:KEY --alg sha512 --retries 0 --no-verify {url}"),
        format!("get --auth basic-at-once --retries 0 --no-verify {url}"),
        format!("get --auth asked --retries 0 --no-verify {url}"),
        format!("head --sign raw -k env:KEY --alg sha512 --retries 0 {url}"),
        format!("head -s raw -k env:KEY --signature-algorithm sha512 --retries 0 {url}"),
        format!("get --colour never --retries 0 --no-verify {url}"),
    ] {
        // The arguments are valid; nothing listens there.
        let ran = dir.words(&words).env("KEY", key).run();
        assert_eq!(ran.status.code(), Some(5), "{words}: {}", ran.stderr);
    }
    let ran = dir.words(&format!("send --include --retries 0 {url}")).run();
    ran.is_in(1, b"", "cannot connect");
    for verb in VERBS {
        let help = dir.hsum([verb, "--help"]).run().exits(0);
        for old in ["--alg ", "--sign ", "--strict ", "basic-at-once", "asked"] {
            let is_check = verb == "check" && old == "--strict ";
            assert!(is_check || !help.contains(old), "{verb} --help shows {old}");
        }
    }
}

/// `--header` is a header line in every verb.
#[test]
fn header_is_a_header_line() {
    let dir = Dir::with(&["body"]);
    let call = |words: &str| dir.words(words).env("KEY", "a-secret-that-is-long-enough");
    let signature = call("sign -s github -k env:KEY body").run().exits(0);
    let signature = signature.trim_end();
    let words = ["verify-request", "-s", "github", "-k", "env:KEY", "--header", signature, "body"];
    dir.hsum(words).env("KEY", "a-secret-that-is-long-enough").run().exits(0);
    let refused = "-H: invalid header (expected 'NAME: VALUE')";
    call("sign -s github -k env:KEY --header X-Sig body").refuses(refused);
    call("sign -s raw -k env:KEY --signature-header A --header X-Sig body").refuses(refused);
    // A line with a colon is not the name of the signature's header.
    let both = call("sign -s raw -k env:KEY --header X-Sig:1 --format curl body").run().exits(0);
    assert!(both.contains("X-Sig: 1") && both.contains("X-Signature: "), "{both}");
    // A pattern is not ignored.
    call("sign -s raw -k env:KEY --header X-Sig:{mac} body").refuses("{mac}");
    call("sign -s github -k env:KEY --header X-Sig:{mac} body").refuses("no effect in the scheme");
}

#[test]
fn sizes_and_durations_have_units() {
    let dir = Dir::with(&["body"]);
    let url = "http://127.0.0.1:1/x";
    for words in [
        "--size 1.5K --no-verify",
        "--max-size 12.3GiB --no-verify",
        "--connect-timeout 250ms --stall-timeout 1m --max-time 2h --retry-delay .5s --no-verify",
    ] {
        let ran = dir.words(&format!("get --retries 0 {words} {url}")).run();
        assert_eq!(ran.status.code(), Some(5), "{words}: {}", ran.stderr);
    }
    for (option, expected) in [
        ("--size 5x", "(expected bytes, or a number with K, M, G or T, such as 500K or 2G)"),
        ("--max-size -1", "--max-size"),
        (
            "--max-time 5x",
            "(expected seconds, or a number with ms, s, m, h or d, such as 1.5s or 5m)",
        ),
        ("--retry-delay 1e3", "--retry-delay"),
    ] {
        dir.words(&format!("get {option} --no-verify {url}")).refuses(expected);
    }
    let words = "verify-request -s stripe -k env:KEY --tolerance 1.5 body";
    let text = "(expected a whole number of seconds, such as 90 or 5m)";
    dir.words(words).env("KEY", "k").refuses(text);
    assert_eq!(dir.words("keygen --format hex --bytes .5K").run().exits(0).len(), 2 * 512 + 1);
}
