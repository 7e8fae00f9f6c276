//! `hsum send`: signed requests, retries, redirects and responses.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::schema::validate_output;
use crate::server::{Do, Seen, Server, head, ok, redirect, status};
use crate::support::{Call, Dir};
use crate::world::{Clients, PKI, World, well};

const KEY: &str = "a-s3cret-of-thirty-two-bytes-or-so";
const WHSEC: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SIGV4: &str = "-s sigv4 --region r --service s --access-key-id A";
/// A body that is not UTF-8, with mixed line ends.
const BODY: &[u8] = b"{\"a\":\r\n \"\xff\x00\"}\n\n";

fn key(scheme: &str) -> &'static str {
    if scheme.contains("webhooks") || scheme.contains("svix") { WHSEC } else { KEY }
}

/// Returns the call `hsum send WORDS`, with the keys in the environment.
fn send(dir: &Dir, words: &str) -> Call {
    let words = words.split_whitespace();
    let scheme: String = words.clone().skip_while(|word| *word != "-s").take(2).collect();
    dir.hsum(["send", "--retry-delay", "0.01"]).args(words).env("KEY", key(&scheme))
}

/// Returns the request as received.
fn raw(seen: &Seen) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", seen.method, seen.target);
    for (name, value) in &seen.headers {
        text += &format!("{name}: {value}\r\n");
    }
    [text.as_bytes(), b"\r\n", &seen.body].concat()
}

/// Returns the status of `hsum verify-request` for a request.
fn verdict(seen: &Seen, scheme: &str, key: &str) -> i32 {
    let dir = Dir::new();
    dir.write("request", raw(seen));
    let words = format!("verify-request {scheme} -k env:KEY --http request");
    let ran = dir.words(&words).env("KEY", key).run();
    ran.status.code().expect("an exit status")
}

#[track_caller]
fn is_signed(seen: &Seen, scheme: &str) {
    assert_eq!(verdict(seen, scheme, key(scheme)), 0, "{}", raw(seen).escape_ascii());
}

#[test]
fn responses_are_printed_as_json() {
    let (dir, server) = (Dir::new(), Server::http());
    server.at("/text", |_, _| ok(&["X-Answer: yes"], b"wel\x7fcome\n"));
    server.at("/bytes", |_, _| ok(&[], b"\xff"));
    server.at("/moved", |_, _| status("302 Found", &["Location: /text?token=s3cret"], b""));
    server.at("/gone", |_, _| status("410 Gone", &[], b"no"));
    server.at("/cut", |_, _| vec![head("200 OK", &["Content-Length: 9"])]);
    let json = |words: &str, code| {
        let ran = send(&dir, &format!("--json --retries 0 -X GET {words}")).run();
        let objects = validate_output("send", &ran.exits(code), code);
        assert!(!ran.exits(code).contains("s3cret"), "{}", ran.exits(code));
        objects.into_iter().next().expect("an object")
    };
    let text = json(&server.url("/text"), 0);
    assert_eq!((&text["status"], &text["bytes"]), (&200.into(), &9.into()));
    assert_eq!(text["body"], "wel\u{7f}come\n");
    let fields = text["headers"].as_array().expect("fields");
    assert!(fields.iter().any(|field| field["name"] == "x-answer" && field["value"] == "yes"));
    assert_eq!(json(&server.url("/bytes"), 0)["body_base64"], "/w==");
    assert_eq!(json(&server.url("/moved"), 0)["redirects"][0]["status"], 302);
    let gone = json(&server.url("/gone"), 4);
    assert_eq!((&gone["reason"], &gone["body"]), (&"status".into(), &"no".into()));
    assert_eq!(json(&server.url("/cut"), 1)["reason"], "network");
    assert_eq!(json("http://127.0.0.1:1/", 1)["reason"], "network");
    assert_eq!(
        json(&format!("-s github -k env:NONE {}", server.url("/text")), 2)["reason"],
        "setup"
    );
    let saved = json(&format!("{} -o body", server.url("/text")), 0);
    assert_eq!((&saved["bytes"], saved.get("body")), (&9.into(), None));
    assert_eq!(dir.read("body"), b"wel\x7fcome\n");
    let lost = json(&format!("{} -o new", server.url("/cut")), 1);
    assert!(lost["type"] == "error" && !dir.path("new").exists());
}

