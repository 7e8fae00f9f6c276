//! Hash functions that advance a state block by block, and their padding.

use crate::algorithm::{MAX_RATE, Sponge};
use crate::hasher::wipe::wipe;
use crate::kernel::functions::{KECCAK, KernelSet, Merkle};
use crate::kernel::table::{BlockFn, Common, Kernel, SpongeFn};
use crate::kernel::word::{ByteOrder, Word};

/// A Merkle–Damgård hash (FIPS 180-4) or a sponge (FIPS 202), with accessible states, so that kernels can
/// advance many of them at once.
pub(crate) trait IteratedHash: Send + Sync + 'static {
    /// The state between two blocks.
    type State: Copy + Send + Sync;
    /// The element of inputs: a block, or a byte where the length of a block is a parameter.
    type Unit: 'static;
    /// The unfinished block of a stream; nothing if the state contains its bytes.
    type Buffer: Copy + Send + Sync;
    /// A buffer for the last blocks of a message, padded.
    type End: Copy;
    /// The code of a kernel.
    type Run: ?Sized + 'static;

    /// A buffer of zeros.
    const BUFFER: Self::Buffer;
    /// An end of zeros.
    const END: Self::End;

    /// Returns the state before the first block.
    fn initial(&self) -> Self::State;
    /// Returns a block's length in bytes.
    fn block_len(&self) -> usize;
    /// Splits `data` into whole blocks and the remaining bytes.
    fn split<'m>(&self, data: &'m [u8]) -> (&'m [Self::Unit], &'m [u8]);
    /// Writes the digest that the last state contains.
    fn write(&self, state: &Self::State, out: &mut [u8]);

    /// Appends `bytes` to an unfinished block of `filled` bytes.
    fn fill(state: &mut Self::State, buffer: &mut Self::Buffer, filled: usize, bytes: &[u8]);
    /// Returns an unfinished block of `filled` bytes: zeros if the state contains them, as absorbing
    /// adds to the state.
    fn unfinished(buffer: &Self::Buffer, filled: usize) -> &[u8];

    /// Returns the number of blocks of `len` bytes with padding.
    fn padded(&self, len: usize) -> usize;
    /// Returns `true` if `len` bytes with padding fit [`End`](Self::End).
    fn fits_end(&self, len: usize) -> bool;
    /// Pads a message of `length` bytes whose last bytes are `rest`, and returns the number of blocks.
    /// `rest` starts at a block and fits [`End`](Self::End).
    fn pad(&self, rest: &[u8], length: u128, end: &mut Self::End) -> usize;
    /// Replaces the bytes before the padding by `rest`, which has as many.
    fn replace(rest: &[u8], end: &mut Self::End);
    /// Returns the first `blocks` blocks.
    fn units<'e>(&self, end: &'e Self::End, blocks: usize) -> &'e [Self::Unit];
    /// Returns the bytes of the first block.
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8];

    /// Returns the kernels of the compression function or permutation.
    fn kernels(&self) -> &'static KernelSet<Self::Run>;
    /// Advances as many states as the kernel has lanes by inputs of equal length.
    fn run(&self, kernel: &Kernel<Self::Run>, states: &mut [Self::State], inputs: &[&[Self::Unit]]);
    /// Sets the states to those after `initial`, one input per lane, and `end`.
    fn run_whole(
        &self,
        kernel: &Kernel<Self::Run>,
        states: &mut [Self::State],
        inputs: &[&[Self::Unit]],
        initial: &Self::State,
        end: &[Self::Unit],
    );

    /// Advances one state by whole blocks.
    #[inline]
    fn advance(&self, state: &mut Self::State, blocks: &[Self::Unit]) {
        self.run(self.kernels().single(), std::slice::from_mut(state), &[blocks]);
    }

    /// Hashes a message.
    fn digest(&self, message: &[u8], out: &mut [u8]) {
        self.digest_after(&mut self.initial(), 0, message, &mut { Self::END }, out);
    }

    /// Hashes a message after a key of one block that is in `state`, and wipes what depends on the key.
    fn digest_keyed(&self, mut state: Self::State, message: &[u8], out: &mut [u8]) {
        let mut end = Self::END;
        self.digest_after(&mut state, self.block_len(), message, &mut end, out);
        wipe(&mut state, self.initial());
        wipe(&mut end, Self::END);
    }

    /// Hashes a message after `before` bytes that are in `state`.
    #[inline]
    fn digest_after(
        &self,
        state: &mut Self::State,
        before: usize,
        message: &[u8],
        end: &mut Self::End,
        out: &mut [u8],
    ) {
        let (blocks, rest) = self.split(message);
        // The CPU pads the rest while it still compresses these.
        if !blocks.is_empty() {
            self.advance(state, blocks);
        }
        let padded = self.pad(rest, before as u128 + message.len() as u128, end);
        self.advance(state, self.units(end, padded));
        self.write(state, out);
    }
}

