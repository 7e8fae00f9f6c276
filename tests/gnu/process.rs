//! Descriptors, signals and limits (X1–X7).

use super::scratch::{A, EMPTY, Scratch, TOOLS};

fn has(scratch: &Scratch, program: &str) -> bool {
    let found = !scratch.run(format!("command -v {program}")).stdout.is_empty();
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}

#[test]
fn x1_read_is_called_on_every_operand() {
    let scratch = Scratch::new();
    if !has(&scratch, "strace") {
        return;
    }
    for tool in TOOLS {
        for name in ["a", "empty"] {
            let call = format!(
                "strace -f -o /dev/null -P $PWD/{name} -e fault=read,preadv2,splice:error=EIO {tool} {name} b"
            );
            let ran = scratch.run(call);
            let message = format!("{tool}: {name}: Input/output error\n");
            assert_eq!(String::from_utf8(ran.stderr).unwrap(), message);
            assert_eq!(ran.status.code(), Some(1));
            assert_eq!(ran.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
        }
        scratch.check(&format!("{tool} dir"), "", &format!("{tool}: dir: Is a directory\n"), 1);
    }
    let ran = scratch.run("md5sum /proc/self/status /proc/version");
    assert!(ran.status.success(), "{ran:?}");
    assert!(!String::from_utf8(ran.stdout).unwrap().contains(EMPTY));
}

/// Without `-f`, strace sees the calls of the first thread only.
#[test]
fn x1_few_small_files_are_read_by_the_first_thread() {
    let scratch = Scratch::new();
    if !has(&scratch, "strace") {
        return;
    }
    scratch.run("md5sum a b > list");
    for call in ["md5sum -c list", "hsum check list"] {
        let tool = call.split(' ').next().unwrap();
        let faults = "strace -o /dev/null -P $PWD/b -e fault=read:error=EIO";
        let ran = scratch.run(format!("{faults} {call}"));
        let stderr = String::from_utf8(ran.stderr).unwrap();
        assert!(stderr.contains(&format!("{tool}: b: Input/output error\n")), "{call}: {stderr}");
        assert!(stderr.contains("1 listed file could not be read"), "{call}: {stderr}");
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), "a: OK\nb: FAILED open or read\n");
        assert_eq!(ran.status.code(), Some(1));
    }
}

#[test]
fn x2_a_full_device() {
    let scratch = Scratch::new();
    for tool in TOOLS {
        let message = format!("{tool}: write error: No space left on device\n");
        scratch.check(&format!("{tool} a > /dev/full"), "", &message, 1);
    }
    scratch.run("md5sum a b > list");
    let message = "md5sum: write error: No space left on device\n";
    scratch.check("md5sum -c list > /dev/full", "", message, 1);
    // It fails immediately, although the second operand never ends.
    scratch.check("timeout 20 md5sum a /dev/zero > /dev/full", "", message, 1);
}

#[test]
fn x3_closed_descriptors() {
    let scratch = Scratch::new();
    scratch.run("md5sum a > list");
    let write = "md5sum: write error: Bad file descriptor\n";
    scratch.check("md5sum a >&-", "", write, 1);
    scratch.check("md5sum --help >&-", "", write, 1);
    scratch.check("md5sum --version >&-", "", write, 1);
    scratch.check("md5sum -c list >&-", "", write, 1);
    scratch.check("md5sum --status -c list >&-", "", "", 0);
    scratch.check("md5sum nope >&-", "", "md5sum: nope: No such file or directory\n", 1);
    let stdin = "md5sum: -: Bad file descriptor\nmd5sum: standard input: Bad file descriptor\n";
    scratch.check("md5sum <&-", "", stdin, 1);
    scratch.check("md5sum - a <&-", &format!("{A}  a\n"), stdin, 1);
    scratch.check("md5sum a <&-", &format!("{A}  a\n"), "", 0);
    scratch.check("md5sum a 2>&- <&-", &format!("{A}  a\n"), "", 0);
    let list = "md5sum: 'standard input': read error\n\
                md5sum: standard input: Bad file descriptor\n";
    scratch.check("md5sum -c <&-", "", list, 1);
    scratch.check("md5sum -c list <&-", "a: OK\n", "", 0);
    // This descriptor is open, although it equals the one that Rust's runtime opens for a closed one.
    scratch.check("md5sum a 1<> /dev/null", "", "", 0);
    scratch.check("md5sum 0<> /dev/null", &format!("{EMPTY}  -\n"), "", 0);
}

