//! Checksum files of other formats: recognition, sizes, names, and the output of installed programs.

use crate::support::*;

const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn abc() -> Dir {
    let dir = Dir::new();
    dir.write("abc.bin", "abc");
    dir
}

#[test]
fn a_bare_digest_belongs_to_the_file_beside_it() {
    let dir = abc();
    dir.write("abc.bin.sha256", ABC);
    dir.words("check abc.bin.sha256").prints("abc.bin: OK\n");
    dir.write("down/x", "abc");
    dir.write("down/x.sha512.txt", format!("sha256:{ABC}\n"));
    dir.words("check down/x.sha512.txt").prints("down/x: OK\n");
    dir.write("digest", ABC);
    dir.words("check digest --only abc.bin").prints("abc.bin: OK\n");
    dir.words("check digest").run().is_in(1, b"", "no properly formatted checksum lines");
    dir.words("check --only abc.bin").stdin(ABC).prints("abc.bin: OK\n");
}

#[test]
fn only_the_signed_part_of_a_list_counts() {
    let dir = abc();
    let list = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{ABC}  abc.bin\n\
         -----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n{ABC}  gone\n"
    );
    let note = "hsum: list: the list is signed; the signature is not checked\n";
    dir.write("list", list);
    dir.words("check --strict list").gives(0, "abc.bin: OK\n", note);
    dir.words("check --status list").prints("");
}

#[test]
fn sizes_are_compared_before_digests() {
    let dir = abc();
    dir.write("Manifest", format!("DIST abc.bin 4 SHA256 {ABC}\n"));
    dir.words("check Manifest").gives(
        1,
        "abc.bin: FAILED\n",
        "hsum: abc.bin: 3 bytes (expected 4)\n\
         hsum: WARNING: 1 computed checksum did NOT match\n",
    );
    dir.words("check --status Manifest").gives(1, "", "");
    dir.write("bsd", format!("SHA256 (abc.bin) = {ABC}\nSIZE (abc.bin) = 4\n"));
    let ran = dir.words("check --strict bsd").run();
    ran.is_in(1, b"abc.bin: FAILED\n", "3 bytes (expected 4)\n");
    dir.write("bsd", format!("SHA256 (abc.bin) = {ABC}\nSIZE (abc.bin) = 3\n"));
    dir.words("check --strict bsd").prints("abc.bin: OK\n");
    // A second, different size of the same file is ignored.
    let two = format!("SHA256 (abc.bin) = {ABC}\nSIZE (abc.bin) = 4\nSIZE (abc.bin) = 3\n");
    dir.write("bsd", two);
    dir.words("check bsd").run().is_in(1, b"abc.bin: FAILED\n", "(expected 4)\n");
    let both = format!("DIST abc.bin 3 SHA256 {ABC} MD5 {}\n", md5("other"));
    dir.write("Manifest", both);
    dir.words("check Manifest").run().is_in(1, b"abc.bin: FAILED\n", "did NOT match");
    dir.write("Manifest", format!("DIST abc.bin 3 SHA256 {ABC} MD5 {}\n", md5("abc")));
    dir.words("check Manifest").prints("abc.bin: OK\n");
}

#[test]
fn only_checks_the_named_files() {
    let dir = abc();
    dir.write("b", "abc");
    dir.write("list", format!("{ABC}  abc.bin\n{ABC}  ./b\n{ABC}  gone\n{ABC}  x/c\n"));
    dir.words("check list --only b").prints("b: OK\n");
    dir.words("check list --only b --only ./abc.bin").prints("./abc.bin: OK\nb: OK\n");
    dir.words("check list --only nothing").gives(1, "", "hsum: nothing: not listed\n");
    dir.words("check list --only b --only c").gives(1, "b: OK\n", "hsum: c: not listed\n");
    let ran = dir.words("check list --only gone").run();
    ran.is_in(1, b"gone: FAILED open or read\n", "could not be read");
    // Other files are not opened.
    dir.words("check list --only b --ignore-missing").prints("b: OK\n");
    dir.words("check --only x").run().is_in(1, b"", "no properly formatted checksum lines");
}

