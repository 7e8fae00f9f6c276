//! SFV: `;` comments, and `NAME CRC32` lines. A CRC is no digest; whoever computes it reads the
//! lines with [`parse_line`].

use std::path::PathBuf;

use super::BadLine;
use super::fields;
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;

struct Sfv;

/// The file and the CRC-32 that a line of an SFV file gives; `None` for anything else.
///
/// ```
/// use hsum::manifest::parse_sfv_line;
///
/// let (path, crc) = parse_sfv_line(b"my holiday.mkv 352441C2\r\n").unwrap();
/// assert_eq!((path.to_str(), crc), (Some("my holiday.mkv"), 0x352441c2));
/// ```
pub fn parse_line(line: &[u8]) -> Option<(PathBuf, u32)> {
    let line = line.trim_ascii_end();
    if line.starts_with(b";") {
        return None;
    }
    let blank = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    let (name, digits) = (line[..blank].trim_ascii_end(), &line[blank + 1..]);
    let good = digits.len() == 8 && digits.iter().all(u8::is_ascii_hexdigit);
    let crc = u32::from_str_radix(str::from_utf8(digits).ok().filter(|_| good)?, 16).ok()?;
    (!name.is_empty() && !name.contains(&0)).then_some((fields::path(name).ok()?, crc))
}

pub(super) fn sign(line: &[u8]) -> bool {
    line.starts_with(b";") || parse_line(line).is_some()
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Sfv)
}

impl Reader for Sfv {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let text = line.trim_ascii();
        if !text.is_empty() && !text.starts_with(b";") {
            out.push(number, Err(BadLine::NotComputed));
        }
    }
}
