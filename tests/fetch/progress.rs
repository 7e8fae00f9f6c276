//! Progress bars, which are shown on terminals or on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Do, Server, head, ok, ranges, status};
use crate::support::{finish, has};
use crate::world::{BODY, DIGEST, PART, World, well};

#[test]
fn no_bars_without_a_terminal() {
    let (world, server) = (World::new(), Server::http());
    let slowly = || {
        let length = format!("Content-Length: {}", BODY.len());
        let start = vec![head("200 OK", &[&length]), Do::Send(BODY[..90_000].to_vec())];
        start.into_iter().chain([Do::Pause(400), Do::Send(BODY[90_000..].to_vec())]).collect()
    };
    server.at("/x", move |_, _| slowly());
    let ran = well(world.expecting(&server.url("/x"), &[]));
    assert_eq!(ran.stderr, "");
}

/// Fetches a file with standard error on a terminal. Returns what the terminal showed at half of the
/// file, and at the end.
fn on_a_terminal(words: &str) -> Option<(String, String)> {
    if !has("script") {
        return None;
    }
    let (world, server) = (World::new(), Server::http());
    let go_on = Arc::new(AtomicBool::new(false));
    let until = Do::Until(Arc::clone(&go_on));
    server.at("/named-file", move |_, _| {
        let length = format!("Content-Length: {}", BODY.len());
        let mut pieces = vec![head("200 OK", &[&length]), Do::Send(BODY[..90_000].to_vec())];
        // Slow bytes are written and counted at once.
        for byte in &BODY[90_000..90_100] {
            pieces.extend([Do::Pause(20), Do::Send(vec![*byte])]);
        }
        pieces.extend([until.clone(), Do::Send(BODY[90_100..].to_vec())]);
        pieces
    });
    let line = format!(
        "\"$HSUM\" get {} -e {} {words} >out; echo ended",
        server.url("/named-file"),
        *DIGEST
    );
    let script = world.dir.command("script").args(["-qefc", &line, "typescript"]);
    let child = script.env("TERM", "xterm").spawn();
    let path = world.dir.path("typescript");
    let shown = || String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
    // Half of it has arrived, and the bars have been drawn several times.
    let part = world.dir.path(".named-file.hsum-part");
    while std::fs::metadata(&part).map_or(0, |part| part.len()) < 90_000 {
        thread::sleep(Duration::from_millis(1));
    }
    let begun = Instant::now();
    let patience =
        if words.is_empty() { Duration::from_secs(30) } else { Duration::from_millis(500) };
    while !shown().contains("KiB") && begun.elapsed() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    let meanwhile = shown();
    go_on.store(true, Relaxed);
    finish(child);
    assert!(world.dir.read("named-file") == *BODY);
    Some((meanwhile, shown()))
}

#[test]
fn a_bar_disappears_with_its_download() {
    let Some((meanwhile, all)) = on_a_terminal("") else { return };
    assert!(meanwhile.contains("named-file") && meanwhile.contains("of 293 KiB"), "{meanwhile:?}");
    // The line is erased.
    let (_, after) = all.rsplit_once("KiB").expect("a bar");
    assert!(after.contains("\r\u{1b}[K\u{1b}[Jended"), "{all:?}");
}

#[test]
fn no_bars_if_disabled() {
    for words in ["-q", "--progress never", "2>messages"] {
        let Some((_, all)) = on_a_terminal(words) else { return };
        assert!(!all.contains("KiB"), "{words}: {all:?}");
    }
}

#[test]
fn quiet_prints_nothing() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    well(world.expecting(&server.url("/x"), &["-q"])).is(0, b"", "");
    world.is_good();
}

/// Runs `get` on a terminal, and sets `go_on` once the terminal shows `text`. Returns all that it
/// showed.
fn shows(world: &World, url: &str, text: &str, go_on: &AtomicBool) -> Option<String> {
    if !has("script") {
        return None;
    }
    let line = format!("\"$HSUM\" get {url} -o x -e {} >out", *DIGEST);
    let script = world.dir.command("script").args(["-qefc", &line, "typescript"]);
    let child = script.env("TERM", "xterm").spawn();
    let path = world.dir.path("typescript");
    let shown = || String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
    let begun = Instant::now();
    while !shown().contains(text) && begun.elapsed() < Duration::from_secs(30) {
        thread::sleep(Duration::from_millis(5));
    }
    go_on.store(true, Relaxed);
    finish(child);
    let all = shown();
    assert!(all.contains(text), "{all:?}");
    assert!(world.dir.read("x") == *BODY);
    Some(all)
}

#[test]
fn waiting_is_shown_in_words() {
    let (world, server) = (World::new(), Server::http());
    let go_on = Arc::new(AtomicBool::new(false));
    let until = Do::Until(Arc::clone(&go_on));
    server.at("/x", move |_, _| [vec![until.clone()], ok(&[], &BODY)].concat());
    let Some(_) = shows(&world, &server.url("/x"), "connecting to localhost", &go_on) else {
        return;
    };

    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, count| match count {
        0 => status("503 Busy", &["Retry-After: 3"], b""),
        _ => ok(&[], &BODY),
    });
    let _ = shows(&world, &server.url("/x"), " s before retry 1 of 4", &AtomicBool::new(false));
}

/// Resumes a download that has most of its bytes; they would make the rate high.
#[test]
fn the_rate_after_a_resumption_is_that_of_new_bytes() {
    let (world, server) = (World::new(), Server::http());
    let go_on = Arc::new(AtomicBool::new(false));
    let until = Do::Until(Arc::clone(&go_on));
    server.at("/x", move |seen, count| {
        let mut pieces = ranges(seen, "\"v1\"", &BODY);
        let Some(Do::Send(body)) = pieces.pop() else { return pieces };
        if count == 0 {
            pieces.extend([Do::Send(body[..250_000].to_vec()), Do::Cut]);
            return pieces;
        }
        for byte in &body[..100] {
            pieces.extend([Do::Pause(20), Do::Send(vec![*byte])]);
        }
        pieces.extend([until.clone(), Do::Send(body[100..].to_vec())]);
        pieces
    });
    world.expecting(&server.url("/x"), &[]).run().exits(5);
    world.holds(&PART);
    let Some(all) = shows(&world, &server.url("/x"), " left", &go_on) else { return };
    let (before, _) = all.split_once(" left").expect("a line");
    assert!(before.contains("244 of 293 KiB") && before.contains(" bytes/s"), "{before:?}");
    assert!(!before.contains("KiB/s"), "{before:?}");
}
