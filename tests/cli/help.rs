//! The help of each verb is complete and unlike every other.

use std::fs;

use crate::help_text::{unwrapped, without_colours};
use crate::support::*;

/// Each verb, the first line of its help, and what its long help must say.
const VERBS: [(&str, &str, &[&str]); 23] = [
    ("sum", "Print the digests of files and trees (the default command)", &[]),
    ("check", "Verify files against checksum files or an expected digest", &["BSD-tagged"]),
    (
        "get",
        "Download files; a file appears only once it is verified",
        &["7 refused for safety", "--password, --token and --key say"],
    ),
    (
        "head",
        "Ask a server for a file's size, validators and digests",
        &["--password, --token and --key say where they are"],
    ),
    ("convert", "Convert digests between notations", &[]),
    ("snapshot", "Record the digest, size and time of every file of a tree", &["Symbolic links"]),
    ("audit", "Read a tree again and report what changed since its record", &["3 rot", "ROTTED: "]),
    ("update", "Update a record, reading only files that may have changed", &["3 rot"]),
    ("diff", "Compare two records of a tree, without reading the tree", &[]),
    (
        "hmac",
        "Compute or verify the HMAC of files (RFC 2104)",
        &["Never put the key itself on the command line", "env:NAME, file:PATH"],
    ),
    (
        "sign",
        "Sign a request body for webhooks and APIs",
        &["Never put the key itself on the command line", "env:NAME, file:PATH"],
    ),
    (
        "send",
        "Send a request, signed or not, and print the response",
        &["3, 4, 5 the first digit", "Never put a key, password or token"],
    ),
    (
        "verify-request",
        "Verify a signed request, and explain why it fails",
        &["body-hash-mismatch", "replay key", "Never put the key itself on the command line"],
    ),
    ("keygen", "Generate a random key", &["only its owner can read"]),
    ("schemes", "List the schemes of sign, send and verify-request", &[]),
    ("publish", "Write the checksum files of a release", &["SHA256SUMS"]),
    ("merge", "Merge checksum files of one tree into one list", &["byte order of the names"]),
    ("gnu", "Act as GNU md5sum, sha256sum, b2sum, cksum and the like", &["coreutils"]),
    ("algorithms", "List the algorithms", &[]),
    ("bench", "Measure the speed of this machine, in about ten seconds", &["page cache"]),
    ("self-test", "Test every SIMD kernel on this CPU against known answers", &["wrong answer"]),
    ("completions", "Print a script that completes words in a shell", &["schemes and file names"]),
    ("man", "Write the manual pages: hsum.1, and one for each command", &["its help texts"]),
];

/// The verbs of the program `hsum-server`, which tests/server tests.
const SERVER_VERBS: [(&str, &str); 4] = [
    ("serve", "Serve a directory over HTTPS, with digests of its files"),
    ("listen", "Receive webhooks; print, save or forward those that verify"),
    ("rpc", "Call an XML-RPC method of a server"),
    ("cert", "Make, sign, show and verify certificates and keys"),
];

#[test]
fn each_verb_has_its_own_help() {
    let dir = Dir::new();
    for (verb, title, words) in VERBS {
        for option in ["-h", "--help"] {
            let text = dir.hsum([verb, option]).run().exits(0);
            assert_eq!(text.lines().next(), Some(title), "{verb} {option}");
        }
        let long = unwrapped(&dir.hsum([verb, "--help"]).run().exits(0));
        for word in words.iter().chain(&["Examples: ", "Exit status: 0 "]) {
            assert!(long.contains(word), "{verb} --help does not say '{word}':\n{long}");
        }
        let text = dir.hsum(["help", verb]).run().exits(0);
        assert_eq!(unwrapped(&text), long, "help {verb}");
    }
}

/// The list of commands has the same titles, and no verb that is not in the table.
#[test]
fn the_list_of_commands_is_complete() {
    let dir = Dir::new();
    for words in ["-h", "--help", "help", "help --help", "help help", "help -h"] {
        let text = dir.words(words).run().exits(0);
        let list = text.split_once("\nHash:\n").and_then(|(_, rest)| rest.split_once("\nOptions:"));
        let (list, _) = list.expect("a list of commands");
        let verbs = list.lines().filter_map(|line| line.strip_prefix("  "));
        let mut verbs: Vec<_> = verbs.map(unwrapped).collect();
        verbs.sort_unstable();
        let ours = VERBS.iter().map(|(verb, title, _)| (verb, title));
        let others = SERVER_VERBS.iter().map(|(verb, title)| (verb, title));
        let mut table: Vec<_> =
            ours.chain(others).map(|(verb, title)| format!("{verb} {title}")).collect();
        table.sort_unstable();
        assert_eq!(verbs, table, "{words}");
    }
    let mut titles = VERBS.map(|(_, title, _)| title);
    titles.sort_unstable();
    assert!(titles.windows(2).all(|two| two[0] != two[1]), "two verbs with one title");
}

/// No line of any help is wider than 80 columns, or as the terminal is narrower.
#[test]
fn help_fits_on_a_terminal() {
    let dir = Dir::new();
    let check = |text: &str, width, words: &str| {
        let lines = text.lines();
        let wide = lines.map(without_colours).find(|line| line.chars().count() > width);
        assert_eq!(wide, None, "hsum {words}");
        assert!(!text.contains("\\x0a"), "hsum {words}: {text}");
    };
    for verb in VERBS.map(|(verb, ..)| verb).into_iter().chain([""]) {
        for option in ["-h", "--help"] {
            let words = format!("{verb} {option}");
            let piped = dir.words(&words).run().exits(0);
            check(&piped, 80, &words);
            for (columns, width) in [(80, 80), (200, 80)] {
                let script = format!("stty cols {columns}; \"$HSUM\" {words}");
                let Some(shown) = on_a_terminal(&dir, &script) else { continue };
                let shown = String::from_utf8(shown).expect("UTF-8");
                check(&shown, width, &words);
                let plain: Vec<_> = shown.lines().map(without_colours).collect();
                assert_eq!(plain, piped.lines().collect::<Vec<_>>(), "{words}");
            }
        }
        let lines = |option| dir.words(&format!("{verb} {option}")).run().exits(0).lines().count();
        assert!(lines("-h") < lines("--help"), "{verb}: -h is not shorter");
    }
}

