//! Connections: limits, TLS, framing, access, signals. Each test also asks whether other clients
//! are served meanwhile, and how much memory the server has needed.

mod access;
mod framing;
mod http2;
mod limits;
mod signals;
mod tls_clients;

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::time::{Duration, Instant};

use crate::running::Running;
use crate::support::Dir;

/// The memory that a server of these tests may need, in KiB: it is independent of what clients send.
const MEMORY: u64 = 100 << 10;

/// Longer than a loaded machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, and the directory that it serves.
struct Server {
    running: Running,
    dir: Dir,
}

impl Deref for Server {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// Starts a server without TLS for a directory with the file `a`.
fn start(options: &str) -> Server {
    start_in(Dir::with(&["a"]), options)
}

fn start_in(dir: Dir, options: &str) -> Server {
    let running = Running::start(&dir, &format!("serve . --bind 127.0.0.1:0 {options}"));
    Server { running, dir }
}

/// Sends bytes on a new connection, and returns what comes back until the end.
fn exchange(server: &Running, bytes: &[u8]) -> String {
    let mut socket = server.connect();
    // The server may have refused the request before it was sent.
    let _ = socket.write_all(bytes);
    until_end(&mut socket)
}

/// Reads until the end of a connection, clean or not.
fn until_end(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = socket.read(&mut piece) {
        answer.extend_from_slice(&piece[..count]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads the head of one response and a body of a known length.
fn one_response(socket: &mut TcpStream, body: &str) -> String {
    let mut answer = Vec::new();
    let end = format!("\r\n\r\n{body}").into_bytes();
    let mut byte = [0];
    while !answer.ends_with(&end) && socket.read(&mut byte).is_ok_and(|count| count == 1) {
        answer.push(byte[0]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(fields: &str) -> String {
    format!("GET /a HTTP/1.1\r\nHost: h\r\n{fields}\r\n")
}

/// Asserts that a new client gets the file `a`, and that the server has not needed much memory.
#[track_caller]
fn assert_served(server: &Running) {
    let answer = exchange(server, request("Connection: close\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\na"), "{answer}");
    assert_memory(server);
}

#[track_caller]
fn assert_memory(server: &Running) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id()));
    let status = status.unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.expect("a peak").trim().trim_end_matches(" kB").parse().expect("KiB");
    assert!(peak < MEMORY, "{peak} KiB");
}

/// Asserts that the server closes a connection in time; returns how long it took.
#[track_caller]
fn assert_closed(socket: &mut TcpStream) -> Duration {
    let start = Instant::now();
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut piece = [0; 4096];
    loop {
        match socket.read(&mut piece) {
            Ok(0) => return start.elapsed(),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("still open"),
            Err(_) => return start.elapsed(),
        }
    }
}

/// Returns the next line of the access log that contains a text.
#[track_caller]
fn log_line(server: &Running, text: &str) -> String {
    let deadline = Instant::now() + PATIENCE;
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        match server.stdout.recv_timeout(left) {
            Ok(line) if line.contains(text) => return line,
            Ok(_) => {}
            Err(_) => break,
        }
    }
    panic!("no line with {text}")
}
