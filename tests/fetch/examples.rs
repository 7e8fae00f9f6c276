//! Every example in the help of every verb works as printed.

use std::thread;

use crate::help_text::examples;
use crate::server::{Server, ok};
use crate::support::{Call, Dir, sha256};

const SECRET: &str = "correct horse battery staple";
/// Programs that examples use, which need not be installed: name and script.
const PROGRAMS: [(&str, &str); 3] =
    [("jq", "cat"), ("man", "cat"), ("pass", "printf '%s\\n' \"$SECRET\"")];

/// A server with the files of the examples.
fn served() -> Server {
    let server = Server::http();
    for name in ["x.iso", "debian.iso"] {
        server.at(&format!("/{name}"), move |_, _| ok(&[], name.as_bytes()));
    }
    let list = ["x.iso", "debian.iso"].map(|name| format!("{}  {name}\n", sha256(name))).concat();
    server.at("/SHA256SUMS", move |_, _| ok(&[], list.as_bytes()));
    for path in ["/hook", "/form"] {
        server.at(path, |_, _| ok(&[], b"thanks"));
    }
    server
}

/// Replaces names of servers and abbreviated digests by those of the test.
fn real(text: &str, server: &Server, mac: &str) -> String {
    let iso =
        format!("sha256:{}", sha256(if text.contains("x.iso") { "x.iso" } else { "debian.iso" }));
    let url = server.url("");
    [
        ("https://example.org", url.as_str()),
        ("https://mirror.example", &url),
        (" URL ", &format!(" {url}/x.iso ")),
        ("sha256:6c8f…", &iso),
        ("sha256:…", &iso),
        ("b613679a0814d9ec…", mac),
        (" /usr/", " ~/usr/"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Creates the files that the examples of a verb need.
fn prepare(verb: &str, server: &Server) -> Dir {
    let dir = Dir::with(&[
        "debian.iso",
        "photos/a.jpg",
        "photos/2019/party.jpg",
        "src/main.rs",
        "payload.json",
        "body",
        "file",
        "a.tar.gz",
        "release/a.tar.gz",
    ]);
    for key in ["secret.key", "seal.key", "secret", "old", "new"] {
        dir.write(key, SECRET);
        dir.chmod(key, 0o600);
    }
    dir.write("SHA256SUMS", format!("{}  debian.iso\n", sha256("debian.iso")));
    for (name, script) in PROGRAMS {
        dir.write(format!("bin/{name}"), format!("#!/bin/sh\n{script}\n"));
        dir.chmod(&format!("bin/{name}"), 0o755);
    }
    dir.link(crate::support::HSUM, "bin/hsum");
    for directory in [
        ".local/share/bash-completion/completions",
        "usr/local/share/zsh/site-functions",
        ".config/fish/completions",
    ] {
        dir.mkdir(directory);
    }
    let script = match verb {
        "" => "hsum -o photos.sha256 photos; printf x.iso > x.iso",
        "audit" | "update" => "hsum snapshot photos -o photos.hsum",
        "diff" => {
            "for record in photos-2025 photos-2026 old new; do
                hsum snapshot photos -o $record.hsum
            done"
        }
        "get" => {
            "printf '[[package]]\\nname = \"x\"\\nversion = \"1\"\\nwheels = [
                { url = \"https://example.org/x.iso\", hash = \"sha256:6c8f…\", size = 5 },\\n]\\n' > uv.lock
            mkdir wheels"
        }
        "keygen" => "rm secret",
        "merge" => {
            "hsum photos/2019 > part-1.sha256; hsum photos/a.jpg > part-2.sha256
            hsum photos > photos.sha256; hsum src | tee new.sha256 > found-later.sha256"
        }
        "verify-request" => {
            "hsum sign -s github -k env:SECRET payload.json > headers.txt
            hsum sign -s square -k env:SECRET --url https://example.org/hook body >> headers.txt
            { printf 'POST /hook HTTP/1.1\\r\\n'; hsum sign -s stripe -k file:old payload.json
              printf '\\r\\n'; cat payload.json; } > captured-request.txt"
        }
        _ => "true",
    };
    run(&dir, &real(script, server, "")).run().exits(0);
    dir
}

/// Prepares a script in which `hsum` and the programs of the examples are found.
fn run(dir: &Dir, script: &str) -> Call {
    let home = dir.path("");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", dir.path("bin").display());
    let call = dir.command("bash").args(["-ec", &format!("set -o pipefail; {script}")]);
    call.env("HOME", &home).env("PATH", path).env("SECRET", SECRET)
}

#[test]
fn the_examples_of_all_helps_work() {
    let server = served();
    let dir = Dir::new();
    let top = dir.hsum(["--help"]).run().exits(0);
    // tests/server runs the examples of the server program.
    let (before, rest) = top.split_once("\nServe:\n").expect("a group");
    let top = format!("{before}{}", rest.split_once("\n\n").expect("another group").1);
    let rows = top.lines().filter_map(|line| line.strip_prefix("  "));
    let verbs =
        rows.take_while(|row| !row.starts_with('-')).filter_map(|row| row.split(' ').next());
    let verbs: Vec<_> = verbs.filter(|verb| !verb.is_empty()).chain([""]).collect();
    assert!(verbs.len() > 20, "{verbs:?}");
    thread::scope(|scope| {
        for verb in verbs {
            let (server, dir) = (&server, &dir);
            scope.spawn(move || {
                let help = dir.words(&format!("{verb} --help")).run().exits(0);
                let examples = examples(&help);
                let count = examples.len();
                assert!(verb.is_empty() || (2..=5).contains(&count), "{verb} has {count} examples");
                let dir = prepare(verb, server);
                let mac = run(&dir, "hsum hmac -k env:SECRET payload.json").run().exits(0);
                let mac = mac.split(' ').next().expect("a MAC");
                for example in examples {
                    let ran = run(&dir, &real(&example, server, mac)).run();
                    assert!(ran.status.success(), "{example}: {}\n{}", ran.status, ran.stderr);
                }
            });
        }
    });
}