#[test]
fn strict_counts_bad_lines_in_lists_without_the_file_of_only() {
    let dir = abc();
    let warning = "hsum: WARNING: 1 line is improperly formatted\n";
    for (name, line) in [("other", format!("{ABC}  gone\n")), ("other.sfv", sfv_of("gone"))] {
        dir.write("list", format!("{ABC}  abc.bin\n"));
        dir.write(name, format!("{line}nonsense\n"));
        let both = format!("check list {name} --only abc.bin");
        dir.words(&both).gives(0, "abc.bin: OK\n", warning);
        dir.words(&format!("{both} --strict")).gives(1, "abc.bin: OK\n", warning);
        dir.words(&format!("{both} --strict --status")).gives(1, "", "");
        // A list without any entry fails, as without --only.
        dir.write(name, "; nothing\n");
        let none = "no properly formatted checksum lines found\n";
        dir.words(&both).run().is_in(1, b"abc.bin: OK\n", none);
    }
}

/// Returns a line of an SFV file with the CRC-32 of "abc".
fn sfv_of(name: &str) -> String {
    format!("; SFV\n{name} 352441C2\n")
}

#[test]
fn base_names_match_only_with_basename() {
    let dir = abc();
    let path = format!("{ABC}  /home/me/build/abc.bin\n{ABC}  386\\b.exe\n");
    dir.write("list", path);
    dir.words("check list --only abc.bin").gives(1, "", "hsum: abc.bin: not listed\n");
    dir.words("check list --only abc.bin --basename").prints("abc.bin: OK\n");
    dir.write("b.exe", "abc");
    dir.words("check list --basename").prints("abc.bin: OK\nb.exe: OK\n");
    dir.mkdir("down");
    dir.write("down/b.exe", "abc");
    dir.words("check list --basename --only down/b.exe").prints("down/b.exe: OK\n");
    dir.write("list", format!("{ABC}  x/abc.bin\n{ABC}  y/abc.bin\n"));
    let ran = dir.words("check list --basename").run();
    ran.is_in(1, b"", "hsum: list: 1: several entries have this base name\n");
    let ran = dir.words("check list --basename --only abc.bin").run();
    ran.is_in(1, b"abc.bin: OK\n", "hsum: list: 2: several entries have this base name\n");
}

#[test]
fn basename_applies_to_sfv_files() {
    let dir = abc();
    let list = "; SFV\nx/abc.bin 352441C2\n./x/abc.bin 352441C2\ny/b.exe 352441C2\n";
    dir.write("list", list);
    dir.write("b.exe", "abc");
    dir.words("check list --basename").prints("abc.bin: OK\nabc.bin: OK\nb.exe: OK\n");
    dir.words("check list --basename --only b.exe").prints("b.exe: OK\n");
    dir.write("list", format!("{list}y/abc.bin 352441C2\n"));
    let refused = |line: u32| format!("hsum: list: {line}: several entries have this base name\n");
    let ran = dir.words("check list --basename").run();
    ran.is_in(1, b"b.exe: OK\n", &[refused(2), refused(3), refused(5)].concat());
    let ran = dir.words("check list --basename --only abc.bin").run();
    ran.is_in(1, b"abc.bin: OK\nabc.bin: OK\n", &refused(5));
    dir.words("check list --basename --only b.exe").prints("b.exe: OK\n");
}

#[test]
fn two_different_digests_of_one_file_fail() {
    let dir = abc();
    dir.write("list", format!("{ABC}  abc.bin\n{}  abc.bin\n", sha256("other")));
    let ran = dir.words("check list --only abc.bin").run();
    ran.is_in(1, b"abc.bin: OK\n", "two different digests of one algorithm for one file");
    dir.words("check list").run().is_in(1, b"abc.bin: OK\nabc.bin: FAILED\n", "did NOT match");
}

