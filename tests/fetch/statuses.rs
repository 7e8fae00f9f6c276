//! The exit statuses of `hsum get` and `hsum head`. 1 means a mismatch, and nothing else.

use crate::server::{Server, ok, status};
use crate::support::Call;
use crate::world::{BODY, DIGEST, World, objects};

fn served() -> (World, Server) {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    (world, server)
}

#[test]
fn unreadable_secrets_are_2_and_other_local_failures_6() {
    let (world, server) = served();
    world.dir.write("bad-netrc", "machine h nonsense");
    let is_secret = |words: &[&str]| {
        words.contains(&"--password") || words.contains(&"--token") || words[0].contains("netrc")
    };
    world.dir.write("junk", "neither a key nor a list");
    world.dir.write("empty", "");
    world.dir.mkdir("folder");
    let asking = ["-u", "me", "--password"];
    for words in [
        &["--netrc=missing"][..],
        &["--netrc=bad-netrc"],
        &["--netrc=folder"],
        &["--cookie-jar", "folder"],
        &["--cookie-jar", "missing/jar"],
        &[&asking[..], &["env:NOPE"]].concat(),
        &[&asking[..], &["env:EMPTY"]].concat(),
        &[&asking[..], &["file:missing"]].concat(),
        &[&asking[..], &["file:empty"]].concat(),
        &[&asking[..], &["fd:99"]].concat(),
        &["--token", "env:NOPE"],
        &["-H", "@missing"],
        &["--data", "a=@missing"],
        &["--data", "a=@folder"],
        &["--form", "a=@missing"],
        &["--form", "a=@folder"],
        &["--sums", "missing"],
        &["--metalink", "missing"],
        &["--pin", "folder"],
        &["--sums", "junk", "--gpg-keyring", "missing"],
        &["--sums", "junk", "--gpg-keyring", "junk"],
        &["--sums", "junk", "--gpg-keyring", "empty"],
        &["--sig", "missing", "--minisign-key", "missing"],
        &["--sig", "missing", "--minisign-key", "junk"],
        &["--cacert", "missing"],
        &["--cert", "junk"],
        &["-o", "missing/x"],
    ] {
        let url = match words[0] {
            "--cacert" | "--cert" => format!("https://localhost:{}/x", server.port),
            _ => server.url("/x"),
        };
        let ran = world.expecting(&url, words).env("EMPTY", "").run();
        let code = if is_secret(words) { 2 } else { 6 };
        assert_eq!(ran.status.code(), Some(code), "{words:?}: {}", ran.stderr);
        let _ = std::fs::remove_file(world.dir.path("x"));
    }
    for words in [&["--netrc=missing"][..], &["--token", "env:NOPE"], &["-H", "@missing"]] {
        let ran = world.dir.hsum(["head", &server.url("/x")]).args(words).run();
        let code = if is_secret(words) { 2 } else { 6 };
        assert_eq!(ran.status.code(), Some(code), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn unwritable_output_is_6() {
    let (world, server) = served();
    let url = server.url("/x");
    for line in [
        format!("\"$HSUM\" get -e {} {url} -o - >/dev/full", *DIGEST),
        format!("\"$HSUM\" get -e {} {url} >/dev/full", *DIGEST),
        format!("\"$HSUM\" get --json -e {} {url} --force >/dev/full", *DIGEST),
        format!("\"$HSUM\" get -e {} {url} >&-", *DIGEST),
        format!("\"$HSUM\" head {url} >/dev/full"),
        format!("\"$HSUM\" head --json {url} >/dev/full"),
    ] {
        let ran = world.dir.shell(&line).run();
        assert_eq!(ran.status.code(), Some(6), "{line}: {}", ran.stderr);
    }
}

#[test]
fn other_causes_have_their_own_status() {
    let (world, server) = served();
    let other = "0".repeat(64);
    let get = |path: &str, words: &[&str]| -> Call {
        world.dir.hsum(["get", &server.url(path), "-o", "x", "--retries", "0"]).args(words)
    };
    let right = ["-e", &*DIGEST];
    get("/x", &["-e", &other]).run().exits(1);
    get("/x", &["--size", "1", "--no-verify"]).run().exits(1);
    get("/x", &["-e", "zz"]).run().exits(2);
    get("/x", &["--no-such-option"]).run().exits(2);
    get("/x", &[]).run().exits(3);
    get("/missing", &right).run().exits(4);
    world.dir.hsum(["get", "http://localhost:1/x", "--retries", "0"]).args(right).run().exits(5);
    get("/x", &["--max-size", "1"]).args(right).run().exits(7);
    get("/x", &right).run().exits(0);
    get("/x", &["-e", &other]).run().exits(7);
}

#[test]
fn the_first_failure_decides_and_cookies_are_kept() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&["Set-Cookie: sid=31d4"], &BODY));
    let line = format!(
        "\"$HSUM\" get --json -e {} {} --cookie-jar jar >/dev/full",
        "0".repeat(64),
        server.url("/x")
    );
    let ran = world.dir.shell(&line).run();
    assert_eq!(ran.status.code(), Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("mismatch") && ran.stderr.contains("No space left"));
    assert!(String::from_utf8_lossy(&world.dir.read("jar")).contains("31d4"));
}

