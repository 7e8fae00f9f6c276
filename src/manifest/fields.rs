//! What the small parsers of foreign shapes share: names of algorithms, digests, names of files.

use std::path::PathBuf;
use std::str;

use super::{BadLine, Entry};
use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::notation::expected::{Expected, ParseExpectedError};
use crate::notation::names::is_not_computed;

/// The function that goes by this name: `SHA256`, `sha-512`, `BLAKE2B`, `MD5Sum`.
///
/// # Errors
/// [`BadLine::NotComputed`] for one that is known elsewhere, [`BadLine::UnknownTag`] for others.
pub(super) fn function(name: &[u8]) -> Result<HashFunction, BadLine> {
    let name = str::from_utf8(name).map_err(|_| BadLine::UnknownTag)?.trim();
    if let Ok(function) = name.parse() {
        return Ok(function);
    }
    match is_not_computed(name) {
        true => Err(BadLine::NotComputed),
        false => Err(BadLine::UnknownTag),
    }
}

/// Functions by name, each looked up once.
#[derive(Default)]
pub(super) struct Functions(Vec<(Vec<u8>, Result<HashFunction, BadLine>)>);

impl Functions {
    /// More names than this in one list are not kept.
    const MOST: usize = 32;

    pub(super) fn named(&mut self, name: &[u8]) -> Result<HashFunction, BadLine> {
        if let Some((_, known)) = self.0.iter().find(|(known, _)| known == name) {
            return *known;
        }
        let found = function(name);
        if self.0.len() < Self::MOST {
            self.0.push((name.to_vec(), found));
        }
        found
    }
}

/// A digest in hex; those of functions whose length can be chosen may have any.
pub(super) fn hex(function: HashFunction, text: &[u8]) -> Result<Digest, BadLine> {
    let sized = HashFunction::new(function.algorithm(), text.len() / 2);
    let function = if function.algorithm().is_extendable() { sized } else { Some(function) };
    function.and_then(|f| Digest::from_hex(f, text).ok()).ok_or(BadLine::BadDigest)
}

/// One digest or several in any notation.
pub(super) fn notation(text: &str, hint: Option<HashFunction>) -> Result<Vec<Digest>, BadLine> {
    // What nearly all are, at a tenth of the cost.
    let sha256 = |hex: &str| Digest::from_hex(Algorithm::Sha256, hex).ok();
    let usual = text.strip_prefix("sha256:").and_then(sha256);
    if let Some(digest) = usual.or_else(|| hint.is_none().then(|| sha256(text))?) {
        return Ok(vec![digest]);
    }
    match Expected::parse(text, hint) {
        Ok(expected) => Ok(expected.digests().to_vec()),
        Err(ParseExpectedError::NotComputed(_)) => Err(BadLine::NotComputed),
        Err(ParseExpectedError::UnknownAlgorithm(_)) => Err(BadLine::UnknownTag),
        Err(ParseExpectedError::NotOfAFile(_)) => Err(BadLine::NotOfAFile),
        Err(ParseExpectedError::Malformed(_) | ParseExpectedError::OddLength { .. }) => {
            Err(BadLine::BadDigest)
        }
        Err(_) => Err(BadLine::NoDigest),
    }
}

/// An entry for the file called `name`, with digests of which there is at least one.
pub(super) fn entry(
    name: &[u8],
    digests: impl IntoIterator<Item = Digest>,
    size: Option<u64>,
) -> Result<Entry, BadLine> {
    if name.is_empty() {
        return Err(BadLine::NoName);
    }
    if name.contains(&0) {
        return Err(BadLine::Nul);
    }
    let mut digests = digests.into_iter();
    let digest = digests.next().ok_or(BadLine::NoDigest)?;
    let mut others: Vec<Digest> = Vec::new();
    for other in digests {
        let same = |known: &&Digest| known.hash_function() == other.hash_function();
        let known = [&digest].into_iter().chain(&others).find(same).copied();
        match known {
            Some(known) if known != other => return Err(BadLine::Conflict),
            Some(_) => {}
            None => others.push(other),
        }
    }
    Ok(Entry { others, size, ..Entry::new(path(name)?, digest) })
}

/// Adds a digest to those of one file, if it is not there; two that contradict each other are
/// enough to tell.
pub(super) fn add(digests: &mut Vec<Digest>, digest: Digest) {
    let alike = |known: &&Digest| known.hash_function() == digest.hash_function();
    if !digests.contains(&digest) && digests.iter().filter(alike).count() < 2 {
        digests.push(digest);
    }
}

#[cfg(unix)]
pub(super) fn path_from(name: Vec<u8>) -> Result<PathBuf, BadLine> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(name).into())
}

/// Elsewhere than on Unix names are Unicode.
#[cfg(not(unix))]
pub(super) fn path_from(name: Vec<u8>) -> Result<PathBuf, BadLine> {
    String::from_utf8(name).map(PathBuf::from).map_err(|_| BadLine::NoName)
}

/// A path of these bytes.
pub(super) fn path(name: &[u8]) -> Result<PathBuf, BadLine> {
    path_from(name.to_vec())
}

/// A decimal number of bytes.
pub(super) fn size(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// The words of a line, between blanks.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

/// Whether it is hexadecimal digits, and as many as a usual digest has.
pub(super) fn is_usual_hex(text: &[u8]) -> bool {
    let is_usual =
        text.len().is_multiple_of(2) && Algorithm::from_digest_len(text.len() / 2).is_some();
    is_usual && text.iter().all(u8::is_ascii_hexdigit)
}

/// The last part of a path with either kind of slash.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(path)
}

/// The name that a URL's file has: its last part, without query and fragment, percent-decoded.
pub(super) fn url_name(url: &str) -> Vec<u8> {
    let path = url.split(['?', '#']).next().unwrap_or(url).as_bytes();
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let mut plain = Vec::with_capacity(name.len());
    let mut rest = name;
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) if *first == b'%' => {
                plain.push(byte);
                rest = &after[2..];
            }
            _ => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}
