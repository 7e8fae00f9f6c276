//! Going on where a try ended: only with what is surely the rest of the same bytes.

use crate::server::{Do, Seen, Server, head, ok, ranges, status};
use crate::world::{BODY, PART, World, well};

const HAVE: usize = 90_000;

/// A server whose first answer is cut after 90,000 bytes, and whose further ones are these.
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
fn the_rest_joins_what_is_there() {
    let world = World::new();
    let server = cut_once(&world, |seen, _| ranges(seen, "\"v1\"", &BODY));
    let ran = well(world.expecting(&server.url("/x"), &["--json"]));
    let line: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(line["resumed"], HAVE);
    world.is_good();
    let seen = &server.seen()[1];
    assert_eq!(seen.header("range"), Some("bytes=90000-"));
    assert_eq!(seen.header("if-range"), Some("\"v1\""));
}

#[test]
fn within_one_call_too() {
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

/// The server answers with something else than the rest: the file is right all the same, and the
/// last request was for all of it, if another was needed.
#[track_caller]
fn begins_anew(requests: usize, then: impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync + 'static) {
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
fn another_version_is_taken_whole() {
    begins_anew(1, |seen, _| ranges(seen, "\"v2\"", &BODY));
    begins_anew(1, |_, _| ok(&["ETag: \"v1\""], &BODY));
}

/// An answer to a request with a range, and the whole file without.
fn unless_all(seen: &Seen, line: &str, range: &str, body: &[u8]) -> Vec<Do> {
    match seen.header("range") {
        Some(_) => status(line, &["ETag: \"v1\"", range], body),
        None => ok(&["ETag: \"v1\""], &BODY),
    }
}

#[test]
fn other_ranges_are_not_joined() {
    let partial = "206 Partial Content";
    begins_anew(2, move |s, _| {
        unless_all(s, partial, "Content-Range: bytes 80000-299999/300000", &BODY[80_000..])
    });
    begins_anew(2, move |s, _| {
        unless_all(s, partial, "Content-Range: bytes 90000-299999/300001", &BODY[HAVE..])
    });
    begins_anew(2, move |s, _| unless_all(s, partial, "X: no range", &BODY[HAVE..]));
    begins_anew(2, |s, _| {
        unless_all(s, "200 OK", "Content-Range: bytes 90000-299999/300000", &BODY[HAVE..])
    });
    begins_anew(2, |s, _| {
        unless_all(s, "416 Range Not Satisfiable", "Content-Range: bytes */80000", b"")
    });
}

#[test]
fn a_server_that_lies_about_the_version_is_found_out() {
    begins_anew(2, |seen, _| match seen.header("range") {
        Some(_) => ranges(seen, "\"v1\"", &vec![0; BODY.len()]),
        None => ok(&["ETag: \"v1\""], &BODY),
    });
}

#[test]
fn what_is_all_there_is_only_compared() {
    let world = World::new();
    let server = cut_once(&world, |_, _| status("500 Broken", &[], b""));
    world.dir.write(PART[0], &*BODY);
    well(world.expecting(&server.url("/x"), &[]));
    world.is_good();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn of_another_url_or_without_leave_it_is_begun_anew() {
    for words in [&["--no-resume"][..], &["--query", "a=b"]] {
        let world = World::new();
        let server = cut_once(&world, |seen, _| ranges(seen, "\"v1\"", &BODY));
        well(world.expecting(&server.url("/x"), words));
        world.is_good();
        assert_eq!(server.seen()[1].header("range"), None);
    }
}

#[test]
fn a_state_that_is_no_state_counts_for_nothing() {
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
