//! Quoting of names in messages, as in GNU: shells can read them, and terminals print them as text.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::str;
use std::sync::LazyLock;

use hsum::internals::{escape, is_hostile};

/// The printable characters: those of UTF-8 if the locale uses it, otherwise ASCII.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Charset {
    Ascii,
    Utf8,
}

static CHARSET: LazyLock<Charset> = LazyLock::new(|| {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let locale = locale.unwrap_or_default().to_ascii_lowercase();
    match locale.contains("utf-8") || locale.contains("utf8") {
        true => Charset::Utf8,
        false => Charset::Ascii,
    }
});

impl Charset {
    fn prints(self, c: char) -> bool {
        match self {
            Self::Ascii => c == ' ' || c.is_ascii_graphic(),
            Self::Utf8 => !is_hostile(c),
        }
    }
}

/// Returns `true` if the locale uses UTF-8.
pub(crate) fn is_unicode() -> bool {
    *CHARSET == Charset::Utf8
}

/// Quotes an argument for a message, with C escapes for unprintable characters.
pub(crate) fn quote_text(text: &[u8]) -> String {
    quote_text_in(*CHARSET, text)
}

fn quote_text_in(charset: Charset, text: &[u8]) -> String {
    let (open, close) = match charset {
        Charset::Ascii => ('\'', '\''),
        Charset::Utf8 => ('‘', '’'),
    };
    let mut quoted = String::from(open);
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => quoted.push_str("\\\\"),
                _ if c == close => quoted.extend(['\\', c]),
                _ if charset.prints(c) => quoted.push(c),
                _ => escape_bytes(&mut quoted, c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        escape_bytes(&mut quoted, chunk.invalid());
    }
    quoted.push(close);
    quoted
}

/// Appends bytes with the escapes of a C string.
fn escape_bytes(text: &mut String, bytes: &[u8]) {
    for &byte in bytes {
        match byte {
            0x07 => text.push_str("\\a"),
            0x08 => text.push_str("\\b"),
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            0x0b => text.push_str("\\v"),
            0x0c => text.push_str("\\f"),
            b'\r' => text.push_str("\\r"),
            _ => write!(text, "\\{byte:03o}").expect("writing to a String cannot fail"),
        }
    }
}

/// Quotes a name for a shell if necessary: as `'…'`, `"…"` or with `$'…'` parts.
pub(crate) fn quote(path: &Path) -> String {
    quote_in(*CHARSET, path.as_os_str().as_bytes())
}

fn quote_in(charset: Charset, name: &[u8]) -> String {
    let printing = str::from_utf8(name).ok().filter(|n| n.chars().all(|c| charset.prints(c)));
    match printing {
        Some(name) if is_bare(name) => return name.to_owned(),
        Some(name) if name.contains('\'') && fits_double_quotes(name) => {
            return format!("\"{name}\"");
        }
        _ => {}
    }
    let mut quoted = Quoted { text: String::from("'"), escaping: false };
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match charset.prints(c) {
                true => quoted.push(c),
                false => quoted.escape(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        quoted.escape(chunk.invalid());
    }
    quoted.text.push('\'');
    quoted.text
}

/// A shell word under construction, within `'…` or `$'…`.
struct Quoted {
    text: String,
    escaping: bool,
}

impl Quoted {
    fn push(&mut self, c: char) {
        match c {
            '\'' => self.text.push_str("'\\''"),
            _ if self.escaping => self.text.extend(["''", c.encode_utf8(&mut [0; 4])]),
            _ => self.text.push(c),
        }
        self.escaping = false;
    }

    fn escape(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if !std::mem::replace(&mut self.escaping, true) {
                self.text.push_str("'$'");
            }
            escape_bytes(&mut self.text, &[byte]);
        }
    }
}

/// Returns `true` if a name contains no character special to shells, and no colon.
fn is_bare(name: &str) -> bool {
    !matches!(name, "" | "{" | "}")
        && !name.starts_with(['#', '~'])
        && !name.contains([
            ' ', '!', '"', '$', '&', '\'', '(', ')', '*', ':', ';', '<', '=', '>', '?', '[', '\\',
            '^', '`', '|',
        ])
}

/// Returns `true` if every character is literal within `"…"`.
fn fits_double_quotes(name: &str) -> bool {
    let plain = |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || " %'+,-./:@]_".contains(c);
    let rest = name.strip_prefix(['#', '~']).unwrap_or(name);
    rest.chars().all(plain)
}

/// Escapes control and other hostile characters, except line breaks and tabs; CR LF becomes LF. In
/// a text that ends in NUL, line breaks are part of names, and are escaped too.
pub(crate) fn for_terminal(text: &[u8]) -> String {
    if text.ends_with(b"\0") {
        return escape(text, &[]).into_owned();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let (line, end) = match line.strip_suffix(b"\n") {
            Some(line) => (line.strip_suffix(b"\r").unwrap_or(line), "\n"),
            None => (line, ""),
        };
        shown.push_str(&escape(line, &['\t']));
        shown.push_str(end);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_as_gnu_does() {
        for (name, quoted) in [
            (&b"plain-name_1.txt"[..], "plain-name_1.txt"),
            (b"", "''"),
            (b"{", "'{'"),
            (b"{}", "{}"),
            (b"#a", "'#a'"),
            (b"a#", "a#"),
            (b"~", "'~'"),
            (b"a b", "'a b'"),
            (b"a:b", "'a:b'"),
            (b"a\nb", "'a'$'\\n''b'"),
            (b"\na", "''$'\\n''a'"),
            (b"a\xff", "'a'$'\\377'"),
            (b"a\\b", "'a\\b'"),
            (b"it's $x", "'it'\\''s $x'"),
            (b"a'\n'b", "'a'\\'''$'\\n'\\''b'"),
            (b"it's", "\"it's\""),
            (b"\x1b[31m", "''$'\\033''[31m'"),
        ] {
            assert_eq!(quote_in(Charset::Ascii, name), quoted);
            assert_eq!(quote_in(Charset::Utf8, name), quoted);
        }
        assert_eq!(quote_in(Charset::Ascii, "é".as_bytes()), "''$'\\303\\251'");
        assert_eq!(quote_in(Charset::Utf8, "é".as_bytes()), "é");
        assert_eq!(quote_in(Charset::Utf8, "\u{202e}".as_bytes()), "''$'\\342\\200\\256'");
    }

    #[test]
    fn control_characters_are_escaped_for_terminals() {
        for (text, shown) in [
            ("é a\\n".as_bytes(), "é a\\n"),
            (b"\x1b[2J\xff", "\\x1b[2J\\xff"),
            (b"a\n\n\tb\xff\n", "a\n\n\tb\\xff\n"),
            (b"a\r\nb\rc\r\n", "a\nb\\x0dc\n"),
            (b"\x9b2J\n", "\\x9b2J\n"),
            (b"a\nb\0", "a\\x0ab\\x00"),
            ("\u{202e}".as_bytes(), "\\u{202e}"),
        ] {
            assert_eq!(for_terminal(text), shown);
        }
    }
}
