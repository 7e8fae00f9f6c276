//! Variants of a body: the changes that programs make to bodies in transit.

use std::io;

use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// Returns the body as received, without a description, and the bodies that may have been signed.
pub(super) fn bodies(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut bodies: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |change: &str, body: Vec<u8>| bodies.push((change.to_owned(), body));
    add("", body.to_vec());
    add("a line end (LF) added to the body", [body, b"\n"].concat());
    add("a line end (CRLF) added to the body", [body, b"\r\n"].concat());
    if let Some(rest) = body.strip_suffix(b"\n") {
        let rest = rest.strip_suffix(b"\r").unwrap_or(rest);
        add("the final line end of the body removed", rest.to_vec());
    }
    let with_lf = crlf_to_lf(body);
    add("CRLF in the body replaced by LF", with_lf.clone());
    add("LF in the body replaced by CRLF", lf_to_crlf(&with_lf));
    let flat = body.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    add("all line ends of the body removed, as 'curl -d @FILE' does", flat);
    if let Some(rest) = body.strip_prefix(b"\xef\xbb\xbf") {
        add("the byte order mark of the body removed", rest.to_vec());
    }
    add("an empty body", Vec::new());
    match std::str::from_utf8(body) {
        Ok(text) if !text.is_ascii() => {
            let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            if let Some(latin) = latin {
                add("the body in Latin-1 instead of UTF-8", latin);
            }
            let marks = text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect();
            add("the non-ASCII characters of the body replaced by '?'", marks);
        }
        Ok(_) => {}
        Err(_) => {
            let utf8: String = body.iter().map(|&byte| char::from(byte)).collect();
            add("the body in UTF-8 instead of Latin-1", utf8.into_bytes());
        }
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        const ASCII: &str = "the body rewritten as ASCII JSON (\\u escapes)";
        let compact = value.to_string();
        let python = serialized(&value, Python);
        add("the body rewritten as compact JSON", compact.clone().into_bytes());
        for (change, indent) in [
            ("the body rewritten as JSON indented by 2", "  "),
            ("the body rewritten as JSON indented by 4", "    "),
        ] {
            add(change, serialized(&value, PrettyFormatter::with_indent(indent.as_bytes())));
        }
        add("the body rewritten as Python's JSON (', ' and ': ')", python.clone());
        add(ASCII, to_ascii(&compact));
        add(ASCII, to_ascii(&String::from_utf8_lossy(&python)));
    }
    bodies
}

fn crlf_to_lf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for (at, &byte) in body.iter().enumerate() {
        if byte != b'\r' || body.get(at + 1) != Some(&b'\n') {
            out.push(byte);
        }
    }
    out
}

fn lf_to_crlf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for &byte in body {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}

fn serialized(value: &Value, formatter: impl Formatter) -> Vec<u8> {
    let mut out = Vec::new();
    let _ = value.serialize(&mut Serializer::with_formatter(&mut out, formatter));
    out
}

/// The format of Python's `json.dumps`.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.begin_array_value(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn to_ascii(json: &str) -> Vec<u8> {
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
