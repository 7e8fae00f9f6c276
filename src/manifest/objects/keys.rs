//! The vocabulary of keys: which fields name a file, an algorithm or a digest.

use crate::algorithm::HashFunction;
use crate::manifest::error::BadLine;
use crate::manifest::fields;

/// The meaning of a key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Field {
    Path,
    PathBase64,
    /// A URL, and its position in [`URLS`].
    Url(usize),
    Name,
    Version,
    Id,
    Algorithm,
    Size,
    Error,
    /// A digest, if another field names its algorithm.
    Value,
    Digest(KeyAlgorithm),
    /// A field of another file in the same object, with its prefix: `xz_url`, `xz_hash`.
    Part(Box<str>, Box<Field>),
    Unknown,
}

/// The algorithm that the key of a digest-like field names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyAlgorithm {
    /// None; the digest itself or another field names it.
    Any,
    Of(HashFunction),
    Unsupported,
}

/// Keys of one word, without separators and in lower case.
static WORDS: [(Field, &[&str]); 9] = [
    (Field::Path, &["filename", "path", "file", "filepath", "relativepath", "rfilename"]),
    (Field::PathBase64, &["pathbase64"]),
    (Field::Name, &["name"]),
    (Field::Version, &["version"]),
    // `{"keyid": HEX, "sig": HEX}` is a signature, not a map.
    (Field::Id, &["id", "keyid"]),
    (
        Field::Algorithm,
        &[
            "algorithm",
            "algo",
            "alg",
            "type",
            "hashalgorithm",
            "digestalgorithm",
            "checksumalgorithm",
            "hashtype",
            "checksumtype",
        ],
    ),
    (Field::Size, &["size", "length", "filesize", "bytes"]),
    (Field::Error, &["error"]),
    (Field::Value, &["value", "content"]),
];

/// Keys of URLs, the best first: GitHub's `url` is one of its API.
const URLS: [&str; 8] = [
    "browser_download_url",
    "download_url",
    "resolved",
    "tarball",
    "archive",
    "href",
    "uri",
    "url",
];

/// Keys whose objects describe no file of the list, though their fields look like digests.
///
/// They are the metadata of a wheel (PEP 714), SPDX's digest of digests, and maps whose keys are
/// names of packages or commands, such as `md5`.
const UNRELATED: [&str; 14] = [
    "core-metadata",
    "data-dist-info-metadata",
    "dist-info-metadata",
    "packageVerificationCode",
    "dependencies",
    "devDependencies",
    "dev-dependencies",
    "optionalDependencies",
    "optional-dependencies",
    "peerDependencies",
    "requires",
    "extras",
    "bin",
    "scripts",
];

/// Words for a digest, which may precede or follow an algorithm's name.
const DIGEST_WORDS: [&str; 8] =
    ["checksums", "checksum", "digests", "digest", "hashes", "hash", "sums", "sum"];

/// Returns `true` if objects under this key describe no file of the list.
pub(crate) fn is_unrelated(key: &str) -> bool {
    UNRELATED.contains(&key)
}

/// Returns the meaning of a key.
pub(crate) fn field(key: &str) -> Field {
    if let Some(rank) = URLS.iter().position(|known| *known == key) {
        return Field::Url(rank);
    }
    // npm's private fields (`_shasum`, `_integrity`), and names of files, most of which have a dot.
    if key.starts_with('_') || key.contains('.') || key.len() > 64 {
        return Field::Unknown;
    }
    let words = words(key);
    // A hash that Git computes is not of a file: `git_commit_hash`.
    let is_git = words.iter().any(|word| matches!(&**word, "git" | "commit" | "tree"));
    for at in 0..words.len().min(8) {
        let (prefix, rest) = (words[..at].join("_"), words[at..].concat());
        let found = match (at, &*rest) {
            (0, rest) => whole_key(rest),
            (_, "url" | "uri" | "href") => Field::Url(0),
            (_, "filename" | "file" | "path") => Field::Path,
            (_, rest) => key_algorithm(rest).map_or(Field::Unknown, Field::Digest),
        };
        match (at, found) {
            (_, Field::Unknown) => {}
            (0, found) => return found,
            (_, Field::Digest(KeyAlgorithm::Any)) if is_git => {
                return Field::Part(prefix.into(), Box::new(Field::Version));
            }
            (_, found) => return Field::Part(prefix.into(), Box::new(found)),
        }
    }
    Field::Unknown
}

fn whole_key(key: &str) -> Field {
    match WORDS.iter().find(|(_, words)| words.contains(&key)) {
        Some((field, _)) => field.clone(),
        None => key_algorithm(key).map_or(Field::Unknown, Field::Digest),
    }
}

/// Splits a key into words in lower case: `sha256_hash`, `sha256Hash` and `SHA256-Hash` are equal.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        let is_separator = matches!(c, '-' | '_' | ' ');
        let is_hump =
            c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if is_separator || is_hump {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !is_separator) {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the algorithm of a digest-like key: an algorithm's name, words for a digest, or both.
fn key_algorithm(key: &str) -> Option<KeyAlgorithm> {
    if matches!(key, "integrity" | "sri") {
        return Some(KeyAlgorithm::Any);
    }
    let (mut rest, mut stripped) = (key.strip_prefix("file").unwrap_or(key), false);
    rest = rest.strip_prefix("hex").unwrap_or(rest);
    for end in ["value", "hex", "base64", "b64"] {
        rest = rest.strip_suffix(end).unwrap_or(rest);
    }
    while let Some(shorter) =
        DIGEST_WORDS.iter().find_map(|word| rest.strip_suffix(word).or(rest.strip_prefix(word)))
    {
        (rest, stripped) = (shorter, true);
    }
    match rest {
        // npm's `shasum` is SHA-1, Zig's is SHA-256: the length decides.
        "" | "sha" => stripped.then_some(KeyAlgorithm::Any),
        _ => match fields::function(rest.as_bytes()) {
            Ok(function) => Some(KeyAlgorithm::Of(function)),
            Err(BadLine::Unsupported) => Some(KeyAlgorithm::Unsupported),
            Err(_) => None,
        },
    }
}
