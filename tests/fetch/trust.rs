//! Evidence for `hsum get`: digests, checksum files, pins, Metalinks, mirrors.

use crate::server::{Do, Server, head, ok, status};
use crate::support::{md5, sha256};
use crate::world::{BODY, DIGEST, PKI, World, objects, well};

fn served() -> Server {
    let server = Server::http();
    server.at("/d/x", |_, _| ok(&[], &BODY));
    server
}

#[test]
fn missing_evidence_is_an_error() {
    let (world, server) = (World::new(), served());
    world.fails(|| world.get(&server.url("/d/x"), &[]), 3, "nothing to verify", &[]);
    assert_eq!(server.seen().len(), 0);
    let ran = well(world.get(&server.url("/d/x"), &["--no-verify", "--force"]));
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(printed.contains("NOT VERIFIED") && printed.contains(&*DIGEST), "{printed}");
    world.is_good();
}

#[test]
fn all_notations_are_accepted_and_all_digests_must_match() {
    let server = served();
    let digest = |algorithm| hsum::digest(algorithm, &BODY);
    let sri = format!("sha512-{}", digest(hsum::Algorithm::Sha512).to_base64());
    for expected in [DIGEST.to_uppercase(), format!("sha256:{}", *DIGEST), sri] {
        let world = World::new();
        well(world.get(&server.url("/d/x"), &["--expect", &expected]));
        world.is_good();
    }
    let world = World::new();
    let blake3 = digest(hsum::Algorithm::Blake3).to_hex();
    well(world.expecting(&server.url("/d/x"), &["-e", &format!("blake3:{blake3}")]));
    let wrong = format!("sha512:{}", "0".repeat(128));
    let call = || world.expecting(&server.url("/d/x"), &["-e", &wrong]);
    let world = World::new();
    world.fails(|| call().args(["-o", "y"]), 1, "sha512", &[]);
}

#[test]
fn fragments_may_have_a_digest() {
    let (world, server) = (World::new(), served());
    well(world.get(&server.url(&format!("/d/x#sha256={}", *DIGEST)), &[]));
    world.is_good();
    let wrong = server.url(&format!("/d/x#sha256={}", "0".repeat(64)));
    world.get(&wrong, &["-o", "y"]).run().is_in(1, b"", "fragment");
    world.get(&server.url("/d/x#sha256=zz"), &["-o", "y"]).run().is_in(2, b"", "fragment");
}

#[test]
fn weak_digests_are_reported_or_refused() {
    let (world, server) = (World::new(), served());
    let weak = md5(&*BODY);
    world.get(&server.url("/d/x"), &["-e", &weak, "--strong"]).run().is_in(7, b"", "--strong");
    world.holds(&[]);
    let ran = well(world.get(&server.url("/d/x"), &["-e", &weak, "--json"]));
    assert!(ran.stderr.contains("accidents"), "{}", ran.stderr);
    let line = &objects("get", &ran.stdout, 0)[0];
    assert_eq!(line["strength"], "weak");
    world.is_good();
}

#[test]
fn checksum_files_are_found_beside_the_file() {
    for (path, text) in [
        ("/d/x.sha256", format!("{}\n", *DIGEST)),
        ("/d/SHA256SUMS", format!("{}  other\n{} *x\n", "0".repeat(64), *DIGEST)),
        ("/d/x.sha512", format!("SHA512 (x) = {}\n", hsum::digest(hsum::Algorithm::Sha512, &BODY))),
    ] {
        let (world, server) = (World::new(), served());
        server.at(path, move |_, _| ok(&[], text.as_bytes()));
        let ran = well(world.get(&server.url("/d/x"), &["--sums", "auto"]));
        assert!(String::from_utf8_lossy(&ran.stdout).contains(path));
        world.is_good();
    }
    let (world, server) = (World::new(), served());
    world.fails(
        || world.get(&server.url("/d/x"), &["--sums", "auto"]),
        3,
        "not listed in any checksum file",
        &[],
    );
    // A wrong URL is reported as such.
    let (world, typo) = (World::new(), server.url("/d/y"));
    world.fails(|| world.get(&typo, &["--sums", "auto"]), 4, "the server answered 404", &[]);
    // A broken server must not lead to a weaker digest.
    server.at("/d/x.sha256", |_, _| status("500 Broken", &[], b""));
    let body = md5(&*BODY);
    server.at("/d/x.md5", move |_, _| ok(&[], body.as_bytes()));
    world.get(&server.url("/d/x"), &["--sums", "auto", "--force"]).run().is_in(4, b"", "500");
}

