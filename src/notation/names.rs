//! The names that stand before digests: headers, algorithms that are not computed here, and what
//! is no digest of a file.

use super::ParseExpectedError;
use crate::algorithm::{Algorithm, HashFunction};

use Algorithm::{Md5, Sha1, Sha256, Sha512};

/// What a header's value holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Header {
    /// One digest, of this algorithm.
    One(Algorithm),
    /// `alg=DIGEST`, several of them, or `alg:DIGEST`.
    Fields,
}

/// Names of HTTP headers, in lower case.
const HEADERS: [(&str, Header); 20] = [
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
    ("x-amz-content-sha256", Header::One(Sha256)),  // S3
    ("x-amz-meta-sha256", Header::One(Sha256)),     // S3, by custom
    ("x-ms-blob-content-md5", Header::One(Md5)),    // Azure
    ("x-bz-content-sha1", Header::One(Sha1)),       // Backblaze
    ("x-checksum-md5", Header::One(Md5)),           // Artifactory, Nexus
    ("x-checksum-sha1", Header::One(Sha1)),         // Artifactory, Nexus
    ("x-checksum-sha256", Header::One(Sha256)),     // Artifactory, Nexus
    ("x-checksum-sha512", Header::One(Sha512)),     // Artifactory, Nexus
    ("oc-checksum", Header::Fields),                // ownCloud, Nextcloud
    ("integrity", Header::Fields),                  // npm, HTML
];

/// What is known and not computed: the normal form of the name, and the name as it is shown.
const NOT_COMPUTED: [(&str, &str); 41] = [
    ("adler", "Adler-32"),
    ("adler32", "Adler-32"),
    ("btmh", "BitTorrent's multihash"),
    ("cksum", "POSIX cksum's CRC"),
    ("crc", "CRC-32"),
    ("crc32", "CRC-32"),
    ("crc32b", "CRC-32"),
    ("crc32c", "CRC-32C"),
    ("crc64", "CRC-64"),
    ("crc64nvme", "CRC-64/NVME"),
    ("ed2k", "the eDonkey2000 hash"),
    ("fnv1a", "FNV-1a"),
    ("gost", "GOST R 34.11-94"),
    ("gost94", "GOST R 34.11-94"),
    ("gost12256", "Streebog"),
    ("gost12512", "Streebog"),
    ("has160", "HAS-160"),
    ("keccak256", "Keccak-256 (before it was SHA-3)"),
    ("md2", "MD2"),
    ("md4", "MD4"),
    ("md6", "MD6"),
    ("murmur3", "MurmurHash3"),
    ("ripemd160", "RIPEMD-160"),
    ("rmd160", "RIPEMD-160"),
    ("skein", "Skein"),
    ("snefru256", "Snefru"),
    ("streebog256", "Streebog"),
    ("streebog512", "Streebog"),
    ("sysv", "System V's sum"),
    ("sum", "the sum of sum(1)"),
    ("tiger", "Tiger"),
    ("tigertree", "the Tiger tree hash"),
    ("tth", "the Tiger tree hash"),
    ("unixcksum", "POSIX cksum's CRC"),
    ("unixsum", "the sum of sum(1)"),
    ("whirlpool", "Whirlpool"),
    ("xx128", "XXH128"),
    ("xxh128", "XXH128"),
    ("xxh3", "XXH3"),
    ("xxh32", "XXH32"),
    ("xxh64", "XXH64"),
];

/// Beginnings of digests that are not of a file's bytes, in lower case, and what they are of.
const NOT_OF_A_FILE: [(&str, &str); 10] = [
    (
        "h1:",
        "'h1:' is Go's hash of the listing of a module's files, not a digest of a file: \
         'go mod verify' checks it",
    ),
    ("c:q1", "'C:Q1' is the digest of an Alpine package's control part, not of the file"),
    ("swh:", "a Software Heritage identifier is a Git object's, not a digest of the file alone"),
    ("gitoid:", "a Git object identifier is not a digest of the file alone"),
    ("git:", "a Git object identifier is not a digest of the file alone"),
    ("urn:btih:", "a BitTorrent info hash is of the torrent's description, not of the file"),
    ("urn:btmh:", "a BitTorrent info hash is of the torrent's description, not of the file"),
    ("urn:tree:", "a Tiger tree hash is of a tree of pieces, and not computed here"),
    ("urn:ed2k:", "an eDonkey2000 hash is of a list of pieces, and not computed here"),
    ("nar:", "a hash of a Nix archive is of a tree, not of a file"),
];

/// The header that `name` is, in any case.
pub(super) fn header(name: &str) -> Result<Option<Header>, ParseExpectedError> {
    let name = name.to_ascii_lowercase();
    match &*name {
        "x-amz-checksum-crc32" => Err(ParseExpectedError::NotComputed("CRC-32")),
        "x-amz-checksum-crc32c" => Err(ParseExpectedError::NotComputed("CRC-32C")),
        "x-amz-checksum-crc64nvme" => Err(ParseExpectedError::NotComputed("CRC-64/NVME")),
        _ => Ok(HEADERS.iter().find(|(known, _)| *known == name).map(|(_, header)| *header)),
    }
}

/// Refuses what is a digest, but not of a file's bytes.
pub(super) fn refuse_other_things(text: &str) -> Result<(), ParseExpectedError> {
    let begins = |prefix: &str| {
        text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    match NOT_OF_A_FILE.iter().find(|(prefix, _)| begins(prefix)) {
        Some((_, sentence)) => Err(ParseExpectedError::NotOfAFile(sentence)),
        None => Ok(()),
    }
}

/// What a name before a digest says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    /// Digests of this length only.
    Exactly(HashFunction),
    /// Digests of any length that the algorithm has.
    AnyLen(Algorithm),
}

impl Named {
    /// The function, where the length is not asked for.
    pub(super) fn hash_function(self) -> HashFunction {
        match self {
            Self::Exactly(function) => function,
            Self::AnyLen(algorithm) => algorithm.into(),
        }
    }

    /// What the user said of digests that do not name their algorithm.
    pub(super) fn hint(function: HashFunction) -> Self {
        let algorithm = function.algorithm();
        match algorithm.has_variable_len() && function == algorithm.into() {
            true => Self::AnyLen(algorithm),
            false => Self::Exactly(function),
        }
    }
}

/// Returns `true` for the name of an algorithm that is known, and not computed here.
pub(crate) fn is_not_computed(name: &str) -> bool {
    is_name(name) && matches!(algorithm(name), Err(ParseExpectedError::NotComputed(_)))
}

/// Whether a name is shaped like one of an algorithm.
pub(super) fn is_name(name: &str) -> bool {
    (1..=24).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(&b))
}

/// The algorithm that a name means.
///
/// # Errors
/// One that is not computed, or none.
pub(super) fn algorithm(name: &str) -> Result<Named, ParseExpectedError> {
    // RFC 5843: of the bytes before any content coding, and so of the file.
    let name = name.strip_prefix("id-").unwrap_or(name);
    let unknown = match name.parse::<HashFunction>() {
        Ok(function) => {
            let algorithm = function.algorithm();
            // Without a length BLAKE2 means its longest digest, SHAKE and BLAKE3 any.
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
    match NOT_COMPUTED.iter().find(|(known, _)| *known == normal) {
        Some((_, shown)) => Err(ParseExpectedError::NotComputed(shown)),
        None => Err(unknown.into()),
    }
}
