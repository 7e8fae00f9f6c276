//! Files that are read into memory are limited in size, since they may be endless devices.

use crate::support::*;

/// An address space that suffices for the program and the largest limit in these tests.
const MEMORY: &str = "ulimit -v 1500000";

#[test]
fn endless_devices_are_refused() {
    let dir = Dir::with(&["a"]);
    dir.write("key", "k");
    let url = "http://localhost:1/x --retries 0";
    let too_large = "/dev/zero: File too large (more than ";
    let sums = "longer than";
    for (words, code, message) in [
        ("--files-from /dev/zero".into(), 1, "/dev/zero: 1: name longer than 1048576 bytes"),
        ("hmac -k file:/dev/zero a".into(), 2, "/dev/zero: the key is longer than"),
        ("sign -s github -k file:/dev/zero a".into(), 2, "/dev/zero: the key is longer than"),
        ("sign -s github -k file:key --headers /dev/zero a".into(), 2, too_large),
        ("sign -s jws -k file:key /dev/zero".into(), 2, too_large),
        (
            "verify-request -s github -k file:key --http /dev/zero".into(),
            2,
            "/dev/zero: not an HTTP request",
        ),
        ("verify-request -s github -k file:key --headers /dev/zero a".into(), 2, too_large),
        (format!("send {url} -H @/dev/zero"), 2, too_large),
        (format!("send {url} --netrc=/dev/zero"), 2, too_large),
        (format!("send {url} --cookie-jar /dev/zero"), 2, too_large),
        (format!("send {url} --password file:/dev/zero -u me"), 2, "/dev/zero: the key is longer"),
        (format!("get {url} --no-verify -H @/dev/zero"), 6, too_large),
        (format!("get {url} --no-verify --netrc=/dev/zero"), 2, too_large),
        (format!("get {url} --no-verify --cookie-jar /dev/zero"), 6, too_large),
        (format!("get {url} --pin /dev/zero"), 6, "File too large (more than"),
        (format!("get {url} --sums /dev/zero"), 7, sums),
        (format!("get {url} --metalink /dev/zero"), 7, sums),
        (format!("get {url} --sums a --sig a --gpg-keyring /dev/zero"), 6, "/dev/zero"),
        (format!("get {url} --sums a --sig a --minisign-key /dev/zero"), 6, too_large),
        ("get --from-lock /dev/zero".into(), 7, sums),
        ("check a --sums /dev/zero".into(), 1, sums),
    ] {
        let ran = dir.shell(&format!("{MEMORY}; \"$HSUM\" {words}")).run();
        let got = ran.status.code();
        assert!(
            got == Some(code) && ran.stderr.contains(message),
            "{words}: {got:?} {}",
            ran.stderr
        );
        assert!(ran.stderr.len() < 1000, "{words}: {} bytes of message", ran.stderr.len());
    }
}

/// The names before it are used.
#[test]
fn an_endless_name_is_reported_with_its_line() {
    let dir = Dir::with(&["a", "b"]);
    let long = "x".repeat((1 << 20) + 1);
    dir.write("names", format!("a\n\nb\n{long}\na\n"));
    let message = "hsum: names: 4: name longer than 1048576 bytes\n";
    dir.words("--files-from names").gives(1, list(&["a", "b"]), message);
    dir.write("names", format!("a\0b\0{long}"));
    let message = "hsum: names: 3: name longer than 1048576 bytes\n";
    dir.words("-0 --files-from names").gives(1, list(&["a", "b"]), message);
    // The longest name is passed to the system, which refuses it.
    dir.write("names", format!("{}\na\n", &long[1..]));
    dir.words("--files-from names").run().is_in(1, list(&["a"]).as_bytes(), "File name too long");
}

/// Neither pipes nor process substitutions are refused.
#[test]
fn pipes_are_read_to_their_end() {
    let dir = Dir::with(&["a"]);
    dir.write("key", "k");
    let script = "echo 'X-A: b' | \"$HSUM\" sign -s rfc9421 -k file:key --cover x-a \
                  --headers /dev/stdin --url http://h.test/ --timestamp 1 a";
    let text = dir.shell(script).run().exits(0);
    assert!(text.contains("x-a"), "{text}");
}
