//! Interrupts: the next run completes the file, and no unverified byte gets the final name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::SIGINT;

use crate::server::{Do, Server, head, ranges};
use crate::support::{Dir, HSUM, Numbers, finish, kill, skip};
use crate::world::{BODY, DIGEST, PART, World, well};

// 20 kills, or the number in `HSUM_TEST_KILLS`.
#[test]
fn a_killed_download_is_resumed() {
    let kills = std::env::var("HSUM_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let server = Server::http();
    // The body is sent in pieces, a millisecond apart.
    server.at("/x", |seen, _| {
        let mut pieces = ranges(seen, "\"v1\"", &BODY);
        if let Some(Do::Send(body)) = pieces.pop() {
            for piece in body.chunks(10_000) {
                pieces.extend([Do::Send(piece.to_vec()), Do::Pause(1)]);
            }
        }
        pieces
    });
    let mut numbers = Numbers::new(kills as u64 + 1);
    let (mut done, mut resumed) = (0, 0);
    let mut world = World::new();
    while done < kills {
        let child = world.expecting(&server.url("/x"), &[]).spawn();
        let part = world.dir.path(".x.hsum-part");
        let come = || std::fs::metadata(&part).map_or(0, |part| part.len());
        if done % 4 == 0 {
            thread::sleep(Duration::from_micros(500 + numbers.below(45_000) as u64));
        } else {
            // Kill once a few more bytes have arrived.
            let (before, more) = (come(), 1 + numbers.below(60_000) as u64);
            let begun = Instant::now();
            while come() < before + more && begun.elapsed() < Duration::from_millis(300) {
                thread::sleep(Duration::from_micros(300));
            }
        }
        kill(&child, "-KILL");
        let ran = finish(child);
        done += 1;
        if world.dir.path("x").exists() {
            world.is_good();
            world = World::new();
        } else {
            assert_eq!(ran.signal(), Some(9), "{}", ran.stderr);
        }
    }
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
    resumed += server.seen().iter().filter(|seen| seen.header("range").is_some()).count();
    assert!(resumed > 0, "no run resumed the part of an earlier one");
}

// The status is that of the signal, which a shell reports as 128 plus its number.
#[test]
fn a_signal_keeps_the_part() {
    // Background jobs ignore SIGINT and pass that on, unless they handle the signal themselves.
    let end = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, end).expect("a signal");
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let (world, server) = (World::new(), Server::http());
        world.dir.write("x", "the good old file");
        server.at("/x", |seen, _| {
            let mut pieces = ranges(seen, "\"v1\"", &BODY);
            if seen.header("range").is_none() {
                pieces.truncate(1);
                pieces.push(Do::Send(BODY[..90_000].to_vec()));
                // Slow bytes are written at once; before a silence the last ones might wait.
                for byte in &BODY[90_000..90_200] {
                    pieces.extend([Do::Pause(20), Do::Send(vec![*byte])]);
                }
                pieces.push(Do::Hang);
            }
            pieces
        });
        let child = world.expecting(&server.url("/x"), &["--no-resume", "--force"]).spawn();
        while std::fs::metadata(world.dir.path(".x.hsum-part")).map_or(0, |m| m.len()) <= 90_000 {
            thread::sleep(Duration::from_millis(1));
        }
        kill(&child, signal);
        let ran = finish(child);
        assert_eq!((ran.signal(), &*ran.stdout), (Some(number), &b""[..]));
        let kept = "KiB of 293 KiB of x are kept; run the same command again to continue\n";
        let is_told = ran.stderr.starts_with("hsum: interrupted: 8") && ran.stderr.ends_with(kept);
        assert!(is_told && ran.stderr.lines().count() == 1, "{}", ran.stderr);
        assert_eq!(world.dir.read("x"), b"the good old file");
        world.holds(&[PART[0], PART[1], "x"]);
        well(world.expecting(&server.url("/x"), &["--force"]));
        world.is_good();
        let asked = server.seen().last().and_then(|seen| seen.header("range").map(str::to_owned));
        assert!(asked.is_some(), "it started over");
    }
}

#[test]
fn files_for_standard_output_are_removed() {
    let (world, server) = (World::new(), Server::http());
    let asked = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&asked);
    server.at("/x", move |_, _| {
        shared.store(true, Relaxed);
        vec![Do::Hang]
    });
    let call = world.dir.hsum(["get", &server.url("/x"), "-o", "-", "-e", &DIGEST]);
    let child = call.env("TMPDIR", world.dir.path("")).spawn();
    while !asked.load(Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(world.dir.names().len(), 1);
    kill(&child, "-TERM");
    let ran = finish(child);
    assert_eq!((ran.signal(), &*ran.stdout), (Some(15), &b""[..]));
    world.holds(&[]);
}

