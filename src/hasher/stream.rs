//! Hashing of a message that arrives in pieces.

use zeroize::Zeroize;

use crate::hasher::iterated::IteratedHash;
use crate::hasher::wipe::wipe;

/// The state between two pieces of a message.
pub(crate) struct Stream<H: IteratedHash> {
    pub(crate) hash: &'static H,
    /// The state after the last whole block.
    pub(crate) state: H::State,
    buffer: H::Buffer,
    /// The length of the unfinished block, less than a block.
    filled: usize,
    /// The length of the message in bytes.
    length: u128,
}

impl<H: IteratedHash> Stream<H> {
    pub(crate) fn new(hash: &'static H) -> Self {
        Self { hash, state: hash.initial(), buffer: H::BUFFER, filled: 0, length: 0 }
    }

    /// Returns the unfinished block, with zeros for bytes that the state contains.
    pub(crate) fn unfinished(&self) -> &[u8] {
        H::unfinished(&self.buffer, self.filled)
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        self.length = self.length.wrapping_add(data.len() as u128);
        if self.filled > 0 {
            let block_len = self.hash.block_len();
            let (head, rest) = data.split_at(data.len().min(block_len - self.filled));
            self.fill(head);
            if self.filled < block_len {
                return;
            }
            let (block, _) = self.hash.split(H::unfinished(&self.buffer, block_len));
            self.hash.advance(&mut self.state, block);
            self.filled = 0;
            data = rest;
        }
        let (blocks, rest) = self.hash.split(data);
        if !blocks.is_empty() {
            self.hash.advance(&mut self.state, blocks);
        }
        self.fill(rest);
    }

    fn fill(&mut self, bytes: &[u8]) {
        H::fill(&mut self.state, &mut self.buffer, self.filled, bytes);
        self.filled += bytes.len();
    }

    /// Counts `len` bytes, ending with a block, that the caller hashed into the state.
    pub(crate) fn skip(&mut self, len: usize) {
        self.length = self.length.wrapping_add(len as u128);
        self.filled = 0;
    }

    /// Pads the message and hashes its last blocks.
    pub(crate) fn pad(&mut self) {
        let mut end = H::END;
        let blocks = self.hash.pad(self.unfinished(), self.length, &mut end);
        self.hash.advance(&mut self.state, self.hash.units(&end, blocks));
        wipe(&mut end, H::END);
    }

    /// Pads the message and writes the first `out.len()` bytes of the digest.
    pub(crate) fn finish(&mut self, out: &mut [u8]) {
        self.pad();
        self.hash.write(&self.state, out);
    }
}

impl<H: IteratedHash> Clone for Stream<H> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<H: IteratedHash> Zeroize for Stream<H> {
    fn zeroize(&mut self) {
        wipe(&mut self.state, self.hash.initial());
        wipe(&mut self.buffer, H::BUFFER);
        self.filled = 0;
        wipe(&mut self.length, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::algorithm::{Algorithm, Core};
    use crate::kernel::functions::{Merkle, SHA256};
    use crate::kernel::word::{ByteOrder, Word};

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
                merkle.advance(&mut words, W::blocks(&bytes).0);
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
        let mut crossing = Stream::new(&SHA256);
        crossing.length = (1 << 32) - 64;
        crossing.update(&[7; 200]);
        assert_eq!(crossing.length, (1 << 32) + 136);
        let mut stepwise = Stream::new(&SHA256);
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
