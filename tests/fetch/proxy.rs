//! Proxies: which requests go through one, in which form, and who the proxy is told we are.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::server::{Server, ok, status};
use crate::world::{BODY, PKI, World, well};

/// A proxy for CONNECT; returns its port, and the heads that it gets.
fn tunnelling(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heads = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&heads);
    thread::spawn(move || {
        for mut inner in listener.incoming().map_while(Result::ok) {
            let shared = Arc::clone(&shared);
            thread::spawn(move || -> std::io::Result<()> {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    inner.read_exact(&mut byte)?;
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split(' ').nth(1).unwrap_or("").to_owned();
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

#[test]
fn plain_requests_name_the_server_in_full() {
    let (world, proxy) = (World::new(), Server::http());
    // The test server finds its answers by what stands on the request line.
    proxy.at("http://example.test:8080/x", |seen, _| match seen.header("proxy-authorization") {
        Some("Basic bWU6c2VjcmV0") => ok(&[], &BODY),
        _ => status("407 Proxy Authentication Required", &["Proxy-Authenticate: Basic"], b""),
    });
    let url = "http://example.test:8080/x?a";
    let address = format!("http://me:secret@localhost:{}", proxy.port);
    well(world.expecting(url, &["--proxy", &address]));
    world.is_good();
    let seen = &proxy.seen()[0];
    assert_eq!(seen.target, "http://example.test:8080/x?a");
    assert_eq!(seen.header("host"), Some("example.test:8080"));
    let stranger = format!("http://localhost:{}", proxy.port);
    world.expecting(url, &["-o", "y"]).env("http_proxy", &stranger).run().is_in(4, b"", "407");
    // Not through the proxy: then there is nobody.
    let call = || world.expecting(url, &["-o", "y"]).env("http_proxy", &stranger);
    call().env("no_proxy", "example.test").run().exits(5);
    call().args(["--proxy", "none"]).run().exits(5);
    assert_eq!(proxy.seen().len(), 2);
}

#[test]
fn tls_goes_through_a_tunnel() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    server.at("/x", |_, _| ok(&[], &BODY));
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap(), "-H", "X-Api-Key: k"];
    let (port, heads) = tunnelling("200 Connection established");
    let call = world.expecting(&server.url("/x"), &trusting);
    well(call.env("https_proxy", format!("http://me:secret@localhost:{port}")));
    world.is_good();
    let heads = heads.lock().unwrap();
    assert!(heads[0].starts_with(&format!("CONNECT localhost:{} ", server.port)), "{}", heads[0]);
    assert!(heads[0].contains("Proxy-Authorization: Basic bWU6c2VjcmV0\r\n"));
    assert!(!heads[0].contains("X-Api-Key"));
    assert_eq!(server.seen()[0].header("proxy-authorization"), None);
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let world = World::new();
    for (answer, code) in
        [("407 Proxy Authentication Required", 4), ("403 Forbidden", 4), ("nonsense", 5)]
    {
        let (port, _) = tunnelling(answer);
        let proxy = format!("http://me:secret@localhost:{port}");
        let ran = world.expecting("https://example.test/x", &["--proxy", &proxy]).run();
        ran.is_in(code, b"", "proxy localhost");
        assert!(!ran.stderr.contains("secret"));
    }
    world.holds(&[]);
}
