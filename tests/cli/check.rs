//! `hsum check`: checksum files in all formats, files in all states.

use std::os::unix::net::UnixListener;

use crate::support::*;

/// Checks a checksum file in a directory with the files `a` and `b`, which contain their own names.
fn check(lines: impl AsRef<[u8]>, flags: &str) -> Ran {
    let dir = Dir::with(&["a", "b"]);
    dir.write("list", lines);
    dir.words("check list").args(flags.split_whitespace()).run()
}

#[test]
fn every_format_of_line() {
    let (sha, md) = (sha256("a"), md5("a"));
    for line in [
        format!("{sha}  a"),
        format!("{sha} *a"),
        format!("{sha}\t a"),
        format!(" \t{sha}  a"),
        format!("{sha} a"),
        format!("{}  a", sha.to_uppercase()),
        format!("SHA256 (a) = {sha}"),
        format!("SHA256 (a) = {}", sha.to_uppercase()),
        format!("SHA256(a)= {sha}"),
        format!("SHA2-256(a)= {sha}"),
        format!("SHA256 (a)={sha}"),
        format!("sha-256 (a) = {sha}"),
        format!("MD5 (a) = {md}"),
        format!("{md}  a"),
        "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=  a".into(),
        "SHA256 (a) = ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=".into(),
        format!("\\{sha}  a"),
        format!("\\SHA256 (a) = {sha}"),
    ] {
        for end in ["\n", "\r\n", ""] {
            check(format!("{line}{end}"), "--strict").is(0, b"a: OK\n", "");
        }
    }
}

#[test]
fn lines_that_are_not_entries() {
    let sha = sha256("a");
    for line in [
        "nonsense".into(),
        sha.clone(),
        format!("{sha} "),
        format!(" # {sha}  a"),
        format!("{}  a", &sha[1..]),
        format!("{sha}0  a"),
        format!("{}!  a", &sha[1..]),
        format!("SHA256 (a) = {} ", sha),
        format!("SHA256 (a) {sha}"),
        format!("SHA256 (a = {sha}"),
        format!("SHA256 () = {sha}"),
        format!("SHA256  (a) = {sha}"),
        format!("SHA256 (a) = {}", md5("a")),
        format!("MD5 (a) = {sha}"),
        format!("BLAKE2b-256 (a) = {}", &sha[2..]),
        format!("SHA999 (a) = {sha}"),
        format!("MD5-64 (a) = {}", &md5("a")[..16]),
        format!("SHA256 (a) = {}", &sha[..62]),
        format!("\\{sha}  a\\t"),
        format!("\\{sha}  a\\"),
        format!("{sha}  a\0b"),
        format!("{sha}  a\0"),
        "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs  a".into(),
        "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLt=  a".into(),
    ] {
        let message = "hsum: list: no properly formatted checksum lines found\n";
        check(format!("{line}\n"), "").is_in(1, b"", message);
    }
}

#[test]
fn blanks_brackets_and_escapes_belong_to_the_name() {
    let sha = sha256("a");
    for (line, name) in [
        (format!("{sha}   a"), "' a'"),
        (format!("{sha}  a "), "'a '"),
        (format!("{sha} ** a"), "'* a'"),
        (format!("{sha}  a\\nb"), "'a\\nb'"),
        (format!("SHA256 (a) b) = {sha}"), "'a) b'"),
        (format!("SHA256 (a\\nb) = {sha}"), "'a\\nb'"),
        (format!("{sha} (a) = b"), "'(a) = b'"),
        (format!("\\{sha}  a\\nb"), "'a'$'\\n''b'"),
        (format!("\\SHA256 (a\\\\b) = {sha}"), "'a\\b'"),
    ] {
        let ran = check(format!("{line}\n"), "");
        let stdout = format!("{name}: FAILED open or read\n");
        ran.is_in(1, stdout.as_bytes(), &format!("hsum: {name}: No such file or directory\n"));
    }
}

