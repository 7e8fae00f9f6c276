//! Digests written in the notations of other programs.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::algorithm::{HashFunction, Registry, Strength};
use crate::digest::Digest;
use crate::notation::decode::NIX32;

/// Declares [`Notation`]: a variant and its name on the command line in each row.
macro_rules! notations {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A notation in which digests can be written.
        #[non_exhaustive]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Notation {
            $($(#[$doc])* $variant,)*
        }

        impl Notation {
            /// Every notation, in the order in which they are listed to users.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name on the command line.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

notations! {
    /// Lower-case hex.
    Hex = "hex",
    /// Base64, padded (RFC 4648, section 4).
    Base64 = "base64",
    /// Subresource Integrity, `sha256-BASE64`: SHA-2, and MD5 and SHA-1 as Nix writes them.
    Sri = "sri",
    /// `sha256:` and Nix's base32.
    Nix32 = "nix32",
    /// `sha256:HEX`, as the Open Container Initiative and many others write it.
    Oci = "oci",
    /// The value of HTTP's `Repr-Digest`, `sha-256=:BASE64:` (RFC 9530).
    ReprDigest = "repr-digest",
    /// `ni:///sha-256;BASE64URL` (RFC 6920).
    Ni = "ni",
    /// `SHA256 (-) = HEX`.
    Bsd = "bsd",
}

impl Notation {
    /// Writes `digest` in this notation.
    ///
    /// # Errors
    /// [`NotationError`] if the notation has no name for the function.
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
        let unwritable = NotationError { notation: self, hash_function: function };
        let name = |registry| function.registered_name(registry).ok_or(unwritable);
        // A reader would take a shorter text for hex, or for a word such as `crc=`. Base64 is the
        // notation that object stores use for CRCs, next to their names.
        let is_short = digest.as_bytes().len() < 16;
        let is_crc = digest.algorithm().strength() == Strength::Checksum;
        let is_multipart = function.part_len().is_some();
        if is_multipart && matches!(self, Self::Nix32 | Self::Sri | Self::Ni | Self::ReprDigest) {
            return Err(unwritable);
        }
        if is_short && (self == Self::Nix32 || self == Self::Base64 && !is_crc) {
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

/// An error from writing a digest in a notation that has no name for its function.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{} digests cannot be written as {}", .hash_function.tag(), .notation.name())]
pub struct NotationError {
    /// The notation.
    pub notation: Notation,
    /// The function of the digest.
    pub hash_function: HashFunction,
}

/// Encodes in Nix's base32: five bits a digit, the last byte first.
fn nix32(bytes: &[u8]) -> String {
    let bit = |i: usize| bytes.get(i / 8).map_or(0, |byte| byte >> (i % 8) & 1);
    let digit = |n: usize| (0..5).fold(0, |value, i| value | usize::from(bit(n * 5 + i)) << i);
    (0..(bytes.len() * 8).div_ceil(5)).rev().map(|n| char::from(NIX32[digit(n)])).collect()
}
