//! Hints of `hsum check` for lists with which nothing can be verified.

use crate::support::*;

/// Fails unless the last message is this hint.
#[track_caller]
fn hints(ran: &Ran, hint: &str) {
    let last = ran.stderr.lines().last().unwrap_or_default();
    assert_eq!(last, format!("hsum: hint: {hint}"), "all: {}", ran.stderr);
    assert_eq!(ran.stderr.matches("hsum: hint: ").count(), 1, "{}", ran.stderr);
}

/// Runs the command at the end of the hint, which must succeed.
#[track_caller]
fn follow(dir: &Dir, ran: &Ran) -> String {
    let (_, command) = ran.stderr.trim_end().rsplit_once("use: ").expect("a command");
    dir.shell(&command.replace("hsum ", "\"$HSUM\" ")).run().exits(0)
}

#[test]
fn files_beside_the_list_or_above() {
    let dir = Dir::with(&["rel/one", "rel/two", "three", "sub/x"]);
    dir.shell("cd rel && \"$HSUM\" one two > SHA256SUMS && cp SHA256SUMS ../sub/up").prints("");
    let ran = dir.words("check rel/SHA256SUMS").run();
    hints(&ran, "the listed files are beside the list; use: hsum check -C rel rel/SHA256SUMS");
    assert_eq!(follow(&dir, &ran), "one: OK\ntwo: OK\n");
    dir.write("sub/list", list(&["three"]));
    let ran = dir.shell("cd sub && \"$HSUM\" check list").run();
    hints(&ran, "the listed files are in ..; use: hsum check -C .. list");
    // Nothing helps, or not most files are missing.
    let ran = dir.words("check sub/up").run();
    assert!(!ran.stderr.contains("hint"), "{}", ran.stderr);
    dir.write("rel/most", list(&["three", "one"]));
    let ran = dir.words("check rel/most").run();
    assert!(!ran.stderr.contains("hint"), "{}", ran.stderr);
    let ran = dir.words("check --status rel/SHA256SUMS").run();
    assert!(!ran.stderr.contains("hint"), "{}", ran.stderr);
}

#[test]
fn names_that_are_written_in_another_way() {
    let dir = Dir::with(&["sub/big.bin", "new", "Photo.JPG"]);
    dir.write("é", "é");
    dir.write("windows", format!("{}  .\\sub\\big.bin\n", sha256("sub/big.bin")));
    let ran = dir.words("check windows").run();
    hints(
        &ran,
        "the list has '\\' in names, which are here with '/'; use: tr '\\\\' / < windows | hsum check",
    );
    assert_eq!(follow(&dir, &ran), "./sub/big.bin: OK\n");
    // Standard input has no name to redirect.
    let ran = dir.words("check").stdin(std::fs::read(dir.path("windows")).expect("written")).run();
    hints(
        &ran,
        "the list has '\\' in names, which are here with '/'; use: tr '\\\\' / | hsum check",
    );
    dir.write("nested", format!("{}  dist/new\n", sha256("new")));
    let ran = dir.words("check nested").run();
    hints(&ran, "the listed files are here without their directories; use --basename");
    dir.words("check --basename nested").prints("new: OK\n");
    dir.write("case", list(&["photo.jpg"]));
    let case = "photo.jpg is here as Photo.JPG, which differs in the case of letters; \
                rename it, or change the list";
    hints(&dir.words("check case").run(), case);
    // One missing file is enough, unless missing files are ignored.
    dir.write("one", list(&["new", "photo.jpg", "é"]));
    hints(&dir.words("check one").run(), case);
    dir.words("check --ignore-missing one").env("LC_ALL", "C.UTF-8").prints("new: OK\né: OK\n");
    dir.write("nfd", list(&["e\u{301}"]));
    let ran = dir.words("check nfd").env("LC_ALL", "C.UTF-8").run();
    let nfd = "e\u{301} is here as é, which differs in its Unicode normalization; \
               rename it, or change the list";
    hints(&ran, nfd);
    dir.write("x.sfv", "; SFV\nPHOTO.jpg 00000000\n");
    assert!(dir.words("check x.sfv").run().stderr.contains("is here as Photo.JPG"));
}

