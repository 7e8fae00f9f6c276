//! Killed at any moment: the next try ends verified, and no wrong byte ever has the name.

use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Do, Server, ranges};
use crate::support::{Numbers, finish, kill};
use crate::world::{BODY, World, well};

/// 20 kills, or as many as `HSUM_TEST_KILLS` says.
#[test]
fn killed_at_any_moment_it_goes_on() {
    let kills = std::env::var("HSUM_TEST_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let server = Server::http();
    // The body comes in pieces, a millisecond apart.
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
            // Once a few more bytes are there than before.
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
    assert!(resumed > 0, "no try went on with what an earlier one had left");
}

#[test]
fn a_polite_end_keeps_the_part() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |seen, _| {
        let mut pieces = ranges(seen, "\"v1\"", &BODY);
        if let (None, Some(Do::Send(body))) = (seen.header("range"), pieces.last_mut()) {
            let more = body[90_000..90_100].to_vec();
            body.truncate(90_000);
            pieces.extend([Do::Pause(20), Do::Send(more), Do::Hang]);
        }
        pieces
    });
    let child = world.expecting(&server.url("/x"), &["--no-resume"]).spawn();
    while std::fs::metadata(world.dir.path(".x.hsum-part")).map_or(0, |m| m.len()) < 90_000 {
        thread::yield_now();
    }
    // Not SIGINT, which is ignored where the tests run in the background.
    kill(&child, "-TERM");
    assert_eq!(finish(child).signal(), Some(15));
    world.holds(&crate::world::PART);
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
}
