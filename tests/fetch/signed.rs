//! `hsum get --sig` and clear-signed checksum files.

use crate::server::{Server, ok};
use crate::support::{Call, has, sha256};
use crate::world::{World, objects};

const KEY: &str = "key.pub";
const FILE_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/prehashed.minisig");
const OTHER_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/other.minisig");
const SUMS: &[u8] = include_bytes!("../fixtures/minisign/SHA256SUMS");
const SUMS_SIGNATURE: &[u8] = include_bytes!("../fixtures/minisign/SHA256SUMS.minisig");
const CLEAR_SIGNED: &str = include_str!("../fixtures/openpgp/SHA256SUMS.asc");

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Starts a server with `/d/x`, the three bytes that the fixtures sign.
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
fn is_in_place(world: &World, call: Call) -> String {
    let printed = call.run().exits(0);
    assert_eq!(world.dir.read("x"), b"abc");
    world.holds(&["x"]);
    printed
}

#[test]
fn signatures_over_files_are_verified() {
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
    world.fails(
        || with_key(&world, &changed, KEY, &auto),
        1,
        "does not match the signed data",
        &[],
    );
}

#[test]
fn signatures_over_checksum_files_are_verified() {
    let (world, server) = (World::new(), served());
    server.at("/d/SHA256SUMS", |_, _| ok(&[], SUMS));
    let auto = ["--sums", "auto", "--sig", "auto"];
    world.fails(|| with_key(&world, &server, "sums.pub", &auto), 3, "no signature", &[]);
    server.at("/d/SHA256SUMS.minisig", |_, _| ok(&[], SUMS_SIGNATURE));
    // An unsigned checksum file is skipped.
    server.at("/d/x.sha256", |_, _| ok(&[], "0".repeat(64).as_bytes()));
    let sums = server.url("/d/SHA256SUMS");
    let named = ["--sums", &*sums, "--sig", "auto"];
    let sig = server.url("/d/SHA256SUMS.minisig");
    let apart = ["--sums", &*sums, "--sig", &*sig];
    for words in [auto, named, apart] {
        let world = World::new();
        let printed = is_in_place(&world, with_key(&world, &server, "sums.pub", &words));
        let signed = format!("({sums}, signed by minisign key 98EC4E5811465BE3, comment: ");
        assert!(printed.contains(&signed), "{printed}");
        // A present file is reported with its signer too.
        let printed = is_in_place(&world, with_key(&world, &server, "sums.pub", &words));
        assert!(printed.contains("already there") && printed.contains(&signed), "{printed}");
        let printed =
            is_in_place(&world, with_key(&world, &server, "sums.pub", &words).args(["--json"]));
        let line = &objects("get", &printed, 0)[0];
        for signature in [&line["signature"], &line["evidence"][0]["signature"]] {
            let text = signature.as_str().expect("a signature");
            assert!(text.starts_with("signed by minisign key 98EC4E5811465BE3"), "{text}");
        }
    }
    // An unsigned file has no signer.
    let world = World::new();
    let printed = is_in_place(&world, world.get(&server.url("/d/x"), &["--sums", &sums, "--json"]));
    let line = &objects("get", &printed, 0)[0];
    assert!(line["signature"].is_null() && line["evidence"][0]["signature"].is_null());
    let world = World::new();
    world.fails(|| with_key(&world, &server, KEY, &named), 1, "another key", &[]);
    // The right digest in a changed list, with the old signature.
    let forged = Server::http();
    forged.at("/d/x", |_, _| ok(&[], b"abd"));
    forged.at("/d/SHA256SUMS", |_, _| ok(&[], format!("{}  x\n", sha256("abd")).as_bytes()));
    forged.at("/d/SHA256SUMS.minisig", |_, _| ok(&[], SUMS_SIGNATURE));
    let world = World::new();
    let call = || with_key(&world, &forged, "sums.pub", &auto);
    world.fails(call, 1, "does not match the signed data", &[]);
    assert!(forged.seen().iter().all(|seen| seen.target != "/d/x"), "it was requested");
}

