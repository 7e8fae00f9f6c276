//! SHA-512 of one stream: rounds in scalars, and the message schedules of two blocks side by side in
//! vectors, interleaved with the rounds of the first.
//!
//! Scalars alone are bound by the four integer units: 22 operations a round, 440 cycles a block.
//! With AVX-512 half of the round, a to d, runs in vector registers, so both kinds of unit work.

use std::arch::asm;
use std::arch::x86_64::*;

use crate::kernel::sha2::K512;
use crate::kernel::simd::operations::{hide, simd};
use crate::kernel::table::{BlockFn, block_fn};
use crate::kernel::tier::{Avx2, Avx512, with_avx2, with_avx512};
use crate::kernel::vector::equal_len;

macro_rules! entry_point {
    ($token:ident, $with:ident, $name:ident, $rounds:ident, $doc:literal) => {
        #[doc = $doc]
        pub(super) fn $name(token: $token) -> &'static BlockFn<u64> {
            $with! {
                fn run(token: $token, state: &mut [u64; 8], blocks: &[[u8; 128]]) {
                    compress::<$rounds>(token, state, blocks);
                }
            }
            block_fn(move |states, inputs| {
                equal_len!(1, states, inputs);
                // SAFETY: the token proves that the CPU has the features.
                unsafe { run(token, &mut states[0], inputs[0]) }
            })
        }
    };
}
entry_point!(Avx2, with_avx2, avx2, Scalars, "Returns the code of the kernel with AVX2 and BMI2.");
entry_point!(
    Avx512,
    with_avx512,
    avx512,
    Split,
    "Returns the code of the kernel with AVX-512's rotates and three-input logic."
);

/// W + K of sixteen rounds, in twos: those of the first block, then those of the second.
type Sums = [[u64; 4]; 8];

#[inline(always)]
fn compress<R: Rounds>(token: R::Token, state: &mut [u64; 8], blocks: &[[u8; 128]]) {
    let avx2: Avx2 = token.into();
    let mut sums: [Sums; 5] = [[[0; 4]; 8]; 5];
    let mut working = R::load(token, state);
    for pair in blocks.chunks(2) {
        // The schedule of a last, single block is computed twice; the second result is unused.
        let mut w = load_two_blocks(avx2, [&pair[0], &pair[pair.len() - 1]]);
        for i in 0..8 {
            sums[0][i] = sum(avx2, w[i], &K512[0], i);
        }
        pin_memory(&mut sums);

        // Rounds 2i and 2i + 1 of the row, whose sums begin at `$at`.
        macro_rules! rounds {
            ($row:expr, $at:literal, $i:expr) => {
                working = working.round(&$row[$i][$at]);
                working = working.round(&$row[$i][$at + 1]);
            };
        }
        let before = working;
        for (row, k) in K512[1..].iter().enumerate() {
            let [sums, next, ..] = &mut sums[row..] else { unreachable!("five rows") };
            macro_rules! rounds_and_schedule {
                ($($i:literal)*) => {$(
                    rounds!(sums, 0, $i);
                    let [a, b] = [w[$i], w[($i + 1) % 8]];
                    let [e, f, h] = [w[($i + 4) % 8], w[($i + 5) % 8], w[($i + 7) % 8]];
                    w[$i] = next_words(avx2, [a, b, e, f, h]);
                    next[$i] = sum(avx2, w[$i], k, $i);
                )*};
            }
            rounds_and_schedule!(0 1 2 3 4 5 6 7);
            pin_memory(next);
        }
        macro_rules! row {
            ($row:expr, $at:literal, $($i:literal)*) => {$( rounds!($row, $at, $i); )*};
        }
        row!(sums[4], 0, 0 1 2 3 4 5 6 7);
        working = working.add(before);
        if pair.len() == 2 {
            let before = working;
            for sums in &sums {
                row!(sums, 2, 0 1 2 3 4 5 6 7);
            }
            working = working.add(before);
        }
    }
    *state = working.store();
}

