//! Truncated, wrong and slow bodies: none of them gets the final name.

use crate::server::{Do, Server, head, ok, status};
use crate::support::sha256;
use crate::world::{BODY, DIGEST, PART, PKI, World, well};

fn chunked(pieces: &[&[u8]]) -> Vec<u8> {
    let chunk =
        |piece: &&[u8]| [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    pieces.iter().flat_map(chunk).collect()
}

const TAG: &str = "ETag: \"v1\"";

#[test]
fn a_verified_file_is_in_place_and_nothing_else() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[TAG], &BODY));
    let ran = well(world.expecting(&server.url("/x"), &[]));
    let line = format!("x: OK, sha256:{} (--expect)\n", *DIGEST);
    ran.is(0, line.as_bytes(), "");
    world.is_good();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("accept-encoding"), Some("identity"));
    assert_eq!(seen[0].header("authorization"), None);
    assert_eq!(world.dir.mode("x") & 0o111, 0);
    // It is already there, so there is no request.
    let again = well(world.expecting(&server.url("/x"), &[]));
    assert!(String::from_utf8_lossy(&again.stdout).contains("already there"));
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn an_empty_file_can_be_verified() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    well(world.get(&server.url("/x"), &["-e", &sha256("")]));
    assert_eq!(world.dir.read("x"), b"");
}

#[test]
fn a_body_shorter_than_its_length_fails() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| {
        let length = format!("Content-Length: {}", BODY.len());
        vec![head("200 OK", &[TAG, &length]), Do::Send(BODY[..90_000].to_vec())]
    });
    let call = || world.expecting(&server.url("/x"), &[]);
    world.fails(call, 5, "x: ", &PART);
    assert_eq!(world.dir.read(PART[0]), BODY[..90_000]);
}

#[test]
fn without_a_strong_validator_no_part_is_kept() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| {
        let length = format!("Content-Length: {}", BODY.len());
        vec![head("200 OK", &["ETag: W/\"v1\"", &length]), Do::Send(BODY[..90_000].to_vec())]
    });
    world.fails(|| world.expecting(&server.url("/x"), &[]), 5, "", &[]);
}

#[test]
fn truncated_chunks_fail() {
    let (world, server) = (World::new(), Server::http());
    let start = || head("200 OK", &["Transfer-Encoding: chunked"]);
    server.at("/x", move |_, _| vec![start(), Do::Send(chunked(&[&BODY[..50_000]]))]);
    world.fails(|| world.expecting(&server.url("/x"), &[]), 5, "", &[]);
    server.at("/y", move |_, _| {
        vec![start(), Do::Send(chunked(&[&BODY[..50_000], &BODY[50_000..], b""]))]
    });
    well(world.expecting(&server.url("/y"), &["--force"]));
    world.is_good();
}

#[test]
fn the_end_of_a_connection_may_be_a_truncation() {
    let (world, server) = (World::new(), Server::http());
    let start = || head("200 OK", &[]);
    server.at("/cut", move |_, _| vec![start(), Do::Send(BODY[..50_000].to_vec())]);
    server.at("/all", move |_, _| vec![start(), Do::Send(BODY.clone())]);
    world.fails(|| world.expecting(&server.url("/cut"), &[]), 5, "truncated", &[]);
    let size = BODY.len().to_string();
    // Neither a digest nor a size can tell.
    let world = World::new();
    world.fails(|| world.get(&server.url("/all"), &["--no-verify"]), 5, "truncated", &[]);
    well(world.get(&server.url("/all"), &["--no-verify", "--size", &size, "--force"]));
    well(world.expecting(&server.url("/all"), &[]));
    world.is_good();
}

