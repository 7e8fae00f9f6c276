//! Killed at any moment: the next try ends verified, and no wrong byte ever has the name.

use std::thread;
use std::time::Duration;

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
        thread::sleep(Duration::from_micros(500 + numbers.below(45_000) as u64));
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
fn the_user_s_interrupt_keeps_the_part() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |seen, _| {
        let mut pieces = ranges(seen, "\"v1\"", &BODY);
        if let (None, Some(Do::Send(body))) = (seen.header("range"), pieces.last_mut()) {
            body.truncate(90_000);
            pieces.push(Do::Hang);
        }
        pieces
    });
    for (signal, number) in [("-INT", 2), ("-TERM", 15)] {
        let child = world.expecting(&server.url("/x"), &["--no-resume"]).spawn();
        while std::fs::metadata(world.dir.path(".x.hsum-part")).map_or(0, |m| m.len()) < 90_000 {
            thread::yield_now();
        }
        kill(&child, signal);
        assert_eq!(finish(child).signal(), Some(number));
        world.holds(&crate::world::PART);
        if signal == "-INT" {
            std::fs::remove_file(world.dir.path(".x.hsum-part")).unwrap();
        }
    }
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
}