#[test]
fn a_list_may_mix_algorithms_and_formats() {
    let dir = Dir::with(&["a", "b"]);
    let tagged = dir.words("--tag -a md5,sha1,sha512-256,sha3-384,shake128,blake2s,blake3 a b");
    let mut lines = tagged.run().exits(0);
    lines += &dir.words("-a sha384 a").run().exits(0);
    lines += &dir.words("--tag -a blake2b-8,blake3-512,shake256-24 --base64 b").run().exits(0);
    lines += &list(&["b"]);
    dir.words("check --strict")
        .stdin(lines)
        .prints("a: OK\n".repeat(7) + &"b: OK\n".repeat(7) + "a: OK\n" + &"b: OK\n".repeat(4));
}

#[test]
fn output_of_every_algorithm_and_format_is_verified() {
    let dir = Dir::with(&["a"]);
    for algorithm in hsum::Algorithm::ALL {
        let name = algorithm.name();
        for form in ["--tag", "--tag --base64", "", "--base64"] {
            let lines = dir.words(form).args(["-a", name, "a"]).run().exits(0);
            let by_name = ["check", "--strict", "-a", name];
            dir.hsum(by_name).stdin(lines.clone()).prints("a: OK\n");
            if form.starts_with("--tag") {
                dir.words("check --strict").stdin(lines).prints("a: OK\n");
            }
        }
    }
}

#[test]
fn untagged_lines_of_other_algorithms_need_a_name() {
    let dir = Dir::with(&["a"]);
    let lines = dir.words("-a sha3-256 a").run().stdout;
    dir.words("check -a sha3-256").stdin(lines.clone()).prints("a: OK\n");
    let ran = dir.words("check").stdin(lines).run();
    ran.is_in(1, b"a: FAILED\n", "WARNING: 1 computed checksum did NOT match");
    let short = dir.words("-a blake2b-128 a").run().stdout;
    dir.words("check -a blake2b").stdin(short.clone()).prints("a: OK\n");
    dir.words("check -a blake2b-128").stdin(short.clone()).prints("a: OK\n");
    dir.words("check -a blake2b-256").stdin(short).run().is_in(1, b"", "no properly formatted");
    dir.words("check -a nonsense").refuses("unknown algorithm");
}

#[test]
fn comments_and_blank_lines_are_ignored() {
    let lines = format!("# comment\n\n#\n\r\n{}# end", list(&["a"]));
    check(lines, "--strict").is(0, b"a: OK\n", "");
}

#[test]
fn lists_without_entries_fail() {
    let message = "hsum: list: no properly formatted checksum lines found\n";
    for flags in ["", "--quiet", "--warn", "--ignore-missing"] {
        check("", flags).is(1, b"", &format!("{message}hsum: hint: list is empty\n"));
        check("# only\n\n# comments\n", flags).is_in(1, b"", message);
    }
    check("", "--status").is(1, b"", message);
}

/// Returns a list of a, which matches; b, which does not; a missing file; and a bad line.
fn mixed_list() -> String {
    let wrong = format!("{}  b\n", sha256("B"));
    list(&["a"]) + &wrong + &list(&["gone"]) + "nonsense\n"
}

const WARNINGS: &str = "hsum: WARNING: 1 line is improperly formatted\n\
    hsum: WARNING: 1 listed file could not be read\n\
    hsum: WARNING: 1 computed checksum did NOT match\n";
const GONE: &str = "hsum: gone: No such file or directory\n";
const REASON: &str = "hsum: list: 4: improperly formatted checksum line: \
    the line starts with neither a digest nor an algorithm\n";

#[test]
fn results_and_warnings() {
    let all = "a: OK\nb: FAILED\ngone: FAILED open or read\n";
    let failed = "b: FAILED\ngone: FAILED open or read\n";
    let (quiet, loud) = (format!("{GONE}{WARNINGS}"), format!("{GONE}{REASON}{WARNINGS}"));
    for (flags, stdout, stderr) in [
        ("", all, quiet.as_str()),
        ("--quiet", failed, &quiet),
        ("--status", "", GONE),
        ("--warn", all, &loud),
        ("-w", all, &loud),
        // The last option counts.
        ("--status --quiet", failed, &quiet),
        ("--quiet --status", "", GONE),
        ("--quiet --warn", all, &loud),
        ("--warn --quiet", failed, &quiet),
        ("--warn --status", "", GONE),
        ("--status -w", all, &loud),
        ("--quiet --warn --status", "", GONE),
        ("--status --warn --quiet", failed, &quiet),
        ("--warn --warn", all, &loud),
        ("--quiet --quiet", failed, &quiet),
    ] {
        let ran = check(mixed_list(), flags);
        assert_eq!(ran.exits(1), stdout, "{flags}");
        assert_eq!(ran.stderr, stderr, "{flags}");
    }
}