/// Calls that write to standard error, and some that do not.
#[test]
fn x3_lost_messages() {
    let scratch = Scratch::new();
    let coreutils = ["md5sum", "cksum"].iter().all(|tool| {
        let real = format!("/usr/bin/{tool} --version");
        String::from_utf8_lossy(&scratch.run(real).stdout).contains("GNU coreutils")
    });
    if !coreutils {
        eprintln!("skipped: no GNU coreutils to compare with");
    }
    for tool in TOOLS {
        scratch.run(format!("{tool} a b > list; (cat list; echo improper) > bad; echo no > none"));
        let mut calls: Vec<(String, i32)> = vec![
            (format!("{tool} a"), 0),
            (format!("{tool} a nope"), 1),
            (format!("{tool} --nope a"), 1),
            (format!("{tool} --help"), 0),
            (format!("{tool} --version"), 0),
        ];
        if !matches!(tool, "sum" | "cksum") {
            calls.extend([
                (format!("{tool} -c list"), 0),
                (format!("{tool} -c bad"), 0),
                (format!("{tool} -c --warn bad"), 0),
                (format!("{tool} -c --strict bad"), 1),
                (format!("{tool} -c --status bad"), 0),
                (format!("{tool} -c none"), 1),
                (format!("{tool} -c nope"), 1),
            ]);
        }
        if tool == "cksum" {
            scratch.run("(cksum -a md5 a b; echo improper) > bad");
            calls.extend([
                ("cksum --debug a".into(), 0),
                ("cksum --debug -a crc a".into(), 0),
                ("cksum -c bad".into(), 0),
                ("cksum -c --warn bad".into(), 0),
                ("cksum -a nope a".into(), 1),
                ("cksum -a md5 -l 8 a".into(), 1),
            ]);
        }
        for (call, code) in calls {
            let silent = scratch.run(&call).stderr.is_empty();
            for (to, wanted) in [
                ("2>/dev/null", code),
                ("2>/dev/full", if silent { code } else { 1 }),
                ("2>&-", if silent { code } else { 1 }),
            ] {
                let ours = scratch.run(format!("{call} {to}")).status.code();
                assert_eq!(ours, Some(wanted), "{call} {to}");
                if coreutils {
                    let real = scratch.run(format!("/usr/bin/{call} {to}")).status.code();
                    assert_eq!(real, ours, "/usr/bin/{call} {to}");
                }
            }
        }
    }
}

#[test]
fn x4_broken_pipes() {
    let scratch = Scratch::new();
    scratch.run("for i in {1..500}; do echo $i > f$i; done; md5sum f* > list");
    for call in ["md5sum f*", "md5sum -c list", "cksum f*", "md5sum --help"] {
        let script = format!("{{ sleep .2; {call}; echo $? >&2; }} | true");
        scratch.check(&script, "", "141\n", 0);
    }
}

#[test]
fn x5_little_memory() {
    let scratch = Scratch::new();
    let script = "least() { n=1000; until (ulimit -v $n && $1 --version) > /dev/null 2>&1; do
                      n=$((n + 500)); test $n -lt 200000 || return; done; echo $n; }
                  for i in {1..100}; do head -c $((i * 3000)) /dev/zero > f$i; done
                  head -c 9000000 /dev/zero > big
                  ulimit -v $(($(least md5sum) + 16000)) || exit
                  md5sum f* big > sums && md5sum --quiet -c sums && cksum f* big | wc -l
                  md5sum big | md5sum -c; cat big | sha256sum | cut -c1-8";
    scratch.check(script, "101\nbig: OK\n177ffe9e\n", "", 0);
}

