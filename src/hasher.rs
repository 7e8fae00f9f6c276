//! Hashing of messages in memory and of messages that arrive in pieces.

pub(crate) mod fused;
pub(crate) mod iterated;
mod sponge;
pub(crate) mod stream;
pub(crate) mod wipe;
pub(crate) mod xof;

use std::any::Any;
use std::fmt;
use std::io::{self, Read};
use std::ptr;

use zeroize::Zeroize;

use crate::algorithm::{Algorithm, Core, HashFunction, MAX_LEN, Sponge};
use crate::digest::Digest;
use crate::external::ExternalHash;
use crate::hasher::iterated::IteratedHash;
use crate::hasher::sponge::Squeezer;
use crate::hasher::stream::Stream;
use crate::hasher::wipe::wipe;
use crate::hasher::xof::{Output, XofReader};
use crate::kernel::functions::Merkle;

/// Hashes `data`.
///
/// ```
/// use hsum::{Algorithm, digest};
///
/// let digest = digest(Algorithm::Sha1, b"abc");
/// assert_eq!(digest.to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
pub fn digest(function: impl Into<HashFunction>, data: &[u8]) -> Digest {
    let function = function.into();
    if function.part_len().is_some() {
        let mut hasher = Hasher::new(function);
        hasher.update(data);
        return hasher.finish();
    }
    let mut digest = Digest::zeroed(function);
    let out = digest.as_mut_bytes();
    // For a short message a stream's buffer would cost more than the blocks.
    match &function.algorithm().spec().core {
        Core::Narrow(merkle) => merkle.digest(data, out),
        Core::Wide(merkle) => merkle.digest(data, out),
        Core::Sponge(sponge) => sponge.digest(data, out),
        Core::External(new) => {
            let mut hash = new(function.len());
            hash.update(data);
            hash.finalize(out);
        }
    }
    digest
}

/// Hashes `message` with `inner` and the digest of that with `outer`: HMAC from its midstates,
/// which have absorbed the padded key and nothing else (RFC 2104, section 4).
pub(crate) fn digest_keyed(inner: &Hasher, outer: &Hasher, message: &[u8]) -> Digest {
    let mut digest = Digest::zeroed(inner.function);
    let out = digest.as_mut_bytes();
    let mut first = [0; MAX_LEN];
    let first_digest = &mut first[..out.len()];
    macro_rules! hash_twice {
        ($inner:ident, $outer:ident) => {{
            $inner.hash.digest_keyed($inner.state, message, first_digest);
            $outer.hash.digest_keyed($outer.state, first_digest, out);
        }};
    }
    match (&inner.state, &outer.state) {
        (State::Narrow(inner), State::Narrow(outer)) => hash_twice!(inner, outer),
        (State::Wide(inner), State::Wide(outer)) => hash_twice!(inner, outer),
        (State::Sponge(inner), State::Sponge(outer)) => hash_twice!(inner, outer),
        _ => {
            let (mut inner, mut outer) = (inner.clone(), outer.clone());
            inner.update(message);
            outer.update(inner.finish().as_bytes());
            digest = outer.finish();
            inner.zeroize();
            outer.zeroize();
        }
    }
    wipe(&mut first, [0; MAX_LEN]);
    digest
}

/// Hashes everything that `reader` yields.
///
/// # Errors
/// Returns the reader's errors, except `Interrupted`, after which it reads again.
pub fn hash_reader(function: impl Into<HashFunction>, mut reader: impl Read) -> io::Result<Digest> {
    let mut hasher = Hasher::new(function);
    io::copy(&mut reader, &mut hasher)?;
    Ok(hasher.finalize())
}

/// A hash of a message that arrives in pieces.
///
/// The digest does not depend on how the message is divided. `Debug` shows the function, never the
/// state.
#[derive(Clone)]
pub struct Hasher {
    function: HashFunction,
    pub(crate) state: State,
}

#[derive(Clone)]
pub(crate) enum State {
    Narrow(Stream<Merkle<u32>>),
    Wide(Stream<Merkle<u64>>),
    Sponge(Stream<Sponge>),
    External(Box<dyn ExternalHash>),
    Parts(Box<Parts>),
}

