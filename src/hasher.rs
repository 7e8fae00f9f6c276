//! Streaming hashes: one buffer and one padding for the whole Merkle–Damgård family.

use std::fmt;
use std::io::{self, Read, Write};

use zeroize::Zeroize;

use crate::algorithm::{Algorithm, Core, Function};
use crate::digest::Digest;
use crate::kernel::{ByteOrder, Merkle, Word};
use crate::opaque::{Opaque, Squeeze};

/// The digest of `data`.
///
/// ```
/// use hsum::{Algorithm, digest};
///
/// let digest = digest(Algorithm::Sha1, b"abc");
/// assert_eq!(digest.to_string(), "a9993e364706816aba3e25717850c26c9cd0d89d");
/// ```
pub fn digest(function: impl Into<Function>, data: &[u8]) -> Digest {
    let mut hasher = Hasher::new(function);
    hasher.update(data);
    hasher.finalize()
}

/// The digest of all that `reader` yields.
///
/// # Errors
/// The reader's own, except `Interrupted`, after which the read is tried again.
pub fn hash_reader(function: impl Into<Function>, mut reader: impl Read) -> io::Result<Digest> {
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
    function: Function,
    state: State,
}

#[derive(Clone)]
enum State {
    Narrow(Stream<u32>),
    Wide(Stream<u64>),
    Opaque { inner: Box<dyn Opaque>, length: u128 },
}

impl Hasher {
    /// A hasher that has seen nothing yet.
    pub fn new(function: impl Into<Function>) -> Self {
        let function = function.into();
        let state = match &function.algorithm().spec().core {
            Core::Narrow(merkle) => State::Narrow(Stream::new(merkle)),
            Core::Wide(merkle) => State::Wide(Stream::new(merkle)),
            Core::Opaque(make) => State::Opaque { inner: make(function.len()), length: 0 },
        };
        Self { function, state }
    }

    /// The function that it computes.
    pub fn function(&self) -> Function {
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
            State::Opaque { inner, length } => {
                inner.update(data);
                *length = length.wrapping_add(data.len() as u128);
            }
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
            State::Opaque { inner, .. } => inner.finalize(out),
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
        match self.state {
            State::Opaque { mut inner, .. } => inner.finalize_xof().map(XofReader),
            _ => None,
        }
    }

    /// Forgets the message, and wipes what was derived from it.
    pub fn reset(&mut self) {
        self.zeroize();
        *self = Self::new(self.function);
    }

    /// The message's length so far, in bytes.
    fn length(&self) -> u128 {
        match &self.state {
            State::Narrow(stream) => stream.length,
            State::Wide(stream) => stream.length,
            State::Opaque { length, .. } => *length,
        }
    }
}