/// GNU's tools open one file at a time.
#[test]
fn ten_descriptors_are_enough() {
    let scratch = Scratch::new();
    let script = "for i in {1..100}; do head -c 100000 /dev/zero > f$i; done
                  md5sum f* > sums; cksum f* > crcs; ulimit -n 10
                  md5sum f* | cmp - sums && md5sum -c --quiet sums && cksum f* | cmp - crcs
                  md5sum $(yes /dev/null | head -n 100) | wc -l";
    scratch.check(script, "100\n", "", 0);
}

#[test]
fn x6_the_help_names_no_other_option() {
    let scratch = Scratch::new();
    for tool in TOOLS {
        let help = String::from_utf8(scratch.run(format!("{tool} --help")).stdout).unwrap();
        let words = help.split(|c: char| c.is_whitespace() || ",;='".contains(c));
        let mut options: Vec<&str> = words.filter(|word| word.starts_with("--")).collect();
        options.sort_unstable();
        options.dedup();
        let mut wanted = vec!["--help", "--version"];
        match tool {
            "sum" => wanted.push("--sysv"),
            _ => wanted.extend([
                "--binary",
                "--check",
                "--ignore-missing",
                "--quiet",
                "--status",
                "--strict",
                "--tag",
                "--text",
                "--warn",
                "--zero",
            ]),
        }
        match tool {
            "cksum" => wanted.extend([
                "--algorithm",
                "--base64",
                "--debug",
                "--length",
                "--raw",
                "--untagged",
            ]),
            "b2sum" => wanted.push("--length"),
            _ => {}
        }
        wanted.sort_unstable();
        assert_eq!(options, wanted, "{tool}");
    }
}

#[test]
fn x7_one_end_of_file_on_a_terminal_is_enough() {
    let scratch = Scratch::new();
    if !has(&scratch, "script") {
        return;
    }
    // `script` gives the program a terminal and types the characters; a second ^D would end the
    // input of a second digest.
    let ran = scratch.run(
        "(sleep 1; printf 'a\\n\\004'; sleep 5) | timeout 4 script -qec 'md5sum; echo ended' /dev/null",
    );
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(text.contains("60b725f10c9c85c70d97880dfe8191b3  -"), "{text}");
    assert!(text.contains("ended"), "{text}");
}

#[test]
fn links_and_fifos() {
    let scratch = Scratch::new();
    scratch.check("hsum gnu --install new/bin && ls new/bin | wc -l", "9\n", "", 0);
    scratch.check("hsum gnu --install new/bin", "", "", 0);
    scratch.check("new/bin/md5sum a", &format!("{A}  a\n"), "", 0);
    scratch.check(
        "rm new/bin/sum; echo mine > new/bin/sum; hsum gnu --install new/bin; cat new/bin/sum",
        "mine\n",
        "hsum: new/bin/sum: not replaced: the file exists\n",
        0,
    );
    // Files are opened and read in the order of the operands: a writer may rely on it.
    scratch.check(
        "mkfifo p q r; (printf a > p; printf a > q; printf a > r) & timeout 20 md5sum p q r; wait",
        &format!("{A}  p\n{A}  q\n{A}  r\n"),
        "",
        0,
    );
    scratch.check(
        "(printf a > p; printf a > q) & printf '%s  p\\n%s  q\\n' \
         0cc175b9c0f1b6a831c399e269772661 0cc175b9c0f1b6a831c399e269772661 | timeout 20 md5sum -c",
        "p: OK\nq: OK\n",
        "",
        0,
    );
    // A line is printed before the next file exists.
    scratch.check(
        "md5sum a p | { read line; echo \"$line\"; printf a > p; cat; }",
        &format!("{A}  a\n{A}  p\n"),
        "",
        0,
    );
}
