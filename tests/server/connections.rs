//! Connections: limits, TLS, signals.

use std::io::{Read, Write};

use crate::running::Running;
use crate::support::Dir;

#[test]
fn a_server_answers() {
    let server = Running::start(&Dir::new(), "serve . --http --bind 127.0.0.1:0");
    let mut socket = server.connect();
    socket.write_all(b"GET /no HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}
