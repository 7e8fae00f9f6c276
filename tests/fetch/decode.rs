//! Unrequested gzip: kept, reported or decoded, and never in place unverified.

use std::io::Write;
use std::os::unix::fs::symlink;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::server::{Do, Server, head, ok, ranges};
use crate::support::sha256;
use crate::world::{BODY, DIGEST, PART, World, well};

const GZIP: &str = "Content-Encoding: gzip";
const WOULD_MATCH: &str = "it is the gzip of the expected file";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// Starts a server with these bytes at `/x`, declared as gzip.
fn serving(bytes: Vec<u8>) -> Server {
    let server = Server::http();
    server.at("/x", move |_, _| ok(&[GZIP], &bytes));
    server
}

#[test]
fn the_expected_gzip_is_kept_as_sent() {
    let zipped = gzip(&BODY);
    let server = serving(zipped.clone());
    for words in [&["-e", &sha256(&zipped)][..], &["--no-verify"]] {
        let world = World::new();
        let ran = well(world.get(&server.url("/x"), &["--decode"]).args(words));
        ran.is_in(0, &ran.stdout.clone(), "");
        assert!(world.dir.read("x") == zipped);
        world.holds(&["x"]);
    }
}

#[test]
fn the_decoded_file_is_reported_or_used() {
    // A gzip of two members.
    let zipped = [gzip(&BODY[..100_000]), gzip(&BODY[100_000..])].concat();
    let server = serving(zipped.clone());
    server.at("/chunked", move |_, _| {
        let length = format!("{:x}\r\n", zipped.len()).into_bytes();
        let body = [&length, &zipped[..], b"\r\n0\r\n\r\n"].concat();
        vec![
            head("200 OK", &["Transfer-Encoding: chunked", "content-encoding: X-GZip"]),
            Do::Send(body),
        ]
    });
    let size = BODY.len().to_string();
    for path in ["/x", "/chunked"] {
        let url = server.url(path);
        let world = World::new();
        world.fails(|| world.expecting(&url, &[]), 1, WOULD_MATCH, &[]);
        let world = World::new();
        world.dir.write("x", "the good old file");
        world.dir.write("elsewhere", "mine");
        symlink("elsewhere", world.dir.path(".x.hsum-decoded")).unwrap();
        let ran = world.expecting(&url, &["--decode", "--force", "--size", &size]).run();
        let line = format!("x: OK, sha256:{} (--expect)\n", *DIGEST);
        ran.is_in(0, line.as_bytes(), "decoded from gzip");
        assert!(world.dir.read("x") == *BODY);
        assert_eq!(world.dir.read("elsewhere"), b"mine");
        assert_eq!(world.dir.mode("x") & 0o111, 0);
        world.holds(&["elsewhere", "x"]);
    }
    // The length of the gzip is already wrong.
    let world = World::new();
    let sized = ["--size", &*size];
    world.fails(|| world.expecting(&server.url("/x"), &sized), 1, "use --decode", &[]);
}

#[test]
fn other_truncated_corrupt_and_large_files_fail() {
    let zeros = gzip(&vec![0; 10_000_000]);
    assert!(zeros.len() < 100_000);
    let digest = sha256(vec![0; 10_000_000]);
    let whole = gzip(&BODY);
    let mut corrupt = whole.clone();
    *corrupt.iter_mut().rev().nth(5).unwrap() ^= 1;
    let text = "decoded, it is a different file too: 7 bytes";
    for (bytes, words, reason) in [
        (zeros.clone(), &["--max-size", "100000"][..], "more than the maximum of 100000 bytes"),
        (zeros, &["--size", "9999999"], "more than the expected 9999999 bytes"),
        (whole[..whole.len() - 9].to_vec(), &[], "the gzip is truncated"),
        (whole[..5].to_vec(), &[], "the gzip is truncated"),
        (Vec::new(), &[], "the gzip is truncated"),
        (corrupt, &[], "the gzip is corrupt"),
        ([&whole[..], b"more"].concat(), &[], "the gzip is"),
        (b"no gzip at all, not even its head".to_vec(), &[], "the gzip is corrupt"),
        (gzip(b"another"), &[], text),
    ] {
        let expected = if words.is_empty() { &*DIGEST } else { &digest };
        let server = serving(bytes);
        let world = World::new();
        let call = || world.get(&server.url("/x"), &["--decode", "-e", expected]).args(words);
        world.fails(call, 1, reason, &[]);
    }
}

#[test]
fn a_hint_does_not_decode_without_limit() {
    let (plain, world) = (vec![0; 10_000_000], World::new());
    let digest = sha256(&plain);
    let server = serving(gzip(&plain));
    // It is the gzip of the file, but decodes to more than the limit for a hint.
    let ran = world.get(&server.url("/x"), &["-e", &digest]).run();
    ran.is_in(1, b"", "Content-Encoding: gzip");
    assert!(!ran.stderr.contains(WOULD_MATCH), "{}", ran.stderr);
    well(world.get(&server.url("/x"), &["-e", &digest, "--decode"]));
    assert_eq!(world.dir.read("x").len(), plain.len());
}

#[test]
fn other_codings_are_reported_and_not_decoded() {
    for coding in ["br", "zstd", "deflate", "gzip, gzip"] {
        let (world, server) = (World::new(), Server::http());
        let field = format!("Content-Encoding: {coding}");
        server.at("/x", move |_, _| ok(&[&field], &gzip(&BODY)));
        let word = format!("{coding}, which was not requested and is not decoded");
        world.fails(|| world.expecting(&server.url("/x"), &["--decode"]), 1, &word, &[]);
    }
}

#[test]
fn encoded_bytes_are_resumed() {
    let (world, server) = (World::new(), Server::http());
    let zipped = gzip(&BODY);
    server.at("/x", move |seen, number| match number {
        0 => {
            let length = format!("Content-Length: {}", zipped.len());
            let fields = ["ETag: \"v1\"", GZIP, &length];
            vec![head("200 OK", &fields), Do::Send(zipped[..90_000].to_vec())]
        }
        // A response to a range may omit the coding.
        _ => ranges(seen, "\"v1\"", &zipped),
    });
    let size = BODY.len().to_string();
    let words = ["--decode", "--size", &*size];
    world.expecting(&server.url("/x"), &words).run().exits(5);
    world.holds(&PART);
    well(world.expecting(&server.url("/x"), &words));
    world.is_good();
    assert_eq!(server.seen().len(), 2);
    assert_eq!(server.seen()[1].header("range"), Some("bytes=90000-"));
}

#[test]
fn a_signature_may_cover_the_decoded_bytes() {
    let fixture =
        |name: &str| format!("{}/tests/fixtures/minisign/{name}", env!("CARGO_MANIFEST_DIR"));
    let server = serving(gzip(b"abc"));
    let (key, good, other) =
        (fixture("key.pub"), fixture("prehashed.minisig"), fixture("other.minisig"));
    let by = |sig: &str| ["--minisign-key", &*key, "--sig", sig].map(str::to_owned);
    let (good, other) = (by(&good), by(&other));
    let world = World::new();
    world.fails(|| world.get(&server.url("/x"), &[]).args(&good), 1, "signature", &[]);
    let world = World::new();
    let expected = sha256("abc");
    let words = ["--decode", "-e", &*expected];
    world.fails(|| world.get(&server.url("/x"), &words).args(&other), 1, "another key", &[]);
    well(world.get(&server.url("/x"), &["--decode", "--force"]).args(&good));
    assert_eq!(world.dir.read("x"), b"abc");
    world.holds(&["x"]);
}