/// `hsum` alone on a terminal shows what to type.
#[test]
fn hsum_alone_shows_what_to_type() {
    let Some(shown) = on_a_terminal(&Dir::new(), "\"$HSUM\" || echo \"status $?\"") else { return };
    let shown = String::from_utf8(shown).expect("UTF-8");
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 6, "{shown}");
    assert!(lines[0].starts_with("hsum: nothing to hash"), "{shown}");
    assert!(lines[1..5].iter().all(|line| line.starts_with("  hsum ")), "{shown}");
    assert_eq!(lines[5], "status 2");
}

/// A wrong command line gives one message in plain words, which names the help of the verb.
#[test]
fn messages_say_what_was_expected() {
    let dir = Dir::with(&["a"]);
    for (words, message) in [
        ("--alogrithm a", "unknown option '--alogrithm'; did you mean '--algorithm'?"),
        ("-j 0 a", "invalid value '0' for '--threads' (expected 1 or more)"),
        ("-j x a", "invalid value 'x' for '--threads' (expected a whole number)"),
        ("-a sha265 a", "--algorithm: unknown algorithm 'sha265'; did you mean sha224 or sha256?"),
        ("--progress no a", "invalid value 'no' for '--progress' (expected auto, always or never)"),
        ("--json --tag a", "'--json' cannot be used with '--tag'"),
        ("-a", "'--algorithm' needs a value"),
        ("get --retries -1 http://h/x", "invalid value '-1' for '--retries' (expected 0 or more)"),
        ("get --decode=1 http://h/x", "'--decode' takes no value"),
        ("keygen --bytes 5", "invalid value '5' for '--bytes' (expected 16 to 4096 bytes)"),
        ("diff a b c@2x", "unexpected argument 'c@2x'"),
        ("audit a", "missing RECORD, as in 'hsum audit photos photos.hsum'"),
        ("snapshot a", "missing --output RECORD, as in 'hsum snapshot photos -o photos.hsum'"),
        ("hmac a", "missing --key SPEC, as in 'hsum hmac --key env:SECRET payload.json'"),
        ("get http://h/x --sig x", "missing --minisign-key KEY|FILE or --gpg-keyring FILE"),
    ] {
        let verb = words.split(' ').next().filter(|word| word.len() > 3 && !word.starts_with('-'));
        let verb = verb.unwrap_or(if words.starts_with("get") { "get" } else { "sum" });
        let help = format!("hsum: Try 'hsum {verb} --help' for more information.\n");
        dir.words(words).gives(2, "", &format!("hsum: {message}\n{help}"));
    }
}

/// The usage does not repeat `argv[0]`, which may contain anything.
#[test]
fn usage_names_hsum() {
    let dir = Dir::new();
    let script = "exec -a \"$(printf 'x\\033[2J')\" \"$HSUM\" convert -h";
    let text = dir.command("bash").args(["-c", script]).run().exits(0);
    assert!(text.contains("Usage: hsum convert ") && !text.contains('\x1b'), "{text:?}");
}

/// Keys and passwords that are typed in the wrong place do not reach a log.
#[test]
fn messages_about_wrong_arguments_show_no_secrets() {
    let dir = Dir::with(&["a"]);
    for words in [
        "get --retries https://u:S3cr3t@h/x",
        "get https://u:S3cr3t?@h:99999/x",
        "get https://h:99999/x?S3cr3t",
        "get https://h/x --auth S3cr3t",
        "gnu https://u:S3cr3t@h/x",
        "keygen https://u:S3cr3t?@h/x",
        "sign -s github --key-format hex:S3cr3t a",
        "sign -s github --strict-key=S3cr3t a",
        "sum -a https://u:S3cr3t@h/x",
    ] {
        let ran = dir.words(words).run();
        ran.is_in(2, b"", "hsum: ");
        assert!(!ran.stderr.contains("S3cr3t"), "{words}: {}", ran.stderr);
    }
}

#[test]
fn unknown_schemes_are_compared_with_the_known_ones() {
    let dir = Dir::with(&["a"]);
    for (name, message) in [
        ("githb", "unknown scheme 'githb'; did you mean 'github'? ('hsum schemes' lists all)"),
        ("paypal", "unknown scheme 'paypal'; 'hsum schemes' lists all"),
        ("a\x1bb", "unknown scheme 'a\\x1bb'; 'hsum schemes' lists all"),
    ] {
        dir.hsum(["verify-request", "-s", name, "-k", "env:K", "a"])
            .env("LC_ALL", "C.UTF-8")
            .refuses(message);
    }
}

/// Without the server program, its commands say how to install it.
#[test]
fn a_missing_server_program_is_named() {
    let dir = Dir::new();
    let program = dir.path("hsum");
    fs::copy(HSUM, &program).expect("a copy");
    for words in [&["serve", "x"][..], &["cert", "--help"], &["help", "rpc"], &["listen"]] {
        let call = dir.command(&program).args(words).env("PATH", dir.path("bin"));
        let message = "hsum: this command needs the program hsum-server, which is neither beside \
            hsum nor in PATH; install it with 'cargo install hsum --features server'\n";
        call.gives(2, "", message);
    }
}
