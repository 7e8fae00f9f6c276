//! Digests: their bytes, hex, base64, and comparison in constant time.

use std::fmt;
use std::hash::{Hash, Hasher as StdHasher};
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use subtle::ConstantTimeEq;

use crate::algorithm::names::UnknownAlgorithm;
use crate::algorithm::{Algorithm, HashFunction, MAX_LEN};
use crate::text::hex::{decode_hex, encode_hex};
use crate::text::serde::serde_as_text;

/// The output of a hash function: up to 64 bytes, and the function that computed them.
///
/// `Display`, `{:x}` and `{:X}` write hex; `Debug` and serde write `sha256:HEX`, which
/// [`FromStr`] parses. A digest of a [multipart form](HashFunction::multipart) is written as S3 does:
/// in hex or base64, with `-` and the number of parts at the end. Equality takes the same time
/// wherever the first difference is.
///
/// ```
/// use hsum::{Algorithm, Digest, digest};
///
/// let listed: Digest = "md5:D41D8CD98F00B204E9800998ECF8427E".parse()?;
/// assert_eq!(listed, digest(Algorithm::Md5, b""));
/// # Ok::<(), hsum::ParseDigestError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Digest {
    hash_function: HashFunction,
    /// Zero beyond the digest's length, except that a multipart form has the number of parts in the
    /// last eight bytes.
    bytes: [u8; MAX_LEN],
}

impl Digest {
    /// Wraps bytes that were computed elsewhere; `None` if the function has no digests of their length.
    ///
    /// With a multipart form, the digest is that of an object shorter than a part.
    pub fn from_bytes(function: impl Into<HashFunction>, bytes: &[u8]) -> Option<Self> {
        let mut digest = Self::zeroed(function.into());
        if bytes.len() != digest.hash_function.len() {
            return None;
        }
        digest.as_mut_bytes().copy_from_slice(bytes);
        Some(digest)
    }

    /// Parses hex in either case.
    ///
    /// # Errors
    /// If the text is not exactly two hexadecimal digits for each byte of the function's digests;
    /// `-` and a number of parts may follow if the function is a multipart form.
    pub fn from_hex(
        function: impl Into<HashFunction>,
        text: impl AsRef<[u8]>,
    ) -> Result<Self, ParseDigestError> {
        let mut digest = Self::zeroed(function.into());
        let error = ParseDigestError::Hex(digest.hash_function);
        let (text, parts) = split_parts(digest.hash_function, text.as_ref());
        decode_hex(text, digest.as_mut_bytes()).ok_or(error)?;
        Ok(digest.in_parts(digest.hash_function, parts))
    }

    /// Parses base64 in the standard alphabet, padded (RFC 4648, section 4).
    ///
    /// # Errors
    /// If the text is not canonical base64 of as many bytes as the function's digests have;
    /// `-` and a number of parts may follow if the function is a multipart form.
    pub fn from_base64(
        function: impl Into<HashFunction>,
        text: impl AsRef<[u8]>,
    ) -> Result<Self, ParseDigestError> {
        let function = function.into();
        let mut bytes = [0; MAX_LEN];
        let (text, parts) = split_parts(function, text.as_ref());
        let bytes = Base64::decode(text, &mut bytes).ok();
        let digest = bytes.and_then(|bytes| Self::from_bytes(function, bytes));
        digest
            .map(|digest| digest.in_parts(function, parts))
            .ok_or(ParseDigestError::Base64(function))
    }

    /// Returns this digest as one of a multipart form, with the number of complete parts; zero if
    /// the object is shorter than a part.
    pub(crate) fn in_parts(mut self, function: HashFunction, parts: u64) -> Self {
        if function.part_len().is_some() {
            self.hash_function = function;
            self.bytes[PARTS_AT..].copy_from_slice(&parts.to_be_bytes());
        }
        self
    }

    /// Parses a digest of a multipart form in hex or base64, with or without `-` and a number of parts.
    pub(crate) fn from_multipart_text(function: HashFunction, text: &[u8]) -> Option<Self> {
        let read = Self::from_hex(function, text).or_else(|_| Self::from_base64(function, text));
        read.ok().filter(|_| function.part_len().is_some())
    }

    /// Returns the number of parts of a multipart digest.
    ///
    /// `None` if the object is shorter than a part, or the function is not a multipart form.
    pub fn parts(&self) -> Option<u64> {
        self.hash_function.part_len()?;
        let parts = self.bytes[PARTS_AT..].try_into().map(u64::from_be_bytes);
        parts.ok().filter(|parts| *parts > 0)
    }

    /// Returns `-` and the number of parts, if there are parts.
    fn parts_suffix(&self) -> String {
        self.parts().map(|parts| format!("-{parts}")).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn zeroed(hash_function: HashFunction) -> Self {
        Self { hash_function, bytes: [0; MAX_LEN] }
    }

    /// Returns the function that computed the digest.
    pub fn hash_function(&self) -> HashFunction {
        self.hash_function
    }

    /// Returns the algorithm of that function.
    pub fn algorithm(&self) -> Algorithm {
        self.hash_function.algorithm()
    }

    /// Returns the bytes, 1 to 64 of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.hash_function.len()]
    }

