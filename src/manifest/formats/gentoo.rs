//! Gentoo's Manifest (GLEP 44 and 74): `DIST curl-8.9.1.tar.xz 2782364 BLAKE2B … SHA512 …`.

use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, Digests, words};
use crate::manifest::reader::{Reader, Sink};

#[derive(Default)]
pub(super) struct Manifest;

const TAGS: [&[u8]; 6] = [b"AUX", b"DATA", b"DIST", b"EBUILD", b"MANIFEST", b"MISC"];

pub(super) fn is_mark(line: &[u8]) -> bool {
    let mut words = words(line);
    let mut next = || words.next().unwrap_or_default();
    TAGS.contains(&next())
        && !next().is_empty()
        && fields::size(next()).is_some()
        && next().first().is_some_and(u8::is_ascii_uppercase)
        && fields::is_usual_hex(next())
}

impl Reader for Manifest {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        match words(line).next() {
            None | Some(b"IGNORE" | b"TIMESTAMP" | b"OPTIONAL") => {}
            Some(tag) if tag.starts_with(b"#") => {}
            Some(tag) if TAGS.contains(&tag) => {
                let entry = entry(line);
                let name = words(line).nth(1).and_then(|name| placed(tag, name).ok());
                sink.push_named(number, &name.unwrap_or_default(), entry);
            }
            Some(_) => sink.push(number, Err(BadLine::UnknownTag)),
        }
    }
}

fn entry(line: &[u8]) -> Result<Entry, BadLine> {
    let mut words = words(line);
    let tag = words.next().unwrap_or_default();
    let name = words.next().ok_or(BadLine::NoName)?;
    let size = words.next().and_then(fields::size).ok_or(BadLine::NoDigest)?;
    let mut digests = Digests::default();
    while let Some(algorithm) = words.next() {
        let text = words.next().ok_or(BadLine::BadDigest)?;
        digests.add_hex(fields::function(algorithm), text);
    }
    digests.entry(&placed(tag, name)?, Some(size))
}

/// Returns the decoded path of a file, which the tag may place in a directory.
fn placed(tag: &[u8], name: &[u8]) -> Result<Vec<u8>, BadLine> {
    let name = unescape(name)?;
    Ok(if tag == b"AUX" { [b"files/", &*name].concat() } else { name })
}

/// Decodes the escapes of GLEP 74: `\x20`, `\u00e9`, `\U0001f600`.
fn unescape(name: &[u8]) -> Result<Vec<u8>, BadLine> {
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        if *first != b'\\' {
            plain.push(*first);
            rest = after;
            continue;
        }
        let (kind, after) = after.split_first().ok_or(BadLine::BadEscape)?;
        let digits = match kind {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => return Err(BadLine::BadEscape),
        };
        let (digits, after) = after.split_at_checked(digits).ok_or(BadLine::BadEscape)?;
        let value = str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok());
        match (kind, value) {
            (b'x', Some(byte)) => plain.push(byte as u8),
            (_, Some(value)) => {
                let character = char::from_u32(value).ok_or(BadLine::BadEscape)?;
                plain.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            (_, None) => return Err(BadLine::BadEscape),
        }
        rest = after;
    }
    Ok(plain)
}
