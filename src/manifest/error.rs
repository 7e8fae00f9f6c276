//! Reasons why lines and lists are refused.

use std::fmt;

/// The reason why a line of a list, or a whole list, is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum BadLine {
    /// The line starts with neither a digest nor the tag of an algorithm.
    NoDigest,
    /// The algorithm's name is unknown.
    UnknownTag,
    /// The digest is malformed, or too short or too long for its algorithm.
    BadDigest,
    /// The file name is missing.
    NoName,
    /// An escape sequence in the file name is malformed.
    BadEscape,
    /// The line contains a NUL byte.
    Nul,
    /// The line is longer than the longest name makes it.
    TooLong,
    /// The line names standard input, which the list itself is read from.
    StdinTwice,
    /// The algorithm is known but not supported.
    NotComputed,
    /// The digest is not of the file's bytes.
    NotOfAFile,
    /// The digests of a `yarn.lock` are of archives in Yarn's cache, not of packages.
    OfACache,
    /// One file has two digests of one algorithm, or two names.
    Conflict,
    /// A digest belongs to a second file without a name: `xz_hash` without `xz_url`.
    Unpaired,
    /// The file is listed without a digest.
    WithoutDigest,
    /// The file could not be read when the list was made.
    NotRead,
    /// The name is absolute or contains `..`.
    Outside,
    /// Other entries have the same base name.
    Ambiguous,
    /// The entry has weak digests only, and they are not accepted.
    Weak,
    /// The list is too large for a format that is read whole.
    TooLarge {
        /// The maximum size in bytes.
        limit: u64,
    },
    /// The list is a snapshot record that is damaged or incomplete.
    Damaged,
    /// The list is a snapshot record in an unknown version of the format.
    Version,
    /// The JSON, XML, TOML, UTF-16 or shell array of the list is malformed.
    Syntax,
    /// The list is an HTML page.
    Html,
    /// The digest has no file name, and the list's own name does not give one.
    Unnamed,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDigest => "the line starts with neither a digest nor an algorithm",
            Self::UnknownTag => "unknown algorithm",
            Self::BadDigest => "the digest is malformed or has the wrong length",
            Self::NoName => "no file name",
            Self::BadEscape => "malformed escape in the file name",
            Self::Nul => "NUL byte in the line",
            Self::TooLong => "the line is too long",
            Self::StdinTwice => "standard input is the list itself",
            Self::NotComputed => "unsupported algorithm",
            Self::NotOfAFile => "the digest is not of the file's bytes",
            Self::OfACache => "the digests are of archives in Yarn's cache, not of packages",
            Self::Conflict => "two different digests of one algorithm for one file",
            Self::Unpaired => "a digest of another file, which has no name",
            Self::WithoutDigest => "listed without a digest",
            Self::NotRead => "no digest: the file could not be read when the list was made",
            Self::Outside => "the name leads out of the directory",
            Self::Ambiguous => "several entries have this base name",
            Self::Weak => "only MD5 or SHA-1 digests",
            Self::TooLarge { limit } => {
                return write!(f, "the list is too large (at most {} MiB)", limit >> 20);
            }
            Self::Damaged => "the record is damaged or incomplete; the rest is ignored",
            Self::Version => "unsupported version of the record format",
            Self::Syntax => "malformed JSON, XML, TOML, UTF-16 or array",
            Self::Html => "an HTML page, not a list of digests",
            Self::Unnamed => "a digest without a file name",
        })
    }
}

impl std::error::Error for BadLine {}

impl BadLine {
    /// Returns `true` if the line is well-formed but its file must not be verified.
    ///
    /// A refused line is a failure: its file should have been verified.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Conflict | Self::Outside | Self::Ambiguous | Self::Weak)
    }
}
