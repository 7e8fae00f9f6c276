//! HMAC (RFC 2104, FIPS 198-1): keys as two midstates, tags that compare in constant time.

use std::fmt;
use std::io;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::algorithm::{HashFunction, MAX_HMAC_BLOCK};
use crate::digest::Digest;
use crate::hasher::fused::MultiHasher;
use crate::hasher::xof::XofReader;
use crate::hasher::{Hasher, digest_keyed};
use crate::lanes;
use crate::lanes::messages::DigestSlot;

/// A prepared HMAC key: the hash states after the inner and the outer padded key block.
///
/// Preparing hashes two blocks once, instead of with every message. `Debug` shows the function
/// only; the states are wiped on drop.
#[derive(Clone)]
pub struct Key {
    inner: Hasher,
    outer: Hasher,
}

impl Key {
    /// Prepares a key of any length.
    ///
    /// A key longer than the function's block is hashed first (RFC 2104, section 2). One shorter
    /// than the digest weakens the MAC (section 3).
    ///
    /// # Errors
    /// [`UnsupportedByHmac`] for SHAKE, CRCs and multipart forms, for which HMAC is not defined.
    pub fn new(function: impl Into<HashFunction>, key: &[u8]) -> Result<Self, UnsupportedByHmac> {
        let function = function.into();
        let block_len = function.algorithm().block_len().filter(|_| function.part_len().is_none());
        let block_len = block_len.ok_or(UnsupportedByHmac { hash_function: function })?;
        let mut block = Zeroizing::new([0u8; MAX_HMAC_BLOCK]);
        let block = &mut block[..block_len];
        if key.len() > block_len {
            // A stream's buffer can be wiped, unlike what `digest` leaves on the stack.
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
        let outer = midstate(0x36 ^ 0x5c); // also removes the inner pad
        Ok(Self { inner, outer })
    }

    /// Returns the hash function of the HMAC.
    pub fn hash_function(&self) -> HashFunction {
        self.inner.hash_function()
    }

    /// Computes the tag of `message`.
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

    /// Compares `tag` with the whole tag of `message` in constant time.
    ///
    /// # Errors
    /// [`TagMismatch`] if they differ or `tag` is truncated.
    pub fn verify(&self, message: &[u8], tag: &[u8]) -> Result<(), TagMismatch> {
        self.sign(message).matches(tag)
    }
}

/// Computes the tags of `messages` under `key`, several at once, and writes them to `out` in order.
///
/// Allocates nothing, except with BLAKE2, BLAKE3 and SM3, which have no lanes.
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
/// If `messages` and `out` differ in length.
pub fn sign_many(key: &Key, messages: &[&[u8]], out: &mut [Tag]) {
    assert_eq!(messages.len(), out.len(), "a tag for each message");
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

/// An HMAC of a message that arrives in pieces.
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
    /// The key's states; the message is appended to the inner one.
    states: Key,
}

impl Hmac {
    /// Starts with the empty message under `key`.
    pub fn new(key: &Key) -> Self {
        Self { states: key.clone() }
    }

    /// Returns the hash function of the HMAC.
    pub fn hash_function(&self) -> HashFunction {
        self.states.hash_function()
    }

    /// Appends `data` to the message.
    pub fn update(&mut self, data: &[u8]) {
        self.states.inner.update(data);
    }

    /// Returns the tag of the message.
    pub fn finalize(mut self) -> Tag {
        let Key { inner, outer } = &mut self.states;
        outer.update(inner.finish().as_bytes());
        Tag(outer.finish())
    }

    /// Compares `tag` with the whole tag of the message in constant time.
    ///
    /// # Errors
    /// [`TagMismatch`] if they differ or `tag` is truncated.
    pub fn verify(self, tag: &[u8]) -> Result<(), TagMismatch> {
        self.finalize().matches(tag)
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hmac").field("function", &self.hash_function()).finish_non_exhaustive()
    }
}

/// A message authentication code. `Display` writes lower-case hex.
///
/// `==` compares in constant time. Comparing bytes or text does not: to check a received tag, use
/// [`Key::verify`] or [`Hmac::verify`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tag(Digest);

impl Tag {
    /// Returns a copy of the bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into()
    }

    /// Returns the bytes, as many as the function's digests have.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Compares all the bytes in constant time.
    fn matches(&self, bytes: &[u8]) -> Result<(), TagMismatch> {
        match self.as_bytes().ct_eq(bytes).into() {
            true => Ok(()),
            false => Err(TagMismatch),
        }
    }

    /// Returns the tag in lower-case hex.
    pub fn to_hex(&self) -> String {
        self.0.to_hex()
    }

    /// Returns the tag in base64, in the standard alphabet, padded.
    pub fn to_base64(&self) -> String {
        self.0.to_base64()
    }
}

impl DigestSlot for Tag {
    fn slot(&mut self) -> &mut Digest {
        &mut self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// Hides the bytes: before a tag is sent, it must not leak.
impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag(hmac-{})", self.0.hash_function())
    }
}

/// An error from `verify`: the tag is not that of the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the tag does not match the message and the key")]
pub struct TagMismatch;

/// An error from preparing a [`Key`] for a function that HMAC is not defined for.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("HMAC is not defined for {hash_function}")]
pub struct UnsupportedByHmac {
    /// The function.
    pub hash_function: HashFunction,
}

macro_rules! write_by_update {
    ($($type:ty)*) => {$(
        impl io::Write for $type {
            fn write(&mut self, data: &[u8]) -> io::Result<usize> {
                self.update(data);
                Ok(data.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )*};
}

write_by_update!(Hasher MultiHasher Hmac);

const _: () = {
    const fn assert_send_sync<T: Send + Sync>() {}
    assert_send_sync::<Hasher>();
    assert_send_sync::<MultiHasher>();
    assert_send_sync::<XofReader>();
    assert_send_sync::<Key>();
    assert_send_sync::<Hmac>();
};
