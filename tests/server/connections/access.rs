//! Passwords, and the access log.

use super::{Server, assert_served, exchange, log_line, request, start, start_in};
use crate::support::{Dir, HSUM};
use std::process::Command;

/// `htpasswd -nbB -C 8 bob 'pa:ss'`, `openssl passwd -6 -salt saltsalt secret`.
const USERS: &str = "# users\nbob:$2y$08$aHq8gVN6zedb9SAkvcsqn.us/wpH0adCIY3nEmszfCTp40rm6I8x6\neve:$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1\n";

fn guarded() -> Server {
    let dir = Dir::with(&["a"]);
    dir.write("users", USERS);
    start_in(dir, "--http --htpasswd users")
}

#[test]
fn requests_need_the_password_of_a_user() {
    let server = guarded();
    for (credentials, status) in [
        ("Basic Ym9iOnBhOnNz", "200"),
        ("basic Ym9iOnBhOnNz", "200"),
        ("Basic ZXZlOnNlY3JldA==", "200"),
        ("Basic Ym9iOnBhOg==", "401"),
        ("Basic Ym9iOg==", "401"),
        ("Basic bm9ib2R5OnNlY3JldA==", "401"),
        ("Basic Ym9i", "401"),
        ("Basic ????", "401"),
        ("Bearer Ym9iOnBhOnNz", "401"),
        ("Ym9iOnBhOnNz", "401"),
    ] {
        let head = request(&format!("Authorization: {credentials}\r\nConnection: close\r\n"));
        let answer = exchange(&server, head.as_bytes());
        assert_eq!(answer.get(9..12), Some(status), "{credentials}: {answer}");
        let challenge = answer.to_ascii_lowercase().contains("\r\nwww-authenticate: basic realm=");
        assert_eq!(challenge, status == "401", "{answer}");
    }
    let answer = exchange(&server, request("Connection: close\r\n").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 401 ") && !answer.ends_with("\r\n\r\na"), "{answer}");
    let line = log_line(&server, "\"user\":\"eve\"");
    assert!(!line.contains("secret") && line.contains("\"status\":200"), "{line}");
}

#[test]
fn passwords_do_not_cross_a_network_in_clear() {
    let dir = Dir::with(&["a"]);
    dir.write("users", USERS);
    let output = Command::new(HSUM)
        .args(["serve", ".", "--http", "--bind", "0.0.0.0:0", "--htpasswd", "users"])
        .current_dir(dir.path(""))
        .output()
        .expect("hsum starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--htpasswd needs TLS"), "{error}");
}

#[test]
fn weak_hashes_are_refused_with_a_way_out() {
    let dir = Dir::with(&["a"]);
    dir.write("users", "bob:$apr1$6BSwEmpf$l3zDNtQCUu4UNJ4MmMBTQ1\n");
    let output = Command::new(HSUM)
        .args(["serve", ".", "--http", "--bind", "127.0.0.1:0", "--htpasswd", "users"])
        .current_dir(dir.path(""))
        .output()
        .expect("hsum starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("users: line 1: ") && error.contains("htpasswd -B -C 10"), "{error}");
    assert!(!error.contains("6BSwEmpf"), "{error}");
}

#[test]
fn a_request_is_logged_without_its_query() {
    let server = start("--http");
    exchange(
        &server,
        b"GET /%1b%5b2J\"?token=secret HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    );
    let line = log_line(&server, "\"status\":404");
    let object: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(object["type"], "request");
    assert_eq!(object["method"], "GET");
    assert_eq!(object["path"], "/%1b%5b2J\"");
    assert_eq!(object["protocol"], "HTTP/1.1");
    assert_eq!(object["complete"], true);
    assert!(object["seconds"].is_number() && object["bytes"].is_u64(), "{line}");
    assert!(object["peer"].as_str().is_some_and(|peer| peer.starts_with("127.0.0.1:")), "{line}");
    let time = object["time"].as_str().unwrap_or_default();
    assert!(time.len() == 20 && time.ends_with('Z'), "{line}");
    assert!(!line.contains("secret"), "{line}");
    assert_served(&server);
}

#[test]
fn a_quiet_server_logs_nothing() {
    let server = start("--http --quiet");
    assert_served(&server);
    server.signal("TERM");
    assert_eq!(server.stdout.iter().count(), 0);
}
