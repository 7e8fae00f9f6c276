//! `hsum rpc`, and the methods of `hsum serve --rpc`.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::running::Running;
use crate::schema::validate_output;
use crate::support::{Call, Dir, HSUM};

const KEY: &str = "It's a Secret to Everybody";

/// Starts a server for the files of `dir`.
fn start(dir: &Dir, words: &str) -> Running {
    let mut command = Command::new(HSUM);
    let all = format!("serve . --http --bind 127.0.0.1:0 --rpc --rpc-key ci=env:CI_KEY {words}");
    command.args(all.split_whitespace()).current_dir(dir.path("")).env("CI_KEY", KEY);
    Running::start_command(command)
}

/// Prepares a call of a method of the server.
fn rpc(dir: &Dir, server: &Running, words: &[&str]) -> Call {
    let url = format!("{}RPC2", server.url);
    dir.hsum([&["rpc", &url], words].concat())
}

/// Calls a method, and returns what is printed.
fn call(dir: &Dir, server: &Running, words: &[&str]) -> String {
    rpc(dir, server, words).run().exits(0).to_owned()
}

#[test]
fn methods_are_called_and_results_printed() {
    let dir = Dir::with(&["a"]);
    let server = start(&dir, "");
    let digest = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\n";
    assert_eq!(call(&dir, &server, &["digest", "sha256", "base64:@a"]), digest);
    assert_eq!(call(&dir, &server, &["digest", "sha256", "base64:YQ=="]), digest);
    let piped = rpc(&dir, &server, &["digest", "sha256", "base64:@-"]).stdin("a").run();
    assert_eq!(piped.exits(0), digest);
    let both = r#"json:[{"base64":"YQ=="},{"base64":"YQ=="}]"#;
    assert_eq!(call(&dir, &server, &["digest_many", "sha256", both]), digest.repeat(2));
    // The example of GitHub's documentation on webhooks.
    let tag = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let verify = |body: &str| {
        call(&dir, &server, &["hmac_verify", "sha256", "ci", &format!("base64:{body}"), tag])
    };
    assert_eq!((verify("SGVsbG8sIFdvcmxkIQ=="), verify("")), ("true\n".into(), "false\n".into()));
    call(&dir, &server, &["digest", "sha256", "base64:YQ==", "-o", "out"]);
    assert_eq!(dir.read("out"), digest.trim_end().as_bytes());
    let names = call(&dir, &server, &["system.listMethods"]);
    assert!(names.lines().any(|name| name == "digest") && names.lines().count() == 12, "{names}");
}

#[test]
fn objects_match_their_schema() {
    let dir = Dir::new();
    let server = start(&dir, "");
    for (words, status, kind) in [
        (&["algorithms"][..], 0, "result"),
        (&["list", "nil"], 0, "result"),
        (&["none"], 1, "fault"),
        (&["digest", "string:sha256", "base64:@none"], 2, "error"),
        (&["digest", "sha256", "int:1"], 1, "fault"),
    ] {
        let ran = rpc(&dir, &server, words).args(["--json"]).run();
        let text = String::from_utf8(ran.stdout.clone()).expect("UTF-8");
        let objects = validate_output("rpc", &text, status);
        assert_eq!(
            (ran.status.code(), &objects[0]["type"]),
            (Some(status), &kind.into()),
            "{text}"
        );
    }
    let ran = dir.words("rpc http://127.0.0.1:1/ a --json").run();
    let objects = validate_output("rpc", &String::from_utf8_lossy(&ran.stdout), 1);
    assert_eq!(objects[0]["reason"], "network");
}

