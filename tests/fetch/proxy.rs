//! Proxies: which requests use one, in which form, and with which credentials.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::server::{Seen, Server, ok, status};
use crate::support::{md5, sha256};
use crate::world::{BODY, PKI, World, well};

const ESTABLISHED: &str = "200 Connection established";
const ASKS_FOR_BASIC: &str =
    "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"";
const ASKS_FOR_DIGEST: &str = "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"p\"\r\n\
     Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\", qop=\"auth\"\r\nContent-Length: 2\r\n\r\nno";

/// Starts a proxy for CONNECT that answers with `answer`. Returns its port and the heads it receives.
fn tunnelling(
    answer: impl Fn(&str) -> &'static str + Send + Sync + 'static,
) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let (shared, answer) = (Arc::clone(&heads), Arc::new(answer));
    thread::spawn(move || {
        for mut inner in listener.incoming().map_while(Result::ok) {
            let (shared, answer) = (Arc::clone(&shared), Arc::clone(&answer));
            thread::spawn(move || -> std::io::Result<()> {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    inner.read_exact(&mut byte)?;
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap_or("").to_owned();
                let answer = answer(&head);
                shared.lock().unwrap().push(head);
                inner.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())?;
                if !answer.starts_with("200") {
                    return Ok(());
                }
                let mut outer = TcpStream::connect(target)?;
                let (mut from, mut to) = (inner.try_clone()?, outer.try_clone()?);
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
                let _ = std::io::copy(&mut outer, &mut inner);
                let _ = inner.shutdown(std::net::Shutdown::Write);
                Ok(())
            });
        }
    });
    (port, heads)
}

/// Returns `true` if `field` is the digest of user `me` with password `secret` (RFC 7616).
fn is_digest(field: &str, method: &str, uri: &str) -> bool {
    let value = |name: &str| {
        let (_, rest) = field.split_once(&format!("{name}="))?;
        Some(rest.split(',').next()?.trim_matches('"').to_owned())
    };
    let all = || {
        let a1 = md5("me:p:secret");
        let a2 = md5(format!("{method}:{uri}"));
        let (nc, cnonce) = (value("nc")?, value("cnonce")?);
        let right = md5(format!("{a1}:n1:{nc}:{cnonce}:auth:{a2}"));
        Some(value(" uri")? == uri && value("response")? == right)
    };
    field.starts_with("Digest username=\"me\"") && all() == Some(true)
}

fn told(seen: &Seen) -> Option<&str> {
    seen.header("proxy-authorization")
}

#[test]
fn plain_requests_have_absolute_urls() {
    let (world, proxy) = (World::new(), Server::http());
    // The test server finds its answers by the request line.
    proxy.at("http://example.test:8080/x", |seen, _| match told(seen) {
        Some("Basic bWU6c2VjcmV0") => ok(&[], &BODY),
        _ => status("407 Proxy Authentication Required", &["Proxy-Authenticate: Basic"], b""),
    });
    let url = "http://example.test:8080/x?a";
    let address = format!("http://me:secret@localhost:{}", proxy.port);
    well(world.expecting(url, &["--proxy", &address]));
    world.is_good();
    let seen = proxy.seen();
    assert_eq!(seen.len(), 2);
    // Nothing is sent before the proxy asks.
    assert_eq!((told(&seen[0]), told(&seen[1])), (None, Some("Basic bWU6c2VjcmV0")));
    assert_eq!(seen[1].target, "http://example.test:8080/x?a");
    assert_eq!(seen[1].header("host"), Some("example.test:8080"));
    let stranger = format!("http://localhost:{}", proxy.port);
    let ran = world.expecting(url, &["-o", "y"]).env("http_proxy", &stranger).run();
    ran.is_in(4, b"", "requires a user name and password");
    // Without the proxy there is no such server.
    let call = || world.expecting(url, &["-o", "y"]).env("http_proxy", &stranger);
    call().env("no_proxy", "example.test").run().exits(5);
    call().args(["--proxy", "none"]).run().exits(5);
    assert_eq!(proxy.seen().len(), 3);
}

