//! Command lines and the messages about them (O1–O13).

use super::scratch::{A, EMPTY, Scratch, TOOLS};

const DIGEST_TOOLS: [&str; 7] =
    ["md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "b2sum"];

#[test]
fn o1_every_option_is_accepted() {
    let scratch = Scratch::new();
    for tool in DIGEST_TOOLS {
        for options in ["-b", "--binary", "-t", "--text", "-z", "--zero", "--tag", "-btz"] {
            let ran = scratch.run(format!("{tool} {options} a"));
            assert!(ran.status.success() && ran.stderr.is_empty(), "{tool} {options}: {ran:?}");
        }
        let check = format!("{tool} a b > list; {tool} -c -w --warn --ignore-missing --quiet list");
        scratch.check(&check, "", "", 0);
        scratch.check(&format!("{tool} --check --strict --status list"), "", "", 0);
    }
    for options in [
        "-a md5",
        "--algorithm=md5",
        "-l 0",
        "-a blake2b -l 8",
        "--length=8 -a blake2b",
        "--debug",
        "--raw -a md5",
        "--base64",
        "--untagged",
        "--untagged --text",
        "--tag",
        "-z",
        "--zero",
        "-b",
        "--binary",
    ] {
        let ran = scratch.run(format!("cksum {options} a"));
        assert!(ran.status.success(), "cksum {options}: {ran:?}");
    }
    for options in ["-r", "-s", "--sysv", "-rs"] {
        assert!(scratch.run(format!("sum {options} a")).status.success(), "sum {options}");
    }
}

#[test]
fn o2_getopt() {
    let scratch = Scratch::new();
    let line = |mark: &str, name: &str| format!("{A} {mark}{name}\n");
    scratch.check("md5sum a -b", &line("*", "a"), "", 0);
    let posix = "POSIXLY_CORRECT=1 md5sum a -b";
    scratch.check(posix, &line(" ", "a"), "md5sum: -b: No such file or directory\n", 1);
    let ended = "md5sum -b a -- -c";
    scratch.check(ended, &line("*", "a"), "md5sum: -c: No such file or directory\n", 1);
    scratch.check("md5sum a > l; md5sum -wc l", "a: OK\n", "", 0);
    scratch.check("md5sum --chec --w --w l", "a: OK\n", "", 0);
    scratch.check(
        "b2sum -l16 a; b2sum --len 16 a; b2sum --length=16 a",
        &"1e1b  a\n".repeat(3),
        "",
        0,
    );
}

#[test]
fn o3_invalid_command_lines() {
    let scratch = Scratch::new();
    for tool in TOOLS {
        scratch.refused(&format!("{tool} --foo"), "unrecognized option '--foo'");
        scratch.refused(&format!("{tool} --foo=a"), "unrecognized option '--foo=a'");
        scratch.refused(&format!("{tool} -Q"), "invalid option -- 'Q'");
    }
    for tool in ["md5sum", "cksum"] {
        let message = "option '--st' is ambiguous; possibilities: '--status' '--strict'";
        scratch.refused(&format!("{tool} --st"), message);
        let message = "option '--check' doesn't allow an argument";
        scratch.refused(&format!("{tool} --check=x"), message);
    }
    scratch.refused("b2sum --t", "option '--t' is ambiguous; possibilities: '--tag' '--text'");
    scratch.refused("cksum -a", "option requires an argument -- 'a'");
    scratch.refused("cksum --length", "option '--length' requires an argument");
    let bin = scratch.bin();
    let program = bin.join("md5sum").display().to_string();
    scratch.refused(&format!("{program} -Q"), "invalid option -- 'Q'");
    scratch.check("hsum gnu md5sum a", &format!("{A}  a\n"), "", 0);
    let hint = "md5sum: invalid option -- 'Q'\nTry 'md5sum --help' for more information.\n";
    scratch.check("hsum gnu md5sum -Q", "", hint, 1);
}

#[test]
fn o4_help_and_version() {
    let scratch = Scratch::new();
    for tool in TOOLS {
        for words in ["--help", "--version", "a --help -Q", "--vers nope", "--he"] {
            let ran = scratch.run(format!("{tool} {words}"));
            assert!(ran.status.success() && ran.stderr.is_empty(), "{tool} {words}: {ran:?}");
            let text = String::from_utf8(ran.stdout).unwrap();
            match words.contains("--v") {
                true => {
                    let first = text.lines().next().unwrap();
                    assert!(first.starts_with(tool), "{first}");
                    assert!(first.ends_with(concat!(" ", env!("CARGO_PKG_VERSION"))), "{first}");
                }
                false => {
                    assert!(text.starts_with(&format!("Usage: {tool} [OPTION]... [FILE]...\n")))
                }
            }
        }
        for option in ["--help", "--version"] {
            let full = format!("{tool}: write error: No space left on device\n");
            scratch.check(&format!("{tool} {option} > /dev/full"), "", &full, 1);
        }
        scratch.refused(&format!("{tool} -Q --help"), "invalid option -- 'Q'");
    }
}

#[test]
fn o5_the_last_of_status_warn_and_quiet_wins() {
    let scratch = Scratch::new();
    scratch.run(format!("echo '{A}  a' > good; echo bad > bad; cat good bad > list"));
    let warning = "md5sum: WARNING: 1 line is improperly formatted\n";
    let named = format!("md5sum: list: 2: improperly formatted MD5 checksum line\n{warning}");
    for (options, stdout, stderr) in [
        ("--status --warn", "a: OK\n", &*named),
        ("--quiet -w", "a: OK\n", &named),
        ("-w --status --quiet", "", warning),
        ("--quiet --warn --status", "", ""),
        ("--strict -w --ignore-missing --status", "", ""),
    ] {
        let code = options.contains("strict").into();
        scratch.check(&format!("md5sum -c {options} list"), stdout, stderr, code);
    }
}

#[test]
fn o6_o7_o8_conflicting_options() {
    let scratch = Scratch::new();
    let verifying = ["ignore-missing", "status", "warn", "quiet", "strict"];
    for (i, name) in verifying.iter().enumerate() {
        let message = format!("the --{name} option is meaningful only when verifying checksums");
        // The last of `--status`, `--warn` and `--quiet` counts, so that they never conflict.
        let last = if (1..4).contains(&i) { 4..5 } else { i + 1..5 };
        let others: String = verifying[last].iter().map(|other| format!(" --{other}")).collect();
        for tool in ["md5sum", "b2sum", "cksum"] {
            scratch.refused(&format!("{tool}{} --{name} a", others), &message);
        }
    }
    let zero = "the --zero option is not supported when verifying checksums";
    let tag = "the --tag option is meaningless when verifying checksums";
    let mode = "the --binary and --text options are meaningless when verifying checksums";
    for tool in ["md5sum", "b2sum", "cksum"] {
        scratch.refused(&format!("{tool} --tag -b -c --zero --strict"), zero);
        scratch.refused(&format!("{tool} -b --tag -c"), tag);
        scratch.refused(&format!("{tool} -b -c"), mode);
    }
    scratch.refused("md5sum -t -c", mode);
    for options in ["-t --tag", "--tag -t", "--tag --text -c"] {
        scratch.refused(&format!("md5sum {options} a"), "--tag does not support --text mode");
        let message = "--text mode is only supported with --untagged";
        scratch.refused(&format!("cksum {options} a"), message);
    }
    scratch.check("md5sum --tag -t -b a", &format!("MD5 (a) = {A}\n"), "", 0);
    scratch.check("cksum -a md5 a > l; cksum --untagged -c l", "a: OK\n", "", 0);
}

#[test]
fn o9_o10_cksum() {
    let scratch = Scratch::new();
    scratch.refused("cksum --base64 --raw a", "--base64 and --raw are mutually exclusive");
    let raw = "cksum: the --raw option is not supported with multiple files\n";
    scratch.check("cksum --raw a b", "", raw, 1);
    for algorithm in ["bsd", "sysv", "crc", "crc32b"] {
        let message = "cksum: --check is not supported with --algorithm={bsd,sysv,crc,crc32b}\n";
        scratch.check(&format!("cksum -c -a {algorithm} a"), "", message, 1);
    }
    let names = [
        "bsd", "sysv", "crc", "crc32b", "md5", "sha1", "sha224", "sha256", "sha384", "sha512",
        "sha2", "sha3", "blake2b", "sm3",
    ];
    let list: String = names.iter().map(|name| format!("\n  - '{name}'")).collect();
    for wrong in ["x", "sha", "MD5", "blake2", ""] {
        let message =
            format!("invalid argument '{wrong}' for '--algorithm'\nValid arguments are:{list}");
        scratch.refused(&format!("cksum -a '{wrong}' a"), &message);
    }
    let curly = scratch.run("LC_ALL=C.UTF-8 cksum -a x");
    assert!(curly.stderr.starts_with("cksum: invalid argument ‘x’ for ‘--algorithm’\n".as_bytes()));
}

#[test]
fn o11_lengths() {
    let scratch = Scratch::new();
    for (options, message) in [
        ("-a blake2b -l x", "invalid length: 'x'"),
        ("-a blake2b -l ''", "invalid length: ''"),
        ("-a blake2b -l 0x8", "invalid length: '0x8'"),
        ("-a blake2b -l -8", "invalid length: '-8'"),
        ("-l $'a\\n\\xff'", "invalid length: 'a\\n\\377'"),
        (
            "-a blake2b -l 513",
            "invalid length: '513'\ncksum: maximum digest length for 'BLAKE2b' is 512 bits",
        ),
        (
            "-a blake2b -l 18446744073709551617",
            "invalid length: '18446744073709551617'\n\
             cksum: maximum digest length for 'BLAKE2b' is 512 bits",
        ),
        ("-a blake2b -l 12", "invalid length: '12'\ncksum: length is not a multiple of 8"),
        ("-a sha3", "--algorithm=sha3 requires specifying --length 224, 256, 384, or 512"),
        ("-a sha2", "--algorithm=sha2 requires specifying --length 224, 256, 384, or 512"),
        (
            "-a sha3 -l 253",
            "invalid length: '253'\n\
             cksum: digest length for 'SHA3' must be 224, 256, 384, or 512",
        ),
        (
            "-a sha2 -l 8 -c",
            "invalid length: '8'\ncksum: digest length for 'SHA2' must be 224, 256, 384, or 512",
        ),
        ("-l 8", "--length is only supported with --algorithm blake2b, sha2, or sha3"),
        ("-a md5 -l 128", "--length is only supported with --algorithm blake2b, sha2, or sha3"),
    ] {
        scratch.check(&format!("cksum {options} a"), "", &format!("cksum: {message}\n"), 1);
    }
    let curly = scratch.run("LC_ALL=C.UTF-8 b2sum -l x");
    assert_eq!(curly.stderr, "b2sum: invalid length: ‘x’\n".as_bytes());
    scratch.check("cksum -a md5 -l 0 empty", &format!("MD5 (empty) = {EMPTY}\n"), "", 0);
    scratch.check("b2sum -l 123 -l x -l 16 a", "1e1b  a\n", "", 0);
    scratch.check("b2sum -l 0 a | b2sum -c", "a: OK\n", "", 0);
    scratch.check("b2sum -l ' +16' a", "1e1b  a\n", "", 0);
}

#[test]
fn o12_the_algorithms_in_the_help() {
    let scratch = Scratch::new();
    let ran = scratch.run("cksum --help | sed -n 's/^  \\([a-z][a-z0-9]*\\).*/\\1/p'");
    let names = "sysv bsd crc crc32b md5 sha1 sha2 sha3 blake2b sm3";
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), names.replace(' ', "\n") + "\n");
}

#[test]
fn o13_debug() {
    let scratch = Scratch::new();
    let masked = "GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX,-PMULL";
    scratch.check(&format!("{masked} cksum --debug a"), "1220704766 1 a\n", "", 0);
    let ran = scratch.run("cksum --debug -a crc32b a");
    assert_eq!(ran.stdout, b"3904355907 1 a\n");
    let stderr = String::from_utf8(ran.stderr).unwrap();
    assert!(stderr.is_empty() || stderr.ends_with(" hardware support\n"), "{stderr}");
}
