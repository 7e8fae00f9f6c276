//! The scheduler's view of a hash function: states, blocks, padding, kernels.

use crate::algorithm::{MAX_RATE, Sponge};
use crate::hasher::sponge::{Absorber, squeeze};
use crate::hasher::stream::Stream;
use crate::kernel::functions::{KECCAK, KernelSet, Merkle};
use crate::kernel::table::{BlockFn, Kernel, SpongeFn};
use crate::kernel::word::Word;

/// A hash function with accessible states, so that kernels can advance many of them at once.
pub(crate) trait Family: 'static {
    /// The state between two blocks.
    type State: Copy;
    /// The element of inputs: a block, or a byte where the length of a block is a parameter.
    type Unit: 'static;
    /// A buffer for the last blocks of a message, padded.
    type End: Copy;
    /// The code of a kernel.
    type Run: ?Sized + 'static;

    /// An end of zeros.
    const END: Self::End;

    /// Returns the state before the first block.
    fn initial(&self) -> Self::State;
    /// Returns a block's length in bytes.
    fn block_len(&self) -> usize;
    /// Splits `data` into whole blocks and the remaining bytes.
    fn split<'m>(&self, data: &'m [u8]) -> (&'m [Self::Unit], &'m [u8]);
    /// Returns the number of blocks of `len` bytes with padding.
    fn padded(&self, len: usize) -> usize;
    /// Returns `true` if `len` bytes with padding fit [`End`](Self::End).
    fn fits_end(&self, len: usize) -> bool;
    /// Pads a message of `length` bytes whose last bytes are `rest`.
    fn pad(&self, rest: &[u8], length: u128, end: &mut Self::End);
    /// Returns the first `blocks` blocks.
    fn units<'e>(&self, end: &'e Self::End, blocks: usize) -> &'e [Self::Unit];
    /// Returns the bytes of the first block.
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8];
    /// Writes the digest that the last state contains.
    fn write(&self, state: &Self::State, out: &mut [u8]);

    /// Returns the kernels of the compression function or permutation.
    fn kernels(&self) -> &'static KernelSet<Self::Run>;
    /// Advances as many states as the kernel has lanes by inputs of equal length.
    fn run(&self, kernel: &Kernel<Self::Run>, states: &mut [Self::State], inputs: &[&[Self::Unit]]);
}

impl<W: Word> Family for Merkle<W> {
    type State = [W; 8];
    type Unit = W::Block;
    type End = [W::Block; 2];
    type Run = BlockFn<W>;

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
    fn padded(&self, len: usize) -> usize {
        self.padded_blocks(len)
    }
    fn fits_end(&self, len: usize) -> bool {
        self.padded_blocks(len) <= 2
    }
    fn pad(&self, rest: &[u8], length: u128, end: &mut Self::End) {
        self.pad_into(rest, length, end);
    }
    fn units<'e>(&self, end: &'e Self::End, blocks: usize) -> &'e [W::Block] {
        &end[..blocks]
    }
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8] {
        end[0].as_mut()
    }
    fn write(&self, state: &[W; 8], out: &mut [u8]) {
        W::write(state, self.order, out);
    }
    fn kernels(&self) -> &'static KernelSet<BlockFn<W>> {
        self.kernels
    }
    fn run(&self, kernel: &Kernel<BlockFn<W>>, states: &mut [[W; 8]], inputs: &[&[W::Block]]) {
        (kernel.run)(states, inputs);
    }
}

impl Family for Sponge {
    type State = [u64; 25];
    type Unit = u8;
    type End = [u8; MAX_RATE];
    type Run = SpongeFn;

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
    fn padded(&self, len: usize) -> usize {
        len / self.rate + 1
    }
    fn fits_end(&self, len: usize) -> bool {
        len < self.rate
    }
    fn pad(&self, rest: &[u8], _length: u128, end: &mut Self::End) {
        self.pad_into(rest, end);
    }
    fn units<'e>(&self, end: &'e Self::End, _blocks: usize) -> &'e [u8] {
        &end[..self.rate]
    }
    fn block<'e>(&self, end: &'e mut Self::End) -> &'e mut [u8] {
        &mut end[..self.rate]
    }
    fn write(&self, state: &[u64; 25], out: &mut [u8]) {
        squeeze(state, out);
    }
    fn kernels(&self) -> &'static KernelSet<SpongeFn> {
        &KECCAK
    }
    fn run(&self, kernel: &Kernel<SpongeFn>, states: &mut [[u64; 25]], inputs: &[&[u8]]) {
        (kernel.run)(states, self.rate, inputs);
    }
}

/// A hasher's stream, whose state lanes can borrow between two blocks.
pub(crate) trait Streaming {
    type Family: Family;

    /// Returns the state, which may already contain the unfinished block.
    fn state(&mut self) -> &mut <Self::Family as Family>::State;
    /// Returns the number of bytes of the unfinished block.
    fn pending(&self) -> usize;
    /// Copies the bytes of the unfinished block that the state does not contain to the front of `block`.
    fn copy_pending(&self, block: &mut [u8]);
    /// Counts `len` bytes that the state has absorbed, up to the end of a block.
    fn skip(&mut self, len: usize);
    fn update(&mut self, data: &[u8]);
}

impl<W: Word> Streaming for Stream<W> {
    type Family = Merkle<W>;

    fn state(&mut self) -> &mut [W; 8] {
        &mut self.words
    }
    fn pending(&self) -> usize {
        self.buffered().len()
    }
    fn copy_pending(&self, block: &mut [u8]) {
        block[..self.buffered().len()].copy_from_slice(self.buffered());
    }
    fn skip(&mut self, len: usize) {
        Stream::skip(self, len);
    }
    fn update(&mut self, data: &[u8]) {
        Stream::update(self, data);
    }
}

impl Streaming for Absorber {
    type Family = Sponge;

    fn state(&mut self) -> &mut [u64; 25] {
        &mut self.state
    }
    fn pending(&self) -> usize {
        self.filled()
    }
    /// Fills with zeros: absorbing adds, and the state contains the bytes.
    fn copy_pending(&self, block: &mut [u8]) {
        block[..self.filled()].fill(0);
    }
    fn skip(&mut self, _len: usize) {
        Absorber::skip(self);
    }
    fn update(&mut self, data: &[u8]) {
        Absorber::update(self, data);
    }
}