#[test]
fn json_has_an_object_for_each_file_and_a_summary() {
    let (world, server) = served();
    server.at("/gone", |_, _| status("404 Gone", &[], b""));
    let (x, gone) = (server.url("/x"), server.url("/gone"));
    let ran = world.dir.hsum(["get", "--json", "--no-verify", "--retries", "0", &x, &gone]).run();
    let [good, bad, summary] = &objects("get", &ran.stdout, 4)[..] else {
        panic!("{:?}", ran.stdout)
    };
    assert_eq!((&good["type"], &good["status"]), (&"file".into(), &"unverified".into()));
    assert_eq!((&good["path"], &good["size"]), (&"x".into(), &300_000.into()));
    assert_eq!((&bad["type"], &bad["status"]), (&"file".into(), &"failed".into()));
    assert_eq!((&bad["reason"], &bad["exit"]), (&"status".into(), &4.into()));
    assert!(bad["error"].as_str().is_some_and(|error| error.contains("404")), "{bad}");
    let summary = summary.to_string();
    let start = "{\"type\":\"summary\",\"schema\":1,\"verb\":\"get\",\"files\":2,\"verified\":0,\
        \"unverified\":1,\"present\":0,\"failed\":1,\"bytes\":300000,\"seconds\":";
    assert!(summary.starts_with(start) && summary.ends_with(",\"exit\":4}"), "{summary}");

    let ran = world.dir.hsum(["head", "--json", "--retries", "0", &x, &gone]).run();
    let [good, bad, summary] = &objects("head", &ran.stdout, 4)[..] else {
        panic!("{:?}", ran.stdout)
    };
    assert_eq!((&good["type"], &good["status"]), (&"response".into(), &200.into()));
    assert_eq!((&bad["type"], &bad["reason"]), (&"error".into(), &"status".into()));
    assert_eq!(
        summary.to_string(),
        "{\"type\":\"summary\",\"schema\":1,\"verb\":\"head\",\"responses\":1,\"failed\":1,\"exit\":4}"
    );
}

/// Errors that stop the command before the first download.
#[test]
fn json_tells_of_errors_without_a_file() {
    let world = World::new();
    world.dir.write("list", "no checksum file");
    let url = "http://localhost:1/x";
    let ran = world.dir.hsum(["get", "--json", "--sums", "missing", url]).run();
    let [error, summary] = &objects("get", &ran.stdout, 6)[..] else { panic!("{:?}", ran.stdout) };
    assert_eq!((&error["type"], &error["reason"]), (&"error".into(), &"not-found".into()));
    assert_eq!((&summary["verb"], &summary["exit"]), (&"get".into(), &6.into()));
    let ran = world.dir.hsum(["head", "--json", "--token", "env:NOPE", url]).run();
    let [error, summary] = &objects("head", &ran.stdout, 2)[..] else { panic!("{:?}", ran.stdout) };
    assert_eq!((&error["type"], &error["reason"]), (&"error".into(), &"setup".into()));
    assert_eq!((&summary["verb"], &summary["exit"]), (&"head".into(), &2.into()));
}
