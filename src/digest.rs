//! The digest value: bytes, hex, base64, equality in constant time.

use std::fmt;
use std::hash::{Hash, Hasher as StdHasher};

use base64ct::{Base64, Encoding};
use subtle::ConstantTimeEq;

use crate::algorithm::{Algorithm, HashFunction, MAX_LEN};

/// What a hash function made of a message: up to 64 bytes, and which function it was.
///
/// `Display` and `{:x}` write lower-case hex. Equality takes the same time wherever the first
/// difference stands.
#[derive(Clone, Copy)]
pub struct Digest {
    function: HashFunction,
    /// Zero beyond the digest's length.
    bytes: [u8; MAX_LEN],
}

impl Digest {
    /// Takes over bytes that something else computed; `None` unless they are as many as the
    /// function's digests have.
    pub fn from_bytes(function: impl Into<HashFunction>, bytes: &[u8]) -> Option<Self> {
        let mut digest = Self::zeroed(function.into());
        if bytes.len() != digest.function.len() {
            return None;
        }
        digest.as_mut_bytes().copy_from_slice(bytes);
        Some(digest)
    }

    /// Reads hex in either case.
    ///
    /// # Errors
    /// On anything but exactly two hex digits for each byte of the function's digests.
    ///
    /// ```
    /// use hsum::{Algorithm, Digest, digest};
    ///
    /// let listed = Digest::from_hex(Algorithm::Md5, "D41D8CD98F00B204E9800998ECF8427E")?;
    /// assert_eq!(listed, digest(Algorithm::Md5, b""));
    /// # Ok::<(), hsum::ParseDigestError>(())
    /// ```
    pub fn from_hex(
        function: impl Into<HashFunction>,
        text: impl AsRef<[u8]>,
    ) -> Result<Self, ParseDigestError> {
        let mut digest = Self::zeroed(function.into());
        let wrong = ParseDigestError { function: digest.function, notation: "hexadecimal digits" };
        hex::decode_to_slice(text, digest.as_mut_bytes()).map_err(|_| wrong)?;
        Ok(digest)
    }

    /// Reads base64 in the standard alphabet, padded (RFC 4648, section 4).
    ///
    /// # Errors
    /// On any other text, a non-canonical one too, and on a wrong number of bytes.
    pub fn from_base64(
        function: impl Into<HashFunction>,
        text: impl AsRef<[u8]>,
    ) -> Result<Self, ParseDigestError> {
        let function = function.into();
        let wrong = ParseDigestError { function, notation: "base64 characters" };
        let mut bytes = [0; MAX_LEN];
        let bytes = Base64::decode(text, &mut bytes).map_err(|_| wrong.clone())?;
        Self::from_bytes(function, bytes).ok_or(wrong)
    }

    pub(crate) fn zeroed(function: HashFunction) -> Self {
        Self { function, bytes: [0; MAX_LEN] }
    }

    /// The function that made it.
    pub fn hash_function(&self) -> HashFunction {
        self.function
    }

    /// The algorithm of that function.
    pub fn algorithm(&self) -> Algorithm {
        self.function.algorithm()
    }

    /// The bytes, 1 to 64 of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.function.len()]
    }

    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.function.len()]
    }

    /// Lower-case hex.
    pub fn to_hex(&self) -> String {
        self.to_string()
    }

    /// Base64 in the standard alphabet, padded (RFC 4648, section 4).
    pub fn to_base64(&self) -> String {
        Base64::encode_string(self.as_bytes())
    }
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// In constant time for two digests of one function.
impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Digest {}

impl Hash for Digest {
    fn hash<H: StdHasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::LowerHex for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 2 * MAX_LEN];
        let text = &mut text[..2 * self.function.len()];
        hex::encode_to_slice(self.as_bytes(), text).map_err(|_| fmt::Error)?;
        f.pad(std::str::from_utf8(text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(self, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.function)
    }
}

/// A text that is no digest of the function it should be of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseDigestError {
    function: HashFunction,
    notation: &'static str,
}

impl fmt::Display for ParseDigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.function.len();
        let count = match self.notation {
            "base64 characters" => bytes.div_ceil(3) * 4,
            _ => bytes * 2,
        };
        write!(f, "a {} digest is {count} {}", self.function, self.notation)
    }
}

impl std::error::Error for ParseDigestError {}