#[test]
fn names_that_lead_out_are_refused() {
    let dir = Dir::new();
    dir.write("up", "abc");
    dir.mkdir("down");
    dir.write("down/ok", "abc");
    let list = format!("../up {ABC}\nok {ABC}\n");
    dir.write("down/list", list);
    let refused = "hsum: list: 1: the name leads out of the directory; use --allow-outside to accept it\n\
        hsum: WARNING: 1 listed file was refused\n";
    let in_down = |flags: &str| dir.shell(&format!("cd down && \"$HSUM\" check list {flags}"));
    in_down("").gives(1, "ok: OK\n", refused);
    in_down("--allow-outside").prints("../up: OK\nok: OK\n");
    // GNU lines may name any file.
    dir.write("down/gnu", format!("{ABC}  ../up\n"));
    dir.shell("cd down && \"$HSUM\" check gnu").prints("../up: OK\n");
}

#[test]
fn strong_refuses_weak_entries() {
    let dir = abc();
    dir.write("list", format!("{}  abc.bin\n{ABC}  abc.bin\n", md5("abc")));
    dir.words("check list").prints("abc.bin: OK\nabc.bin: OK\n");
    let refused = "hsum: list: 1: only MD5 or SHA-1 digests; --strong refuses them\n\
        hsum: WARNING: 1 listed file was refused\n";
    dir.words("check --strong list").gives(1, "abc.bin: OK\n", refused);
}

#[test]
fn sfv_files_are_checked() {
    let dir = abc();
    dir.write("my clip.mkv", "other");
    let list = "; Generated by WIN-SFV32\r\n;\r\nabc.bin 352441C2\r\nmy clip.mkv DEADBEEF\r\n";
    dir.write("x.sfv", format!("{list}gone 00000000\r\nnonsense\r\n../up 352441c2\r\n"));
    dir.words("check x.sfv").gives(
        1,
        "abc.bin: OK\n'my clip.mkv': FAILED\ngone: FAILED open or read\n",
        "hsum: gone: No such file or directory\n\
         hsum: x.sfv: 7: the name leads out of the directory; use --allow-outside to accept it\n\
         hsum: WARNING: 1 line is improperly formatted\n\
         hsum: WARNING: 1 listed file could not be read\n\
         hsum: WARNING: 1 computed checksum did NOT match\n\
         hsum: WARNING: 1 listed file was refused\n",
    );
    dir.words("check x.sfv --only abc.bin --quiet").run().is_in(0, b"", "improperly formatted");
    dir.words("check x.sfv --only nothing").run().is_in(1, b"", "hsum: nothing: not listed\n");
    dir.words("check --strong x.sfv").gives(1, "", "hsum: x.sfv: CRC-32 is refused by --strong\n");
    dir.fifo("fifo");
    dir.write("y.sfv", "fifo 00000000\n");
    let message = "hsum: fifo: not a regular file (FIFO)\n";
    dir.words("check y.sfv").run().is_in(1, b"fifo: FAILED open or read\n", message);
}

#[test]
fn files_that_are_not_lists_fail() {
    let dir = abc();
    let none = "no properly formatted checksum lines found\n";
    for (text, word) in [
        ("<!DOCTYPE html><html>404", "hsum: list: 1: an HTML page, not a list of digests\n"),
        ("{\"name\": ", "hsum: list: 1: malformed JSON, XML, TOML, UTF-16 or array\n"),
        ("{\"name\": \"x\"}", none),
        ("__metadata:\n  version: 8\n  checksum: 10c0/ab\n", "archives in Yarn's cache"),
        ("golang.org/x/sys v0.6.0 h1:aQUYkXzVsufM+DwF1aE=\n", "not of the file's bytes\n"),
    ] {
        dir.write("list", text);
        let ran = dir.words("check list").run();
        ran.is_in(1, b"", word);
        assert!(ran.stderr.contains(none), "{}", ran.stderr);
        // A hint follows unless a message already says what the file is.
        assert_eq!(ran.stderr.contains("hint: list has no line"), word == none, "{}", ran.stderr);
    }
}

