//! Files that change while they are read, and files of special kinds.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::support::*;

/// Runs `hsum WORDS`, with slow reads of `file`, while another thread changes the file repeatedly;
/// returns `None` if reads cannot be slowed down.
fn while_changing(
    dir: &Dir,
    file: &str,
    change: impl Fn(&Path) + Sync,
    words: &str,
) -> Option<Ran> {
    if !has("strace") {
        return None;
    }
    let path = dir.path(file);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Relaxed) {
                change(&path);
                thread::sleep(Duration::from_millis(1));
            }
        });
        let slowly = "inject=read,pread64,preadv2:delay_enter=30000";
        let call = dir.command("strace").args(["-f", "-qq", "-o", "/dev/null", "-P"]);
        let call = call.args([path.as_os_str(), "-e".as_ref(), slowly.as_ref(), HSUM.as_ref()]);
        let ran = call.args(words.split_whitespace()).env("KEY", "Jefe").run();
        done.store(true, Relaxed);
        Some(ran)
    })
}

/// Rewrites a file as `cp -p`, `rsync --inplace` and `touch -r` do: new contents, the same times.
fn rewrite(path: &Path) {
    use std::io::Write;
    let mut file = fs::File::options().write(true).open(path).expect("a file");
    let time = file.metadata().and_then(|metadata| metadata.modified()).expect("a time");
    file.write_all(b"changed").expect("to write");
    file.set_modified(time).expect("to set the time");
}

fn append(path: &Path) {
    use std::io::Write;
    let mut file = fs::File::options().append(true).open(path).expect("a file");
    file.write_all(b"changed").expect("to write");
}

/// Creates a file of `size` bytes in `t`, and checksum files that list it.
fn listed(size: usize) -> Dir {
    let (dir, digest) = (Dir::new(), sha256(""));
    dir.write("t/file", vec![b'A'; size]);
    dir.write("list", format!("{digest}  t/file\n"));
    dir.write("list.sfv", "; SFV\nt/file 00000000\n");
    dir.write("list.json", format!(r#"[{{"path": "t/file", "sha256": "{digest}"}}]"#));
    dir
}

/// All commands that read a file, here of at most 300,000 bytes.
const READERS: [&str; 12] = [
    "t/file",
    "t",
    "-a blake3 -a md5 t/file",
    "hmac --key env:KEY t/file",
    "check list",
    "check list.sfv",
    "check list.json",
    "check t/file --expect md5:00000000000000000000000000000000",
    "check t/file --sums list",
    "sign -s github -k env:KEY t/file",
    "publish t",
    "snapshot t -o record",
];

#[test]
fn every_reader_sees_a_change() {
    let some = |words: &&str| ["t", "check list"].contains(words);
    let large = READERS.into_iter().map(|words| (words, 300_000));
    let small = READERS.into_iter().filter(some).map(|words| (words, 1000));
    for (words, size) in large.chain(small) {
        let changes: &[fn(&Path)] = if some(&words) { &[rewrite, append] } else { &[rewrite] };
        for change in changes {
            let dir = listed(size);
            let Some(ran) = while_changing(&dir, "t/file", change, words) else { return };
            fails(&ran, "t/file: Changed while reading\n", words);
        }
    }
}

/// Asserts that a run failed with this message, and printed no digest, MAC, signature or `OK`.
#[track_caller]
fn fails(ran: &Ran, message: &str, words: &str) {
    assert_ne!(ran.status.code(), Some(0), "{words}");
    assert!(ran.stderr.contains(message), "{words}: {}", ran.stderr);
    let failed = b"t/file: FAILED open or read\n";
    assert!(ran.stdout.is_empty() || ran.stdout == failed, "{words}");
}

/// GNU's tools print the digest of the bytes that were read.
#[test]
fn gnu_tools_do_not_detect_changes() {
    let dir = Dir::new();
    dir.write("file", vec![b'A'; 300_000]);
    for words in ["gnu sha256sum file", "gnu cksum file", "gnu sum file"] {
        let Some(ran) = while_changing(&dir, "file", rewrite, words) else { return };
        assert_eq!((ran.status.code(), &*ran.stderr), (Some(0), ""), "{words}");
    }
}

/// A read ends early without an error.
#[test]
fn a_file_shorter_than_its_size_is_an_error() {
    if !has("strace") {
        return;
    }
    for words in READERS {
        let dir = listed(300_000);
        let (path, fault) = (dir.path("t/file"), "inject=read,preadv2:retval=0");
        let call = dir.command("strace").args(["-f", "-qq", "-o", "/dev/null", "-P"]);
        let call = call.args([path.as_os_str(), "-e".as_ref(), fault.as_ref(), HSUM.as_ref()]);
        let ran = call.args(words.split_whitespace()).env("KEY", "Jefe").run();
        fails(&ran, "t/file: Ends after 0 of 300000 bytes\n", words);
    }
}

/// Their sizes are wrong, but their contents are readable.
#[test]
fn files_of_the_kernel_are_read_by_every_reader() {
    let dir = Dir::new();
    for path in ["/proc/version", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state"]
    {
        let Ok(contents) = fs::read(path) else { continue };
        let line = format!("{}  {path}\n", sha256(&contents));
        dir.hsum([path]).prints(&line);
        dir.hsum(["gnu", "sha256sum", path]).prints(&line);
        dir.write("list", line);
        dir.words("check list").prints(format!("{path}: OK\n"));
        dir.hsum(["hmac", "--key", "env:KEY", path]).env("KEY", "Jefe").run().exits(0);
        dir.hsum(["sign", "-s", "github", "-k", "env:KEY", path]).env("KEY", "Jefe").run().exits(0);
    }
}

/// The type of a listed file is checked before it is opened, since opening some devices has effects.
#[test]
fn listed_devices_are_not_opened() {
    let dir = Dir::new();
    dir.fifo("fifo");
    let digest = sha256("");
    dir.write("gnu", format!("{digest}  /dev/zero\n{digest}  fifo\n"));
    dir.write("foreign", format!("fifo {digest}\n"));
    dir.write("list.sfv", "fifo 00000000\n");
    if !has("strace") {
        return;
    }
    for words in ["check gnu", "check foreign", "check list.sfv", "check --beneath . gnu"] {
        let call = dir.command("strace").args(["-f", "-qq", "-o", "trace"]);
        let call = call.args(["-e", "trace=open,openat,openat2", HSUM]);
        let ran = call.args(words.split_whitespace()).run();
        assert_eq!(ran.status.code(), Some(1), "{words}");
        let trace = String::from_utf8_lossy(&dir.read("trace")).into_owned();
        let opened = |line: &&str| {
            (line.contains("\"/dev/zero\"") || line.contains("\"fifo\""))
                && !line.contains("O_PATH")
        };
        assert_eq!(trace.lines().find(opened), None, "{words}");
    }
}

/// A FIFO with the name of a checksum file is ignored instead of blocking.
#[test]
fn a_fifo_is_not_a_checksum_file() {
    let dir = Dir::with(&["a"]);
    dir.fifo("a.sha256");
    dir.write("SHA256SUMS", list(&["a"]));
    dir.words("check a --sums auto --quiet").prints("");
}
