//! `hsum check --expect` and `hsum convert`: digests given in any notation.

use crate::support::*;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ABC_MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
const ABC_SRI: &str = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
const ABC_SHA3: &str = "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532";

fn abc() -> Dir {
    let dir = Dir::new();
    dir.write("a", "abc");
    dir
}

#[test]
fn a_file_matches_its_digest() {
    let dir = abc();
    for digest in [
        ABC,
        &ABC.to_uppercase(),
        ABC_SRI,
        &format!("sha256:{ABC}"),
        "ni:///sha-256;ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0",
    ] {
        dir.hsum(["check", "a", "--expect", digest]).prints("a: OK\n");
    }
    dir.hsum(["check", "--quiet", "a", "-e", ABC]).prints("");
    dir.hsum(["check", "--status", "a", "-e", ABC]).prints("");
    dir.hsum(["check", "a", "-a", "sha3-256", "-e", ABC_SHA3]).prints("a: OK\n");
    dir.hsum(["check", "--expect", ABC]).stdin("abc").prints("-: OK\n");
    dir.hsum(["check", "-", "--expect", ABC]).stdin("abc").prints("-: OK\n");
}

#[test]
fn several_digests_must_all_match() {
    let dir = abc();
    let md5 = format!("md5:{ABC_MD5}");
    dir.hsum(["check", "a", "-e", ABC, "-e", &md5]).prints("a: OK\n");
    let wrong = sha256("b");
    let ran = dir.hsum(["check", "a", "-e", &md5, "-e", &wrong]).run();
    ran.is_in(1, b"a: FAILED\n", &format!("hsum: a: expected SHA256 {wrong}\n"));
    assert!(ran.stderr.contains(&format!("hsum: a: got      SHA256 {ABC} of 3 bytes\n")));
    assert!(!ran.stderr.contains("WARNING"), "{}", ran.stderr);
    // Any digest of an algorithm may match if all are in one argument.
    let either = format!("sha256:{wrong} sha256:{ABC}");
    dir.hsum(["check", "a", "-e", &either]).prints("a: OK\n");
}

#[test]
fn several_files() {
    let dir = abc();
    dir.write("b", "abc");
    dir.write("c", "other");
    dir.mkdir("d");
    let ran = dir.hsum(["check", "a", "b", "c", "gone", "d", "-e", ABC]).run();
    let stdout = "d: FAILED open or read\na: OK\nb: OK\nc: FAILED\ngone: FAILED open or read\n";
    ran.is_in(1, stdout.as_bytes(), "hsum: gone: No such file or directory\n");
    assert!(ran.stderr.contains("hsum: d: Is a directory\n"), "{}", ran.stderr);
    dir.hsum(["check", "--status", "c", "-e", ABC]).gives(1, "", "");
}

#[test]
fn weak_digests_cause_a_warning_or_are_refused() {
    let dir = abc();
    let warning = "hsum: WARNING: MD5 alone protects against accidents, not against an attacker\n";
    dir.hsum(["check", "a", "-e", ABC_MD5]).gives(0, "a: OK\n", warning);
    dir.hsum(["check", "a", "-e", ABC_MD5, "--status"]).prints("");
    let refused = "hsum: MD5 alone is refused by --strong\n";
    dir.hsum(["check", "a", "-e", ABC_MD5, "--strong"]).gives(1, "", refused);
    dir.hsum(["check", "a", "-e", ABC_MD5, "-e", ABC, "--strong"]).prints("a: OK\n");
}

#[test]
fn an_invalid_digest_is_wrong_usage() {
    let dir = abc();
    for (digest, word) in [
        ("", "the text is empty"),
        (&ABC[1..], "63 hexadecimal digits"),
        ("sha257:00", "unknown algorithm 'sha257'"),
        ("crc32:352441c2", "CRC-32 is not supported"),
        ("h1:aQUYkXzVsufM+DwF1aE+0xfcU+56JwCaLick0ClmMTw=", "Go's hash of a list"),
        ("sha256:abc", "malformed SHA256 digest (expected 64 hexadecimal digits"),
    ] {
        dir.hsum(["check", "a", "--expect", digest]).refuses(word);
    }
    dir.hsum(["check", "a", "-e", ABC, "--only", "a"]).refuses("cannot be used with");
}