impl<W: Word> Merkle<W> {
    /// Returns the field that ends the padding of a message of `length` bytes, in the first
    /// [`LENGTH_LEN`](Word::LENGTH_LEN) bytes.
    #[inline]
    pub(crate) fn length_field(&self, length: u128) -> [u8; 16] {
        let bits = length.wrapping_mul(8);
        match self.order {
            ByteOrder::Big => (bits << (128 - 8 * W::LENGTH_LEN)).to_be_bytes(),
            ByteOrder::Little => bits.to_le_bytes(),
        }
    }
}

impl<W: Word> IteratedHash for Merkle<W> {
    type State = [W; 8];
    type Unit = W::Block;
    type Buffer = W::Block;
    type End = [W::Block; 2];
    type Run = BlockFn<W>;

    const BUFFER: W::Block = W::ZERO;
    const END: Self::End = [W::ZERO; 2];

    fn initial(&self) -> [W; 8] {
        self.initial
    }
    fn block_len(&self) -> usize {
        size_of::<W::Block>()
    }
    fn split<'m>(&self, data: &'m [u8]) -> (&'m [W::Block], &'m [u8]) {
        W::blocks(data)
    }
    #[inline]
    fn write(&self, state: &[W; 8], out: &mut [u8]) {
        W::write(state, self.order, out);
    }

    fn fill(_: &mut [W; 8], buffer: &mut W::Block, filled: usize, bytes: &[u8]) {
        buffer.as_mut()[filled..][..bytes.len()].copy_from_slice(bytes);
    }
    fn unfinished(buffer: &W::Block, filled: usize) -> &[u8] {
        &buffer.as_ref()[..filled]
    }

    #[inline]
    fn padded(&self, len: usize) -> usize {
        (len + W::LENGTH_LEN) / size_of::<W::Block>() + 1
    }
    fn fits_end(&self, len: usize) -> bool {
        self.padded(len) <= 2
    }
    /// Pads as FIPS 180-4, section 5.1, and RFC 1321, sections 3.1 and 3.2, say.
    #[inline]
    fn pad(&self, rest: &[u8], length: u128, end: &mut Self::End) -> usize {
        let blocks = self.padded(rest.len());
        *end = Self::END;
        Self::replace(rest, end);
        let bytes = W::bytes(&mut end[..blocks]);
        bytes[rest.len()] = 0x80;
        let field_at = bytes.len() - W::LENGTH_LEN;
        bytes[field_at..].copy_from_slice(&self.length_field(length)[..W::LENGTH_LEN]);
        blocks
    }
    #[inline]
    fn replace(rest: &[u8], end: &mut Self::End) {
        // Copying a whole block has a constant length and needs no call of `memcpy`.
        let (whole, part) = W::blocks(rest);
        if let Some(block) = whole.first() {
            end[0] = *block;
        }
        if !part.is_empty() {
            W::bytes(end)[rest.len() - part.len()..rest.len()].copy_from_slice(part);
        }
    }
    #[inline]
    fn units<'e>(&self, end: &'e Self::End, blocks: usize) -> &'e [W::Block] {
        &end[..blocks]
    }
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8] {
        end[0].as_mut()
    }

    fn kernels(&self) -> &'static KernelSet<BlockFn<W>> {
        self.kernels
    }
    fn run(&self, kernel: &Kernel<BlockFn<W>>, states: &mut [[W; 8]], inputs: &[&[W::Block]]) {
        (kernel.run)(states, inputs, None);
    }
    fn run_whole(
        &self,
        kernel: &Kernel<BlockFn<W>>,
        states: &mut [[W; 8]],
        inputs: &[&[W::Block]],
        initial: &[W; 8],
        end: &[W::Block],
    ) {
        (kernel.run)(states, inputs, Some(Common { initial, end }));
    }
}

