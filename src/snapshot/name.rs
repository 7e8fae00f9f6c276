//! Names: their bytes as text in a record and back, and the order that a walk gives them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

/// Compares names below one directory as a walk meets them: by the bytes of their components, and
/// what lies in a directory right after the directory itself.
pub fn walk_order(a: &[u8], b: &[u8]) -> Ordering {
    // A slash before every other byte: so `a/x` stands before `a.txt`.
    let rank = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    match a.iter().zip(b).position(|(a, b)| a != b) {
        Some(at) => rank(&a[at]).cmp(&rank(&b[at])),
        None => a.len().cmp(&b.len()),
    }
}

/// Appends a name as it stands in a record: what is no UTF-8, does not print or would turn the
/// direction of text is escaped, byte by byte. Each name has one text and each text one name.
pub(super) fn escape(text: &mut String, name: &[u8]) {
    if let Some(plain) = plain(name) {
        return text.push_str(plain);
    }
    let escape_bytes = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            write!(text, "\\x{byte:02x}").expect("a String takes everything");
        }
    };
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                _ if is_hostile(c) => {
                    escape_bytes(text, c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => text.push(c),
            }
        }
        escape_bytes(text, chunk.invalid());
    }
}

/// The name that a text stands for; `None` where [`escape`] would not have written it so.
pub(super) fn unescape(text: &str) -> Option<Cow<'_, [u8]>> {
    if plain(text.as_bytes()).is_some() {
        return Some(text.as_bytes().into());
    }
    let name = unescape_known(text);
    let mut again = String::with_capacity(text.len());
    escape(&mut again, &name);
    (again == text).then_some(name)
}

/// [`unescape`], of a text that was found good before.
pub(super) fn unescape_known(text: &str) -> Cow<'_, [u8]> {
    let Some(first) = text.find('\\') else { return text.as_bytes().into() };
    let mut name = text.as_bytes()[..first].to_vec();
    let mut rest = &text.as_bytes()[first..];
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = match (byte, after) {
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'x', high, low, ..]) => (digit(*high) << 4 | digit(*low), 4),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            _ => (byte, 1),
        };
        name.push(byte);
        rest = &rest[length..];
    }
    name.into()
}

/// A hex digit's value; of what is none, one that does not escape to the same text again.
fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).map_or(0, |value| value as u8)
}

/// The name, where it stands for itself.
fn plain(name: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if name.iter().all(is_plain) { std::str::from_utf8(name).ok() } else { None }
}

/// Controls, and what makes a terminal show text in another order than it has.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a name leads to something below the tree's root, and by one way only.
pub(super) fn is_below(name: &[u8]) -> bool {
    !name.contains(&0)
        && name.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}

/// What follows the last slash.
pub(super) fn base(name: &[u8]) -> &[u8] {
    name.rsplit(|byte| *byte == b'/').next().unwrap_or(name)
}
