//! Untrusted text: escaping for terminals, base names and the recognition of HTML.

pub(crate) mod hex;
pub(crate) mod serde;
pub(crate) mod size;

use std::borrow::Cow;
use std::fmt::Write;
use std::str;

/// Returns `true` if `c` is a control character, a line separator or a bidirectional mark.
///
/// Snapshot records escape the same set, so changing it changes their format.
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Lower-cases the name of an algorithm and removes `-`, `_` and `/`.
pub(crate) fn normalize(name: &str) -> String {
    let mut name = name.to_ascii_lowercase();
    name.retain(|c| !matches!(c, '-' | '_' | '/'));
    name
}

/// Escapes hostile characters and bytes that are not UTF-8, except the characters in `keep`.
pub fn escape<'a>(text: &'a [u8], keep: &[char]) -> Cow<'a, str> {
    let escaped = |c: char| is_hostile(c) && !keep.contains(&c);
    match str::from_utf8(text) {
        Ok(text) if !text.chars().any(escaped) => return text.into(),
        _ => {}
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let stray = |shown: &mut String, byte: u8| {
        let _ = write!(shown, "\\x{byte:02x}");
    };
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match escaped(c) {
                true if c.is_ascii() => stray(&mut shown, c as u8),
                true => shown.extend(c.escape_unicode()),
                false => shown.push(c),
            }
        }
        chunk.invalid().iter().for_each(|&byte| stray(&mut shown, byte));
    }
    shown.into()
}

/// Returns the last component of a path, after either kind of slash.
pub fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(path)
}

/// Returns `true` if a text starts like a web page, possibly after comments.
pub fn looks_like_html(text: &[u8]) -> bool {
    const TAGS: [&[u8]; 8] =
        [b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<script", b"<meta", b"<h1"];
    let mut text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii_start();
    while let Some(comment) = text.strip_prefix(b"<!--") {
        let Some(end) = comment.windows(3).position(|end| end == b"-->") else { return true };
        text = comment[end + 3..].trim_ascii_start();
        if text.is_empty() {
            return true;
        }
    }
    TAGS.iter().any(|tag| {
        let (start, rest) = text.split_at_checked(tag.len()).unwrap_or_default();
        // `<metalink` is not `<meta`.
        start.eq_ignore_ascii_case(tag)
            && rest.first().is_none_or(|next| !next.is_ascii_alphanumeric())
    })
}

/// Returns the Levenshtein distance, computed row by row.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_characters_are_escaped() {
        for (text, shown) in [
            (&b"plain"[..], "plain"),
            ("é ‘a’ \u{1f600} \\n".as_bytes(), "é ‘a’ \u{1f600} \\n"),
            (b"\x1b[2J\x07\x7f\xff", "\\x1b[2J\\x07\\x7f\\xff"),
            (b"a\r\n\tb", "a\\x0d\\x0a\\x09b"),
            ("\u{85}\u{9b}2J".as_bytes(), "\\u{85}\\u{9b}2J"),
            ("\u{202e}\u{2066}\u{2028}\u{200f}".as_bytes(), "\\u{202e}\\u{2066}\\u{2028}\\u{200f}"),
        ] {
            assert_eq!(escape(text, &[]), shown);
            assert_eq!(escape(shown.as_bytes(), &[]), shown, "escaping twice changes nothing");
        }
        assert_eq!(escape(b"a\r\n\tb\x1b", &['\n', '\t']), "a\\x0d\n\tb\\x1b");
    }
}