#[test]
fn truncated_lists_fail() {
    let dir = abc();
    dir.write("list", format!("[{{\"name\": \"abc.bin\", \"sha256\": \"{ABC}\"}},"));
    dir.words("check list").run().is_in(1, b"abc.bin: OK\n", "malformed JSON");
    let file = format!("<file name='abc.bin'><hash type='sha-256'>{ABC}</hash></file>");
    dir.write("list", format!("<metalink>{file}"));
    dir.words("check list").run().is_in(1, b"abc.bin: OK\n", "malformed JSON, XML");
    dir.write("list", format!("; SFV\nabc.bin 352441C2\n{}\n", "x".repeat(20_000)));
    dir.words("check --strict list").run().is_in(1, b"abc.bin: OK\n", "1 line is improperly");
}

#[test]
fn a_mismatch_names_the_entry_whose_digest_the_file_has() {
    let dir = Dir::with(&["a", "b", "c"]);
    dir.write("list", list(&["a", "b"]));
    dir.write("a", "b");
    let hint = "hsum: a: has the digest listed for b\n";
    dir.words("check list").run().is_in(1, b"a: FAILED\nb: OK\n", hint);
    dir.words("check --status list").gives(1, "", "");
    dir.write("a", "");
    dir.words("check list").run().is_in(1, b"a: FAILED\nb: OK\n", "hsum: a: the file is empty\n");
}

#[test]
fn verdicts_are_printed_while_the_list_is_still_written() {
    use std::io::{Read, Write};
    let dir = abc();
    dir.fifo("fifo");
    let mut child = dir.words("check fifo").spawn();
    let mut fifo = open_fifo(&dir.path("fifo"));
    // Hashing starts when the second line has been read.
    fifo.write_all(format!("{ABC}  abc.bin\n").repeat(2).as_bytes()).expect("written");
    let mut first = [0; 24];
    let mut stdout = child.stdout.take().expect("piped");
    stdout.read_exact(&mut first).expect("a verdict before the end");
    assert_eq!(&first, b"abc.bin: OK\nabc.bin: OK\n");
    drop(fifo);
    finish(child).is(0, b"", "");
}

#[test]
fn output_of_other_programs_is_checked() {
    let dir = Dir::new();
    let mut numbers = Numbers::new(6);
    let names = ["a", "b c", "d (e)", "f=g", "h: i", "-j", "k.sha256"];
    for (i, name) in names.iter().enumerate() {
        dir.write(name, numbers.bytes([0, 1, 55, 64, 1000, 70_000, 3][i]));
    }
    let mut ran = 0;
    for (program, options) in [
        ("sha256sum", &["", "--binary", "--tag", "--zero"][..]),
        ("md5sum", &["", "--tag"]),
        ("sha512sum", &["", "--tag"]),
        ("b2sum", &["--tag", "--tag -l 256"]),
        ("cksum", &["-a sha256", "-a md5", "-a blake2b", "-a sm3", "-a sha512 --untagged"]),
        ("openssl", &["dgst -sha256", "dgst -r -sha256", "dgst -md5", "dgst -sha3-256"]),
        ("gpg", &["--print-md sha256", "--print-md md5", "--print-md sha512", "--print-mds"]),
        ("rhash", &["--sha256", "--bsd --sha256", "--bsd -M -H --sha256", "--sfv", "-C"]),
        ("hashdeep", &["-l -c sha256", "-l -c md5,sha256"]),
    ] {
        if !has(program) {
            continue;
        }
        for options in options {
            let files = names.map(|name| format!("'./{name}'")).join(" ");
            let call = format!("GNUPGHOME=. {program} {options} {files} 2>/dev/null");
            let printed = dir.shell(&call).run();
            if printed.stdout.is_empty() || *options == "--zero" {
                continue; // an older one, without that option
            }
            ran += 1;
            let text = String::from_utf8_lossy(&printed.stdout).into_owned();
            let checked = dir.words("check").stdin(printed.stdout).run();
            let message = String::from_utf8_lossy(&checked.stdout).into_owned();
            let about = format!("{call}\n{text}\n{message}{}", checked.stderr);
            assert!(!message.contains("FAILED"), "{about}");
            let each = names.iter().all(|name| message.contains(name));
            assert!(each && message.matches(": OK").count() >= names.len(), "{about}");
            // RIPEMD-160 is not supported.
            let well = *options == "--print-mds" || checked.stderr.is_empty();
            assert!(well && checked.status.success(), "{about}");
        }
    }
    assert!(ran > 0 || !has("sha256sum"));
}