#[test]
fn a_record_elsewhere() {
    let dir = Dir::with(&["t/a"]);
    dir.words("snapshot t -o t.hsum").prints("");
    let ran = dir.words("check t.hsum").run();
    let hint =
        "the names in t.hsum are relative to the recorded tree; use -C TREE, or 'hsum audit'";
    hints(&ran, hint);
    dir.words("check -C t t.hsum").run().is_in(0, b"a: OK\n", "");
}

#[test]
fn paths_that_are_not_lists() {
    let dir = Dir::with(&["notes.txt"]);
    dir.write("iso", [vec![0; 0x8001], b"CD001".to_vec()].concat());
    dir.write("zip", "PK\x03\x04...");
    dir.write("bin", "\x01\0\x02");
    dir.write("x.gz", b"\x1f\x8b\x08");
    dir.write("s.asc", "-----BEGIN PGP SIGNATURE-----\n\niQ==\n");
    dir.write("none", "");
    dir.write("d/SHA256SUMS", "");
    let advice = "; to verify it, use --sums auto or --expect DIGEST";
    for (path, hint) in [
        ("notes.txt", format!("notes.txt has no line with a digest and a file name{advice}")),
        ("iso", format!("iso is an ISO image, not a checksum file{advice}")),
        ("zip", format!("zip is a zip archive, not a checksum file{advice}")),
        ("bin", format!("bin is binary data, not a checksum file{advice}")),
        ("x.gz", format!("x.gz is a gzip file, not a checksum file{advice}")),
        ("s.asc", "s.asc is a signature; name the list that it signs".into()),
        ("none", "none is empty".into()),
        ("d", "use: hsum check -C d d/SHA256SUMS".into()),
        (
            "https://example.org/x",
            "to download and verify a file, use: hsum get 'https://example.org/x' --sums auto"
                .into(),
        ),
        (
            "https://u:pw@example.org/x",
            "to download and verify a file, use: hsum get URL --sums auto".into(),
        ),
        (
            "ftp://example.org/SHA256SUMS",
            "to check FILE with a list at a URL, use: hsum check FILE --sums \
             'ftp://example.org/SHA256SUMS'"
                .into(),
        ),
    ] {
        let ran = dir.hsum(["check", path]).run();
        ran.exits(1);
        hints(&ran, &hint);
    }
    hints(&dir.shell("cd d && \"$HSUM\" check .").run(), "use: hsum check SHA256SUMS");
    // Each of several is explained; standard input is not a file.
    let ran = dir.words("check iso zip").run();
    assert_eq!(ran.stderr.matches("hsum: hint: ").count(), 2, "{}", ran.stderr);
    dir.words("check").stdin("x").gives(
        1,
        "",
        "hsum: 'standard input': no properly formatted checksum lines found\n",
    );
}

#[test]
fn a_compressed_list() {
    let dir = Dir::with(&["a"]);
    dir.write("SHA256SUMS", list(&["a"]));
    dir.shell("gzip SHA256SUMS").prints("");
    let ran = dir.words("check SHA256SUMS.gz").run();
    hints(&ran, "SHA256SUMS.gz is compressed; use: gzip -dc SHA256SUMS.gz | hsum check");
    assert_eq!(follow(&dir, &ran), "a: OK\n");
}

#[test]
fn no_list_on_a_terminal_is_wrong_usage() {
    let Some(shown) = on_a_terminal(&Dir::new(), "\"$HSUM\" check; echo $?") else { return };
    let text = String::from_utf8_lossy(&shown);
    assert!(
        text.contains("standard input is a terminal; use '-'") && text.ends_with("2\n"),
        "{text}"
    );
}