#[test]
fn mismatches_are_explained() {
    let dir = abc();
    let rival = "hsum: a: the expected digest is the SHA3-256 of the file; use -a sha3-256\n";
    dir.hsum(["check", "a", "-e", ABC_SHA3]).run().is_in(1, b"a: FAILED\n", rival);
    let zip = [&b"PK\x03\x04"[..], &[0; 500]].concat();
    let whole_zip = [&zip[..], b"PK\x05\x06", &[0; 18]].concat();
    let mut iso = vec![0; 0x9000];
    iso[0x8000..0x8006].copy_from_slice(b"\x01CD001");
    iso[0x8050..0x8058].copy_from_slice(&[100, 0, 0, 0, 0, 0, 0, 100]);
    iso[0x8080..0x8084].copy_from_slice(&[0, 8, 8, 0]);
    for (name, contents, word) in [
        ("x.tar.gz", b"".to_vec(), "the file is empty"),
        ("x.tar.gz", b"\n <!DOCTYPE HTML>\n<html>".to_vec(), "an HTML page"),
        ("x.tar.gz", b"<html><body>404</body>".to_vec(), "an HTML page"),
        ("x.bin", b"<?xml version='1.0'?><Error>".to_vec(), "an XML error message"),
        ("x.bin", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "a Git LFS pointer"),
        ("x.zip", zip, "truncated: its end is missing"),
        ("x.iso", iso, "truncated: it has 36864 of 204800 bytes"),
        ("x.xz", b"\xfd7zXZ\0abc".to_vec(), "truncated"),
    ] {
        dir.write(name, contents);
        let ran = dir.hsum(["check", name, "-e", ABC]).run();
        ran.is_in(1, format!("{name}: FAILED\n").as_bytes(), word);
    }
    for (name, contents) in
        [("x.html", b"<html>".to_vec()), ("x.zip", whole_zip), ("x.bin", b"any".to_vec())]
    {
        dir.write(name, contents);
        let ran = dir.hsum(["check", name, "-e", ABC]).run();
        ran.is_in(1, format!("{name}: FAILED\n").as_bytes(), "expected");
        assert_eq!(ran.stderr.lines().count(), 2, "{}", ran.stderr);
    }
    let nothing = sha256("");
    let ran = dir.hsum(["check", "a", "-e", &nothing]).run();
    ran.is_in(1, b"a: FAILED\n", "the expected SHA256 is that of an empty file");
}

#[test]
fn digests_are_converted() {
    let dir = Dir::new();
    for (notation, text) in [
        ("hex", ABC),
        ("base64", &ABC_SRI[7..]),
        ("sri", ABC_SRI),
        ("nix32", "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s"),
        ("oci", &format!("sha256:{ABC}")),
        ("repr-digest", "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:"),
        ("ni", "ni:///sha-256;ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"),
        ("bsd", &format!("SHA256 (-) = {ABC}")),
    ] {
        let line = format!("{text}\n");
        dir.hsum(["convert", ABC, "--to", notation]).prints(&line);
        dir.hsum(["convert", text, "-t", "oci"]).prints(format!("sha256:{ABC}\n"));
        let lines = format!("{ABC_SRI}\n\n{ABC}\r\n");
        dir.hsum(["convert", "--to", notation]).stdin(lines).prints(line.repeat(2));
    }
    dir.hsum(["convert", ABC_SRI]).prints(format!("{ABC}\n"));
    dir.hsum(["convert", "-a", "sha3-256", ABC_SHA3, "-t", "oci"])
        .prints(format!("sha3-256:{ABC_SHA3}\n"));
}

#[test]
fn invalid_lines_are_named_and_the_rest_is_converted() {
    let dir = Dir::new();
    dir.hsum(["convert", "nonsense", ABC]).gives(
        1,
        format!("{ABC}\n"),
        "hsum: 'nonsense': not a digest in any known notation\n",
    );
    dir.hsum(["convert", "-"]).stdin(format!("{ABC}\nh1:x\n{ABC}")).run().is_in(
        1,
        format!("{ABC}\n{ABC}\n").as_bytes(),
        "hsum: 'standard input': 2: 'h1:' is Go's hash",
    );
    // The rest of a line that is too long is not read as a digest.
    for filler in [" ", "x"] {
        let long = format!("{}{ABC}\n{ABC}\n", filler.repeat(16 * 1024));
        let message = "hsum: 'standard input': 1: the line is too long\n";
        dir.hsum(["convert"]).stdin(long).gives(1, format!("{ABC}\n"), message);
    }
    let fits = format!("{}{ABC}\n", " ".repeat(16 * 1024 - 65));
    dir.hsum(["convert"]).stdin(fits).prints(format!("{ABC}\n"));
    let ran = dir.hsum(["convert", "-a", "sha3-256", ABC, "--to", "sri"]).run();
    ran.is_in(1, b"", "SHA3-256 digests cannot be written as sri");
    dir.hsum(["convert", ABC, "--to", "nonsense"]).refuses("invalid value 'nonsense'");
}