#[test]
fn warnings_use_the_plural() {
    let wrong = |name| format!("{}  {name}\n", sha256("no"));
    let lines = "x\ny\n".to_owned() + &wrong("a") + &wrong("b") + &wrong("g") + &wrong("h");
    check(lines, "--quiet").is(
        1,
        b"a: FAILED\nb: FAILED\ng: FAILED open or read\nh: FAILED open or read\n",
        "hsum: g: No such file or directory\n\
         hsum: h: No such file or directory\n\
         hsum: WARNING: 2 lines are improperly formatted\n\
         hsum: WARNING: 2 listed files could not be read\n\
         hsum: WARNING: 2 computed checksums did NOT match\n",
    );
}

#[test]
fn strict_fails_on_bad_lines() {
    let lines = list(&["a"]) + "nonsense\n";
    let warning = "hsum: WARNING: 1 line is improperly formatted\n";
    check(&lines, "").is(0, b"a: OK\n", warning);
    check(&lines, "--strict").is(1, b"a: OK\n", warning);
    check(&lines, "--strict --status").is(1, b"", "");
    check(&lines, "--status").is(0, b"", "");
}

#[test]
fn ignore_missing() {
    let missing = list(&["gone", "a", "away"]);
    check(&missing, "--ignore-missing").is(0, b"a: OK\n", "");
    check(&missing, "--ignore-missing --strict --quiet").is(0, b"", "");
    let none = "hsum: list: no file was verified\n";
    check(list(&["gone"]), "--ignore-missing").is(1, b"", none);
    check(list(&["gone"]), "--ignore-missing --status").is(1, b"", "");
    // Only missing files are ignored.
    check(list(&["a", "a/x"]), "--ignore-missing").is(
        1,
        b"a: OK\na/x: FAILED open or read\n",
        "hsum: a/x: Not a directory\nhsum: WARNING: 1 listed file could not be read\n",
    );
}

#[test]
fn several_lists_are_checked_independently() {
    let dir = Dir::with(&["a", "b"]);
    dir.write("1", list(&["a"]));
    dir.write("2", list(&["b", "gone"]));
    dir.write("3", "");
    dir.words("check 1 2 nope 3 . 1").gives(
        1,
        "a: OK\nb: OK\ngone: FAILED open or read\na: OK\n",
        "hsum: gone: No such file or directory\n\
         hsum: WARNING: 1 listed file could not be read\n\
         hsum: nope: No such file or directory\n\
         hsum: 3: no properly formatted checksum lines found\n\
         hsum: hint: 3 is empty\n\
         hsum: .: Is a directory\n\
         hsum: hint: name the checksum file in the directory, or use 'hsum audit' with a record\n",
    );
    dir.words("check 1 1").prints("a: OK\na: OK\n");
}

#[test]
fn one_failed_list_fails_the_run() {
    let dir = Dir::with(&["a"]);
    dir.write("good", list(&["a"]));
    dir.write("bad", format!("{}  a\n", sha256("A")));
    for words in ["check good bad", "check bad good"] {
        dir.words(words).args(["--status"]).gives(1, "", "");
    }
}

#[test]
fn a_list_on_standard_input() {
    let dir = Dir::with(&["a"]);
    dir.words("check").stdin(list(&["a"])).prints("a: OK\n");
    dir.words("check -").stdin(list(&["a"])).prints("a: OK\n");
    dir.words("check -w").stdin(list(&["a", "-"])).gives(
        0,
        "a: OK\n",
        "hsum: 'standard input': 2: improperly formatted checksum line: \
         standard input is the list itself\n\
         hsum: WARNING: 1 line is improperly formatted\n",
    );
    dir.words("check").stdin("").run().is_in(1, b"", "hsum: 'standard input': no properly");
}

