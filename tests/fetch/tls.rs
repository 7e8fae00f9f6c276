//! TLS: authorities, client certificates, pinned keys and versions.

use rustls::version::{TLS12, TLS13};

use crate::server::{Server, ok, redirect};
use crate::world::{BODY, Clients, PKI, World, well};

// The timeout for a connection covers the whole handshake.
#[test]
fn slow_handshakes_time_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let (mut tcp, _) = listener.accept()?;
        // A record of 16 KiB, of which few bytes are sent.
        for byte in [0x16, 3, 3, 0x40, 0].into_iter().chain(std::iter::repeat(2)) {
            std::io::Write::write_all(&mut tcp, &[byte])?;
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Ok::<(), std::io::Error>(())
    });
    let world = World::new();
    let url = format!("https://localhost:{port}/x");
    let ran = world.expecting(&url, &["--connect-timeout", "0.5"]).run();
    ran.is_in(5, b"", "timed out");
}

#[test]
fn only_the_named_authority_is_trusted() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.fails(|| world.expecting(&server.url("/x"), &["--retries", "3"]), 5, "certificate", &[]);
    assert_eq!(server.seen().len(), 0);
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap(), "--force"];
    well(world.expecting(&server.url("/x"), &trusting));
    world.is_good();
    // The certificate has another name.
    let by_number = server.url("/x").replace("localhost", "127.0.0.1");
    world.expecting(&by_number, &trusting).args(["-o", "y"]).run().is_in(5, b"", "certificate");
    for wrong in ["nowhere.pem", "x"] {
        world
            .expecting(&server.url("/x"), &["--cacert", wrong, "-o", "y"])
            .run()
            .is_in(6, b"", wrong);
    }
}

#[test]
fn pinned_keys_are_required() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.open());
    server.at("/x", |_, _| ok(&[], &BODY));
    let authority = files.path("ca.pem");
    let pinned = |pin: &str| {
        world.expecting(
            &server.url("/x"),
            &["--cacert", authority.to_str().unwrap(), "--pin-spki", pin],
        )
    };
    pinned(&"0".repeat(64)).run().is_in(7, b"", &PKI.pin);
    world.holds(&[]);
    well(pinned(&PKI.pin));
    world.is_good();
}

#[test]
fn old_versions_are_refused() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.server(Clients::All, &[&TLS12]));
    server.at("/x", |_, _| ok(&[], &BODY));
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    let call = || world.expecting(&server.url("/x"), &trusting);
    call().args(["--tls-min", "1.3"]).run().is_in(5, b"", "TLS");
    world.holds(&[]);
    well(call());
    world.is_good();
}

#[test]
fn other_origins_get_no_client_certificate() {
    let (world, files) = World::with_pki();
    let strict = || Server::https(PKI.server(Clients::WithCertificate, &[&TLS13, &TLS12]));
    let (server, other) = (strict(), strict());
    server.at("/x", |_, _| ok(&[], &BODY));
    other.at("/x", |_, _| ok(&[], &BODY));
    server.at("/away", redirect(other.url("/x")));
    let (authority, client) = (files.path("ca.pem"), files.path("client.pem"));
    let trusting = ["--cacert", authority.to_str().unwrap()];
    let showing = ["--cert", client.to_str().unwrap()];
    world.expecting(&server.url("/x"), &trusting).run().exits(5);
    world.holds(&[]);
    let away = world.expecting(&server.url("/away"), &trusting).args(showing).run();
    away.exits(5);
    assert_eq!(other.seen().len(), 0);
    well(world.expecting(&server.url("/x"), &trusting).args(showing));
    world.is_good();
}

// A trusted authority may sign any name.
#[test]
fn names_in_certificates_are_escaped() {
    let (world, files) = World::with_pki();
    let server = Server::https(PKI.hostile());
    let authority = files.path("ca.pem");
    let words = ["--cacert", authority.to_str().unwrap()];
    for call in [
        world.expecting(&server.url("/x"), &words),
        world.dir.hsum(["head", "--retries", "0", &server.url("/x")]).args(words),
        world.dir.hsum(["send", "--retries", "0", &server.url("/x")]).args(words),
    ] {
        let ran = call.run();
        assert!(ran.stderr.contains("\\x1b[2J"), "{:?}", ran.stderr);
        assert!(!ran.stderr.contains(['\x1b', '\x07']), "{:?}", ran.stderr);
    }
}
