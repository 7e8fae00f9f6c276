//! Vectors of lanes, and the rounds that are written over them.

use crate::kernel::table::Common;
use crate::kernel::word::{ByteOrder, Word};

/// One state word of several streams, side by side. One implementation per tier and width.
///
/// Rounds are generic over this trait, so they read like the standards, which define them on words.
/// A vector is made only with its tier's token, so its value proves that the CPU has the instructions.
pub(crate) trait Vector<W: Word>: Copy + 'static {
    /// The token of the tier whose instructions the vector uses.
    type Token: Copy + Send + Sync + 'static;
    /// Streams in a vector.
    const LANES: usize;

    /// Loads the sixteen words of block `index` of each input, one input per lane.
    fn load(
        token: Self::Token,
        inputs: &[&[W::Block]],
        index: usize,
        order: ByteOrder,
    ) -> [Self; 16];
    /// Loads the words `at .. at + 8` of each state, one state per lane.
    fn read<const N: usize>(token: Self::Token, states: &[[W; N]], at: usize) -> [Self; 8];
    /// Stores what [`read`](Self::read) loads.
    fn write<const N: usize>(
        token: Self::Token,
        words: [Self; 8],
        states: &mut [[W; N]],
        at: usize,
    );
    /// Puts `word` into every lane.
    fn splat(token: Self::Token, word: W) -> Self;

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    /// Computes `self & !other`.
    fn and_not(self, other: Self) -> Self;
    fn rotr(self, bits: u32) -> Self;
    fn shr(self, bits: u32) -> Self;
    /// Hides from the compiler how `self` was computed, so that it does not reorder additions.
    fn barrier(self) -> Self;

    /// Computes `x ^ y ^ z`.
    #[inline(always)]
    fn xor3(x: Self, y: Self, z: Self) -> Self {
        x.xor(y).xor(z)
    }
    /// Takes each bit from `y` where `x` is one, and from `z` where it is zero.
    #[inline(always)]
    fn choose(x: Self, y: Self, z: Self) -> Self {
        y.xor(z).and(x).xor(z)
    }
    /// Sets each bit that at least two of the three have set.
    #[inline(always)]
    fn majority(x: Self, y: Self, z: Self) -> Self {
        x.xor(y).and(z).xor(x.and(y))
    }
    /// Computes `sum + choose(x, y, z)` where `x` is ready long before `y`.
    #[inline(always)]
    fn add_choose(sum: Self, x: Self, y: Self, z: Self) -> Self {
        sum.add(z.and_not(x)).add(y.and(x))
    }
    /// Computes `x ^ (y & !z)`.
    #[inline(always)]
    fn xor_and_not(x: Self, y: Self, z: Self) -> Self {
        x.xor(y.and_not(z))
    }
}

/// A vector that loads words at any byte offset, as sponges need.
pub(crate) trait SpongeVector: Vector<u64> {
    /// Loads the eight little-endian words at byte `at` of each input, one input per lane.
    fn load_bytes(token: Self::Token, inputs: &[&[u8]], at: usize) -> [Self; 8];
}

/// The rounds of a Merkle–Damgård compression function. One implementation per algorithm.
pub(crate) trait Compress: 'static {
    type Word: Word;
    const ORDER: ByteOrder;

    /// Compresses one block in every lane. `#[inline(always)]`, so that it is compiled with the
    /// tier's instructions.
    fn compress<V: Vector<Self::Word>>(token: V::Token, state: [V; 8], block: [V; 16]) -> [V; 8];

    /// Compresses one block that all lanes share.
    #[inline(always)]
    fn compress_shared<V: Vector<Self::Word>>(
        token: V::Token,
        state: [V; 8],
        block: [Self::Word; 16],
    ) -> [V; 8] {
        Self::compress(token, state, splat_all(token, block))
    }
}

/// Evaluates to the length that all inputs have. Panics if their lengths differ, or there is not one
/// state and one input per lane.
///
/// A macro, because LLVM forgets what a function has checked, and checks it again with each load.
macro_rules! equal_len {
    ($lanes:expr, $states:ident, $inputs:ident) => {{
        assert!($states.len() == $lanes && $inputs.len() == $lanes, "one stream per lane");
        let len = $inputs[0].len();
        assert!($inputs.iter().all(|input| input.len() == len), "lanes of equal length");
        len
    }};
}
pub(crate) use equal_len;

/// Puts each word into every lane.
#[inline(always)]
fn splat_all<W: Word, V: Vector<W>, const N: usize>(token: V::Token, words: [W; N]) -> [V; N] {
    let mut vectors = [V::splat(token, words[0]); N];
    for i in 1..N {
        vectors[i] = V::splat(token, words[i]);
    }
    vectors
}

/// Compresses the inputs, of equal length, one per lane, and what the messages have in common; transposes
/// the states once per call.
#[inline(always)]
pub(crate) fn compress_all<C: Compress, V: Vector<C::Word>>(
    token: V::Token,
    states: &mut [[C::Word; 8]],
    inputs: &[&[<C::Word as Word>::Block]],
    common: Option<Common<'_, C::Word>>,
) {
    let blocks = equal_len!(V::LANES, states, inputs);
    let mut state = match common {
        Some(common) => splat_all(token, *common.initial),
        None => V::read(token, states, 0),
    };
    for index in 0..blocks {
        state = C::compress(token, state, V::load(token, inputs, index, C::ORDER));
    }
    for block in common.map_or(&[] as &[_], |common| common.end) {
        state = C::compress_shared(token, state, Word::read(block, C::ORDER));
    }
    V::write(token, state, states, 0);
}
