//! Responses on a terminal.

use crate::server::{Do, Server, head, ok, status};
use crate::support::on_a_terminal;
use crate::world::World;

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
