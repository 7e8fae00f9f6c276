//! Checksum files: the parsing of lines, and the messages (C1–C13, V1–V8, Q1–Q5, 2.7).

use super::scratch::{A, EMPTY, Scratch};

/// Returns a tool's verdict on each line: `.` for OK, `x` for improperly formatted, `F` for FAILED,
/// `?` for an unreadable file, and nothing for an ignored line.
fn marks(scratch: &Scratch, tool: &str, lines: &str) -> String {
    std::fs::write(scratch.work().join("list"), lines).unwrap();
    let ran = scratch.run(format!("{tool} -c -w list 2>&1"));
    let text = String::from_utf8(ran.stdout).unwrap();
    let mark = |line: &str| match line {
        _ if line.contains(": improperly formatted ") => "x",
        _ if line.ends_with(": OK") => ".",
        _ if line.ends_with(": FAILED") => "F",
        _ if line.ends_with(": FAILED open or read") => "?",
        _ => "",
    };
    text.lines().map(mark).collect()
}

#[track_caller]
fn check(scratch: &Scratch, tool: &str, cases: &[(&str, &str)]) {
    for (lines, wanted) in cases {
        let lines = lines.replace('@', A);
        assert_eq!(marks(scratch, tool, &lines), *wanted, "{tool}: {lines:?}");
    }
}

#[test]
fn c1_c2_lines() {
    let scratch = Scratch::new();
    let cases = [
        ("@  a\n@  a", ".."),
        ("#\n# @  a\n\n\r\n@  a\r\n", "."),
        (" # @  a\n@  a\n", "x."),
        ("@  a\r\r\n@  a\n", "?."),
        (" \t @  a\n\t@  a\n   \n", "..x"),
        (" \\@  a\n\\ @  a\n\\\n", ".xx"),
    ];
    check(&scratch, "md5sum", &cases);
    check(&scratch, "cksum -a md5", &cases);
}

#[test]
fn c3_tagged_lines() {
    let scratch = Scratch::new();
    std::fs::write(scratch.work().join("a) b"), "a").unwrap();
    let mut cases = [
        ("MD5 (a) = @\nMD5(a)= @\nMD5 (a)=@\nMD5 (a) \t =\t@\n", "...."),
        ("MD5 (a) b) = @\n", "."),
        ("md5 (a) = @\nMD5  (a) = @\nMD5\t(a) = @\nMD5 (a) = @ \nMD5 (a)\n", "xxxxx"),
        ("MD5 (a) = \nMD5 (a = @\nMD5 a = @\nMD5 (a) @\n@  a\n", "xxxx."),
        ("MD5 () = @\n", "?"),
        ("  \\MD5 (a) = @\n", "."),
    ];
    check(&scratch, "md5sum", &cases);
    // Tools that read a length after the tag accept one more blank, which may be a tab.
    cases[2] =
        ("MD5  (a) = @\nMD5\t(a) = @\nMD5\t (a) = @\nMD5 \t(a) = @\nMD5   (a) = @\n", "...xx");
    check(&scratch, "cksum -a md5", &cases);
    check(&scratch, "cksum", &cases[..3]);
}

#[test]
fn c4_c5_tags_of_each_tool() {
    let scratch = Scratch::new();
    let of =
        |call: &str| String::from_utf8(scratch.run(call).stdout).unwrap().trim_end().to_owned();
    let sha1 = of("sha1sum --tag a");
    let sha256 = of("sha256sum --tag a");
    let sha2_256 = sha256.replace("SHA256 ", "SHA2-256 ");
    let sha3 = of("cksum -a sha3 -l 256 a");
    let blake = of("b2sum --tag a");
    let short = of("b2sum --tag -l 128 a");
    let digest = short.rsplit(' ').next().unwrap().to_owned();
    check(&scratch, "md5sum", &[(&format!("{sha1}\nMD5-128 (a) = @\n@  a\n"), "xx.")]);
    check(&scratch, "sha256sum", &[(&format!("{sha2_256}\n{sha256}\n"), "x.")]);
    let all = format!("MD5 (a) = @\n{sha1}\n{sha256}\n{sha2_256}\n{sha3}\n{blake}\n{short}\n");
    check(
        &scratch,
        "cksum",
        &[
            (&all, "......."),
            (
                "@  a\nCRC (a) = 1\nCRC32B (a) = 1\nBSD (a) = 1\nSYSV (a) = 1\nMD5 (a) = @\n",
                "xxxxx.",
            ),
        ],
    );
    check(&scratch, "cksum -a md5", &[(&format!("MD5 (a) = @\n@  a\n{sha1}\n"), "..x")]);
    check(&scratch, "cksum -a sha2", &[(&all, "xx..xxx")]);
    check(&scratch, "cksum -a sha3", &[(&all, "xxxx.xx")]);
    check(&scratch, "cksum -a sha256", &[(&all, "xx..xxx")]);
    for tool in ["b2sum", "cksum", "cksum -a blake2b"] {
        let lines: String = [
            "-128 ", "-0x80 ", "-0200 ", "-+128 ", "-  128", " ", "- ", "-0 ", "--128 ", "-12 ",
            "-128x ", "-128  ", "-520 ",
        ]
        .map(|bits| format!("BLAKE2b{bits}(a) = {digest}\n"))
        .concat();
        check(&scratch, tool, &[(&lines, ".....xxxxxxxx")]);
    }
}