#[test]
fn receivers_verify_signed_requests() {
    let (world, server) = (World::new(), Server::http());
    server.at("/hook", |_, _| ok(&["X-Answer: yes"], b"welcome\n"));
    world.dir.write("body", BODY);
    let schemes =
        ["-s github", "-s stripe", "-s standard-webhooks", "-s slack", "-s rfc9421", SIGV4];
    for scheme in schemes {
        server.forget();
        let url = server.url("/hook?a=1&b=%20");
        send(&world.dir, &format!("{scheme} -k env:KEY {url} body")).run().is(0, b"welcome\n", "");
        let seen = server.seen();
        assert_eq!((seen.len(), &*seen[0].method, &*seen[0].body), (1, "POST", BODY));
        is_signed(&seen[0], scheme);
        let mut forged = seen[0].clone();
        forged.body[0] ^= 1;
        assert_eq!(verdict(&forged, scheme, key(scheme)), 1, "{scheme}");
        let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(verdict(&seen[0], scheme, other), 1, "{scheme}");
    }
    // Another implementation of HMAC.
    server.forget();
    send(&world.dir, &format!("-s github -k env:KEY {} body", server.url("/hook"))).run().exits(0);
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("a key");
    mac.update(BODY);
    let tag = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    assert_eq!(server.seen()[0].header("x-hub-signature-256"), Some(&*tag));
}

#[test]
fn bodies_come_from_files_pipes_and_forms() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    world.dir.write("file", BODY);
    world.dir.write("file2", "of a file\n");
    let url = server.url("/x");
    let sent = |words: &str, stdin: &[u8]| {
        server.forget();
        let words = format!("-s rfc9421 -k env:KEY {url} {words}");
        send(&world.dir, &words).stdin(stdin).run().is(0, b"", "");
        let seen = server.seen().remove(0);
        is_signed(&seen, "-s rfc9421");
        seen
    };
    assert_eq!(sent("file", b"").body, BODY);
    assert_eq!(sent("-", BODY).body, BODY);
    assert_eq!(sent("-", b"").method, "POST");
    assert_eq!(sent("", b"").method, "GET");
    let seen = sent("--data a=b&c --data f=@file2 --query q=1&2", b"");
    assert_eq!((&*seen.method, &*seen.target), ("POST", "/x?q=1%262"));
    assert_eq!(seen.body, b"a=b%26c&f=of+a+file");
    let seen = sent("--form n=v --form f=@file", b"");
    assert!(seen.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert!(seen.body.windows(BODY.len()).any(|window| window == BODY));
    // With any method.
    for method in ["PUT", "PATCH", "DELETE", "GET", "REPORT"] {
        let seen = sent(&format!("-X {method} file"), b"");
        assert_eq!((&*seen.method, &*seen.body), (method, BODY));
    }
}

// Receivers of webhooks parse a body only if its type is JSON.
#[test]
fn json_is_sent_as_json() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    world.dir.write("object", "{\"a\": [1, \"ü\"]}\n");
    world.dir.write("text", "no JSON");
    world.dir.write("bytes", BODY);
    world.dir.write("half", "{\"a\": 1");
    world.dir.write("empty", "");
    world.dir.write("headers", "Content-Type: application/vnd.x+json\n");
    let url = server.url("/x");
    let json = Some("application/json");
    let rfc9421 = "-s rfc9421 --cover @method,content-type,content-digest";
    for (scheme, words, expected) in [
        ("-s stripe", "object", json),
        ("-s stripe", "-X PUT object", json),
        (SIGV4, "object", json),
        (rfc9421, "object", json),
        ("-s stripe", "text", None),
        (SIGV4, "bytes", None),
        ("-s stripe", "half", None),
        ("-s stripe", "empty", None),
        ("-s stripe", "-H content-type:text/plain object", Some("text/plain")),
        (SIGV4, "-H Content-Type:text/plain object", Some("text/plain")),
        (rfc9421, "-H @headers object", Some("application/vnd.x+json")),
        ("-s stripe", "--data a=b", Some("application/x-www-form-urlencoded")),
        (SIGV4, "-H Content-Type:text/plain --data a=b", Some("text/plain")),
    ] {
        server.forget();
        let what = format!("{scheme} {words}");
        send(&world.dir, &format!("{scheme} -k env:KEY {url} {words}")).run().is(0, b"", "");
        let seen = server.seen().remove(0);
        let sent = seen.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("content-type"));
        let sent: Vec<&str> = sent.map(|(_, value)| value.as_str()).collect();
        assert_eq!(sent, expected.into_iter().collect::<Vec<_>>(), "{what}");
        is_signed(&seen, scheme);
    }
    // The same without a signature.
    server.forget();
    send(&world.dir, &format!("{url} object")).run().is(0, b"", "");
    assert_eq!(server.seen()[0].header("content-type"), json);
}

