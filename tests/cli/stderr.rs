//! Messages and help that cannot be written are failures.

use crate::support::*;

const FULL: &str = "hsum: write error: No space left on device\n";
const CLOSED: &str = "hsum: write error: Bad file descriptor\n";

/// Runs every verb that prints something and needs no server.
#[test]
fn lost_output_is_a_failure() {
    let dir = Dir::with(&["a", "b", "t/c"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("key", "a key of more than fourteen bytes");
    dir.chmod("key", 0o600);
    dir.hsum(["snapshot", "t", "-o", "record"]).run().exits(0);
    dir.write("t/new", "");
    for words in [
        "--version",
        "-V",
        "--help",
        "-h",
        "help",
        "help sum",
        "get --help",
        "a",
        "--json a",
        "--raw a",
        "-z a",
        "check list",
        "check a --expect sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
        "convert 00000000000000000000000000000000 -a md5 --to base64",
        "audit t record",
        "audit --json t record",
        "update t record",
        "hmac -k file:key a",
        "sign -s github -k file:key a",
        "verify-request -s github -k file:key a",
        "keygen",
        "schemes",
        "algorithms",
        "algorithms --tiers",
        "self-test",
    ] {
        for (to, message) in [("> /dev/full", FULL), (">&-", CLOSED)] {
            // Without findings, `update` still writes its record.
            let script =
                format!("cp record kept; \"$HSUM\" {words} {to}; s=$?; mv kept record; exit $s");
            let ran = dir.shell(&script).run();
            let got = (ran.status.code(), ran.stderr.as_str());
            // Of verbs that read records, 1 means a finding.
            let code = if words.contains(" t record") { 5 } else { 1 };
            assert_eq!(got, (Some(code), message), "{words} {to}");
        }
    }
}

/// Runs that succeed, apart from a message that could not be written.
#[test]
fn a_lost_message_is_a_failure() {
    let dir = Dir::with(&["a", "t/c"]);
    dir.write("list", list(&["a"]) + "bad line\n");
    dir.write("key", " k\n");
    dir.fifo("t/fifo");
    for words in [
        "check list",
        "check --warn list",
        "t",
        "hmac -k file:key a",
        "sign -s raw -k file:key a",
        "snapshot t -o record",
    ] {
        let run = |to: &str| {
            let ran = dir.shell(&format!("rm -f record; \"$HSUM\" {words} {to}")).run();
            (ran.status.code(), ran.stdout)
        };
        let well = run("2>/dev/null");
        assert_eq!(well.0, Some(0), "{words}");
        for to in ["2>/dev/full", "2>&-"] {
            let code = if words.starts_with("snapshot") { 5 } else { 1 };
            assert_eq!(run(to), (Some(code), well.1.clone()), "{words} {to}");
        }
    }
    // A run without a message succeeds.
    for words in ["a", "check --quiet --status list", "--version", "self-test"] {
        for to in ["2>/dev/full", "2>&-"] {
            dir.shell(&format!("\"$HSUM\" {words} {to}")).run().exits(0);
        }
    }
    // A more specific status is kept.
    for (words, code) in [("--nope", 2), ("-a nope a", 2), ("check nope", 1), ("audit t nope", 5)] {
        for to in ["2>/dev/full", "2>&-"] {
            dir.shell(&format!("\"$HSUM\" {words} {to}")).run().exits(code);
        }
    }
}
