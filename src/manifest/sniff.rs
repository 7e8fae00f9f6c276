//! The recognition of a list's format by its first bytes or its lines.

use crate::manifest::fields::{is_usual_hex, words};
use crate::manifest::formats::{FORMATS, FormatRow, PLAIN, Recognition};
use crate::manifest::options::ListOptions;
use crate::manifest::parser::LineParser;

/// Returns the format of a list that starts with `bytes`, if that format is read whole.
pub(super) fn document(bytes: &[u8]) -> Option<&'static FormatRow> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    FORMATS.iter().find(|row| match row.recognition {
        Recognition::Document(is_start, _) => is_start(bytes),
        _ => false,
    })
}

/// A search for the format of a list of lines.
pub(super) struct Sniffer {
    /// A parser of GNU, BSD and OpenSSL lines.
    parser: LineParser,
    /// The position in [`FORMATS`] of the first format with a weak mark.
    weak: Option<usize>,
}

impl Sniffer {
    pub(super) fn new(options: &ListOptions) -> Self {
        Self { parser: LineParser::with_options(options), weak: None }
    }

    /// Examines a line. Returns the format if the line decides it.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<&'static FormatRow> {
        if line.trim_ascii().is_empty() {
            return None;
        }
        let trimmed = line.trim_ascii_end();
        let found = FORMATS.iter().enumerate().find(|(_, row)| match row.recognition {
            Recognition::Line(is_mark, _) | Recognition::WeakLine(is_mark, _) => is_mark(trimmed),
            _ => false,
        });
        match found {
            Some((_, row)) if matches!(row.recognition, Recognition::Line(..)) => Some(row),
            _ if matches!(self.parser.parse_line(line), Ok(Some(_))) || is_digest_first(line) => {
                Some(&PLAIN)
            }
            found => {
                self.weak = self.weak.into_iter().chain(found.map(|(at, _)| at)).min();
                None
            }
        }
    }

    /// Returns the format of a list in which no line decided it.
    pub(super) fn end(self) -> &'static FormatRow {
        self.weak.map_or(&PLAIN, |at| &FORMATS[at])
    }
}

/// Returns `true` if a line starts like a GNU line with a digest of any algorithm.
fn is_digest_first(line: &[u8]) -> bool {
    let mut words = words(line.strip_prefix(b"\\").unwrap_or(line));
    words.next().is_some_and(is_usual_hex) && words.next().is_some()
}