#[test]
fn output_of_powershell_is_checked() {
    let dir = Dir::new();
    let names = ["a", "b c", "d (e)", "f=g"];
    let (mut list, mut table) = (String::new(), String::new());
    table += "\r\nAlgorithm       Hash                                   Path\r\n";
    table += "---------       ----                                   ----\r\n";
    for name in names {
        dir.write(name, name);
        let digest = sha256(name).to_uppercase();
        list +=
            &format!("\r\nAlgorithm : SHA256\r\nHash      : {digest}\r\nPath      : {name}\r\n");
        table += &format!("SHA256          {digest}       {name}\r\n");
    }
    let expected = "a: OK\n'b c': OK\n'd (e)': OK\n'f=g': OK\n";
    for text in [list, table] {
        dir.words("check --strict").stdin(text.clone()).prints(expected);
        let wide = format!("\u{feff}{text}");
        let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_le_bytes).collect();
        dir.words("check --strict").stdin(wide).prints(expected);
    }
}

#[test]
fn sources_without_digests_fail() {
    let dir = Dir::new();
    dir.write("a.tar", b"abc");
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let list = |sums: &str| format!("pkgname=x\nsource=('a.tar' 'b.tar')\nsha256sums=({sums})\n");
    dir.write("PKGBUILD", list(&format!("'{sum}'")));
    dir.hsum(["check", "PKGBUILD"]).run().exits(1);
    dir.write("PKGBUILD", list(&format!("'{sum}' 'SKIP'")));
    dir.hsum(["check", "PKGBUILD"]).run().exits(0);
}

