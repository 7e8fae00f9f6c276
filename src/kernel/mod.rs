//! What the kernels share: words, blocks, vectors of lanes, and hash functions as data.

pub(crate) mod keccak;
pub(crate) mod md5;
pub(crate) mod sha1;
pub(crate) mod sha256;
pub(crate) mod sha512;
pub(crate) mod simd;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use simd::Lanes;

/// A state word: `u32` (blocks of 64 bytes) or `u64` (blocks of 128 bytes).
pub(crate) trait Word: Copy + Default + Send + Sync + zeroize::Zeroize + 'static {
    /// Sixteen words, as bytes.
    type Block: AsRef<[u8]> + AsMut<[u8]> + Copy + Send + Sync + zeroize::Zeroize + 'static;
    /// A block of zeros.
    const ZERO: Self::Block;
    /// Bytes of the message length that closes the padding (FIPS 180-4, section 5.1).
    const LENGTH_LEN: usize;

    /// The whole blocks at the front of `data`, and what is left.
    fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]);
    /// The blocks as the bytes that they are.
    fn bytes(blocks: &mut [Self::Block]) -> &mut [u8];
    /// Writes the words one after the other; `out` may end within a word.
    fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]);
}

/// How words stand in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ByteOrder {
    /// SHA-1 and SHA-2.
    Big,
    /// MD5.
    Little,
}

/// A Merkle–Damgård hash function, as data.
pub(crate) struct Merkle<W: Word> {
    /// H(0); MD5 uses the first four words, SHA-1 the first five.
    pub(crate) initial: [W; 8],
    /// Of the message words, the length and the digest.
    pub(crate) order: ByteOrder,
    /// The compression function, which SHA-224 and SHA-256 share.
    pub(crate) core: &'static Compression<W>,
}

impl<W: Word> Merkle<W> {
    /// Runs one stream's whole blocks through the compression function.
    #[inline]
    pub(crate) fn compress(&self, state: &mut [W; 8], blocks: &[W::Block]) {
        (self.core.single().run)(std::slice::from_mut(state), &[blocks]);
    }
}

/// A compression function: its kernels on this CPU, and the best of them for one stream.
pub(crate) struct Compression<W: Word> {
    detect: fn() -> Vec<Lanes<W>>,
    lanes: OnceLock<Vec<Lanes<W>>>,
    single: OnceLock<Lanes<W>>,
    /// For so many messages less one, the blocks from which lanes pay; for the scheduler, once.
    pub(crate) worth: OnceLock<[usize; 16]>,
}

impl<W: Word> Compression<W> {
    const fn new(detect: fn() -> Vec<Lanes<W>>) -> Self {
        Self { detect, lanes: OnceLock::new(), single: OnceLock::new(), worth: OnceLock::new() }
    }

    /// Every kernel that this CPU can run, of all tiers, in no particular order.
    pub(crate) fn lanes(&self) -> &[Lanes<W>] {
        self.lanes.get_or_init(self.detect)
    }

    /// The kernel for one stream: of those that the environment allows, the fastest.
    #[inline]
    pub(crate) fn single(&self) -> &Lanes<W> {
        self.single.get_or_init(|| {
            let facts = |kernel: &Lanes<W>| (kernel.tier, kernel.lanes, kernel.cost);
            simd::single(self.lanes(), facts)
        })
    }
}

/// One state word of several streams, side by side. One implementation per tier and width.
///
/// Generic rounds are written over this, as the standards write them over words.
pub(crate) trait Vector<W: Word>: Copy {
    /// Streams in a vector.
    const LANES: usize;

    /// The sixteen words of block `index` of each input, one input per lane.
    fn load(inputs: &[&[W::Block]], index: usize, order: ByteOrder) -> [Self; 16];
    /// The words `at .. at + 8` of each state, one state per lane.
    fn read<const N: usize>(states: &[[W; N]], at: usize) -> [Self; 8];
    /// The reverse of [`read`](Self::read).
    fn write<const N: usize>(words: [Self; 8], states: &mut [[W; N]], at: usize);

    fn splat(word: W) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    /// `self` and not `other`.
    fn and_not(self, other: Self) -> Self;
    fn rotr(self, bits: u32) -> Self;
    fn shr(self, bits: u32) -> Self;
    /// `self`, and the compiler may not look through it: what has been added up stays added up.
    fn barrier(self) -> Self;