#[test]
fn a_shell_sees_status_130() {
    let (world, server) = (World::new(), Server::http());
    let end = Arc::new(AtomicBool::new(true));
    signal_hook::flag::register_conditional_shutdown(SIGINT, 130, end).expect("a signal");
    let asked = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&asked);
    server.at("/x", move |_, _| {
        shared.store(true, Relaxed);
        vec![Do::Hang]
    });
    let line = format!(
        "sh -c 'echo $$ >pid; exec \"$HSUM\" get {} -o x -e {}'; echo $?",
        server.url("/x"),
        *DIGEST
    );
    let child = world.dir.shell(&line).spawn();
    while !asked.load(Relaxed) {
        thread::sleep(Duration::from_millis(1));
    }
    let pid = String::from_utf8(world.dir.read("pid")).expect("a number");
    let sent = std::process::Command::new("kill").args(["-INT", pid.trim()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
    finish(child).is(0, b"130\n", "");
    world.holds(&[PART[0], "pid"]);
}

// Neither the folder nor the file in it is ever readable by others.
#[test]
fn files_for_standard_output_are_private() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| {
        let length = format!("Content-Length: {}", BODY.len());
        vec![
            head("200 OK", &["ETag: \"v1\"", &length]),
            Do::Send(BODY[..200_000].to_vec()),
            Do::Hang,
        ]
    });
    let line = format!("umask 0; exec \"$HSUM\" get {} -o - -e {}", server.url("/x"), *DIGEST);
    let child = world.dir.shell(&line).env("TMPDIR", world.dir.path("")).spawn();
    let folder = loop {
        if let [folder] = &world.dir.names()[..]
            && world.dir.path(folder).join(".stdout.hsum-part.json").exists()
        {
            break folder.clone();
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert_eq!(world.dir.mode(folder.to_str().unwrap()), 0o700);
    for name in [".stdout.hsum-part", ".stdout.hsum-part.json"] {
        let path = format!("{}/{name}", folder.to_str().unwrap());
        assert_eq!(world.dir.mode(&path), 0o600, "{name}");
    }
    kill(&child, "-TERM");
    assert_eq!(finish(child).signal(), Some(15));
    world.holds(&[]);
}

// Folders for gpgv are private too.
#[test]
fn folders_for_gpgv_are_removed_by_signals() {
    let (world, files) = (World::new(), Dir::new());
    files.write("x", "abc");
    files.write("ring", include_bytes!("../fixtures/openpgp/ring.gpg"));
    files.write("SHA256SUMS", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nx\n");
    // A gpgv that reports its folder and waits.
    files.write("gpgv", "#!/bin/sh\nls -ld \"$GNUPGHOME\" >\"$MARK.new\"; mv \"$MARK.new\" \"$MARK\"\nexec sleep 30\n");
    files.chmod("gpgv", 0o755);
    let server = Server::http();
    server.at("/x", |_, _| crate::server::ok(&[], b"abc"));
    for signed in [&["--sig", "x"][..], &["--sums", "SHA256SUMS"]] {
        let path = std::env::join_paths(
            [files.path("")]
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        );
        let words: Vec<_> = [signed[0].into(), files.path(signed[1]).into_os_string()].into();
        let call =
            world.get(&server.url("/x"), &["--gpg-keyring"]).args([files.path("ring")]).args(words);
        let call = call.env("PATH", path.unwrap()).env("TMPDIR", world.dir.path(""));
        let child = call.env("MARK", files.path("mark")).spawn();
        let begun = Instant::now();
        while !files.path("mark").exists() {
            if begun.elapsed() > Duration::from_secs(20) {
                kill(&child, "-TERM");
                panic!("gpgv was not called: {}", finish(child).stderr);
            }
            thread::sleep(Duration::from_millis(1));
        }
        let mark = String::from_utf8(files.read("mark")).unwrap();
        assert!(mark.starts_with("drwx------"), "{mark}");
        std::fs::remove_file(files.path("mark")).unwrap();
        kill(&child, "-TERM");
        assert_eq!(finish(child).signal(), Some(15));
        let left: Vec<_> = world.dir.names().into_iter().filter(|name| name != PART[0]).collect();
        assert_eq!(left, [""; 0], "{signed:?}");
    }
}

// If the system cannot write the part to the disk, its pages may be lost.
#[test]
fn a_part_that_cannot_be_synced_is_removed() {
    let probe =
        std::process::Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return skip("no strace that may trace").unwrap_or(());
    }
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |seen, _| ranges(seen, "\"v1\"", &BODY));
    let url = server.url("/x");
    let strace = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1"];
    let words = ["get", &url, "-o", "x", "-e", &DIGEST, "--retries", "0"];
    let call = world.dir.command("strace").args(strace).args([HSUM]).args(words);
    call.run().is_in(6, b"", "Input/output error");
    world.holds(&[]);
    well(world.expecting(&url, &[]));
    world.is_good();
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.header("range").is_some()).collect();
    assert_eq!(asked, [false, false], "the whole file is fetched again");
}

#[test]
fn the_message_tells_what_is_kept_of_several_files() {
    let slowly = |tag: &str| {
        let length = format!("Content-Length: {}", BODY.len());
        let mut pieces = vec![head("200 OK", &[&length, tag]), Do::Send(BODY[..90_000].to_vec())];
        for byte in &BODY[90_000..90_200] {
            pieces.extend([Do::Pause(20), Do::Send(vec![*byte])]);
        }
        pieces.push(Do::Hang);
        pieces
    };
    for (tag, kept) in [
        (
            "ETag: \"v1\"",
            "of 586 KiB of 2 files are kept; run the same command again to continue\n",
        ),
        (
            "ETag: W/\"weak\"",
            "hsum: interrupted: nothing is kept, because the server cannot resume the download\n",
        ),
    ] {
        let (world, server) = (World::new(), Server::http());
        server.at("/x", move |_, _| slowly(tag)).at("/y", move |_, _| slowly(tag));
        let urls = [server.url("/x"), server.url("/y")];
        let child = world.dir.hsum(["get", "--no-verify", &urls[0], &urls[1]]).spawn();
        for part in [".x.hsum-part", ".y.hsum-part"] {
            while std::fs::metadata(world.dir.path(part)).map_or(0, |m| m.len()) <= 90_000 {
                thread::sleep(Duration::from_millis(1));
            }
        }
        kill(&child, "-TERM");
        let ran = finish(child);
        assert!(ran.signal() == Some(15) && ran.stderr.ends_with(kept), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1);
    }
}