#[test]
fn tls_without_close_notify_may_be_a_truncation() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    let start = || head("200 OK", &[]);
    server.at("/cut", move |_, _| vec![start(), Do::Send(BODY[..50_000].to_vec()), Do::Cut]);
    server.at("/all", move |_, _| vec![start(), Do::Send(BODY.clone()), Do::Cut]);
    let length = || format!("Content-Length: {}", BODY.len());
    server.at("/told", move |_, _| {
        vec![head("200 OK", &[&length()]), Do::Send(BODY[..50_000].to_vec()), Do::Cut]
    });
    let unverified = [&trusting[..], &["--no-verify"]].concat();
    world.fails(|| world.expecting(&server.url("/cut"), &trusting), 5, "truncated", &[]);
    let world = World::new();
    world.fails(|| world.get(&server.url("/cut"), &unverified), 5, "truncated", &[]);
    let world = World::new();
    world.fails(|| world.get(&server.url("/all"), &unverified), 5, "truncated", &[]);
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/told"), &trusting), 5, "", &[]);
    // A digest or a size confirms that it is complete.
    well(world.expecting(&server.url("/all"), &["--force"]).args(trusting));
    world.is_good();
    let sized = ["--no-verify", "--force", "--size", &BODY.len().to_string()];
    well(world.get(&server.url("/all"), &sized).args(trusting));
    world.is_good();
    let world = World::new();
    let sized = || world.get(&server.url("/cut"), &sized).args(trusting);
    world.fails(sized, 5, "truncated", &[]);
}

#[test]
fn errors_and_web_pages_are_not_files() {
    let (world, server) = (World::new(), Server::http());
    let page = b"<!DOCTYPE html><html>log in</html>";
    server.at("/404", move |_, _| status("404 Not Found", &["Content-Type: text/html"], page));
    server.at("/soft", move |_, _| ok(&["Content-Type: text/html"], page));
    server.at("/empty", |_, _| status("204 No Content", &[], b""));
    world.fails(|| world.expecting(&server.url("/404"), &[]), 4, "404 Not Found", &[]);
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/soft"), &[]), 1, "web page", &[]);
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/empty"), &[]), 4, "204", &[]);
    assert_eq!(server.seen().iter().filter(|seen| seen.target == "/404").count(), 2);
}

#[test]
fn unrequested_encodings_are_kept_as_sent() {
    let (world, server) = (World::new(), Server::http());
    // The gzip of `abc`.
    let zipped = hex::decode("1f8b08000000000000034b4c4a0600c241243503000000").unwrap();
    let sent = zipped.clone();
    server.at("/x", move |_, _| ok(&["Content-Encoding: gzip"], &sent));
    world.fails(
        || world.get(&server.url("/x"), &["-e", &sha256("abc")]),
        1,
        "Content-Encoding",
        &[],
    );
    well(world.get(&server.url("/x"), &["-e", &sha256(&zipped), "--force"]));
    assert_eq!(world.dir.read("x"), zipped);
}

#[test]
fn a_different_file_is_a_mismatch() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[TAG], b"another"));
    world.fails(|| world.expecting(&server.url("/x"), &[]), 1, "digest mismatch", &[]);
    assert_eq!(server.seen().len(), 2, "a mismatch is not retried");
    // One fact per line.
    let ran = world.expecting(&server.url("/x"), &["-o", "y"]).run();
    let starts = [
        "hsum: y: http",
        "  expected sha256:",
        "  got      sha256:",
        "  7 bytes from http",
        "  nothing was saved; use --keep-bad",
    ];
    assert_eq!(ran.stderr.lines().count(), starts.len(), "{}", ran.stderr);
    for (line, start) in ran.stderr.lines().zip(starts) {
        assert!(line.starts_with(start), "{}", ran.stderr);
    }
    let ran = world.expecting(&server.url("/x"), &["--keep-bad", "--force"]).run();
    ran.is_in(1, b"", "hsum-bad");
    assert_eq!(world.dir.read("x.hsum-bad"), b"another");
    assert_eq!(world.dir.read("x"), b"the good old file");
    // The digest is of another function.
    let blake3 = hsum::digest(hsum::Algorithm::Blake3, b"another").to_hex();
    world.get(&server.url("/x"), &["-e", &blake3, "--force"]).run().is_in(1, b"", "BLAKE3");
}

