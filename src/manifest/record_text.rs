//! The text of snapshot records: the fields of lines, and the escapes of names.

use std::borrow::Cow;
use std::fmt::Write;

use crate::text::is_hostile;

/// The start of a record of any version; the version's number follows.
pub(crate) const ANY_MAGIC: &str = "hsum-snapshot ";
/// The start of the line that ends a record.
pub(crate) const END: &str = "end\t";
/// The start of the line of a seal.
pub(crate) const SEAL: &str = "seal\thmac-sha256\t";
/// The start of the header lines after the first one.
pub(crate) const ALGORITHM: &str = "algorithm\t";
pub(crate) const INCLUDE: &str = "include\t";
pub(crate) const EXCLUDE: &str = "exclude\t";
pub(crate) const READ: &str = "read\t";
/// The start of the line of a symbolic link.
pub(crate) const LINK: &str = "link\t";

/// The fields of an entry's line; names, targets, digests and times have not been checked.
#[derive(Clone, Copy)]
pub(crate) enum Fields<'a> {
    File {
        digest: &'a str,
        size: u64,
        modified: &'a str,
        /// Absent in records of version 1.
        changed: Option<&'a str>,
        inode: u64,
        run: u32,
        name: &'a str,
    },
    Link {
        target: &'a str,
        name: &'a str,
    },
}

impl<'a> Fields<'a> {
    /// Splits a line without its end; digests have `hex` digits.
    pub(crate) fn split(line: &'a str, hex: usize) -> Result<Self, &'static str> {
        if let Some(rest) = line.strip_prefix(LINK) {
            let (target, name) = rest.split_once('\t').ok_or("a field is missing")?;
            return Ok(Self::Link { target, name });
        }
        let no_digest = "it starts with neither a digest nor 'link'";
        let (digest, rest) = line.split_at_checked(hex).ok_or(no_digest)?;
        let mut rest = rest.strip_prefix('\t').ok_or(no_digest)?;
        let size = number(field(&mut rest)?).ok_or("malformed size")?;
        let modified = field(&mut rest)?;
        let mut next = field(&mut rest)?;
        // Of these fields, only times contain a point.
        let changed = next.contains('.').then_some(next);
        if changed.is_some() {
            next = field(&mut rest)?;
        }
        let inode = number(next).ok_or("malformed inode number")?;
        let run = number(field(&mut rest)?).and_then(|run| run.try_into().ok());
        let run = run.ok_or("malformed run number")?;
        Ok(Self::File { digest, size, modified, changed, inode, run, name: rest })
    }
}

/// Returns `true` if a digest is in lower case, as records write it.
pub(crate) fn is_lower_hex(text: &str) -> bool {
    // Decoding would take longer than all other checks, and few digests are used.
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn field<'a>(rest: &mut &'a str) -> Result<&'a str, &'static str> {
    let tab = rest.bytes().position(|byte| byte == b'\t').ok_or("a field is missing")?;
    let (field, after) = rest.split_at(tab);
    *rest = &after[1..];
    Ok(field)
}

/// Parses a number without leading zeros, as records write it.
pub(crate) fn number(text: &str) -> Option<u64> {
    let canonical = text == "0" || text.bytes().next().is_some_and(|b| matches!(b, b'1'..=b'9'));
    if canonical { text.parse().ok() } else { None }
}

/// Appends a name, with bytes that are not UTF-8 and hostile characters escaped.
///
/// The mapping between names and texts is one to one.
pub(crate) fn escape(text: &mut String, name: &[u8]) {
    if let Some(plain) = plain(name) {
        return text.push_str(plain);
    }
    let escape_bytes = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            write!(text, "\\x{byte:02x}").expect("writing to a String cannot fail");
        }
    };
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                _ if is_hostile(c) => {
                    escape_bytes(text, c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => text.push(c),
            }
        }
        escape_bytes(text, chunk.invalid());
    }
}

/// Decodes a name; `None` if [`escape`] would write it differently.
pub(crate) fn unescape(text: &str) -> Option<Cow<'_, [u8]>> {
    if plain(text.as_bytes()).is_some() {
        return Some(text.as_bytes().into());
    }
    let name = unescape_known(text);
    let mut again = String::with_capacity(text.len());
    escape(&mut again, &name);
    (again == text).then_some(name)
}

/// Decodes a name that [`unescape`] has accepted before.
pub(crate) fn unescape_known(text: &str) -> Cow<'_, [u8]> {
    let Some(first) = text.find('\\') else { return text.as_bytes().into() };
    let mut name = text.as_bytes()[..first].to_vec();
    let mut rest = &text.as_bytes()[first..];
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, length) = match (byte, after) {
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'x', high, low, ..]) => (digit(*high) << 4 | digit(*low), 4),
            (b'\\', [b'\\', ..]) => (b'\\', 2),
            _ => (byte, 1),
        };
        name.push(byte);
        rest = &rest[length..];
    }
    name.into()
}

/// Returns a hex digit's value; 0 for another byte, which [`unescape`] rejects.
fn digit(byte: u8) -> u8 {
    char::from(byte).to_digit(16).map_or(0, |value| value as u8)
}

/// Returns the name if it needs no escapes.
fn plain(name: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && *byte != b'\\';
    if name.iter().all(is_plain) { std::str::from_utf8(name).ok() } else { None }
}

/// Returns `true` if a name leads below the tree's root and is in normal form.
pub(crate) fn is_below(name: &[u8]) -> bool {
    !name.contains(&0)
        && name.split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b".."))
}
