//! Refusals without the option that allows them, and secrets that stay with their server.

use crate::server::{Do, Server, head, ok, redirect, status};
use crate::world::{BODY, DIGEST, PKI, World, objects, well};

#[test]
fn redirects_are_followed_up_to_the_maximum() {
    let (world, server) = (World::new(), Server::http());
    server.at("/a", redirect("b?q")).at("/b", redirect("//localhost:1/unused"));
    server.at("/b", redirect(server.url("/x"))).at("/x", |_, _| ok(&[], &BODY));
    server.at("/loop", redirect("/loop"));
    let ran = well(world.expecting(&server.url("/a"), &["--json"]));
    let line = &objects("get", &ran.stdout, 0)[0];
    assert_eq!(line["redirects"].as_array().unwrap().len(), 2);
    world.is_good();
    server.forget();
    let world = World::new();
    world.fails(|| world.expecting(&server.url("/loop"), &[]), 7, "more than 10 redirects", &[]);
    assert_eq!(server.seen().len(), 22);
}

#[test]
fn unsafe_redirects_are_refused() {
    let (world, files) = World::with_pki();
    let (server, plain) = (Server::https(PKI.open()), Server::http());
    let authority = files.path("ca.pem");
    let trusting = ["--cacert", authority.to_str().unwrap()];
    plain.at("/x", |_, _| ok(&[], &BODY));
    server.at("/down", redirect(plain.url("/x")));
    for (path, to) in
        [("/file", "file:///etc/passwd"), ("/ftp", "ftp://localhost/x"), ("/data", "data:,x")]
    {
        server.at(path, redirect(to));
        world.expecting(&server.url(path), &trusting).run().is_in(7, b"", "not followed");
        world.holds(&[]);
    }
    world.fails(|| world.expecting(&server.url("/down"), &trusting), 7, "not encrypted", &[]);
    assert_eq!(plain.seen().len(), 0);
    well(world.expecting(&server.url("/down"), &["--allow-downgrade", "--force"]).args(trusting));
    world.is_good();
}

#[test]
fn other_origins_get_no_credentials() {
    let (world, own, other) = (World::new(), Server::http(), Server::http());
    other.at("/x", |_, _| ok(&[], &BODY));
    own.at("/own", redirect("/away")).at("/away", redirect(other.url("/x")));
    let secrets = ["-H", "X-Api-Key: k1", "-H", "Authorization: Bearer t1", "-H", "Cookie: c=1"];
    well(world.expecting(&own.url("/own"), &secrets));
    world.is_good();
    for seen in own.seen() {
        for (name, value) in
            [("x-api-key", "k1"), ("authorization", "Bearer t1"), ("cookie", "c=1")]
        {
            assert_eq!(seen.header(name), Some(value));
        }
    }
    assert_eq!(own.seen().len(), 2);
    let seen = &other.seen()[0];
    for name in ["x-api-key", "authorization", "cookie"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
}

#[test]
fn challenges_of_other_origins_get_no_password() {
    let (world, own, other) = (World::new(), Server::http(), Server::http());
    other
        .at("/x", |_, _| status("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"x\""], b""));
    own.at("/x", redirect(other.url("/x")));
    let words = ["-u", "me", "--password", "env:WORD"];
    world.expecting(&own.url("/x"), &words).env("WORD", "secret").run().is_in(4, b"", "401");
    assert_eq!(other.seen().len(), 1);
}

#[test]
fn redirected_forms_follow_the_status() {
    let (world, server) = (World::new(), Server::http());
    server.at("/307", |_, _| status("307 Temporary Redirect", &["Location: /x"], b""));
    server.at("/303", |_, _| status("303 See Other", &["Location: /x"], b""));
    server.at("/x", |_, _| ok(&[], &BODY));
    well(world.expecting(&server.url("/307"), &["--data", "a=b c"]));
    well(world.expecting(&server.url("/303"), &["--data", "a=b c", "--force", "-o", "y"]));
    let sent: Vec<_> = server.seen().into_iter().map(|s| (s.method, s.body)).collect();
    let post = || ("POST".to_owned(), b"a=b+c".to_vec());
    assert_eq!(sent, [post(), post(), post(), ("GET".into(), Vec::new())]);
}

