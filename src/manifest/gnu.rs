//! The lines that each of the coreutils accepts: tags, digest lengths and encodings.

use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::manifest::error::BadLine;
use crate::manifest::fields::base64_len;

/// The program whose lines are accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GnuDialect {
    /// `md5sum`, `sha256sum` and so on: their own tag, and digests in hex.
    ///
    /// `b2sum` is the one for BLAKE2b; its tag may contain a length.
    Own(Algorithm),
    /// `cksum`: digests in hex and base64.
    ///
    /// With `--algorithm` it accepts that algorithm's tags and lines without a tag. Without, it
    /// accepts every tag, but no lines without one.
    Cksum(Option<AlgorithmFamily>),
}

/// The algorithms that one argument of `cksum --algorithm` selects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlgorithmFamily {
    /// One algorithm.
    One(Algorithm),
    /// SHA-224, SHA-256, SHA-384 and SHA-512.
    Sha2,
    /// SHA3-224, SHA3-256, SHA3-384 and SHA3-512.
    Sha3,
}

use Algorithm::*;
use AlgorithmFamily::One;

/// The families that have a tag; a length may follow it.
const FAMILIES: [AlgorithmFamily; 10] = [
    One(Md5),
    One(Sha1),
    One(Sha224),
    One(Sha256),
    One(Sha384),
    One(Sha512),
    AlgorithmFamily::Sha2,
    AlgorithmFamily::Sha3,
    One(Blake2b),
    One(Sm3),
];

impl AlgorithmFamily {
    /// Returns the hash function of the family that has digests of `len` bytes.
    pub fn function(self, len: usize) -> Option<HashFunction> {
        let of_len = |all: [Algorithm; 4]| all.into_iter().find(|a| a.default_len() == len);
        match self {
            Self::One(algorithm) => HashFunction::new(algorithm, len),
            Self::Sha2 => of_len([Sha224, Sha256, Sha384, Sha512]).map(HashFunction::from),
            Self::Sha3 => of_len([Sha3_224, Sha3_256, Sha3_384, Sha3_512]).map(HashFunction::from),
        }
    }

    /// Returns the start of the family's tags.
    pub fn tag(self) -> &'static str {
        match self {
            Self::One(algorithm) => algorithm.tag(),
            Self::Sha2 => "SHA2",
            Self::Sha3 => "SHA3",
        }
    }

    fn contains(self, function: HashFunction) -> bool {
        self.function(function.len()).is_some_and(|own| own == function)
    }
}

/// The tag at the start of a line.
pub(super) struct Tag<'l> {
    pub(super) name: &'static str,
    /// The hash function, if the dialect accepts it, and the rest of the line.
    ///
    /// `None` if no parenthesis follows, as after a base64 digest that starts like a tag.
    pub(super) fields: Option<(Result<HashFunction, BadLine>, &'l [u8])>,
}

impl GnuDialect {
    /// Parses the tag at the start of a line.
    pub(super) fn tag<'l>(self, line: &'l [u8]) -> Option<Tag<'l>> {
        let end = line.iter().position(|b| b" \t-(".contains(b)).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let family = *FAMILIES.iter().find(|family| family.tag().as_bytes() == word)?;
        let (bits, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => {
                c_number(rest).map_or((Some(None), rest), |(n, rest)| (Some(Some(n)), rest))
            }
            // The tools whose tags may contain a length accept one more blank.
            None if self.reads_bits() => {
                (None, rest.strip_prefix(b"\t").or(rest.strip_prefix(b" ")).unwrap_or(rest))
            }
            None => (None, rest),
        };
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let fields = rest.strip_prefix(b"(").map(|fields| {
            let function = match (bits, family) {
                (None, AlgorithmFamily::One(algorithm)) => Some(algorithm.into()),
                (None | Some(None), _) => None,
                (Some(Some(bits)), _) => Some(bits)
                    .filter(|bits| bits.is_multiple_of(8))
                    .and_then(|bits| family.function(usize::try_from(bits / 8).ok()?)),
            };
            let function = function.filter(|function| self.takes(*function, bits.is_some()));
            (function.ok_or(BadLine::UnknownTag), fields)
        });
        Some(Tag { name: family.tag(), fields })
    }

    /// Returns `true` if a length may follow a tag, because the program has digests of several.
    pub(super) fn reads_bits(self) -> bool {
        matches!(self, Self::Own(Blake2b) | Self::Cksum(_))
    }

    fn takes(self, function: HashFunction, has_bits: bool) -> bool {
        match self {
            Self::Own(Blake2b) => function.algorithm() == Blake2b,
            Self::Own(algorithm) => function == algorithm.into() && !has_bits,
            Self::Cksum(None) => true,
            Self::Cksum(Some(family)) => family.contains(function),
        }
    }

    /// Parses the digest of a line without a tag; its length selects the hash function.
    pub(super) fn untagged(self, text: &[u8]) -> Result<Digest, BadLine> {
        match self {
            Self::Own(algorithm) => self.digest(|len| HashFunction::new(algorithm, len), text),
            Self::Cksum(Some(family)) => self.digest(|len| family.function(len), text),
            Self::Cksum(None) => Err(BadLine::NoDigest),
        }
    }

    /// Parses a digest of the function that `function` returns for its length in bytes.
    pub(super) fn digest(
        self,
        function: impl Fn(usize) -> Option<HashFunction>,
        text: &[u8],
    ) -> Result<Digest, BadLine> {
        let hex = || Digest::from_hex(function(text.len() / 2)?, text).ok();
        let base64 = || match self {
            Self::Own(_) => None,
            Self::Cksum(_) => base64_digest(function(base64_len(text)?)?, text),
        };
        hex().or_else(base64).ok_or(BadLine::BadDigest)
    }
}

/// Parses a digest in base64.
///
/// GNU compares texts, so one whose unused bits are set is well-formed but matches no file.
fn base64_digest(function: HashFunction, text: &[u8]) -> Option<Digest> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if let Ok(digest) = Digest::from_base64(function, text) {
        return Some(digest);
    }
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    let last = text.len().checked_sub(padding + 1)?;
    let value = ALPHABET.iter().position(|b| *b == text[last])?;
    let mut canonical = text.to_vec();
    canonical[last] = ALPHABET[value >> (2 * padding) << (2 * padding)];
    let mut digest = Digest::from_base64(function, canonical).ok()?;
    // A file with the decoded digest cannot have this one.
    digest.as_mut_bytes()[0] ^= 1;
    Some(digest)
}

/// Parses a number as C's `strtoumax` does in base 0, and returns the rest.
fn c_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let blanks = text.iter().take_while(|b| matches!(b, b' ' | 9..=13)).count();
    let text = &text[blanks..];
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let (radix, digits) = match text {
        [b'0', b'x' | b'X', d, ..] if d.is_ascii_hexdigit() => (16, &text[2..]),
        [b'0', ..] => (8, text),
        _ => (10, text),
    };
    let digit = |b: &u8| char::from(*b).to_digit(radix).map(u64::from);
    let count = digits.iter().take_while(|b| digit(b).is_some()).count();
    let fold = |n: u64, d| n.saturating_mul(radix.into()).saturating_add(d);
    let number = digits[..count].iter().filter_map(digit).fold(0, fold);
    (count > 0).then_some((number, &digits[count..]))
}