#[test]
fn checksum_files_are_fetched_or_read() {
    let (world, server) = (World::new(), served());
    let sums = format!("{}  x\n{}  y\n", *DIGEST, sha256("y"));
    let text = sums.clone();
    server.at("/sums", move |_, _| ok(&[], text.as_bytes()));
    server.at("/page", |_, _| ok(&[], b"<html>log in</html>"));
    server.at("/empty", |_, _| ok(&[], b""));
    well(world.get(&server.url("/d/x"), &["--sums", &server.url("/sums")]));
    world.is_good();
    let here = crate::support::Dir::new();
    here.write("S", sums);
    let here = here.path("S");
    well(world.get(&server.url("/d/x"), &["--sums", here.to_str().unwrap(), "--force"]));
    for (sums, code) in [("/page", 3), ("/empty", 3), ("/nowhere", 4)] {
        world.get(&server.url("/d/x"), &["--sums", &server.url(sums), "-o", "y"]).run().exits(code);
    }
    world.holds(&["x"]);
}

#[test]
fn possibly_truncated_checksum_files_are_rejected() {
    let (world, server) = (World::new(), served());
    let sums = format!("{}  x", *DIGEST);
    let (cut, whole) = (sums.clone(), format!("{sums}\n"));
    // These end with the connection.
    server.at("/cut", move |_, _| vec![head("200 OK", &[]), Do::Send(cut.clone().into())]);
    server.at("/whole", move |_, _| vec![head("200 OK", &[]), Do::Send(whole.clone().into())]);
    let toml = format!("[[wheel]]\nurl = \"http://h/x\"\nhash = \"sha256:{}\"\n", *DIGEST);
    server.at("/toml", move |_, _| vec![head("200 OK", &[]), Do::Send(toml.clone().into())]);
    let told = sums.clone();
    server.at("/told", move |_, _| ok(&[], told.as_bytes()));
    let get = |url: &str| world.get(&server.url("/d/x"), &["--force", "--sums", url]);
    get(&server.url("/cut")).run().is_in(5, b"", "possibly truncated");
    world.holds(&[]);
    for path in ["/whole", "/told", "/toml"] {
        well(get(&server.url(path)));
    }
    // TLS reports a truncation.
    let (_, files) = World::with_pki();
    let secure = Server::https(PKI.open());
    let (cut, whole) = (sums.clone(), sums);
    secure.at("/whole", move |_, _| vec![head("200 OK", &[]), Do::Send(whole.clone().into())]);
    secure.at("/cut", move |_, _| vec![head("200 OK", &[]), Do::Send(cut.clone().into()), Do::Cut]);
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    well(get(&secure.url("/whole")).args(trusting));
    get(&secure.url("/cut")).args(trusting).run().exits(5);
    world.is_good();
}

#[test]
fn truncated_checksum_files_are_fetched_again() {
    let (world, server) = (World::new(), served());
    let sums = format!("{}  x\n", *DIGEST);
    server.at("/sums", move |_, number| match number {
        0 => vec![head("200 OK", &["Content-Length: 500"]), Do::Send(sums.clone().into())],
        _ => ok(&[], sums.as_bytes()),
    });
    let words = ["--sums", &server.url("/sums"), "--retries", "1"];
    well(world.get(&server.url("/d/x"), &words));
    world.is_good();
}

#[test]
fn contradictory_digests_are_an_error() {
    let (world, server) = (World::new(), served());
    let sums = format!("{}  x\n{}  x\n", *DIGEST, "0".repeat(64));
    server.at("/sums", move |_, _| ok(&[], sums.as_bytes()));
    world.get(&server.url("/d/x"), &["--sums", &server.url("/sums")]).run().exits(3);
    world.holds(&[]);
}

