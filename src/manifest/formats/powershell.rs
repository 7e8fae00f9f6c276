//! PowerShell's `Get-FileHash`: a list (`Algorithm : SHA256`), a table of three columns, or CSV.

use crate::manifest::error::BadLine;
use crate::manifest::fields::{self};
use crate::manifest::reader::{Reader, Sink};

#[derive(Default)]
pub(super) struct PowerShell {
    layout: Layout,
    /// The fields of the current file in a list, and the number of the first one's line.
    record: Row,
    first_line: u64,
    /// The index of the last field, which an indented line continues.
    latest: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Layout {
    #[default]
    List,
    Table,
    Csv,
}

/// The maximum length of a wrapped value in bytes.
const MAX_VALUE: usize = 64 * 1024;

const FIELDS: [&[u8]; 3] = [b"Algorithm", b"Hash", b"Path"];
const CSV: &[u8] = b"\"Algorithm\",\"Hash\",\"Path\"";

pub(super) fn is_mark(line: &[u8]) -> bool {
    line == CSV || is_table(line) || matches!(field(line), Some((0, _)))
}

impl Reader for PowerShell {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let text = line.trim_ascii_end();
        if text == CSV {
            self.layout = Layout::Csv;
        } else if is_table(text) {
            self.layout = Layout::Table;
        } else {
            let row = match self.layout {
                Layout::List => return self.list_line(number, text, sink),
                _ if text.is_empty() || text.starts_with(b"---") => return,
                Layout::Table => table_line(text),
                Layout::Csv => csv_line(text),
            };
            match row {
                Ok(row) => push(number, &row, sink),
                Err(bad) => sink.push(number, Err(bad)),
            }
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.flush(sink);
    }
}

impl PowerShell {
    fn list_line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        match (field(line), self.latest) {
            (Some((at, value)), _) => {
                if at == 0 {
                    self.flush(sink);
                }
                if self.record.iter().all(Vec::is_empty) {
                    self.first_line = number;
                }
                self.record[at] = value.to_vec();
                self.latest = Some(at);
            }
            // Long values are wrapped at the width of the window.
            (None, Some(at)) if line.starts_with(b"  ") && self.record[at].len() < MAX_VALUE => {
                self.record[at].extend_from_slice(line.trim_ascii());
            }
            _ => self.flush(sink),
        }
    }

    fn flush(&mut self, sink: &mut Sink) {
        self.latest = None;
        let row = std::mem::take(&mut self.record);
        if !row.iter().all(Vec::is_empty) {
            push(self.first_line, &row, sink);
        }
    }
}

/// The algorithm, the digest and the path of a file.
type Row = [Vec<u8>; 3];

/// Returns the index of a field in a line of a list, and its value.
fn field(line: &[u8]) -> Option<(usize, &[u8])> {
    let at = FIELDS.iter().position(|name| line.starts_with(name))?;
    let value = line[FIELDS[at].len()..].trim_ascii_start().strip_prefix(b":")?;
    Some((at, value.trim_ascii()))
}

fn is_table(line: &[u8]) -> bool {
    fields::words(line).eq(FIELDS)
}

/// Splits `SHA256          6A78…          C:\x y.bin`.
fn table_line(line: &[u8]) -> Result<Row, BadLine> {
    let blank = |text: &[u8]| text.iter().position(|byte| *byte == b' ').ok_or(BadLine::NoName);
    let (algorithm, rest) = line.split_at(blank(line)?);
    let rest = rest.trim_ascii_start();
    let (hash, path) = rest.split_at(blank(rest)?);
    Ok([algorithm.into(), hash.into(), path.trim_ascii_start().into()])
}

/// Splits `"SHA256","6A78…","C:\x y.bin"`; quotes in the path are doubled.
fn csv_line(line: &[u8]) -> Result<Row, BadLine> {
    let text = str::from_utf8(line).map_err(|_| BadLine::NoDigest)?;
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let mut fields = inner.ok_or(BadLine::NoDigest)?.splitn(3, "\",\"");
    let mut next = || fields.next().ok_or(BadLine::NoDigest);
    Ok([next()?.into(), next()?.into(), next()?.replace("\"\"", "\"").into()])
}

fn push(line: u64, [algorithm, hash, path]: &Row, sink: &mut Sink) {
    let digest = fields::function(algorithm).and_then(|function| fields::hex(function, hash));
    sink.push_named(line, path, digest.and_then(|digest| fields::entry(path, [digest], None)));
}
