//! `hsum publish`, and other programs that read its lists.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::*;

fn release() -> Dir {
    let dir = Dir::new();
    for name in ["r/a.iso", "r/sub/b & c.txt", "r/.hidden"] {
        dir.write(name, name);
    }
    dir
}

fn text(dir: &Dir, name: &str) -> String {
    String::from_utf8(dir.read(name)).unwrap()
}

#[test]
fn every_format_is_written() {
    let dir = release();
    let words = ["publish", "r", "-a", "sha256,md5", "--base-url", "https://example.org/r"];
    let report = "r/SHA256SUMS: 3 files\nr/MD5SUMS: 3 files\nr/CHECKSUM: 3 files\n\
                  r/checksums.json: 3 files\nr/integrity.json: 3 files\nr/release.meta4: 3 files\n";
    dir.hsum(words).gives(0, report, "");
    let names = [".hidden", "a.iso", "sub/b & c.txt"];
    let lines = |digest: fn(&str) -> String| {
        names.map(|name| format!("{}  {name}\n", digest(&format!("r/{name}")))).concat()
    };
    assert_eq!(text(&dir, "r/SHA256SUMS"), lines(|contents| sha256(contents)));
    assert_eq!(text(&dir, "r/MD5SUMS"), lines(|contents| md5(contents)));
    let first = sha256("r/.hidden");
    assert!(text(&dir, "r/CHECKSUM").starts_with(&format!("SHA256 (.hidden) = {first}\nMD5 (")));
    let list: Value = serde_json::from_slice(&dir.read("r/checksums.json")).unwrap();
    let asset = &list["assets"][2];
    assert_eq!(asset["name"], "sub/b & c.txt");
    assert_eq!((&asset["size"], list["assets"].as_array().unwrap().len()), (&json!(15), 3));
    assert_eq!(asset["digest"], format!("sha256:{}", sha256("r/sub/b & c.txt")));
    let sri: Value = serde_json::from_slice(&dir.read("r/integrity.json")).unwrap();
    assert!(sri["a.iso"]["integrity"].as_str().unwrap().starts_with("sha256-"));
    let metalink = text(&dir, "r/release.meta4");
    let url = "<url priority=\"1\">https://example.org/r/sub/b%20&amp;%20c.txt</url>";
    assert!(metalink.contains(url), "{metalink}");
}

#[test]
fn earlier_lists_are_not_listed() {
    let dir = release();
    dir.words("publish r").run().exits(0);
    let before = text(&dir, "r/SHA256SUMS");
    dir.write("r/SHA256SUMS.minisig", "x");
    dir.write("r/SHA512SUMS", "x");
    dir.write("r/sub/SHA256SUMS", "listed: it is not at the top");
    let ran = dir.words("publish r").run();
    assert!(text(&dir, "r/SHA256SUMS").contains("  sub/SHA256SUMS\n"));
    let warning = |name: &str| {
        format!("hsum: warning: r/{name}: left by an earlier run; not updated, not listed\n")
    };
    let warnings = warning("SHA256SUMS.minisig") + &warning("SHA512SUMS");
    let report = "r/SHA256SUMS: 4 files\nr/CHECKSUM: 4 files\nr/checksums.json: 4 files\n\
                  r/integrity.json: 4 files\n";
    ran.is(0, report.as_bytes(), &warnings);
    std::fs::remove_file(dir.path("r/sub/SHA256SUMS")).unwrap();
    dir.words("publish r").run().exits(0);
    assert_eq!(text(&dir, "r/SHA256SUMS"), before);
}

#[test]
fn hsum_reads_every_list() {
    let dir = release();
    dir.words("publish r -a sha512,blake3 --base-url https://h/").run().exits(0);
    for list in
        ["SHA512SUMS", "B3SUMS", "CHECKSUM", "integrity.json", "checksums.json", "release.meta4"]
    {
        dir.shell(&format!("cd r && \"$HSUM\" check --status --strict {list}"))
            .env("HSUM", HSUM)
            .gives(0, "", "");
    }
}

#[test]
fn other_programs_read_the_lists() {
    let dir = release();
    dir.write("r/odd\\\nname", "x");
    dir.words("publish r -a sha256,b2 --formats sums,bsd").run().exits(0);
    let judges = ["sha256sum SHA256SUMS", "b2sum B2SUMS", "cksum CHECKSUM"];
    for (program, list) in judges.map(|judge| judge.split_once(' ').unwrap()) {
        let help = Command::new(program).arg("--help").stderr(Stdio::null()).output();
        let knows = help.is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("--check"));
        if !knows {
            let _ = skip::<()>(&format!("no {program} with --check"));
            continue;
        }
        dir.shell(&format!("cd r && {program} --check --status --strict {list}")).gives(0, "", "");
    }
}

