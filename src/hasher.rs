//! Streaming hashes: whatever the algorithm, a message arrives in pieces and becomes a digest.

pub(crate) mod sponge;
pub(crate) mod stream;
pub(crate) mod together;

use std::fmt;
use std::io::{self, Read, Write};

use zeroize::Zeroize;

use crate::algorithm::{Algorithm, Core, HashFunction, MAX_LEN};
use crate::digest::Digest;
use crate::external::{ExternalHash, Squeeze};
use sponge::{Absorber, Squeezer};
use stream::Stream;
use together::update_all;

/// The digest of `data`.
///
/// ```
/// use hsum::{Algorithm, digest};
///
/// let digest = digest(Algorithm::Sha1, b"abc");
/// assert_eq!(digest.to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
pub fn digest(function: impl Into<HashFunction>, data: &[u8]) -> Digest {
    let function = function.into();
    let mut digest = Digest::zeroed(function);
    let out = digest.as_mut_bytes();
    // A stream's buffer costs a short message more than its blocks do.
    match &function.algorithm().spec().core {
        Core::Narrow(merkle) => merkle.digest(data, out),
        Core::Wide(merkle) => merkle.digest(data, out),
        Core::Sponge(sponge) => sponge.digest(data, out),
        Core::External(_) => {
            let mut hasher = Hasher::new(function);
            hasher.update(data);
            return hasher.finalize();
        }
    }
    digest
}

/// The digest by `outer` of the digest by `inner` of `message`: HMAC from its midstates, which have
/// taken in the padded key and nothing else (RFC 2104, section 4).
pub(crate) fn digest_keyed(inner: &Hasher, outer: &Hasher, message: &[u8]) -> Digest {
    let mut digest = Digest::zeroed(inner.function);
    let out = digest.as_mut_bytes();
    let mut first = [0; MAX_LEN];
    let first_digest = &mut first[..out.len()];
    match (&inner.state, &outer.state) {
        (State::Narrow(i), State::Narrow(o)) => {
            i.merkle.digest_keyed(i.words, message, first_digest);
            o.merkle.digest_keyed(o.words, first_digest, out);
        }
        (State::Wide(i), State::Wide(o)) => {
            i.merkle.digest_keyed(i.words, message, first_digest);
            o.merkle.digest_keyed(o.words, first_digest, out);
        }
        (State::Sponge(i), State::Sponge(o)) => {
            i.sponge.digest_after(i.state, message, first_digest);
            o.sponge.digest_after(o.state, first_digest, out);
        }
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

/// Overwrites what was there, in memory too.
pub(crate) fn wipe<T: Copy>(place: &mut T, with: T) {
    *place = with;
    zeroize::optimization_barrier(place);
}

/// The digest of all that `reader` yields.
///
/// # Errors
/// The reader's own, except `Interrupted`, after which the read is tried again.
pub fn hash_reader(function: impl Into<HashFunction>, mut reader: impl Read) -> io::Result<Digest> {
    let mut hasher = Hasher::new(function);
    io::copy(&mut reader, &mut hasher)?;
    Ok(hasher.finalize())
}

/// A message being hashed, piece by piece.
///
/// The digest does not depend on how the message is cut. `Debug` shows the function and the
/// length so far, never the state.
#[derive(Clone)]
pub struct Hasher {
    function: HashFunction,
    pub(crate) state: State,
}

#[derive(Clone)]
pub(crate) enum State {
    Narrow(Stream<u32>),
    Wide(Stream<u64>),
    Sponge(Absorber),
    External { inner: Box<dyn ExternalHash>, length: u128 },
}

impl Hasher {
    /// A hasher that has seen nothing yet.
    pub fn new(function: impl Into<HashFunction>) -> Self {
        let function = function.into();
        let state = match &function.algorithm().spec().core {
            Core::Narrow(merkle) => State::Narrow(Stream::new(merkle)),
            Core::Wide(merkle) => State::Wide(Stream::new(merkle)),
            Core::Sponge(sponge) => State::Sponge(Absorber::new(sponge)),
            Core::External(make) => State::External { inner: make(function.len()), length: 0 },
        };
        Self { function, state }
    }

    /// The function that it computes.
    pub fn hash_function(&self) -> HashFunction {
        self.function
    }

    /// The algorithm of that function.
    pub fn algorithm(&self) -> Algorithm {
        self.function.algorithm()
    }

    /// Appends `data` to the message.
    ///
    /// The length is counted in 128 bits. MD5, SHA-1 and SHA-256 write it modulo 2^64 bits into
    /// the padding, as RFC 1321 says and as everybody does beyond the limit of FIPS 180-4.
    pub fn update(&mut self, data: &[u8]) {
        match &mut self.state {
            State::Narrow(stream) => stream.update(data),
            State::Wide(stream) => stream.update(data),
            State::Sponge(absorber) => absorber.update(data),
            State::External { inner, length } => {
                inner.update(data);
                *length = length.wrapping_add(data.len() as u128);
            }
        }
    }

    /// Returns `true` if several threads can hash one message together.
    #[cfg(feature = "fs")]
    pub(crate) fn is_divisible(&self) -> bool {
        matches!(&self.state, State::External { inner, .. } if inner.is_divisible())
    }

    /// [`Hasher::update`], on all threads of the rayon pool that it is called in, where the hash is
    /// a tree: BLAKE3.
    #[cfg(feature = "fs")]
    pub(crate) fn update_divided(&mut self, data: &[u8]) {
        match &mut self.state {
            State::External { inner, length } => {
                inner.update_divided(data);
                *length = length.wrapping_add(data.len() as u128);
            }
            _ => self.update(data),
        }
    }

    /// The digest of the message.
    pub fn finalize(mut self) -> Digest {
        self.finish()
    }

    /// The digest; the state is of no further use, but still there to be wiped.
    pub(crate) fn finish(&mut self) -> Digest {
        let mut digest = Digest::zeroed(self.function);
        let out = digest.as_mut_bytes();
        match &mut self.state {
            State::Narrow(stream) => stream.finish(out),
            State::Wide(stream) => stream.finish(out),
            State::Sponge(absorber) => absorber.finish().read(out),
            State::External { inner, .. } => inner.finalize(out),
        }
        digest
    }

    /// The output as a stream without end; `None` unless the algorithm is SHAKE or BLAKE3.
    ///
    /// ```
    /// use hsum::{Algorithm, Hasher};
    ///
    /// let mut long = [0; 200];
    /// Hasher::new(Algorithm::Shake128).finalize_xof().unwrap().fill(&mut long);
    /// assert_eq!(hex::encode(&long[..4]), "7f9c2ba4");
    /// ```
    pub fn finalize_xof(self) -> Option<XofReader> {
        if !self.algorithm().has_variable_len() {
            return None;
        }
        let output = match self.state {
            State::Sponge(mut absorber) => Output::Sponge(absorber.finish()),
            State::External { mut inner, .. } => Output::External(inner.finalize_xof()?),
            State::Narrow(_) | State::Wide(_) => return None,
        };
        Some(XofReader(output))
    }

    /// Forgets the message, and wipes what was derived from it.
    pub fn reset(&mut self) {
        self.zeroize();
        *self = Self::new(self.function);
    }

    /// The message's length so far, in bytes.
    fn length(&self) -> u128 {
        match &self.state {
            State::Narrow(stream) => stream.length(),
            State::Wide(stream) => stream.length(),
            State::Sponge(absorber) => absorber.length(),
            State::External { length, .. } => *length,
        }
    }
}

/// Overwrites the state with that of another message; the old one is gone from memory.
impl Zeroize for Hasher {
    fn zeroize(&mut self) {
        match &mut self.state {
            State::Narrow(stream) => stream.zeroize(),
            State::Wide(stream) => stream.zeroize(),
            State::Sponge(absorber) => absorber.zeroize(),
            // Dropping the old one wipes it.
            State::External { .. } => *self = Self::new(self.function),
        }
    }
}

impl Write for Hasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("function", &self.function)
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl Clone for Box<dyn ExternalHash> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// The endless output of SHAKE or BLAKE3, from [`Hasher::finalize_xof`].
pub struct XofReader(Output);

enum Output {
    Sponge(Squeezer),
    External(Box<dyn Squeeze>),
}

impl XofReader {
    /// The next `out.len()` bytes of the output.
    pub fn fill(&mut self, out: &mut [u8]) {
        match &mut self.0 {
            Output::Sponge(squeezer) => squeezer.read(out),
            Output::External(squeeze) => squeeze.read(out),
        }
    }
}

impl Read for XofReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.fill(out);
        Ok(out.len())
    }
}