#[test]
fn empty_bodies_have_a_length() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    send(&world.dir, &format!("-s github -k env:KEY {} -", server.url("/x"))).run().exits(0);
    let seen = &server.seen()[0];
    assert_eq!(
        (seen.header("content-length"), seen.header("transfer-encoding")),
        (Some("0"), None)
    );
    is_signed(seen, "-s github");
}

#[test]
fn the_response_decides_the_exit_status() {
    let (world, server) = (World::new(), Server::http());
    world.dir.write("body", BODY);
    for (line, code) in [
        ("200 OK", 0),
        ("202 Accepted", 0),
        ("304 Not Modified", 3),
        ("404 Not Found", 4),
        ("410 Gone", 4),
        ("500 Internal Server Error", 5),
    ] {
        server.forget();
        server.at("/x", move |_, _| status(line, &[], b"words"));
        let ran = send(&world.dir, &format!("{} body", server.url("/x"))).run();
        let output = ran.exits(code);
        assert_eq!(output, if code == 3 { "" } else { "words" });
        assert_eq!(ran.stderr.contains(&line[..3]), code != 0, "{}", ran.stderr);
        // A request that may have had an effect is not repeated.
        assert_eq!(server.seen().len(), 1);
    }
    server.at("/cut", |_, _| vec![head("200 OK", &["Content-Length: 9"]), Do::Send(b"wor".into())]);
    let url = server.url("/cut");
    send(&world.dir, &format!("{url} body -o answer")).run().is_in(1, b"", "/cut");
    world.holds(&["body"]);
    send(&world.dir, "http://localhost:1/ body").run().is_in(1, b"", "localhost:1");
    send(&world.dir, &format!("-s nonsense -k env:KEY {url} body")).run().is_in(
        2,
        b"",
        "unknown scheme",
    );
    send(&world.dir, &format!("-s github {url} body")).run().exits(2);
    send(&world.dir, &format!("-s github -k env:NONE {url} body")).run().is_in(2, b"", "NONE");
    send(&world.dir, &format!("{url} nowhere")).run().is_in(2, b"", "nowhere");
}

#[test]
fn responses_are_printed_or_saved() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&["X-Answer: yes"], b"welcome\n"));
    let url = server.url("/x");
    let output = send(&world.dir, &format!("-i {url}")).run().exits(0);
    assert!(output.starts_with("HTTP 200\n") && output.ends_with("\n\nwelcome\n"), "{output}");
    assert!(output.to_lowercase().contains("\nx-answer: yes\n"), "{output}");
    send(&world.dir, &format!("-o answer {url}")).prints("");
    assert_eq!(world.dir.read("answer"), b"welcome\n");
}

#[test]
fn retries_are_signed_again_with_the_same_id() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, number| match number {
        0 => status("503 Service Unavailable", &[], b""),
        _ => ok(&[], b""),
    });
    world.dir.write("body", BODY);
    let words = format!("-s standard-webhooks -k env:KEY {} body", server.url("/x"));
    send(&world.dir, &words).run().is(0, b"", "");
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    seen.iter().for_each(|seen| is_signed(seen, "-s standard-webhooks"));
    assert_eq!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
}

