//! `hsum listen`: verification, refusals, replays, keys, challenges and output.

mod actions;
mod schemes;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hsum::sign::{Message, RequestSigner, Scheme, SecretKey, SignOptions};
use serde_json::Value;

use crate::running::Running;
use crate::schema::{validate, validate_output};
use crate::support::*;

const SECRET: &str = "a key of thirty-two bytes or so!";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running `hsum listen`, and all that it has printed.
struct Listening {
    running: Running,
    printed: String,
}

impl Listening {
    /// Starts `hsum listen` with the words and the keys in the environment.
    fn start(dir: &Dir, words: &str) -> Self {
        let words: Vec<&str> = words.split_whitespace().collect();
        Self::with_words(dir, &words)
    }

    fn with_words(dir: &Dir, words: &[&str]) -> Self {
        let mut command = Command::new(HSUM);
        command.args(["listen", "127.0.0.1:0"]);
        if !words.contains(&"--self-signed") {
            command.arg("--http");
        }
        command.args(words).current_dir(dir.path(""));
        command.env("SECRET", SECRET).env("WHSEC", WHSEC);
        Self { running: Running::start_command(command), printed: String::new() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url)
    }

    /// Returns the next object, which must match the schema.
    #[track_caller]
    fn next(&mut self) -> Value {
        let line = self.running.stdout.recv_timeout(TIMEOUT).expect("a line");
        self.printed.push_str(&line);
        self.printed.push('\n');
        let object = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        validate("listen.json", &object).unwrap_or_else(|error| panic!("{error}"));
        object
    }

    /// Fails unless the next object has this status, answer and reason.
    #[track_caller]
    fn expect(&mut self, status: &str, answer: u16, reason: &str) -> Value {
        let object = self.next();
        assert_eq!(
            (&object["status"], &object["answer"], object["reason"].as_str().unwrap_or_default()),
            (&status.into(), &answer.into(), reason),
            "{object}"
        );
        object
    }

    /// Stops the server; the rest of its output must be complete, and without secrets.
    #[track_caller]
    fn stop(mut self) -> Vec<Value> {
        self.running.signal("TERM");
        assert_eq!(self.running.wait(), Some(0));
        let rest: Vec<String> = self.running.stdout.iter().collect();
        let text = self.printed + &rest.iter().map(|line| format!("{line}\n")).collect::<String>();
        let messages: Vec<String> = self.running.stderr.iter().collect();
        let all = format!("{text}{}", messages.join("\n"));
        assert!(!all.contains(SECRET) && !all.contains(WHSEC), "{all}");
        validate_output("listen", &text, 0)
    }

    /// Sends a request, and returns the status of the answer and all of it.
    fn send(&self, request: &Sent) -> (u16, String) {
        exchange(self.running.connect(), &request.bytes())
    }
}

/// Writes a request, and returns the status of the answer and all of it.
#[track_caller]
fn exchange(mut socket: TcpStream, request: &[u8]) -> (u16, String) {
    // The server may answer and close before it has read everything.
    let _ = socket.write_all(request);
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {answer:?}")), answer)
}

/// A signed request.
#[derive(Clone)]
struct Sent {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    /// Returns a POST request whose body is signed with a text key.
    fn new(scheme: Scheme, body: &str) -> Self {
        Self::at(scheme, body, now())
    }

    fn at(scheme: Scheme, body: &str, time: u64) -> Self {
        Self::signed(scheme, SecretKey::from_text(SECRET).expect("a key"), body, time)
    }

    fn signed(scheme: Scheme, key: SecretKey, body: &str, time: u64) -> Self {
        let signer = RequestSigner::new(scheme, vec![key]).expect("a signer");
        let options = SignOptions::new().timestamp(time).id("msg_1");
        let signature = signer.sign(&Message::empty(), &options, body.as_bytes()).expect("signed");
        Self {
            method: "POST".into(),
            target: "/hook".into(),
            headers: signature.headers().to_vec(),
            body: body.into(),
        }
    }

