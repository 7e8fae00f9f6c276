//! The numbered lines of a list, in bounded memory.

use std::io::{self, BufRead, Read};

use crate::manifest::entry::ListEntry;
use crate::manifest::error::BadLine;
use crate::manifest::parser::LineParser;
use crate::manifest::write::Terminator;

/// The longest line in bytes: a tag, a digest, and a name of PATH_MAX (4096) escaped bytes.
const MAX_LINE: u64 = 16 * 1024;

/// The lines of a list with their ends, numbered from 1.
///
/// A line that is too long is an error; a comment that is too long is truncated.
pub struct Lines<L> {
    pub(crate) list: L,
    number: u64,
    /// The last byte of a line.
    end: u8,
    /// The read error that ended the iteration.
    pub error: Option<io::Error>,
}

/// A line's number, and the line.
pub(crate) type Line = (u64, Result<Vec<u8>, BadLine>);

impl<L: BufRead> Lines<L> {
    /// Creates the lines of a list.
    pub fn new(list: L) -> Self {
        Self::with_terminator(list, Terminator::Newline)
    }

    /// Creates the lines of a list whose lines end in `terminator`.
    pub(crate) fn with_terminator(list: L, terminator: Terminator) -> Self {
        Self { list, number: 0, end: terminator.byte(), error: None }
    }

    /// Parses the next line that is neither empty nor a comment.
    #[cfg_attr(not(feature = "fs"), allow(dead_code))] // `check` uses it
    pub fn next_entry(&mut self, parser: &mut LineParser) -> Option<ListEntry> {
        self.find_map(|(line, text)| {
            let entry = text.and_then(|text| parser.parse_line(&text)).transpose()?;
            Some(ListEntry { tag: parser.latest_tag(), ..ListEntry::new(line, entry) })
        })
    }

    /// Reads the next line into `line`, and returns its number.
    pub(super) fn next_into(&mut self, line: &mut Vec<u8>) -> Option<(u64, Result<(), BadLine>)> {
        line.clear();
        self.read(line).unwrap_or_else(|error| {
            self.error = Some(error);
            None
        })
    }

    fn read(&mut self, line: &mut Vec<u8>) -> io::Result<Option<(u64, Result<(), BadLine>)>> {
        let length = self.list.by_ref().take(MAX_LINE).read_until(self.end, line)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.ends_with(&[self.end]) || (length as u64) < MAX_LINE {
            return Ok(Some((self.number, Ok(()))));
        }
        self.list.skip_until(self.end)?;
        let result = if line.starts_with(b"#") { Ok(()) } else { Err(BadLine::TooLong) };
        Ok(Some((self.number, result)))
    }
}

/// Removes a byte order mark from the first line of a list.
pub(super) fn strip_byte_order_mark(line: &mut Vec<u8>) {
    if line.starts_with(b"\xef\xbb\xbf") {
        line.drain(..3);
    }
}

impl<L: BufRead> Iterator for Lines<L> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let mut line = Vec::new();
        let (number, result) = self.next_into(&mut line)?;
        Some((number, result.map(|()| line)))
    }
}
