//! Responses on a terminal.

use crate::server::{Do, Server, head, ok, status};
use crate::support::on_a_terminal;
use crate::world::{BODY, DIGEST, World};

#[test]
fn responses_are_shown_in_lines() {
    let (world, server) = (World::new(), Server::http());
    let text = "{\r\n\t\"a\": \"é\",\r\n}\n\n\u{1f600}\u{202e}\x1b[2J\x07\u{9b}\r!\n";
    let shown = "{\n\t\"a\": \"é\",\n}\n\n\u{1f600}\\u{202e}\\x1b[2J\\x07\\u{9b}\\x0d!\n";
    server.at("/text", move |_, _| ok(&["X-A: b"], text.as_bytes()));
    // A character and a CR LF, each in two pieces.
    server.at("/bytes", move |_, _| {
        let length = format!("Content-Length: {}", text.len());
        let pieces = text.bytes().flat_map(|byte| [Do::Pause(3), Do::Send(vec![byte])]);
        [head("200 OK", &[&length])].into_iter().chain(pieces).collect()
    });
    server.at("/json", |_, _| ok(&[], b"{}"));
    server.at("/bad", |_, _| status("400 Bad", &[], b"no\x1b[2J payload"));
    for (words, expected) in [
        (server.url("/text"), shown.to_owned()),
        (server.url("/bytes"), shown.to_owned()),
        // The next prompt begins a new line.
        (server.url("/json"), "{}\n".to_owned()),
        (server.url("/bad"), {
            let url = server.url("/bad");
            format!("no\\x1b[2J payload\nhsum: {url}: the server answered 400 Bad Request\n")
        }),
    ] {
        let script = format!("\"$HSUM\" send -X GET {words}");
        let Some(bytes) = on_a_terminal(&world.dir, &script) else { return };
        assert_eq!(String::from_utf8_lossy(&bytes), expected, "{words}");
    }
    let script = format!("\"$HSUM\" send -i -X GET {}", server.url("/text"));
    let Some(bytes) = on_a_terminal(&world.dir, &script) else { return };
    let all = String::from_utf8_lossy(&bytes).into_owned();
    assert!(all.starts_with("HTTP 200\n") && all.contains("\nx-a: b\n"), "{all}");
    assert!(all.ends_with(&format!("\n\n{shown}")) && !all.contains("\\x0a"), "{all}");
    // A pipe gets the bytes unchanged.
    let piped = world.dir.hsum(["send", "-X", "GET", &server.url("/text")]).run();
    assert_eq!(piped.stdout, text.as_bytes());
}

#[test]
fn get_and_head_print_lines() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&["ETag: \"\x1b[2J\""], b"x"));
    let url = server.url("/x");
    for words in ["head", "get --progress never --no-verify", "get --progress never -o y"] {
        let script = format!("\"$HSUM\" {words} --retries 0 {url}");
        let Some(bytes) = on_a_terminal(&world.dir, &script) else { return };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.ends_with('\n') && !text.contains("\\x0a"), "{words}: {text}");
        assert!(!text.contains('\x1b'), "{words}: {text:?}");
    }
}

#[test]
fn results_have_the_status_first() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY)).at("/y", |_, _| ok(&[], &BODY));
    server.at("/gone", |_, _| status("404 Gone", &[], b""));
    let (x, y) = (server.url("/x"), server.url("/y"));
    let digest = format!("sha256:{}", *DIGEST);
    for (words, expected) in [
        (format!("{x} -e {digest}"), format!("OK         x  {digest} (--expect)\n")),
        (
            format!("{x} -e {digest}"),
            format!("OK         x  already there, verified: {digest} (--expect)\n"),
        ),
        (
            format!("{} -o z --mirror {y} -e {digest}", server.url("/gone")),
            format!("OK         z  {digest} (--expect), from localhost\n"),
        ),
        (format!("{y} --no-verify"), format!("UNVERIFIED y  {digest}\n")),
        (format!("{y} -o w --no-verify -q"), String::new()),
    ] {
        let script = format!("NO_COLOR=1 \"$HSUM\" get --retries 0 {words}");
        let Some(bytes) = on_a_terminal(&world.dir, &script) else { return };
        assert_eq!(String::from_utf8_lossy(&bytes), expected, "{words}");
    }
}

/// In a pipe, too, only the words of the status are coloured.
#[test]
fn a_coloured_result_in_a_pipe_has_one_coloured_part() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY));
    let url = server.url("/x");
    let digest = format!("sha256:{}", *DIGEST);
    for (words, expected) in [
        (format!("-e {digest}"), format!("x: \x1b[2mOK\x1b[0m, {digest} (--expect)")),
        (
            format!("-e {digest}"),
            format!("x: already there, \x1b[2mOK\x1b[0m, {digest} (--expect)"),
        ),
        ("-o y --no-verify".into(), format!("y: \x1b[33mNOT VERIFIED\x1b[0m, {digest}")),
    ] {
        let script = format!("\"$HSUM\" get --retries 0 --color always {url} {words} | cat");
        let Some(bytes) = on_a_terminal(&world.dir, &script) else { return };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.starts_with(&expected), "{words}: {text:?}");
    }
}

#[test]
fn several_downloads_end_with_a_summary() {
    let (world, server) = (World::new(), Server::http());
    server.at("/x", |_, _| ok(&[], &BODY)).at("/y", |_, _| ok(&[], &BODY));
    let (x, y, gone) = (server.url("/x"), server.url("/y"), server.url("/gone"));
    let summary = |words: &str| {
        let script = format!("NO_COLOR=1 \"$HSUM\" get --retries 0 --no-verify {words}");
        let bytes = on_a_terminal(&world.dir, &script)?;
        let last = String::from_utf8_lossy(&bytes).lines().last()?.to_owned();
        std::fs::remove_file(world.dir.path("x")).expect("a file");
        let _ = std::fs::remove_file(world.dir.path("y"));
        Some(last)
    };
    let Some(several) = summary(&format!("{x} {y} {gone}")) else { return };
    assert!(several.starts_with("downloaded 2 files, 586 KiB in "), "{several}");
    assert!(several.ends_with(" s: 2 UNVERIFIED, 1 FAILED"), "{several}");
    let one = summary(&format!("{x} -v")).unwrap();
    assert!(one.starts_with("downloaded 1 file, 293 KiB in "), "{one}");
    for words in [x.clone(), format!("{x} {y} -q"), format!("{x} {y} --json")] {
        let last = summary(&words).unwrap_or_default();
        assert!(!last.starts_with("downloaded"), "{words}: {last}");
    }
}