#[test]
fn existing_files_are_replaced_with_force_only() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.dir.write("x", "mine");
    world.expecting(&server.url("/x"), &[]).run().is_in(7, b"", "--force");
    assert_eq!(world.dir.read("x"), b"mine");
    assert_eq!(server.seen().len(), 0);
    well(world.expecting(&server.url("/x"), &["--force"]));
    world.is_good();
    // Devices and folders are never replaced.
    world.dir.mkdir("folder");
    world.expecting(&server.url("/x"), &["--force", "-o", "folder"]).run().is_in(
        6,
        b"",
        "not a regular file",
    );
    world.expecting(&server.url("/x"), &["--force", "-o", "/dev/null"]).run().is_in(
        6,
        b"",
        "not a regular file",
    );
}

#[test]
fn links_stay_and_their_targets_are_replaced() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    world.dir.write("real", "old");
    world.dir.link("real", "x");
    // The target of a link need not exist.
    world.dir.link("later", "y");
    well(world.expecting(&server.url("/x"), &["-o", "y"]));
    assert!(world.dir.read("later") == *BODY);
    well(world.expecting(&server.url("/x"), &["--force"]));
    assert!(world.dir.read("real") == *BODY);
    assert!(std::fs::symlink_metadata(world.dir.path("x")).unwrap().is_symlink());
    world.holds(&["later", "real", "x", "y"]);
}

