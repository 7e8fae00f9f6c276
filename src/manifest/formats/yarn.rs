//! `yarn.lock`: Yarn 1's own format, and the YAML of later versions.

use crate::manifest::error::BadLine;
use crate::manifest::objects::document::Document;
use crate::manifest::objects::object::{Fallback, Object, Value};
use crate::manifest::reader::{Reader, Sink};

/// The first line of Yarn 1's format.
const VERSION_1: &[u8] = b"# yarn lockfile v1";
/// The first key of later versions.
const LATER: &[u8] = b"__metadata:";

#[derive(Default)]
pub(super) struct Yarn {
    version: Option<Version>,
    document: Document,
    /// The package that the last lines describe.
    object: Object,
    package: String,
    first_line: u64,
}

enum Version {
    One,
    /// Set if it has been reported that its digests are of archives in Yarn's cache.
    Later {
        is_reported: bool,
    },
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line == VERSION_1 || line == LATER
}

impl Reader for Yarn {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        match &mut self.version {
            None if line.trim_ascii_end() == VERSION_1 => self.version = Some(Version::One),
            None if line.trim_ascii_end() == LATER => {
                self.version = Some(Version::Later { is_reported: false });
            }
            Some(Version::Later { is_reported }) => {
                if !*is_reported && line.trim_ascii_start().starts_with(b"checksum: ") {
                    *is_reported = true;
                    sink.push(number, Err(BadLine::OfACache));
                }
            }
            None | Some(Version::One) => self.version_1_line(number, line, sink),
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        let object = std::mem::take(&mut self.object);
        self.document.finish(object, Fallback::Key(&self.package));
        self.document.flush(self.first_line, sink);
    }
}

impl Yarn {
    fn version_1_line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let Ok(text) = str::from_utf8(line) else {
            sink.push(number, Err(BadLine::Syntax));
            return;
        };
        let trimmed = text.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return;
        }
        if !text.starts_with(' ') {
            self.end(sink);
            self.first_line = number;
            self.package = trimmed.trim_end_matches(':').into();
        } else if !text.starts_with("   ")
            && let Some((key, value)) = trimmed.split_once(' ')
        {
            // Lines with a deeper indent name dependencies.
            let value = Value::Text(value.trim().trim_matches('"').into());
            self.document.add(&mut self.object, key.trim_matches('"'), value);
        }
    }
}
