//! TOML: lock files (Cargo, uv, Poetry, PDM, mise), Rust's channels, and any table that names a file
//! beside its digests.

use super::BadLine;
use super::list::Out;
use super::options::ListOptions;
use super::record::{Fallback, Record, Records, Value, is_other};
use super::shape::Reader;

/// The limit of a value over several lines, in bytes.
const LONGEST: usize = 1024 * 1024;
/// The limit of nested arrays and inline tables.
const DEEPEST: usize = 64;

#[derive(Default)]
struct Toml {
    records: Records,
    /// The table that the lines are about, and the keys of its heading.
    record: Record,
    path: Vec<String>,
    begun: u64,
    /// Lines of a pair whose value has not ended, and where they begin.
    pending: String,
    pending_from: u64,
    scan: Scan,
}

/// Returns `true` for a table's heading.
pub(super) fn sign(line: &[u8]) -> bool {
    let inner = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]"));
    let inner = inner.map(|inner| {
        inner.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(inner)
    });
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.\"@/:".contains(byte);
    inner.is_some_and(|inner| {
        inner.first().is_some_and(u8::is_ascii_alphabetic) && inner.iter().all(word)
    })
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Toml::default())
}

impl Reader for Toml {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let Ok(text) = str::from_utf8(line) else {
            out.push(number, Err(BadLine::Syntax));
            return;
        };
        if self.pending.is_empty() {
            let trimmed = text.trim();
            if trimmed.is_empty() || trimmed.starts_with('#') {
                return;
            }
            if let Some(path) = heading(trimmed) {
                self.end_table(out);
                (self.path, self.begun) = (path, number);
                return;
            }
            self.pending_from = number;
        } else if self.pending.len() + text.len() > LONGEST {
            out.push(self.pending_from, Err(BadLine::TooLarge));
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
            self.pair(&pair, out);
        }
    }

    fn end(&mut self, out: &mut Out) {
        if !self.pending.is_empty() {
            out.push(self.pending_from, Err(BadLine::Syntax));
        }
        self.end_table(out);
    }
}

impl Toml {
    fn pair(&mut self, text: &str, out: &mut Out) {
        let mut parser = TomlParser { rest: text, records: &mut self.records };
        let read = parser.pair(&mut self.record, 0);
        // An inline table or an array holds entries of its own.
        self.take(self.pending_from, out);
        if read.is_none() {
            out.push(self.pending_from, Err(BadLine::Syntax));
        }
    }

    fn end_table(&mut self, out: &mut Out) {
        let record = std::mem::take(&mut self.record);
        let path = std::mem::take(&mut self.path);
        let (last, before) = match &path[..] {
            [] => ("", ""),
            [last] => (&**last, ""),
            [.., before, last] => (&**last, &**before),
        };
        if let Value::Object(record) = self.records.end_table(record, last) {
            // `[files."a.txt".hashes]`
            let key = if self.records.is_digest_like(last) { before } else { last };
            if key.is_empty() && !record.is_named() {
                out.push(self.begun, Err(BadLine::NoName));
            }
            if !path.iter().any(|key| is_other(key)) {
                self.records.finish(*record, Fallback::Crate(key));
            }
        }
        self.take(self.begun, out);
    }

    fn take(&mut self, number: u64, out: &mut Out) {
        for found in self.records.found.drain(..) {
            out.named(number, &found.name, found.entry);
        }
    }
}

/// Returns the keys of `[a.b]` and `[[a."b c"]]`.
fn heading(line: &str) -> Option<Vec<String>> {
    let inner = line.strip_prefix('[')?;
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let (path, rest) = dotted(inner)?;
    rest.starts_with(']').then_some(path)
}

/// Returns the keys before `=` or `]`, and what follows them.
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
        if path.len() == DEEPEST {
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

/// Reads a string of any of the four kinds, and returns what follows it too.
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
            // A line end is dropped, with the blanks after it.
            c if c.is_whitespace() => rest = rest.trim_start(),
            _ => return None,
        }
    }
}

/// Reads pairs and values.
struct TomlParser<'t, 'r> {
    rest: &'t str,
    records: &'r mut Records,
}

impl TomlParser<'_, '_> {
    /// Reads `a.b = VALUE`; `None` if it is malformed.
    fn pair(&mut self, record: &mut Record, depth: usize) -> Option<()> {
        let (mut path, rest) = dotted(self.rest)?;
        self.rest = rest.strip_prefix('=')?.trim_start_matches([' ', '\t']);
        let key = path.pop()?;
        let mut inner = Record::default();
        let target = if path.is_empty() { &mut *record } else { &mut inner };
        let value = self.value(&key, depth)?;
        self.records.add(target, &key, value);
        if let Some(last) = path.last() {
            let value = self.records.end(inner, last);
            self.records.add(record, last, value);
        }
        Some(())
    }

    fn value(&mut self, key: &str, depth: usize) -> Option<Value> {
        if depth == DEEPEST {
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
        let mut record = Record::default();
        loop {
            self.blanks();
            if let Some(rest) = self.rest.strip_prefix('}') {
                self.rest = rest;
                return Some(self.records.end(record, key));
            }
            self.pair(&mut record, depth + 1)?;
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

/// The brackets and the string that are open after the lines so far.
#[derive(Default)]
struct Scan {
    depth: usize,
    /// The quotes that end the open string, if it may hold line ends.
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

/// Returns the position of the quotes `close` that end a string. Escaped ones do not.
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