impl State {
    /// Returns the stream if its hash is `hash`.
    pub(crate) fn stream_of<H: IteratedHash>(&mut self, hash: &H) -> Option<&mut Stream<H>> {
        // In each arm, so that the compiler decides the cast.
        let stream: Option<&mut Stream<H>> = match self {
            Self::Narrow(stream) => (stream as &mut dyn Any).downcast_mut(),
            Self::Wide(stream) => (stream as &mut dyn Any).downcast_mut(),
            Self::Sponge(stream) => (stream as &mut dyn Any).downcast_mut(),
            Self::External(_) | Self::Parts(_) => None,
        };
        stream.filter(|stream| ptr::eq(stream.hash, hash))
    }
}

impl Hasher {
    /// Creates a hasher of the empty message.
    pub fn new(function: impl Into<HashFunction>) -> Self {
        let function = function.into();
        if let Some(parts) = Parts::new(function) {
            return Self { function, state: State::Parts(Box::new(parts)) };
        }
        let state = match &function.algorithm().spec().core {
            Core::Narrow(merkle) => State::Narrow(Stream::new(merkle)),
            Core::Wide(merkle) => State::Wide(Stream::new(merkle)),
            Core::Sponge(sponge) => State::Sponge(Stream::new(sponge)),
            Core::External(new) => State::External(new(function.len())),
        };
        Self { function, state }
    }

    /// Returns the hash function.
    pub fn hash_function(&self) -> HashFunction {
        self.function
    }

    /// Returns the algorithm of the hash function.
    pub fn algorithm(&self) -> Algorithm {
        self.function.algorithm()
    }

    /// Appends `data` to the message.
    ///
    /// The length is counted in 128 bits. MD5, SHA-1 and SHA-256 pad with the length in bits
    /// modulo 2^64, as RFC 1321 says and as other implementations do beyond FIPS 180-4's limit.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Narrow(stream) => stream.update(data),
            State::Wide(stream) => stream.update(data),
            State::Sponge(stream) => stream.update(data),
            State::External(inner) => inner.update(data),
            State::Parts(parts) => parts.update(data),
        }
    }

    /// Returns the number of bytes at the start of `data` that belong to the current part; all bytes
    /// if the function hashes messages whole.
    pub(crate) fn piece_len(&self, data: &[u8]) -> usize {
        match &self.state {
            State::Parts(parts) => parts.piece_len(data),
            _ => data.len(),
        }
    }

    /// Returns the hasher to which the caller appends the next `len` bytes: that of the current part.
    pub(crate) fn of_piece(&mut self, len: usize) -> &mut Self {
        match self.state {
            State::Parts(ref mut parts) => parts.part_with(len),
            _ => self,
        }
    }

    /// Returns the state of a multipart form.
    pub(crate) fn parts(&mut self) -> Option<&mut Parts> {
        match &mut self.state {
            State::Parts(parts) => Some(parts),
            _ => None,
        }
    }

    /// Returns `true` if several threads can hash one message together.
    #[cfg(feature = "fs")]
    pub(crate) fn is_divisible(&self) -> bool {
        matches!(&self.state, State::External(inner) if inner.is_divisible())
    }

    /// Appends `data`, which is not in the CPU's cache; BLAKE3 loads it first.
    #[cfg(feature = "fs")]
    pub(crate) fn update_uncached(&mut self, data: &[u8]) {
        match &mut self.state {
            State::External(inner) => inner.update_uncached(data),
            _ => self.update(data),
        }
    }

    /// Appends `data`, using all threads of the current rayon pool if the hash is a tree (BLAKE3).
    #[cfg(feature = "fs")]
    pub(crate) fn update_divided(&mut self, data: &[u8]) {
        match &mut self.state {
            State::External(inner) => inner.update_divided(data),
            _ => self.update(data),
        }
    }

    /// Returns the digest of the message.
    pub fn finalize(mut self) -> Digest {
        self.finish()
    }

    /// Returns the digest and leaves a useless state that can still be wiped.
    pub(crate) fn finish(&mut self) -> Digest {
        let mut digest = Digest::zeroed(self.function);
        let out = digest.as_mut_bytes();
        match &mut self.state {
            State::Narrow(stream) => stream.finish(out),
            State::Wide(stream) => stream.finish(out),
            State::Sponge(stream) => stream.finish(out),
            State::External(inner) => inner.finalize(out),
            State::Parts(parts) => digest = parts.finish(),
        }
        digest
    }

    /// Returns the endless output of SHAKE or BLAKE3; `None` for other algorithms.
    ///
    /// ```
    /// use hsum::{Algorithm, Hasher};
    ///
    /// let mut long = [0; 200];
    /// Hasher::new(Algorithm::Shake128).finalize_xof().unwrap().fill(&mut long);
    /// assert_eq!(hex::encode(&long[..4]), "7f9c2ba4");
    /// ```
    pub fn finalize_xof(self) -> Option<XofReader> {
        let is_extendable = self.algorithm().is_extendable();
        let output = match self.state {
            State::Sponge(mut stream) if is_extendable => {
                Output::Sponge(Squeezer::new(&mut stream))
            }
            State::External(mut inner) => Output::External(inner.finalize_xof()?),
            _ => return None,
        };
        Some(XofReader(output))
    }

    /// Starts over with the empty message, and wipes the state.
    pub fn reset(&mut self) {
        self.zeroize();
        *self = Self::new(self.function);
    }
}