#[test]
fn clear_signed_checksum_files_are_verified() {
    if !has("gpgv") {
        return;
    }
    let (world, server) = (World::new(), served());
    let ring = fixture("openpgp/ring.gpg");
    let call = |world: &World, server: &Server, sums: &str| {
        world.get(&server.url("/d/x"), &["--gpg-keyring", &ring, "--sums", sums])
    };
    world.fails(|| call(&world, &server, "auto"), 3, "not listed in any checksum file", &[]);
    // It is unsigned, and so it is skipped.
    server.at("/d/x.sha256", |_, _| ok(&[], sha256("abc").as_bytes()));
    let world = World::new();
    world.fails(|| call(&world, &server, "auto"), 3, "not clear-signed", &[]);
    let sidecar = server.url("/d/x.sha256");
    let world = World::new();
    world.fails(|| call(&world, &server, &sidecar), 3, "not clear-signed", &[]);
    server.at("/d/SHA256SUMS", |_, _| ok(&[], CLEAR_SIGNED.as_bytes()));
    for sums in ["auto", &server.url("/d/SHA256SUMS"), &fixture("openpgp/SHA256SUMS.asc")] {
        let world = World::new();
        let printed = is_in_place(&world, call(&world, &server, sums));
        assert!(printed.contains(", signed by ") && printed.contains("@"), "{printed}");
        let printed = is_in_place(&world, call(&world, &server, sums).args(["--json"]));
        let line = &objects("get", &printed, 0)[0];
        assert!(line["signature"].as_str().is_some_and(|text| text.starts_with("signed by ")));
        assert_eq!(line["signature"], line["evidence"][0]["signature"]);
    }
    // A clear-signed message is not a signature of the list beside it.
    let beside = served();
    beside.at("/d/SHA256SUMS", |_, _| ok(&[], format!("{}  x\n", sha256("abc")).as_bytes()));
    beside.at("/d/SHA256SUMS.asc", |_, _| ok(&[], CLEAR_SIGNED.as_bytes()));
    let list = beside.url("/d/SHA256SUMS");
    let world = World::new();
    let auto = || call(&world, &beside, &list).args(["--sig", "auto"]);
    world.fails(auto, 3, "a clear-signed message, not a signature", &[]);
    let (world, named) = (World::new(), beside.url("/d/SHA256SUMS.asc"));
    let named = || call(&world, &beside, &list).args(["--sig", &named]);
    world.fails(named, 1, "not a detached signature", &[]);
    // Text around the signed part is ignored.
    let (world, outside) = (World::new(), Server::http());
    outside.at("/d/x", |_, _| ok(&[], b"abd"));
    let text = format!("{}  x\n\n{CLEAR_SIGNED}", sha256("abd"));
    outside.at("/d/SHA256SUMS", move |_, _| ok(&[], text.as_bytes()));
    world.fails(|| call(&world, &outside, "auto"), 1, "", &[]);
    let (world, forged) = (World::new(), Server::http());
    forged.at("/d/x", |_, _| ok(&[], b"abd"));
    let text = CLEAR_SIGNED.replace(&sha256("abc"), &sha256("abd"));
    forged.at("/d/SHA256SUMS", move |_, _| ok(&[], text.as_bytes()));
    world.fails(|| call(&world, &forged, "auto"), 1, "does not match the signed data", &[]);
    let alone = World::new();
    let words = ["--gpg-keyring", &*ring, "-e", &sha256("abc")];
    alone.get(&server.url("/d/x"), &words).run().is_in(2, b"", "--sums");
    alone.holds(&[]);
}

#[test]
fn a_present_file_without_gpgv_is_not_a_mismatch() {
    let (world, server) = (World::new(), served());
    let ring = fixture("openpgp/ring.gpg");
    server.at("/d/x.asc", |_, _| ok(&[], b"\x88"));
    world.dir.write("x", "abc");
    let words = ["--gpg-keyring", &*ring, "--sig", "auto"];
    let call = world.get(&server.url("/d/x"), &words).env("PATH", "/nonexistent");
    call.run().is_in(6, b"", "gpgv");
}