#[test]
fn a_list_in_a_file_may_name_standard_input() {
    let dir = Dir::with(&["a"]);
    dir.write("list", format!("{}  -\n{}", sha256("x"), list(&["a"])));
    dir.words("check list").stdin("x").prints("-: OK\na: OK\n");
    dir.words("check list").stdin("y").run().is_in(1, b"-: FAILED\na: OK\n", "NOT match");
}

#[test]
fn standard_input_listed_twice_is_empty_the_second_time() {
    let dir = Dir::new();
    let data = vec![1; 300_000];
    dir.write("list", format!("{}  -\n{}  -\n", sha256(&data), sha256("")));
    for _ in 0..20 {
        dir.words("check -j 8 list").stdin(data.clone()).prints("-: OK\n-: OK\n");
    }
}

#[test]
fn special_files_fail_without_blocking() {
    let dir = Dir::with(&["a"]);
    dir.mkdir("d");
    dir.fifo("fifo");
    let _socket = UnixListener::bind(dir.path("socket")).expect("a socket");
    let empty = sha256("");
    let names = ["d", "fifo", "socket", "/dev/zero", "/dev/null"];
    dir.write("list", names.map(|name| format!("{empty}  {name}\n")).concat() + &list(&["a"]));
    dir.words("check list").gives(
        1,
        names.map(|name| format!("{name}: FAILED open or read\n")).concat() + "a: OK\n",
        "hsum: d: Is a directory\n\
         hsum: fifo: not a regular file (FIFO)\n\
         hsum: socket: not a regular file (socket)\n\
         hsum: /dev/zero: not a regular file (character device)\n\
         hsum: /dev/null: not a regular file (character device)\n\
         hsum: WARNING: 5 listed files could not be read\n",
    );
}

#[test]
fn a_fifo_as_a_list_is_read() {
    let dir = Dir::with(&["a"]);
    dir.fifo("list");
    let child = dir.words("check list").spawn();
    let mut fifo = open_fifo(&dir.path("list"));
    std::io::Write::write_all(&mut fifo, list(&["a"]).as_bytes()).expect("written");
    drop(fifo);
    finish(child).is(0, b"a: OK\n", "");
}

#[test]
fn unreadable_files_and_lists_fail() {
    let dir = Dir::with(&["a", "locked"]);
    dir.write("list", list(&["locked", "a"]));
    dir.write("secret", list(&["a"]));
    dir.chmod("locked", 0);
    dir.chmod("secret", 0);
    let Some(call) = dir.powerless(&["check", "--ignore-missing", "list", "secret"]) else {
        return;
    };
    call.gives(
        1,
        "locked: FAILED open or read\na: OK\n",
        "hsum: locked: Permission denied\n\
         hsum: WARNING: 1 listed file could not be read\n\
         hsum: secret: Permission denied\n",
    );
}

#[test]
fn a_line_of_100_kilobytes_is_one_bad_line() {
    let long = "x".repeat(100_000);
    for long in [long.clone(), format!("{}  {long}", sha256("a")), format!("SHA256 ({long}) = 00")]
    {
        let ran = check(format!("{}{long}\n{}", list(&["a"]), list(&["b"])), "--warn");
        ran.is(
            0,
            b"a: OK\nb: OK\n",
            "hsum: list: 2: improperly formatted checksum line: the line is too long\n\
             hsum: WARNING: 1 line is improperly formatted\n",
        );
    }
    let comment = format!("#{long}\n{}", list(&["a"]));
    check(comment, "--strict").is(0, b"a: OK\n", "");
}

#[test]
fn a_line_with_nul_is_bad_and_hides_no_other() {
    let lines = format!("{}  a\0nother\n{}", sha256("a"), list(&["b"]));
    check(lines, "-w").is(
        0,
        b"b: OK\n",
        "hsum: list: 1: improperly formatted checksum line: NUL byte in the line\n\
         hsum: WARNING: 1 line is improperly formatted\n",
    );
}