impl IteratedHash for Sponge {
    type State = [u64; 25];
    type Unit = u8;
    type Buffer = ();
    type End = [u8; MAX_RATE];
    type Run = SpongeFn;

    const BUFFER: () = ();
    const END: Self::End = [0; MAX_RATE];

    fn initial(&self) -> [u64; 25] {
        [0; 25]
    }
    fn block_len(&self) -> usize {
        self.rate
    }
    fn split<'m>(&self, data: &'m [u8]) -> (&'m [u8], &'m [u8]) {
        data.split_at(data.len() - data.len() % self.rate)
    }
    /// Writes the first `out.len()` bytes of the state, at most a rate.
    fn write(&self, state: &[u64; 25], out: &mut [u8]) {
        let (whole, part) = out.as_chunks_mut();
        for (bytes, lane) in whole.iter_mut().zip(state) {
            *bytes = lane.to_le_bytes();
        }
        if let Some(lane) = state.get(whole.len()) {
            part.copy_from_slice(&lane.to_le_bytes()[..part.len()]);
        }
    }

    fn fill(state: &mut [u64; 25], _: &mut (), filled: usize, bytes: &[u8]) {
        let mut block = Self::END;
        block[filled..][..bytes.len()].copy_from_slice(bytes);
        for (lane, bytes) in state.iter_mut().zip(block.as_chunks().0) {
            *lane ^= u64::from_le_bytes(*bytes);
        }
        wipe(&mut block, Self::END);
    }
    fn unfinished(_: &(), filled: usize) -> &[u8] {
        &[0; MAX_RATE][..filled]
    }

    fn padded(&self, len: usize) -> usize {
        len / self.rate + 1
    }
    fn fits_end(&self, len: usize) -> bool {
        len < self.rate
    }
    /// Pads as FIPS 202, section 5.1, says.
    fn pad(&self, rest: &[u8], _length: u128, end: &mut Self::End) -> usize {
        *end = Self::END;
        Self::replace(rest, end);
        end[rest.len()] = self.suffix;
        end[self.rate - 1] |= 0x80;
        1
    }
    fn replace(rest: &[u8], end: &mut Self::End) {
        end[..rest.len()].copy_from_slice(rest);
    }
    fn units<'e>(&self, end: &'e Self::End, _blocks: usize) -> &'e [u8] {
        &end[..self.rate]
    }
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8] {
        &mut end[..self.rate]
    }

    fn kernels(&self) -> &'static KernelSet<SpongeFn> {
        &KECCAK
    }
    fn run(&self, kernel: &Kernel<SpongeFn>, states: &mut [[u64; 25]], inputs: &[&[u8]]) {
        (kernel.run)(states, self.rate, inputs);
    }
    fn run_whole(
        &self,
        kernel: &Kernel<SpongeFn>,
        states: &mut [[u64; 25]],
        inputs: &[&[u8]],
        initial: &[u64; 25],
        end: &[u8],
    ) {
        states.fill(*initial);
        self.run(kernel, states, inputs);
        self.run(kernel, states, &[end; 16][..inputs.len()]);
    }
}
