//! `hsum check FILE --sums`: local files against a fetched checksum file.

use crate::server::{Server, ok, status};
use crate::support::{Call, md5, sha256};
use crate::world::{BODY, Clients, DIGEST, PKI, World};

/// Creates a folder with the file as `x` and another as `y`.
fn world() -> World {
    let world = World::new();
    world.dir.write("x", &*BODY);
    world.dir.write("y", "y");
    world
}

fn check(world: &World, words: &[&str]) -> Call {
    world.dir.hsum(["check"]).args(words)
}

fn listed() -> String {
    format!("{}  release/x\n{}  y\n", *DIGEST, sha256("z"))
}

#[test]
fn checksum_files_are_fetched_or_read() {
    let (world, server) = (world(), Server::http());
    server.at("/d/SUMS", |_, _| ok(&[], listed().as_bytes()));
    world.dir.write("LIST", listed());
    for sums in [server.url("/d/SUMS"), "LIST".into()] {
        check(&world, &["x", "--sums", &sums]).gives(0, "x: OK\n", "");
        let ran = check(&world, &["x", "y", "--sums", &sums]).run();
        ran.is_in(1, b"x: OK\ny: FAILED\n", &sha256("z"));
        // Files that are not listed or missing do not prevent the check of the others.
        let ran = check(&world, &["LIST", "x", "--sums", &sums]).run();
        ran.is_in(1, b"x: OK\n", "LIST: not listed");
    }
    world.dir.mkdir("away");
    let missing = check(&world, &["away/x", "x", "--sums", "LIST"]).run();
    missing.is_in(1, b"away/x: FAILED open or read\nx: OK\n", "away/x");
    let url = "https://example.org/release/x?token=1";
    let words = ["-", "--sums", "LIST", "--url", url];
    check(&world, &words).stdin(BODY.clone()).gives(0, "-: OK\n", "");
}

#[test]
fn missing_and_invalid_lists_are_errors() {
    let (world, server) = (world(), Server::http());
    server.at("/page", |_, _| ok(&[], b"<html>log in</html>"));
    server.at("/empty", |_, _| ok(&[], b""));
    for (path, word) in [("/page", "web page"), ("/empty", "empty"), ("/nowhere", "not found")] {
        let sums = server.url(path);
        check(&world, &["x", "--sums", &sums]).run().is_in(1, b"", word);
    }
    check(&world, &["x", "--sums", "nowhere"]).run().is_in(1, b"", "nowhere");
}

#[test]
fn auto_searches_beside_the_url() {
    let (world, server) = (world(), Server::http());
    let url = server.url("/d/file.iso");
    let words = ["x", "--sums", "auto", "--url", &url];
    check(&world, &words).run().is_in(1, b"", "not listed in any checksum file");
    server.at("/d/SHA256SUMS", |_, _| ok(&[], format!("{} *file.iso\n", *DIGEST).as_bytes()));
    check(&world, &words).run().is_in(0, b"x: OK\n", "/d/SHA256SUMS\n");
    let quiet = check(&world, &["--quiet"]).args(words).run();
    quiet.is(0, b"", "");
    // The first in the order decides, and a broken server is an error.
    server.at("/d/file.iso.sha256", |_, _| ok(&[], sha256("other").as_bytes()));
    check(&world, &words).run().is_in(1, b"x: FAILED\n", ".sha256\n");
    server.forget();
    let broken = Server::http();
    broken.at("/x.sha256", |_, _| status("501 Broken", &[], b""));
    broken.at("/x.md5", |_, _| ok(&[], md5(&*BODY).as_bytes()));
    let url = broken.url("/x");
    check(&world, &["x", "--sums", "auto", "--url", &url]).run().is_in(1, b"", "501");
}

#[test]
fn auto_searches_beside_each_file() {
    let world = world();
    world.dir.mkdir("d");
    world.dir.write("d/a", "a");
    check(&world, &["x", "--sums", "auto"]).run().is_in(1, b"", "not listed in any checksum file");
    world.dir.write("SHA256SUMS", format!("{}  x\n{}  y\n", *DIGEST, sha256("y")));
    world.dir.write("d/MD5SUMS", format!("{}  a\n", md5("a")));
    let ran = check(&world, &["x", "d/a", "y", "--sums", "auto"]).run();
    ran.is_in(0, b"x: OK\nd/a: OK\ny: OK\n", "WARNING: d/a: MD5 alone");
    let strong = check(&world, &["x", "d/a", "--sums", "auto", "--strong"]).run();
    strong.is_in(1, b"x: OK\n", "d/a: MD5 alone is refused");
    // A sidecar comes before the list and is the only one used.
    world.dir.write("x.sha512", hsum::digest(hsum::Algorithm::Sha512, b"other").to_hex());
    check(&world, &["x", "--sums", "auto"]).run().is_in(1, b"x: FAILED\n", "x.sha512");
    // An empty one must not lead to another.
    world.dir.write("x.sha256", "");
    check(&world, &["x", "--sums", "auto"]).run().is_in(1, b"", "empty");
}

#[test]
fn listed_sizes_are_compared() {
    let world = world();
    world.dir.write("Manifest", format!("DIST y 2 SHA256 {}\n", sha256("y")));
    let ran = check(&world, &["y", "--sums", "Manifest"]).run();
    ran.is_in(1, b"y: FAILED\n", "1 bytes (expected 2)");
}

#[test]
fn https_requires_a_trusted_authority() {
    let world = world();
    let server = Server::https(PKI.server(Clients::All, rustls::ALL_VERSIONS));
    server.at("/SUMS", |_, _| ok(&[], listed().as_bytes()));
    world.dir.write("ca.pem", &PKI.authority);
    let sums = server.url("/SUMS");
    check(&world, &["x", "--sums", &sums, "--cacert", "ca.pem"]).gives(0, "x: OK\n", "");
    check(&world, &["x", "--sums", &sums]).run().is_in(1, b"", "certificate");
}

#[test]
fn contradictory_arguments_are_rejected() {
    let world = world();
    for (words, word) in [
        (&["x", "y", "--sums", "auto", "--url", "https://h/x"][..], "one FILE"),
        (&["-", "--sums", "auto"], "standard input"),
        (&["x", "--sums", "auto", "-a", "sha256"], "-a"),
        (&["x", "--sums", "LIST", "--url", "https://h/"], "--url"),
        (&["x", "--sums", "LIST", "-e", "00"], "--expect"),
        (&["x", "--url", "https://h/x"], "--sums"),
    ] {
        check(&world, words).run().is_in(2, b"", word);
    }
}
