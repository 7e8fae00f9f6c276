//! Lock files of lines: TOML (Cargo, uv, Poetry, PDM, mise) and Yarn's of old. Those in YAML:
//! [`super::pnpm`].

use super::list::{Hint, Out};
use super::record::{Fallback, Record};
use super::shape::Reader;

#[derive(Default)]
struct Lock {
    record: Record,
    begun: u64,
}

/// A table's heading, or the first line of Yarn's.
pub(super) fn sign(line: &[u8]) -> bool {
    line == b"# yarn lockfile v1" || is_heading(line)
}

pub(super) fn reader(_: &Hint) -> Box<dyn Reader> {
    Box::new(Lock::default())
}

impl Reader for Lock {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let Ok(text) = str::from_utf8(line) else { return };
        let trimmed = text.trim();
        let is_yarn_head = !text.starts_with(' ') && trimmed.ends_with(':');
        if trimmed.is_empty() || trimmed.starts_with('#') {
        } else if is_heading(line) || is_yarn_head {
            self.end(out);
            self.begun = number;
        } else if let Some(open) = trimmed.find('{') {
            // Inline tables, each about one file: `{ url = "…", hash = "sha256:…", size = 1 }`.
            for table in trimmed[open + 1..].split('{') {
                let mut record = Record::default();
                pairs(table.split('}').next().unwrap_or_default(), &mut record);
                if let Some(entry) = record.finish(Fallback::None) {
                    out.push(number, entry);
                }
            }
        } else {
            pairs(trimmed, &mut self.record);
        }
    }

    fn end(&mut self, out: &mut Out) {
        if let Some(entry) = std::mem::take(&mut self.record).finish(Fallback::Crate) {
            out.push(self.begun, entry);
        }
    }
}

/// `[package.metadata]`, `[[package]]`.
fn is_heading(line: &[u8]) -> bool {
    let inner = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]"));
    let inner = inner.map(|inner| {
        inner.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(inner)
    });
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.\"@/:".contains(byte);
    inner.is_some_and(|inner| {
        inner.first().is_some_and(u8::is_ascii_alphabetic) && inner.iter().all(word)
    })
}

/// `key = "text"`, `key = 12`, several with commas between; Yarn leaves the `=` out.
fn pairs(text: &str, record: &mut Record) {
    let mut rest = text.trim_start();
    while let Some(end) = rest.find([' ', '=']) {
        let key = rest[..end].trim_matches('"');
        let value = rest[end..].trim_start_matches([' ', '=']);
        let (value, after, quoted) = match value.strip_prefix('"') {
            Some(value) => {
                let close = value.find('"').unwrap_or(value.len());
                (&value[..close], &value[close..], true)
            }
            None => {
                let end = value.find([',', ' ']).unwrap_or(value.len());
                (&value[..end], &value[end..], false)
            }
        };
        match value.parse() {
            Ok(number) if !quoted => record.number(key, number),
            _ => record.text(key, value),
        }
        rest = after.trim_start_matches(['"', ',', ' ']);
    }
}
