//! `hsum get --sig`, and checksum files that are clear-signed: what nobody signed is never in place.

use crate::server::{Server, ok};
use crate::support::{Call, has, sha256};
use crate::world::World;

const KEY: &str = "key.pub";
const FILE_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/prehashed.minisig");
const OTHER_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/other.minisig");
const SUMS: &[u8] = include_bytes!("../fixtures/minisign/SHA256SUMS");
const SUMS_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/SHA256SUMS.minisig");
const CLEAR_SIGNED: &str = include_str!("../fixtures/openpgp/SHA256SUMS.asc");

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A server of `/d/x`, the three bytes that the fixtures are about.
fn served() -> Server {
    let server = Server::http();
    server.at("/d/x", |_, _| ok(&[], b"abc"));
    server
}

fn with_key(world: &World, server: &Server, key: &str, words: &[&str]) -> Call {
    let key = fixture(&format!("minisign/{key}"));
    world.get(&server.url("/d/x"), &["--minisign-key", &key]).args(words)
}

#[track_caller]
fn is_in_place(world: &World, call: Call) {
    call.run().exits(0);
    assert_eq!(world.dir.read("x"), b"abc");
    world.holds(&["x"]);
}

#[test]
fn a_signature_over_the_file() {
    let (world, server) = (World::new(), served());
    let auto = ["--sig", "auto"];
    world.fails(|| with_key(&world, &server, KEY, &auto), 3, "no signature", &[]);
    server.at("/d/x.minisig", |_, _| ok(&[], FILE_SIGNATURE));
    server.at("/other", |_, _| ok(&[], OTHER_SIGNATURE));
    let there = server.url("/d/x.minisig");
    for sig in ["auto", &there, &fixture("minisign/prehashed.minisig")] {
        let call = with_key(&world, &server, KEY, &["--sig", sig, "--force"]);
        let printed = call.run().exits(0);
        assert!(printed.starts_with("x: OK,") && printed.contains("release 1.0"), "{printed}");
        assert_eq!(world.dir.read("x"), b"abc");
        world.holds(&["x"]);
        std::fs::remove_file(world.dir.path("x")).unwrap();
    }
    let other = server.url("/other");
    let wrong = ["--sig", &*other];
    world.fails(|| with_key(&world, &server, KEY, &wrong), 1, "another key", &[]);
    let world = World::new();
    world.fails(|| with_key(&world, &server, "sums.pub", &auto), 1, "another key", &[]);
    let (world, changed) = (World::new(), Server::http());
    changed.at("/d/x", |_, _| ok(&[], b"abd"));
    changed.at("/d/x.minisig", |_, _| ok(&[], FILE_SIGNATURE));
    world.fails(|| with_key(&world, &changed, KEY, &auto), 1, "not of these bytes", &[]);
}

#[test]
fn a_signature_over_the_checksum_file() {
    let (world, server) = (World::new(), served());
    server.at("/d/SHA256SUMS", |_, _| ok(&[], SUMS));
    let auto = ["--sums", "auto", "--sig", "auto"];
    world.fails(|| with_key(&world, &server, "sums.pub", &auto), 3, "no signature", &[]);
    server.at("/d/SHA256SUMS.minisig", |_, _| ok(&[], SUMS_SIGNATURE));
    // One that nobody signed does not count, whatever it says.
    server.at("/d/x.sha256", |_, _| ok(&[], "0".repeat(64).as_bytes()));
    let world = World::new();
    is_in_place(&world, with_key(&world, &server, "sums.pub", &auto));
    let world = World::new();
    let sums = server.url("/d/SHA256SUMS");
    let named = ["--sums", &*sums, "--sig", "auto"];
    is_in_place(&world, with_key(&world, &server, "sums.pub", &named));
    let world = World::new();
    world.fails(|| with_key(&world, &server, KEY, &named), 1, "another key", &[]);
    // The right digest in a list of other bytes, with the old signature.
    let forged = Server::http();
    forged.at("/d/x", |_, _| ok(&[], b"abd"));
    forged.at("/d/SHA256SUMS", |_, _| ok(&[], format!("{}  x\n", sha256("abd")).as_bytes()));
    forged.at("/d/SHA256SUMS.minisig", |_, _| ok(&[], SUMS_SIGNATURE));
    let world = World::new();
    let call = || with_key(&world, &forged, "sums.pub", &auto);
    world.fails(call, 1, "not of these bytes", &[]);
    assert!(forged.seen().iter().all(|seen| seen.target != "/d/x"), "it was asked for");
}

#[test]
fn a_clear_signed_checksum_file() {
    if !has("gpgv") {
        return;
    }
    let (world, server) = (World::new(), served());
    let ring = fixture("openpgp/ring.gpg");
    let call = |world: &World, server: &Server, sums: &str| {
        world.get(&server.url("/d/x"), &["--gpg-keyring", &ring, "--sums", sums])
    };
    world.fails(|| call(&world, &server, "auto"), 3, "no checksum file", &[]);
    // It is not signed, so it is as good as not there.
    server.at("/d/x.sha256", |_, _| ok(&[], sha256("abc").as_bytes()));
    let world = World::new();
    world.fails(|| call(&world, &server, "auto"), 3, "not clear-signed", &[]);
    let sidecar = server.url("/d/x.sha256");
    let world = World::new();
    world.fails(|| call(&world, &server, &sidecar), 3, "not clear-signed", &[]);
    server.at("/d/SHA256SUMS", |_, _| ok(&[], CLEAR_SIGNED.as_bytes()));
    for sums in ["auto", &server.url("/d/SHA256SUMS"), &fixture("openpgp/SHA256SUMS.asc")] {
        let world = World::new();
        is_in_place(&world, call(&world, &server, sums));
    }
    // What stands round the signed part does not count.
    let (world, outside) = (World::new(), Server::http());
    outside.at("/d/x", |_, _| ok(&[], b"abd"));
    let text = format!("{}  x\n\n{CLEAR_SIGNED}", sha256("abd"));
    outside.at("/d/SHA256SUMS", move |_, _| ok(&[], text.as_bytes()));
    world.fails(|| call(&world, &outside, "auto"), 1, "", &[]);
    let (world, forged) = (World::new(), Server::http());
    forged.at("/d/x", |_, _| ok(&[], b"abd"));
    let text = CLEAR_SIGNED.replace(&sha256("abc"), &sha256("abd"));
    forged.at("/d/SHA256SUMS", move |_, _| ok(&[], text.as_bytes()));
    world.fails(|| call(&world, &forged, "auto"), 1, "not of these bytes", &[]);
    let alone = World::new();
    let words = ["--gpg-keyring", &*ring, "-e", &sha256("abc")];
    alone.get(&server.url("/d/x"), &words).run().is_in(2, b"", "--sums");
    alone.holds(&[]);
}
