//! Clients that are slow, idle, too many, or that send too much.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{
    PATIENCE, assert_closed, assert_memory, assert_served, exchange, log_line, one_response,
    request, start, start_in, until_end,
};
use crate::support::Dir;

#[test]
fn headers_that_trickle_in_are_ended() {
    let server = start("--http --header-timeout 1s");
    let mut sockets: Vec<_> = (0..50).map(|_| server.connect()).collect();
    let begin = Instant::now();
    let mut open = sockets.len();
    while open > 0 && begin.elapsed() < PATIENCE {
        open = sockets.iter_mut().filter_map(|socket| socket.write_all(b"X").ok()).count();
        assert_served(&server);
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(open, 0, "a byte now and then keeps {open} connections open");
    assert!(begin.elapsed() >= Duration::from_secs(1));
    log_line(&server, "\"reason\":\"header-timeout\"");
}

#[test]
fn a_client_that_has_closed_its_half_gets_its_answer() {
    let server = start("--http --idle-timeout 1s");
    let mut socket = server.connect();
    socket.write_all(request("").as_bytes()).expect("sent");
    socket.shutdown(Shutdown::Write).expect("closed");
    let answer = until_end(&mut socket);
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\na"), "{answer}");
    let mut socket = server.connect();
    socket.write_all(b"GET /a HT").expect("sent");
    socket.shutdown(Shutdown::Write).expect("closed");
    assert_closed(&mut socket);
    assert_served(&server);
}

#[test]
fn headers_that_are_too_large_or_too_many_are_refused() {
    let server = start("--http");
    for (bytes, statuses) in [
        (request(&format!("X: {}\r\n", "a".repeat(128 << 10))), &["431"][..]),
        (request(&"X: a\r\n".repeat(200)), &["431"]),
        (format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "a".repeat(128 << 10)), &["431", "414"]),
        (format!("GET /a?{} HTTP/1.1\r\n", "a".repeat(16 << 20)), &["431", "414"]),
        ("A".repeat(1 << 20), &["400", "431"]),
    ] {
        let answer = exchange(&server, bytes.as_bytes());
        let status = answer.get(9..12).unwrap_or_default();
        assert!(statuses.contains(&status), "{answer}");
        assert_served(&server);
    }
}

#[test]
fn bodies_that_are_too_large_are_not_kept() {
    let server = start("--http --rpc");
    for (head, statuses) in [
        ("POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n", &["413"][..]),
        ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n", &["405"]),
        ("POST /RPC2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n", &["413"]),
    ] {
        let mut socket = server.connect();
        write!(socket, "{head}Content-Type: text/xml\r\n\r\n").expect("sent");
        let piece = format!("10000\r\n{}\r\n", "a".repeat(1 << 16));
        let mut sent = 0;
        while sent < 64 << 20 && socket.write_all(piece.as_bytes()).is_ok() {
            sent += piece.len();
        }
        assert!(sent < 64 << 20, "the server has taken everything of {head}");
        // The answer may be lost: the client has sent bytes that the server did not read.
        let answer = until_end(&mut socket);
        let status = answer.get(9..12).unwrap_or(statuses[0]);
        assert!(statuses.contains(&status), "{answer}");
        assert_served(&server);
    }
}

#[test]
fn a_body_that_stops_is_ended() {
    let server = start("--http --rpc --idle-timeout 1s");
    let mut socket = server.connect();
    let head =
        "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nContent-Length: 999\r\n";
    write!(socket, "{head}\r\n<methodCall>").expect("sent");
    assert_served(&server);
    assert_closed(&mut socket);
    log_line(&server, "\"reason\":\"s");
    assert_served(&server);
}

#[test]
fn a_body_that_trickles_in_is_ended() {
    let server = start("--http --rpc --idle-timeout 1s");
    let mut socket = server.connect();
    let head =
        "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nContent-Length: 999\r\n";
    write!(socket, "{head}\r\n").expect("sent");
    let begin = Instant::now();
    while socket.write_all(b" ").is_ok() && begin.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(50));
    }
    assert!(begin.elapsed() < PATIENCE, "a byte now and then keeps the request open");
    log_line(&server, "\"reason\":\"slow\"");
    assert_served(&server);
}

#[test]
fn a_client_that_stops_reading_is_ended() {
    let dir = Dir::with(&["a"]);
    dir.write("big", vec![b'x'; 64 << 20]);
    let server = start_in(dir, "--http --idle-timeout 1s");
    let mut socket = server.connect();
    write!(socket, "GET /big HTTP/1.1\r\nHost: h\r\n\r\n").expect("sent");
    log_line(&server, "\"reason\":\"stalled\"");
    let line = log_line(&server, "\"path\":\"/big\"");
    assert!(line.contains("\"complete\":false"), "{line}");
    let answer = until_end(&mut socket);
    assert!(answer.len() < 64 << 20, "the response is complete");
    assert_served(&server);
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let dir = Dir::with(&["a"]);
    dir.write("big", vec![b'x'; 8 << 20]);
    let server = start_in(dir, "--http --idle-timeout 2s");
    let mut socket = server.connect();
    write!(socket, "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").expect("sent");
    let mut size = 0;
    let mut piece = vec![0; 64 << 10];
    while let Ok(count @ 1..) = std::io::Read::read(&mut socket, &mut piece) {
        size += count;
        thread::sleep(Duration::from_millis(30));
    }
    assert!(size > 8 << 20, "{size}");
    assert_served(&server);
}

#[test]
fn idle_connections_are_closed() {
    let server = start("--http --idle-timeout 1s");
    let mut silent = server.connect();
    let mut kept = server.connect();
    kept.write_all(request("").as_bytes()).expect("sent");
    one_response(&mut kept, "a");
    assert_closed(&mut silent);
    assert_closed(&mut kept);
    assert_served(&server);
}

#[test]
fn at_the_maximum_the_longest_idle_connection_is_closed() {
    let server = start("--http --max-connections 8");
    let idle = || {
        let mut socket = server.connect();
        socket.write_all(request("").as_bytes()).expect("sent");
        assert!(one_response(&mut socket, "a").starts_with("HTTP/1.1 200 "));
        socket
    };
    let mut sockets: Vec<TcpStream> = (0..8).map(|_| idle()).collect();
    let mut ninth = idle();
    assert_closed(&mut sockets[0]);
    for socket in sockets.iter_mut().skip(1).chain([&mut ninth]) {
        socket.write_all(request("").as_bytes()).expect("sent");
        assert!(one_response(socket, "a").starts_with("HTTP/1.1 200 "));
    }
    assert_served(&server);
}

#[test]
fn many_idle_connections_need_little_memory() {
    let server = start("--http --max-connections 500");
    let sockets: Vec<TcpStream> = (0..2000).map(|_| server.connect()).collect();
    assert_served(&server);
    drop(sockets);
    assert_memory(&server);
}
