//! HMAC (RFC 2104, FIPS 198-1): a key is two midstates, a tag compares in constant time.

use std::fmt;
use std::io::{self, Write};

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::{HashFunction, MAX_HMAC_BLOCK};
use crate::digest::Digest;
use crate::hasher::{Hasher, digest_keyed};
use crate::lanes::{self, Place};

/// An HMAC key, prepared: the hash states after the inner and the outer padded key block.
///
/// Preparing costs two blocks once, instead of with every message. `Debug` shows the function
/// only; the states are wiped on drop.
#[derive(Clone)]
pub struct Key {
    inner: Hasher,
    outer: Hasher,
}

impl Key {
    /// A key of any length; one longer than the function's block is hashed first (RFC 2104,
    /// section 2). Below the digest's length it weakens the MAC (section 3).
    ///
    /// # Errors
    /// [`UnsupportedByHmac`] for SHAKE, for which no HMAC is defined.
    pub fn new(function: impl Into<HashFunction>, key: &[u8]) -> Result<Self, UnsupportedByHmac> {
        let function = function.into();
        let block_len = function.algorithm().block_len().ok_or(UnsupportedByHmac { function })?;
        let mut block = Zeroizing::new([0u8; MAX_HMAC_BLOCK]);
        let block = &mut block[..block_len];
        if key.len() > block_len {
            // Hashed as a stream, whose buffer can be wiped.
            let mut hasher = Hasher::new(function);
            hasher.update(key);
            let mut short = hasher.finish();
            block[..function.len()].copy_from_slice(short.as_bytes());
            short.as_mut_bytes().zeroize();
            hasher.zeroize();
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        let mut midstate = |pad: u8| {
            block.iter_mut().for_each(|byte| *byte ^= pad);
            let mut hasher = Hasher::new(function);
            hasher.update(block);
            hasher
        };
        let inner = midstate(0x36);
        let outer = midstate(0x36 ^ 0x5c); // takes the inner pad off again
        Ok(Self { inner, outer })
    }

    /// The hash function below the HMAC.
    pub fn hash_function(&self) -> HashFunction {
        self.inner.hash_function()
    }

    /// The tag of `message`.
    ///
    /// ```
    /// use hsum::{Algorithm, Key};
    ///
    /// let tag = Key::new(Algorithm::Md5, b"Jefe")?.sign(b"what do ya want for nothing?");
    /// assert_eq!(tag.to_string(), "750c783e6ab0b503eaa86e310a5db738");
    /// # Ok::<(), hsum::UnsupportedByHmac>(())
    /// ```
    pub fn sign(&self, message: &[u8]) -> Tag {
        Tag(digest_keyed(&self.inner, &self.outer, message))
    }

    /// Whether `tag` is the whole tag of `message`, in constant time.
    ///
    /// # Errors
    /// [`TagMismatch`] where it is not, or is truncated.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), TagMismatch> {
        self.sign(message).matches(tag)
    }
}

/// The tags of `messages` under `key`, each at its place in `out`: as [`Key::sign`] of one after
/// the other, but several at once.
///
/// Allocates nothing, except with BLAKE2 and BLAKE3, which have no lanes.
///
/// ```
/// use hsum::{Algorithm, Key, sign_many};
///
/// let key = Key::new(Algorithm::Sha256, b"key")?;
/// let mut tags = [key.sign(b""); 2];
/// sign_many(&key, &[b"first", b"second"], &mut tags);
/// assert_eq!(tags[1], key.sign(b"second"));
/// # Ok::<(), hsum::UnsupportedByHmac>(())
/// ```
///
/// # Panics
/// Unless `messages` and `out` have one length.
pub fn sign_many(key: &Key, messages: &[&[u8]], out: &mut [Tag]) {
    assert_eq!(messages.len(), out.len(), "as many tags as messages");
    lanes::sign_many(&key.inner, &key.outer, messages, out);
}

impl Drop for Key {
    fn drop(&mut self) {
        self.inner.zeroize();
        self.outer.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("function", &self.hash_function()).finish_non_exhaustive()
    }
}

/// A message being authenticated, piece by piece.
///
/// ```
/// use hsum::{Algorithm, Hmac, Key};
///
/// let key = Key::new(Algorithm::Sha256, b"key")?;
/// let mut mac = Hmac::new(&key);
/// mac.update(b"The quick brown fox ");
/// mac.update(b"jumps over the lazy dog");
/// let expected = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
/// assert_eq!(mac.finalize().to_string(), expected);
/// # Ok::<(), hsum::UnsupportedByHmac>(())
/// ```
#[derive(Clone)]
pub struct Hmac {
    /// The message goes into the key's inner state.
    states: Key,
}

impl Hmac {
    /// The empty message under `key`.
    pub fn new(key: &Key) -> Self {
        Self { states: key.clone() }
    }

    /// The hash function below the HMAC.
    pub fn hash_function(&self) -> HashFunction {
        self.states.hash_function()
    }

    /// Appends `data` to the message.
    pub fn update(&mut self, data: &[u8]) {
        self.states.inner.update(data);
    }

    /// The message's tag.
    pub fn finalize(mut self) -> Tag {
        let Key { inner, outer } = &mut self.states;
        outer.update(inner.finish().as_bytes());
        Tag(outer.finish())
    }

    /// Whether `tag` is the whole of the message's tag, in constant time.
    ///
    /// # Errors
    /// [`TagMismatch`] where it is not, or is truncated.
    pub fn verify(self, tag: &[u8]) -> Result<(), TagMismatch> {
        self.finalize().matches(tag)
    }
}

impl Write for Hmac {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hmac").field("function", &self.hash_function()).finish_non_exhaustive()
    }
}

/// A message authentication code. Compares in constant time; `Display` writes lower-case hex.
///
/// To check a received one, use [`Key::verify`] or [`Hmac::verify`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(Digest);

impl Tag {
    /// The bytes, as many as the function's digests have.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether these are all its bytes, in constant time.
    fn matches(&self, bytes: &[u8]) -> Result<(), TagMismatch> {
        match self.as_bytes().ct_eq(bytes).into() {
            true => Ok(()),
            false => Err(TagMismatch),
        }
    }

    /// Lower-case hex.
    pub fn to_hex(&self) -> String {
        self.0.to_hex()
    }

    /// Base64 in the standard alphabet, padded.
    pub fn to_base64(&self) -> String {
        self.0.to_base64()
    }
}

impl Place for Tag {
    fn place(&mut self) -> &mut Digest {
        &mut self.0
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Hides the bytes: until it is sent, a tag is what a forger lacks.
impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag(hmac-{})", self.0.hash_function())
    }
}

/// The answer of `verify` to a tag that is not the message's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TagMismatch;

impl fmt::Display for TagMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tag is not that of this message under this key")
    }
}

impl std::error::Error for TagMismatch {}

/// A function that HMAC is not defined for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnsupportedByHmac {
    function: HashFunction,
}

impl fmt::Display for UnsupportedByHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HMAC is not defined for {}", self.function)
    }
}

impl std::error::Error for UnsupportedByHmac {}