#[test]
fn a_signed_list() {
    let lines = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n".to_owned()
        + &list(&["a", "b"])
        + "-----BEGIN PGP SIGNATURE-----\n\niQIzBAEBCgAdFiEE\n=abcd\n-----END PGP SIGNATURE-----\n";
    let note = "hsum: list: the list is signed; the signature is not checked\n";
    check(lines, "--strict").is(0, b"a: OK\nb: OK\n", note);
}

#[test]
fn one_bad_line_among_many() {
    let dir = Dir::with(&["a"]);
    let good = list(&["a"]);
    let lines = good.repeat(5000) + "bad\n" + &good.repeat(5000);
    let warning = "hsum: WARNING: 1 line is improperly formatted\n";
    dir.words("check").stdin(lines.clone()).gives(0, "a: OK\n".repeat(10_000), warning);
    dir.words("check --strict --quiet").stdin(lines).gives(1, "", warning);
}

/// Tries every order of the four kinds of line, repeated or not: none hides another.
#[test]
fn every_line_is_reported_in_every_order() {
    let dir = Dir::with(&["a", "b"]);
    let lines: Vec<String> = mixed_list().lines().map(|line| format!("{line}\n")).collect();
    let verdicts = ["a: OK\n", "b: FAILED\n", "gone: FAILED open or read\n", ""];
    for order in 0..256 {
        let picks = [order % 4, order / 4 % 4, order / 16 % 4, order / 64];
        let text: String = picks.iter().map(|&i| lines[i].as_str()).collect();
        let stdout: String = picks.iter().map(|&i| verdicts[i]).collect();
        let entries = picks.iter().any(|&i| i != 3);
        let well = entries && picks.iter().all(|&i| i == 0 || i == 3);
        let ran = dir.words("check").stdin(text).run();
        assert_eq!(ran.exits(if well { 0 } else { 1 }), stdout, "{picks:?}");
    }
}

#[test]
fn results_follow_the_order_of_the_list() {
    let dir = Dir::new();
    let mut numbers = Numbers::new(3);
    let (mut lines, mut expected) = (String::new(), String::new());
    for i in 0..300 {
        let size = if i % 40 == 0 { 500_000 } else { 100 };
        let data = numbers.bytes(size);
        let (digest, verdict) = match i % 5 {
            4 => (sha256("other"), "FAILED"),
            _ => (sha256(&data), "OK"),
        };
        dir.write(format!("{i}"), data);
        lines += &format!("{digest}  {i}\n");
        expected += &format!("{i}: {verdict}\n");
    }
    dir.write("list", lines);
    for threads in ["1", "2", "64"] {
        let ran = dir.hsum(["check", "-j", threads, "list"]).run();
        ran.is_in(1, expected.as_bytes(), "60 computed checksums did NOT match");
    }
}

#[test]
fn messages_appear_between_the_right_lines() {
    let dir = Dir::with(&["a", "b"]);
    dir.write("list", list(&["a", "gone", "b"]) + "bad\n" + &list(&["a"]));
    let expected = "a: OK\nhsum: gone: No such file or directory\ngone: FAILED open or read\n\
        b: OK\nhsum: list: 4: improperly formatted checksum line: \
        the line starts with neither a digest nor an algorithm\na: OK\n\
        hsum: WARNING: 1 line is improperly formatted\n\
        hsum: WARNING: 1 listed file could not be read\n";
    for threads in ["1", "64"] {
        let script = format!("\"$HSUM\" check -w -j {threads} list 2>&1");
        assert_eq!(dir.shell(&script).run().exits(1), expected);
    }
}

#[test]
fn links_in_lists_are_followed() {
    let dir = Dir::with(&["a"]);
    dir.link("a", "link");
    dir.link("link2", "link2");
    let digest = sha256("a");
    let lines = format!("{digest}  link\n{digest}  link2\n");
    let stdout = b"link: OK\nlink2: FAILED open or read\n";
    dir.words("check").stdin(lines).run().is_in(1, stdout, "link2: Too many levels");
}