#[test]
fn entries_with_bad_digests_fail_and_are_named() {
    let dir = abc();
    dir.write("LICENSE", "other");
    let good = format!("{{\"name\":\"abc.bin\",\"sha256\":\"{ABC}\"}}");
    let wrong = "0".repeat(64);
    for (field, why) in [
        ("\"sha256\":\"abc\"", "the digest is malformed"),
        ("\"sha256\":\"\"", "the digest is malformed"),
        ("\"sha-256\":\"abc\"", "the digest is malformed"),
        ("\"shasum\":\"abc\"", "the digest is malformed"),
        ("\"hashes\":{\"sha256\":\"abc\"}", "the digest is malformed"),
        ("\"whirlpool\":\"00\"", "unsupported algorithm"),
        ("\"crc32\":\"00000000\"", "unsupported algorithm"),
    ] {
        dir.write("list", format!("[{good},{{\"name\":\"LICENSE\",{field}}}]"));
        for flags in ["", "--strict", "--warn"] {
            let ran = dir.words(&format!("check list {flags}")).run();
            ran.is_in(1, b"abc.bin: OK\n", "hsum: list: 2: LICENSE: ");
            assert!(ran.stderr.contains(why), "{field}: {}", ran.stderr);
            ran.is_in(1, b"abc.bin: OK\n", "WARNING: 1 line is improperly formatted\n");
        }
        dir.words("check list --status").gives(1, "", "");
        let ran = dir.words("check list --only LICENSE").run();
        ran.is_in(1, b"", why);
        assert!(!ran.stderr.contains("not listed"), "{}", ran.stderr);
        // The bad entry of another file is only a warning with --only.
        dir.words("check list --only abc.bin").run().is_in(0, b"abc.bin: OK\n", "improperly");
        dir.words("check LICENSE --sums list").run().is_in(1, b"", why);
    }
    for field in [
        format!("\"sha256\":[\"{wrong}\"]"),
        format!("\"digest\":{{\"sha256\":\"{wrong}\"}}"),
        format!("\"hashes\":[{{\"alg\":\"SHA-256\",\"content\":\"{wrong}\"}}]"),
        format!("\"sha256sum\":\"{wrong}\""),
        format!("\"sha256_hash\":\"{wrong}\""),
        format!("\"sha256Hash\":\"{wrong}\""),
        format!("\"md5sum\":\"{}\"", &wrong[..32]),
    ] {
        dir.write("list", format!("[{good},{{\"name\":\"LICENSE\",{field}}}]"));
        dir.words("check list").run().is_in(1, b"abc.bin: OK\nLICENSE: FAILED\n", "did NOT match");
    }
    dir.write("list", format!("{{\"files\":{{\"LICENSE\":{{\"sha256\":\"{wrong}\"}},\"abc.bin\":{{\"sha256\":[\"{wrong}\",\"{ABC}\"]}}}}}}"));
    dir.words("check list").run().is_in(1, b"LICENSE: FAILED\nabc.bin: OK\n", "did NOT match");
    dir.write("t.lock", format!("files=[{{file=\"LICENSE\", sha256=\"abcd\"}},{{file=\"abc.bin\", sha256=\"{ABC}\"}}]\n[x]\n"));
    dir.words("check t.lock").run().is_in(1, b"abc.bin: OK\n", "t.lock: 1: LICENSE: the digest");
    dir.write(
        "known.txt",
        format!("%%%% HASHDEEP-1.0\n%%%% size,sha256,filename\n3,{ABC},abc.bin\n3,abc,LICENSE\n"),
    );
    dir.words("check known.txt").run().is_in(1, b"abc.bin: OK\n", "known.txt: 4: LICENSE: ");
}

#[test]
fn bad_gnu_lines_are_warnings_unless_only_names_their_file() {
    let dir = abc();
    dir.write("list", format!("{ABC}  abc.bin\nabcd  x\n"));
    let warning = "hsum: WARNING: 1 line is improperly formatted\n";
    dir.words("check list").gives(0, "abc.bin: OK\n", warning);
    dir.words("check list --only abc.bin").gives(0, "abc.bin: OK\n", warning);
    dir.words("check list --only x").run().is_in(1, b"", "list: 2: x: the digest is malformed");
}

#[test]
fn files_listed_without_a_digest_are_warnings() {
    let dir = abc();
    let asset = format!("{{\"name\":\"abc.bin\",\"digest\":\"sha256:{ABC}\"}}");
    dir.write("list", format!("[{asset},{{\"name\":\"old.zip\",\"digest\":null}}]"));
    let message = "hsum: list: 2: old.zip: listed without a digest\n\
        hsum: WARNING: 1 file is listed without a digest\n";
    dir.words("check list").gives(0, "abc.bin: OK\n", message);
    dir.words("check list --strict").gives(1, "abc.bin: OK\n", message);
    dir.words("check list --only old.zip").gives(1, "", message);
    dir.words("check list --only abc.bin").prints("abc.bin: OK\n");
    dir.write("old.zip", "");
    dir.words("check old.zip --sums list").run().is_in(1, b"", "listed without a digest");
}

#[test]
fn a_file_that_was_unreadable_when_hsum_made_the_list_fails() {
    let dir = abc();
    let made = dir.words("sum --json abc.bin gone").run();
    dir.write("list", made.stdout);
    dir.write("gone", "back");
    for flags in ["", "--strict", "--only gone"] {
        let ran = dir.words(&format!("check list {flags}")).run();
        let printed: &[u8] = if flags == "--only gone" { b"" } else { b"abc.bin: OK\n" };
        ran.is_in(1, printed, "hsum: list: 2: gone: no digest: the file could not be read");
    }
}