#[test]
fn pins_are_created_once_and_required_later() {
    let (world, server) = (World::new(), Server::http());
    let pins = crate::support::Dir::new();
    let path = pins.path("pins");
    let pin = ["--pin", path.to_str().unwrap(), "--force"];
    server.at("/x", |_, number| if number == 0 { ok(&[], &BODY) } else { ok(&[], b"changed") });
    let first = well(world.get(&server.url("/x"), &pin));
    assert!(String::from_utf8_lossy(&first.stdout).contains(&*DIGEST));
    assert_eq!(
        String::from_utf8_lossy(&pins.read("pins")),
        format!("SHA256 ({}) = {}\n", server.url("/x"), *DIGEST)
    );
    std::fs::remove_file(world.dir.path("x")).unwrap();
    world.get(&server.url("/x"), &pin).run().is_in(1, b"", "pinned");
    world.holds(&[]);
    assert_eq!(String::from_utf8_lossy(&pins.read("pins")).lines().count(), 1);
}

#[test]
fn invalid_lines_in_pins_are_errors() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    let url = server.url("/x");
    let half = format!("SHA256 ({url}) = {}", &DIGEST[..40]);
    let other = format!("SHA256 (http://h.test/y) = {}\n", *DIGEST);
    for (pins, line) in [
        (half.clone(), 1),
        (format!("{other}{half}\n"), 2),
        (format!("{other}SHA257 ({url}) = {}\n", *DIGEST), 2),
        (format!("{other}SHA256 ({url}) = {}\nSHA256 ({url}) = {}\n", *DIGEST, "0".repeat(64)), 3),
        (format!("# mine\n\nSHA256 ({url} = {}\n{other}", *DIGEST), 3),
    ] {
        let files = crate::support::Dir::new();
        files.write("pins", &pins);
        let path = files.path("pins");
        let call = || world.get(&url, &["--pin", path.to_str().unwrap()]);
        world.fails(call, 6, &format!("line {line}: "), &[]);
        std::fs::remove_file(world.dir.path("x")).unwrap();
        assert_eq!(String::from_utf8_lossy(&files.read("pins")), pins, "the pins are unchanged");
    }
    assert_eq!(server.seen().len(), 0, "it was requested");
}

#[test]
fn contradictory_sizes_are_an_error() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], b"abc"));
    let digest = sha256("abc");
    let list = |size: u32| format!(r#"[{{"path":"x","size":{size},"sha256":"{digest}"}}]"#);
    let files = crate::support::Dir::new();
    let path = files.path("list.json");
    let words = |size: &'static str| ["--sums", path.to_str().unwrap(), "--size", size];
    for (listed, size) in [(4, "3"), (3, "4")] {
        files.write("list.json", list(listed));
        let word = format!("--size is {size}, but the checksum file lists {listed} bytes");
        world.fails(|| world.get(&server.url("/x"), &words(size)), 3, &word, &[]);
        std::fs::remove_file(world.dir.path("x")).unwrap();
    }
    assert_eq!(server.seen().len(), 0, "it was requested");
    files.write("list.json", list(3));
    well(world.get(&server.url("/x"), &words("3")));
    assert_eq!(world.dir.read("x"), b"abc");
}

#[test]
fn digests_from_the_server_are_advisory() {
    let (world, server) = (World::new(), Server::http());
    let good = hsum::digest(hsum::Algorithm::Sha256, &BODY).to_base64();
    let field = format!("Repr-Digest: sha-256=:{good}:");
    server.at("/good", move |_, _| ok(&[&field], &BODY));
    let wrong = format!(
        "Repr-Digest: sha-256=:{}:",
        hsum::digest(hsum::Algorithm::Sha256, b"").to_base64()
    );
    server.at("/wrong", move |_, _| ok(&[&wrong], &BODY));
    server.at("/none", |_, _| ok(&[], &BODY));
    world.get(&server.url("/good"), &[]).run().exits(3);
    let trusting = ["--trust-server-digest"];
    world.get(&server.url("/wrong"), &trusting).run().is_in(1, b"", "stated by the server");
    world.get(&server.url("/none"), &trusting).run().exits(3);
    world.holds(&[]);
    well(world.get(&server.url("/good"), &trusting));
    world.is_good();
    let told = well(world.expecting(&server.url("/wrong"), &["-o", "y"]));
    assert!(told.stderr.contains("states a different digest"), "{}", told.stderr);
    assert_eq!(server.seen()[0].header("want-repr-digest"), Some("sha-256=10, sha-512=9"));
}