impl fmt::Debug for XofReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("XofReader").finish_non_exhaustive()
    }
}

/// Several functions over one message, in one pass.
///
/// ```
/// use hsum::{Algorithm, MultiHasher};
///
/// let mut hasher = MultiHasher::new([Algorithm::Md5, Algorithm::Sha256]);
/// hasher.update(b"abc");
/// let digests = hasher.finalize();
/// assert_eq!(digests[0].to_string(), "900150983cd24fb0d6963f7d28e17f72");
/// ```
#[derive(Clone, Debug)]
pub struct MultiHasher {
    hashers: Vec<Hasher>,
}

impl MultiHasher {
    /// One hasher for each function, in their order.
    pub fn new<F: Into<HashFunction>>(functions: impl IntoIterator<Item = F>) -> Self {
        Self { hashers: functions.into_iter().map(Hasher::new).collect() }
    }

    /// Appends `data` to the message.
    ///
    /// Data is dealt out in pieces that stay in the L1 cache while each function takes its turn.
    /// Of MD5, SHA-1 and SHA-256 those that there are run in one pass on CPUs with SHA-NI, in the
    /// time of the slowest.
    pub fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(16 * 1024) {
            update_all(&mut self.hashers, piece);
        }
    }

    /// The digests, in the order of the functions.
    pub fn finalize(self) -> Vec<Digest> {
        self.hashers.into_iter().map(Hasher::finalize).collect()
    }
}

impl Write for MultiHasher {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_state() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"secret");
        assert_eq!(format!("{hasher:?}"), "Hasher { function: sha256, length: 6, .. }");
    }
}