    fn get(target: &str) -> Self {
        let (method, target) = ("GET".to_owned(), target.to_owned());
        Self { method, target, headers: Vec::new(), body: Vec::new() }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", self.method, self.target);
        let has =
            |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !has("host") {
            text.push_str("Host: hooks.example.org\r\n");
        }
        if !has("content-length") && !has("transfer-encoding") {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        [text.as_bytes(), b"\r\n", &self.body].concat()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

const GITHUB: &str = "-s github -k env:SECRET";

#[test]
fn forged_late_and_foreign_requests_are_rejected_without_detail() {
    let dir = Dir::new();
    let mut server = Listening::start(&dir, "-s slack -k env:SECRET");
    let good = Sent::new(Scheme::Slack, r#"{"type":"event_callback","event":{"type":"message"}}"#);
    let (status, answer) = server.send(&good);
    assert_eq!(status, 200, "{answer}");
    let line = server.expect("OK", 200, "");
    assert_eq!((&line["event"], &line["event_signed"]), (&"message".into(), &true.into()));

    let other = SecretKey::from_text("another key of some length").expect("a key");
    let forged = Sent::signed(Scheme::Slack, other, "{}", now());
    let late = Sent::at(Scheme::Slack, "{}", now() - 400);
    let early = Sent::at(Scheme::Slack, "{}", now() + 400);
    let foreign = Sent::new(Scheme::Stripe, "{}");
    for (request, status, reason) in [
        (&forged, 401, "mismatch"),
        (&late, 401, "stale"),
        (&early, 401, "future"),
        (&foreign, 401, "missing-header"),
        (&good.clone().with("X-Slack-Signature", "v0=00"), 400, "duplicate-header"),
    ] {
        let (answered, answer) = server.send(request);
        assert_eq!(answered, status, "{reason}");
        assert!(answer.ends_with("\r\n\r\n") && !answer.contains(reason), "{answer}");
        let line = server.expect("FAILED", status, reason);
        assert_eq!(line["verified"], false);
        assert!(line["explain"].is_array(), "{line}");
    }
    let objects = server.stop();
    let summary = objects.last().expect("a summary");
    assert_eq!((&summary["requests"], &summary["ok"]), (&6.into(), &1.into()));
}

#[test]
fn a_rejection_is_explained_as_in_verify_request() {
    let dir = Dir::new();
    dir.write("body", r#"{"a":1,"b":2}"#);
    let mut signed = Sent::new(Scheme::Github, r#"{"a": 1, "b": 2}"#);
    signed.body = dir.read("body");
    let (name, value) = signed.headers[0].clone();
    let verify = dir.hsum(["verify-request", "-s", "github", "-k", "env:SECRET", "--explain"]);
    let verify = verify.args(["--json", "-H", &format!("{name}: {value}"), "body"]);
    let ran = verify.env("SECRET", SECRET).run();
    let lines = String::from_utf8(ran.stdout).expect("UTF-8");
    let expected: Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");

    let mut server = Listening::start(&dir, GITHUB);
    assert_eq!(server.send(&signed).0, 401);
    let line = server.expect("FAILED", 401, "mismatch");
    assert_eq!((&line["explain"], &line["error"]), (&expected["explain"], &expected["error"]));
    assert!(line["explain"][0].as_str().expect("a text").contains("Python"), "{line}");
    server.stop();
    let mut server = Listening::start(&dir, &format!("{GITHUB} --no-explain"));
    assert_eq!(server.send(&signed).0, 401);
    assert_eq!(server.expect("FAILED", 401, "mismatch")["explain"], Value::Null);
    server.stop();
}

#[test]
fn requests_are_refused_for_what_their_head_says() {
    let dir = Dir::new();
    let mut server = Listening::start(&dir, &format!("{GITHUB} --path /hook --max-body 1000"));
    let good = Sent::new(Scheme::Github, "{}");
    let mut elsewhere = good.clone();
    elsewhere.target = "/hook/".into();
    let mut put = good.clone();
    put.method = "PUT".into();
    let large = Sent::new(Scheme::Github, &"x".repeat(1001));
    let chunk = format!("3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001));
    let mut chunked = large.clone().with("Transfer-Encoding", "chunked");
    chunked.body = chunk.into();
    for (request, status, reason) in [
        (&elsewhere, 404, "not-found"),
        (&put, 405, "method"),
        (&Sent::get("/hook"), 405, "method"),
        (&large, 413, "too-large"),
        (&chunked, 413, "too-large"),
    ] {
        let (answered, answer) = server.send(request);
        assert_eq!(answered, status, "{answer}");
        assert!(status != 405 || answer.contains("allow: POST\r\n"), "{answer}");
        server.expect("REFUSED", status, reason);
    }
    let mut whole = Sent::new(Scheme::Github, &"x".repeat(1000));
    assert_eq!(server.send(&whole).0, 200);
    server.expect("OK", 200, "");
    whole.target = "/hook?a=1".into();
    assert_eq!(server.send(&whole).0, 200);
    assert_eq!(server.expect("OK", 200, "")["target"], "/hook?a=1");
    server.stop();
}

#[test]
fn a_slow_or_incomplete_body_does_not_keep_others_waiting() {
    let dir = Dir::new();
    let mut server = Listening::start(&dir, &format!("{GITHUB} --timeout 2s"));
    let good = Sent::new(Scheme::Github, "{}");
    let bytes = good.bytes();
    let mut slow = server.running.connect();
    slow.write_all(&bytes[..bytes.len() - 1]).expect("sent");
    let mut broken = server.running.connect();
    broken.write_all(&bytes[..bytes.len() - 1]).expect("sent");
    broken.shutdown(Shutdown::Both).expect("closed");
    server.expect("REFUSED", 400, "incomplete");
    assert_eq!(server.send(&good).0, 200);
    server.expect("OK", 200, "");
    let (status, answer) = exchange(slow, b"");
    assert_eq!(status, 408, "{answer}");
    server.expect("REFUSED", 408, "timeout");
    server.stop();
}

#[test]
fn large_bodies_of_unknown_senders_share_a_bounded_memory() {
    let dir = Dir::new();
    let mut server = Listening::start(&dir, &format!("{GITHUB} --max-body 60MiB --timeout 1m"));
    // Each takes at least 40 MiB of the 256 MiB for large bodies, and does not end.
    let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 60000000\r\n\r\n";
    let piece = vec![b'x'; 1 << 20];
    let mut sockets = Vec::new();
    let mut is_full = false;
    for _ in 0..12 {
        let mut socket = server.running.connect();
        socket.write_all(head.as_bytes()).expect("sent");
        is_full = (0..40).any(|_| socket.write_all(&piece).is_err());
        sockets.push(socket);
        if is_full {
            break;
        }
    }
    assert!(is_full, "no limit");
    server.expect("REFUSED", 503, "busy");
    assert_eq!(server.send(&Sent::new(Scheme::Github, "{}")).0, 200);
    server.expect("OK", 200, "");
    drop(sockets);
}

#[test]
fn repeated_requests_are_handled_once() {
    let dir = Dir::new();
    let words = "-s slack -k env:SECRET --exec";
    let words: Vec<&str> = words.split(' ').chain(["echo x >> handled"]).collect();
    let mut server = Listening::with_words(&dir, &words);
    let request = Sent::new(Scheme::Slack, "{}");
    assert_eq!(server.send(&request).0, 200);
    server.expect("OK", 200, "");
    // A sender that did not see the answer must stop repeating.
    assert_eq!(server.send(&request).0, 200);
    server.expect("DUPLICATE", 200, "replay");
    assert_eq!(dir.read("handled"), b"x\n");
    server.stop();
}

#[test]
fn a_restart_keeps_the_replay_keys() {
    let dir = Dir::new();
    let github = Sent::new(Scheme::Github, "{}");
    let words = format!("{GITHUB} --replay seen");
    let mut server = Listening::start(&dir, &words);
    assert_eq!(server.send(&github).0, 200);
    server.expect("OK", 200, "");
    let second = dir.words(&format!("listen 127.0.0.1:0 --http {words}"));
    second.env("SECRET", SECRET).run().is_in(2, b"", "used by another");
    // Without a chance to clean up.
    drop(server);
    assert_eq!(dir.mode("seen") & 0o777, 0o600);
    let mut text = dir.read("seen");
    text.extend_from_slice(b"0123");
    dir.write("seen", text);
    let mut server = Listening::start(&dir, &words);
    assert_eq!(server.send(&github).0, 200);
    server.expect("DUPLICATE", 200, "replay");
    assert_eq!(server.send(&Sent::new(Scheme::Github, "[]")).0, 200);
    server.expect("OK", 200, "");
    server.stop();
    dir.write("seen", "not a list\n");
    let refused = dir.words(&format!("listen 127.0.0.1:0 --http {words}"));
    refused.env("SECRET", SECRET).run().is_in(2, b"", "seen: line 1: not a replay key");
}

#[test]
fn without_a_signed_time_the_user_is_told_about_replays() {
    let dir = Dir::new();
    let mut server = Listening::start(&dir, GITHUB);
    for _ in 0..2 {
        assert_eq!(server.send(&Sent::new(Scheme::Github, "{}")).0, 200);
        server.expect("OK", 200, "");
    }
    let note = server.running.stderr.recv_timeout(TIMEOUT).expect("a note");
    assert!(note.contains("--replay FILE"), "{note}");
    assert!(server.running.stderr.try_recv().is_err(), "one note");
    server.stop();
}

#[test]
fn several_keys_are_accepted_and_files_read_again() {
    let dir = Dir::new();
    dir.write("old", "the old key, soon replaced\n");
    dir.write("new", "the new key, to stay a while\n");
    dir.chmod("old", 0o600);
    dir.chmod("new", 0o600);
    let mut server = Listening::start(&dir, "-s stripe -k file:old -k file:new");
    let with = |key: &str, body: &str| {
        Sent::signed(Scheme::Stripe, SecretKey::from_text(key).expect("a key"), body, now())
    };
    for (number, key) in
        ["the old key, soon replaced", "the new key, to stay a while"].iter().enumerate()
    {
        assert_eq!(server.send(&with(key, &format!("{number}"))).0, 200);
        assert_eq!(server.expect("OK", 200, "")["key"], number);
    }
    let third = with("a third key, of another file", "3");
    assert_eq!(server.send(&third).0, 401);
    server.expect("FAILED", 401, "mismatch");
    dir.write("old", "a third key, of another file");
    server.running.signal("HUP");
    let message = server.running.stderr.recv_timeout(TIMEOUT).expect("a message");
    assert_eq!(message, "hsum: keys read again");
    assert_eq!(server.send(&third).0, 200);
    server.expect("OK", 200, "");
    dir.write("old", "");
    server.running.signal("HUP");
    let message = server.running.stderr.recv_timeout(TIMEOUT).expect("a message");
    assert!(message.contains("old: the key is empty; the old keys stay"), "{message}");
    assert_eq!(server.send(&with("a third key, of another file", "4")).0, 200);
    server.stop();
}

#[test]
fn a_new_first_key_does_not_make_old_requests_new() {
    let dir = Dir::new();
    let (old, new) = ("the old key, soon the second", "the new key, to stay a while");
    let write = |first: &str, second: &str| {
        for (name, key) in [("first", first), ("second", second)] {
            dir.write(name, key);
            dir.chmod(name, 0o600);
        }
    };
    write(old, "the oldest key, soon removed");
    let words = "-s github -k file:first -k file:second --replay seen";
    let mut server = Listening::start(&dir, words);
    let key = SecretKey::from_text(old).expect("a key");
    let request = Sent::signed(Scheme::Github, key, "{}", now());
    assert_eq!(server.send(&request).0, 200);
    server.expect("OK", 200, "");
    write(new, old);
    server.running.signal("HUP");
    let message = server.running.stderr.recv_timeout(TIMEOUT).expect("a message");
    assert_eq!(message, "hsum: keys read again");
    assert_eq!(server.send(&request).0, 200);
    server.expect("DUPLICATE", 200, "replay");
    server.stop();
    let mut server = Listening::start(&dir, words);
    assert_eq!(server.send(&request).0, 200);
    server.expect("DUPLICATE", 200, "replay");
    server.stop();
}

#[test]
fn questions_of_senders_are_answered() {
    let dir = Dir::new();
    dir.write("token", "my token\n");
    dir.chmod("token", 0o600);
    let body = |answer: &str| answer.split_once("\r\n\r\n").expect("a head").1.to_owned();

    let mut server = Listening::start(&dir, "-s slack -k env:SECRET");
    let question = r#"{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY"}"#;
    let (status, answer) = server.send(&Sent::new(Scheme::Slack, question));
    assert_eq!((status, &*body(&answer)), (200, "3eZbrw1aBm2rZgRNFdxV2595E9CY"));
    let line = server.next();
    assert_eq!((&line["type"], &line["verified"]), (&"challenge".into(), &true.into()));
    let key = SecretKey::from_text("not the key of this server").expect("a key");
    assert_eq!(server.send(&Sent::signed(Scheme::Slack, key, question, now())).0, 401);
    server.stop();

    let mut server = Listening::start(&dir, "-s zoom -k env:SECRET --no-explain");
    let question = |token: &str| {
        format!(r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":"{token}"}}}}"#)
    };
    let (status, answer) =
        server.send(&Sent::new(Scheme::Zoom, &question("qgg8vlvZRS6UYooatFL8Aw")));
    let expected =
        Sent::new(Scheme::Github, "qgg8vlvZRS6UYooatFL8Aw").headers[0].1.replace("sha256=", "");
    let answer: Value = serde_json::from_str(&body(&answer)).expect("JSON");
    assert_eq!((status, &answer["encryptedToken"]), (200, &expected.into()));
    assert_eq!(server.next()["type"], "challenge");
    // The content of another request is not signed.
    let (_, answer) = server.send(&Sent::new(Scheme::Zoom, &question("v0:17:{}")));
    assert_eq!(body(&answer), "");
    server.stop();

    let mut server = Listening::start(&dir, "-s dropbox -k env:SECRET");
    let (status, answer) = server.send(&Sent::get("/hook?challenge=a%3Cb"));
    assert_eq!((status, &*body(&answer)), (200, "a<b"));
    assert!(answer.contains("x-content-type-options: nosniff\r\n"), "{answer}");
    server.expect("OK", 200, "");
    server.stop();

    let mut server = Listening::start(&dir, &format!("{GITHUB} --verify-token file:token"));
    let question = "/?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=";
    let (status, answer) = server.send(&Sent::get(&format!("{question}my+token")));
    assert_eq!((status, &*body(&answer)), (200, "1158201444"));
    let line = server.expect("OK", 200, "");
    assert!(!line.to_string().contains("my+token"), "{line}");
    assert_eq!(server.send(&Sent::get(&format!("{question}other"))).0, 403);
    server.expect("REFUSED", 403, "");
    server.stop();
}

#[test]
fn a_terminal_shows_one_line_and_no_control_characters() {
    let dir = Dir::new();
    dir.write("body", r#"{"type":"\u001b[31mred\n"}"#);
    let script = format!(
        "SECRET='{SECRET}'; export SECRET; \
         : >messages; {HSUM} listen 127.0.0.1:0 --http -s stripe -k env:SECRET 2>messages & \
         until grep -q listening messages; do sleep 0.1; done; \
         url=$(sed -n 's/.*listening on //p' messages); \
         {HSUM} send -s stripe -k env:SECRET $url body; sleep 0.5; \
         {HSUM} send -s github -k env:SECRET $url body 2>/dev/null; sleep 1; kill $!; wait $!"
    );
    let Some(shown) = on_a_terminal(&dir, &script) else { return };
    let shown = String::from_utf8(shown).expect("UTF-8");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].contains("\x1b[2mOK\x1b[0m stripe \\x1b[31mred\\x0a 26 "), "{shown}");
    assert!(lines[1].contains("\x1b[31mFAILED\x1b[0m stripe 26 "), "{shown}");
    assert!(lines[1].contains("(missing-header): missing header Stripe-Signature"), "{shown}");
    assert_eq!(lines[2], "  explain: the request has the headers of the scheme github");
}

#[test]
fn a_stalled_reader_of_the_output_does_not_keep_the_server_from_ending() {
    let dir = Dir::new();
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let mut child = Command::new(HSUM)
        .args(["listen", "127.0.0.1:0", "--http", "-s", "github", "-k", "env:SECRET"])
        .env("SECRET", SECRET)
        .current_dir(dir.path(""))
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("hsum starts");
    let mut messages = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    messages.read_line(&mut line).expect("a line");
    let address = line.trim().rsplit('/').nth(1).expect("an address").to_owned();
    let request = Sent::get(&format!("/{}", "a".repeat(60_000))).bytes();
    let sockets: Vec<_> = (0..8)
        .map(|_| {
            let mut socket = TcpStream::connect(&address).expect("a connection");
            socket.write_all(&request).expect("sent");
            socket
        })
        .collect();
    std::thread::sleep(Duration::from_secs(1));
    drop(sockets);
    let kill = || Command::new("kill").arg(child.id().to_string()).status().expect("kill");
    assert!(kill().success());
    std::thread::sleep(Duration::from_secs(1));
    // The second signal does not wait for open requests.
    assert!(kill().success());
    assert_eq!(child.wait().expect("an end").code(), Some(1));
    drop(reader);
}

#[test]
fn wrong_arguments_are_refused_before_listening() {
    let dir = Dir::new();
    let refuses = |words: &str, word: &str| {
        dir.words(&format!("listen 127.0.0.1:0 {words}"))
            .env("SECRET", SECRET)
            .run()
            .is_in(2, b"", word);
    };
    refuses("--http -s square -k env:SECRET", "missing url");
    refuses(
        "--http -s github -k env:SECRET --tolerance 5m",
        "--tolerance: no effect in the scheme github",
    );
    refuses("--http -s nope -k env:SECRET", "unknown scheme");
    refuses("-s github -k env:SECRET", "--self-signed");
    refuses("--http -s github -k env:NOT_SET", "is not set");
    refuses("--http -s github -k env:SECRET --path hook", "starts with '/'");
    refuses("--http -s github -k env:SECRET --url example.org", "invalid URL");
    refuses("--http -s github -k env:SECRET --forward ftp://h/", "expected http or https");
    refuses("--http -s github -k env:SECRET --forward http://u:hidden@h/", "without");
    refuses("--http -s github -k - --verify-token -", "only one");
    refuses("--http -s github -k fd:9 --exec true", "would inherit file descriptor 9");
    refuses("--http -s github -k env:SECRET --verify-token fd:9 --exec true", "would inherit");
    dir.write("file", "");
    refuses("--http -s github -k env:SECRET --save file", "not a directory");
    let ran = dir.words("listen 127.0.0.1:0 --http -s github -k hidden-key").run();
    ran.is_in(2, b"", "never put a key");
    assert!(!ran.stderr.contains("hidden-key"), "{}", ran.stderr);
}