#[test]
fn headings_name_the_algorithm_in_gentoo_digests() {
    let dir = abc();
    let ran = dir.words("sum -a blake2b -a sha512 --tag abc.bin").run();
    let printed = String::from_utf8(ran.stdout).unwrap();
    let hex: Vec<_> = printed.lines().map(|line| line.rsplit(' ').next().unwrap()).collect();
    let list = format!("# BLAKE2B HASH\n{}  abc.bin\n# SHA512 HASH\n{}  abc.bin\n", hex[0], hex[1]);
    dir.write("DIGESTS", &list);
    for flags in ["", "-a sha512", "-a blake2b"] {
        dir.words(&format!("check {flags} DIGESTS")).prints("abc.bin: OK\nabc.bin: OK\n");
    }
    dir.words("check abc.bin --sums DIGESTS").prints("abc.bin: OK\n");
    let signed = format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{list}-----BEGIN PGP SIGNATURE-----\n"
    );
    dir.write("DIGESTS.asc", signed);
    dir.words("check DIGESTS.asc").run().is_in(0, b"abc.bin: OK\nabc.bin: OK\n", "signed");
    dir.write("abc.bin", "abd");
    dir.words("check DIGESTS").run().is_in(1, b"abc.bin: FAILED\nabc.bin: FAILED\n", "did NOT");
    dir.words("check abc.bin --sums DIGESTS").run().is_in(1, b"abc.bin: FAILED\n", "");
}

#[test]
fn a_dash_in_another_format_is_a_file() {
    let dir = abc();
    dir.write("list", format!("{{\"name\":\"-\",\"sha256\":\"{ABC}\"}}"));
    for flags in ["", "--only -"] {
        let ran = dir.words(&format!("check list {flags}")).stdin("abc").run();
        ran.is_in(1, b"./-: FAILED open or read\n", "No such file");
    }
    dir.write("-", "abc");
    dir.words("check list").stdin("").prints("./-: OK\n");
}

#[test]
fn two_digests_of_one_algorithm_fail_in_every_format() {
    let dir = abc();
    let wrong = sha256("other");
    for text in [
        format!("Origin: x\nSHA256:\n {ABC} 3 abc.bin\n {wrong} 3 abc.bin\n"),
        format!("{{\"name\":\"abc.bin\",\"sha256\":\"{ABC}\",\"digest\":\"sha256:{wrong}\"}}"),
        format!("TIMESTAMP = 1\nSHA256 (abc.bin) = {ABC}\nSHA256 (abc.bin) = {wrong}\n"),
        format!("DIST abc.bin 3 SHA256 {ABC} SHA256 {wrong}\n"),
        format!(
            "<metalink><file name='abc.bin'><hash type='sha-256'>{ABC}</hash><hash type='sha-256'>{wrong}</hash></file></metalink>"
        ),
    ] {
        dir.write("list", &text);
        for call in ["check list", "check list --only abc.bin", "check abc.bin --sums list"] {
            dir.words(call).run().is_in(1, b"", "two different digests of one algorithm");
        }
    }
    dir.write("abc.bin.sha256", format!("{ABC}\n{wrong}\n"));
    for call in
        ["check abc.bin.sha256", "check abc.bin --sums abc.bin.sha256", "check abc.bin --sums auto"]
    {
        let ran = dir.words(call).run();
        assert_eq!(ran.status.code(), Some(1), "{call}: {}", ran.stderr);
        assert!(ran.stderr.contains("two different digests"), "{call}: {}", ran.stderr);
    }
}

