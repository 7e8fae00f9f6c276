//! `--save`, `--exec` and `--forward`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use hsum::sign::Scheme;
use serde_json::Value;

use super::{GITHUB, Listening, SECRET, Sent, TIMEOUT};
use crate::support::*;

/// A server that records each request, and answers it with fixed bytes after a pause.
struct Target {
    address: SocketAddr,
    requests: Receiver<Vec<u8>>,
}

impl Target {
    fn start(answer: &'static str, pause: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (send, requests) = mpsc::channel();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let mut socket = socket;
                let _ = send.send(read_request(&mut socket));
                thread::sleep(pause);
                let _ = socket.write_all(answer.as_bytes());
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/internal", self.address)
    }
}

/// Reads a request with a Content-Length.
fn read_request(socket: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65536];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).expect("a length");
            let length: usize = length.lines().next().expect("a line").parse().expect("a number");
            if bytes.len() >= head.len() + 4 + length {
                return bytes;
            }
        }
        match socket.read(&mut piece) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return bytes,
        }
    }
}

#[test]
fn what_verified_is_forwarded_byte_for_byte() {
    let dir = Dir::new();
    let answer = "HTTP/1.1 202 Accepted\r\nContent-Type: text/x\r\nX-Own: 1\r\nKeep-Alive: timeout=5\r\n\
                  Content-Length: 5\r\nX-Hop: 1\r\nConnection: close, x-hop\r\n\r\nhello";
    let target = Target::start(answer, Duration::ZERO);
    let url = "https://hooks.example.org";
    let mut server =
        Listening::start(&dir, &format!("{GITHUB} --url {url} --forward {}", target.url()));
    let body = "{\"a\": 1,\r\n \"\u{0}b\":\"\\u001b é\"}\r\n".repeat(40_000);
    let mut request = Sent::new(Scheme::Github, &body)
        .with("X-GitHub-Event", "push")
        .with("X-Forwarded-Host", "evil.example")
        .with("X-Forwarded-For", "203.0.113.9")
        .with("X-Mine", "secret of this hop")
        .with("TE", "trailers")
        .with("Connection", "x-mine");
    request.target = "/hook?q=%2F&r".into();
    let (status, answer) = server.send(&request);
    assert_eq!(status, 202, "{answer}");
    assert!(answer.contains("x-own: 1\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(!answer.contains("timeout=5") && !answer.contains("x-hop"), "{answer}");
    server.expect("OK", 202, "");

    let got = target.requests.recv_timeout(TIMEOUT).expect("a request");
    let at = got.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    assert!(got[at + 4..] == *body.as_bytes(), "the body differs");
    let head = String::from_utf8(got[..at + 2].to_vec()).expect("UTF-8");
    assert!(head.starts_with("POST /internal?q=%2F&r HTTP/1.1\r\n"), "{head}");
    let (name, value) = &request.headers[0];
    for line in [
        &*format!("{}: {value}\r\n", name.to_ascii_lowercase()),
        "x-github-event: push\r\n",
        "x-forwarded-for: 203.0.113.9, 127.0.0.1\r\n",
        "x-forwarded-host: hooks.example.org\r\n",
        "x-forwarded-proto: https\r\n",
        &format!("host: {}\r\n", target.address),
        &format!("content-length: {}\r\n", body.len()),
    ] {
        assert!(head.to_ascii_lowercase().contains(&line.to_ascii_lowercase()), "{line}{head}");
    }
    for word in ["x-mine", "te: trailers", "evil"] {
        assert!(!head.to_ascii_lowercase().contains(word), "{word}: {head}");
    }

    let mut forged = request.clone();
    forged.body[0] ^= 1;
    assert_eq!(server.send(&forged).0, 401);
    server.expect("FAILED", 401, "mismatch");
    assert!(target.requests.try_recv().is_err(), "a forged request was forwarded");
    server.stop();
}

#[test]
fn failures_of_the_target_reach_the_sender_as_a_status() {
    let dir = Dir::new();
    let closed =
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let redirect = Target::start(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        Duration::ZERO,
    );
    let failing = Target::start("HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\nno", Duration::ZERO);
    let slow = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2 * TIMEOUT);
    let truncated =
        Target::start("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", Duration::ZERO);
    let switching =
        Target::start("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", Duration::ZERO);
    for (url, status, reason) in [
        (format!("http://{closed}/"), 502, "forward-failed"),
        (redirect.url(), 502, "forward-redirect"),
        (failing.url(), 500, "forward-status"),
        (slow.url(), 504, "forward-timeout"),
        (truncated.url(), 502, "forward-failed"),
        (switching.url(), 502, "forward-failed"),
    ] {
        let words = format!("-s stripe -k env:SECRET --timeout 2s --forward {url}");
        let mut server = Listening::start(&dir, &words);
        let request = Sent::new(Scheme::Stripe, "{}");
        assert_eq!(server.send(&request).0, status, "{reason}");
        let line = server.expect("FAILED", status, reason);
        assert_eq!(line["verified"], true);
        // The sender's next attempt is handled, too.
        assert_eq!(server.send(&request).0, status, "{reason}");
        server.expect("FAILED", status, reason);
        server.stop();
    }
}

#[test]
fn a_loop_of_servers_ends() {
    let dir = Dir::new();
    let target = Target::start("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Duration::ZERO);
    let mut server = Listening::start(&dir, &format!("{GITHUB} --forward {}", target.url()));
    let request = |hops: usize| {
        let chain = vec!["192.0.2.1"; hops].join(", ");
        Sent::new(Scheme::Github, "{}").with("X-Forwarded-For", &chain)
    };
    assert_eq!(server.send(&request(20)).0, 200);
    server.expect("OK", 200, "");
    assert_eq!(server.send(&request(21)).0, 502);
    server.expect("FAILED", 502, "forward-loop");
    server.stop();
}

#[test]
fn a_command_gets_the_body_and_metadata_but_no_key() {
    let dir = Dir::new();
    let script = "cat > body; env | sort > env; echo done; echo oops >&2; [ ! -e fail ] || exit 3";
    let words = ["-s", "standard-webhooks", "-k", "env:WHSEC", "--exec", script];
    let mut server = Listening::with_words(&dir, &words);
    let body = "{\"type\":\"$(touch hacked)`touch hacked`;touch hacked\"}\n";
    let key = hsum::sign::SecretKey::from_whsec(super::WHSEC).expect("a key");
    let mut request = Sent::signed(Scheme::StandardWebhooks, key, body, super::now())
        .with("Content-Type", "application/json;$(touch hacked)");
    request.target = "/$(touch,hacked)?';touch,hacked;".into();
    dir.write("fail", "");
    assert_eq!(server.send(&request).0, 500);
    let line = server.expect("FAILED", 500, "exec-failed");
    assert_eq!(line["output"], "done\noops\n");
    assert!(line["error"].as_str().expect("a text").contains("status 3"), "{line}");
    std::fs::remove_file(dir.path("fail")).expect("removed");
    assert_eq!(server.send(&request).0, 200);
    server.expect("OK", 200, "");
    assert_eq!(dir.read("body"), body.as_bytes());
    let env = String::from_utf8(dir.read("env")).expect("UTF-8");
    for line in [
        "HSUM_SCHEME=standard-webhooks",
        "HSUM_EVENT=$(touch hacked)`touch hacked`;touch hacked",
        "HSUM_ID=msg_1",
        "HSUM_METHOD=POST",
        "HSUM_TARGET=/$(touch,hacked)?';touch,hacked;",
        "HSUM_CONTENT_TYPE=application/json;$(touch hacked)",
        &format!("HSUM_SIZE={}", body.len()),
        "HSUM_KEY=0",
        &format!("SECRET={SECRET}"),
    ] {
        assert!(env.lines().any(|other| other == line), "{line}: {env}");
    }
    assert!(!env.contains(super::WHSEC), "{env}");
    assert!(!dir.path("hacked").exists());
    server.stop();
}

#[test]
fn a_slow_command_is_ended_and_its_output_cut() {
    let dir = Dir::new();
    let words = ["-s", "slack", "-k", "env:SECRET", "--timeout", "2s", "--exec", "yes; sleep 600"];
    let mut server = Listening::with_words(&dir, &words);
    assert_eq!(server.send(&Sent::new(Scheme::Slack, "{}")).0, 500);
    let line = server.expect("FAILED", 500, "exec-timeout");
    assert_eq!(line["output"].as_str().map(str::len), Some(4096));
    server.stop();
}

#[test]
fn an_action_goes_on_when_the_sender_leaves_and_the_server_stops() {
    let dir = Dir::new();
    let words = ["-s", "slack", "-k", "env:SECRET", "--exec", "touch begun; sleep 2; touch done"];
    let server = Listening::with_words(&dir, &words);
    let mut socket = server.running.connect();
    socket.write_all(&Sent::new(Scheme::Slack, "{}").bytes()).expect("sent");
    while !dir.path("begun").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    drop(socket);
    let objects = server.stop();
    assert!(dir.path("done").exists());
    assert_eq!(objects[0]["status"], "OK");
}

#[test]
fn saved_requests_are_named_by_the_server_and_verify_again() {
    let dir = Dir::new();
    dir.mkdir("outside");
    let mut server = Listening::start(&dir, &format!("{GITHUB} --save got"));
    let hostile = "../outside/x\u{1b}";
    let mut request = Sent::new(Scheme::Github, r#"{"type":"../../outside/y"}"#)
        .with("X-GitHub-Event", "../outside/e")
        .with("X-GitHub-Delivery", hostile.trim_end_matches('\u{1b}'))
        .with("Content-Disposition", "attachment; filename=../outside/z");
    request.target = "/../outside/%2e%2e%2fx".into();
    assert_eq!(server.send(&request).0, 200);
    let line = server.expect("OK", 200, "");
    let name = line["saved"].as_str().expect("a name");
    let key = line["replay_key"].as_str().expect("a key");
    assert!(name.ends_with(&format!("Z-{key}")) && !name.contains('/'), "{name}");
    let mut names: Vec<String> = std::fs::read_dir(dir.path("got"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["body", "headers", "json"].map(|ending| format!("{name}.{ending}")));
    assert!(std::fs::read_dir(dir.path("outside")).expect("a directory").next().is_none());
    let path = |ending: &str| format!("got/{name}.{ending}");
    assert_eq!(dir.read(&path("body")), request.body);
    assert_eq!((dir.mode("got") & 0o777, dir.mode(&path("body")) & 0o777), (0o700, 0o600));
    let metadata: Value = serde_json::from_slice(&dir.read(&path("json"))).expect("JSON");
    assert_eq!(
        (&metadata["event"], &metadata["event_signed"]),
        (&"../outside/e".into(), &false.into())
    );
    let verify = format!("verify-request {GITHUB} --headers {} {}", path("headers"), path("body"));
    let verdict = dir.words(&verify).env("SECRET", SECRET).run().exits(0);
    assert!(verdict.starts_with("OK (github)\n"), "{verdict}");

    let mut forged = request.clone();
    forged.body.push(b' ');
    assert_eq!(server.send(&forged).0, 401);
    server.expect("FAILED", 401, "mismatch");
    assert_eq!(std::fs::read_dir(dir.path("got")).expect("a directory").count(), 3);
    // A repetition replaces nothing.
    assert_eq!(server.send(&request).0, 200);
    server.expect("OK", 200, "");
    assert_eq!(std::fs::read_dir(dir.path("got")).expect("a directory").count(), 6);
    // A directory that cannot be written to: the sender must try again.
    std::fs::remove_dir_all(dir.path("got")).expect("removed");
    assert!(!Path::new(&dir.path("got")).exists());
    assert_eq!(server.send(&request).0, 500);
    server.expect("FAILED", 500, "save-failed");
    server.stop();
}