#[test]
fn digest_proxies_get_no_password() {
    let (world, proxy) = (World::new(), Server::http());
    for name in ["x", "y"] {
        let url = format!("http://example.test/{name}");
        let own = format!("{url}?a");
        proxy.at(&url, move |seen, _| match told(seen) {
            Some(field) if is_digest(field, &seen.method, &own) => ok(&[], name.as_bytes()),
            _ => {
                let challenges = [
                    "Proxy-Authenticate: Basic realm=\"p\"",
                    "Proxy-Authenticate: Digest realm=\"p\", nonce=\"n1\", qop=\"auth\"",
                ];
                status("407 Proxy Authentication Required", &challenges, b"no")
            }
        });
    }
    let sums = format!("{}  x\n{}  y\n", sha256("x"), sha256("y"));
    world.dir.write("S", sums);
    let get = |user: &str| {
        let address = format!("http://{user}@localhost:{}", proxy.port);
        let words = ["get", "--sums", "S", "-j", "1", "--retries", "0", "--proxy", &address];
        world.dir.hsum(words).args(["http://example.test/x?a", "http://example.test/y?a"])
    };
    let ran = get("me:wr0ng").run();
    ran.is_in(4, b"", "rejects the user name and password");
    assert!(!ran.stderr.contains("wr0ng"), "{}", ran.stderr);
    proxy.forget();
    well(get("me:secret"));
    world.holds(&["S", "x", "y"]);
    // One challenge served both requests.
    let seen = proxy.seen();
    let counts: Vec<_> =
        seen.iter().map(|seen| told(seen).map(|t| t.contains("nc=00000002"))).collect();
    assert_eq!(counts, [None, Some(false), Some(true)]);
    assert!(seen.iter().filter_map(told).all(|told| told.starts_with("Digest ")));
}

#[test]
fn tls_uses_a_tunnel() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    server.at("/x", |_, _| ok(&[], &BODY));
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap(), "-H", "X-Api-Key: k"];
    let (port, heads) = tunnelling(|head| match head.contains("Proxy-Authorization: Basic ") {
        true => ESTABLISHED,
        false => ASKS_FOR_BASIC,
    });
    let call = world.expecting(&server.url("/x"), &trusting);
    well(call.env("https_proxy", format!("http://me:secret@localhost:{port}")));
    world.is_good();
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 2);
    assert!(!heads[0].contains("Proxy-Authorization"));
    assert!(heads[1].starts_with(&format!("CONNECT localhost:{} ", server.port)), "{}", heads[1]);
    assert!(heads[1].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    assert!(!heads[1].contains("X-Api-Key"));
    assert_eq!(server.seen()[0].header("proxy-authorization"), None);
}

#[test]
fn tunnels_authenticate_by_digest() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    server.at("/x", |_, _| ok(&[], &BODY));
    let authority = files.path("ca.pem");
    let target = format!("localhost:{}", server.port);
    let (port, heads) = tunnelling(move |head| {
        let field =
            head.split_once("Proxy-Authorization: ").and_then(|(_, rest)| rest.lines().next());
        match field {
            Some(field) if is_digest(field, "CONNECT", &target) => ESTABLISHED,
            _ => ASKS_FOR_DIGEST,
        }
    });
    let get = |user: &str| {
        let trusting = ["--cacert", authority.to_str().unwrap()];
        let address = format!("http://{user}@localhost:{port}");
        world.expecting(&server.url("/x"), &trusting).env("https_proxy", address)
    };
    get("me:wrong").run().is_in(4, b"", "rejects the user name and password");
    world.holds(&[]);
    well(get("me:secret"));
    world.is_good();
    assert_eq!(heads.lock().unwrap().len(), 4);
    assert!(heads.lock().unwrap().iter().all(|head| !head.contains("Basic")));
}