/// Loads words 2i and 2i + 1 of both blocks, at `i`: those of the first block, then those of the second.
#[inline(always)]
pub(super) fn load_two_blocks(_: Avx2, [first, second]: [&[u8; 128]; 2]) -> [__m256i; 8] {
    simd! {
        let swap = _mm_set_epi64x(0x0809_0a0b_0c0d_0e0f, 0x0001_0203_0405_0607);
        let swap = _mm256_broadcastsi128_si256(swap);
        let mut w = [_mm256_setzero_si256(); 8];
        for i in 0..8 {
            let low = _mm_loadu_si128(first[16 * i..][..16].as_ptr().cast());
            let high = _mm_loadu_si128(second[16 * i..][..16].as_ptr().cast());
            w[i] = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), swap);
        }
        w
    }
}

/// Computes W of rounds t + 16 and t + 17, of two blocks, from those of rounds t, t + 2, t + 8, t + 10 and
/// t + 14, and of the round after each.
#[inline(always)]
pub(super) fn next_words(avx2: Avx2, [w0, w2, w8, w10, w14]: [__m256i; 5]) -> __m256i {
    simd! {
        let x = _mm256_alignr_epi8::<8>(w2, w0);
        let shifted = _mm256_srli_epi64::<7>(x);
        let sigma0 = xor3(avx2, rotr::<1, 63>(avx2, x), rotr::<8, 56>(avx2, x), shifted);
        let middle = _mm256_alignr_epi8::<8>(w10, w8);
        let shifted = _mm256_srli_epi64::<6>(w14);
        let sigma1 = xor3(avx2, rotr::<19, 45>(avx2, w14), rotr::<61, 3>(avx2, w14), shifted);
        let early = _mm256_add_epi64(_mm256_add_epi64(w0, middle), sigma0);
        _mm256_add_epi64(early, sigma1)
    }
}

/// Adds the constants of rounds 2i and 2i + 1 to the words of both blocks.
#[inline(always)]
fn sum(_: Avx2, w: __m256i, k: &[u64; 16], i: usize) -> [u64; 4] {
    let mut sums = [0; 4];
    simd! {
        let k = _mm256_broadcastsi128_si256(_mm_loadu_si128(k[2 * i..][..2].as_ptr().cast()));
        _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi64(w, k));
    }
    sums
}

/// The working variables of FIPS 180-4, section 6.4.2.
trait Rounds: Copy {
    type Token: Copy + Into<Avx2>;

    fn load(token: Self::Token, state: &[u64; 8]) -> Self;
    /// Computes one round; `sum` is its message word plus its constant.
    fn round(self, sum: &u64) -> Self;
    fn add(self, before: Self) -> Self;
    fn store(self) -> [u64; 8];
}

/// The working variables in scalar registers.
#[derive(Clone, Copy)]
struct Scalars {
    words: [u64; 8],
    /// The previous round's a ^ b, for `majority`.
    b_xor_c: u64,
}

impl Rounds for Scalars {
    type Token = Avx2;

    #[inline(always)]
    fn load(_: Avx2, state: &[u64; 8]) -> Self {
        Self { words: *state, b_xor_c: state[1] ^ state[2] }
    }
    #[inline(always)]
    fn round(self, sum: &u64) -> Self {
        let [a, b, c, d, e, f, g, h] = self.words;
        // Add first what is ready first.
        let t1 = pin(h.wrapping_add(*sum));
        // The two halves of `choose` have no bit in common.
        let t1 = pin(pin(t1.wrapping_add(g & !e)).wrapping_add(e & f));
        let t1 = pin(t1.wrapping_add(sigma1(e)));
        let sigma0 = a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39);
        let a_xor_b = a ^ b;
        let majority = b ^ (a_xor_b & self.b_xor_c);
        let t2 = pin(majority.wrapping_add(sigma0));
        let words = [t2.wrapping_add(t1), a, b, c, pin(d.wrapping_add(t1)), e, f, g];
        Self { words, b_xor_c: a_xor_b }
    }
    #[inline(always)]
    fn add(self, before: Self) -> Self {
        let mut words = self.words;
        for (word, before) in words.iter_mut().zip(before.words) {
            *word = word.wrapping_add(before);
        }
        Self { words, b_xor_c: words[1] ^ words[2] }
    }
    #[inline(always)]
    fn store(self) -> [u64; 8] {
        self.words
    }
}

