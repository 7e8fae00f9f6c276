//! A thousand odd names: output that contains them is verified.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use base64ct::{Base64, Encoding};
use serde_json::Value;

use crate::support::*;

/// Returns names with every allowed byte, and with text that shells, terminals and parsers treat
/// specially.
pub(crate) fn odd_names() -> Vec<Vec<u8>> {
    let mut names: BTreeSet<Vec<u8>> = BTreeSet::new();
    for byte in (1..=255).filter(|&byte| byte != b'/') {
        names.insert(vec![b'a', byte, b'z']);
        names.insert(vec![b' ', byte]);
        if byte != b'.' {
            names.insert(vec![byte]);
        }
    }
    let digest = sha256("");
    for name in [
        "new\nline",
        "\n",
        "\r",
        "a\r\n",
        "\\",
        "\\n",
        "\\\\n",
        "a\\",
        "\\\n\\r",
        "it's",
        "\"",
        "'",
        "a'\"b",
        "-",
        "--",
        "--help",
        "-rf",
        "- -",
        "  ",
        " a",
        "a ",
        "*a",
        "**",
        "#comment",
        "..a",
        "...",
        ")",
        "(",
        ") = ",
        "a) = b",
        "a) = 00",
        "(a) = b",
        "SHA256 (a) = 00",
        "=",
        "$HOME",
        "`id`",
        "$(id)",
        "a;b",
        "a&b",
        "a|b",
        "a:b",
        "a: OK",
        "a: OK\nb: FAILED",
        "{}",
        "~",
        "%s%n",
        "a\tb",
        "\u{1b}[31mred",
        "\u{202e}gnp.exe",
        "\u{feff}",
        "\u{2028}",
        "é",
        "e\u{301}",
        "日本",
        "CON",
        "nul",
        "\u{80}",
        "\u{7f}",
    ] {
        names.insert(name.into());
    }
    for name in [&b"\xff\xfe"[..], b"\xc3", b"\xed\xa0\x80", b"a\xc3\n", b"\\\xff", b"\xf0\x9f"] {
        names.insert(name.into());
    }
    names.insert(format!("{digest}  a").into());
    names.insert(format!("{digest} *a\n{digest}  b").into());
    names.insert(vec![b'\n'; 255]);
    names.insert(vec![b'\\'; 255]);
    names.insert(vec![0xff; 255]);
    names.insert(b"x".repeat(255));
    let mut numbers = Numbers::new(5);
    while names.len() < 1000 {
        let length = 1 + numbers.below(255);
        let mut name = numbers.bytes(length);
        name.retain(|&byte| byte != 0 && byte != b'/');
        if !matches!(&name[..], b"" | b"." | b"..") {
            names.insert(name);
        }
    }
    names.into_iter().collect()
}

/// Creates the files in `t`, each with its own name as contents.
fn tree() -> (Dir, Vec<Vec<u8>>) {
    let dir = Dir::new();
    let names = odd_names();
    dir.mkdir("t");
    for odd in &names {
        fs::write(dir.path("t").join(name(odd)), odd).expect("written");
    }
    (dir, names)
}

/// Flips one bit of a file.
fn flip(dir: &Dir, name: &[u8]) {
    let path = dir.path("t").join(OsStr::from_bytes(name));
    let mut contents = fs::read(&path).expect("read");
    contents[name.len() / 2] ^= 4;
    fs::write(path, contents).expect("written");
}

#[track_caller]
fn verifies_and_finds_one_flipped_bit(flags: &str) {
    let (dir, names) = tree();
    assert_eq!(names.len(), 1000);
    let listed = dir.words(flags).args(["t"]).run();
    listed.is(0, &listed.stdout, "");
    dir.write("list", &listed.stdout);
    let ran = dir.words("check --strict list").run();
    let stdout = ran.exits(0);
    assert_eq!((ran.stderr.as_str(), stdout.lines().count()), ("", names.len()));
    assert!(stdout.lines().all(|line| line.ends_with(": OK")));

    for i in [0, 499, 999] {
        flip(&dir, &names[i]);
        let ran = dir.words("check list").run();
        let stdout = ran.exits(1);
        let failed: Vec<usize> = (0..1000)
            .zip(stdout.lines())
            .filter(|(_, l)| l.ends_with(": FAILED"))
            .map(|(n, _)| n)
            .collect();
        assert_eq!((failed, stdout.lines().count()), (vec![i], 1000));
        // The flipped bit may make the file equal to another one.
        let warning = "hsum: WARNING: 1 computed checksum did NOT match\n";
        let rest = ran.stderr.strip_suffix(warning).expect("the warning");
        assert!(rest.lines().all(|line| line.contains(": has the digest listed for ")), "{rest}");
        flip(&dir, &names[i]);
    }
}

