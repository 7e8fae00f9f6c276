//! `--max-time`: the command ends when the time has passed, whatever it is waiting for.

use std::net::TcpListener;

use crate::server::{Do, Server, head, ok, status};
use crate::support::Call;
use crate::world::{BODY, PKI, World};

/// Other timeouts that are too long to matter.
const PATIENT: [&str; 6] =
    ["--connect-timeout", "3600", "--stall-timeout", "3600", "--retry-delay", "3600"];

#[track_caller]
fn is_late(call: Call, code: i32) {
    call.args(PATIENT).args(["--max-time", "0.3"]).run().is_in(code, b"", "--max-time");
}

/// Opens a port that accepts connections and never sends anything.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

#[test]
fn a_missing_body_times_out() {
    let (world, server) = (World::new(), Server::http());
    let length = || format!("Content-Length: {}", BODY.len());
    server.at("/told", move |_, _| {
        vec![head("200 OK", &[&length()]), Do::Send(BODY[..90_000].to_vec()), Do::Hang]
    });
    // Cut there, the body would look complete.
    server.at("/untold", |_, _| vec![head("200 OK", &[]), Do::Send(BODY.clone()), Do::Hang]);
    server.at("/none", |_, _| vec![Do::Hang]);
    for path in ["/told", "/untold", "/none"] {
        is_late(world.expecting(&server.url(path), &[]), 5);
        world.holds(&[]);
    }
    let url = server.url("/untold");
    is_late(world.get(&url, &["--no-verify", "--size", &BODY.len().to_string()]), 5);
    world.holds(&[]);
}

#[test]
fn auxiliary_requests_time_out() {
    let (world, server) = (World::new(), Server::http());
    server.at("/silent", |_, _| vec![Do::Hang]);
    server.at("/x", |_, _| ok(&[], &BODY));
    is_late(world.get(&server.url("/x"), &["--sums", &server.url("/silent")]), 5);
    let named = ["get", &server.url("/silent"), "-J", "--no-verify"];
    is_late(world.dir.hsum(named), 5);
    assert_eq!(server.seen().last().unwrap().method, "HEAD");
    is_late(world.dir.hsum(["head", &server.url("/silent")]), 5);
    is_late(world.dir.hsum(["send", &server.url("/silent")]), 1);
    world.holds(&[]);
}

#[test]
fn silent_connections_time_out() {
    let world = World::new();
    let (_kept, port) = silent();
    for scheme in ["http", "https", "ftp"] {
        is_late(world.expecting(&format!("{scheme}://localhost:{port}/x"), &[]), 5);
    }
    let proxy = format!("http://localhost:{port}");
    is_late(world.expecting("https://example.test/x", &["--proxy", &proxy]), 5);
    world.holds(&[]);
}

#[test]
fn all_files_share_the_time() {
    let (world, server) = (World::new(), Server::https(PKI.open()));
    server.at("/x", |_, _| vec![Do::Hang]);
    let (_kept, port) = silent();
    let urls =
        [server.url("/x"), format!("http://localhost:{port}/y"), "http://localhost:1/z".into()];
    let call = world.dir.hsum(["get", "--no-verify", "-j", "1"]).args(&urls).args(PATIENT);
    let ran = call.args(["--max-time", "0.3", "--retries", "0"]).run();
    ran.exits(5);
    assert_eq!(ran.stderr.matches("--max-time").count(), 2, "{}", ran.stderr);
}

#[test]
fn no_pause_outlasts_the_time() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| status("503 Service Unavailable", &[], b""));
    let call = world.expecting(&server.url("/x"), &PATIENT).args(["--retries", "3"]);
    // There is no time for a retry, so the server's status is reported.
    call.args(["--max-time", "20"]).run().is_in(4, b"", "503");
    assert_eq!(server.seen().len(), 1);
}
