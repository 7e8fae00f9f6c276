//! HTTP/2 clients that send too many frames, or names that HTTP/1 would split (RFC 9113).

use std::io::{Read, Write};

use super::tls_clients::{Stream, connect};
use super::{Server, assert_closed, assert_memory, log_line, start_in};
use crate::support::Dir;
use crate::tls::PKI;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames (section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn start(options: &str) -> Server {
    let dir = Dir::with(&["a"]);
    dir.write("server.pem", &PKI.server);
    start_in(dir, &format!("--tls-cert server.pem {options}"))
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Encodes fields as literals without index (RFC 7541, 6.2.2).
fn fields(list: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in list {
        block.push(0);
        for text in [name, value] {
            assert!(text.len() < 127);
            block.push(text.len() as u8);
            block.extend(text.as_bytes());
        }
    }
    block
}

fn get<'a>(more: &[(&'a str, &'a str)]) -> Vec<u8> {
    let mut list = vec![
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/a"),
    ];
    list.extend(more);
    fields(&list)
}

fn open(server: &Server) -> Stream {
    let mut stream = connect(server, "h2", None);
    stream.write_all(PREFACE).expect("sent");
    stream.write_all(&frame(SETTINGS, 0, 0, b"")).expect("sent");
    stream
}

/// Reads a frame; `None` at the end.
fn next(stream: &mut Stream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

/// Reads until a frame of one of the kinds on a stream; 0 for any stream.
fn until(stream: &mut Stream, kinds: &[u8], id: u32) -> Option<(u8, Vec<u8>)> {
    loop {
        let (kind, _, of, payload) = next(stream)?;
        if kinds.contains(&kind) && (id == 0 || of == id) {
            return Some((kind, payload));
        }
    }
}

#[track_caller]
fn assert_http2_served(server: &Server) {
    let mut stream = open(server);
    stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &get(&[]))).expect("sent");
    assert_eq!(until(&mut stream, &[DATA, RST_STREAM, GOAWAY], 0), Some((DATA, b"a".to_vec())));
    assert_memory(server);
}

#[test]
fn fields_that_http1_would_read_otherwise_are_refused() {
    let server = start("");
    for field in [
        ("transfer-encoding", "chunked"),
        ("connection", "close"),
        ("a b", "c"),
        ("A", "b"),
        ("a:b", "c"),
        ("a", "b\r\nc: d"),
        ("a", "b\0"),
        ("a\r\nb", "c"),
        ("", "a"),
        ("content-length", "5"),
        (":path", "/b"),
        (":unknown", "a"),
    ] {
        let mut stream = open(&server);
        let block = get(&[field]);
        stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block)).expect("sent");
        let answer = until(&mut stream, &[DATA, RST_STREAM, GOAWAY], 0);
        assert_ne!(answer, Some((DATA, b"a".to_vec())), "{field:?}");
        assert_http2_served(&server);
    }
    for path in ["/a b", "a", "/a\r\nX: y", ""] {
        let mut stream = open(&server);
        let block = fields(&[
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "localhost"),
            (":path", path),
        ]);
        stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &block)).expect("sent");
        let answer = until(&mut stream, &[DATA, RST_STREAM, GOAWAY], 0);
        assert_ne!(answer, Some((DATA, b"a".to_vec())), "{path:?}");
    }
    assert_http2_served(&server);
}

/// Sends frames until the server ends the connection, at most `count` times.
fn flood(server: &Server, count: u32, frames: impl Fn(u32) -> Vec<u8>) -> bool {
    let mut stream = open(server);
    let mut written = Ok(());
    for number in 0..count {
        written = stream.write_all(&frames(number));
        if written.is_err() {
            break;
        }
    }
    // Whatever it answers, the connection ends, or was not ended.
    written.is_err() || until(&mut stream, &[GOAWAY], 0).is_some()
}

#[test]
fn streams_that_are_reset_at_once_end_the_connection() {
    let server = start("");
    // CVE-2023-44487.
    let is_ended = flood(&server, 20_000, |number| {
        let id = 2 * number + 1;
        let mut both = frame(HEADERS, END_STREAM | END_HEADERS, id, &get(&[]));
        both.extend(frame(RST_STREAM, 0, id, &[0, 0, 0, 8]));
        both
    });
    assert!(is_ended);
    assert_http2_served(&server);
}

#[test]
fn headers_without_end_end_the_connection() {
    let server = start("");
    let is_ended = flood(&server, 20_000, |number| match number {
        0 => frame(HEADERS, END_STREAM, 1, &get(&[])),
        _ => frame(CONTINUATION, 0, 1, &fields(&[("x", &"a".repeat(100))])),
    });
    assert!(is_ended);
    assert_http2_served(&server);
}

#[test]
fn pings_do_not_keep_a_connection() {
    let server = start("--idle-timeout 1s");
    let mut stream = open(&server);
    let begin = std::time::Instant::now();
    while stream.write_all(&frame(PING, 0, 0, b"12345678")).is_ok() {
        assert!(begin.elapsed() < super::PATIENCE, "pings keep the connection open");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_http2_served(&server);
}

#[test]
fn answers_that_are_not_read_do_not_pile_up() {
    let server = start("--idle-timeout 1s");
    let mut stream = open(&server);
    let mut frames = Vec::new();
    for number in 0..10_000u32 {
        frames.extend(frame(PING, 0, 0, &u64::from(number).to_be_bytes()));
        frames.extend(frame(SETTINGS, 0, 0, b""));
    }
    for _ in 0..50 {
        if stream.write_all(&frames).is_err() {
            break;
        }
    }
    assert_http2_served(&server);
}

#[test]
fn a_stream_without_window_is_ended() {
    let dir = Dir::with(&["a"]);
    dir.write("server.pem", &PKI.server);
    dir.write("big", vec![b'x'; 16 << 20]);
    let server = start_in(dir, "--tls-cert server.pem --idle-timeout 1s");
    let mut stream = open(&server);
    let block = fields(&[
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/big"),
    ]);
    for id in (1..40).step_by(2) {
        stream.write_all(&frame(HEADERS, END_STREAM | END_HEADERS, id, &block)).expect("sent");
    }
    log_line(&server, "\"reason\":\"stalled\"");
    assert_closed(&mut stream.sock);
    assert_http2_served(&server);
}
