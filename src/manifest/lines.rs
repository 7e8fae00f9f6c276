//! The lines of a list, however long it is: numbered, and none held that is longer than any name
//! could make it.

use std::io::{self, BufRead, Read};

use super::BadLine;

/// The longest line, in bytes: room for a tag, a digest, and a name of PATH_MAX (4096) bytes with
/// every one of them escaped. A window full of such lines still fits into memory.
const LONGEST: u64 = 16 * 1024;

/// The lines of a list, numbered from 1, their ends included; too long ones are errors, but for
/// comments.
pub(crate) struct Lines<L> {
    pub(crate) list: L,
    number: u64,
    /// The list's own read error, which ended the iteration.
    pub(crate) broken: Option<io::Error>,
}

/// A line's number, and the line.
pub(crate) type Line = (u64, Result<Vec<u8>, BadLine>);

impl<L: BufRead> Lines<L> {
    pub(crate) fn new(list: L) -> Self {
        Self { list, number: 0, broken: None }
    }
}

impl<L: BufRead> Iterator for Lines<L> {
    type Item = Line;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let read = self.list.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        let complete = match read {
            Ok(0) => return None,
            Ok(_) => line.ends_with(b"\n") || (line.len() as u64) < LONGEST,
            Err(error) => {
                self.broken = Some(error);
                return None;
            }
        };
        self.number += 1;
        if complete {
            return Some((self.number, Ok(line)));
        }
        match self.list.skip_until(b'\n') {
            Ok(_) if line.starts_with(b"#") => Some((self.number, Ok(line))),
            Ok(_) => Some((self.number, Err(BadLine::TooLong))),
            Err(error) => {
                self.broken = Some(error);
                None
            }
        }
    }
}
