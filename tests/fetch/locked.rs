//! `hsum get --from-lock`: the files in a lock file.

use crate::server::{Server, ok};
use crate::support::{Call, sha256};
use crate::world::World;

fn get(world: &World, words: &[&str]) -> Call {
    world.dir.hsum(["get", "--retries", "0", "--from-lock", "lock"]).args(words)
}

/// Starts a server with `/a-1.whl` and `/s/a-1.tar.gz`.
fn served() -> Server {
    let server = Server::http();
    server.at("/a-1.whl", |_, _| ok(&[], b"wheel"));
    server.at("/s/a-1.tar.gz", |_, _| ok(&[], b"source"));
    server
}

fn uv(server: &Server, wheel: &str, size: usize) -> String {
    format!(
        "version = 1\n\n[[package]]\nname = \"a\"\nversion = \"1\"\n\
         source = {{ registry = \"https://example.org/simple\" }}\n\
         sdist = {{ url = \"{}\", hash = \"sha256:{}\", size = 6 }}\nwheels = [\n    \
         {{ url = \"{}\", hash = \"sha256:{}\", size = {size} }},\n]\n",
        server.url("/s/a-1.tar.gz"),
        sha256("source"),
        server.url("/a-1.whl"),
        sha256(wheel)
    )
}

#[test]
fn all_files_of_a_uv_lock_are_fetched() {
    let (world, server) = (World::new(), served());
    world.dir.write("lock", uv(&server, "wheel", 5));
    get(&world, &["-H", "X-Api-Key: k"]).run().exits(0);
    assert_eq!(world.dir.read("a-1.whl"), b"wheel");
    assert_eq!(world.dir.read("a-1.tar.gz"), b"source");
    world.holds(&["a-1.tar.gz", "a-1.whl", "lock"]);
    // URLs from a lock file get no credentials.
    assert!(server.seen().iter().all(|seen| seen.header("x-api-key").is_none()));
    server.forget();
    get(&world, &[]).run().exits(0);
    assert_eq!(server.seen().len(), 0, "they were already there");
}

#[test]
fn a_mismatch_does_not_prevent_the_others() {
    let server = served();
    for (wheel, size) in [("other", 5), ("wheel", 4)] {
        let world = World::new();
        world.dir.write("lock", uv(&server, wheel, size));
        get(&world, &[]).run().exits(1);
        world.holds(&["a-1.tar.gz", "lock"]);
    }
}

#[test]
fn entries_without_url_or_unique_name_are_reported() {
    let (world, server) = (World::new(), served());
    let integrity =
        |text: &[u8]| format!("sha512-{}", hsum::digest(hsum::Algorithm::Sha512, text).to_base64());
    server.at("/t/a-1.whl", |_, _| ok(&[], b"another"));
    let lock = format!(
        r#"{{"packages": {{"node_modules/a": {{"resolved": "{}", "integrity": "{}"}},
        "node_modules/t/a": {{"resolved": "{}", "integrity": "{}"}},
        "node_modules/g": {{"resolved": "git+ssh://git@example.org/g.git", "integrity": "{}"}}}}}}"#,
        server.url("/a-1.whl"),
        integrity(b"wheel"),
        server.url("/t/a-1.whl"),
        integrity(b"another"),
        integrity(b"g")
    );
    world.dir.write("lock", lock);
    let ran = get(&world, &[]).run();
    ran.exits(7);
    assert!(ran.stderr.contains("skipped") && ran.stderr.contains("the same name"));
    assert_eq!(world.dir.read("a-1.whl"), b"wheel");
    world.holds(&["a-1.whl", "lock"]);
}

#[test]
fn hidden_names_in_locks_are_refused() {
    let (world, server) = (World::new(), served());
    for name in [".profile", "%2Enpmrc", "-rf", "x.hsum-part", "aux"] {
        let lock = uv(&server, "wheel", 5).replace("/a-1.whl", &format!("/{name}"));
        world.dir.write("lock", lock);
        get(&world, &["--force"]).run().exits(7);
        world.holds(&["a-1.tar.gz", "lock"]);
    }
}

#[test]
fn contradictory_sizes_are_reported() {
    let server = served();
    for (first, second) in [(5, 4), (4, 5)] {
        let world = World::new();
        let two = [first, second].map(|size| uv(&server, "wheel", size)).join("\n");
        world.dir.write("lock", two);
        let ran = get(&world, &[]).run();
        ran.exits(3);
        assert!(ran.stderr.contains("lock: "), "{}", ran.stderr);
    }
}

#[test]
fn a_lock_without_files_is_an_error() {
    let world = World::new();
    let digest = sha256("");
    world.dir.write(
        "lock",
        format!("[[package]]\nname = \"a\"\nversion = \"1\"\nchecksum = \"{digest}\"\n"),
    );
    get(&world, &[]).run().is_in(3, b"", "a-1.crate");
    world.dir.write("lock", "{\"packages\": ");
    get(&world, &[]).run().exits(3);
    for words in [
        &["-e", &*digest][..],
        &["--trust-server-digest"],
        &["--sig", "auto", "--minisign-key", "k"],
        &["--minisign-key", "k"],
        &["--data", "a=b"],
        &["--form", "a=b"],
        &["--query", "a=b"],
        &["-X", "PUT"],
        &["--sign", "github", "--key", "env:K"],
    ] {
        get(&world, words).run().is_in(2, b"", "cannot be used with");
    }
    world.dir.hsum(["get", "--from-lock", "nowhere"]).run().is_in(6, b"", "nowhere");
}
