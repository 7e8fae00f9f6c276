//! Secrets are wiped from memory, and kept out of core dumps and from other users.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::support::*;

/// A secret that occurs nowhere else, not even in this test's command lines.
const SECRET: &str = "xJ7-qv0Zt4-Lw9bMh2-cKd5RnY8-secret";

/// Counts `needle` in the writable memory of a process; `None` if the memory cannot be read.
fn occurrences(child: &Child, needle: &[u8]) -> Option<usize> {
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).ok()?;
    let Ok(mut memory) = File::open(format!("/proc/{}/mem", child.id())) else {
        return skip("only root may read the memory of a process");
    };
    let mut count = 0;
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'))?;
        let number = |text| u64::from_str_radix(text, 16).expect("an address");
        let (start, end) = (number(range.0), number(range.1));
        let mut bytes = vec![0; usize::try_from(end - start).expect("a size")];
        memory.seek(SeekFrom::Start(start)).expect("a place");
        // A mapping that cannot be read, such as a guard page, holds nothing.
        if memory.read_exact(&mut bytes).is_ok() {
            count += bytes.windows(needle.len()).filter(|window| *window == needle).count();
        }
    }
    Some(count)
}

fn dir() -> Dir {
    let dir = Dir::new();
    for (name, text) in [
        ("text", SECRET.to_owned()),
        ("hex", hex::encode(SECRET)),
        ("base64", base64(SECRET.as_bytes())),
        // Longer than a block, and therefore hashed first.
        ("long", SECRET.repeat(7)),
    ] {
        dir.write(name, text);
        dir.chmod(name, 0o600);
    }
    dir.fifo("fifo");
    dir
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(bytes)
}

/// Checks that no encoding of the secret is in memory while the program waits for its message.
#[track_caller]
fn is_clean(child: Child, fifo: File, what: &str) {
    let control = occurrences(&child, b"HSUM=/");
    assert!(control.is_none_or(|count| count > 0), "{what}: the environment is not found");
    for needle in [SECRET, &hex::encode(SECRET), &base64(SECRET.as_bytes()), &SECRET[..20]] {
        let found = occurrences(&child, needle.as_bytes());
        assert!(found.is_none_or(|count| count == 0), "{what}: {needle}: {found:?}");
    }
    drop(fifo);
    finish(child);
}

#[test]
fn a_key_is_not_in_memory_while_messages_are_read() {
    let dir = dir();
    for verb in ["hmac", "sign -s github"] {
        for key in [
            "file:text",
            "file:hex --key-format hex",
            "file:base64 --key-format base64",
            "file:long",
        ] {
            let child = dir.words(&format!("{verb} -k {key} fifo")).spawn();
            is_clean(child, open_fifo(&dir.path("fifo")), &format!("{verb} {key}"));
        }
        let words = format!("exec \"$HSUM\" {verb} -k - fifo < text");
        is_clean(dir.shell(&words).spawn(), open_fifo(&dir.path("fifo")), &words);
        let words = format!("exec \"$HSUM\" {verb} -k fd:7 fifo 7< long");
        is_clean(dir.shell(&words).spawn(), open_fifo(&dir.path("fifo")), &words);
    }
}

#[test]
fn verify_request_keeps_the_text_of_the_key_for_explain_only() {
    let dir = dir();
    // The body is opened before the keys are read; what exceeds the pipe's buffer is read afterwards.
    let words = "exec \"$HSUM\" verify-request -s github -k file:text -H X-Hub-Signature-256:sha256=00 < fifo";
    let child = dir.shell(words).spawn();
    let mut fifo = open_fifo(&dir.path("fifo"));
    let mut left = 300_000;
    while left > 0 {
        match fifo.write(&vec![b'.'; left]) {
            Ok(count) => left -= count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(2));
            }
            Err(error) => panic!("{error}"),
        }
    }
    is_clean(child, fifo, "verify-request");
}

/// Searches for the comments of each file: its other text is needed while the program runs.
#[test]
fn the_text_of_netrc_header_and_cookie_files_is_wiped() {
    let dir = dir();
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", server.local_addr().expect("an address"));
    dir.write("netrc", format!("machine 127.0.0.1 login me password x\nmacdef m\n{SECRET}\n\n"));
    dir.write("headers", format!("# {SECRET}\nX-Key: x\n"));
    dir.write("jar", format!("# {SECRET}\n"));
    for words in ["--netrc=netrc", "-H @headers", "--cookie-jar jar"] {
        let mut child = dir.words(&format!("send --retries 0 {words} {url} text")).spawn();
        let (connection, _) = server.accept().expect("a connection");
        let found = occurrences(&child, format!(" {SECRET}").as_bytes());
        let found_in_macro = occurrences(&child, format!("\n{SECRET}").as_bytes());
        drop(connection);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        for found in [found, found_in_macro] {
            assert!(found.is_none_or(|count| count == 0), "{words}: {found:?}");
        }
    }
}

#[test]
fn a_process_with_a_key_is_not_dumped() {
    let dir = dir();
    dir.write("key", SECRET);
    dir.chmod("key", 0o644);
    dir.chmod("fifo", 0o666);
    for args in [
        &["hmac", "-k", "file:key", "fifo"][..],
        &["sign", "-s", "slack", "-k", "file:key", "fifo"],
    ] {
        let Some(call) = dir.powerless(args) else { return };
        let child = call.spawn();
        let fifo = open_fifo(&dir.path("fifo"));
        let process = format!("/proc/{}", child.id());
        if let Ok(limits) = fs::read_to_string(format!("{process}/limits")) {
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            let sizes: Vec<_> = core.expect("a limit").split_whitespace().skip(4).take(2).collect();
            assert_eq!(sizes, ["0", "0"], "{args:?}");
            // The files in `/proc` of a process that cannot be dumped belong to root.
            let owner = fs::metadata(format!("{process}/maps")).expect("metadata").uid();
            assert_eq!(owner, 0, "{args:?}");
        }
        drop(fifo);
        finish(child).exits(0);
    }
}

