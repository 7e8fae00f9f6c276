//! Names before digests: headers, algorithms, and prefixes of things that are not file digests.

use crate::algorithm::{Algorithm, HashFunction};
use crate::notation::expected::ParseExpectedError;

use Algorithm::{Md5, Sha1, Sha256, Sha512};

/// The value of a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Header {
    /// One digest of this algorithm.
    One(Algorithm),
    /// One or more of `alg=DIGEST` or `alg:DIGEST`.
    Fields,
    /// A digest of an algorithm that this crate does not implement.
    NotComputed(&'static str),
}

/// Names of HTTP headers, in lower case.
const HEADERS: [(&str, Header); 23] = [
    ("content-md5", Header::One(Md5)),              // RFC 1864
    ("digest", Header::Fields),                     // RFC 3230
    ("repr-digest", Header::Fields),                // RFC 9530
    ("content-digest", Header::Fields),             // RFC 9530
    ("unencoded-digest", Header::Fields),           // draft-ietf-httpbis-unencoded-digest
    ("docker-content-digest", Header::Fields),      // OCI distribution
    ("x-goog-hash", Header::Fields),                // Google Cloud Storage
    ("x-amz-checksum-sha1", Header::One(Sha1)),     // S3
    ("x-amz-checksum-sha256", Header::One(Sha256)), // S3
    ("x-amz-checksum-sha512", Header::One(Sha512)), // S3
    ("x-amz-checksum-crc32", Header::NotComputed("CRC-32")),
    ("x-amz-checksum-crc32c", Header::NotComputed("CRC-32C")),
    ("x-amz-checksum-crc64nvme", Header::NotComputed("CRC-64/NVME")),
    ("x-amz-content-sha256", Header::One(Sha256)), // S3
    ("x-amz-meta-sha256", Header::One(Sha256)),    // S3, by custom
    ("x-ms-blob-content-md5", Header::One(Md5)),   // Azure
    ("x-bz-content-sha1", Header::One(Sha1)),      // Backblaze
    ("x-checksum-md5", Header::One(Md5)),          // Artifactory, Nexus
    ("x-checksum-sha1", Header::One(Sha1)),        // Artifactory, Nexus
    ("x-checksum-sha256", Header::One(Sha256)),    // Artifactory, Nexus
    ("x-checksum-sha512", Header::One(Sha512)),    // Artifactory, Nexus
    ("oc-checksum", Header::Fields),               // ownCloud, Nextcloud
    ("integrity", Header::Fields),                 // npm, HTML
];

/// Algorithms that this crate does not implement: the name in messages, and normalized names.
const NOT_COMPUTED: [(&str, &[&str]); 29] = [
    ("Adler-32", &["adler", "adler32"]),
    ("BitTorrent's multihash", &["btmh"]),
    ("POSIX cksum's CRC", &["cksum", "unixcksum"]),
    ("CRC-32", &["crc", "crc32", "crc32b"]),
    ("CRC-32C", &["crc32c"]),
    ("CRC-64", &["crc64"]),
    ("CRC-64/NVME", &["crc64nvme"]),
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
    (
        "urn:btih:",
        "a BitTorrent info hash is the digest of the torrent's metadata, not of the file",
    ),
    (
        "urn:btmh:",
        "a BitTorrent info hash is the digest of the torrent's metadata, not of the file",
    ),
    ("urn:tree:", "a Tiger tree hash covers a tree of pieces and is not supported"),
    ("urn:ed2k:", "an eDonkey2000 hash covers a list of pieces and is not supported"),
    ("nar:", "the hash of a Nix archive covers a file tree, not a file"),
];

/// Returns the value that the header `name` has, whose case does not count.
pub(super) fn header(name: &str) -> Option<Header> {
    let row = HEADERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    row.map(|(_, header)| *header)
}

/// Rejects digests that are not of a file's bytes.
pub(super) fn reject_other_digests(text: &str) -> Result<(), ParseExpectedError> {
    let has = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match NOT_OF_A_FILE.iter().find(|(prefix, _)| has(prefix)) {
        Some((_, reason)) => Err(ParseExpectedError::NotOfAFile(reason)),
        None => Ok(()),
    }
}

/// The meaning of a name before a digest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// Digests of this length only.
    Exactly(HashFunction),
    /// Digests of any length that the algorithm has.
    AnyLen(Algorithm),
}

impl Named {
    /// Returns the function, at its default length if any length is meant.
    pub(super) fn hash_function(self) -> HashFunction {
        match self {
            Self::Exactly(function) => function,
            Self::AnyLen(algorithm) => algorithm.into(),
        }
    }

    /// Interprets the function that a caller gave for digests without a name.
    pub(super) fn hint(function: HashFunction) -> Self {
        let algorithm = function.algorithm();
        match algorithm.has_variable_len() && function == algorithm.into() {
            true => Self::AnyLen(algorithm),
            false => Self::Exactly(function),
        }
    }
}

/// Returns `true` if the name is that of an algorithm that this crate does not implement.
pub(crate) fn is_not_computed(name: &str) -> bool {
    is_name(name) && matches!(algorithm(name), Err(ParseExpectedError::NotComputed(_)))
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
pub(super) fn algorithm(name: &str) -> Result<Named, ParseExpectedError> {
    // RFC 5843: the digest before any content coding, which is the file's.
    let name = name.strip_prefix("id-").unwrap_or(name);
    let unknown = match name.parse::<HashFunction>() {
        Ok(function) => {
            let algorithm = function.algorithm();
            // Without a length, BLAKE2 means its longest digest, SHAKE and BLAKE3 any.
            let bits = (function.len() * 8).to_string();
            let open = algorithm.is_extendable() && !name.ends_with(&bits);
            return Ok(match open {
                true => Named::AnyLen(algorithm),
                false => Named::Exactly(function),
            });
        }
        Err(unknown) => unknown,
    };
    let mut normal = name.to_ascii_lowercase();
    normal.retain(|c| !matches!(c, '-' | '_' | '/' | '.'));
    match NOT_COMPUTED.iter().find(|(_, names)| names.contains(&&*normal)) {
        Some((shown, _)) => Err(ParseExpectedError::NotComputed(shown)),
        None => Err(unknown.into()),
    }
}