/// Overwrites the state with that of another message; the old one is gone from memory.
impl Zeroize for Hasher {
    fn zeroize(&mut self) {
        match &mut self.state {
            State::Narrow(stream) => stream.zeroize(),
            State::Wide(stream) => stream.zeroize(),
            // Dropping the old one wipes it.
            State::Opaque { .. } => *self = Self::new(self.function),
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

impl Clone for Box<dyn Opaque> {
    fn clone(&self) -> Self {
        (**self).boxed_clone()
    }
}

/// A Merkle–Damgård hash under way (FIPS 180-4, sections 5 and 6).
#[derive(Clone)]
struct Stream<W: Word> {
    merkle: &'static Merkle<W>,
    /// H(i), after the whole blocks of the message so far.
    words: [W; 8],
    /// What came after the last whole block, `length` modulo the block's length.
    buffer: W::Block,
    /// In bytes.
    length: u128,
}

impl<W: Word> Stream<W> {
    fn new(merkle: &'static Merkle<W>) -> Self {
        Self { merkle, words: merkle.initial, buffer: W::ZERO, length: 0 }
    }

    fn buffered(&self) -> usize {
        (self.length % size_of::<W::Block>() as u128) as usize
    }

    fn update(&mut self, mut data: &[u8]) {
        let buffered = self.buffered();
        self.length = self.length.wrapping_add(data.len() as u128);
        if buffered > 0 {
            let room = &mut self.buffer.as_mut()[buffered..];
            let (head, rest) = data.split_at(room.len().min(data.len()));
            room[..head.len()].copy_from_slice(head);
            if head.len() < room.len() {
                return;
            }
            self.merkle.compress(&mut self.words, std::slice::from_ref(&self.buffer));
            data = rest;
        }
        let (blocks, tail) = W::blocks(data);
        if !blocks.is_empty() {
            self.merkle.compress(&mut self.words, blocks);
        }
        self.buffer.as_mut()[..tail.len()].copy_from_slice(tail);
    }

    /// Pads (section 5.1) and writes the first `out.len()` bytes of the last H.
    fn finish(&mut self, out: &mut [u8]) {
        let buffered = self.buffered();
        let Self { merkle, words, buffer, length } = self;
        let block = buffer.as_mut();
        let length_at = block.len() - W::LENGTH_LEN;
        block[buffered] = 0x80;
        block[buffered + 1..].fill(0);
        if buffered >= length_at {
            merkle.compress(words, std::slice::from_ref(buffer));
            *buffer = W::ZERO;
        }
        let bits = length.wrapping_mul(8);
        let field = &mut buffer.as_mut()[length_at..];
        match merkle.order {
            ByteOrder::Big => field.copy_from_slice(&bits.to_be_bytes()[16 - W::LENGTH_LEN..]),
            ByteOrder::Little => field.copy_from_slice(&bits.to_le_bytes()[..W::LENGTH_LEN]),
        }
        merkle.compress(words, std::slice::from_ref(buffer));
        W::write(words, merkle.order, out);
    }
}

impl<W: Word> Zeroize for Stream<W> {
    fn zeroize(&mut self) {
        self.words.zeroize();
        self.buffer.zeroize();
        self.length.zeroize();
    }
}

/// The endless output of SHAKE or BLAKE3, from [`Hasher::finalize_xof`].
pub struct XofReader(Box<dyn Squeeze>);

impl XofReader {
    /// The next `out.len()` bytes of the output.
    pub fn fill(&mut self, out: &mut [u8]) {
        self.0.read(out);
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
    pub fn new<F: Into<Function>>(functions: impl IntoIterator<Item = F>) -> Self {
        Self { hashers: functions.into_iter().map(Hasher::new).collect() }
    }

    /// Appends `data` to the message.
    ///
    /// Data is dealt out in pieces that stay in the L1 cache while each function takes its turn.
    pub fn update(&mut self, data: &[u8]) {
        for piece in data.chunks(16 * 1024) {
            for hasher in &mut self.hashers {
                hasher.update(piece);
            }
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

    /// FIPS 180-4, section 5.1, with the length as a big integer: the last blocks of a message
    /// of `length` bytes that ends in `tail`.
    fn padded(tail: &[u8], length: u128, block: usize, order: ByteOrder) -> Vec<u8> {
        let field = block / 8;
        let mut bytes = tail.to_vec();
        bytes.push(0x80);
        while bytes.len() % block != block - field {
            bytes.push(0);
        }
        // 2^128 bits and more do not fit the field: its value is the low bytes of 8 × length.
        let mut bits: Vec<u8> = Vec::new();
        let mut carry = 0u32;
        for byte in length.to_le_bytes() {
            let value = u32::from(byte) * 8 + carry;
            bits.push(value as u8);
            carry = value >> 8;
        }
        bits.truncate(field);
        if order == ByteOrder::Big {
            bits.reverse();
        }
        bytes.extend(bits);
        bytes
    }

    fn check_counter<W: Word + PartialEq + fmt::Debug>(merkle: &'static Merkle<W>) {
        let block = size_of::<W::Block>();
        for power in [29, 31, 32, 35, 60, 61, 63, 64, 67, 120] {
            for (offset, tail_len) in [(0, 0), (0, block - 1), (1, 3), (1, block - 9)] {
                let whole = ((1u128 << power) / block as u128 + offset) * block as u128;
                let tail: Vec<u8> = (0..tail_len as u8).collect();
                let mut stream = Stream::new(merkle);
                stream.length = whole;
                stream.update(&tail);
                let mut out = [0; 64];
                stream.finish(&mut out);

                let mut words = merkle.initial;
                let bytes = padded(&tail, whole + tail_len as u128, block, merkle.order);
                merkle.compress(&mut words, W::blocks(&bytes).0);
                let mut expected = [0; 64];
                W::write(&words, merkle.order, &mut expected);
                assert_eq!(out, expected, "2^{power} + {offset} blocks + {tail_len}");
            }
        }
    }

    #[test]
    fn the_length_is_exact_past_every_power_of_two() {
        for algorithm in Algorithm::ALL {
            match &algorithm.spec().core {
                Core::Narrow(merkle) => check_counter(merkle),
                Core::Wide(merkle) => check_counter(merkle),
                Core::Opaque(_) => {}
            }
        }
    }

    #[test]
    fn the_counter_crosses_a_power_of_two_within_an_update() {
        let merkle = &crate::kernel::sha256::SHA256;
        let mut crossing = Stream::new(merkle);
        crossing.length = (1 << 32) - 64;
        crossing.update(&[7; 200]);
        assert_eq!(crossing.length, (1 << 32) + 136);
        let mut stepwise = Stream::new(merkle);
        stepwise.length = (1 << 32) - 64;
        for byte in [7u8; 200] {
            stepwise.update(&[byte]);
        }
        let (mut a, mut b) = ([0; 32], [0; 32]);
        crossing.finish(&mut a);
        stepwise.finish(&mut b);
        assert_eq!(a, b);
    }

    #[test]
    fn debug_never_shows_the_state() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(b"secret");
        assert_eq!(format!("{hasher:?}"), "Hasher { function: sha256, length: 6, .. }");
    }
}
