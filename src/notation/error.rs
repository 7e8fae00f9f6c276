//! Why a text is no digest of a file.

use std::fmt;

use crate::algorithm::HashFunction;
use crate::algorithm::names::UnknownAlgorithm;

/// Why a text is no digest of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ParseExpectedError {
    /// Nothing but white space and quotes.
    Empty,
    /// Longer than any digest is written.
    TooLong,
    /// No notation that is known.
    Unrecognised,
    /// Hexadecimal digits, in a number that no usual algorithm has.
    OddLength {
        /// How many.
        digits: usize,
    },
    /// The algorithm that it names is none.
    UnknownAlgorithm(UnknownAlgorithm),
    /// The algorithm is known, by this name, but not computed here.
    NotComputed(&'static str),
    /// The rest is no digest of the algorithm named: too short, too long, or of other characters.
    Malformed(HashFunction),
    /// A digest, but not of a file's bytes; the sentence says of what.
    NotOfAFile(&'static str),
}

impl fmt::Display for ParseExpectedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no digest: the text is empty"),
            Self::TooLong => f.write_str("no digest: the text is too long"),
            Self::Unrecognised => f.write_str("no known notation of a digest"),
            Self::OddLength { digits } => write!(
                f,
                "{digits} hexadecimal digits are no whole digest of any usual algorithm \
                 (MD5 has 32, SHA-1 40, SHA-256 64, SHA-512 128)"
            ),
            Self::UnknownAlgorithm(unknown) => unknown.fmt(f),
            Self::NotComputed(name) => write!(f, "{name} is not computed here"),
            Self::Malformed(function) => {
                let tag = function.tag();
                let len = function.len();
                write!(
                    f,
                    "malformed {tag} digest: it has {} hexadecimal digits, or {} base64 characters",
                    2 * len,
                    len.div_ceil(3) * 4
                )
            }
            Self::NotOfAFile(sentence) => f.write_str(sentence),
        }
    }
}

impl std::error::Error for ParseExpectedError {}

impl From<UnknownAlgorithm> for ParseExpectedError {
    fn from(unknown: UnknownAlgorithm) -> Self {
        Self::UnknownAlgorithm(unknown)
    }
}