#[test]
fn mirrors_are_tried() {
    let (world, first, second) = (World::new(), Server::http(), Server::http());
    first.at("/bad", |_, _| ok(&["ETag: \"a\""], b"another"));
    second.at("/x", |_, _| ok(&[], &BODY));
    for path in ["/bad", "/nowhere"] {
        let words = ["--mirror", &second.url("/x"), "-H", "X-Api-Key: k", "--force"];
        well(world.expecting(&first.url(path), &words));
        world.is_good();
    }
    assert!(second.seen().iter().all(|seen| seen.header("x-api-key").is_none()));
    let words = ["--mirror", &first.url("/bad"), "--force", "-o", "y"];
    world.expecting(&first.url("/nowhere"), &words).run().exits(1);
    world.holds(&["x"]);
}

#[test]
fn metalinks_have_names_urls_and_digests() {
    let (world, server) = (World::new(), served());
    let document = format!(
        "<?xml version=\"1.0\"?><metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"x\">\
         <size>{}</size><hash type=\"sha-256\">{}</hash><url priority=\"2\">{}</url>\
         <url priority=\"1\">{}</url></file></metalink>",
        BODY.len(),
        *DIGEST,
        server.url("/d/x"),
        server.url("/nowhere")
    );
    world.dir.write("m.meta4", document);
    well(world.dir.hsum(["get", "--metalink", "m.meta4", "--retries", "0"]));
    assert!(world.dir.read("x") == *BODY);
    world.holds(&["m.meta4", "x"]);
    // The name in the Metalink is looked up whatever the local name.
    well(world.dir.hsum(["get", "--metalink", "m.meta4", "--retries", "0", "-o", "z"]));
    assert!(world.dir.read("z") == *BODY);
    // A file without a supported URL is an error.
    let placeless = "<metalink><file name=\"y\"><url>magnet:?xt=y</url></file></metalink>";
    world.dir.write("m.meta4", placeless);
    world.dir.hsum(["get", "--metalink", "m.meta4"]).run().is_in(
        2,
        b"",
        "no http, https, ftp or ftps URL",
    );
    // Options for a URL are not ignored.
    let form = ["get", "--metalink", "m.meta4", "--data", "a=b"];
    world.dir.hsum(form).run().is_in(2, b"", "need a URL");
}

#[test]
fn head_shows_digests_from_the_server() {
    let (world, server) = (World::new(), Server::http());
    let field = format!(
        "Repr-Digest: sha-256=:{}:",
        hsum::digest(hsum::Algorithm::Sha256, b"abc").to_base64()
    );
    server.at("/x", move |_, _| {
        vec![head(
            "200 OK",
            &["Content-Length: 3", "ETag: \"v1\"", &field, "x-goog-hash: crc32c=AAAAAA=="],
        )]
    });
    let ran = well(world.dir.hsum(["head", &server.url("/x")]));
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    for line in
        ["size: 3", "etag: \\\"v1\\\"", "resumable: by the ETag", &sha256("abc"), "crc32c:00000000"]
    {
        assert!(printed.contains(line), "{line}\n{printed}");
    }
    assert_eq!(server.seen()[0].method, "HEAD");
    let ran = well(world.dir.hsum(["head", "--json", &server.url("/x")]));
    let line = &objects("head", &ran.stdout, 0)[0];
    assert_eq!(
        (&line["size"], &line["digests"][0]["digest"]),
        (&3.into(), &format!("sha256:{}", sha256("abc")).into())
    );
    world.dir.hsum(["head", &server.url("/nowhere"), "--retries", "0"]).run().is_in(4, b"", "404");
}