#[test]
fn redirects_to_the_same_origin_are_signed_again() {
    let (world, server) = (World::new(), Server::http());
    server.at("/307", |_, _| status("307 Temporary Redirect", &["Location: /x?b"], b""));
    server.at("/303", |_, _| status("303 See Other", &["Location: /x"], b""));
    server.at("/x", |_, _| ok(&[], b"here"));
    world.dir.write("body", BODY);
    for (path, method, body) in [("/307", "POST", BODY), ("/303", "GET", &b""[..])] {
        server.forget();
        let words = format!("{SIGV4} -k env:KEY {} body", server.url(path));
        send(&world.dir, &words).run().is(0, b"here", "");
        let seen = server.seen();
        assert_eq!((&*seen[1].method, &*seen[1].body), (method, body));
        seen.iter().for_each(|seen| is_signed(seen, SIGV4));
        assert_ne!(seen[0].header("authorization"), seen[1].header("authorization"));
    }
}

#[test]
fn other_origins_get_no_signature_and_no_credentials() {
    let (world, own, other) = (World::new(), Server::http(), Server::http());
    other.at("/x", |_, _| ok(&[], b"there"));
    let to = format!("Location: {}", other.url("/x"));
    own.at("/x", move |_, _| status("307 Temporary Redirect", &[&to], b""));
    world.dir.write("body", BODY);
    for scheme in ["-s github", "-s stripe", "-s standard-webhooks", "-s rfc9421", SIGV4] {
        own.forget();
        other.forget();
        let user = "-u me --password env:WORD --auth basic-at-once -H X-Api-Key:k1 -H Cookie:c=1";
        // Schemes that use Authorization exclude a password.
        let user = if scheme == SIGV4 { "-H X-Api-Key:k1 -H Cookie:c=1" } else { user };
        let words = format!("{scheme} -k env:KEY {user} {} body", own.url("/x"));
        send(&world.dir, &words).env("WORD", "secret").run().is(0, b"there", "");
        is_signed(&own.seen()[0], scheme);
        for name in ["authorization", "cookie", "x-api-key"] {
            assert!(own.seen()[0].header(name).is_some(), "{scheme}: {name}");
        }
        let seen = &other.seen()[0];
        let usual = ["host", "user-agent", "accept", "accept-encoding", "content-length"];
        for (name, value) in &seen.headers {
            assert!(usual.contains(&&**name), "{scheme}: {name}: {value}");
        }
        assert_eq!(seen.body, BODY);
    }
}

#[test]
fn redirects_from_https_to_http_are_refused() {
    let (world, files) = World::with_pki();
    let (server, plain) = (Server::https(PKI.open()), Server::http());
    server.at("/x", redirect(plain.url("/x")));
    let authority = files.path("ca.pem");
    let words =
        format!("-s github -k env:KEY --cacert {} {} -", authority.display(), server.url("/x"));
    send(&world.dir, &words).run().is_in(7, b"", "not encrypted");
    assert_eq!(plain.seen().len(), 0);
}

#[test]
fn challenges_are_answered() {
    let (world, server) = (World::new(), Server::http());
    let ask = |challenge: &'static str, kind: &'static str| {
        move |seen: &Seen, _: usize| match seen.header("authorization") {
            Some(value) if value.starts_with(kind) => ok(&["Set-Cookie: sid=1; Path=/"], b""),
            _ => status("401 Unauthorized", &[challenge], b""),
        }
    };
    server.at("/basic", ask("WWW-Authenticate: Basic realm=\"r\"", "Basic bWU6c2VjcmV0"));
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int,auth\"";
    server.at("/digest", ask(challenge, "Digest username=\"me\""));
    server.at("/x", |_, _| ok(&[], b""));
    world.dir.write("body", BODY);
    for path in ["/basic", "/digest"] {
        server.forget();
        let words = "-s stripe -k env:KEY -u me --password env:WORD --cookie-jar jar";
        let words = format!("{words} {} body", server.url(path));
        well(send(&world.dir, &words).env("WORD", "secret"));
        let seen = server.seen();
        assert_eq!(seen.len(), 2);
        for seen in &seen {
            assert_eq!(seen.body, BODY);
            is_signed(seen, "-s stripe");
        }
    }
    server.forget();
    well(send(&world.dir, &format!("--cookie-jar jar {}", server.url("/x"))));
    assert_eq!(server.seen()[0].header("cookie"), Some("sid=1"));
    let words = format!("-u me --password env:WORD {} body", server.url("/basic"));
    send(&world.dir, &words).env("WORD", "wrong").run().is_in(4, b"", "401");
}