#[test]
fn odd_entries_of_json_and_toml_fail() {
    let dir = abc();
    let good = format!("\"good\":{{\"path\":\"abc.bin\",\"sha256\":\"{ABC}\"}}");
    let wrong = sha256("other");
    for odd in [
        format!("{{\"abc.bin\":\"{ABC}\",\"LICENSE\":\"abcd\"}}"),
        format!("{{\"abc.bin\":\"{ABC}\",\"LICENSE\":\"\"}}"),
        format!("{{\"abc.bin\":\"{ABC}\",\"LICENSE\":7}}"),
        "{\"checksums\":{\"LICENSE\":{\"x\":1}}}".into(),
        "{\"name\":\"LICENSE\",\"hashes\":[{\"alg\":\"SHA-256\"}]}".into(),
        "{\"name\":\"LICENSE\",\"hashes\":[{\"alg\":\"SHA-256\",\"content\":{\"x\":1}}]}".into(),
        "{\"name\":\"LICENSE\",\"hashes\":[{}]}".into(),
        "{\"name\":\"LICENSE\",\"xz_url\":\"h://h/x\",\"xz_hash\":{\"x\":1}}".into(),
        format!("{{\"name\":\"LICENSE\",\"contentHash\":\"{wrong}\"}}"),
        "{\"name\":\"LICENSE\",\"packageHash\":\"abcd\"}".into(),
        format!("{{\"name\":\"LICENSE\",\"hexdigest\":\"{wrong}\"}}"),
        "{\"name\":\"LICENSE\",\"sha256_base64\":\"abc=\"}".into(),
        "{\"name\":\"LICENSE\",\"sha1\":\"a9993e364706816aba3e25717850c26c9cd0d89d\",\
          \"integrity\":\"sha512-abc\"}"
            .into(),
    ] {
        dir.write("list", format!("{{{good},\"odd\":{odd}}}"));
        let ran = dir.words("check list").run();
        assert_eq!(ran.status.code(), Some(1), "{odd}: {}", ran.stderr);
    }
    let nameless =
        format!("[{{\"path\":\"abc.bin\",\"sha256\":\"{ABC}\"}},{{\"md5\":\"{wrong}\"}}]");
    dir.write("list", nameless);
    dir.words("check list").run().is_in(1, b"abc.bin: OK\n", "a digest has no file name");
    dir.words("check list --only abc.bin").run().is_in(0, b"abc.bin: OK\n", "");
    dir.write(
        "list",
        format!("pkgname=x\nsha256sums=\"\n{ABC}  abc.bin\n{ABC}  x-${{y//_/-}}\n\"\n"),
    );
    dir.words("check list").run().is_in(1, b"abc.bin: OK\n", "no file name");
}

#[test]
fn digests_of_other_things_are_ignored() {
    let dir = abc();
    let file = format!("{{\"path\":\"abc.bin\",\"hashes\":{{\"sha256\":\"{ABC}\"}}}}");
    for list in [
        format!("{{\"files\":{{\"abc.bin\":\"{ABC}\"}},\"package\":\"{ABC}\"}}"),
        format!("{{\"hashes\":{{\"abc.bin\":{{\"sha256\":\"{ABC}\"}}}}}}"),
        format!("{{\"f\":{file},\"signatures\":[{{\"keyid\":\"{ABC}\",\"sig\":\"{ABC}{ABC}\"}}]}}"),
        format!(
            "{{\"f\":{file},\"packageVerificationCode\":{{\"packageVerificationCodeValue\":\"{ABC}\"}}}}"
        ),
        format!(
            "[r]\ngit_commit_hash = \"{}\"\n[f]\nfile = \"abc.bin\"\nsha256 = \"{ABC}\"\n",
            &ABC[24..]
        ),
        format!("{{\"f\":{file},\"x\":{{\"bin\":{{\"md5\":\"x.js\"}}}}}}"),
        format!("{{\"f\":{file},\"x\":{{\"hash\":{{\"url\":\"h://h/x\",\"regex\":\"y\"}}}}}}"),
        format!(
            "[[package]]\nfile = \"abc.bin\"\nsha256 = \"{ABC}\"\n[package.dependencies]\nmd5 = \"1\"\n"
        ),
    ] {
        dir.write("list", &list);
        dir.words("check --strict list").prints("abc.bin: OK\n");
    }
}