#[test]
fn xmllint_reads_the_metalink() {
    let dir = release();
    dir.words("publish r --formats metalink --base-url ftp://example.org").run().exits(0);
    if !has("xmllint") {
        return skip("no xmllint").unwrap_or(());
    }
    let paths = "//*[local-name()='file']/@name";
    let names = dir.shell(&format!("xmllint --xpath \"{paths}\" r/release.meta4")).run().exits(0);
    assert!(names.contains("name=\"sub/b &amp; c.txt\""), "{names}");
}

#[test]
fn a_failed_run_replaces_no_list() {
    let dir = release();
    dir.write("r/SHA256SUMS", "old");
    dir.fifo("r/pipe");
    let words = "r/pipe: not a regular file (FIFO)";
    let ran = dir.words("publish r").run();
    ran.is(1, b"", &format!("hsum: {words}\nhsum: r: no lists written\n"));
    assert_eq!(text(&dir, "r/SHA256SUMS"), "old");
    dir.words("publish r --exclude pipe --formats sums").gives(0, "r/SHA256SUMS: 3 files\n", "");
    dir.write(name(b"r/\xff"), "x");
    dir.write("r/SHA256SUMS", "old");
    let ran = dir.words("publish r --exclude pipe").run();
    ran.is_in(1, b"", "cannot be listed as 'json': the name is not UTF-8");
    assert_eq!(text(&dir, "r/SHA256SUMS"), "old");
    dir.words("publish r --exclude pipe --formats sums,bsd").run().exits(0);
}

#[test]
fn invalid_arguments_are_refused() {
    let dir = release();
    dir.mkdir("empty");
    dir.words("publish nope").gives(1, "", "hsum: nope: No such file or directory\n");
    dir.words("publish r/a.iso").gives(1, "", "hsum: r/a.iso: Not a directory\n");
    dir.words("publish empty").gives(1, "", "hsum: empty: no files to publish\n");
    dir.words("publish r --formats metalink").refuses("needs --base-url");
    dir.words("publish r --formats sri -a md5").run().is_in(1, b"", "has no name for any");
    for url in ["/local", "file:///r", "https://u:secret@h/", "https://h/?q", "https://h/#f"] {
        let ran = dir.hsum(["publish", "r", "--base-url", url]).refuses("--base-url");
        assert!(!ran.stderr.contains("secret"));
    }
    assert!(!dir.path("r/SHA256SUMS").exists());
}

#[test]
fn a_run_says_what_it_published() {
    let dir = release();
    dir.write("r/.hsum-AbC123", "");
    let skipped = "hsum: r/.hsum-AbC123: skipped: ";
    let words = "publish r --formats sums";
    dir.words(words).run().is_in(0, b"r/SHA256SUMS: 3 files\n", skipped);
    dir.words(&format!("{words} -q")).prints("");
    let ran = dir.words(&format!("{words} -v")).run();
    let summary = ran.stderr.lines().last().expect("a summary");
    assert!(summary.starts_with("published 3 files in 1 list, 31 bytes in "), "{summary}");
    assert!(summary.ends_with(" s: 1 SKIPPED"), "{summary}");

    let lines = dir.words(&format!("{words} --json -q")).run().exits(0);
    let lines: Vec<&str> = lines.lines().collect();
    let skipped = r#"{"type":"skipped","path":"r/.hsum-AbC123","reason":"temporary","note":""#;
    assert!(lines[0].starts_with(skipped), "{}", lines[0]);
    assert_eq!(lines[1], r#"{"type":"list","path":"r/SHA256SUMS","files":3}"#);
    let summary = r#"{"type":"summary","schema":1,"verb":"publish","lists":1,"files":3,"failed":0,"skipped":1,"bytes":"#;
    assert!(lines[2].starts_with(summary) && lines[2].ends_with(r#","exit":0}"#), "{}", lines[2]);

    dir.fifo("r/pipe");
    let lines = dir.words(&format!("{words} --json")).run().exits(1);
    let failed = r#"{"type":"error","path":"r/pipe","reason":"fifo","error":"#;
    assert!(lines.contains(failed), "{lines}");
    assert!(lines.contains(r#""lists":0,"files":3,"failed":1,"#), "{lines}");
    let lines = dir.words("publish nope --json").run().exits(1);
    assert!(lines.starts_with(r#"{"type":"error","reason":"#), "{lines}");
}