/// `/proc/self`, which belongs to root then, is not needed to read descriptors.
#[test]
fn descriptors_are_read_without_root() {
    let dir = dir();
    dir.write("body", "Hello, World!");
    dir.write("key", SECRET);
    let Some(plain) = dir.powerless(&["hmac", "-k", "env:KEY", "body"]) else { return };
    let line = plain.env("KEY", SECRET).run().exits(0);
    for words in [
        "cat key | \"$HSUM\" hmac -k - body",
        "cat key | \"$HSUM\" hmac -k fd:0 body",
        "cat key | \"$HSUM\" hmac -k file:/dev/fd/0 body",
        "cat key | \"$HSUM\" hmac -k file:/dev/stdin body",
        "cat key | \"$HSUM\" hmac -k file:/proc/self/fd/0 body",
        "cat key | \"$HSUM\" hmac -k fd:7 body 7<&0 < /dev/null",
        "cat key | \"$HSUM\" hmac -k file:/dev/fd/7 body 7<&0 < /dev/null",
    ] {
        let args = ["--reuid=65534", "--regid=65534", "--clear-groups", "sh", "-c", words];
        let ran = match is_root() {
            true => dir.command("setpriv").args(args).run(),
            false => dir.shell(words).run(),
        };
        assert_eq!(ran.exits(0), line, "{words}");
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[test]
fn every_verb_warns_about_keys_that_others_can_read() {
    let dir = Dir::with(&["tree/a"]);
    dir.write("key", SECRET);
    dir.write("netrc", "machine 127.0.0.1 login me password x\n");
    let verbs = [
        "hmac -k file:key tree/a",
        "snapshot tree -o record -k file:key",
        "audit tree record -k file:key",
        "update tree record -k file:key",
        "diff record record -k file:key",
        "sign -s github -k file:key tree/a",
        "verify-request -s github -k file:key tree/a",
        "send -s github -k file:key --retries 0 http://127.0.0.1:1/ tree/a",
        "get --no-verify --retries 0 --token file:key http://127.0.0.1:1/x",
        "get --no-verify --retries 0 -u me --password file:key http://127.0.0.1:1/x",
        "head --retries 0 --token file:key http://127.0.0.1:1/x",
    ];
    for (mode, exposed) in
        [(0o644, true), (0o640, true), (0o604, true), (0o600, false), (0o400, false)]
    {
        for words in verbs {
            dir.chmod("key", mode);
            let ran = dir.words(words).run();
            let warning = format!("hsum: warning: key: others can read it (mode {mode:04o})\n");
            assert_eq!(ran.stderr.contains(&warning), exposed, "{words} {mode:o}: {}", ran.stderr);
        }
        dir.chmod("netrc", mode);
        let ran = dir.words("head --retries 0 --netrc=netrc http://127.0.0.1:1/x").run();
        assert_eq!(ran.stderr.contains("netrc: others can read it"), exposed, "{}", ran.stderr);
    }
}

#[test]
fn unusable_keys_have_exit_status_2_in_all_verbs() {
    let dir = Dir::with(&["tree/a"]);
    for (key, why) in
        [("", "the key is empty"), (" ", "the key is blank"), ("\t \n", "the key is blank")]
    {
        for words in [
            "hmac -k env:KEY tree/a",
            "sign -s github -k env:KEY tree/a",
            "verify-request -s github -k env:KEY tree/a",
            "snapshot tree -o record -k env:KEY",
            "send -s github -k env:KEY http://127.0.0.1:1/ tree/a",
            "get --no-verify --token env:KEY http://127.0.0.1:1/x",
        ] {
            let ran = dir.words(words).env("KEY", key).run();
            ran.is_in(2, b"", &format!("hsum: environment variable KEY: {why}"));
        }
    }
}

/// The libraries of Standard Webhooks and Svix accept such keys too.
#[test]
fn a_webhook_secret_may_lack_its_prefix() {
    let dir = Dir::new();
    dir.write("b", "{\"a\":1}");
    let sign = |scheme: &str, key: &str| {
        let words =
            format!("sign -s {scheme} -k env:KEY --id m --timestamp 1700000000 --format value b");
        dir.words(&words).env("KEY", key).run()
    };
    const BARE: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for scheme in ["standard-webhooks", "svix", "gitlab"] {
        let expected = sign(scheme, &format!("whsec_{BARE}")).exits(0);
        for key in [BARE.to_owned(), format!("{BARE}\n"), format!("v1,whsec_{BARE}")] {
            let ran = sign(scheme, &key);
            assert_eq!((ran.exits(0), &*ran.stderr), (expected.clone(), ""), "{scheme} {key}");
        }
        for key in ["hunter2-hunter2", &BARE[1..], "whsec_", "v1,MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        {
            let ran = sign(scheme, key);
            ran.is_in(2, b"", "hsum: environment variable KEY: the key is ");
        }
    }
    let hint = sign("svix", "hunter2-hunter2").stderr;
    assert!(
        hint.contains("with or without the prefix 'whsec_'") && hint.contains("--key-format"),
        "{hint}"
    );
}
