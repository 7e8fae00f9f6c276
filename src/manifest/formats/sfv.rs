//! SFV: `;` comments and `NAME CRC32` lines, which [`parse_sfv_line`] parses.
//!
//! A CRC-32 is not a digest, so a [`List`](crate::manifest::List) has no entries for them.

use crate::manifest::entry;
use crate::manifest::error::BadLine;
use crate::manifest::reader::{Reader, Sink};

use std::path::PathBuf;

#[derive(Default)]
pub(super) struct Sfv;

/// Parses the file and the CRC-32 in a line of an SFV file.
///
/// ```
/// use hsum::manifest::parse_sfv_line;
///
/// let (path, crc) = parse_sfv_line(b"my holiday.mkv 352441C2\r\n").unwrap();
/// assert_eq!((path.to_str(), crc), (Some("my holiday.mkv"), 0x352441c2));
/// ```
pub fn parse_sfv_line(line: &[u8]) -> Option<(PathBuf, u32)> {
    let line = line.trim_ascii_end();
    if line.starts_with(b";") {
        return None;
    }
    let blank = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    let (name, digits) = (line[..blank].trim_ascii_end(), &line[blank + 1..]);
    let good = digits.len() == 8 && digits.iter().all(u8::is_ascii_hexdigit);
    let crc = u32::from_str_radix(str::from_utf8(digits).ok().filter(|_| good)?, 16).ok()?;
    (!name.is_empty() && !name.contains(&0)).then_some((entry::path(name).ok()?, crc))
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    line.starts_with(b";") || parse_sfv_line(line).is_some()
}

impl Reader for Sfv {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let text = line.trim_ascii();
        if !text.is_empty() && !text.starts_with(b";") {
            sink.push(number, Err(BadLine::Unsupported));
        }
    }
}
