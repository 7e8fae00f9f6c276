//! The first bytes of a list that is no list of lines, or not yet.

use super::BadLine;

/// What the first bytes say of a list that has no lines.
pub(super) enum Begins {
    Utf16,
    Html,
    #[cfg_attr(not(feature = "fs"), allow(dead_code))]
    Xml,
    #[cfg_attr(not(feature = "fs"), allow(dead_code))]
    Json,
}

/// What the first bytes say; `None` of lines.
pub(super) fn begins(bytes: &[u8]) -> Option<Begins> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some(Begins::Utf16);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let starts = |prefix: &[u8]| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match text {
        [b'<', ..] if starts(b"<!doctype html") || starts(b"<html") => Some(Begins::Html),
        [b'<', next, ..] if matches!(next, b'?' | b'!') || next.is_ascii_alphabetic() => {
            Some(Begins::Xml)
        }
        [b'{', ..] => Some(Begins::Json),
        // `[package]` and `[[package]]` are TOML.
        [b'[', rest @ ..] => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'"' | b']'))
            .then_some(Begins::Json),
        _ => None,
    }
}

/// UTF-16 with a byte order mark → UTF-8.
pub(super) fn utf16(bytes: &[u8]) -> Result<Vec<u8>, BadLine> {
    let unit = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        _ => u16::from_be_bytes,
    };
    let (pairs, []) = bytes[2..].as_chunks() else { return Err(BadLine::Syntax) };
    let decoded: Result<String, _> =
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    // A second mark would begin it anew, for ever.
    let text = decoded.map_err(|_| BadLine::Syntax)?;
    Ok(text.trim_start_matches('\u{feff}').as_bytes().to_vec())
}
