//! Errors of verifying signatures.

use std::io;

use thiserror::Error;

/// The reason why a signature is not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The public key or keyring is malformed.
    #[error("not a public key")]
    InvalidKey,
    /// The signature is malformed.
    #[error("not a signature")]
    Malformed,
    /// A detached signature was expected, not a clear-signed message.
    #[error("a clear-signed message, not a detached signature")]
    ClearSigned,
    /// It was made with a different key.
    #[error("made with another key")]
    OtherKey,
    /// It does not match the data.
    #[error("does not match the signed data")]
    Mismatch,
    /// It is a legacy minisign signature, which must be enabled.
    #[error("a legacy minisign signature, over the whole file")]
    Legacy,
    /// The signature or its key has expired.
    #[error("the signature or its key has expired")]
    Expired,
    /// The key has been revoked.
    #[error("its key has been revoked")]
    Revoked,
    /// It uses MD5, SHA-1 or RIPEMD-160.
    #[error("it uses a broken hash (MD5, SHA-1 or RIPEMD-160)")]
    WeakHash,
    /// `gpgv` did not report a good signature; this is the decisive line of its output.
    #[error("gpgv reports no good signature: {0}")]
    Gpgv(String),
    /// The program `gpgv` is not installed.
    #[error("cannot verify OpenPGP signatures: no 'gpgv' in PATH; install GnuPG")]
    GpgvMissing,
    /// A file could not be read or written, or `gpgv` could not be run.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl SignatureError {
    /// Returns `true` if the signature was examined and rejected.
    pub fn is_rejection(&self) -> bool {
        !matches!(self, Self::InvalidKey | Self::GpgvMissing | Self::Io(_))
    }
}