#[test]
fn c6_c7_c9_c10_untagged_lines() {
    let scratch = Scratch::new();
    std::fs::write(scratch.work().join(" lead"), "a").unwrap();
    let upper = A.to_uppercase();
    check(
        &scratch,
        "md5sum",
        &[
            ("@  a\n@ *a\n@\t a\n@\t*a\n", "...."),
            (&format!("{upper}  a\n"), "."),
            ("@   lead\n", "."),
            ("@\n@ \n@0  a\n0@  a\nx@  a\n@  a\n", "xxxxx."),
            (&format!("{}x  a\n@  a\n", &A[1..]), "x."),
            ("@  \n", "?"),
            ("DMF1ucDxtqgxw5niaXcmYQ==  a\n@  a\n", "x."),
            ("MD5 (a) = @0\n@  a\n", "x."),
        ],
    );
    check(
        &scratch,
        "cksum -a md5",
        &[
            ("DMF1ucDxtqgxw5niaXcmYQ==  a\nMD5 (a) = DMF1ucDxtqgxw5niaXcmYQ==\n", ".."),
            // Bits of the last digit that encode nothing are set: another text, so another digest.
            ("DMF1ucDxtqgxw5niaXcmYR==  a\n", "F"),
            ("@ \n@  a\n", "??"),
            ("DMF1ucDxtqgxw5niaXcmYQ=  a\nDMF1ucDxtqgxw5niaXcmYQ  a\n@  a\n", "xx."),
        ],
    );
    let lines = |options: &str| {
        let call = format!("cksum {options} --untagged a");
        String::from_utf8(scratch.run(call).stdout).unwrap()
    };
    check(&scratch, "md5sum", &[("@ \n@ a\n@ \n", "x.x")]);
    let blake = [8, 128, 504, 512].map(|bits| lines(&format!("-a blake2b -l {bits}"))).concat();
    let odd = format!("{blake}0  a\n{}  a\n", "0".repeat(130));
    check(&scratch, "b2sum", &[(&odd, "....xx"), ("@ \n@  a\n", "??")]);
    check(&scratch, "cksum -a blake2b", &[(&odd, "....xx")]);
    for family in ["sha2", "sha3"] {
        let lengths = [224, 256, 384, 512];
        let hex = lengths.map(|bits| lines(&format!("-a {family} -l {bits}"))).concat();
        let base64 = lengths.map(|bits| lines(&format!("--base64 -a {family} -l {bits}"))).concat();
        let all = format!("{hex}{base64}{A}  a\n");
        check(&scratch, &format!("cksum -a {family}"), &[(&all, "........x")]);
    }
}

#[test]
fn c6_a_digest_may_begin_like_a_tag() {
    let scratch = Scratch::new();
    // No file has this digest; the line only has to be well-formed.
    let lines = "SHA1/qgxw5niaXcmYQAAAA==  a\nMD5F1ucDxtqgxw5niaXcmQ==  a\n";
    check(&scratch, "cksum -a md5", &[(lines, "FF")]);
}

#[test]
fn c8_the_reversed_format_applies_to_all_later_lines() {
    let scratch = Scratch::new();
    std::fs::write(scratch.work().join("*a"), "a").unwrap();
    let cases = [
        ("@ a\n@  a\n@ *a\n", ".?."),
        ("@  a\n@ a\n", ".x"),
        ("@0 a\n@  a\n@ a\n", "x.x"),
        // A line counts even if the name has a bad escape.
        ("\\@ a\\x\n@  a\n", "x?"),
    ];
    check(&scratch, "md5sum", &cases);
    scratch.run(format!("echo '{A} a' > one; echo '{A}  a' > two"));
    let missing = "md5sum: ' a': No such file or directory\n\
                   md5sum: WARNING: 1 listed file could not be read\n";
    scratch.check("md5sum -c one two", "a: OK\n' a': FAILED open or read\n", missing, 1);
    let bad = "md5sum: one: no properly formatted checksum lines found\n";
    scratch.check("md5sum -c two one", "a: OK\n", bad, 1);
}