    /// `x ^ y ^ z`.
    #[inline(always)]
    fn xor3(x: Self, y: Self, z: Self) -> Self {
        x.xor(y).xor(z)
    }
    /// Each bit of `y` where `x` has a one, of `z` where it has a zero.
    #[inline(always)]
    fn choose(x: Self, y: Self, z: Self) -> Self {
        y.xor(z).and(x).xor(z)
    }
    /// What at least two of the three have.
    #[inline(always)]
    fn majority(x: Self, y: Self, z: Self) -> Self {
        x.xor(y).and(z).xor(x.and(y))
    }
    /// `sum + choose(x, y, z)` where `x` is known long before `y`.
    #[inline(always)]
    fn add_choose(sum: Self, x: Self, y: Self, z: Self) -> Self {
        sum.add(z.and_not(x)).add(y.and(x))
    }
    /// `x ^ (y & !z)`.
    #[inline(always)]
    fn xor_and_not(x: Self, y: Self, z: Self) -> Self {
        x.xor(y.and_not(z))
    }
}

/// What a sponge asks for besides.
pub(crate) trait SpongeVector: Vector<u64> {
    /// The eight little-endian words that begin at byte `at` of each input, one input per lane.
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8];
}

/// The rounds of a Merkle–Damgård compression function. One implementation per algorithm.
pub(crate) trait Compress: 'static {
    type Word: Word;
    const ORDER: ByteOrder;

    /// One block in every lane. `#[inline(always)]`: it is to be compiled with the tier's
    /// instructions.
    fn compress<V: Vector<Self::Word>>(state: [V; 8], block: [V; 16]) -> [V; 8];
}

/// One block after the other, in every lane; states are transposed once a call.
#[inline(always)]
fn drive<C: Compress, V: Vector<C::Word>>(
    states: &mut [[C::Word; 8]],
    inputs: &[&[<C::Word as Word>::Block]],
) {
    assert!(states.len() == V::LANES && inputs.len() == V::LANES, "one stream per lane");
    let blocks = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == blocks), "lanes of equal length");
    let mut state = V::read(states, 0);
    for index in 0..blocks {
        state = C::compress(state, V::load(inputs, index, C::ORDER));
    }
    V::write(state, states, 0);
}

/// Absorbs whole multiples of `rate` bytes in every lane (FIPS 202, section 4).
#[inline(always)]
fn absorb<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
    assert!(states.len() == V::LANES && inputs.len() == V::LANES, "one stream per lane");
    assert!((64..200).contains(&rate) && rate.is_multiple_of(8), "a rate of FIPS 202");
    let length = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == length), "lanes of equal length");
    let mut state = [V::splat(0); 25];
    for at in [0, 8, 16, 17] {
        state[at..at + 8].copy_from_slice(&V::read(states, at));
    }
    let mut start = 0;
    while start + rate <= length {
        for at in (0..rate).step_by(64) {
            // The last eight words overlap those before: what was absorbed is left alone.
            let from = at.min(rate - 64);
            let words = V::load_bytes(inputs, start + from);
            let lanes: &mut [V; 8] = state[from / 8..].first_chunk_mut().expect("rate < 200");
            for i in 0..8 {
                let mask = if i < (at - from) / 8 { 0 } else { u64::MAX };
                lanes[i] = lanes[i].xor(words[i].and(V::splat(mask)));
            }
        }
        keccak::permute_lanes(&mut state);
        start += rate;
    }
    for at in [0, 8, 16, 17] {
        V::write(*state[at..].first_chunk().expect("17 + 8 = 25"), states, at);
    }
}

macro_rules! word {
    ($word:ty, $len:literal) => {
        impl Word for $word {
            type Block = [u8; 16 * $len];
            const ZERO: Self::Block = [0; 16 * $len];
            const LENGTH_LEN: usize = 2 * $len;

            fn blocks(data: &[u8]) -> (&[Self::Block], &[u8]) {
                data.as_chunks()
            }

            fn bytes(blocks: &mut [Self::Block]) -> &mut [u8] {
                blocks.as_flattened_mut()
            }

            #[inline]
            fn write(words: &[Self; 8], order: ByteOrder, out: &mut [u8]) {
                let bytes = |word: &Self| match order {
                    ByteOrder::Big => word.to_be_bytes(),
                    ByteOrder::Little => word.to_le_bytes(),
                };
                let (whole, part) = out.as_chunks_mut();
                for (chunk, word) in whole.iter_mut().zip(words) {
                    *chunk = bytes(word);
                }
                if let Some(word) = words.get(whole.len()).filter(|_| !part.is_empty()) {
                    part.copy_from_slice(&bytes(word)[..part.len()]);
                }
            }
        }
    };
}
word!(u32, 4);
word!(u64, 8);