#[test]
fn untagged() {
    verifies_and_finds_one_flipped_bit("");
}

#[test]
fn tagged() {
    verifies_and_finds_one_flipped_bit("--tag");
}

#[test]
fn base64_of_sha512() {
    verifies_and_finds_one_flipped_bit("--base64 -a sha512 --tag");
}

#[test]
fn through_a_pipe_and_by_many_threads() {
    let (dir, names) = tree();
    let ran = dir.shell("\"$HSUM\" -j 64 t | \"$HSUM\" check --strict -j 64").run();
    assert_eq!(ran.exits(0).lines().filter(|line| line.ends_with(": OK")).count(), names.len());
}

/// The lines of `-z` are digest, two spaces, name, NUL: the names are read back by `--files-from`.
#[test]
fn nul_terminated() {
    let (dir, names) = tree();
    let ran = dir.words("-z t").run();
    ran.is(0, &ran.stdout, "");
    let lines: Vec<&[u8]> = ran.stdout.split_inclusive(|&byte| byte == 0).collect();
    assert_eq!(lines.len(), names.len());
    let expected: Vec<Vec<u8>> = names.iter().map(|name| [b"t/", &name[..]].concat()).collect();
    let listed: Vec<&[u8]> = lines.iter().map(|line| &line[66..line.len() - 1]).collect();
    assert_eq!(listed, expected);
    let again = dir.words("-z -0 --files-from -").stdin(listed.join(&0)).run();
    again.is(0, &ran.stdout, "");
}

#[test]
fn json() {
    let (dir, names) = tree();
    let text = dir.words("--json t").run().exits(0);
    assert_eq!(text.lines().count(), names.len() + 1);
    for (line, name) in text.lines().zip(&names) {
        let object: Value = serde_json::from_str(line).expect("JSON");
        let path = match (object["path"].as_str(), object["path_base64"].as_str()) {
            (Some(path), None) => path.as_bytes().to_vec(),
            (None, Some(path)) => Base64::decode_vec(path).expect("base64"),
            _ => panic!("{line}"),
        };
        assert_eq!(path, [b"t/", &name[..]].concat());
        assert_eq!(object["digests"]["sha256"], sha256(name));
        assert_eq!(object["size"], name.len());
    }
}

#[test]
fn names_on_the_command_line() {
    let (dir, names) = tree();
    let dashes = names.iter().map(|odd| std::ffi::OsString::from_vec(odd.clone()));
    let mut call = dir.shell("cd t && exec \"$HSUM\" \"$@\"").args(["sh", "--"]);
    call = call.args(dashes.filter(|name| name != "-"));
    let ran = call.run();
    ran.is(0, &ran.stdout, "");
    let ran = dir.shell("cd t && exec \"$HSUM\" check --strict").stdin(ran.stdout).run();
    assert_eq!(ran.exits(0).lines().count(), names.len() - 1);
}

#[test]
fn coreutils_and_hsum_verify_each_other() {
    if !has("sha256sum") {
        return;
    }
    let (dir, names) = tree();
    for tag in ["", "--tag"] {
        dir.hsum(tag.split_whitespace().chain(["-o", "ours", "t"])).prints("");
        let theirs = dir.command("sha256sum").args(["--quiet", "--strict", "-c", "ours"]);
        theirs.prints("");
        let find = format!("find t -type f -print0 | sort -z | xargs -0 sha256sum {tag}");
        let theirs = dir.shell(&find).run().stdout;
        assert!(theirs == dir.read("ours"), "the lists {tag} are not the same");
        let ran = dir.words("check --strict").stdin(theirs).run();
        assert_eq!(ran.exits(0).lines().count(), names.len());
    }
}
