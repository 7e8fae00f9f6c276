//! The help of each verb is complete, fits on a terminal, and its examples work as printed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::help_text::{examples, unwrapped, without_colours};
use crate::running::Running;
use crate::support::*;

const VERBS: [&str; 4] = ["serve", "listen", "rpc", "cert"];

/// Returns the verbs and, for verbs with actions, those instead: `serve`, `cert ca`.
fn commands(dir: &Dir) -> Vec<String> {
    let actions = |verb: &str| {
        let help = dir.words(&format!("{verb} --help")).run().exits(0);
        let list = help.split_once("\nCommands:\n").map(|(_, rest)| rest.to_owned());
        let rows = list.unwrap_or_default();
        let rows = rows.lines().take_while(|row| row.starts_with("  "));
        rows.filter_map(|row| row.split_whitespace().next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let of_verb = |verb: &str| match actions(verb) {
        actions if actions.is_empty() => vec![verb.to_owned()],
        actions => actions.iter().map(|action| format!("{verb} {action}")).collect(),
    };
    VERBS.iter().flat_map(|verb| of_verb(verb)).collect()
}

#[test]
fn each_help_is_complete() {
    let dir = Dir::new();
    let top = dir.words("--help").run().exits(0);
    for verb in VERBS {
        let help = dir.words(&format!("{verb} --help")).run().exits(0);
        let title = help.lines().next().expect("a title");
        assert!(unwrapped(&top).contains(&format!("{verb} {title}")), "{verb}: {title}");
        assert_eq!(dir.words(&format!("help {verb}")).run().exits(0), help);
    }
    let commands = commands(&dir);
    assert!(commands.len() > 10, "{commands:?}");
    for command in &commands {
        let long = dir.words(&format!("{command} --help")).run().exits(0);
        for heading in ["Examples: ", "Exit status: 0 "] {
            assert!(unwrapped(&long).contains(heading), "{command} --help: no {heading}\n{long}");
        }
        let count = examples(&long).len();
        assert!((2..=5).contains(&count), "{command} has {count} examples");
        let short = dir.words(&format!("{command} -h")).run().exits(0);
        assert!(short.lines().count() < long.lines().count(), "{command}: -h is not shorter");
    }
    for command in VERBS.iter().map(|verb| (*verb).to_owned()).chain(commands) {
        for option in ["-h", "--help"] {
            let text = dir.words(&format!("{command} {option}")).run().exits(0);
            let wide = text.lines().map(without_colours).find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "hsum {command} {option}");
        }
    }
}

/// A wrong command line names the help of the command.
#[test]
fn messages_name_the_help() {
    let dir = Dir::new();
    for (words, command) in [
        ("serve", "serve"),
        ("serve --nope", "serve"),
        ("serve --bind x .", "serve"),
        ("listen --nope", "listen"),
        ("rpc", "rpc"),
        ("cert", "cert"),
        ("cert nope", "cert"),
        ("cert ca --nope", "cert ca"),
        ("cert issue a --days x", "cert issue"),
    ] {
        let ran = dir.words(words).run();
        ran.is_in(2, b"", "hsum: ");
        let help = format!("hsum: Try 'hsum {command} --help' for more information.\n");
        assert!(ran.stderr.ends_with(&help), "{words}: {}", ran.stderr);
    }
}

/// Makes the files that the examples of all commands need.
const PREPARE: &str = "
    mkdir release
    echo release > release/x.iso
    (umask 077; echo 'an old key, soon replaced' > old; echo 'a new key, used from now on' > new)
    hsum cert ca 'Example CA' -o made
    hsum cert issue localhost --ca made -o made
    cp made/localhost.crt server.crt
    cp made/localhost.key server.key
    cp made/ca.crt ca.crt
";

/// Runs an example in `dir`; servers are stopped once they listen.
fn run(dir: &Dir, example: &str) {
    let path = format!("{}:{}", dir.path("bin").display(), std::env::var("PATH").expect("a path"));
    let mut command = Command::new("bash");
    command.args(["-c", &format!("exec {example}")]).current_dir(dir.path("")).env("PATH", path);
    command.env("SECRET", "correct horse battery staple").env("HOME", dir.path(""));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("bash starts");
    let mut messages = Vec::new();
    for line in BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok) {
        if line.contains("listening on") {
            let pid = child.id().to_string();
            assert!(
                Command::new("kill").args(["-s", "TERM", &pid]).status().expect("kill").success()
            );
        }
        messages.push(line);
    }
    let status = child.wait().expect("an end");
    assert!(status.success(), "{example}: {status}\n{}", messages.join("\n"));
}

#[test]
fn the_examples_of_all_helps_work() {
    let dir = Dir::new();
    dir.mkdir("bin");
    dir.link(HSUM, "bin/hsum");
    dir.shell(&format!("set -e; PATH=$PWD/bin:$PATH; {PREPARE}")).run().exits(0);
    // Clients call this server instead of the one that they name.
    let server = Running::start(&dir, "serve release --rpc --http --bind 127.0.0.1:0");
    for command in commands(&dir) {
        let help = dir.words(&format!("{command} --help")).run().exits(0);
        for example in examples(&help) {
            let example = example.replace("https://localhost:8443/", &server.url);
            if !example.contains("https://localhost:8443") {
                run(&dir, &example);
                continue;
            }
            // The certificate of an earlier example.
            let words =
                "serve release --bind 127.0.0.1:0 --tls-cert localhost.crt --tls-key localhost.key";
            let server = Running::start(&dir, words);
            let url = server.url.trim_end_matches('/');
            run(&dir, &example.replace("https://localhost:8443", url));
        }
    }
}
