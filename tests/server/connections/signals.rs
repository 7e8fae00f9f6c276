//! Signals: the end, and files that are read again.

use std::io::Write;
use std::process::Command;

use super::{assert_closed, assert_served, exchange, log_line, one_response, request, start};
use super::{start_in, until_end};
use crate::support::Dir;

const BIG: usize = 32 << 20;

#[test]
fn a_signal_ends_idle_connections_and_the_program() {
    for signal in ["INT", "TERM"] {
        let mut server = start("--http");
        let mut silent = server.connect();
        let mut kept = server.connect();
        kept.write_all(request("").as_bytes()).expect("sent");
        one_response(&mut kept, "a");
        server.signal(signal);
        assert_eq!(server.running.wait(), Some(0), "{signal}");
        assert_closed(&mut silent);
        assert_closed(&mut kept);
    }
}

#[test]
fn a_signal_lets_running_requests_end() {
    let dir = Dir::with(&["a"]);
    dir.write("big", vec![b'x'; BIG]);
    let mut server = start_in(dir, "--http");
    let mut socket = server.connect();
    write!(socket, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n").expect("sent");
    assert!(one_response(&mut socket, "x").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    let rest = until_end(&mut socket);
    assert_eq!(rest.len(), BIG - 1);
    assert_eq!(server.running.wait(), Some(0));
}

#[test]
fn a_second_signal_ends_the_program_at_once() {
    let dir = Dir::with(&["a"]);
    dir.write("big", vec![b'x'; BIG]);
    let mut server = start_in(dir, "--http");
    let mut socket = server.connect();
    write!(socket, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n").expect("sent");
    assert!(one_response(&mut socket, "x").starts_with("HTTP/1.1 200 "));
    server.signal("TERM");
    // Once the program does not listen any more, it has seen the first signal.
    while std::net::TcpStream::connect(server.address()).is_ok() {}
    server.signal("TERM");
    assert_eq!(server.running.wait(), Some(1));
    let error = server.stderr.iter().find(|line| line.contains("stopped"));
    assert_eq!(error.as_deref(), Some("hsum: stopped before 1 request was answered"));
}

/// `htpasswd -nbB -C 8 bob 'pa:ss'`.
const BOB: &str = "bob:$2y$08$aHq8gVN6zedb9SAkvcsqn.us/wpH0adCIY3nEmszfCTp40rm6I8x6\n";
/// `openssl passwd -5 -salt saltsalt secret`.
const MIA: &str = "mia:$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA\n";

fn login(server: &super::Server, credentials: &str) -> String {
    let head = request(&format!("Authorization: Basic {credentials}\r\nConnection: close\r\n"));
    exchange(server, head.as_bytes()).get(9..12).unwrap_or_default().to_owned()
}

#[test]
fn a_hangup_reads_the_passwords_again() {
    let dir = Dir::with(&["a"]);
    dir.write("users", BOB);
    let server = start_in(dir, "--http --htpasswd users");
    // `bob:pa:ss` and `mia:secret`.
    let (bob, mia) = ("Ym9iOnBhOnNz", "bWlhOnNlY3JldA==");
    assert_eq!([login(&server, bob), login(&server, mia)], ["200", "401"]);
    server.dir.write("users", MIA);
    server.signal("HUP");
    assert_eq!(
        server.stderr.iter().find(|line| line.contains("read again")).as_deref(),
        Some("hsum: passwords read again")
    );
    assert_eq!([login(&server, bob), login(&server, mia)], ["401", "200"]);
    server.dir.write("users", "mia:secret\n");
    server.signal("HUP");
    let error = server.stderr.iter().find(|line| line.contains("stay")).expect("an error");
    assert!(error.contains("users: line 1: ") && error.contains("htpasswd -B"), "{error}");
    assert_eq!([login(&server, bob), login(&server, mia)], ["401", "200"]);
}

#[test]
fn a_new_certificate_needs_no_new_start() {
    let dir = Dir::with(&["a"]);
    let make = |dir: &Dir, name: &str| {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
        dir.write("server.pem", made.cert.pem() + &made.signing_key.serialize_pem());
    };
    make(&dir, "one.test");
    let server = start_in(dir, "--tls-cert server.pem");
    let name = || super::tls_clients::server_name(&server);
    assert_eq!(name(), "one.test");
    make(&server.dir, "two.test");
    server.signal("HUP");
    assert!(server.stderr.iter().any(|line| line == "hsum: certificates read again"));
    assert_eq!(name(), "two.test");
    server.dir.write("server.pem", "no certificate");
    server.signal("HUP");
    assert!(server.stderr.iter().any(|line| line.contains("; the old certificates stay")));
    assert_eq!(name(), "two.test");
}

#[test]
fn an_address_in_use_is_a_setup_error() {
    let server = start("--http");
    let bind = server.address().to_string();
    let second = Command::new(crate::support::HSUM)
        .args(["serve", ".", "--http", "--bind", &bind])
        .output()
        .expect("hsum starts");
    let error = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{error}");
    assert!(
        error.contains(&format!("hsum: cannot listen on {bind}: Address already in use")),
        "{error}"
    );
    assert_served(&server);
    drop(log_line(&server, "\"status\":200"));
}
