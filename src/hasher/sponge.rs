//! The sponge construction of SHA-3 and SHAKE (FIPS 202, section 4).

use zeroize::Zeroize;

use crate::algorithm::{MAX_RATE, Sponge};
use crate::hasher::wipe::wipe;
use crate::kernel::functions::{KECCAK, permute};

impl Sponge {
    /// Pads the rest of a message, less than a block, to one block (section 5.1).
    pub(crate) fn pad_into(&self, rest: &[u8], tail: &mut [u8; MAX_RATE]) {
        *tail = [0; MAX_RATE];
        tail[..rest.len()].copy_from_slice(rest);
        tail[rest.len()] = self.suffix;
        tail[self.rate - 1] |= 0x80;
    }

    /// Hashes a message; `out` has at most `rate` bytes.
    pub(crate) fn digest(&self, message: &[u8], out: &mut [u8]) {
        self.digest_after([0; 25], message, out);
    }

    /// Hashes the rest of a message whose first blocks are in `state`, which it wipes.
    pub(crate) fn digest_after(&self, mut state: [u64; 25], message: &[u8], out: &mut [u8]) {
        let (blocks, rest) = message.split_at(message.len() - message.len() % self.rate);
        self.absorb(&mut state, blocks);
        let mut block = [0; MAX_RATE];
        self.pad_into(rest, &mut block);
        self.absorb(&mut state, &block[..self.rate]);
        squeeze(&state, out);
        wipe(&mut state, [0; 25]);
        wipe(&mut block, [0; MAX_RATE]);
    }

    /// Absorbs whole blocks.
    pub(crate) fn absorb(&self, state: &mut [u64; 25], blocks: &[u8]) {
        (KECCAK.single().run)(std::slice::from_mut(state), self.rate, &[blocks]);
    }
}

/// The absorbing phase of a sponge.
#[derive(Clone)]
pub(crate) struct Absorber {
    pub(crate) sponge: &'static Sponge,
    /// The state, which includes the bytes of the unfinished block.
    pub(crate) state: [u64; 25],
    /// The length of the unfinished block, less than the rate.
    filled: usize,
}

impl Absorber {
    pub(crate) fn new(sponge: &'static Sponge) -> Self {
        Self { sponge, state: [0; 25], filled: 0 }
    }

    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    pub(crate) fn update(&mut self, mut data: &[u8]) {
        if self.filled > 0 {
            let (head, rest) = data.split_at(data.len().min(self.sponge.rate - self.filled));
            self.fill(head);
            if self.filled < self.sponge.rate {
                return;
            }
            permute(&mut self.state);
            self.filled = 0;
            data = rest;
        }
        let (blocks, rest) = data.split_at(data.len() - data.len() % self.sponge.rate);
        self.sponge.absorb(&mut self.state, blocks);
        self.fill(rest);
    }

    /// Starts a new block after the caller absorbed the unfinished one into `state`.
    pub(crate) fn skip(&mut self) {
        self.filled = 0;
    }

    /// Pads the message and starts squeezing.
    pub(crate) fn finish(&mut self) -> Squeezer {
        let rate = self.sponge.rate;
        let mut block = [0; MAX_RATE];
        // The bytes of the unfinished block are in the state: only the padding is missing.
        block[self.filled] = self.sponge.suffix;
        block[rate - 1] |= 0x80;
        add(&mut self.state, &block[..rate]);
        permute(&mut self.state);
        Squeezer { state: self.state, rate, read: 0 }
    }

    /// Appends bytes to the unfinished block, which has room for them.
    fn fill(&mut self, bytes: &[u8]) {
        let mut block = [0; MAX_RATE];
        block[self.filled..][..bytes.len()].copy_from_slice(bytes);
        add(&mut self.state, &block);
        wipe(&mut block, [0; MAX_RATE]);
        self.filled += bytes.len();
    }
}

impl Zeroize for Absorber {
    fn zeroize(&mut self) {
        wipe(&mut self.state, [0; 25]);
        self.filled.zeroize();
    }
}

/// The squeezing phase of a sponge.
pub(crate) struct Squeezer {
    state: [u64; 25],
    rate: usize,
    /// The number of bytes read since the last permutation, at most the rate.
    read: usize,
}

impl Squeezer {
    /// Writes the next `out.len()` bytes of the output.
    pub(crate) fn read(&mut self, mut out: &mut [u8]) {
        while !out.is_empty() {
            if self.read == self.rate {
                permute(&mut self.state);
                self.read = 0;
            }
            let mut bytes = [0; MAX_RATE];
            squeeze(&self.state, &mut bytes[..self.rate]);
            let bytes = &bytes[self.read..self.rate];
            let (now, later) = out.split_at_mut(bytes.len().min(out.len()));
            now.copy_from_slice(&bytes[..now.len()]);
            self.read += now.len();
            out = later;
        }
    }
}

impl Drop for Squeezer {
    fn drop(&mut self) {
        wipe(&mut self.state, [0; 25]);
    }
}

/// Writes the first `out.len()` bytes of the state, at most a rate.
pub(crate) fn squeeze(state: &[u64; 25], out: &mut [u8]) {
    let (whole, part) = out.as_chunks_mut();
    for (bytes, lane) in whole.iter_mut().zip(state) {
        *bytes = lane.to_le_bytes();
    }
    if let Some(lane) = state.get(whole.len()) {
        part.copy_from_slice(&lane.to_le_bytes()[..part.len()]);
    }
}

/// Adds whole lanes to the state.
fn add(state: &mut [u64; 25], bytes: &[u8]) {
    for (lane, bytes) in state.iter_mut().zip(bytes.as_chunks().0) {
        *lane ^= u64::from_le_bytes(*bytes);
    }
}
