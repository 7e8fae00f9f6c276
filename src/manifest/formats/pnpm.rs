//! `pnpm-lock.yaml`.

use crate::manifest::error::BadLine;
use crate::manifest::objects::document::Document;
use crate::manifest::objects::object::{Fallback, Object, Value};
use crate::manifest::reader::{Reader, Sink};

#[derive(Default)]
pub(super) struct Pnpm {
    first_line: u64,
    /// The file of the package that the last lines describe, as the registry names it.
    file: String,
    object: Object,
    document: Document,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(b"lockfileVersion:")
}

impl Reader for Pnpm {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let Ok(text) = str::from_utf8(line) else {
            sink.push(number, Err(BadLine::Syntax));
            return;
        };
        let inner = text.trim();
        let depth = text.len() - text.trim_start().len();
        if depth <= 2 && !inner.is_empty() {
            self.end(sink);
            self.first_line = number;
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
                self.document.add(&mut self.object, key, value);
            }
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.document.finish(std::mem::take(&mut self.object), Fallback::Key(&self.file));
        self.document.flush(self.first_line, sink);
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['\'', '"'])
}

/// Returns the registry's file, `name-1.0.0.tgz`, for `@scope/name@1.0.0` or the older
/// `/@scope/name/1.0.0`, which peer dependencies may follow. `None` for other sources.
fn file_name(key: &str) -> Option<String> {
    let key = key.trim_start_matches('/');
    let unscoped = if key.starts_with('@') { key.split_once('/')?.1 } else { key };
    let (name, version) = unscoped.split_once(['@', '/'])?;
    let version = version.split(['(', '_']).next()?;
    (!version.contains(['/', ':'])).then(|| format!("{name}-{version}.tgz"))
}
