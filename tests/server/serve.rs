//! `hsum serve`: files, ranges, conditions, digests, listings, and files that change.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use crate::running::Running;
use crate::schema::validate;
use crate::support::{Dir, sha256};

/// The longest time in which a file is expected to be hashed.
const PATIENCE: Duration = Duration::from_secs(60);

/// The answer to a request.
struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.get(9..12).unwrap_or(&self.head)
    }

    /// Returns the value of a field; its name is in lower case.
    fn field(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Sends a request with these lines of fields, and reads all of the answer.
fn ask(server: &Running, request: &str, fields: &[&str]) -> Answer {
    let mut socket = server.connect();
    send(&mut socket, request, fields);
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("an answer");
    split(&answer)
}

fn send(socket: &mut TcpStream, request: &str, fields: &[&str]) {
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let text = format!("{request} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{fields}\r\n");
    socket.write_all(text.as_bytes()).expect("sent");
}

fn split(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(answer[..end].to_vec()).expect("UTF-8");
    Answer { head, body: answer[end + 4..].to_vec() }
}

fn get(server: &Running, path: &str) -> Answer {
    ask(server, &format!("GET {path}"), &[])
}

/// Serves a directory, and waits until its files have digests.
fn serve(dir: &Dir, options: &str) -> Running {
    let server = Running::start(dir, &format!("serve . --http --bind 127.0.0.1:0 {options}"));
    let begun = Instant::now();
    loop {
        let list = get(&server, "/SHA256SUMS");
        if list.status() == "200" && !list.text().contains('#') {
            return server;
        }
        assert!(begun.elapsed() < PATIENCE, "{}{}", list.head, list.text());
        thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn files_are_served_with_their_digests() {
    let dir = Dir::new();
    dir.write("a.txt", "hello");
    dir.write("sub/b c.bin", vec![7; 300_000]);
    let server = serve(&dir, "");
    let whole = get(&server, "/a.txt");
    assert_eq!((whole.status(), &*whole.body), ("200", &b"hello"[..]));
    for (name, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        ("content-length", "5"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'"),
        ("repr-digest", "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"),
        ("etag", &format!("\"sha256-{}\"", sha256(b"hello"))),
    ] {
        assert_eq!(whole.field(name), Some(value), "{name}");
    }
    let head = ask(&server, "HEAD /a.txt", &["Range: bytes=0-1"]);
    assert_eq!((head.status(), &*head.body), ("200", &b""[..]));
    assert_eq!(head.field("content-length"), Some("5"));
    assert_eq!(head.field("repr-digest"), whole.field("repr-digest"));
    // 304 has no length, unless that of the file (RFC 9110, section 8.6).
    for method in ["GET", "HEAD"] {
        let same = ask(&server, &format!("{method} /a.txt"), &["If-None-Match: *"]);
        assert_eq!((same.status(), same.field("content-length")), ("304", None), "{method}");
    }
    assert_eq!(get(&server, "/sub/b%20c.bin").body, vec![7; 300_000]);
    let line = get(&server, "/sub/b%20c.bin?digest=sha256");
    let digest = sha256(vec![7; 300_000]);
    assert_eq!(line.text(), format!("{digest}  b c.bin\n"));
    assert_eq!(get(&server, "/a.txt?digest=md5").status(), "400");
    let list = format!("{}  a.txt\n{digest}  sub/b c.bin\n", sha256(b"hello"));
    assert_eq!(get(&server, "/SHA256SUMS").text(), list);
    assert_eq!(get(&server, "/sub/SHA256SUMS").text(), format!("{digest}  b c.bin\n"));
    for path in ["/SHA512SUMS", "/none/SHA256SUMS", "/none", "/a.txt/", "/a.txt/b"] {
        assert_eq!(get(&server, path).status(), "404", "{path}");
    }
}

#[test]
fn ranges_and_conditions_select_what_is_sent() {
    let dir = Dir::new();
    dir.write("a", "0123456789");
    dir.write("empty", "");
    let server = serve(&dir, "");
    let whole = get(&server, "/a");
    let (tag, date) = (whole.field("etag").unwrap(), whole.field("last-modified").unwrap());
    let (tag_is, date_is) = (format!("If-Range: {tag}"), format!("If-Range: {date}"));
    let (none, since) = (format!("If-None-Match: {tag}"), format!("If-Modified-Since: {date}"));
    let weak = format!("If-Range: W/{tag}");
    for (fields, status, body, range) in [
        (&["Range: bytes=2-4"][..], "206", "234", Some("bytes 2-4/10")),
        (&["Range: bytes=-3"], "206", "789", Some("bytes 7-9/10")),
        (&["Range: bytes=8-99"], "206", "89", Some("bytes 8-9/10")),
        (&["Range: bytes=0-0,5-5"], "200", "0123456789", None),
        (&["Range: bytes=10-"], "416", "416 Range Not Satisfiable\n", Some("bytes */10")),
        (&["Range: bytes=2-4", &tag_is], "206", "234", Some("bytes 2-4/10")),
        (&["Range: bytes=2-4", &date_is], "200", "0123456789", None),
        (&["Range: bytes=2-4", &weak], "200", "0123456789", None),
        (&["Range: bytes=2-4", "If-Range: \"old\""], "200", "0123456789", None),
        (&[&none], "304", "", None),
        (&[&since], "304", "", None),
        (&["If-Match: \"old\""], "412", "412 Precondition Failed\n", None),
        (&["Range: bytes=2-4", &none], "304", "", None),
    ] {
        let answer = ask(&server, "GET /a", fields);
        let found = (answer.status(), &*answer.text(), answer.field("content-range"));
        assert_eq!(found, (status, body, range), "{fields:?}");
        let has_digest = answer.field("repr-digest").is_some();
        assert_eq!(has_digest, ["200", "206", "304"].contains(&status), "{fields:?}");
    }
    let empty = ask(&server, "GET /empty", &["Range: bytes=0-"]);
    assert_eq!((empty.status(), &*empty.text()), ("200", ""));
}

#[test]
fn nothing_outside_the_directory_is_served() {
    let dir = Dir::new();
    dir.write("secret", "secret");
    dir.write("root/a", "a");
    dir.write("root/d/b", "b");
    dir.write("root/.hidden", "secret");
    dir.write("root/.hsum-AbC123", "secret");
    dir.link("../secret", "root/out");
    dir.link("..", "root/up");
    dir.link(dir.path("secret").to_str().unwrap(), "root/absolute");
    dir.link("d/b", "root/inside");
    dir.link("d", "root/inside-dir");
    dir.fifo("root/fifo");
    let server = Running::start(&dir, "serve root --http --bind 127.0.0.1:0");
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/.%2e/secret",
        "/d/../../secret",
        "/d/..%2f..%2fsecret",
        "/..%5csecret",
        "/..%c0%afsecret",
        "/%c0%ae%c0%ae/secret",
        "//secret",
        "/d//b",
        "/./a",
        "/%252e%252e/secret",
        "/out",
        "/up/secret",
        "/up/",
        "/absolute",
        "/fifo",
        "/.hidden",
        "/%2ehidden",
        "/.hsum-AbC123",
        "/a/",
        "/a%2f",
        "/d%2fb",
        "/a%00",
        "/%00",
        "/%",
        "/%zz",
        "/..;/secret",
        "/....//secret",
        "/%e0%80%ae%e0%80%ae/secret",
        "/%u002e%u002e/secret",
        "/a\\..\\..\\secret",
    ] {
        let answer = get(&server, path);
        assert!(["400", "404"].contains(&answer.status()), "{path}: {}", answer.head);
        assert!(!answer.text().contains("secret"), "{path}");
    }
    let long = format!("/{}", "a".repeat(5000));
    assert_eq!(get(&server, &long).status(), "404");
    for (path, body) in [("/a", "a"), ("/inside", "b"), ("/inside-dir/b", "b")] {
        assert_eq!(get(&server, path).text(), body, "{path}");
    }
    let listing = ask(&server, "GET /", &["Accept: application/json"]).text();
    let object = serde_json::from_str(&listing).expect("JSON");
    validate("listing.json", &object).unwrap_or_else(|error| panic!("{error}"));
    for name in ["\"a\"", "\"d\"", "\"inside\"", "\"inside-dir\""] {
        assert!(listing.contains(name), "{name} in {listing}");
    }
    for name in ["out", "up", "absolute", "fifo", "hidden", "hsum-"] {
        assert!(!listing.contains(&format!("\"{name}")), "{name} in {listing}");
    }
}

#[test]
fn methods_other_than_get_head_and_options_are_refused() {
    let server = Running::start(&Dir::with(&["a"]), "serve . --http --bind 127.0.0.1:0");
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND"] {
        let answer = ask(&server, &format!("{method} /a"), &[]);
        assert_eq!(answer.status(), "405", "{method}");
        assert_eq!(answer.field("allow"), Some("GET, HEAD, OPTIONS"), "{method}");
    }
    for path in ["*", "/a"] {
        let answer = ask(&server, &format!("OPTIONS {path}"), &[]);
        assert_eq!((answer.status(), answer.field("allow")), ("204", Some("GET, HEAD, OPTIONS")));
    }
}

/// A change to a file while it is sent.
type Change = fn(&Dir);

#[test]
fn a_response_is_aborted_if_its_file_changes() {
    let size = 64 << 20;
    let changes: [(&str, Change); 5] = [
        ("rewritten", |dir| {
            let mut file = File::options().write(true).open(dir.path("a")).unwrap();
            file.write_all(b"new").unwrap();
        }),
        ("cut", |dir| File::options().write(true).open(dir.path("a")).unwrap().set_len(9).unwrap()),
        ("appended", |dir| {
            let mut file = File::options().append(true).open(dir.path("a")).unwrap();
            file.write_all(b"new").unwrap();
        }),
        ("replaced", |dir| {
            dir.write("new", vec![2; 64 << 20]);
            fs::rename(dir.path("new"), dir.path("a")).unwrap();
        }),
        ("rewritten with its time", |dir| {
            let file = File::options().write(true).open(dir.path("a")).unwrap();
            let time = file.metadata().unwrap().modified().unwrap();
            (&file).write_all(b"new").unwrap();
            file.set_modified(time).unwrap();
        }),
    ];
    for (name, change) in changes {
        let dir = Dir::new();
        dir.write("a", vec![1; size]);
        let server = Running::start(&dir, "serve . --http --bind 127.0.0.1:0");
        let mut socket = server.connect();
        send(&mut socket, "GET /a", &[]);
        // The rest does not fit into the buffers of the connection.
        let mut start = vec![0; 1000];
        socket.read_exact(&mut start).expect("the start");
        thread::sleep(Duration::from_millis(50));
        change(&dir);
        let mut rest = Vec::new();
        // The connection may also be reset.
        let _ = socket.read_to_end(&mut rest);
        let answer = split(&[start, rest].concat());
        assert_eq!(answer.field("content-length"), Some(&*size.to_string()));
        assert!(answer.body.len() < size, "{name}: {} bytes", answer.body.len());
        assert!(answer.body.iter().all(|byte| *byte == 1), "{name}");
    }
}

#[test]
fn digests_follow_the_files_and_are_kept_between_runs() {
    let dir = Dir::new();
    dir.write("root/a", "old");
    dir.write("root/b", "same");
    let start = || Running::start(&dir, "serve root --http --bind 127.0.0.1:0 --record record");
    let digest = |server: &Running, path: &str, expected: &[u8]| {
        let begun = Instant::now();
        loop {
            let answer = get(server, path);
            let name = path.trim_start_matches('/').trim_end_matches("?digest=sha256");
            if answer.status() == "200"
                && answer.text() == format!("{}  {name}\n", sha256(expected))
            {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{path}: {}{}", answer.head, answer.text());
            thread::sleep(Duration::from_millis(100));
        }
    };
    let mut server = start();
    digest(&server, "/a?digest=sha256", b"old");
    digest(&server, "/b?digest=sha256", b"same");
    let old = get(&server, "/a");
    dir.write("root/a", "new");
    // At once, the old digest is not stated of the new contents.
    let new = get(&server, "/a");
    assert_eq!(new.text(), "new");
    assert_ne!(new.field("etag"), old.field("etag"));
    assert_ne!(new.field("repr-digest"), old.field("repr-digest"));
    digest(&server, "/a?digest=sha256", b"new");
    server.signal("TERM");
    server.wait();
    assert!(dir.read("record").starts_with(b"hsum-snapshot "));
    // A changed record shows that the files are not read again.
    let verdict = dir.hsum(["audit", "root", "record"]).run();
    verdict.exits(0);
    let server = start();
    digest(&server, "/a?digest=sha256", b"new");
}

#[test]
fn a_downloaded_file_is_verified_and_resumed() {
    let dir = Dir::new();
    dir.write("root/a", vec![3; 200_000]);
    let server = serve(&dir, "");
    let url = format!("{}root/a", server.url);
    let get = dir.hsum(["get", "--sums", "auto", "-o", "a", &url]).run();
    get.exits(0);
    assert_eq!(dir.read("a"), vec![3; 200_000]);
}

/// The files that are served do not change when another directory takes the name of theirs, and no
/// list names files of the other one.
#[test]
fn a_replaced_directory_is_not_listed() {
    let dir = Dir::new();
    dir.write("site/a", "a");
    let server = Running::start(&dir, "serve site --http --bind 127.0.0.1:0");
    let is_listed = |status: &str| {
        let start = Instant::now();
        while get(&server, "/SHA256SUMS").status() != status {
            assert!(start.elapsed() < PATIENCE, "the list is not {status}");
            thread::sleep(Duration::from_millis(50));
        }
    };
    is_listed("200");
    fs::rename(dir.path("site"), dir.path("old")).expect("renamed");
    dir.write("site/b", "b");
    // A file without a digest is looked for soon.
    dir.write("old/c", "c");
    assert_eq!(get(&server, "/c").text(), "c");
    is_listed("503");
    assert_eq!((get(&server, "/a").status(), get(&server, "/b").status()), ("200", "404"));
}
