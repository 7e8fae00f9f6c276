//! Merkle–Damgård hashing: one buffer and one padding for MD5, SHA-1 and SHA-2.

use zeroize::Zeroize;

use crate::hasher::wipe::wipe;
use crate::kernel::functions::Merkle;
use crate::kernel::word::{ByteOrder, Word};

/// The state between two pieces of a message (FIPS 180-4, section 6).
#[derive(Clone)]
pub(crate) struct Stream<W: Word> {
    pub(crate) merkle: &'static Merkle<W>,
    /// H(i) after the last whole block.
    pub(crate) words: [W; 8],
    /// The bytes after the last whole block: `length` modulo the block's length.
    buffer: W::Block,
    /// The length of the message in bytes.
    length: u128,
}

impl<W: Word> Stream<W> {
    pub(crate) fn new(merkle: &'static Merkle<W>) -> Self {
        Self { merkle, words: merkle.initial, buffer: W::ZERO, length: 0 }
    }

    /// Returns the bytes of the unfinished block.
    pub(crate) fn buffered(&self) -> &[u8] {
        &self.buffer.as_ref()[..(self.length % size_of::<W::Block>() as u128) as usize]
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        let buffered = self.buffered().len();
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

    /// Counts `len` bytes, ending with a block, that the caller hashed into `words`.
    pub(crate) fn skip(&mut self, len: usize) {
        self.length = self.length.wrapping_add(len as u128);
        debug_assert!(self.buffered().is_empty());
    }

    /// Pads the message and writes the first `out.len()` bytes of the digest.
    pub(crate) fn finish(&mut self, out: &mut [u8]) {
        let mut tail = [W::ZERO; 2];
        let padded = self.merkle.pad_into(self.buffered(), self.length, &mut tail);
        self.merkle.compress(&mut self.words, &tail[..padded]);
        W::write(&self.words, self.merkle.order, out);
        wipe(&mut tail, [W::ZERO; 2]);
    }
}

impl<W: Word> Zeroize for Stream<W> {
    fn zeroize(&mut self) {
        wipe(&mut self.words, [W::default(); 8]);
        wipe(&mut self.buffer, W::ZERO);
        wipe(&mut self.length, 0);
    }
}

impl<W: Word> Merkle<W> {
    /// Hashes a message.
    pub(crate) fn digest(&self, message: &[u8], out: &mut [u8]) {
        self.digest_after(&mut { self.initial }, 0, message, &mut [W::ZERO; 2], out);
    }

    /// Hashes a message after a key of one block that is in `words`, and wipes them.
    pub(crate) fn digest_keyed(&self, mut words: [W; 8], message: &[u8], out: &mut [u8]) {
        let mut tail = [W::ZERO; 2];
        self.digest_after(&mut words, size_of::<W::Block>(), message, &mut tail, out);
        wipe(&mut words, [W::default(); 8]);
        wipe(&mut tail, [W::ZERO; 2]);
    }

    #[inline]
    fn digest_after(
        &self,
        words: &mut [W; 8],
        before: usize,
        message: &[u8],
        tail: &mut [W::Block; 2],
        out: &mut [u8],
    ) {
        let (blocks, rest) = W::blocks(message);
        // The CPU pads the rest while it still compresses these.
        if !blocks.is_empty() {
            self.compress(words, blocks);
        }
        let length = before as u128 + message.len() as u128;
        let padded = self.pad_into(rest, length, tail);
        self.compress(words, &tail[..padded]);
        W::write(words, self.order, out);
    }

    /// Writes the length field at the end of the last block.
    #[inline]
    fn write_length(&self, length: u128, block: &mut [u8]) {
        let bits = length.wrapping_mul(8);
        let field_at = block.len() - W::LENGTH_LEN;
        let field = &mut block[field_at..];
        match self.order {
            ByteOrder::Big => field.copy_from_slice(&bits.to_be_bytes()[16 - W::LENGTH_LEN..]),
            ByteOrder::Little => field.copy_from_slice(&bits.to_le_bytes()[..W::LENGTH_LEN]),
        }
    }

    /// Pads a message of `length` bytes that ends in `rest` (FIPS 180-4, section 5.1), and returns
    /// the number of blocks of `tail` used. `rest` starts at a block, and leaves room for the padding
    /// in the second.
    #[inline]
    pub(crate) fn pad_into(&self, rest: &[u8], length: u128, tail: &mut [W::Block; 2]) -> usize {
        let blocks = self.padded_blocks(rest.len());
        // Copying a whole block has a constant length and needs no call of `memcpy`.
        let (whole, part) = W::blocks(rest);
        let first = whole.first();
        *tail = [first.copied().unwrap_or(W::ZERO), W::ZERO];
        let bytes = W::bytes(&mut tail[..blocks]);
        if !part.is_empty() {
            bytes[rest.len() - part.len()..rest.len()].copy_from_slice(part);
        }
        bytes[rest.len()] = 0x80;
        self.write_length(length, bytes);
        blocks
    }

    /// Returns the number of blocks of `len` bytes with their padding.
    #[inline]
    pub(crate) fn padded_blocks(&self, len: usize) -> usize {
        (len + W::LENGTH_LEN) / size_of::<W::Block>() + 1
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::algorithm::{Algorithm, Core};

    /// Pads a message of `length` bytes that ends in `tail` as FIPS 180-4, section 5.1, says.
    fn padded(tail: &[u8], length: u128, block: usize, order: ByteOrder) -> Vec<u8> {
        let field = block / 8;
        let mut bytes = tail.to_vec();
        bytes.push(0x80);
        while bytes.len() % block != block - field {
            bytes.push(0);
        }
        // The field holds the low bytes of 8 × length, which may exceed 2^128.
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
    fn lengths_beyond_powers_of_two_are_exact() {
        for algorithm in Algorithm::ALL {
            match &algorithm.spec().core {
                Core::Narrow(merkle) => check_counter(merkle),
                Core::Wide(merkle) => check_counter(merkle),
                Core::Sponge(_) | Core::External(_) => {}
            }
        }
    }

    #[test]
    fn an_update_may_cross_a_power_of_two() {
        let merkle = &crate::kernel::functions::SHA256;
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
}
