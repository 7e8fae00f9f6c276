//! Names in checksum files that must not lead out of a directory.

use crate::support::*;

const OUT: &str = "Leads out of the directory; see --allow-outside and --beneath\n";

/// Creates `outside`, and `in` with links of all kinds.
fn tree() -> Dir {
    let dir = Dir::new();
    dir.write("outside", "x");
    dir.write("in/a", "x");
    dir.write("in/d/b", "x");
    dir.link("..", "in/up");
    dir.link("../outside", "in/link");
    dir.link("/", "in/root");
    dir.link("d/b", "in/inner");
    dir.link("../a", "in/d/back");
    dir
}

/// Runs `hsum check ARGS` in `in`, with `openat2` failing with `fault`.
fn check(dir: &Dir, fault: Option<&str>, args: &str) -> Option<Ran> {
    let Some(fault) = fault else {
        return Some(dir.shell(&format!("cd in && exec \"$HSUM\" check {args}")).run());
    };
    if !has("strace") {
        return None;
    }
    let strace = format!("strace -f -qq -o /dev/null -e inject=openat2:error={fault}");
    Some(dir.shell(&format!("cd in && exec {strace} \"$HSUM\" check {args}")).run())
}

/// The errors of `openat2`: none if the kernel can confine names, others if it cannot.
const FAULTS: [Option<&str>; 3] = [None, Some("ENOSYS"), Some("EPERM")];

#[test]
fn links_in_foreign_lists_do_not_lead_out() {
    let dir = tree();
    let x = sha256("x");
    let outside = ["up/outside", "link", "up/in/a"];
    let inside = ["a", "d/b", "inner", "d/back"];
    let lines = |names: &[&str]| names.iter().map(|n| format!("{n} {x}\n")).collect::<String>();
    dir.write("in/list", lines(&outside) + &lines(&inside));
    let crcs = |names: &[&str]| names.iter().map(|n| format!("{n} 8CDC1683\n")).collect::<String>();
    dir.write("in/list.sfv", crcs(&outside) + &crcs(&inside));
    let objects: Vec<String> = outside
        .iter()
        .chain(&inside)
        .map(|name| format!(r#"{{"path": "{name}", "sha256": "{x}"}}"#))
        .collect();
    dir.write("in/list.json", format!("[{}]", objects.join(",")));
    let failed = outside.map(|name| format!("{name}: FAILED open or read\n")).concat();
    let good = |names: &[&str]| names.iter().map(|n| format!("{n}: OK\n")).collect::<String>();
    let mut message = outside.map(|name| format!("hsum: {name}: {OUT}")).concat();
    message += "hsum: WARNING: 3 listed files could not be read\n";
    for list in ["list", "list.sfv", "list.json"] {
        for fault in FAULTS {
            let Some(ran) = check(&dir, fault, list) else { return };
            ran.is(1, (failed.clone() + &good(&inside)).as_bytes(), &message);
        }
        let all = check(&dir, None, &format!("{list} --allow-outside")).expect("no strace needed");
        all.is(0, (good(&outside) + &good(&inside)).as_bytes(), "");
        // A file on the command line may be anywhere.
        let one = check(&dir, None, &format!("{list} --only link")).expect("no strace needed");
        one.is(0, b"link: OK\n", "");
    }
    // GNU lines may name any file.
    dir.write("in/gnu", format!("{x}  up/outside\n{x}  ../outside\n"));
    let ran = check(&dir, None, "gnu").expect("no strace needed");
    ran.is(0, b"up/outside: OK\n../outside: OK\n", "");
}

#[test]
fn beneath_a_directory() {
    let dir = tree();
    let x = sha256("x");
    let names = ["a", "./d/b", "inner", "up/outside", "link", "root/etc/passwd", "none"];
    let lines = |names: &[&str]| names.iter().map(|n| format!("{x}  {n}\n")).collect::<String>();
    dir.write("list", lines(&names));
    for fault in FAULTS {
        let Some(ran) = check(&dir, fault, "--beneath . ../list") else { return };
        let stdout = "a: OK\n./d/b: OK\ninner: OK\nup/outside: FAILED open or read\n\
            link: FAILED open or read\nroot/etc/passwd: FAILED open or read\n\
            none: FAILED open or read\n";
        let stderr = format!(
            "hsum: up/outside: {OUT}hsum: link: {OUT}hsum: root/etc/passwd: {OUT}\
             hsum: none: No such file or directory\n\
             hsum: WARNING: 4 listed files could not be read\n"
        );
        ran.is(1, stdout.as_bytes(), &stderr);
    }
    // Names that lead out without any link, in all formats.
    for name in ["../outside", "d/../../outside", "/etc/passwd", "d/../a"] {
        let gnu = lines(&[name, "a"]);
        let bsd = format!("SHA256 ({name}) = {x}\nSHA256 (a) = {x}\n");
        let foreign = format!("{name} {x}\na {x}\n");
        for text in [gnu, bsd, foreign] {
            dir.write("list", text);
            dir.words("check --beneath in list").run().is_in(
                1,
                b"a: OK\n",
                "hsum: list: 1: the name leads out of the directory",
            );
        }
    }
    // From another directory, for every format, and when a mismatch is explained.
    dir.write("list", format!("{}  a\n", sha256("")));
    dir.write("a", "another file of the same name");
    dir.words("check --beneath in list").gives(
        1,
        "a: FAILED\n",
        "hsum: a: the expected SHA256 is that of an empty file\n\
         hsum: WARNING: 1 computed checksum did NOT match\n",
    );
    dir.write("list", format!("{}  a\n", blake3("x")));
    let message = "hsum: a: the expected digest is the BLAKE3 of the file; use -a blake3\n";
    dir.words("check --beneath in list").run().is_in(1, b"a: FAILED\n", message);
    dir.write("list.sfv", "a 8CDC1683\n");
    dir.words("check --beneath in list.sfv").prints("a: OK\n");
    dir.write("lists/a.sha256", &x);
    dir.words("check --beneath in lists/a.sha256").prints("a: OK\n");
    dir.words("check --beneath in list.sfv --only a").prints("a: OK\n");
    dir.write("list", format!("SHA256 (a) = {x}\nSIZE (a) = 1\n"));
    dir.words("check --beneath in list").prints("a: OK\n");
    dir.words("check --beneath none list").run().is_in(1, b"", "hsum: none: No such file");
    dir.words("check --beneath in/a list").run().is_in(1, b"", "hsum: in/a: Not a directory");
    dir.words("check --beneath in --allow-outside list").refuses("--allow-outside");
}

/// A link on the way to the directory itself is followed.
#[test]
fn the_directory_may_be_reached_through_a_link() {
    let dir = tree();
    dir.link("in", "to-in");
    dir.write("list", list_of("x", "a"));
    dir.words("check --beneath to-in list").prints("a: OK\n");
    dir.words("check --beneath to-in/up/in list").prints("a: OK\n");
}

fn list_of(contents: &str, name: &str) -> String {
    format!("{}  {name}\n", sha256(contents))
}

fn blake3(contents: &str) -> String {
    hsum::digest(hsum::Algorithm::Blake3, contents.as_bytes()).to_hex()
}
