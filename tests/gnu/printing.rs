//! Lines of digests and checksums (P1–P9).

use super::scratch::{A, EMPTY, Scratch};

#[test]
fn p1_p2_p3_lines() {
    let scratch = Scratch::new();
    for (call, line) in [
        ("md5sum a", format!("{A}  a")),
        ("md5sum -b a", format!("{A} *a")),
        ("md5sum -b -t a", format!("{A}  a")),
        ("md5sum --tag a", format!("MD5 (a) = {A}")),
        ("md5sum --tag -b a", format!("MD5 (a) = {A}")),
        ("cksum -a md5 a", format!("MD5 (a) = {A}")),
        ("cksum -a md5 --untagged a", format!("{A}  a")),
        ("cksum -a md5 --tag --untagged a", format!("{A}  a")),
        ("cksum -a md5 --tag --untagged -b a", format!("{A} *a")),
        ("cksum -a md5 --untagged --tag a", format!("MD5 (a) = {A}")),
        ("b2sum -l 16 --tag a", "BLAKE2b-16 (a) = 1e1b".into()),
        ("b2sum -l 512 --tag a | cut -c1-17", "BLAKE2b (a) = 333".into()),
        ("cksum -a sha3 -l 256 a | cut -c1-17", "SHA3-256 (a) = 80".into()),
        ("cksum -a sha3 -l 512 a | cut -c1-17", "SHA3-512 (a) = 69".into()),
        ("cksum -a sha2 -l 256 a | cut -c1-15", "SHA256 (a) = ca".into()),
        ("cksum -a sha384 a | cut -c1-15", "SHA384 (a) = 54".into()),
        ("cksum -a sm3 a | cut -c1-12", "SM3 (a) = 62".into()),
    ] {
        scratch.check(call, &format!("{line}\n"), "", 0);
    }
    for (tool, tag) in [
        ("md5sum", "MD5"),
        ("sha1sum", "SHA1"),
        ("sha224sum", "SHA224"),
        ("sha256sum", "SHA256"),
        ("sha384sum", "SHA384"),
        ("sha512sum", "SHA512"),
        ("b2sum", "BLAKE2b"),
    ] {
        scratch.check(&format!("{tool} --tag a | cut -d' ' -f1"), &format!("{tag}\n"), "", 0);
    }
}

#[test]
fn p4_checksums() {
    let scratch = Scratch::new();
    scratch.run("head -c 1025 /dev/zero > blocks; printf 123456789 > digits");
    for (call, line) in [
        ("cksum digits", "930766865 9 digits"),
        ("cksum < digits", "930766865 9"),
        ("cksum - < digits", "930766865 9 -"),
        ("cksum --tag digits", "930766865 9 digits"),
        ("cksum --untagged -b --base64 digits", "930766865 9 digits"),
        ("cksum -a crc32b digits", "3421780262 9 digits"),
        ("cksum -a bsd digits", "53615     1 digits"),
        ("sum digits", "53615     1 digits"),
        ("sum < digits", "53615     1"),
        ("sum -s -r digits", "53615     1 digits"),
        ("sum --sysv digits", "477 1 digits"),
        ("sum -s - < digits", "477 1 -"),
        ("cksum -a sysv < digits", "477 1"),
        ("sum blocks", "00000     2 blocks"),
        ("sum -s blocks", "0 3 blocks"),
        ("cksum -z digits | tr '\\0' X; echo", "930766865 9 digitsX"),
        ("cp digits $'a\\\\b\\n'; cksum a?b? | tr '\\n' N; echo", "930766865 9 a\\bNN"),
    ] {
        scratch.check(call, &format!("{line}\n"), "", 0);
    }
}

