//! Authentication: what is sent, to whom, and when.

use crate::server::{Do, Seen, Server, ok, status};
use crate::world::{BODY, World, well};

const WORDS: [&str; 4] = ["-u", "me", "--password", "env:WORD"];

/// Answers requests that have this header, and challenges the others.
fn guard(
    challenge: &'static str,
    good: impl Fn(&str) -> bool + Send + Sync + 'static,
) -> impl Fn(&Seen, usize) -> Vec<Do> + Send + Sync {
    move |seen, _| match seen.header("authorization") {
        Some(value) if good(value) => ok(&[], &BODY),
        _ => status("401 Unauthorized", &[challenge], b"no"),
    }
}

#[test]
fn basic_is_sent_after_a_challenge() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", guard("WWW-Authenticate: Basic realm=\"r\"", |v| v == "Basic bWU6c2VjcmV0"));
    well(world.expecting(&server.url("/x"), &WORDS).env("WORD", "secret"));
    world.is_good();
    let told: Vec<_> = server.seen().iter().map(|s| s.header("authorization").is_some()).collect();
    assert_eq!(told, [false, true]);
    server.forget();
    let call = || world.expecting(&server.url("/x"), &["--force", "-o", "y"]).args(WORDS);
    call().args(["--auth", "basic-at-once"]).env("WORD", "secret").run().exits(0);
    assert_eq!(server.seen().len(), 1);
    // A wrong password is not sent twice.
    server.forget();
    let wrong =
        world.expecting(&server.url("/x"), &["-o", "z"]).args(WORDS).env("WORD", "wrong").run();
    wrong.is_in(4, b"", "401");
    assert_eq!(server.seen().len(), 2);
    let in_url = server.url("/x").replace("//", "//me:secret@");
    well(world.expecting(&in_url, &["-o", "z"]));
}

#[test]
fn digest_never_sends_the_password() {
    let (world, server) = (World::new(), Server::http());
    let challenge =
        "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
    server.at(
        "/x",
        guard(challenge, |value| {
            let field = |name: &str| {
                let start = value.find(&format!("{name}="))? + name.len() + 1;
                Some(value[start..].split([',', ' ']).next()?.trim_matches('"').to_owned())
            };
            let hash = |text: String| crate::support::sha256(text);
            let field = |name: &str| field(name).unwrap_or_default();
            let (first, second) = (hash("me:r:secret".into()), hash("GET:/x?a=b".into()));
            let middle = ["nonce", "nc", "cnonce", "qop"].map(field).join(":");
            field("response") == hash(format!("{first}:{middle}:{second}"))
        }),
    );
    let call = world.expecting(&server.url("/x?a=b"), &["--auth", "digest"]).args(WORDS);
    well(call.env("WORD", "secret"));
    world.is_good();
    // With --auth digest, basic is not sent.
    server.at("/basic", guard("WWW-Authenticate: Basic realm=\"r\"", |_| true));
    server.forget();
    let call = world.expecting(&server.url("/basic"), &["--auth", "digest", "-o", "y"]).args(WORDS);
    call.env("WORD", "secret").run().is_in(4, b"", "401");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn tokens_are_sent_with_the_first_request() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", guard("WWW-Authenticate: Bearer", |value| value == "Bearer t0k"));
    well(world.expecting(&server.url("/x"), &["--token", "env:T"]).env("T", "t0k"));
    world.is_good();
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn netrc_is_used_for_its_hosts() {
    let (world, server) = (World::new(), Server::http());
    let home = crate::support::Dir::new();
    server.at("/x", guard("WWW-Authenticate: Basic", |value| value == "Basic bWU6c2VjcmV0"));
    home.write(".netrc", "machine localhost login me password secret\n");
    home.chmod(".netrc", 0o600);
    well(world.expecting(&server.url("/x"), &["--netrc"]).env("HOME", home.path("")));
    world.is_good();
}

#[test]
fn login_cookies_serve_the_next_download() {
    let (world, server) = (World::new(), Server::http());
    let home = crate::support::Dir::new();
    // A link to the jar stays a link.
    home.link("d/real", "jar");
    home.mkdir("d");
    let jar = home.path("jar");
    let jar = ["--cookie-jar", jar.to_str().unwrap()];
    server.at("/login", |seen, _| match &*seen.body {
        b"user=me&word=a%26b" => ok(&["Set-Cookie: sid=s3cret; Path=/"], b"welcome"),
        _ => status("403 Forbidden", &[], b""),
    });
    server.at("/x", |seen, _| match seen.header("cookie") {
        Some("sid=s3cret") => ok(&[], &BODY),
        _ => status("403 Forbidden", &[], b""),
    });
    home.write("word", "a&b\n");
    let word = format!("word=@{}", home.path("word").display());
    world.expecting(&server.url("/x"), &jar).run().exits(4);
    let login = ["--data", "user=me", "--data", &word, "--no-verify", "-o", "y"];
    well(world.get(&server.url("/login"), &login).args(jar));
    assert_eq!(home.mode("jar"), 0o600);
    assert!(String::from_utf8_lossy(&home.read("jar")).contains("s3cret"));
    well(world.expecting(&server.url("/x"), &jar));
    world.holds(&["x", "y"]);
    assert!(std::fs::symlink_metadata(home.path("jar")).unwrap().is_symlink());
    assert!(String::from_utf8_lossy(&home.read("d/real")).contains("s3cret"));
}

#[test]
fn forms_and_queries_are_encoded() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.dir.write("f", "of a file");
    let words = ["--query", "q=a&b c", "--form", "n=v", "--form", "f=@f", "-H", "X-One: 1"];
    well(world.expecting(&server.url("/x?p=1"), &words));
    let seen = &server.seen()[0];
    assert_eq!(seen.target, "/x?p=1&q=a%26b%20c");
    assert_eq!((&*seen.method, seen.header("x-one")), ("POST", Some("1")));
    assert!(seen.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    let body = String::from_utf8_lossy(&seen.body);
    assert!(body.contains("name=\"n\"\r\n\r\nv\r\n"), "{body}");
    assert!(body.contains("filename=\"f\"") && body.contains("of a file"), "{body}");
}

#[test]
fn headers_are_read_from_files() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.dir.write("fields", "# mine\nX-Api-Key: k1\n\nX-Two: 2\r\n");
    well(world.expecting(&server.url("/x"), &["-H", "@fields"]));
    let seen = &server.seen()[0];
    assert_eq!((seen.header("x-api-key"), seen.header("x-two")), (Some("k1"), Some("2")));
}