#[test]
fn names_come_from_the_url_and_stay_in_the_folder() {
    let server = Server::http();
    server.at("/a%20b", |_, _| ok(&[], &BODY)).at("/named", |seen, _| {
        let name = "Content-Disposition: attachment; filename=\"c.bin\"";
        if seen.method == "HEAD" { vec![head("200 OK", &[name])] } else { ok(&[name], &BODY) }
    });
    server.at("/evil", |_, _| {
        vec![head("200 OK", &["Content-Disposition: attachment; filename=\"../../etc/x\""])]
    });
    let world = World::new();
    world.dir.mkdir("d");
    let get = |url: &str, words: &[&str]| {
        world.dir.hsum(["get", url, "-e", &DIGEST, "--retries", "0", "-O", "d"]).args(words)
    };
    well(get(&server.url("/a%20b"), &[]));
    well(get(&server.url("/named"), &["-J"]));
    get(&server.url("/evil"), &["-J"]).run().is_in(7, b"", "name");
    for url in ["/", "/..%2f..%2fx", "/a%00b", "/x/"] {
        get(&server.url(url), &[]).run().exits(2);
    }
    let mut names = std::fs::read_dir(world.dir.path("d"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect::<Vec<_>>();
    names.sort();
    assert_eq!(names, ["a b", "c.bin"]);
    world.holds(&["d"]);
}

#[test]
fn only_the_user_may_choose_hidden_names() {
    let (world, server) = (World::new(), Server::http());
    for path in ["/.bashrc", "/%2Essh", "/x.hsum-bad", "/-rf", "/nul.txt", "/a.", "/d/"] {
        server.at(path, |_, _| ok(&[], &BODY)).at("/f", redirect(path));
        let ran = world.dir.hsum(["get", &server.url("/f"), "-J", "-e", &DIGEST]).run();
        ran.is_in(7, b"", "--output FILE");
        world.holds(&[]);
    }
    server.at("/f", redirect("/g/plain")).at("/g/plain", |_, _| ok(&[], &BODY));
    well(world.dir.hsum(["get", &server.url("/f"), "-J", "-e", &DIGEST]));
    world.holds(&["plain"]);
    // Names that the user typed may be hidden.
    well(world.dir.hsum(["get", &server.url("/.bashrc"), "-J", "-e", &DIGEST]));
    well(world.dir.hsum(["get", &server.url("/.bashrc"), "-e", &DIGEST]));
    world.holds(&[".bashrc", "plain"]);
}

#[test]
fn the_url_decides_if_head_is_refused() {
    let (world, server) = (World::new(), Server::http());
    server.at("/f", |seen, _| match &*seen.method {
        "HEAD" => status("403 Forbidden", &["Content-Disposition: filename=sorry.html"], b""),
        _ => ok(&[], &BODY),
    });
    well(world.dir.hsum(["get", &server.url("/f"), "-J", "-e", &DIGEST]));
    world.holds(&["f"]);
}

#[test]
fn two_files_with_one_name_are_refused() {
    let (world, server) = (World::new(), Server::http());
    let name = "Content-Disposition: attachment; filename=\"same\"";
    for path in ["/a", "/b"] {
        server.at(path, move |seen, _| match &*seen.method {
            "HEAD" => vec![head("200 OK", &[name])],
            _ => ok(&[name], &BODY),
        });
    }
    let urls = [server.url("/a"), server.url("/b")];
    let ran = world.dir.hsum(["get", "-J", "--force", "--no-verify"]).args(&urls).run();
    ran.exits(7);
    assert!(ran.stderr.contains("another URL has the same name"), "{}", ran.stderr);
    world.holds(&["same"]);
}

#[test]
fn standard_output_gets_verified_bytes_only() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    let to_stdout = |digest: &str| {
        let temporary = world.dir.path("");
        world.dir.hsum(["get", &server.url("/x"), "-o", "-", "-e", digest]).env("TMPDIR", temporary)
    };
    to_stdout(&DIGEST).run().is(0, &BODY, "");
    to_stdout(&"0".repeat(64)).run().is_in(1, b"", "digest mismatch");
    world.holds(&[]);
}

#[test]
fn files_are_reported_in_order() {
    let (world, server) = (World::new(), Server::http());
    let name = |i: usize| format!("f{i}");
    for i in 0..6 {
        server.at(&format!("/{}", name(i)), move |_, _| {
            let mut slowly = ok(&[], format!("contents of {i}").as_bytes());
            slowly.insert(0, Do::Pause(30 - 5 * i as u64));
            slowly
        });
    }
    let sums: String = (0..6)
        .filter(|i| *i != 3)
        .map(|i| format!("{}  {}\n", crate::support::sha256(format!("contents of {i}")), name(i)))
        .collect();
    world.dir.write("SUMS", sums);
    let urls: Vec<_> = (0..6).map(|i| server.url(&format!("/f{i}"))).collect();
    let ran = world.dir.hsum(["get", "--sums", "SUMS"]).args(&urls).run();
    let printed = ran.exits(3);
    let order: Vec<_> = printed.lines().map(|line| &line[..2]).collect();
    assert_eq!(order, ["f0", "f1", "f2", "f4", "f5"]);
    assert!(ran.stderr.contains("f3"), "{}", ran.stderr);
    world.holds(&["SUMS", "f0", "f1", "f2", "f4", "f5"]);
}

#[test]
fn contradictory_arguments_are_rejected() {
    let world = World::new();
    for words in [
        &["get"][..],
        &["get", "not a url"],
        &["get", "http://localhost:1/x", "-e", "zz"],
        &["get", "http://localhost:1/x", "-e", "h1:aQUYkXzVsufM+DwF1aE+0xfcU+56JwCaLick0ClmMTw="],
        &["get", "gopher://localhost/x", "-e", "900150983cd24fb0d6963f7d28e17f72"],
        &["get", "http://localhost:1/x", "-H", "no field"],
        &["get", "http://localhost:1/x", "--no-verify", "-J", "--data", "a=b"],
        &["get", "http://localhost:1/x", "http://localhost:1/y", "-o", "z"],
        &["get", "http://localhost:1/x", "http://localhost:2/x", "--no-verify"],
        &["get", "http://localhost:1/x", "-u", "me:secret", "--password", "env:A"],
    ] {
        let ran = world.dir.hsum(words).run();
        ran.exits(2);
        assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
    }
    world.holds(&[]);
}

#[test]
fn messages_contain_no_secrets() {
    let world = World::new();
    let url = "http://me:secret1@localhost:1/x?sig=secret2&secret4#frag";
    let ran = world.expecting(url, &["-H", "X-Key: secret3", "--json"]).run();
    ran.exits(5);
    let all = String::from_utf8_lossy(&ran.stdout).into_owned() + &ran.stderr;
    for secret in ["secret1", "secret2", "secret3", "secret4", "me:"] {
        assert!(!all.contains(secret), "{all}");
    }
}
