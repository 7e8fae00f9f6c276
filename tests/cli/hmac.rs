//! `hsum hmac`, with keys from every source except the command line.

use std::fs;
use std::process::Command;

use crate::support::*;

/// RFC 4231, test case 2.
const KEY: &str = "Jefe";
const DATA: &str = "what do ya want for nothing?";
const TAG: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

/// Prepares a directory with the data of the test case in `data`.
fn dir() -> Dir {
    let dir = Dir::new();
    dir.write("data", DATA);
    dir
}

fn with_env(words: &str, key: &str) -> Ran {
    dir().words("hmac --key env:KEY").args(words.split_whitespace()).env("KEY", key).run()
}

/// Runs with the key in a file, in this format.
#[track_caller]
fn with_file(key: impl AsRef<[u8]>, format: &str) -> Ran {
    let dir = dir();
    dir.write("key", key);
    dir.chmod("key", 0o600);
    dir.hsum(["hmac", "--key", "file:key", "--key-format", format, "data"]).run()
}

fn line() -> String {
    format!("{TAG}  data\n")
}

#[test]
fn keys_come_from_the_environment() {
    with_env("data", KEY).is(0, line().as_bytes(), "");
    dir().words("hmac --key env:NOT_THERE data").gives(
        2,
        "",
        "hsum: environment variable NOT_THERE is not set\n",
    );
}

#[test]
fn keys_come_from_a_file() {
    with_file(KEY, "text").is(0, line().as_bytes(), "");
    let missing = "hsum: nope: No such file or directory\n";
    dir().words("hmac --key file:nope data").gives(2, "", missing);
    dir().words("hmac --key file:. data").gives(2, "", "hsum: .: Is a directory\n");
}

#[test]
fn keys_come_from_a_descriptor() {
    let dir = dir();
    dir.write("key", KEY);
    dir.chmod("key", 0o600);
    dir.shell("exec \"$HSUM\" hmac --key fd:7 data 7< key").prints(line());
    dir.shell("printf Jefe | \"$HSUM\" hmac --key fd:0 data").prints(line());
    let ran = dir.words("hmac --key fd:77 data").run();
    ran.is_in(2, b"", "hsum: file descriptor 77: ");
}

#[test]
fn keys_come_from_standard_input() {
    dir().words("hmac --key - data").stdin(KEY).prints(line());
    dir().words("hmac --key - data").stdin("").gives(
        2,
        "",
        "hsum: standard input: the key is empty\n",
    );
}

#[test]
fn standard_input_is_hashed() {
    let dir = dir();
    let expected = format!("{TAG}  -\n");
    dir.words("hmac --key env:KEY").env("KEY", KEY).stdin(DATA).prints(&expected);
    dir.words("hmac --key env:KEY -").env("KEY", KEY).stdin(DATA).prints(&expected);
}

#[test]
fn a_prompt_needs_a_terminal() {
    if !has("setsid") {
        return;
    }
    let args = ["-w", HSUM, "hmac", "--key", "prompt", "data"];
    let ran = dir().command("setsid").args(args).run();
    ran.is_in(2, b"", "hsum: cannot prompt for the key: ");
}

#[test]
fn keys_are_decoded() {
    with_file("4a656665", "hex").is(0, line().as_bytes(), "");
    with_file("4A656665\n", "hex").is(0, line().as_bytes(), "");
    with_file("SmVmZQ==", "base64").is(0, line().as_bytes(), "");
    with_file("SmVmZQ==\r\n", "base64").is(0, line().as_bytes(), "");
    with_file(KEY, "raw").is(0, line().as_bytes(), "");
}

#[test]
fn text_keys_lose_exactly_one_final_newline() {
    with_file("Jefe\n", "text").is(0, line().as_bytes(), "");
    with_file("Jefe\r\n", "text").is(0, line().as_bytes(), "");
    let raw = with_file("Jefe\n", "raw");
    assert_ne!(raw.exits(0), line());
    let inner =
        "hsum: key: a text key has one line; use --key-format raw for a key of several lines\n";
    with_file("Jefe\n\n", "text").is(2, b"", inner);
    with_file("Je\nfe", "text").is(2, b"", inner);
    with_file("\nJefe", "text").is(2, b"", inner);
}

