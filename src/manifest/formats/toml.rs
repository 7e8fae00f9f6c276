//! TOML: lock files (Cargo, uv, Poetry, PDM, mise), Rust's channels, and any document whose tables
//! have a file's name beside its digests.

use crate::manifest::error::BadLine;
use crate::manifest::objects::document::Document;
use crate::manifest::objects::keys::is_unrelated;
use crate::manifest::objects::object::{Fallback, Object, Value};
use crate::manifest::reader::{Reader, Sink};

/// The maximum size in bytes of a value over several lines.
const MAX_VALUE: usize = 1024 * 1024;
/// The maximum depth of arrays and inline tables.
const MAX_DEPTH: usize = 64;

#[derive(Default)]
pub(super) struct Toml {
    document: Document,
    /// The table that the last lines describe, and the keys of its heading.
    object: Object,
    path: Vec<String>,
    first_line: u64,
    /// The lines of a pair whose value has not ended, and the number of the first.
    pending: String,
    pending_from: u64,
    scan: Scan,
}

/// Returns `true` if a line is the heading of a table.
pub(super) fn is_mark(line: &[u8]) -> bool {
    let inner = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]"));
    let inner = inner.map(|inner| {
        inner.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(inner)
    });
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.\"@/:".contains(byte);
    inner.is_some_and(|inner| {
        inner.first().is_some_and(u8::is_ascii_alphabetic) && inner.iter().all(word)
    })
}

impl Reader for Toml {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let Ok(text) = str::from_utf8(line) else {
            sink.push(number, Err(BadLine::Syntax));
            return;
        };
        if self.pending.is_empty() {
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                return;
            }
            if let Some(path) = heading(trimmed) {
                self.end_table(sink);
                (self.path, self.first_line) = (path, number);
                return;
            }
            self.pending_from = number;
        } else if self.pending.len() + text.len() > MAX_VALUE {
            sink.push(self.pending_from, Err(BadLine::TooLarge { limit: MAX_VALUE as u64 }));
            self.pending.clear();
            self.scan = Scan::default();
            return;
        }
        self.pending += text;
        self.pending.push('\n');
        self.scan.feed(text);
        if !self.scan.is_open() {
            let pair = std::mem::take(&mut self.pending);
            self.scan = Scan::default();
            self.pair(&pair, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        if !self.pending.is_empty() {
            sink.push(self.pending_from, Err(BadLine::Syntax));
        }
        self.end_table(sink);
    }
}

impl Toml {
    fn pair(&mut self, text: &str, sink: &mut Sink) {
        let mut parser = TomlParser { rest: text, document: &mut self.document };
        let read = parser.pair(&mut self.object, 0);
        // An inline table or an array holds entries of its own.
        self.document.flush(self.pending_from, sink);
        if read.is_none() {
            sink.push(self.pending_from, Err(BadLine::Syntax));
        }
    }

    fn end_table(&mut self, sink: &mut Sink) {
        let object = std::mem::take(&mut self.object);
        let path = std::mem::take(&mut self.path);
        let (last, before) = match &path[..] {
            [] => ("", ""),
            [last] => (&**last, ""),
            [.., before, last] => (&**last, &**before),
        };
        if let Value::Object(object) = self.document.end_table(object, last) {
            // `[files."a.txt".hashes]`
            let key = if self.document.is_digest_like(last) { before } else { last };
            if key.is_empty() && !object.is_named() {
                sink.push(self.first_line, Err(BadLine::NoName));
            }
            if !path.iter().any(|key| is_unrelated(key)) {
                self.document.finish(*object, Fallback::Crate(key));
            }
        }
        self.document.flush(self.first_line, sink);
    }
}

/// Returns the keys of `[a.b]` and `[[a."b c"]]`.
fn heading(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let (path, rest) = dotted(inner)?;
    rest.starts_with(']').then_some(path)
}

