//! Signatures over downloads, or over the lists of digests that name them: minisign and OpenPGP.
//!
//! What is signed is to be verified before it is read: a list's parser never sees bytes that
//! nobody signed.

mod armor;
mod minisign;
mod openpgp;

use std::fmt;
use std::io;
use std::path::Path;

pub use minisign::{LegacySignatures, MinisignKey, MinisignSignature};
pub use openpgp::{Keyring, OpenPgpSignature};

/// What a signature is over.
#[derive(Clone, Copy, Debug)]
pub enum SignedData<'s> {
    /// A file.
    File(&'s Path),
    /// What is in memory.
    Bytes(&'s [u8]),
}

/// Returns `true` if a text is a clear-signed message (RFC 9580, section 7), in whole or in part.
pub fn is_clear_signed(text: &[u8]) -> bool {
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii_end);
    lines.any(|line| line == b"-----BEGIN PGP SIGNED MESSAGE-----")
}

/// Why a signature does not hold.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key, or the keyring, is none.
    BadKey,
    /// The signature is none.
    Malformed,
    /// It is a clear-signed message, in place of a detached signature.
    ClearSigned,
    /// It is by another key than the one given.
    OtherKey,
    /// It is not of these bytes.
    Wrong,
    /// It is minisign's old kind, which was not asked for.
    Legacy,
    /// It, or the key, has expired.
    Expired,
    /// The key has been revoked.
    Revoked,
    /// It is over a hash that is broken: MD5 or SHA-1.
    Weak,
    /// It is by `gpgv`'s account neither good nor any of the above; its last word is inside.
    Refused(String),
    /// There is no program `gpgv` here.
    NoGpgv,
    /// A file could not be read or written, or `gpgv` not be run.
    Io(io::Error),
}

impl SignatureError {
    /// Whether it speaks against the bytes: something else was signed, or nothing that counts.
    /// The other errors say that it could not be found out.
    pub fn is_verdict(&self) -> bool {
        !matches!(self, Self::BadKey | Self::NoGpgv | Self::Io(_))
    }
}

impl fmt::Display for SignatureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadKey => "this is no public key",
            Self::Malformed => "this is no signature",
            Self::ClearSigned => "this is a clear-signed message, not a detached signature",
            Self::OtherKey => "the signature is by another key than the one given",
            Self::Wrong => "the signature is not of these bytes",
            Self::Legacy => "the signature is of minisign's old kind, over the whole file",
            Self::Expired => "the signature or its key has expired",
            Self::Revoked => "the signature's key has been revoked",
            Self::Weak => "the signature is over a broken hash, MD5 or SHA-1",
            Self::Refused(word) => return write!(f, "gpgv finds no good signature: {word}"),
            Self::NoGpgv => {
                "cannot verify OpenPGP signatures: no program 'gpgv' in PATH; install GnuPG"
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

#[cfg(test)]
mod tests;
