//! Secret keys: decoded strictly, never shown, wiped on drop.

use std::fmt;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

use crate::sign::named::named_variants;

/// The longest key, in bytes: 64 KiB.
pub const LONGEST_KEY: usize = 64 << 10;

/// A secret that requests are signed with.
///
/// It is wiped on drop, hidden in `Debug`, and cannot be cloned, compared or printed.
pub struct SecretKey(Zeroizing<Vec<u8>>);

named_variants! {
    /// The text format of a key.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    KeyFormat {
        /// The characters of one line.
        Text = "text",
        /// The bytes themselves, line ends included.
        Raw = "raw",
        /// Hexadecimal digits in either case.
        Hex = "hex",
        /// Base64 in the standard alphabet, padded (RFC 4648, section 4).
        Base64 = "base64",
        /// Base64 in the URL-safe alphabet, without padding (RFC 4648, section 5).
        Base64Url = "base64url",
        /// A Standard Webhooks key: base64, with or without the prefix `whsec_` or `v1,whsec_`.
        Whsec = "whsec",
    }
}

/// Decodes a key. White space is not removed, and encoded keys must be canonical.
pub fn decode_key(format: KeyFormat, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut key = Zeroizing::new(vec![0; text.len()]);
    let length = match format {
        KeyFormat::Text | KeyFormat::Raw => {
            key.copy_from_slice(text);
            text.len()
        }
        KeyFormat::Hex => {
            let length = text.len() / 2;
            hex::decode_to_slice(text, &mut key[..length]).map_err(|_| KeyError::Hex)?;
            length
        }
        KeyFormat::Base64 => Base64::decode(text, &mut key).map_err(|_| KeyError::Base64)?.len(),
        KeyFormat::Base64Url => {
            let decoded = Base64UrlUnpadded::decode(text, &mut key);
            decoded.map_err(|_| KeyError::Base64Url)?.len()
        }
        KeyFormat::Whsec => {
            let bare = text.strip_prefix(b"v1,whsec_").or(text.strip_prefix(b"whsec_"));
            let text = bare.unwrap_or(text);
            Base64::decode(text, &mut key).map_err(|_| KeyError::Whsec)?.len()
        }
    };
    // A decoder may have left bytes of the key after the result.
    key[length..].fill(0);
    key.truncate(length);
    Ok(key)
}

/// Encodes a key, without a line end.
#[cfg(feature = "internals")]
pub fn encode_key(format: KeyFormat, key: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(match format {
        KeyFormat::Text | KeyFormat::Raw => key.to_vec(),
        KeyFormat::Hex => hex::encode(key).into_bytes(),
        KeyFormat::Base64 => Base64::encode_string(key).into_bytes(),
        KeyFormat::Base64Url => Base64UrlUnpadded::encode_string(key).into_bytes(),
        KeyFormat::Whsec => format!("whsec_{}", Base64::encode_string(key)).into_bytes(),
    })
}

impl SecretKey {
    /// Returns the key that consists of the characters of `text`.
    ///
    /// # Errors
    /// [`KeyError`] if it is empty, blank, too long, or contains a line end, which usually comes
    /// from a file and is not part of the key.
    pub fn from_text(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::parse(KeyFormat::Text, text)
    }

    /// Returns the key that consists of `bytes`.
    ///
    /// # Errors
    /// [`KeyError`] if it is empty, blank or too long.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::parse(KeyFormat::Raw, bytes)
    }

    /// Decodes a Standard Webhooks key: base64, with or without the prefix `whsec_`.
    ///
    /// # Errors
    /// [`KeyError`] if it is not canonical base64, empty, or too long.
    ///
    /// ```
    /// use hsum::sign::SecretKey;
    ///
    /// let key = SecretKey::from_whsec("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// assert_eq!(key.len(), 24);
    /// assert_eq!(format!("{key:?}"), "SecretKey(hidden)");
    /// # Ok::<(), hsum::sign::KeyError>(())
    /// ```
    pub fn from_whsec(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::parse(KeyFormat::Whsec, text)
    }

    /// Parses a key in `format`. White space around an encoded key is ignored.
    ///
    /// # Errors
    /// [`KeyError`] if the key is invalid in this format, empty, or too long.
    pub fn parse(format: KeyFormat, text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let text = text.as_ref();
        // No encoding of an acceptable key is longer than this.
        if text.len() > 2 * LONGEST_KEY + 16 {
            return Err(KeyError::TooLong);
        }
        if text.trim_ascii().is_empty() {
            return Err(if text.is_empty() { KeyError::Empty } else { KeyError::Blank });
        }
        let key = match format {
            KeyFormat::Text if text.iter().any(|&byte| byte == b'\n' || byte == b'\r') => {
                return Err(KeyError::LineEnd);
            }
            KeyFormat::Text | KeyFormat::Raw => decode_key(format, text)?,
            _ => decode_key(format, text.trim_ascii())?,
        };
        match key.len() {
            0 => Err(KeyError::Empty),
            length if length > LONGEST_KEY => Err(KeyError::TooLong),
            _ => Ok(Self(key)),
        }
    }

    /// Returns the length in bytes, which is never 0.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(hidden)")
    }
}

/// The reason why a text is not a key. It contains no part of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Empty, or an encoding of nothing.
    #[error("the key is empty")]
    Empty,
    /// White space only.
    #[error("the key is blank (white space only)")]
    Blank,
    /// A line end in a text key.
    #[error("the key contains a line end (a text key is one line)")]
    LineEnd,
    /// Not hexadecimal.
    #[error("the key is not hexadecimal")]
    Hex,
    /// Not base64, or not canonical.
    #[error("the key is not base64 (RFC 4648, section 4, with padding)")]
    Base64,
    /// Not base64url, or not canonical.
    #[error("the key is not base64url (RFC 4648, section 5, without padding)")]
    Base64Url,
    /// Not canonical base64, with or without the prefix `whsec_`.
    #[error("the key is not base64 with or without the prefix 'whsec_'")]
    Whsec,
    /// Longer than [`LONGEST_KEY`].
    #[error("the key is longer than 64 KiB")]
    TooLong,
}
