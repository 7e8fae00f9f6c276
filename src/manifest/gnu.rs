//! The lines that each of the coreutils takes: which tags, which lengths, which notations.

use super::BadLine;
use super::parse::base64_len;
use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;

/// Whose lines are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GnuDialect {
    /// `md5sum` and its kin: their own tag, digests in hex; `b2sum` is that of BLAKE2b, whose tag
    /// may hold a length.
    Own(Algorithm),
    /// `cksum`, hex and base64. With `--algorithm` its tags and untagged lines; without, every
    /// tag, and tagged lines only.
    Cksum(Option<AlgorithmFamily>),
}

/// What `cksum --algorithm` names.
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

/// The tags, up to a length that may follow.
const TAGS: [(&str, AlgorithmFamily); 10] = [
    ("MD5", AlgorithmFamily::One(Md5)),
    ("SHA1", AlgorithmFamily::One(Sha1)),
    ("SHA224", AlgorithmFamily::One(Sha224)),
    ("SHA256", AlgorithmFamily::One(Sha256)),
    ("SHA384", AlgorithmFamily::One(Sha384)),
    ("SHA512", AlgorithmFamily::One(Sha512)),
    ("SHA2", AlgorithmFamily::Sha2),
    ("SHA3", AlgorithmFamily::Sha3),
    ("BLAKE2b", AlgorithmFamily::One(Blake2b)),
    ("SM3", AlgorithmFamily::One(Sm3)),
];

impl AlgorithmFamily {
    /// Its function with digests of `len` bytes.
    pub fn function(self, len: usize) -> Option<HashFunction> {
        let of_len = |all: [Algorithm; 4]| all.into_iter().find(|a| a.default_len() == len);
        match self {
            Self::One(algorithm) => HashFunction::new(algorithm, len),
            Self::Sha2 => of_len([Sha224, Sha256, Sha384, Sha512]).map(HashFunction::from),
            Self::Sha3 => of_len([Sha3_224, Sha3_256, Sha3_384, Sha3_512]).map(HashFunction::from),
        }
    }

    /// The name that its tags begin with.
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

/// The tag that a line begins with.
pub(super) struct Tag<'l> {
    pub(super) name: &'static str,
    /// Where a parenthesis follows: the function, if the dialect takes it, and what comes after.
    /// A digest in base64 may begin like a tag.
    pub(super) fields: Option<(Result<HashFunction, BadLine>, &'l [u8])>,
}

impl GnuDialect {
    pub(super) fn tag<'l>(self, line: &'l [u8]) -> Option<Tag<'l>> {
        let end = line.iter().position(|b| b" \t-(".contains(b)).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        let (name, family) = *TAGS.iter().find(|(name, _)| name.as_bytes() == word)?;
        let (bits, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => {
                c_number(rest).map_or((Some(None), rest), |(n, rest)| (Some(Some(n)), rest))
            }
            // But for the tools with one tag and no length, one blank more is none too many.
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
        Some(Tag { name, fields })
    }

    /// Whether it is a tool that computes digests of many lengths: one may follow the tag.
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

    /// The digest of a line without a tag; its length says which function it is of.
    pub(super) fn untagged(self, text: &[u8]) -> Result<Digest, BadLine> {
        match self {
            Self::Own(algorithm) => self.digest(|len| HashFunction::new(algorithm, len), text),
            Self::Cksum(Some(family)) => self.digest(|len| family.function(len), text),
            Self::Cksum(None) => Err(BadLine::NoDigest),
        }
    }

    /// A digest of the function that there is for its length in bytes.
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

/// A digest in base64. GNU compares texts: one whose unused bits are set is well-formed, and
/// stands for no digest.
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
    // The one digest that this text is surely not of.
    digest.as_mut_bytes()[0] ^= 1;
    Some(digest)
}

/// A number as C's `strtoumax` reads it in base 0, and what follows.
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