#[test]
fn passwords_and_tokens_leave_the_machine_encrypted_only() {
    // A proxy acts as the other hosts.
    let (world, proxy) = (World::new(), Server::http());
    let address = format!("http://localhost:{}", proxy.port);
    let url = "http://h.test/x";
    proxy.at(url, guard("WWW-Authenticate: Basic realm=\"r\"", |_| true));
    let home = crate::support::Dir::new();
    home.write("netrc", "machine h.test login me password s3cret\n");
    home.chmod("netrc", 0o600);
    let netrc = format!("--netrc={}", home.path("netrc").display());
    let at_once = [&WORDS[..], &["--auth", "basic-at-once"]].concat();
    let with_user = "http://me:s3cret@h.test/x";
    let ways: [(&str, &[&str]); 5] = [
        (url, &WORDS),
        (url, &at_once),
        (url, &["--token", "env:WORD"]),
        (url, &[&netrc]),
        (with_user, &[]),
    ];
    for (url, words) in ways {
        let world = World::new();
        let call = || world.expecting(url, words).env("WORD", "s3cret").env("http_proxy", &address);
        proxy.forget();
        let ran = call().run();
        ran.is_in(7, b"", "--allow-plaintext-auth");
        assert!(!ran.stderr.contains("s3cret"), "{}", ran.stderr);
        assert!(proxy.seen().iter().all(|seen| seen.header("authorization").is_none()));
        world.holds(&[]);
        well(call().args(["--allow-plaintext-auth"]));
        world.is_good();
    }
    let send = world.dir.hsum(["send", "-X", "GET", url]).args(WORDS).env("WORD", "s3cret");
    send.env("http_proxy", &address).run().is_in(7, b"", "--allow-plaintext-auth");
    let ftp = world.expecting("ftp://me:s3cret@h.test/x", &[]).run();
    ftp.is_in(7, b"", "use ftps, or --allow-plaintext-auth");
    // A digest does not reveal the password.
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
    proxy.at(url, guard(challenge, |value| value.starts_with("Digest ")));
    well(world.expecting(url, &WORDS).env("WORD", "s3cret").env("http_proxy", &address));
}

#[test]
fn secrets_for_this_machine_do_not_pass_a_remote_proxy() {
    let world = World::new();
    let call = |host: &str, words: &[&str]| {
        let url = format!("http://{host}:1/x");
        world.expecting(&url, words).args(["--token", "env:T"]).env("T", "t0k")
    };
    let elsewhere = ["--proxy", "http://192.0.2.1:9"];
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let ran = call(host, &elsewhere).run();
        ran.is_in(7, b"", "--allow-plaintext-auth");
    }
    let named = call("localhost", &[]).env("http_proxy", "http://192.0.2.1:9");
    named.run().is_in(7, b"", "--allow-plaintext-auth");
    // A proxy on this machine is allowed.
    call("localhost", &["--proxy", "http://127.0.0.1:1"]).run().exits(5);
    call("localhost", &[])
        .env("http_proxy", "http://192.0.2.1:9")
        .env("no_proxy", "localhost")
        .run()
        .exits(5);
}

#[test]
fn localhost_is_never_looked_up() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", guard("WWW-Authenticate: Bearer", |value| value == "Bearer t0k"));
    for (name, host) in [("a", "localhost."), ("b", "a.localhost"), ("c", "LOCALHOST")] {
        let url = format!("http://{host}:{}/x", server.port);
        let call = world.expecting(&url, &["-o", name, "--token", "env:T"]);
        well(call.env("T", "t0k"));
    }
}
