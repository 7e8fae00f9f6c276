//! hashdeep: `%%%% size,md5,sha256,filename`, then those columns; the name may contain commas.

use crate::algorithm::HashFunction;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests};
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
            let (_, columns) = names.split_last().unwrap_or((&&[][..], &[]));
            self.columns = columns.iter().map(|name| fields::function(name)).collect();
        } else if !line.is_empty() && !line.starts_with(b"%%%%") && !line.starts_with(b"##") {
            let last = self.columns.len() + 1;
            let name = line.splitn(last + 1, |byte| *byte == b',').nth(last);
            sink.push_named(number, name.unwrap_or_default(), self.entry(line));
        }
    }
}

impl Hashdeep {
    fn entry(&self, line: &[u8]) -> Result<Entry, BadLine> {
        let mut fields = line.splitn(self.columns.len() + 2, |byte| *byte == b',');
        let size = fields.next().and_then(fields::size).ok_or(BadLine::NoDigest)?;
        let mut digests = Digests::default();
        for column in &self.columns {
            digests.add_hex(*column, fields.next().ok_or(BadLine::NoDigest)?);
        }
        digests.entry(fields.next().ok_or(BadLine::NoName)?, Some(size))
    }
}