#[test]
fn temporary_failures_are_retried() {
    let (world, server) = (World::new(), Server::http());
    server.at("/503", |_, number| match number {
        0 | 1 => status("503 Service Unavailable", &[], b"busy"),
        _ => ok(&[], &BODY),
    });
    well(world.expecting(&server.url("/503"), &["--retries", "2"]));
    world.is_good();
    assert_eq!(server.seen().len(), 3);
    // The server's pause applies, not ours of an hour.
    server.at("/429", |_, number| match number {
        0 => status("429 Too Many Requests", &["Retry-After: 0"], b""),
        _ => ok(&[], &BODY),
    });
    let world = World::new();
    well(world.expecting(&server.url("/429"), &["--retries", "1", "--retry-delay", "3600"]));
    world.is_good();
    server.at("/501", |_, _| status("501 Not Implemented", &[], b""));
    server.forget();
    let world = World::new();
    world.expecting(&server.url("/501"), &["--retries", "3"]).run().is_in(4, b"", "501");
    assert_eq!(server.seen().len(), 1);
    // Nothing listens on that port.
    let gone = format!("http://localhost:{}/x", free_port());
    world.expecting(&gone, &["--retries", "1"]).run().is_in(5, b"", "cannot connect");
    world.holds(&[]);
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn stalls_time_out_and_slowness_does_not() {
    let (world, server) = (World::new(), Server::http());
    let length = || format!("Content-Length: {}", BODY.len());
    server.at("/stall", move |_, _| {
        vec![head("200 OK", &[TAG, &length()]), Do::Send(BODY[..90_000].to_vec()), Do::Hang]
    });
    server.at("/silent", |_, _| vec![Do::Hang]);
    server.at("/drip", move |_, _| {
        let pieces =
            BODY.chunks(30_000).flat_map(|piece| [Do::Send(piece.to_vec()), Do::Pause(20)]);
        std::iter::once(head("200 OK", &[&length()])).chain(pieces).collect()
    });
    let impatient = ["--stall-timeout", "0.1"];
    world.fails(|| world.expecting(&server.url("/stall"), &impatient), 5, "stalled", &PART);
    let world = World::new();
    world.fails(
        || world.expecting(&server.url("/silent"), &impatient),
        5,
        "waiting for the response",
        &[],
    );
    let world = World::new();
    well(world.expecting(&server.url("/drip"), &["--stall-timeout", "10"]));
    world.is_good();
    let world = World::new();
    let hurried = ["--max-time", "0.05"];
    world.expecting(&server.url("/drip"), &hurried).run().is_in(5, b"", "--max-time");
}

#[test]
fn the_maximum_size_is_enforced() {
    let (world, server) = (World::new(), Server::http());
    server.at("/told", |_, _| vec![head("200 OK", &["Content-Length: 10000000000000"]), Do::Hang]);
    server.at("/endless", |_, _| {
        let start = head("200 OK", &[]);
        std::iter::once(start).chain(std::iter::repeat_n(Do::Send(vec![0; 1 << 16]), 64)).collect()
    });
    server.at("/head", |_, _| {
        let long = format!("X-Long: {}", "x".repeat(100_000));
        ok(&[&long], &BODY)
    });
    let most = ["--max-size", "100000"];
    world.fails(|| world.expecting(&server.url("/told"), &most), 7, "--max-size", &[]);
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/endless"), &most), 7, "--max-size", &[]);
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/head"), &[]), 7, "head", &[]);
}

#[test]
fn the_size_is_compared_too() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.fails(|| world.expecting(&server.url("/x"), &["--size", "5"]), 1, "(expected 5)", &[]);
    server.at("/chunked", |_, _| {
        let start = head("200 OK", &["Transfer-Encoding: chunked"]);
        vec![start, Do::Send(chunked(&[&BODY, b""]))]
    });
    let world = World::new();
    world.fails(
        || world.get(&server.url("/chunked"), &["--no-verify", "--size", "5"]),
        1,
        "more than the expected 5 bytes",
        &[],
    );
}