#[test]
fn c11_c12_c13_names() {
    let scratch = Scratch::new();
    for name in ["x\\y", "x\ny", "x\ry"] {
        std::fs::write(scratch.work().join(name), "a").unwrap();
    }
    check(
        &scratch,
        "md5sum",
        &[
            ("\\@  x\\\\y\n\\@  x\\ny\n\\@  x\\ry\n@  x\\y\n", "...."),
            ("\\@  x\\ay\n\\@  a\\\n\\@  a\n", "xx."),
            ("@\0  a\n@  a\0\n@  a\n", "xx."),
            (
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n@  a\n\
                 -----BEGIN PGP SIGNATURE-----\n\niQ==\n=ab\n-----END PGP SIGNATURE-----\n",
                "xx.xxxx",
            ),
        ],
    );
    scratch.run(format!("printf '{A}  -\\n{EMPTY}  -\\n{A}  a\\n' > list"));
    scratch.check("md5sum -c list < a", "-: OK\n-: OK\na: OK\n", "", 0);
    let warning = "md5sum: WARNING: 2 lines are improperly formatted\n";
    scratch.check("md5sum -c < list", "a: OK\n", warning, 0);
}

#[test]
fn v1_v2_v3_v4_messages() {
    let scratch = Scratch::new();
    scratch.run(format!(
        "printf '{EMPTY}  a b\\n{A}  b\\n{A}  nope\\n{A}  dir\\n\\n#\\nfoo\\nSHA1 (a) = 1\\nfoo\\n' > l
         echo '{A}  a' >> l; mkdir 'd d'; cp l 'd d/l:'"
    ));
    let stdout = "'a b': OK\nb: FAILED\nnope: FAILED open or read\n\
                  dir: FAILED open or read\na: OK\n";
    let unreadable = "md5sum: nope: No such file or directory\nmd5sum: dir: Is a directory\n";
    let summary = "md5sum: WARNING: 3 lines are improperly formatted\n\
                   md5sum: WARNING: 2 listed files could not be read\n\
                   md5sum: WARNING: 1 computed checksum did NOT match\n";
    scratch.check("md5sum -c l", stdout, &format!("{unreadable}{summary}"), 1);
    let failures = stdout.replace("'a b': OK\n", "").replace("a: OK\n", "");
    scratch.check("md5sum -c --quiet l", &failures, &format!("{unreadable}{summary}"), 1);
    scratch.check("md5sum -c --status l", "", unreadable, 1);
    let warned = [7, 8, 9]
        .map(|n| format!("md5sum: 'd d/l:': {n}: improperly formatted MD5 checksum line\n"))
        .concat();
    let all = format!("{unreadable}{warned}{summary}");
    scratch.check("md5sum -c -w 'd d/l:'", stdout, &all, 1);
    let stdin = "md5sum: 'standard input': 1: improperly formatted MD5 checksum line\n\
                 md5sum: WARNING: 1 line is improperly formatted\n";
    scratch.check(&format!("printf 'x\\n{A}  a\\n' | md5sum -c -w"), "a: OK\n", stdin, 0);
    let tags = "foo\nMD5 (a) = 1\nfoo\n\\SHA1-x\nfoo\nBSD (a) = 1\nSHA3\tx\n";
    std::fs::write(scratch.work().join("tags"), tags).unwrap();
    let labels = ["CRC", "MD5", "MD5", "SHA1", "SHA1", "SHA1", "SHA3"];
    let mut stderr: String = (1..)
        .zip(labels)
        .map(|(n, label)| format!("cksum: tags: {n}: improperly formatted {label} checksum line\n"))
        .collect();
    stderr += "cksum: tags: no properly formatted checksum lines found\n";
    scratch.check("cksum -c -w tags", "", &stderr, 1);
}

