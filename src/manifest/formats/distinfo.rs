//! FreeBSD's and pkgsrc's distinfo: BSD lines with `SIZE (NAME) = N`, all of which must match.

use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests};
use crate::manifest::reader::{Reader, Sink};
use crate::manifest::tagged::{named_size, tagged};

#[derive(Default)]
pub(super) struct Distinfo {
    file: File,
}

/// The file that the last lines describe.
#[derive(Default)]
struct File {
    line: u64,
    name: Vec<u8>,
    digests: Digests,
    size: Option<u64>,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(b"TIMESTAMP = ") || line.starts_with(b"$NetBSD")
}

impl Reader for Distinfo {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        if line.is_empty() || line.starts_with(b"#") || is_mark(line) {
            return;
        }
        let Some((tag, name, value)) = tagged(line) else {
            sink.push(number, Err(BadLine::NoDigest));
            return;
        };
        if name != self.file.name {
            self.end(sink);
            self.file = File { line: number, name: name.to_vec(), ..File::default() };
        }
        if tag.eq_ignore_ascii_case(b"SIZE") {
            self.file.size = named_size((tag, name, value)).map(|(_, size)| size);
        } else {
            self.file.digests.add_hex(fields::function(tag), value);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        let File { line, name, digests, size } = std::mem::take(&mut self.file);
        if !name.is_empty() {
            sink.push_named(line, &name, digests.entry(&name, size));
        }
    }
}
