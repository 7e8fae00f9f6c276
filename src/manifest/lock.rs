//! `yarn.lock` of Yarn 1. Those in TOML: [`super::toml`]; those in YAML: [`super::pnpm`].

use super::BadLine;
use super::list::Out;
use super::options::ListOptions;
use super::record::{Fallback, Record, Records, Value};
use super::shape::Reader;

#[derive(Default)]
struct Lock {
    records: Records,
    record: Record,
    package: String,
    begun: u64,
}

pub(super) fn sign(line: &[u8]) -> bool {
    line == b"# yarn lockfile v1"
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Lock::default())
}

impl Reader for Lock {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let Ok(text) = str::from_utf8(line) else {
            out.push(number, Err(BadLine::Syntax));
            return;
        };
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return;
        }
        if !text.starts_with(' ') {
            self.end(out);
            self.begun = number;
            self.package = trimmed.trim_end_matches(':').into();
        } else if !text.starts_with("   ")
            && let Some((key, value)) = trimmed.split_once(' ')
        {
            // Lines that are indented further name dependencies.
            let value = Value::Text(value.trim().trim_matches('"').into());
            self.records.add(&mut self.record, key.trim_matches('"'), value);
        }
    }

    fn end(&mut self, out: &mut Out) {
        let record = std::mem::take(&mut self.record);
        self.records.finish(record, Fallback::Key(&self.package));
        for found in self.records.found.drain(..) {
            out.named(self.begun, &found.name, found.entry);
        }
    }
}
