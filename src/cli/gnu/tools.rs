//! The programs of GNU coreutils that hsum can act as.

use hsum::Algorithm;

/// A program of GNU coreutils.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tool {
    /// A program for one algorithm, such as `md5sum`.
    Digest(Algorithm),
    Cksum,
    Sum,
}

/// The programs and their names.
pub(crate) const TOOLS: [(&str, Tool); 9] = [
    ("md5sum", Tool::Digest(Algorithm::Md5)),
    ("sha1sum", Tool::Digest(Algorithm::Sha1)),
    ("sha224sum", Tool::Digest(Algorithm::Sha224)),
    ("sha256sum", Tool::Digest(Algorithm::Sha256)),
    ("sha384sum", Tool::Digest(Algorithm::Sha384)),
    ("sha512sum", Tool::Digest(Algorithm::Sha512)),
    ("b2sum", Tool::Digest(Algorithm::Blake2b)),
    ("cksum", Tool::Cksum),
    ("sum", Tool::Sum),
];

impl Tool {
    /// Returns `true` if the tool has the option `--length`.
    pub(super) fn has_length(self) -> bool {
        match self {
            Self::Digest(algorithm) => algorithm.has_variable_len(),
            Self::Cksum => true,
            Self::Sum => false,
        }
    }
}
