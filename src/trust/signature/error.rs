//! Errors of verifying signatures.

use std::fmt;
use std::io;

/// The reason why a signature is not accepted.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignatureError {
    /// The public key or keyring is malformed.
    InvalidKey,
    /// The signature is malformed.
    Malformed,
    /// A detached signature was expected, not a clear-signed message.
    ClearSigned,
    /// It was made with a different key.
    OtherKey,
    /// It does not match the data.
    Mismatch,
    /// It is a legacy minisign signature, which must be enabled.
    Legacy,
    /// The signature or its key has expired.
    Expired,
    /// The key has been revoked.
    Revoked,
    /// It uses MD5, SHA-1 or RIPEMD-160.
    WeakHash,
    /// `gpgv` did not report a good signature; this is the decisive line of its output.
    Gpgv(String),
    /// The program `gpgv` is not installed.
    GpgvMissing,
    /// A file could not be read or written, or `gpgv` could not be run.
    Io(io::Error),
}

impl SignatureError {
    /// Returns `true` if the signature was examined and rejected, `false` if it could not be examined.
    pub fn is_rejection(&self) -> bool {
        !matches!(self, Self::InvalidKey | Self::GpgvMissing | Self::Io(_))
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidKey => "not a public key",
            Self::Malformed => "not a signature",
            Self::ClearSigned => "a clear-signed message, not a detached signature",
            Self::OtherKey => "made with another key",
            Self::Mismatch => "does not match the signed data",
            Self::Legacy => "a legacy minisign signature, over the whole file",
            Self::Expired => "the signature or its key has expired",
            Self::Revoked => "its key has been revoked",
            Self::WeakHash => "it uses a broken hash (MD5, SHA-1 or RIPEMD-160)",
            Self::Gpgv(line) => return write!(f, "gpgv reports no good signature: {line}"),
            Self::GpgvMissing => {
                "cannot verify OpenPGP signatures: no 'gpgv' in PATH; install GnuPG"
            }
            Self::Io(cause) => return cause.fmt(f),
        })
    }
}

impl std::error::Error for SignatureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(cause) => Some(cause),
            _ => None,
        }
    }
}

impl From<io::Error> for SignatureError {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}
