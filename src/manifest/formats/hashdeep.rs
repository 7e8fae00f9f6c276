//! hashdeep: `%%%% size,md5,sha256,filename`, then those columns; the name may contain commas.

use crate::algorithm::HashFunction;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Functions};
use crate::manifest::reader::{Reader, Sink};

#[derive(Default)]
pub(super) struct Hashdeep {
    /// The hash functions of the columns between the size and the name.
    columns: Vec<Result<HashFunction, BadLine>>,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(b"%%%% HASHDEEP-")
}

impl Reader for Hashdeep {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        if let Some(columns) = line.strip_prefix(b"%%%% size,") {
            let names: Vec<&[u8]> = columns.split(|byte| *byte == b',').collect();
            let mut functions = Functions::default();
            let last = names.len() - 1;
            self.columns = names[..last].iter().map(|name| functions.named(name)).collect();
        } else if !line.is_empty() && !line.starts_with(b"%%%%") && !line.starts_with(b"##") {
            let count = self.columns.len() + 2;
            let entry = self.entry(line);
            match line.splitn(count, |byte| *byte == b',').nth(count - 1) {
                Some(name) => sink.push_named(number, name, entry),
                None => sink.push(number, entry),
            }
        }
    }
}

impl Hashdeep {
    fn entry(&self, line: &[u8]) -> Result<Entry, BadLine> {
        let mut fields = line.splitn(self.columns.len() + 2, |byte| *byte == b',');
        let size = fields.next().and_then(fields::size).ok_or(BadLine::NoDigest)?;
        let mut digests = Vec::new();
        for column in &self.columns {
            let text = fields.next().ok_or(BadLine::NoDigest)?;
            // Tiger and Whirlpool are ignored beside other algorithms.
            if let Ok(function) = column {
                digests.push(fields::hex(*function, text)?);
            }
        }
        if digests.is_empty() {
            return Err(BadLine::NotComputed);
        }
        fields::entry(fields.next().ok_or(BadLine::NoName)?, digests, Some(size))
    }
}
