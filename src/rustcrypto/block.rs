//! The block-level core of the hash functions that have kernels.

use std::fmt;

use ::digest::array::{Array, ArraySize};
use ::digest::block_api::{
    AlgorithmName, Block, BlockSizeUser, Buffer, BufferKindUser, Eager, ExtendableOutputCore,
    FixedOutputCore, OutputSizeUser, Reset, UpdateCore, XofReaderCore,
};
use ::digest::block_buffer::{BlockSizes, EagerBuffer};
use ::digest::common::hazmat::{DeserializeStateError, SerializableState, SerializedState};
use ::digest::typenum::Unsigned;
use ::digest::{HashMarker, Output};

use crate::algorithm::Sponge;
use crate::hasher::iterated::IteratedHash;
use crate::hasher::wipe::wipe;
use crate::kernel::functions::{Merkle, permute};
use crate::kernel::word::{ByteOrder, Word};

/// The lengths of a hash function, as types.
pub trait Lengths: 'static {
    /// The length of a block in bytes.
    type Block: BlockSizes;
    /// The length of a serialized [`HashCore`] in bytes.
    type Saved: ArraySize;
}

/// The length of digests, for functions that have one.
pub trait DigestLength: Lengths {
    /// The length of a digest in bytes.
    type Digest: ArraySize;
}

/// A hash function as a type.
pub(crate) trait Function: Lengths {
    /// The family, which has the kernels.
    type Hash: Family;
    /// The name that the `digest` crate's types print.
    const NAME: &'static str;

    /// Returns the parameters.
    fn hash() -> &'static Self::Hash;
}

type State<F> = <<F as Function>::Hash as IteratedHash>::State;

/// The core of a hasher: all of it but the buffer of an unfinished block.
///
/// It implements the traits of [`digest::block_api`], through which crates such as `hmac` hash whole
/// blocks. `F` is the hasher's type. Dropping a core wipes its state.
///
/// [`digest::block_api`]: ::digest::block_api
#[allow(private_bounds)] // sealed: only this crate implements Function
pub struct HashCore<F: Function> {
    state: State<F>,
    /// The number of blocks in the state, modulo 2^128.
    blocks: u128,
}

#[allow(private_bounds)]
impl<F: Function> HashCore<F> {
    /// Pads the message, of which `buffer` has the unfinished block, and hashes its last blocks.
    #[inline]
    fn pad(&mut self, buffer: &mut Buffer<Self>) {
        let before = self.blocks.wrapping_mul(F::Block::U64.into());
        let length = before.wrapping_add(buffer.get_pos() as u128);
        F::hash().pad_buffer(&mut self.state, buffer, length);
    }
}

impl<F: Function> Clone for HashCore<F> {
    #[inline]
    fn clone(&self) -> Self {
        Self { state: self.state, blocks: self.blocks }
    }
}

impl<F: Function> HashMarker for HashCore<F> {}

impl<F: Function> BlockSizeUser for HashCore<F> {
    type BlockSize = F::Block;
}

impl<F: Function> BufferKindUser for HashCore<F> {
    type BufferKind = Eager;
}

impl<F: Function + DigestLength> OutputSizeUser for HashCore<F> {
    type OutputSize = F::Digest;
}

impl<F: Function> Default for HashCore<F> {
    #[inline]
    fn default() -> Self {
        Self { state: F::hash().initial(), blocks: 0 }
    }
}

impl<F: Function> Reset for HashCore<F> {
    #[inline]
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl<F: Function> UpdateCore for HashCore<F> {
    #[inline]
    fn update_blocks(&mut self, blocks: &[Block<Self>]) {
        self.blocks = self.blocks.wrapping_add(blocks.len() as u128);
        let hash = F::hash();
        hash.advance(&mut self.state, hash.split(Array::slice_as_flattened(blocks)).0);
    }
}

impl<F: Function + DigestLength> FixedOutputCore for HashCore<F> {
    #[inline]
    fn finalize_fixed_core(&mut self, buffer: &mut Buffer<Self>, out: &mut Output<Self>) {
        self.pad(buffer);
        F::hash().write(&self.state, out);
    }
}

impl<F: Function<Hash = Sponge>> ExtendableOutputCore for HashCore<F> {
    type ReaderCore = ReaderCore<F>;

    #[inline]
    fn finalize_xof_core(&mut self, buffer: &mut Buffer<Self>) -> ReaderCore<F> {
        self.pad(buffer);
        ReaderCore { core: self.clone(), was_read: false }
    }
}

impl<F: Function> AlgorithmName for HashCore<F> {
    fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(F::NAME)
    }
}

/// Never shows the state.
impl<F: Function> fmt::Debug for HashCore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashCore<{}> {{ ... }}", F::NAME)
    }
}

impl<F: Function> Drop for HashCore<F> {
    #[inline]
    fn drop(&mut self) {
        wipe(&mut self.state, F::hash().initial());
        wipe(&mut self.blocks, 0);
    }
}

impl<F: Function> ::digest::zeroize::ZeroizeOnDrop for HashCore<F> {}

