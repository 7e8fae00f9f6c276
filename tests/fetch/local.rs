//! Local failures: read-only folders, full disks, missing threads.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::server::{Do, Server, head, ok, ranges};
use crate::support::{Dir, HSUM, has, sha256, skip};
use crate::world::{BODY, DIGEST, World, well};

#[test]
fn read_only_folders_are_reported() {
    let server = Server::http();
    server.at("/x", |_, _| ok(&[], &BODY));
    let world = World::new();
    let url = server.url("/x");
    let words = ["get", &url, "-o", "d/x", "-e", &DIGEST, "--retries", "0"];
    world.dir.mkdir("d");
    world.dir.chmod("d", 0o555);
    if let Some(call) = world.dir.powerless(&words) {
        call.run().is_in(6, b"", "d/.x.hsum-part");
        assert_eq!(server.seen().len(), 0);
    }
    world.dir.chmod("d", 0o755);
    world.holds(&["d"]);
    world.expecting(&url, &["-o", "nowhere/x"]).run().is_in(6, b"", "nowhere");
}

#[test]
fn a_removed_folder_is_reported() {
    let (world, server) = (World::new(), Server::http());
    world.dir.mkdir("d");
    let folder = world.dir.path("d");
    server.at("/x", move |_, _| {
        std::fs::remove_dir_all(&folder).expect("the folder");
        ok(&[], &BODY)
    });
    world.expecting(&server.url("/x"), &["-o", "d/x"]).run().exits(6);
    world.holds(&[]);
}

#[test]
fn two_downloads_of_one_file_do_not_mix() {
    let (world, server) = (World::new(), Server::http());
    let refused = Arc::new(AtomicBool::new(false));
    let until = Do::Until(Arc::clone(&refused));
    server.at("/x", move |_, _| {
        let length = format!("Content-Length: {}", BODY.len());
        let (some, rest) = BODY.split_at(90_000);
        vec![
            head("200 OK", &["ETag: \"v1\"", &length]),
            Do::Send(some.to_vec()),
            Do::Pause(20),
            Do::Send(rest[..100].to_vec()),
            until.clone(),
            Do::Send(rest[100..].to_vec()),
        ]
    });
    let first = world.expecting(&server.url("/x"), &[]).spawn();
    while std::fs::metadata(world.dir.path(".x.hsum-part")).map_or(0, |m| m.len()) == 0 {
        std::thread::yield_now();
    }
    world.expecting(&server.url("/x"), &[]).run().is_in(6, b"", "another process");
    refused.store(true, Relaxed);
    crate::support::finish(first).exits(0);
    world.is_good();
}

/// A file system of 200 KiB.
struct Small(Dir);

impl Small {
    fn new() -> Option<Self> {
        let dir = Dir::new();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=200k", "none"])
            .arg(dir.path(""))
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(dir)),
            _ => skip("no right to mount a small tmpfs"),
        }
    }

    fn grow(&self) {
        let grown =
            Command::new("mount").args(["-o", "remount,size=2m"]).arg(self.0.path("")).status();
        assert!(grown.expect("mount").success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path("")).status();
    }
}

#[test]
fn a_full_disk_keeps_the_part_for_later() {
    let Some(small) = Small::new() else { return };
    let server = Server::http();
    server.at("/x", |seen, _| ranges(seen, "\"v1\"", &BODY));
    let url = server.url("/x");
    let get = || small.0.hsum(["get", &url, "-o", "x", "-e", &DIGEST, "--retries", "2"]);
    get().run().is_in(6, b"", "No space left");
    assert!(!small.0.path("x").exists());
    assert!(small.0.path(".x.hsum-part").metadata().unwrap().len() > 0);
    assert_eq!(server.seen().len(), 1, "a full disk is not retried");
    small.grow();
    well(get());
    assert!(small.0.read("x") == *BODY);
    assert_eq!(small.0.names(), ["x"]);
    assert!(server.seen()[1].header("range").is_some());
}

// The system refuses some or all threads.
#[test]
fn files_are_fetched_with_any_number_of_threads() {
    if !has("prlimit") || !has("setpriv") {
        return;
    }
    let server = Server::http();
    server.at("/a", |_, _| ok(&[], &BODY)).at("/b", |_, _| ok(&[], b"b"));
    for threads in ["1", "2", "3", "5"] {
        let world = World::new();
        world.dir.chmod("", 0o777);
        let limit = format!("--nproc={threads}:{threads}");
        // A user without other processes; root has no such limit.
        let user = ["setpriv", "--reuid=61234", "--regid=61234", "--clear-groups", HSUM];
        let call = || world.dir.command("prlimit").args([&*limit]).args(user);
        if call().args(["-V"]).run().status.code() != Some(0) {
            skip::<()>("cannot become another user, or the program is out of its reach");
            return;
        }
        let a = format!("{}#sha256={}", server.url("/a"), *DIGEST);
        let b = format!("{}#sha256={}", server.url("/b"), sha256("b"));
        let ran = call().args(["get", &a, &b, "--retries", "0", "--max-time", "30"]).run();
        assert_eq!((ran.exits(0).lines().count(), &*ran.stderr), (2, ""), "{threads}");
        assert!(world.dir.read("a") == *BODY && world.dir.read("b") == b"b", "{threads}");
    }
}

/// A file that was not compared is not called different.
#[test]
fn an_existing_file_is_called_different_if_it_is() {
    let dir = Dir::with(&["x"]);
    for (evidence, message) in [
        ("--no-verify", "x: a file of this name already exists; use --force to replace it"),
        ("-e sha256:00", "x: a different file already exists; use --force to replace it"),
        ("--no-verify --size 99", "x: a different file already exists; use --force to replace it"),
    ] {
        let evidence = evidence.replace("sha256:00", &format!("sha256:{}", "0".repeat(64)));
        dir.words(&format!("get http://localhost:1/x {evidence}")).run().is_in(7, b"", message);
    }
}