/// Overwrites the state, so that nothing of the message remains in memory.
impl Zeroize for Hasher {
    fn zeroize(&mut self) {
        match &mut self.state {
            State::Narrow(stream) => stream.zeroize(),
            State::Wide(stream) => stream.zeroize(),
            State::Sponge(stream) => stream.zeroize(),
            // Dropping the old state wipes it.
            State::External(_) => *self = Self::new(self.function),
            State::Parts(parts) => parts.zeroize(),
        }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("function", &self.function).finish_non_exhaustive()
    }
}

impl Clone for Box<dyn ExternalHash> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// The hash of a message in parts of equal length, of which the last may be shorter.
#[derive(Clone)]
pub(crate) struct Parts {
    function: HashFunction,
    part_len: u64,
    /// The hash of the current part.
    part: Hasher,
    /// The number of bytes in the current part.
    filled: u64,
    /// The hash of the digests of the complete parts.
    whole: Hasher,
    /// The number of complete parts.
    complete: u64,
}

impl Parts {
    /// Creates the hash of the empty message; `None` if the function hashes messages whole.
    fn new(function: HashFunction) -> Option<Self> {
        let part_len = function.part_len()?;
        let [part, whole] = [(); 2].map(|()| Hasher::new(function.of_part()));
        Some(Self { function, part_len, part, filled: 0, whole, complete: 0 })
    }

    fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (now, rest) = data.split_at(self.piece_len(data));
            self.part_with(now.len()).update(now);
            self.complete_full();
            data = rest;
        }
    }

    /// Returns the number of bytes at the start of `data` that belong to the current part.
    fn piece_len(&self, data: &[u8]) -> usize {
        usize::try_from(self.part_len - self.filled).unwrap_or(usize::MAX).min(data.len())
    }

    /// Returns the hash of the current part, to which the caller appends `len` bytes.
    fn part_with(&mut self, len: usize) -> &mut Hasher {
        self.filled += len as u64;
        &mut self.part
    }

    /// Completes the current part if it is full.
    pub(crate) fn complete_full(&mut self) {
        if self.filled == self.part_len {
            self.complete_part();
        }
    }

    /// Appends a part of full length by its digest; the current part must be empty.
    pub(crate) fn push(&mut self, digest: &Digest) {
        self.whole.update(digest.as_bytes());
        self.complete += 1;
    }

    fn complete_part(&mut self) {
        let digest = self.part.finish();
        self.push(&digest);
        self.part.reset();
        self.filled = 0;
    }

    fn zeroize(&mut self) {
        self.part.zeroize();
        self.whole.zeroize();
    }

    /// Returns the digest and leaves a useless state.
    fn finish(&mut self) -> Digest {
        if self.complete == 0 {
            return self.part.finish().in_parts(self.function, 0);
        }
        if self.filled > 0 {
            self.complete_part();
        }
        self.whole.finish().in_parts(self.function, self.complete)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_state() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"secret");
        assert_eq!(format!("{hasher:?}"), "Hasher { function: sha256, .. }");
    }
}