#[test]
fn p5_base64_and_raw() {
    let scratch = Scratch::new();
    let base64 = "DMF1ucDxtqgxw5niaXcmYQ==";
    scratch.check("cksum -a md5 --base64 a", &format!("MD5 (a) = {base64}\n"), "", 0);
    scratch.check("cksum -a md5 --base64 --untagged a", &format!("{base64}  a\n"), "", 0);
    for (options, bytes) in [
        ("-a md5", A),
        ("-a crc", "48c279fe"),
        ("-a crc32b", "e8b7be43"),
        ("-a bsd", "0061"),
        ("-a sysv", "0061"),
    ] {
        let call = format!("cksum --raw {options} a | od -An -v -tx1 | tr -d ' \\n'");
        scratch.check(&call, bytes, "", 0);
    }
}

#[test]
fn p6_standard_input() {
    let scratch = Scratch::new();
    scratch.check("md5sum < a", &format!("{A}  -\n"), "", 0);
    scratch.check("md5sum - < a", &format!("{A}  -\n"), "", 0);
    let both = format!("{A}  -\n{EMPTY}  -\n");
    scratch.check("md5sum - - < a", &both, "", 0);
    scratch.check("cat a | md5sum - -", &both, "", 0);
    let mixed = format!("{A}  -\n{EMPTY}  empty\n{EMPTY}  -\n{A}  a\n");
    scratch.check("cat a | md5sum - empty - a", &mixed, "", 0);
}

#[test]
fn p7_escapes() {
    let scratch = Scratch::new();
    for (name, escaped) in [("a\\b", "a\\\\b"), ("a\nb", "a\\nb"), ("a\rb", "a\\rb")] {
        std::fs::write(scratch.work().join(name), "a").unwrap();
        let quoted = format!("$'{}'", name.escape_default());
        scratch.check(&format!("md5sum {quoted}"), &format!("\\{A}  {escaped}\n"), "", 0);
        let tagged = format!("\\MD5 ({escaped}) = {A}\n");
        scratch.check(&format!("md5sum --tag {quoted}"), &tagged, "", 0);
        scratch.check(&format!("md5sum -z {quoted}"), &format!("{A}  {name}\0"), "", 0);
    }
    let ran = scratch.run("cp a $'\\xff\\t\\e'; md5sum $'\\xff\\t\\e'");
    assert_eq!(ran.stdout, [A.as_bytes(), b"  \xff\t\x1b\n"].concat());
}

#[test]
fn p8_an_error_affects_one_file() {
    let scratch = Scratch::new();
    for tool in ["md5sum", "cksum", "sum", "cksum -a sha1"] {
        let name = tool.split(' ').next().unwrap();
        let call = format!("{tool} nope dir a '' | wc -l");
        let complaints = format!(
            "{name}: nope: No such file or directory\n{name}: dir: Is a directory\n\
             {name}: '': No such file or directory\n"
        );
        scratch.check(&call, "1\n", &complaints, 0);
        assert_eq!(scratch.run(format!("{tool} nope a")).status.code(), Some(1));
    }
    let order = format!(
        "{A}  a\nmd5sum: dir: Is a directory\n{A}  a\nmd5sum: nope: No such file or directory\n"
    );
    scratch.check("md5sum a dir a nope 2>&1", &order, "", 1);
}

#[test]
fn p9_whole_lines_of_at_most_4096_bytes() {
    let scratch = Scratch::new();
    if scratch.run("command -v strace").stdout.is_empty() {
        eprintln!("skipped: strace is not installed");
        return;
    }
    let ran = scratch.run(
        "for i in {100..999}; do echo $i > file$i; done
         strace -f -qq -e trace=write -e write=1 -o trace md5sum file* > sums
         md5sum --quiet -c sums && wc -l < sums
         sed -n 's/^.*write(.*) = \\([0-9]*\\)$/\\1/p' trace",
    );
    let text = String::from_utf8(ran.stdout).unwrap();
    let mut numbers = text.lines().map(|line| line.parse::<usize>().unwrap());
    assert_eq!(numbers.next(), Some(900));
    let line = A.len() + "  file100\n".len();
    let all: Vec<usize> = numbers.filter(|bytes| *bytes >= line).collect();
    assert!(all.iter().all(|bytes| *bytes <= 4096 && bytes % line == 0), "{all:?}");
    assert_eq!(all.iter().sum::<usize>(), 900 * line);
}
