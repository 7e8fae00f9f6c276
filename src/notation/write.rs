//! A digest → the notations that others read.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};

use super::decode::NIX32;
use crate::algorithm::{HashFunction, Registry};
use crate::digest::Digest;

/// A notation to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notation {
    /// Lower-case hex.
    Hex,
    /// Base64, padded (RFC 4648, section 4).
    Base64,
    /// Subresource Integrity, `sha256-BASE64`: SHA-2, and what Nix adds (MD5, SHA-1).
    Sri,
    /// `sha256:` and Nix's base32.
    Nix32,
    /// `sha256:HEX`, as the Open Container Initiative and many others write it.
    Oci,
    /// The value of HTTP's `Repr-Digest`, `sha-256=:BASE64:` (RFC 9530).
    ReprDigest,
    /// `ni:///sha-256;BASE64URL` (RFC 6920).
    Ni,
    /// `SHA256 (-) = HEX`.
    Bsd,
}

impl Notation {
    /// Every one, in the order in which they are listed to users.
    pub const ALL: [Self; 8] = [
        Self::Hex,
        Self::Base64,
        Self::Sri,
        Self::Nix32,
        Self::Oci,
        Self::ReprDigest,
        Self::Ni,
        Self::Bsd,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Sri => "sri",
            Self::Nix32 => "nix32",
            Self::Oci => "oci",
            Self::ReprDigest => "repr-digest",
            Self::Ni => "ni",
            Self::Bsd => "bsd",
        }
    }

    /// The digest in this notation.
    ///
    /// # Errors
    /// [`NotationError`] where the notation's registry has no name for the function.
    ///
    /// ```
    /// use hsum::notation::Notation;
    ///
    /// let digest = hsum::digest(hsum::Algorithm::Sha256, b"abc");
    /// let text = Notation::Sri.write(&digest).unwrap();
    /// assert_eq!(text, "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    /// ```
    pub fn write(self, digest: &Digest) -> Result<String, NotationError> {
        let function = digest.hash_function();
        let unwritable = NotationError { notation: self, function };
        let name = |registry| function.registered_name(registry).ok_or(unwritable);
        // What is so short is taken for hex, or for a word such as `crc=`.
        if matches!(self, Self::Base64 | Self::Nix32) && digest.as_bytes().len() < 16 {
            return Err(unwritable);
        }
        Ok(match self {
            Self::Hex => digest.to_hex(),
            Self::Base64 => digest.to_base64(),
            Self::Sri => format!("{}-{}", name(Registry::Sri)?, digest.to_base64()),
            Self::Nix32 => format!("{function}:{}", nix32(digest.as_bytes())),
            Self::Oci => format!("{function}:{digest}"),
            Self::ReprDigest => format!("{}=:{}:", name(Registry::Http)?, digest.to_base64()),
            Self::Ni => {
                let value = Base64UrlUnpadded::encode_string(digest.as_bytes());
                format!("ni:///{};{value}", name(Registry::Ni)?)
            }
            Self::Bsd => format!("{} (-) = {digest}", function.tag()),
        })
    }
}

/// A function that a notation has no name for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotationError {
    notation: Notation,
    function: HashFunction,
}

impl fmt::Display for NotationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} has no name for {}", self.notation.name(), self.function.tag())
    }
}

impl std::error::Error for NotationError {}

/// Five bits a digit, those of the last byte first.
fn nix32(bytes: &[u8]) -> String {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |byte| byte >> (i % 8) & 1);
    let digit = |n: usize| (0..5).fold(0, |value, i| value | usize::from(bit(n * 5 + i)) << i);
    (0..(bytes.len() * 8).div_ceil(5)).rev().map(|n| char::from(NIX32[digit(n)])).collect()
}
