//! Parsers shared by the formats: algorithm names, digests, file names and sizes.

use std::str;

use percent_encoding::percent_decode_str;

use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::manifest::entry::{self, Entry};
use crate::manifest::error::BadLine;
use crate::notation::expected::{Expected, ParseExpectedError};
use crate::notation::names::is_unsupported;

/// Parses a name of a hash function: `SHA256`, `sha-512`, `BLAKE2B`, `MD5Sum`.
///
/// # Errors
/// [`BadLine::Unsupported`] if the algorithm is known, [`BadLine::UnknownTag`] otherwise.
pub(super) fn function(name: &[u8]) -> Result<HashFunction, BadLine> {
    let name = str::from_utf8(name).map_err(|_| BadLine::UnknownTag)?.trim();
    name.parse().map_err(|_| match is_unsupported(name) {
        true => BadLine::Unsupported,
        false => BadLine::UnknownTag,
    })
}

/// Parses a digest in hex, of any length if the algorithm has digests of several lengths.
pub(super) fn hex(function: HashFunction, text: &[u8]) -> Result<Digest, BadLine> {
    let sized = HashFunction::new(function.algorithm(), text.len() / 2);
    let function = if function.algorithm().is_extendable() { sized } else { Some(function) };
    function.and_then(|f| Digest::from_hex(f, text).ok()).ok_or(BadLine::BadDigest)
}

/// Parses one or several digests in any notation.
pub(super) fn notation(text: &str, hint: Option<HashFunction>) -> Result<Vec<Digest>, BadLine> {
    // Nearly all digests are SHA-256 in hex, which this parses in a tenth of the time.
    let sha256 = |hex: &str| Digest::from_hex(Algorithm::Sha256, hex).ok();
    let usual = text.strip_prefix("sha256:").and_then(sha256);
    if let Some(digest) = usual.or_else(|| hint.is_none().then(|| sha256(text))?) {
        return Ok(vec![digest]);
    }
    match Expected::parse(text, hint) {
        Ok(expected) => Ok(expected.digests().to_vec()),
        Err(ParseExpectedError::Unsupported(_)) => Err(BadLine::Unsupported),
        Err(ParseExpectedError::UnknownAlgorithm(_)) => Err(BadLine::UnknownTag),
        Err(ParseExpectedError::NotOfAFile(_)) => Err(BadLine::NotOfAFile),
        Err(ParseExpectedError::Malformed(_) | ParseExpectedError::UnknownLength { .. }) => {
            Err(BadLine::BadDigest)
        }
        Err(_) => Err(BadLine::NoDigest),
    }
}

/// Returns the number of bytes that padded base64 of this length encodes.
pub(super) fn base64_len(text: &[u8]) -> Option<usize> {
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    (text.len().is_multiple_of(4) && padding <= 2 && !text.is_empty())
        .then(|| text.len() / 4 * 3 - padding)
}

/// Creates an entry with at least one digest.
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
    let mut entry = Entry { size, ..Entry::new(entry::path(name)?, digest) };
    for other in digests {
        let same = |known: &&Digest| known.hash_function() == other.hash_function();
        let known = entry.digests().find(same).copied();
        match known {
            Some(known) if known != other => return Err(BadLine::Conflict),
            Some(_) => {}
            None => entry.others.push(other),
        }
    }
    Ok(entry)
}

/// Joins two entries of one file under the name of the first.
pub(super) fn join(one: Entry, other: Entry) -> Result<Entry, BadLine> {
    let size = match (one.size, other.size) {
        (Some(a), Some(b)) if a != b => return Err(BadLine::Conflict),
        (a, b) => a.or(b),
    };
    let joined = entry(b"-", one.digests().chain(other.digests()).copied(), size)?;
    let alternatives = [one.alternatives, other.alternatives].concat();
    Ok(Entry { path: one.path, url: one.url.or(other.url), alternatives, ..joined })
}

/// The digests of one file as they are collected.
#[derive(Default)]
pub(super) struct Digests {
    good: Vec<Digest>,
    /// The last name of an algorithm that is not supported.
    unsupported: Option<BadLine>,
    /// A malformed digest, which makes the entry bad even if other digests are valid.
    malformed: Option<BadLine>,
}

impl Digests {
    /// Adds a digest in hex.
    pub(super) fn add_hex(&mut self, function: Result<HashFunction, BadLine>, text: &[u8]) {
        match function.map(|function| hex(function, text)) {
            Ok(Ok(digest)) => add(&mut self.good, digest),
            Ok(Err(bad)) => self.malformed = Some(bad),
            Err(bad) => self.unsupported = Some(bad),
        }
    }

    /// Creates the entry of the file called `name`.
    pub(super) fn entry(self, name: &[u8], size: Option<u64>) -> Result<Entry, BadLine> {
        match (self.malformed, self.good.is_empty()) {
            (Some(bad), _) => Err(bad),
            (None, true) => Err(self.unsupported.unwrap_or(BadLine::NoDigest)),
            (None, false) => entry(name, self.good, size),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.good.is_empty() && self.unsupported.is_none() && self.malformed.is_none()
    }
}

/// Adds a digest, unless it or two of its hash function are present.
pub(super) fn add(digests: &mut Vec<Digest>, digest: Digest) {
    let alike = |known: &&Digest| known.hash_function() == digest.hash_function();
    if !digests.contains(&digest) && digests.iter().filter(alike).count() < 2 {
        digests.push(digest);
    }
}

pub(super) fn size(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty())
}

/// Returns `true` if a text is hex of the length of a common digest.
pub(super) fn is_usual_hex(text: &[u8]) -> bool {
    let is_usual =
        text.len().is_multiple_of(2) && Algorithm::from_digest_len(text.len() / 2).is_some();
    is_usual && text.iter().all(u8::is_ascii_hexdigit)
}

/// Returns the decoded last segment of a URL's path.
pub(super) fn url_name(url: &str) -> Vec<u8> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    percent_decode_str(path.rsplit('/').next().unwrap_or(path)).collect()
}
