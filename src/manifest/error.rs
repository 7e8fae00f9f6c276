//! Reasons why lines and lists are refused.

/// The reason why a line of a list, or a whole list, is not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum BadLine {
    /// The line starts with neither a digest nor the tag of an algorithm.
    #[error("the line starts with neither a digest nor an algorithm")]
    NoDigest,
    /// The algorithm's name is unknown.
    #[error("unknown algorithm")]
    UnknownTag,
    /// The digest is malformed, or too short or too long for its algorithm.
    #[error("the digest is malformed or has the wrong length")]
    BadDigest,
    /// The file name is missing.
    #[error("no file name")]
    NoName,
    /// An escape sequence in the file name is malformed.
    #[error("malformed escape in the file name")]
    BadEscape,
    /// The line contains a NUL byte.
    #[error("NUL byte in the line")]
    Nul,
    /// The line does not end in NUL, although the lines of the list do.
    #[error("no NUL at the end of the line")]
    Unterminated,
    /// The line is longer than any valid line.
    #[error("the line is too long")]
    TooLong,
    /// The line names standard input, which the list itself is read from.
    #[error("standard input is the list itself")]
    StdinTwice,
    /// The algorithm is known but not supported.
    #[error("unsupported algorithm")]
    Unsupported,
    /// The digest is not of the file's bytes.
    #[error("the digest is not of the file's bytes")]
    NotOfAFile,
    /// The digests of a `yarn.lock` are of archives in Yarn's cache, not of packages.
    #[error("the digests are of archives in Yarn's cache, not of packages")]
    OfACache,
    /// One file has two digests of one algorithm, or two names.
    #[error("two different digests of one algorithm for one file")]
    Conflict,
    /// A digest belongs to a second file without a name: `xz_hash` without `xz_url`.
    #[error("a second digest, of a file without a name")]
    Unpaired,
    /// The file is listed without a digest.
    #[error("listed without a digest")]
    WithoutDigest,
    /// The file could not be read when the list was made.
    #[error("no digest: the file could not be read when the list was made")]
    NotRead,
    /// The name is absolute or contains `..`.
    #[error("the name leads out of the directory")]
    Outside,
    /// Other entries have the same base name.
    #[error("several entries have this base name")]
    Ambiguous,
    /// The entry has weak digests only, and they are not accepted.
    #[error("only MD5 or SHA-1 digests")]
    Weak,
    /// The list is too large for a format that is read whole.
    #[error("the list is too large (at most {} MiB)", limit >> 20)]
    TooLarge {
        /// The maximum size in bytes.
        limit: u64,
    },
    /// The list is a snapshot record that is damaged or incomplete.
    #[error("the record is damaged or incomplete; the rest is ignored")]
    Damaged,
    /// The list is a snapshot record in an unknown version of the format.
    #[error("unsupported version of the record format")]
    Version,
    /// The JSON, XML, TOML, UTF-16 or shell array of the list is malformed.
    #[error("malformed JSON, XML, TOML, UTF-16 or array")]
    Syntax,
    /// The list is an HTML page.
    #[error("an HTML page, not a list of digests")]
    Html,
    /// The digest has no file name, and the list's own name does not give one.
    #[error("a digest without a file name")]
    Unnamed,
}

impl BadLine {
    /// Returns the reason as a stable word, such as `bad-digest`.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NoDigest => "no-digest",
            Self::UnknownTag => "unknown-algorithm",
            Self::BadDigest => "bad-digest",
            Self::NoName => "no-name",
            Self::BadEscape => "bad-escape",
            Self::Nul => "nul",
            Self::Unterminated => "unterminated",
            Self::TooLong => "line-too-long",
            Self::StdinTwice => "stdin-twice",
            Self::Unsupported => "unsupported-algorithm",
            Self::NotOfAFile => "not-of-a-file",
            Self::OfACache => "of-a-cache",
            Self::Conflict => "conflict",
            Self::Unpaired => "unpaired",
            Self::WithoutDigest => "without-digest",
            Self::NotRead => "not-read",
            Self::Outside => "outside",
            Self::Ambiguous => "ambiguous",
            Self::Weak => "weak",
            Self::TooLarge { .. } => "list-too-large",
            Self::Damaged => "damaged",
            Self::Version => "unknown-version",
            Self::Syntax => "syntax",
            Self::Html => "html",
            Self::Unnamed => "unnamed",
        }
    }

    /// Returns `true` if the line is well-formed but its file must not be verified.
    ///
    /// A refused line is a failure: its file should have been verified.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Conflict | Self::Outside | Self::Ambiguous | Self::Weak)
    }
}