/// Returns the keys before `=` or `]`, and the rest.
fn dotted(text: &str) -> Option<(Vec<String>, &str)> {
    let (mut path, mut rest) = (Vec::new(), text.trim_start());
    loop {
        let (key, after) = match rest.chars().next()? {
            '"' | '\'' => string(rest)?,
            _ => {
                let end = rest.find(|c: char| c.is_whitespace() || ".=]".contains(c))?;
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if path.len() == MAX_DEPTH {
            return None;
        }
        path.push(key);
        rest = after.trim_start();
        match rest.strip_prefix('.') {
            Some(after) => rest = after.trim_start(),
            None => return Some((path, rest)),
        }
    }
}

/// Parses a string of any of the four kinds, and returns the rest.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = &text[..1];
    let triple = [quote, quote, quote].concat();
    let (close, inner) = match text.strip_prefix(&*triple) {
        Some(inner) => (&*triple, inner.strip_prefix('\n').unwrap_or(inner)),
        None => (quote, &text[1..]),
    };
    let (mut plain, mut rest) = (String::new(), inner);
    loop {
        if let Some(after) = rest.strip_prefix(close) {
            return Some((plain, after));
        }
        let mut characters = rest.chars();
        let c = characters.next()?;
        rest = characters.as_str();
        if c != '\\' || quote == "'" {
            plain.push(c);
            continue;
        }
        let escaped = characters.next()?;
        rest = characters.as_str();
        let digits = match escaped {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        match escaped {
            'x' | 'u' | 'U' => {
                let (hex, after) = rest.split_at_checked(digits)?;
                plain.push(char::from_u32(u32::from_str_radix(hex, 16).ok()?)?);
                rest = after;
            }
            'n' => plain.push('\n'),
            'r' => plain.push('\r'),
            't' => plain.push('\t'),
            'b' => plain.push('\u{8}'),
            'f' => plain.push('\u{c}'),
            'e' => plain.push('\u{1b}'),
            '"' | '\\' => plain.push(escaped),
            // An escaped line end is dropped with the blanks after it.
            c if c.is_whitespace() => rest = rest.trim_start(),
            _ => return None,
        }
    }
}

/// A parser of pairs and values.
struct TomlParser<'t, 'r> {
    rest: &'t str,
    document: &'r mut Document,
}

impl TomlParser<'_, '_> {
    /// Parses `a.b = VALUE`; `None` if it is malformed.
    fn pair(&mut self, object: &mut Object, depth: usize) -> Option<()> {
        let (mut path, rest) = dotted(self.rest)?;
        self.rest = rest.strip_prefix('=')?.trim_start_matches([' ', '\t']);
        let key = path.pop()?;
        let mut inner = Object::default();
        let target = if path.is_empty() { &mut *object } else { &mut inner };
        let value = self.value(&key, depth)?;
        self.document.add(target, &key, value);
        if let Some(last) = path.last() {
            let value = self.document.end(inner, last);
            self.document.add(object, last, value);
        }
        Some(())
    }

    fn value(&mut self, key: &str, depth: usize) -> Option<Value> {
        if depth == MAX_DEPTH {
            return None;
        }
        match self.rest.chars().next()? {
            '"' | '\'' => {
                let (text, rest) = string(self.rest)?;
                self.rest = rest;
                Some(Value::Text(text))
            }
            '[' => self.array(depth),
            '{' => self.table(key, depth),
            _ => {
                let within = |c: char| ",]}\n#".contains(c);
                let end =
                    if depth == 0 { self.rest.find(['\n', '#']) } else { self.rest.find(within) };
                let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                self.rest = rest;
                Some(match word.trim() {
                    "" => return None,
                    "true" | "false" => Value::Other,
                    word => match word.replace('_', "").parse() {
                        Ok(number) => Value::Number(number),
                        Err(_) => Value::Text(word.into()),
                    },
                })
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        self.rest = &self.rest[1..];
        let (mut kept, mut taken) = (Vec::new(), false);
        loop {
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix(']') {
                self.rest = rest;
                return Some(if taken && kept.is_empty() {
                    Value::Taken
                } else {
                    Value::List(kept)
                });
            }
            match self.value("", depth + 1)? {
                Value::Taken => taken = true,
                value => kept.push(value),
            }
            self.blanks();
            self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        }
    }

    fn table(&mut self, key: &str, depth: usize) -> Option<Value> {
        self.rest = &self.rest[1..];
        let mut object = Object::default();
        loop {
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Some(self.document.end(object, key));
            }
            self.pair(&mut object, depth + 1)?;
            self.blanks();
            self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        }
    }

    /// Skips blanks, line ends and comments.
    fn blanks(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let Some(comment) = self.rest.strip_prefix('#') else { return };
            self.rest = comment.find('\n').map_or("", |end| &comment[end..]);
        }
    }
}

/// The brackets and the string that are open at the end of the last line.
#[derive(Default)]
struct Scan {
    depth: usize,
    /// The quotes that end the open string, if it may contain line ends.
    string: Option<&'static str>,
}

impl Scan {
    fn is_open(&self) -> bool {
        self.depth > 0 || self.string.is_some()
    }

    fn feed(&mut self, line: &str) {
        let mut rest = line;
        loop {
            if let Some(close) = self.string {
                let Some(at) = closing(rest, close) else { return };
                rest = &rest[at + close.len()..];
                self.string = None;
            }
            let Some(at) = rest.find(['[', ']', '{', '}', '"', '\'', '#']) else { return };
            let (first, after) = rest[at..].split_at(1);
            match first {
                "[" | "{" => self.depth += 1,
                "]" | "}" => self.depth = self.depth.saturating_sub(1),
                "#" => return,
                quote => {
                    let close = if quote == "'" { "'" } else { "\"" };
                    let triple = if quote == "'" { "'''" } else { "\"\"\"" };
                    if rest[at..].starts_with(triple) {
                        self.string = Some(triple);
                        rest = &rest[at + 3..];
                        continue;
                    }
                    let Some(end) = closing(after, close) else { return };
                    rest = &after[end + 1..];
                    continue;
                }
            }
            rest = after;
        }
    }
}

/// Returns the position of the quotes `close` that end a string, which are not escaped.
fn closing(text: &str, close: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if close.starts_with('"') => at += 2,
            _ if bytes[at..].starts_with(close.as_bytes()) => return Some(at),
            _ => at += 1,
        }
    }
    None
}