#[test]
fn v5_v6_v7_v8_exit_statuses() {
    let scratch = Scratch::new();
    let none = |tool: &str, list: &str| {
        format!("{tool}: {list}: no properly formatted checksum lines found\n")
    };
    for options in ["", "--status", "--quiet", "--warn", "--strict"] {
        scratch.check(&format!("md5sum -c {options} empty"), "", &none("md5sum", "empty"), 1);
    }
    scratch.run(format!("echo '{A}  nope' > missing; echo '{A}  a' > good; echo '{A}  b' > wrong"));
    scratch.run("cat good missing > both; (echo x; cat good) > strict; cat wrong missing > w");
    let nothing = "md5sum: missing: no file was verified\n";
    scratch.check("md5sum -c --ignore-missing missing", "", nothing, 1);
    scratch.check("md5sum -c --ignore-missing --status missing", "", "", 1);
    scratch.check("md5sum -c --ignore-missing both", "a: OK\n", "", 0);
    let neither = "md5sum: WARNING: 1 computed checksum did NOT match\n\
                   md5sum: w: no file was verified\n";
    scratch.check("md5sum -c --ignore-missing w", "b: FAILED\n", neither, 1);
    scratch.run(format!("printf '{A}  dir\\n{A}  a/b\\n' > hard"));
    let hard = "md5sum: dir: Is a directory\nmd5sum: a/b: Not a directory\n\
                md5sum: WARNING: 2 listed files could not be read\n\
                md5sum: hard: no file was verified\n";
    let failed = "dir: FAILED open or read\na/b: FAILED open or read\n";
    scratch.check("md5sum -c --ignore-missing hard", failed, hard, 1);
    let one = "md5sum: WARNING: 1 line is improperly formatted\n";
    scratch.check("md5sum -c strict", "a: OK\n", one, 0);
    scratch.check("md5sum -c --strict strict", "a: OK\n", one, 1);
    scratch.check("md5sum -c --strict --status strict", "", "", 1);
    let several = "md5sum: dir: read error\nmd5sum: nope: No such file or directory\n\
                   md5sum: WARNING: 1 computed checksum did NOT match\n";
    scratch.check("md5sum -c good dir nope wrong good", "a: OK\nb: FAILED\na: OK\n", several, 1);
    scratch.check("md5sum -c < good", "a: OK\n", "", 0);
    scratch.check("md5sum -c - < good", "a: OK\n", "", 0);
}

#[test]
fn q_names_are_quoted() {
    let scratch = Scratch::new();
    for (name, quoted) in [
        (&b"a\nb"[..], "'a'$'\\n''b'"),
        (b"\na", "''$'\\n''a'"),
        (b"a\xff", "'a'$'\\377'"),
        (b"a\\b", "'a\\b'"),
        (b"it's $x", "'it'\\''s $x'"),
        (b"a'\n'b", "'a'\\'''$'\\n'\\''b'"),
        (b"it's", "\"it's\""),
        (b"{", "'{'"),
        (b"{}", "{}"),
        (b"#a", "'#a'"),
        (b"~", "'~'"),
        (b"a:b", "'a:b'"),
        (b"a,b%+@]_.-", "a,b%+@]_.-"),
        ("é".as_bytes(), "''$'\\303\\251'"),
    ] {
        std::fs::write(scratch.work().join("list"), [A.as_bytes(), b"  ", name, b"\n"].concat())
            .unwrap();
        let shell: String = name.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        let message = format!("md5sum: {quoted}: No such file or directory\n");
        scratch.check(&format!("md5sum $'{shell}'"), "", &message, 1);
        if !name.contains(&b'\n') {
            let ran = scratch.run("md5sum -c list 2>/dev/null");
            let line = format!("{quoted}: FAILED open or read\n");
            assert_eq!(String::from_utf8(ran.stdout).unwrap(), line);
        }
    }
    let utf8 = scratch.run("LC_ALL=C.UTF-8 md5sum é");
    assert_eq!(utf8.stderr, "md5sum: é: No such file or directory\n".as_bytes());
}

/// The cases in which GNU's behaviour is a mistake, and hsum differs.
#[test]
fn deliberate_differences() {
    let scratch = Scratch::new();
    check(&scratch, "md5sum", &[("@  a\0b\nMD5 (a\0b) = @\n@  a\n", "xx.")]);
    check(&scratch, "cksum", &[(&format!("MD5-64 (a) = {}\nMD5 (a) = @\n", &A[..16]), "x.")]);
    let lines = "{ cksum -a sha256 a; cksum -a sha2 -l 512 a; cksum -a sha224 a; } > list";
    scratch.run(lines);
    scratch.check("cksum -c -a sha2 list", "a: OK\na: OK\na: OK\n", "", 0);
}
