//! Resuming: only with the rest of the same bytes.

use crate::server::{Do, Seen, Server, head, ok, ranges, status};
use crate::world::{BODY, PART, World, objects, well};

const HAVE: usize = 90_000;

/// Starts a server whose first response is cut after 90,000 bytes, and whose later ones are `then`.
fn cut_once(
    world: &World,
    then: impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync + 'static,
) -> Server {
    let server = Server::http();
    server.at("/x", move |seen, number| match number {
        0 => {
            let length = format!("Content-Length: {}", BODY.len());
            vec![head("200 OK", &["ETag: \"v1\"", &length]), Do::Send(BODY[..HAVE].to_vec())]
        }
        _ => then(seen, number),
    });
    world.expecting(&server.url("/x"), &[]).run().exits(5);
    world.holds(&PART);
    server
}

#[test]
fn the_rest_is_appended_to_the_part() {
    let world = World::new();
    let server = cut_once(&world, |seen, _| ranges(seen, "\"v1\"", &BODY));
    let ran = well(world.expecting(&server.url("/x"), &["--json"]));
    let line = &objects("get", &ran.stdout, 0)[0];
    assert_eq!(line["resumed"], HAVE);
    world.is_good();
    let seen = &server.seen()[1];
    assert_eq!(seen.header("range"), Some("bytes=90000-"));
    assert_eq!(seen.header("if-range"), Some("\"v1\""));
}

#[test]
fn retries_resume_too() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |seen, number| match (number, ranges(seen, "\"v1\"", &BODY)) {
        (3.., whole) => whole,
        (_, mut pieces) => {
            if let Some(Do::Send(bytes)) = pieces.last_mut() {
                bytes.truncate(50_000);
            }
            pieces
        }
    });
    well(world.expecting(&server.url("/x"), &["--retries", "4"]));
    world.is_good();
    let asked: Vec<_> =
        server.seen().iter().map(|s| s.header("range").map(str::to_owned)).collect();
    let range = |at: usize| Some(format!("bytes={at}-"));
    assert_eq!(asked, [None, range(50_000), range(100_000), range(150_000)]);
}

/// Tests responses that are not the rest: the file is right, and a further request is for all of it.
#[track_caller]
fn starts_over(requests: usize, then: impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync + 'static) {
    let world = World::new();
    let server = cut_once(&world, then);
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
    let seen = server.seen();
    assert_eq!(seen.len(), 1 + requests);
    if requests > 1 {
        assert_eq!(seen.last().unwrap().header("range"), None);
    }
}

#[test]
fn a_new_version_replaces_the_part() {
    starts_over(1, |seen, _| ranges(seen, "\"v2\"", &BODY));
    starts_over(1, |_, _| ok(&["ETag: \"v1\""], &BODY));
}

/// Answers a request for a range with this, and others with the whole file.
fn unless_all(seen: &Seen, line: &str, range: &str, body: &[u8]) -> Vec<Do> {
    match seen.header("range") {
        Some(_) => status(line, &["ETag: \"v1\"", range], body),
        None => ok(&["ETag: \"v1\""], &BODY),
    }
}

#[test]
fn other_ranges_are_not_appended() {
    let partial = "206 Partial Content";
    starts_over(2, move |s, _| {
        unless_all(s, partial, "Content-Range: bytes 80000-299999/300000", &BODY[80_000..])
    });
    starts_over(2, move |s, _| {
        unless_all(s, partial, "Content-Range: bytes 90000-299999/300001", &BODY[HAVE..])
    });
    starts_over(2, move |s, _| unless_all(s, partial, "X: no range", &BODY[HAVE..]));
    starts_over(2, |s, _| {
        unless_all(s, "200 OK", "Content-Range: bytes 90000-299999/300000", &BODY[HAVE..])
    });
    starts_over(2, |s, _| {
        unless_all(s, "416 Range Not Satisfiable", "Content-Range: bytes */80000", b"")
    });
}

#[test]
fn a_wrong_validator_is_detected_by_the_digest() {
    starts_over(2, |seen, _| match seen.header("range") {
        Some(_) => ranges(seen, "\"v1\"", &vec![0; BODY.len()]),
        None => ok(&["ETag: \"v1\""], &BODY),
    });
}

#[test]
fn a_complete_part_is_verified_without_a_body() {
    let world = World::new();
    let server = cut_once(&world, |_, _| status("500 Broken", &[], b""));
    world.dir.write(PART[0], &*BODY);
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn other_urls_and_no_resume_start_over() {
    for words in [&["--no-resume"][..], &["--query", "a=b"]] {
        let world = World::new();
        let server = cut_once(&world, |seen, _| ranges(seen, "\"v1\"", &BODY));
        well(world.expecting(&server.url("/x"), words));
        world.is_good();
        assert_eq!(server.seen()[1].header("range"), None);
    }
}

#[test]
fn invalid_states_are_ignored() {
    for state in
        ["", "{", "[]", "{\"url\":1}", "{\"url\":\"\",\"request\":\"\",\"etag\":\"\\\"v1\\\"\"}"]
    {
        let world = World::new();
        let server = cut_once(&world, |seen, _| ranges(seen, "\"v1\"", &BODY));
        world.dir.write(PART[1], state);
        well(world.expecting(&server.url("/x"), &[]));
        world.is_good();
        assert_eq!(server.seen()[1].header("range"), None, "{state}");
    }
}

#[test]
fn a_lost_connection_says_how_to_continue() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |seen, _| {
        let mut pieces = ranges(seen, "\"v1\"", &BODY);
        pieces.truncate(1);
        pieces.extend([Do::Send(BODY[..90_000].to_vec()), Do::Cut]);
        pieces
    });
    let ran = world.expecting(&server.url("/x"), &[]).run();
    let kept = "\n  87.9 KiB of 293 KiB are kept; run the same command again to continue\n";
    assert!(ran.stderr.ends_with(kept), "{}", ran.stderr);
    world.holds(&PART);
}