#[test]
fn signatures_in_authorization_exclude_passwords() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    for who in ["-u me --password env:WORD --auth basic-at-once", "--token env:WORD"] {
        let words = format!("{SIGV4} -k env:KEY {who} {} -", server.url("/x"));
        send(&world.dir, &words).env("WORD", "secret").run().is_in(2, b"", "Authorization");
    }
    assert_eq!(server.seen().len(), 0);
}

#[test]
fn client_certificates_are_sent() {
    use rustls::version::{TLS12, TLS13};
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.server(Clients::WithCertificate, &[&TLS13, &TLS12]));
    server.at("/x", |_, _| ok(&[], b""));
    let (authority, client) = (files.path("ca.pem"), files.path("client.pem"));
    let words =
        format!("{SIGV4} -k env:KEY --cacert {} {} -", authority.display(), server.url("/x"));
    send(&world.dir, &words).run().exits(1);
    assert_eq!(server.seen().len(), 0);
    well(send(&world.dir, &format!("{words} --cert {}", client.display())).stdin(BODY));
    is_signed(&server.seen()[0], SIGV4);
}

#[test]
fn signatures_survive_a_proxy() {
    let (world, proxy) = (World::new(), Server::http());
    proxy.at("http://example.test:8080/x", |seen, _| match seen.header("proxy-authorization") {
        Some(_) => ok(&[], b""),
        None => status("407 Proxy Authentication Required", &["Proxy-Authenticate: Basic"], b""),
    });
    let address = format!("http://me:secret@localhost:{}", proxy.port);
    let words = format!("{SIGV4} -k env:KEY http://example.test:8080/x?a -");
    well(send(&world.dir, &words).env("http_proxy", address).stdin(BODY));
    let mut seen = proxy.seen().remove(1);
    assert_eq!(seen.header("proxy-authorization"), Some("Basic bWU6c2VjcmV0"));
    // The request as the server receives it.
    seen.target = "/x?a".into();
    seen.headers.retain(|(name, _)| name != "proxy-authorization");
    is_signed(&seen, SIGV4);
}

#[test]
fn user_password_and_fragment_of_the_url_are_not_signed() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b""));
    let url = server.url("/x?a=1#part").replace("//", "//me:secret@");
    for scheme in [SIGV4, "-s rfc9421", "-s rfc9421 --cover @method,@target-uri,content-digest"] {
        server.forget();
        well(send(&world.dir, &format!("{scheme} -k env:KEY {url} -")).stdin(BODY));
        assert_eq!(server.seen()[0].target, "/x?a=1");
        is_signed(&server.seen()[0], &format!("{scheme} --url {}", server.url("/x?a=1")));
    }
    // The signed URL is the one that is sent.
    server.forget();
    well(send(&world.dir, &format!("{SIGV4} --presign 60 -k env:KEY {url} -X GET")));
    let seen = &server.seen()[0];
    assert!(seen.target.starts_with("/x?a=1&X-Amz-Algorithm="), "{}", seen.target);
    is_signed(seen, &format!("{SIGV4} --presign 60"));
}

#[test]
fn messages_contain_no_keys() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| status("401 Unauthorized", &[], b"no\n"));
    let url = server.url("/x?token=s3cret");
    for words in [
        format!("-s github -k {KEY} {url} -"),
        format!("-s github -k hex:{KEY} {url} -"),
        format!("-s github -k env:KEY {url} -"),
        format!("-s standard-webhooks -k env:NONE {url} -"),
        "-s github -k env:KEY http://me:s3cret@localhost:1/x?s3cret=s3cret -".to_owned(),
    ] {
        let ran = send(&world.dir, &words).env("NONE", KEY).run();
        assert_ne!(ran.status.code(), Some(0));
        let output = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
        assert!(!output.replace("?s3cret=", "").contains("s3cret"), "{words}: {output}");
    }
    world.holds(&[]);
}

#[test]
fn responses_are_printed_even_if_cookies_are_lost() {
    let (world, server) = (World::new(), Server::http());
    server.at("/hook", |_, _| ok(&["Set-Cookie: a=b"], b"welcome\n"));
    let words = format!("-X POST {} --cookie-jar missing/jar", server.url("/hook"));
    send(&world.dir, &words).run().is_in(6, b"welcome\n", "missing/jar");
    assert_eq!(server.seen().len(), 1);
}