impl<F: Function> SerializableState for HashCore<F> {
    type SerializedStateSize = F::Saved;

    fn serialize(&self) -> SerializedState<Self> {
        let mut saved = SerializedState::<Self>::default();
        let (state, blocks) = saved.split_at_mut(F::Saved::USIZE - F::Hash::COUNTER_LEN);
        F::Hash::save(&self.state, state);
        blocks.copy_from_slice(&self.blocks.to_le_bytes()[..F::Hash::COUNTER_LEN]);
        saved
    }

    fn deserialize(saved: &SerializedState<Self>) -> Result<Self, DeserializeStateError> {
        let (state, counter) = saved.split_at(F::Saved::USIZE - F::Hash::COUNTER_LEN);
        let mut blocks = [0; 16];
        blocks[..counter.len()].copy_from_slice(counter);
        Ok(Self { state: F::Hash::restore(state), blocks: u128::from_le_bytes(blocks) })
    }
}

/// The core of the reader of an extendable output.
///
/// Dropping it wipes its state.
#[allow(private_bounds)] // sealed, as HashCore is
pub struct ReaderCore<F: Function> {
    /// The state that has absorbed the padded message.
    core: HashCore<F>,
    /// `true` once the state's output was read.
    was_read: bool,
}

impl<F: Function> Clone for ReaderCore<F> {
    fn clone(&self) -> Self {
        Self { core: self.core.clone(), ..*self }
    }
}

impl<F: Function> BlockSizeUser for ReaderCore<F> {
    type BlockSize = F::Block;
}

impl<F: Function<Hash = Sponge>> XofReaderCore for ReaderCore<F> {
    #[inline]
    fn read_block(&mut self) -> Block<Self> {
        // Before a read, not after it: after the last one, the permutation would be wasted.
        if self.was_read {
            permute(&mut self.core.state);
        }
        self.was_read = true;
        let mut block = Block::<Self>::default();
        F::hash().write(&self.core.state, &mut block);
        block
    }
}

/// Never shows the state.
impl<F: Function> fmt::Debug for ReaderCore<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReaderCore<{}> {{ ... }}", F::NAME)
    }
}

impl<F: Function> ::digest::zeroize::ZeroizeOnDrop for ReaderCore<F> {}

/// A family of hash functions that can pad a buffer of `digest`, and save and restore a state.
///
/// A saved state is the state's bytes, little-endian, and the number of blocks.
pub(crate) trait Family: IteratedHash {
    /// The bytes of the number of blocks; 0 if the padding does not contain the length.
    const COUNTER_LEN: usize;

    /// Pads a message of `length` bytes, and hashes its last blocks.
    fn pad_buffer<B: BlockSizes>(
        &self,
        state: &mut Self::State,
        buffer: &mut EagerBuffer<B>,
        length: u128,
    );
    /// Writes the first words of a state, as many as fill `out`.
    fn save(state: &Self::State, out: &mut [u8]);
    /// Restores a state that [`save`](Self::save) wrote; sets its other words to zero.
    fn restore(saved: &[u8]) -> Self::State;
}

impl<W: Word> Family for Merkle<W> {
    const COUNTER_LEN: usize = W::LENGTH_LEN;

    /// Pads in the buffer, without a copy to wipe.
    #[inline]
    fn pad_buffer<B: BlockSizes>(
        &self,
        state: &mut [W; 8],
        buffer: &mut EagerBuffer<B>,
        length: u128,
    ) {
        let field = self.length_field(length);
        buffer.digest_pad(0x80, &field[..W::LENGTH_LEN], |block| {
            self.advance(state, self.split(block).0);
        });
    }

    fn save(state: &[W; 8], out: &mut [u8]) {
        W::write(state, ByteOrder::Little, out);
    }

    fn restore(saved: &[u8]) -> [W; 8] {
        let mut block = W::ZERO;
        block.as_mut()[..saved.len()].copy_from_slice(saved);
        let words = W::read(&block, ByteOrder::Little);
        std::array::from_fn(|i| words[i])
    }
}

impl Family for Sponge {
    const COUNTER_LEN: usize = 0;

    #[inline]
    fn pad_buffer<B: BlockSizes>(
        &self,
        state: &mut [u64; 25],
        buffer: &mut EagerBuffer<B>,
        length: u128,
    ) {
        let mut end = Self::END;
        let blocks = self.pad(buffer.get_data(), length, &mut end);
        self.advance(state, self.units(&end, blocks));
        wipe(&mut end, Self::END);
        buffer.reset();
    }

    fn save(state: &[u64; 25], out: &mut [u8]) {
        for (bytes, lane) in out.as_chunks_mut().0.iter_mut().zip(state) {
            *bytes = lane.to_le_bytes();
        }
    }

    fn restore(saved: &[u8]) -> [u64; 25] {
        let mut state = [0; 25];
        for (lane, bytes) in state.iter_mut().zip(saved.as_chunks().0) {
            *lane = u64::from_le_bytes(*bytes);
        }
        state
    }
}