#[test]
fn empty_and_blank_keys_are_refused() {
    let empty = "hsum: key: the key is empty\n";
    for (key, format) in [
        ("", "text"),
        ("\n", "text"),
        ("\r\n", "text"),
        ("", "raw"),
        ("", "hex"),
        ("\n", "hex"),
        ("", "base64"),
    ] {
        with_file(key, format).is(2, b"", empty);
    }
    with_env("data", "").is(2, b"", "hsum: environment variable KEY: the key is empty\n");
    let blank = "hsum: key: the key is blank (white space only)\n";
    for key in [" ", "  \t", " \n", "\t\r\n"] {
        with_file(key, "text").is(2, b"", blank);
    }
}

#[test]
fn keys_that_cannot_be_decoded_are_not_shown() {
    for key in ["4a65666", "4a6566zz", "0x4a656665", "4a 65 66 65", "4a656665\n\n"] {
        with_file(key, "hex").is(2, b"", "hsum: key: the key is not hexadecimal\n");
    }
    for key in ["SmVmZQ", "SmVmZQ=", "SmVmZR==", "SmVm ZQ==", "Sm-_ZQ=="] {
        let message = "hsum: key: the key is not base64 (RFC 4648, section 4, with padding)\n";
        with_file(key, "base64").is(2, b"", message);
    }
}

#[test]
fn raw_keys_have_any_bytes_and_lengths() {
    use hmac::{Hmac, KeyInit, Mac};
    let mut numbers = Numbers::new(4);
    for length in [1, 63, 64, 65, 1000] {
        let key = numbers.bytes(length);
        let mac = <Hmac<sha2::Sha256>>::new_from_slice(&key).expect("any length");
        let tag = hex::encode(mac.chain_update(DATA).finalize().into_bytes());
        with_file(&key, "raw").is(0, format!("{tag}  data\n").as_bytes(), "");
    }
    with_file(vec![1; (1 << 20) + 1], "raw").is_in(2, b"", "longer than 1048576 bytes");
}

#[test]
fn white_space_around_a_key_counts_and_causes_a_warning() {
    let ran = with_file(" Jefe", "text");
    assert_ne!(ran.exits(0), line());
    assert!(ran.stderr.contains("warning: key: the key begins or ends with white space"));
}

#[test]
fn a_key_on_the_command_line_is_refused_and_not_repeated() {
    let secret = "hunter2-S3cr3t";
    for words in [
        format!("hmac --key {secret} data"),
        format!("hmac --key={secret} data"),
        format!("hmac -k {secret} data"),
        format!("hmac -k{secret} data"),
        format!("hmac data --key {secret}"),
        format!("hmac --key fd:{secret} data"),
        format!("hmac --key env:KEY --key {secret} data"),
        format!("hmac --key {secret} --expect zz data"),
        format!("hmac --key {secret} --nonsense data"),
        format!("--key {secret} data"),
        format!("hmac --kee {secret} data"),
        format!("hmac --key {secret} --key-format nonsense data"),
    ] {
        let ran = dir().words(&words).run();
        ran.is_in(2, b"", "");
        assert!(!ran.stderr.contains(secret), "{words}: {}", ran.stderr);
    }
    dir()
        .words(&format!("hmac --key {secret} data"))
        .refuses("never put a key or password on the command line");
    dir().words("hmac data").refuses("--key");
    for spec in ["env:", "file:", "fd:", "fd:-1", "fd:99999999999", "ENV:KEY", "prompt:"] {
        dir().hsum(["hmac", "--key", spec, "data"]).refuses("invalid --key");
    }
}

#[test]
fn the_key_is_not_in_the_process_list() {
    let dir = Dir::new();
    dir.fifo("fifo");
    let child = dir.words("hmac --key env:KEY fifo").env("KEY", "hunter2").spawn();
    let fifo = open_fifo(&dir.path("fifo"));
    if let Ok(line) = fs::read(format!("/proc/{}/cmdline", child.id())) {
        let line = String::from_utf8_lossy(&line);
        assert!(line.contains("env:KEY") && !line.contains("hunter2"), "{line}");
    }
    drop(fifo);
    finish(child).exits(0);
}

