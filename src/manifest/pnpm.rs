//! Lock files in YAML: pnpm's, and Yarn's since version 2, which has no digests of packages.

use super::BadLine;
use super::list::Out;
use super::options::ListOptions;
use super::record::{Fallback, Record, Records, Value};
use super::shape::Reader;

/// The package that the lines are about.
#[derive(Default)]
struct Pnpm {
    begun: u64,
    /// What the registry calls its file.
    file: String,
    record: Record,
    records: Records,
}

pub(super) fn sign(line: &[u8]) -> bool {
    line.starts_with(b"lockfileVersion:")
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Pnpm::default())
}

impl Reader for Pnpm {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let Ok(text) = str::from_utf8(line) else {
            out.push(number, Err(BadLine::Syntax));
            return;
        };
        let inner = text.trim();
        let depth = text.len() - text.trim_start().len();
        if depth <= 2 && !inner.is_empty() {
            self.end(out);
            self.begun = number;
            let key = unquoted(inner.trim_end_matches(':'));
            self.file = file_name(key).unwrap_or_else(|| key.into());
            return;
        }
        // `resolution: {integrity: sha512-…, tarball: https://…}`, or a line for each of them.
        let fields = inner.strip_prefix("resolution:").unwrap_or(inner);
        let fields = fields.trim().trim_start_matches('{').trim_end_matches('}');
        for (key, value) in fields.split(", ").filter_map(|field| field.split_once(':')) {
            if matches!(key, "integrity" | "tarball") {
                let value = Value::Text(unquoted(value.trim()).into());
                self.records.add(&mut self.record, key, value);
            }
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.records.finish(std::mem::take(&mut self.record), Fallback::Key(&self.file));
        for found in self.records.found.drain(..) {
            out.named(self.begun, &found.name, found.entry);
        }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['\'', '"'])
}

/// `@scope/name@1.0.0`, or of old `/@scope/name/1.0.0`, each with what else it was installed with:
/// `name-1.0.0.tgz`. `None` for what no registry has.
fn file_name(key: &str) -> Option<String> {
    let key = key.trim_start_matches('/');
    let unscoped = if key.starts_with('@') { key.split_once('/')?.1 } else { key };
    let (name, version) = unscoped.split_once(['@', '/'])?;
    let version = version.split(['(', '_']).next()?;
    (!version.contains(['/', ':'])).then(|| format!("{name}-{version}.tgz"))
}

/// Yarn's lock file since version 2.
#[derive(Default)]
struct Berry {
    told: bool,
}

pub(super) fn berry_sign(line: &[u8]) -> bool {
    line == b"__metadata:"
}

pub(super) fn berry_reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Berry::default())
}

impl Reader for Berry {
    /// Its digests are of the archives in Yarn's cache, whose names it does not tell: once is
    /// enough to say so.
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        if !self.told && line.trim_ascii_start().starts_with(b"checksum: ") {
            self.told = true;
            out.push(number, Err(BadLine::OfACache));
        }
    }
}