/// The working variables a to d in the low halves of vectors, e to h in scalars.
///
/// A round moves d to the scalars, and the new e to the vectors: e − d is the T1 that a needs.
#[derive(Clone, Copy)]
struct Split {
    /// The proof for the instructions of `round`.
    token: Avx512,
    vectors: [__m128i; 4],
    scalars: [u64; 4],
}

impl Rounds for Split {
    type Token = Avx512;

    #[inline(always)]
    fn load(token: Avx512, state: &[u64; 8]) -> Self {
        let [a, b, c, d, scalars @ ..] = *state;
        let vectors = [vector(a), vector(b), vector(c), vector(d)];
        Self { token, vectors, scalars }
    }
    #[inline(always)]
    fn round(self, sum: &u64) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.vectors, self.scalars);
        // Four cycles from e to e: the barriers keep the compiler from adding in another order.
        let early = pin(pin(h.wrapping_add(*sum)).wrapping_add(pin(scalar(d))));
        let early = pin(pin(early.wrapping_add(g & !e)).wrapping_add(e & f));
        let new_e = pin(early.wrapping_add(sigma1(e)));
        let new_a = simd! {
            let t1 = pin_vector(_mm_sub_epi64(vector(new_e), d));
            let majority = _mm_ternarylogic_epi64::<0xe8>(a, b, c);
            let (x, y, z) = (_mm_ror_epi64::<28>(a), _mm_ror_epi64::<34>(a), _mm_ror_epi64::<39>(a));
            let sigma0 = _mm_ternarylogic_epi64::<0x96>(x, y, z);
            pin_vector(_mm_add_epi64(pin_vector(_mm_add_epi64(t1, majority)), sigma0))
        };
        Self { token: self.token, vectors: [new_a, a, b, c], scalars: [new_e, e, f, g] }
    }
    #[inline(always)]
    fn add(self, before: Self) -> Self {
        let Self { token, mut vectors, mut scalars } = self;
        for i in 0..4 {
            vectors[i] = simd!(_mm_add_epi64(vectors[i], before.vectors[i]));
            scalars[i] = scalars[i].wrapping_add(before.scalars[i]);
        }
        Self { token, vectors, scalars }
    }
    #[inline(always)]
    fn store(self) -> [u64; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.vectors, self.scalars);
        [scalar(a), scalar(b), scalar(c), scalar(d), e, f, g, h]
    }
}

/// Computes Σ1 (FIPS 180-4, section 4.1.3).
#[inline(always)]
fn sigma1(e: u64) -> u64 {
    e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41)
}

/// Moves a word to a vector register, from which the compiler cannot take it back.
#[inline(always)]
fn vector(x: u64) -> __m128i {
    pin_vector(simd!(_mm_cvtsi64_si128(x.cast_signed())))
}

#[inline(always)]
fn scalar(x: __m128i) -> u64 {
    simd!(_mm_cvtsi128_si64(x)).cast_unsigned()
}

#[inline(always)]
fn xor3(_: Avx2, x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    simd!(_mm256_xor_si256(_mm256_xor_si256(x, y), z))
}

/// Rotates by `R`, with one instruction if the CPU has it; `L` is 64 − `R`.
#[inline(always)]
fn rotr<const R: i32, const L: i32>(_: Avx2, x: __m256i) -> __m256i {
    simd!(_mm256_or_si256(_mm256_srli_epi64::<R>(x), _mm256_slli_epi64::<L>(x)))
}

#[inline(always)]
#[allow(unused_mut)]
fn pin(mut x: u64) -> u64 {
    hide!(x, reg);
    x
}

#[inline(always)]
#[allow(unused_mut)]
fn pin_vector(mut x: __m128i) -> __m128i {
    hide!(x, xmm_reg);
    x
}

/// Keeps the stored words in memory. Otherwise the compiler would move each from its vector to a scalar
/// register by two instructions instead of adding it from memory.
#[inline(always)]
fn pin_memory<T>(place: &mut T) {
    #[cfg(not(miri))]
    // SAFETY: there is no instruction.
    unsafe {
        asm!("/* {0} */", in(reg) place, options(nostack, preserves_flags));
    }
}
