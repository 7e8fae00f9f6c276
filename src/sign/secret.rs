//! Secret keys: read strictly in one format, shown by nothing, wiped on drop.

use std::fmt;

use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use zeroize::Zeroizing;

/// The longest key, in bytes: 64 KiB.
pub const LONGEST_KEY: usize = 64 << 10;

/// A secret that requests are signed with.
///
/// Its `Debug` shows nothing, it cannot be cloned, compared or printed, and it is wiped on drop.
pub struct SecretKey(Zeroizing<Vec<u8>>);

/// How a key is written down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyFormat {
    /// The characters themselves are the key, one line of them.
    Text,
    /// The bytes themselves are the key, line ends and all.
    Raw,
    /// Hexadecimal digits in either case.
    Hex,
    /// Base64 in the standard alphabet, padded (RFC 4648, section 4).
    Base64,
    /// Base64 in the alphabet for URLs, without padding (RFC 4648, section 5).
    Base64Url,
    /// A key of Standard Webhooks: base64, with `whsec_`, `v1,whsec_` or nothing before it.
    Whsec,
}

impl KeyFormat {
    /// Every format, in the order in which they are listed to users.
    pub const ALL: &'static [Self] =
        &[Self::Text, Self::Raw, Self::Hex, Self::Base64, Self::Base64Url, Self::Whsec];

    /// `text`, `raw`, `hex`, `base64`, `base64url` or `whsec`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Raw => "raw",
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
            Self::Whsec => "whsec",
        }
    }

    /// The bytes that `text` stands for, no white space dropped; text and bytes stand for
    /// themselves.
    ///
    /// # Errors
    /// [`KeyError`] where an encoded one is not canonical.
    #[doc(hidden)]
    pub fn decode(self, text: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut key = Zeroizing::new(vec![0; text.len()]);
        let length = match self {
            Self::Text | Self::Raw => {
                key.copy_from_slice(text);
                text.len()
            }
            Self::Hex => {
                let length = text.len() / 2;
                hex::decode_to_slice(text, &mut key[..length]).map_err(|_| KeyError::Hex)?;
                length
            }
            Self::Base64 => Base64::decode(text, &mut key).map_err(|_| KeyError::Base64)?.len(),
            Self::Base64Url => {
                let decoded = Base64UrlUnpadded::decode(text, &mut key);
                decoded.map_err(|_| KeyError::Base64Url)?.len()
            }
            Self::Whsec => {
                let bare = text.strip_prefix(b"v1,whsec_").or(text.strip_prefix(b"whsec_"));
                let text = bare.unwrap_or(text);
                Base64::decode(text, &mut key).map_err(|_| KeyError::Whsec)?.len()
            }
        };
        // The rest of the buffer held no more than zeros, or what a decoder left behind.
        key[length..].fill(0);
        key.truncate(length);
        Ok(key)
    }
}

impl SecretKey {
    /// The key whose characters are `text`.
    ///
    /// # Errors
    /// [`KeyError`] where it is empty, blank, too long, or holds a line end: that came along from
    /// a file, and the other side does not have it.
    pub fn from_text(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::read(KeyFormat::Text, text)
    }

    /// The key that is `bytes`.
    ///
    /// # Errors
    /// [`KeyError`] where it is empty, blank or too long.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::read(KeyFormat::Raw, bytes)
    }

    /// Reads hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError`] where it is something else, empty, or too long.
    pub fn from_hex(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::read(KeyFormat::Hex, text)
    }

    /// Reads canonical base64, padded (RFC 4648, section 4).
    ///
    /// # Errors
    /// [`KeyError`] where it is something else, empty, or too long.
    pub fn from_base64(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::read(KeyFormat::Base64, text)
    }

    /// Reads canonical base64 for URLs, without padding (RFC 4648, section 5).
    ///
    /// # Errors
    /// [`KeyError`] where it is something else, empty, or too long.
    pub fn from_base64url(text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        Self::read(KeyFormat::Base64Url, text)
    }

    /// Reads a key of Standard Webhooks: base64, with or without `whsec_` before it.
    ///
    /// # Errors
    /// [`KeyError`] where it is something else, empty, or too long.
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
        Self::read(KeyFormat::Whsec, text)
    }

    /// Reads a key that is written as `format`; white space around an encoded one is dropped.
    ///
    /// # Errors
    /// [`KeyError`], as the functions above have it.
    pub fn read(format: KeyFormat, text: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        let text = text.as_ref();
        // No format makes a key longer than its text, and base64 takes a third more.
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
            KeyFormat::Text | KeyFormat::Raw => format.decode(text)?,
            _ => format.decode(text.trim_ascii())?,
        };
        match key.len() {
            0 => Err(KeyError::Empty),
            length if length > LONGEST_KEY => Err(KeyError::TooLong),
            _ => Ok(Self(key)),
        }
    }

    /// Bytes; never 0.
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

/// Why a text is no key. It never holds any of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing, or an encoding of nothing.
    Empty,
    /// White space only.
    Blank,
    /// A line end in a text key.
    LineEnd,
    /// Not hexadecimal.
    Hex,
    /// Not base64, or not canonical.
    Base64,
    /// Not base64 for URLs, or not canonical.
    Base64Url,
    /// Not canonical base64, with or without `whsec_` before it.
    Whsec,
    /// Longer than [`LONGEST_KEY`].
    TooLong,
}

impl KeyError {
    /// `empty-key` or `bad-key`: a word that stays.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty | Self::Blank => "empty-key",
            _ => "bad-key",
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the key is empty",
            Self::Blank => "the key is blank: it has white space only",
            Self::LineEnd => "a text key has one line, and no line end in it",
            Self::Hex => "the key is not hexadecimal",
            Self::Base64 => "the key is not base64 (RFC 4648, section 4, padded)",
            Self::Base64Url => "the key is not base64url (RFC 4648, section 5, not padded)",
            Self::Whsec => "the key is not base64, with or without 'whsec_' before it",
            Self::TooLong => "the key is longer than 64 KiB",
        })
    }
}

impl std::error::Error for KeyError {}
