//! Requests whose end is uncertain: what is sent after them must never be taken for a request.

use super::{assert_served, exchange, start};

/// A request that another one hides.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn ambiguous_requests_are_refused() {
    let server = start("--http --rpc");
    let post = "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\n";
    for (case, bytes) in [
        (
            "length, then chunks",
            format!(
                "{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        (
            "chunks, then length",
            format!(
                "{post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{HIDDEN}"
            ),
        ),
        ("two lengths", format!("{post}Content-Length: 0\r\nContent-Length: 4\r\n\r\n{HIDDEN}")),
        (
            "one length twice",
            format!("{post}Content-Length: 0\r\nContent-Length: 0\r\n\r\n{HIDDEN}"),
        ),
        ("a list of lengths", format!("{post}Content-Length: 0, 0\r\n\r\n{HIDDEN}")),
        ("a signed length", format!("{post}Content-Length: +0\r\n\r\n{HIDDEN}")),
        ("a hexadecimal length", format!("{post}Content-Length: 0x0\r\n\r\n{HIDDEN}")),
        ("a negative length", format!("{post}Content-Length: -1\r\n\r\n{HIDDEN}")),
        (
            "a length beyond 64 bits",
            format!("{post}Content-Length: 18446744073709551616\r\n\r\n{HIDDEN}"),
        ),
        (
            "an unknown coding",
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        ),
        (
            "chunked is not the last",
            format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{HIDDEN}"),
        ),
        (
            "a tab before the coding's end",
            format!("{post}Transfer-Encoding: chunked\x0b\r\n\r\n0\r\n\r\n{HIDDEN}"),
        ),
        (
            "chunks in HTTP/1.0",
            format!("POST /RPC2 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{HIDDEN}"),
        ),
        ("a space before the colon", format!("{post}Content-Length : 0\r\n\r\n{HIDDEN}")),
        ("a folded line", format!("{post}X: a\r\n Content-Length: 0\r\n\r\n{HIDDEN}")),
        ("a folded first line", format!("POST /RPC2 HTTP/1.1\r\n X: a\r\nHost: h\r\n\r\n{HIDDEN}")),
        ("LF between lines", format!("{post}A: b\nContent-Length: 0\r\n\r\n{HIDDEN}")),
        ("LF at the end", format!("{post}Content-Length: 0\r\n\n{HIDDEN}")),
        ("CR between lines", format!("{post}A: b\rContent-Length: 0\r\n\r\n{HIDDEN}")),
        ("two hosts", format!("{post}Host: other\r\n\r\n{HIDDEN}")),
        ("NUL in a value", format!("{post}A: b\0\r\n\r\n{HIDDEN}")),
        ("no host", format!("GET /a HTTP/1.1\r\n\r\n{HIDDEN}")),
        ("no colon", format!("{post}Content-Length\r\n\r\n{HIDDEN}")),
        ("an unknown version", format!("GET / HTTP/3.7\r\nHost: h\r\n\r\n{HIDDEN}")),
        ("no version", format!("GET /\r\n\r\n{HIDDEN}")),
    ] {
        let answer = exchange(&server, bytes.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400 "), "{case}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count(), 1, "{case}: {answer}");
    }
    assert_served(&server);
    server.signal("TERM");
    let paths: Vec<_> = server.stdout.iter().filter(|line| line.contains("hidden")).collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn damaged_chunks_are_refused() {
    let server = start("--http --rpc");
    let post = "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (case, body) in [
        ("no size", "\r\n\r\n".to_owned()),
        ("a size that is not hexadecimal", format!("0x1\r\na\r\n0\r\n\r\n{HIDDEN}")),
        ("a size beyond 64 bits", format!("fffffffffffffffff\r\n{HIDDEN}")),
        ("LF after the size", format!("1\na\r\n0\r\n\r\n{HIDDEN}")),
        ("bytes after the chunk", format!("1\r\nab\r\n0\r\n\r\n{HIDDEN}")),
        ("LF in an extension", format!("1;a\nb\r\na\r\n0\r\n\r\n{HIDDEN}")),
        ("an extension without end", format!("1;{}", "a".repeat(1 << 20))),
        ("a trailer without end", format!("0\r\nX: {}", "a".repeat(1 << 20))),
    ] {
        let answer = exchange(&server, format!("{post}{body}").as_bytes());
        assert!(!answer.starts_with("HTTP/1.1 200 "), "{case}: {answer}");
        assert!(answer.matches("HTTP/1.").count() <= 1, "{case}: {answer}");
    }
    assert_served(&server);
    server.signal("TERM");
    let paths: Vec<_> = server.stdout.iter().filter(|line| line.contains("hidden")).collect();
    assert!(paths.is_empty(), "{paths:?}");
}

#[test]
fn requests_in_a_row_are_answered_in_order() {
    let server = start("--http");
    let last = "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let bytes = format!("{}{}", "GET /a HTTP/1.1\r\nHost: h\r\n\r\n".repeat(20), last);
    let answer = exchange(&server, bytes.as_bytes());
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 21, "{answer}");
}