/// Creates files, and lists of all kinds; returns the names of the lists.
fn lists_of_all_kinds(dir: &Dir) -> Vec<&'static str> {
    let names: Vec<String> = (0..150).map(|n| format!("f{n}")).collect();
    names.iter().for_each(|name| dir.write(name, name));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wrong = format!("{}  f7\n", sha256("other"));
    let (good, sha) = (list(&names[..3]), sha256("f1"));
    dir.write("few", &good);
    dir.write("many", list(&names));
    dir.write("mixed", format!("{wrong}nonsense\n{good}{}  gone\nSHA256 (f9) = 00\n", sha));
    dir.write("reversed", format!("{}  f0\n{sha}  f1\nMD5 (f1) = {}\n", sha256("no"), md5("f1")));
    dir.write("missing-only", format!("{sha}  gone\n"));
    dir.write("text", "nothing to see here\n");
    dir.write("empty", "");
    dir.mkdir("directory");
    dir.write(
        "json",
        format!("[{{\"name\": \"f1\", \"sha256\": \"{sha}\"}}, {{\"sha256\": \"{sha}\"}}]"),
    );
    dir.write("up.json", format!("{{\"name\": \"../f1\", \"sha256\": \"{sha}\"}}"));
    dir.write("x.sfv", "f1 00000000\nf2 ZZ\n../f3 00000000\n");
    dir.write("gentoo", format!("DIST f1 3 SHA256 {sha}\nDIST f1 2 SHA256 {sha}\n"));
    let signed = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n";
    dir.write("signed", format!("{signed}{good}-----BEGIN PGP SIGNATURE-----\n\nx\n"));
    vec![
        "few",
        "x.sfv",
        "many",
        "mixed",
        "none",
        "json",
        "missing-only",
        "text",
        "directory",
        "empty",
        "up.json",
        "gentoo",
        "signed",
        "reversed",
        "many",
        "few",
    ]
}

/// Checks the lists in one run and one by one; all options act on each list alone.
#[test]
fn many_lists_are_checked_as_if_one_by_one() {
    let dir = Dir::new();
    let lists = lists_of_all_kinds(&dir);
    let backwards: Vec<&str> = lists.iter().rev().copied().collect();
    for program in ["", "gnu sha256sum -c", "gnu cksum -a sha256 -c"] {
        let own = ["-j 1", "--basename", "--allow-outside", "--beneath .", "-a md5", "--strong"];
        let gnu = ["", "--quiet", "--status", "--warn", "--strict", "--ignore-missing --warn"];
        let own = own.iter().filter(|_| program.is_empty());
        for options in gnu.iter().chain(own) {
            let check = |lists: &[&str]| {
                let verb = if program.is_empty() { "check" } else { program };
                dir.words(&format!("{verb} {options}")).args(lists).run()
            };
            for lists in [&lists, &backwards] {
                let (mut stdout, mut stderr, mut code) = (Vec::new(), String::new(), 0);
                for list in lists {
                    let ran = check(&[list]);
                    code = code.max(ran.status.code().unwrap());
                    stdout.extend(ran.stdout);
                    stderr += &ran.stderr;
                }
                check(lists).is(code, &stdout, &stderr);
            }
        }
    }
}

#[test]
fn only_selects_from_many_lists() {
    let dir = Dir::with(&["a", "b", "c"]);
    let lists = [list(&["a"]), list(&["b"]), list(&["b", "a"])];
    lists.iter().zip(["1", "2", "3"]).for_each(|(list, name)| dir.write(name, list));
    dir.words("check 1 2 3 --only a").prints("a: OK\na: OK\n");
    dir.words("check 1 2 3 --only b --only a").prints("a: OK\nb: OK\nb: OK\na: OK\n");
    dir.words("check 1 2 3 --only c").gives(1, "", "hsum: c: not listed\n");
}

/// The first list is read to its end before standard input is read as a list.
#[test]
fn standard_input_is_read_in_the_order_of_the_lists() {
    let dir = Dir::with(&["a"]);
    dir.write("named", format!("{}  -\n", sha256("text")));
    let none = "hsum: 'standard input': no properly formatted checksum lines found\n";
    dir.words("check named -").stdin("text").gives(1, "-: OK\n", none);
    dir.words("check named /dev/stdin").stdin("text").run().is_in(1, b"-: OK\n", "/dev/stdin");
    let text = "-: FAILED\na: OK\n";
    let ran = dir.words("check - named a.sum").stdin(list(&["a"])).run();
    ran.is_in(1, b"a: OK\n-: FAILED\n", "a.sum: No such file");
    dir.write("a.sum", list(&["a"]));
    dir.words("check named a.sum").stdin("").run().is_in(1, text.as_bytes(), "did NOT match");
}

