//! Names before digests: headers, algorithms, and prefixes of things that are not file digests.

use crate::algorithm::names::UnknownAlgorithm;
use crate::algorithm::{Algorithm, HashFunction};
use crate::notation::expected::ParseExpectedError;
use crate::text::normalize;

/// The value of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Header {
    /// One digest.
    One(NamedFunction),
    /// One or more of `alg=DIGEST` or `alg:DIGEST`.
    Fields,
}

/// Names of HTTP headers with [`Header::Fields`], in lower case.
const FIELDS: [&str; 8] = [
    "digest",                // RFC 3230
    "repr-digest",           // RFC 9530
    "content-digest",        // RFC 9530
    "unencoded-digest",      // draft-ietf-httpbis-unencoded-digest
    "docker-content-digest", // OCI distribution
    "x-goog-hash",           // Google Cloud Storage
    "oc-checksum",           // ownCloud, Nextcloud
    "integrity",             // npm, HTML
];

/// Algorithms that this crate does not implement: the name in messages, and normalized names.
const UNSUPPORTED: [(&str, &[&str]); 27] = [
    ("Adler-32", &["adler", "adler32"]),
    ("BitTorrent's multihash", &["btmh"]),
    ("POSIX cksum's CRC", &["cksum", "unixcksum"]),
    ("CRC-32", &["crc", "crc32", "crc32b"]),
    ("CRC-64", &["crc64"]),
    ("the eDonkey2000 hash", &["ed2k"]),
    ("FNV-1a", &["fnv1a"]),
    ("GOST R 34.11-94", &["gost", "gost94"]),
    ("Streebog", &["gost12256", "gost12512", "streebog256", "streebog512"]),
    ("HAS-160", &["has160"]),
    ("Keccak-256 (the original, not SHA-3)", &["keccak256"]),
    ("MD2", &["md2"]),
    ("MD4", &["md4"]),
    ("MD6", &["md6"]),
    ("MurmurHash3", &["murmur3"]),
    ("RIPEMD-160", &["ripemd160", "rmd160"]),
    ("Skein", &["skein"]),
    ("Snefru", &["snefru256"]),
    ("System V's sum", &["sysv"]),
    ("the sum of sum(1)", &["sum", "unixsum"]),
    ("Tiger", &["tiger"]),
    ("the Tiger tree hash", &["tigertree", "tth"]),
    ("Whirlpool", &["whirlpool"]),
    ("XXH128", &["xx128", "xxh128"]),
    ("XXH3", &["xxh3"]),
    ("XXH32", &["xxh32"]),
    ("XXH64", &["xxh64"]),
];

/// Prefixes of digests that are not of a file's bytes, in lower case, and the reason.
const NOT_OF_A_FILE: [(&str, &str); 10] = [
    (
        "h1:",
        "'h1:' is Go's hash of a list of a module's files, not a digest of a file; \
         use 'go mod verify' to check it",
    ),
    ("c:q1", "'C:Q1' is the digest of the control part of an Alpine package, not of the file"),
    ("swh:", "a Software Heritage identifier is the digest of a Git object, not of the file"),
    ("gitoid:", "a Git object identifier covers a header too and is not a digest of the file"),
    ("git:", "a Git object identifier covers a header too and is not a digest of the file"),
    ("urn:btih:", "a BitTorrent info hash covers the torrent's metadata, not the file"),
    ("urn:btmh:", "a BitTorrent info hash covers the torrent's metadata, not the file"),
    ("urn:tree:", "a Tiger tree hash covers a tree of pieces and is not supported"),
    ("urn:ed2k:", "an eDonkey2000 hash covers a list of pieces and is not supported"),
    ("nar:", "the hash of a Nix archive covers a file tree, not a file"),
];

/// Returns the kind of value that the header `name` has, in any case.
///
/// `Content-MD5` and vendors' headers end in the name of an algorithm: `x-amz-checksum-sha256`,
/// `x-amz-meta-sha256`, `x-ms-blob-content-md5`, `x-bz-content-sha1`, `X-Checksum-Md5`.
///
/// # Errors
/// If this crate does not implement the algorithm.
pub(super) fn header(name: &str) -> Result<Option<Header>, ParseExpectedError> {
    let name = name.to_ascii_lowercase();
    if FIELDS.contains(&&*name) {
        return Ok(Some(Header::Fields));
    }
    match name.rsplit_once('-') {
        Some((vendor, last)) if vendor == "content" || vendor.starts_with("x-") => {
            match algorithm(last) {
                Err(ParseExpectedError::UnknownAlgorithm(_)) => Ok(None),
                named => named.map(|named| Some(Header::One(named))),
            }
        }
        _ => Ok(None),
    }
}

/// Rejects digests that are not of a file's bytes.
pub(super) fn reject_other_digests(text: &str) -> Result<(), ParseExpectedError> {
    match NOT_OF_A_FILE.iter().find(|(prefix, _)| after(text, prefix).is_some()) {
        Some((_, reason)) => Err(ParseExpectedError::NotOfAFile(reason)),
        None => Ok(()),
    }
}

/// Returns the text after `prefix`, which may be in either case.
pub(super) fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The meaning of a name before a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NamedFunction {
    /// Digests of this length only.
    Exactly(HashFunction),
    /// Digests of any length that the algorithm has.
    AnyLen(Algorithm),
}

impl NamedFunction {
    /// Parses a name. Without a length, BLAKE2 means its longest digest, SHAKE and BLAKE3 any.
    pub(crate) fn parse(name: &str) -> Result<Self, UnknownAlgorithm> {
        let function: HashFunction = name.parse()?;
        let algorithm = function.algorithm();
        let is_open =
            algorithm.is_extendable() && !name.ends_with(&(function.len() * 8).to_string());
        Ok(if is_open { Self::AnyLen(algorithm) } else { Self::Exactly(function) })
    }

    /// Returns the function, at its default length if any length is meant.
    pub(super) fn hash_function(self) -> HashFunction {
        match self {
            Self::Exactly(function) => function,
            Self::AnyLen(algorithm) => algorithm.into(),
        }
    }

    /// Interprets the function that a caller gave for digests without a name.
    pub(crate) fn hint(function: HashFunction) -> Self {
        let algorithm = function.algorithm();
        match algorithm.has_variable_len() && function.has_default_len() {
            true => Self::AnyLen(algorithm),
            false => Self::Exactly(function),
        }
    }
}

/// Returns `true` if the name is that of an algorithm that this crate does not implement.
pub(crate) fn is_unsupported(name: &str) -> bool {
    is_name(name) && matches!(algorithm(name), Err(ParseExpectedError::Unsupported(_)))
}

/// Returns `true` if `name` could be the name of an algorithm.
pub(super) fn is_name(name: &str) -> bool {
    (1..=24).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(&b))
}

/// Looks up the algorithm of a name.
///
/// # Errors
/// If this crate does not implement it or does not know it.
pub(super) fn algorithm(name: &str) -> Result<NamedFunction, ParseExpectedError> {
    // RFC 5843: the digest before any content coding, which is the file's.
    let name = name.strip_prefix("id-").unwrap_or(name);
    let unknown = match NamedFunction::parse(name) {
        Ok(named) => return Ok(named),
        Err(unknown) => unknown,
    };
    let normal = normalize(name).replace('.', "");
    match UNSUPPORTED.iter().find(|(_, names)| names.contains(&&*normal)) {
        Some((shown, _)) => Err(ParseExpectedError::Unsupported(shown)),
        None => Err(unknown.into()),
    }
}