    #[inline]
    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.hash_function.len()]
    }

    /// Returns the digest in lower-case hex.
    pub fn to_hex(&self) -> String {
        format!("{self:x}")
    }

    /// Returns the digest in base64, in the standard alphabet, padded (RFC 4648, section 4).
    pub fn to_base64(&self) -> String {
        Base64::encode_string(self.as_bytes()) + &self.parts_suffix()
    }
}

/// The place of the number of parts, beyond the digests of all multipart forms.
const PARTS_AT: usize = MAX_LEN - size_of::<u64>();

/// Splits `-` and the number of parts off a digest of a multipart form; zero if there is none.
fn split_parts(function: HashFunction, text: &[u8]) -> (&[u8], u64) {
    let split = || {
        function.part_len()?;
        let at = text.iter().rposition(|byte| *byte == b'-')?;
        let digits = std::str::from_utf8(&text[at + 1..]).ok()?;
        let parts = digits.parse().ok().filter(|parts: &u64| *parts > 0)?;
        (parts.to_string() == digits).then_some((&text[..at], parts))
    };
    split().unwrap_or((text, 0))
}

impl AsRef<[u8]> for Digest {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<Digest> for Vec<u8> {
    fn from(digest: Digest) -> Self {
        digest.as_bytes().to_vec()
    }
}

/// Compares two digests of the same function in constant time.
impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.hash_function == other.hash_function && self.bytes.ct_eq(&other.bytes).into()
    }
}

impl Eq for Digest {}

/// Orders digests by function, then by their bytes; not in constant time.
impl Ord for Digest {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.hash_function, self.bytes).cmp(&(other.hash_function, other.bytes))
    }
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash for Digest {
    fn hash<H: StdHasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::LowerHex for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 2 * MAX_LEN];
        let text = &mut text[..2 * self.hash_function.len()];
        encode_hex(self.as_bytes(), text);
        let text = std::str::from_utf8(text).map_err(|_| fmt::Error)?;
        match self.parts() {
            None => f.pad(text),
            Some(parts) => f.pad(&format!("{text}-{parts}")),
        }
    }
}

impl fmt::UpperHex for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_hex().to_uppercase())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.hash_function.form().is_some_and(|form| form.is_base64) {
            return f.pad(&self.to_base64());
        }
        fmt::LowerHex::fmt(self, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{self}", self.hash_function)
    }
}

/// Parses `ALGORITHM:HEX`, and `FORM:SIZE:DIGEST` in hex or base64.
///
/// [`Expected`](crate::notation::Expected) accepts other notations too.
impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let (name, digits) = text.rsplit_once(':').ok_or(ParseDigestError::NoAlgorithm)?;
        let function: HashFunction = name.parse().map_err(ParseDigestError::UnknownAlgorithm)?;
        match Self::from_multipart_text(function, digits.as_bytes()) {
            Some(digest) => Ok(digest),
            None => Self::from_hex(function, digits),
        }
    }
}

serde_as_text!(Digest, "{:?}");

/// An error from parsing a [`Digest`].
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ParseDigestError {
    /// The text does not begin with the name of an algorithm and a colon.
    #[error("invalid digest (expected ALGORITHM:HEX)")]
    NoAlgorithm,
    /// The name before the colon is not that of an algorithm.
    #[error(transparent)]
    UnknownAlgorithm(UnknownAlgorithm),
    /// The text is not a digest of this function in hex.
    #[error("invalid {0} digest (expected {n} hexadecimal digits)", n = .0.len() * 2)]
    Hex(HashFunction),
    /// The text is not a digest of this function in base64.
    #[error("invalid {0} digest (expected {n} base64 characters)", n = .0.len().div_ceil(3) * 4)]
    Base64(HashFunction),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_parses_from_its_debug_form_and_its_serde_form() {
        for &algorithm in Algorithm::ALL {
            let function = HashFunction::from(algorithm);
            let digest = Digest::from_bytes(function, &[0xa5; MAX_LEN][..function.len()]).unwrap();
            assert_eq!(format!("{digest:?}").parse(), Ok(digest));
            assert_eq!(format!("{algorithm}:{digest:X}").parse(), Ok(digest));
            #[cfg(feature = "serde")]
            {
                let json = serde_json::to_string(&(digest, function, algorithm)).unwrap();
                let parsed = serde_json::from_str::<(Digest, HashFunction, Algorithm)>(&json);
                assert_eq!(parsed.unwrap(), (digest, function, algorithm));
            }
        }
        assert_eq!("abc".parse::<Digest>(), Err(ParseDigestError::NoAlgorithm));
        assert_eq!("md5:a".parse::<Digest>(), Err(ParseDigestError::Hex(Algorithm::Md5.into())));
    }
}