/// The results of a list are printed before the next one can be opened.
#[test]
fn results_do_not_wait_for_the_next_list() {
    use std::io::{Read, Write};
    let dir = Dir::with(&["a"]);
    dir.write("list", list(&["a"]));
    dir.fifo("fifo");
    let mut child = dir.words("check list fifo").spawn();
    let mut line = [0; 6];
    child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
    assert_eq!(&line, b"a: OK\n");
    let mut fifo = std::fs::OpenOptions::new().write(true).open(dir.path("fifo")).unwrap();
    fifo.write_all(list(&["a"]).as_bytes()).unwrap();
    drop(fifo);
    finish(child).is(0, b"a: OK\n", "");
}

#[test]
fn filters_select_listed_names() {
    let dir = Dir::with(&["a.iso", "b.txt", "d/c.iso", "old/e.iso"]);
    dir.write("list", list(&["a.iso", "b.txt", "d/c.iso", "old/e.iso", "gone.txt"]));
    dir.words("check --include *.iso list").prints("a.iso: OK\nd/c.iso: OK\nold/e.iso: OK\n");
    dir.words("check --include *.iso --exclude old list").prints("a.iso: OK\nd/c.iso: OK\n");
    dir.words("check --include *.iso --exclude old --basename list").run().is_in(
        1,
        b"a.iso: OK\nc.iso: FAILED open or read\n",
        "hsum: c.iso: No such file",
    );
    let none = "hsum: no listed file is selected by --include and --exclude\n";
    dir.words("check --include *.png list").gives(1, "", none);
    // One list with a selected file is enough.
    dir.write("other", list(&["b.txt"]));
    dir.words("check --include *.iso other list --exclude d --exclude old").prints("a.iso: OK\n");
    dir.write("x.sfv", "; SFV\na.iso 00000000\nb.txt 00000000\n");
    dir.words("check --include *.txt x.sfv").run().is_in(1, b"b.txt: FAILED\n", "");
    dir.words("check --include *.png x.sfv").gives(1, "", none);
    dir.words("check --include [ list").refuses("invalid pattern");
    dir.words("check a.iso --sums auto --include x")
        .refuses("--include and --exclude cannot be used with --expect or --sums");
}

#[test]
fn names_are_looked_up_in_another_directory() {
    let dir = Dir::new();
    dir.write("rel/a", "a");
    dir.write("rel/b", "a");
    dir.write("rel/list", list(&["a", "b"]));
    let ran = dir.words("check -C rel rel/list").run();
    ran.is_in(1, b"a: OK\nb: FAILED\n", "hsum: b: has the digest listed for a\n");
    dir.write("objects.json", format!("[{{\"name\":\"a\",\"sha256\":\"{}\"}}]", sha256("a")));
    dir.write("up.json", format!("[{{\"name\":\"../up.json\",\"sha256\":\"{}\"}}]", sha256("")));
    dir.write("x.sfv", "; SFV\na 00000000\n");
    dir.words("check --directory rel objects.json").prints("a: OK\n");
    dir.words("check -C rel up.json").run().is_in(1, b"", "leads out of the directory");
    for flags in ["", "--allow-outside"] {
        let ran = dir.words(&format!("check -C rel x.sfv {flags}")).run();
        ran.is_in(1, b"a: FAILED\n", "");
    }
    dir.write("a.sha256", sha256("a"));
    dir.words("check -C rel a.sha256").prints("a: OK\n");
    dir.words("check -C rel --only a objects.json").prints("a: OK\n");
    dir.words("check -C rel --beneath rel objects.json").refuses("cannot be used with");
    dir.words("check -C nope rel/list").gives(2, "", "hsum: nope: No such file or directory\n");
    dir.words("check -C rel/a rel/list").gives(2, "", "hsum: rel/a: Not a directory\n");
}
