//! The help of each verb is complete and unlike every other.

use crate::support::*;

/// Each verb, the first line of its help, and what its long help must say.
const VERBS: [(&str, &str, &[&str]); 20] = [
    ("sum", "Print the digests of files, trees and standard input (the default command)", &[]),
    ("check", "Verify files against checksum files, or against --expect DIGEST", &["BSD-tagged"]),
    (
        "get",
        "Download files; a file appears only once it is verified",
        &["7 refused for safety", "--password, --token and --key say"],
    ),
    (
        "head",
        "Print what a server says about a file: size, validators, digests",
        &["--password, --token and --key say where they are"],
    ),
    ("convert", "Convert digests between notations", &[]),
    ("snapshot", "Record the digest, size and time of every file of a tree", &["Symbolic links"]),
    ("audit", "Read a tree again and report what changed since its record", &["3 rot", "ROTTED: "]),
    ("update", "Bring a record up to date, reading only files that may have changed", &["3 rot"]),
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
        "Send a request, signed if --sign is given, and print the response",
        &["3, 4, 5 the first digit", "Never put a key, password or token"],
    ),
    (
        "verify-request",
        "Verify a signed request, and explain a failure with --explain",
        &["body-hash-mismatch", "replay key", "Never put the key itself on the command line"],
    ),
    ("keygen", "Generate a random key", &["only its owner can read"]),
    ("schemes", "List the schemes of sign, send and verify-request", &[]),
    ("publish", "Write the checksum files of a release", &["SHA256SUMS"]),
    (
        "gnu",
        "Act as md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, b2sum, cksum or sum",
        &["coreutils"],
    ),
    ("algorithms", "List the algorithms", &[]),
    ("bench", "Measure the speed of this machine, in about ten seconds", &["page cache"]),
    ("self-test", "Test every SIMD kernel on this CPU against known answers", &["wrong answer"]),
];

/// Replaces line breaks by spaces, so that their positions do not matter.
fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

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
    let text = Dir::new().hsum(["--help"]).run().exits(0);
    let list = text.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next());
    let list = unwrapped(list.expect("a list of commands"));
    let table: Vec<_> = VERBS.iter().map(|(verb, title, _)| format!("{verb} {title}")).collect();
    let help = "help Print this message or the help of the given subcommand(s)";
    assert_eq!(list, format!("{} {help}", table.join(" ")));
    let mut titles = VERBS.map(|(_, title, _)| title);
    titles.sort_unstable();
    assert!(titles.windows(2).all(|two| two[0] != two[1]), "two verbs with one title");
}

/// The usage does not repeat `argv[0]`, which may contain anything.
#[test]
fn usage_names_hsum() {
    let dir = Dir::new();
    let script = "exec -a \"$(printf 'x\\033[2J')\" \"$HSUM\" convert -h";
    let text = dir.command("bash").args(["-c", script]).run().exits(0);
    assert!(text.contains("Usage: hsum convert ") && !text.contains('\x1b'), "{text:?}");
}
