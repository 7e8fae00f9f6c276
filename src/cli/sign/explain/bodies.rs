//! What happens to bodies on the way.

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The body, and what it may have been before somebody touched it; the one as received comes
/// first, without a name.
pub(super) fn bodies(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut bodies: Vec<(&str, Vec<u8>)> = vec![("", body.to_vec())];
    let mut add = |what, body: Vec<u8>| bodies.push((what, body));
    add("a line end (LF) more at the end of the body", [body, b"\n"].concat());
    add("a line end (CRLF) more at the end of the body", [body, b"\r\n"].concat());
    if let Some(rest) = body.strip_suffix(b"\n") {
        let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        add("the line end at the end of the body dropped", rest.to_vec());
    }
    let unix: Vec<u8> = unix(body);
    add("the body's CRLF made LF", unix.clone());
    add("the body's LF made CRLF", dos(&unix));
    let flat = body.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    add("all line ends of the body dropped, as 'curl -d @FILE' does", flat);
    if let Some(rest) = body.strip_prefix(b"\xef\xbb\xbf") {
        add("the byte order mark before the body dropped", rest.to_vec());
    }
    add("a body that is empty", Vec::new());
    if let Ok(text) = std::str::from_utf8(body) {
        if !text.is_ascii() {
            let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            bodies.extend(latin.map(|latin| ("the body in Latin-1 instead of UTF-8", latin)));
            let marks = text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect();
            bodies.push(("the body's non-ASCII characters made '?'", marks));
        }
    } else {
        let utf8: String = body.iter().map(|&byte| char::from(byte)).collect();
        bodies.push(("the body in UTF-8 instead of Latin-1", utf8.into_bytes()));
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        const RE: [&str; 5] = [
            "the body as compact JSON: it was parsed and written again",
            "the body as JSON indented by 2: it was parsed and written again",
            "the body as JSON indented by 4: it was parsed and written again",
            "the body as Python's JSON (', ' and ': '): it was parsed and written again",
            "the body as ASCII JSON (\\u escapes): it was parsed and written again",
        ];
        let compact = value.to_string();
        bodies.push((RE[0], compact.clone().into_bytes()));
        bodies.push((RE[1], written(&value, PrettyFormatter::with_indent(b"  "))));
        bodies.push((RE[2], written(&value, PrettyFormatter::with_indent(b"    "))));
        bodies.push((RE[3], written(&value, Python)));
        bodies.push((RE[4], ascii(&compact)));
        bodies.push((RE[4], ascii(&String::from_utf8_lossy(&written(&value, Python)))));
    }
    let mut unique: Vec<(String, Vec<u8>)> = Vec::new();
    for (what, body) in bodies {
        if !unique.iter().any(|(_, other)| *other == body) {
            unique.push((what.to_owned(), body));
        }
    }
    unique
}

fn unix(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for (at, &byte) in body.iter().enumerate() {
        if byte != b'\r' || body.get(at + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

fn dos(unix: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(unix.len());
    for &byte in unix {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

fn written(value: &Value, formatter: impl Formatter) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, formatter));
    out
}

/// As Python's `json.dumps` has it.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn begin_object_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
    ) -> std::io::Result<()> {
        writer.write_all(b": ")
    }
}

fn ascii(json: &str) -> Vec<u8> {
    let mut out = String::new();
    for c in json.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => c.encode_utf16(&mut [0; 2]).iter().for_each(|u| {
                out.push_str(&format!("\\u{u:04x}"));
            }),
        }
    }
    out.into_bytes()
}