#[test]
fn refusals_name_the_proxy() {
    let world = World::new();
    for (answer, code) in [(ASKS_FOR_BASIC, 4), ("403 Forbidden", 4), ("nonsense", 5)] {
        let (port, _) = tunnelling(move |_| answer);
        let proxy = format!("http://me:secret@localhost:{port}");
        let ran = world.expecting("https://example.test/x", &["--proxy", &proxy]).run();
        ran.is_in(code, b"", "proxy localhost");
        assert!(!ran.stderr.contains("secret"));
    }
    world.holds(&[]);
}

#[test]
fn ftp_does_not_bypass_a_proxy() {
    let world = World::new();
    let url = "ftp://127.0.0.1:1/x";
    let proxy = "http://me:secret@localhost:1";
    let call = || world.expecting(url, &[]);
    for name in ["all_proxy", "ftp_proxy"] {
        let ran = call().env(name, proxy).run();
        ran.is_in(7, b"", "cannot be used for FTP");
        assert!(ran.stderr.contains(name) && !ran.stderr.contains("secret"), "{}", ran.stderr);
    }
    call().args(["--proxy", proxy]).run().is_in(7, b"", "--proxy");
    // Direct, to a port without a server.
    call().env("all_proxy", proxy).env("no_proxy", "127.0.0.1").run().exits(5);
    call().env("all_proxy", proxy).args(["--proxy", "none"]).run().exits(5);
    call().env("http_proxy", proxy).run().exits(5);
    // The same for a checksum file.
    world.dir.write("f", "f");
    let check = world.dir.hsum(["check", "f", "--sums", "ftp://127.0.0.1:1/S"]);
    check.env("all_proxy", proxy).run().is_in(1, b"", "cannot be used for FTP");
}

#[test]
fn unusable_proxies_fail_their_own_requests_only() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    let url = server.url("/x");
    let socks = "socks5://me:s3cret@127.0.0.1:7891";
    let get = |name: &str, value: &str| world.expecting(&url, &["--force"]).env(name, value);
    for (name, value, words) in [
        ("all_proxy", socks, "unsupported proxy scheme 'socks5' (from all_proxy"),
        ("ALL_PROXY", "socks4a://h", "unsupported proxy scheme 'socks4a' (from ALL_PROXY"),
        ("http_proxy", "https://h", "unsupported proxy scheme 'https' (from http_proxy"),
        ("all_proxy", "http://me:s3cret@[", "malformed proxy URL (from all_proxy"),
    ] {
        let ran = get(name, value).run();
        ran.is_in(2, b"", words);
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
        world.holds(&[]);
        // The server is not reached without the proxy.
        assert_eq!(server.seen().len(), 0);
        world.dir.hsum(["head", &url]).env(name, value).run().is_in(2, b"", words);
        world.dir.hsum(["send", "-X", "GET", &url]).env(name, value).run().is_in(2, b"", words);
        well(get(name, value).env("no_proxy", "localhost"));
        well(get(name, value).args(["--proxy", "none"]));
        well(world.dir.hsum(["head", &url]).env(name, value).env("no_proxy", "*"));
        server.forget();
        std::fs::remove_file(world.dir.path("x")).unwrap();
    }
    well(get("https_proxy", socks));
    well(get("all_proxy", ""));
    let proxied = Server::http();
    proxied.at("http://localhost:1/x", |_, _| ok(&[], &BODY));
    let through = format!("http://localhost:{}", proxied.port);
    let call = world.expecting("http://localhost:1/x", &["--force"]);
    well(call.env("all_proxy", socks).env("http_proxy", through));
    // A present file needs no request.
    well(world.expecting(&url, &[]).env("all_proxy", socks));
    let sums = format!("{}  x\n", *crate::world::DIGEST);
    server.at("/S", move |_, _| ok(&[], sums.as_bytes()));
    let check = || world.dir.hsum(["check", "x", "--sums", &server.url("/S")]);
    check().env("all_proxy", socks).run().is_in(1, b"", "unsupported proxy scheme");
    well(check().env("all_proxy", socks).env("no_proxy", "localhost"));
}