#[test]
fn expected_tags_are_compared() {
    with_env(&format!("--expect {TAG} data"), KEY).is(0, b"data: OK\n", "");
    let upper = TAG.to_uppercase();
    with_env(&format!("--expect {upper} data"), KEY).is(0, b"data: OK\n", "");
    with_env(&format!("data --expect {TAG}"), "jefe").is(1, b"data: FAILED\n", "");
    for i in 0..TAG.len() {
        let mut wrong = TAG.to_owned();
        wrong.replace_range(i..=i, if &TAG[i..=i] == "0" { "1" } else { "0" });
        with_env(&format!("data --expect {wrong}"), KEY).is(1, b"data: FAILED\n", "");
    }
}

#[test]
fn a_tag_of_another_length_is_an_error() {
    for tag in [&TAG[..2], &TAG[..32], &TAG[..62], &format!("{TAG}00"), &TAG.repeat(2)] {
        with_env(&format!("--expect {tag} data"), KEY).is_in(
            2,
            b"",
            "--expect: not a MAC of sha256 (expected 64 ",
        );
    }
}

#[test]
fn a_malformed_tag_is_wrong_usage() {
    for tag in ["zz", "abc", &TAG[1..], &format!("{}g", &TAG[1..]), &format!("0x{TAG}")] {
        with_env(&format!("--expect {tag} data"), KEY).is_in(2, b"", "hexadecimal");
    }
    with_env(&format!("--expect {TAG} data data"), KEY).is_in(2, b"", "one file");
    with_env(&format!("--expect {TAG} --tag data"), KEY).is_in(2, b"", "--tag");
}

#[test]
fn a_missing_file_fails_an_expectation() {
    let message = "hsum: nope: No such file or directory\n";
    with_env(&format!("--expect {TAG} nope"), KEY).is(1, b"", message);
}

#[test]
fn key_and_message_cannot_both_be_standard_input() {
    for words in [
        "hmac --key -",
        "hmac --key - -",
        "hmac --key - data -",
        "hmac --key fd:0 -",
        "hmac --key file:/dev/stdin",
        "hmac --key file:/dev/fd/0 -",
        "hmac --key file:/proc/self/fd/0 -",
    ] {
        dir().words(words).stdin(KEY).refuses("standard input");
    }
    dir().words("hmac --key file:/dev/stdin data").stdin(KEY).prints(line());
}

#[test]
fn algorithms_with_hmac_are_accepted() {
    let ran = with_env("-a md5 data", KEY);
    ran.is(0, b"750c783e6ab0b503eaa86e310a5db738  data\n", "");
    with_env("-a shake128 data", KEY).is_in(2, b"", "shake128");
    with_env("-a nonsense data", KEY).is_in(2, b"", "unknown algorithm");
    for algorithm in hsum::Algorithm::ALL.iter().filter(|a| a.block_len().is_some()) {
        let ran = with_env(&format!("-a {algorithm} data"), KEY);
        assert_eq!(ran.exits(0).len(), algorithm.default_len() * 2 + "  data\n".len());
    }
}

#[test]
fn tags_are_printed_in_every_format() {
    let tagged = format!("HMAC-SHA256 (data) = {TAG}\n");
    with_env("--tag data", KEY).is(0, tagged.as_bytes(), "");
    with_env("-z data", KEY).is(0, format!("{TAG}  data\0").as_bytes(), "");
    with_env("--raw data", KEY).is(0, &hex::decode(TAG).expect("hex"), "");
    let base64 = b"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=  data\n";
    with_env("--base64 data", KEY).is(0, base64, "");
    with_env("--raw data data", KEY).is_in(2, b"", "one file");
    let dir = Dir::new();
    dir.write("a\nb", DATA);
    let call = dir.hsum(["hmac", "--key", "env:KEY", "a\nb"]).env("KEY", KEY);
    call.prints(format!("\\{TAG}  a\\nb\n"));
}