#[test]
fn wrong_arguments_are_refused() {
    let dir = Dir::new();
    for words in [
        "rpc http://h.test/",
        "rpc ftp://h.test/ a",
        "rpc h.test a",
        "rpc http://h.test/ a int:x",
        "rpc http://h.test/ a base64:@none",
        "rpc http://h.test/ a base64:@- string:@-",
        "rpc http://h.test/ a json:{",
        "rpc http://h.test/ a -o x --json",
        "serve . --http --rpc-key ci=env:K",
        "serve . --http --max-body 1K",
        "serve . --http --rpc --rpc-key env:K",
        "serve . --http --rpc --rpc-key a/b=env:K",
        "serve . --http --rpc --rpc-key ci=env:UNSET",
        "serve . --http --rpc --rpc-key ci=env:K --rpc-key ci=env:K",
    ] {
        let ran = dir.words(words).env("K", KEY).run();
        ran.is_in(2, b"", "hsum: ");
    }
    // A key itself is not repeated.
    let ran = dir.words("serve . --http --rpc --rpc-key hunter2").run();
    assert!(ran.status.code() == Some(2) && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
    let ran = dir.words("serve . --http --rpc --rpc-key ci=hunter2").run();
    assert!(ran.status.code() == Some(2) && !ran.stderr.contains("hunter2"), "{}", ran.stderr);
}

/// Sends a request without TLS, and returns the status and the body.
fn post(server: &Running, path: &str, media_type: &str, body: &str) -> (String, String) {
    let mut socket = server.connect();
    let length = body.len();
    let head = format!(
        "POST /{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: {media_type}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    socket.write_all((head + body).as_bytes()).expect("sent");
    let mut answer = String::new();
    socket.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status");
    (status.to_owned(), body.to_owned())
}

#[test]
fn both_interfaces_answer_over_http() {
    let dir = Dir::new();
    let server = start(&dir, "--max-body 4K");
    let list = "<methodCall><methodName>system.listMethods</methodName></methodCall>";
    let (status, body) = post(&server, "RPC2", "text/xml", list);
    assert!(status == "200" && body.contains("<string>digest_many</string>"), "{status} {body}");
    let (status, body) = post(&server, "RPC2", "text/xml", &"<a>".repeat(1000));
    assert!(status == "200" && body.contains("<i4>-32700</i4>"), "{status} {body}");
    assert_eq!(post(&server, "RPC2", "text/xml", &" ".repeat(4097)).0, "413");
    assert_eq!(post(&server, "RPC2", "text/plain", list).0, "415");
    let digest = "{\"result\":\"0cc175b9c0f1b6a831c399e269772661\"}\n";
    let (status, body) =
        post(&server, "api/digest", "application/json", r#"{"alg":"md5","bytes":"YQ=="}"#);
    assert_eq!((&*status, &*body), ("200", digest));
    assert_eq!(post(&server, "api/digest", "application/json", "{}").0, "400");
    assert_eq!(post(&server, "api/none", "application/json", "{}").0, "404");
}

/// Bodies that never arrive do not keep others from being answered.
#[test]
fn slow_bodies_do_not_block_others() {
    let dir = Dir::with(&["a"]);
    let server = start(&dir, "");
    let slow: Vec<TcpStream> = (0..64)
        .map(|_| {
            let mut socket = server.connect();
            let head = "POST /RPC2 HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\n\
                        Content-Length: 100000\r\n\r\n<methodCall>";
            socket.write_all(head.as_bytes()).expect("sent");
            socket
        })
        .collect();
    let begun = Instant::now();
    call(&dir, &server, &["digest", "sha256", "base64:@a"]);
    // Half of the time that the server gives a body.
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    drop(slow);
}

/// Answers one request with `answer`, and returns the URL.
fn answering(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        let mut request = Vec::new();
        let mut piece = [0; 4096];
        while !request.windows(13).any(|end| end == b"</methodCall>") {
            let count = socket.read(&mut piece).expect("a request");
            request.extend_from_slice(&piece[..count]);
        }
        let _ = socket.write_all(&answer);
    });
    url
}

#[test]
fn answers_that_are_no_results_are_failures() {
    let dir = Dir::new();
    let response = |value: &str| {
        format!(
            "<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
        )
    };
    let fault = "<methodResponse><fault><value><struct>\
        <member><name>faultString</name><value>no\u{1b}[31m</value></member>\
        <member><name>faultCode</name><value><int>7</int></value></member>\
        </struct></value></fault></methodResponse>";
    let fault_without_escape = fault.replace('\u{1b}', "&#10;");
    for (media_type, body, words) in [
        ("text/html", response("1"), "its media type is 'text/html' (expected text/xml)"),
        ("text/xml", String::new(), "the message is incomplete"),
        ("text/xml", response("<int>x</int>"), "a value that fits its type"),
        ("text/xml", response(&"<array><data><value>".repeat(9999)), "nested too deeply"),
        ("text/xml", "<!DOCTYPE a>".to_owned() + &response("1"), "a document type is not accepted"),
        ("text/xml", response("&x;"), "an unknown entity"),
        ("text/xml", fault.to_owned(), "a character that XML does not allow"),
        ("text/xml", fault_without_escape, "m: fault 7: no\\x0a[31m"),
    ] {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
        );
        let url = answering((head + &body).into_bytes());
        dir.words(&format!("rpc {url} m")).run().is_in(1, b"", words);
    }
    let url = answering(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".into());
    dir.words(&format!("rpc {url} m")).run().is_in(1, b"", "404 Not Found");
    let url = answering(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9\r\n\r\n<a>".into(),
    );
    dir.words(&format!("rpc {url} m")).run().is_in(1, b"", "hsum: http://");
}

#[test]
fn only_served_files_are_known() {
    let dir = Dir::with(&["secret", "served/a", "served/sub/b", "served/.hidden"]);
    dir.link("../secret", "served/link");
    dir.fifo("served/fifo");
    let server = Running::start(&dir, "serve served --http --bind 127.0.0.1:0 --rpc");
    let file_digest = |name: &str| rpc(&dir, &server, &["file_digest", "sha256", name]).run();
    let hashed = |name: &str| {
        let begun = Instant::now();
        loop {
            let ran = file_digest(name);
            if ran.status.success() || begun.elapsed() > Duration::from_secs(60) {
                return ran.exits(0).to_owned();
            }
            assert!(ran.stderr.contains("call again later"), "{}", ran.stderr);
            thread::sleep(Duration::from_millis(100));
        }
    };
    let sha256 =
        |text: &str| format!("{}\n", hsum::digest(hsum::Algorithm::Sha256, text.as_bytes()));
    assert_eq!(hashed("a"), sha256("served/a"));
    assert_eq!(hashed("sub/b"), sha256("served/sub/b"));
    for name in [
        "",
        ".",
        "..",
        "../secret",
        "sub/../../secret",
        "/a",
        "./a",
        "link",
        "fifo",
        "sub",
        ".hidden",
        "a/",
    ] {
        file_digest(name).is_in(1, b"", "fault -32500: no file '");
    }
    let list = call(&dir, &server, &["list"]);
    let names: Vec<_> =
        list.lines().filter_map(|line| line.trim().strip_prefix("name: ")).collect();
    assert_eq!(names, ["a", "sub/b"], "{list}");
    // A changed file has no digest until it has been read again.
    dir.write("served/a", "changed");
    assert_eq!(hashed("a"), sha256("changed"));
}

/// The key is neither in the log nor in messages.
#[test]
fn keys_stay_secret() {
    let dir = Dir::new();
    let mut command = Command::new(HSUM);
    let words = "serve . --http --bind 127.0.0.1:0 --rpc --rpc-key ci=env:CI_KEY";
    command
        .args(words.split(' '))
        .current_dir(dir.path(""))
        .env("CI_KEY", KEY)
        .stdin(Stdio::null());
    let mut server = Running::start_command(command);
    for words in [
        ["hmac_verify", "sha256", "ci", "base64:", "00"],
        ["hmac_verify", "sha256", "no", "base64:", "00"],
    ] {
        let ran = rpc(&dir, &server, &words).run();
        assert!(ran.status.code() == Some(1) && !ran.stderr.contains(KEY), "{}", ran.stderr);
    }
    server.signal("TERM");
    assert_eq!(server.wait(), Some(0));
    for line in server.stdout.iter().chain(server.stderr.iter()) {
        assert!(!line.contains(KEY), "{line}");
    }
}
