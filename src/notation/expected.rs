//! The digests that a file should have, and errors from parsing them.

use std::fmt;

use crate::algorithm::names::UnknownAlgorithm;
use crate::algorithm::{HashFunction, Strength};
use crate::digest::Digest;

/// The digests that a file should have, one or more.
///
/// A file must match one of the digests of each function. From a text in Subresource Integrity only
/// the strongest algorithm is kept, as that standard demands.
///
/// ```
/// use hsum::notation::Expected;
///
/// let digest = hsum::digest(hsum::Algorithm::Sha256, b"abc");
/// for text in [
///     "BA7816BF 8F01CFEA 414140DE 5DAE2223 B00361A3 96177A9C B410FF61 F20015AD",
///     "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
///     "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
///     "Repr-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:",
/// ] {
///     let expected: Expected = text.parse()?;
///     assert!(expected.contains(&digest));
/// }
/// # Ok::<(), hsum::notation::ParseExpectedError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Expected {
    /// At least one.
    digests: Vec<Digest>,
}

impl Expected {
    /// Collects digests of any functions; `None` if there are none.
    pub fn from_digests(digests: impl IntoIterator<Item = Digest>) -> Option<Self> {
        let digests: Vec<Digest> = digests.into_iter().collect();
        (!digests.is_empty()).then_some(Self { digests })
    }

    /// Returns all the digests, in the order of the text.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// Returns the functions of the digests, each once, in the order of the text.
    pub fn hash_functions(&self) -> Vec<HashFunction> {
        let mut functions = Vec::new();
        for digest in &self.digests {
            if !functions.contains(&digest.hash_function()) {
                functions.push(digest.hash_function());
            }
        }
        functions
    }

    /// Returns `true` if `digest` is one of the digests.
    ///
    /// If there are several [functions](Self::hash_functions), a file needs more than one match:
    /// see [`Expected::is_met_by`].
    pub fn contains(&self, digest: &Digest) -> bool {
        self.digests.contains(digest)
    }

    /// Returns `true` if a file with these digests is the expected one.
    ///
    /// Each of the [functions](Self::hash_functions) needs a match; digests of others are ignored.
    pub fn is_met_by(&self, digests: &[Digest]) -> bool {
        self.hash_functions().into_iter().all(|function| {
            digests.iter().any(|digest| digest.hash_function() == function && self.contains(digest))
        })
    }

    /// Returns the strength of the strongest function, since all of them must match.
    pub fn strength(&self) -> Strength {
        let strengths = self.digests.iter().map(|digest| digest.algorithm().strength());
        strengths.max().unwrap_or(Strength::Checksum)
    }
}

impl From<Digest> for Expected {
    fn from(digest: Digest) -> Self {
        Self { digests: vec![digest] }
    }
}

/// `ALGORITHM:HEX` for each digest, separated by spaces.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, digest) in self.digests.iter().enumerate() {
            write!(f, "{}{digest:?}", if i > 0 { " " } else { "" })?;
        }
        Ok(())
    }
}

/// An error from parsing an [`Expected`].
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseExpectedError {
    /// The text holds nothing but white space and quotes.
    #[error("no digest: the text is empty")]
    Empty,
    /// The text is longer than any digest.
    #[error("not a digest: the text is too long")]
    TooLong,
    /// The text is in no known notation.
    #[error("not a digest in any known notation")]
    Unrecognised,
    /// No common algorithm has digests of this many hexadecimal digits.
    #[error(
        "no common algorithm has digests of {digits} hexadecimal digits \
             (MD5 has 32, SHA-1 40, SHA-256 64, SHA-512 128)"
    )]
    UnknownLength {
        /// The number of digits.
        digits: usize,
    },
    /// The text names an algorithm that does not exist.
    #[error(transparent)]
    UnknownAlgorithm(#[from] UnknownAlgorithm),
    /// The text names, by this name, an algorithm that this crate does not implement.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// The digits after the name are not a digest of this function.
    #[error(
        "malformed {} digest (expected {} hexadecimal digits or {} base64 characters)",
        .0.tag(), 2 * .0.len(), .0.len().div_ceil(3) * 4
    )]
    Malformed(HashFunction),
    /// The digest is not one of a file's bytes, for the reason given.
    #[error("{0}")]
    NotOfAFile(&'static str),
}

impl ParseExpectedError {
    /// Returns the reason as a stable word, such as `malformed`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::Unrecognised => "unrecognised",
            Self::UnknownLength { .. } => "unknown-length",
            Self::UnknownAlgorithm(_) => "unknown-algorithm",
            Self::Unsupported(_) => "unsupported-algorithm",
            Self::Malformed(_) => "malformed",
            Self::NotOfAFile(_) => "not-of-a-file",
        }
    }
}
