//! A bare digest, in a file named after the file that it belongs to.

use std::path::{Path, PathBuf};

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields;
use crate::manifest::options::ListOptions;
use crate::manifest::reader::{Reader, Sink};
use crate::notation::expected::Expected;

struct Sidecar {
    file: Option<PathBuf>,
    function: Option<HashFunction>,
    is_found: bool,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    let word = line.trim_ascii();
    word.len() >= 16
        && !word.contains(&b' ')
        && str::from_utf8(word).is_ok_and(|text| Expected::parse(text, None).is_ok())
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    // A path of `-` alone would mean standard input.
    let rename = |file| if file == Path::new("-") { PathBuf::from("./-") } else { file };
    Box::new(Sidecar {
        file: options.nameless_file().map(rename),
        function: options.untagged_function(),
        is_found: false,
    })
}

impl Reader for Sidecar {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let text = line.trim_ascii();
        if text.is_empty() || text.starts_with(b"#") {
            return;
        }
        let digests = fields::notation(&String::from_utf8_lossy(text), self.function);
        match &self.file {
            Some(file) => {
                let entry = digests.and_then(|digests| self.entry(file, digests));
                self.is_found |= entry.is_ok();
                sink.push_named(number, file.as_os_str().as_encoded_bytes(), entry);
            }
            None => sink.push(number, Err(digests.err().unwrap_or(BadLine::Unnamed))),
        }
    }
}

impl Sidecar {
    fn entry(&self, file: &Path, digests: Vec<Digest>) -> Result<Entry, BadLine> {
        // A second digest would belong to another file.
        if self.is_found {
            return Err(BadLine::Conflict);
        }
        let entry = fields::entry(b"-", digests, None)?;
        Ok(Entry { path: file.to_owned(), ..entry })
    }
}