#[test]
fn a_missing_file_does_not_stop_the_others() {
    let line = line();
    let message = "hsum: nope: No such file or directory\nhsum: .: Is a directory\n";
    with_env("data nope . data", KEY).is(1, (line.clone() + &line).as_bytes(), message);
}

#[test]
fn tags_match_those_of_openssl() {
    if !has("openssl") {
        return;
    }
    let dir = dir();
    for (algorithm, theirs) in [("md5", "md5"), ("sha1", "sha1"), ("sha3-256", "sha3-256")] {
        let mut openssl = Command::new("openssl");
        let args = ["dgst", "-r", "-mac", "hmac", "-macopt", "key:Jefe"];
        let output = openssl.args(args).arg(format!("-{theirs}")).arg(dir.path("data")).output();
        let output = String::from_utf8(output.expect("openssl").stdout).expect("text");
        let Some((tag, _)) = output.split_once(' ') else { continue };
        let ran = with_env(&format!("-a {algorithm} data"), KEY);
        ran.is(0, format!("{tag}  data\n").as_bytes(), "");
    }
}

#[test]
fn an_expected_mac_is_in_any_notation() {
    let printed = with_env("--base64 data", KEY).exits(0);
    let base64 = printed.split(' ').next().expect("a MAC").to_owned();
    for text in [
        TAG.to_owned(),
        TAG.to_uppercase(),
        format!("sha256={TAG}"),
        format!("sha256:{TAG}"),
        base64.clone(),
        format!("sha256-{base64}"),
        format!("HMAC-SHA256 (data) = {TAG}"),
    ] {
        let run = |text: &str| {
            dir().hsum(["hmac", "-k", "env:KEY", "-e", text, "data"]).env("KEY", KEY).run()
        };
        run(&text).is(0, b"data: OK\n", "");
        // The last digit of hex and the first of base64.
        let other = match text.contains(&base64) {
            true => text.replace('W', "X"),
            false => text.replace("3843", "3844"),
        };
        run(&other).is(1, b"data: FAILED\n", "");
    }
    for (text, word) in [
        (&TAG[..62], "not a MAC of sha256 (expected 64 "),
        (&TAG[..40], "not a MAC of sha256 (expected 64 "),
        (
            "sha1=0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33",
            "the MAC is for sha1 (expected sha256); use -a sha1",
        ),
        ("", "--expect: not a MAC"),
        ("sha265=00", "did you mean"),
    ] {
        let dir = dir();
        dir.hsum(["hmac", "-k", "env:KEY", "-e", text, "data"]).env("KEY", KEY).refuses(word);
    }
}

#[test]
fn the_directory_of_the_option_does_not_move_the_key() {
    let dir = Dir::new();
    dir.write("t/data", DATA);
    dir.write("key", KEY);
    dir.chmod("key", 0o600);
    dir.words("hmac -C t --key file:key data").prints(line());
    dir.words("hmac -C t --key file:gone data").run().is_in(2, b"", "gone: No such file");
    dir.words("hmac -C gone --key file:key data").gives(
        2,
        "",
        "hsum: gone: No such file or directory\n",
    );
}

#[test]
fn comparisons_are_reported_as_in_other_verbs() {
    let expect = |more: &str, key: &str| with_env(&format!("-e {TAG} {more} data"), key);
    expect("-q", KEY).is(0, b"", "");
    expect("-q", "other").is(1, b"data: FAILED\n", "");
    expect("--color always", KEY).is(0, b"data: \x1b[2mOK\x1b[0m\n", "");
    expect("--color always", "other").is(1, b"data: \x1b[31mFAILED\x1b[0m\n", "");
    expect("-v", KEY).is_in(0, b"data: OK\n", "hashed 1 file, 28 bytes in ");
    expect("-v", "other").is_in(1, b"data: FAILED\n", ": 1 FAILED\n");
    with_env("-v data", KEY).is_in(0, line().as_bytes(), "hashed 1 file, 28 bytes in ");
    with_env("-v -q data", KEY).is(0, line().as_bytes(), "");
}
