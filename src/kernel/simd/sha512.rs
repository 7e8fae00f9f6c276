//! SHA-512 of one stream: rounds in scalars, and the message schedules of two blocks side by side
//! in vectors, in between the rounds of the first.
//!
//! Scalars alone are bound by the four integer units: 22 operations a round, 440 cycles a block.
//! With AVX-512 half of the round, a to d, lives in vector registers, and both kinds of unit work.

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::sha512::K;

/// With AVX2 and BMI2.
pub(crate) fn avx2(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn inner(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
        compress::<Scalars>(state, blocks);
    }
    let (state, blocks) = only(states, inputs);
    // SAFETY: kernels of a tier are listed only where `Tier::is_available` has detected it.
    unsafe { inner(state, blocks) }
}

/// With AVX-512's rotates and three-input logic besides.
pub(crate) fn avx512(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2")]
    fn inner(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
        compress::<Split>(state, blocks);
    }
    let (state, blocks) = only(states, inputs);
    // SAFETY: as above.
    unsafe { inner(state, blocks) }
}

fn only<'a, 'b>(
    states: &'a mut [[u64; 8]],
    inputs: &[&'b [[u8; 128]]],
) -> (&'a mut [u64; 8], &'b [[u8; 128]]) {
    match (states, inputs) {
        ([state], [blocks]) => (state, blocks),
        _ => panic!("one stream"),
    }
}

/// Expressions of intrinsics that the callers above have enabled.
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: the callers are compiled with these instructions and run where they are
        // detected; the pointers are those of references to at least as many bytes.
        unsafe { $($body)* }
    };
}

/// W + K of sixteen rounds, two by two: those of the first block, then those of the second.
type Sums = [[u64; 4]; 8];

#[inline(always)]
fn compress<R: Rounds>(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
    let swap = simd!(_mm256_broadcastsi128_si256(_mm_set_epi64x(
        0x0809_0a0b_0c0d_0e0f,
        0x0001_0203_0405_0607,
    )));
    let mut sums: [Sums; 5] = [[[0; 4]; 8]; 5];
    let mut working = R::load(state);
    for pair in blocks.chunks(2) {
        // The second of one that has none is itself, and goes no further than the schedule.
        let (first, second) = (&pair[0], &pair[pair.len() - 1]);
        let mut w = simd!([_mm256_setzero_si256(); 8]);
        for i in 0..8 {
            simd! {
                let low = _mm_loadu_si128(first[16 * i..][..16].as_ptr().cast());
                let high = _mm_loadu_si128(second[16 * i..][..16].as_ptr().cast());
                w[i] = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), swap);
            }
            sums[0][i] = sum(w[i], &K[0], i);
        }
        pin_memory(&mut sums);

        // Rounds 2i and 2i + 1 of the row at hand, by its sums from `$at` on.
        macro_rules! rounds {
            ($row:expr, $at:literal, $i:expr) => {
                working = working.round(&$row[$i][$at]);
                working = working.round(&$row[$i][$at + 1]);
            };
        }
        let before = working;
        for (row, k) in K[1..].iter().enumerate() {
            let [sums, next, ..] = &mut sums[row..] else { unreachable!("five rows") };
            macro_rules! rounds_and_schedule {
                ($($i:literal)*) => {$(
                    rounds!(sums, 0, $i);
                    // W of rounds t + 16 and t + 17, at t = 2i.
                    simd! {
                        let x = _mm256_alignr_epi8::<8>(w[($i + 1) % 8], w[$i]);
                        let shifted = _mm256_srli_epi64::<7>(x);
                        let sigma0 = xor3(rotr::<1, 63>(x), rotr::<8, 56>(x), shifted);
                        let middle = _mm256_alignr_epi8::<8>(w[($i + 5) % 8], w[($i + 4) % 8]);
                        let x = w[($i + 7) % 8];
                        let shifted = _mm256_srli_epi64::<6>(x);
                        let sigma1 = xor3(rotr::<19, 45>(x), rotr::<61, 3>(x), shifted);
                        let early = _mm256_add_epi64(_mm256_add_epi64(w[$i], middle), sigma0);
                        w[$i] = _mm256_add_epi64(early, sigma1);
                    }
                    next[$i] = sum(w[$i], k, $i);
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

/// The words of both blocks, and the constants of their rounds.
#[inline(always)]
fn sum(w: __m256i, k: &[u64; 16], i: usize) -> [u64; 4] {
    let mut sums = [0; 4];
    simd! {
        let k = _mm256_broadcastsi128_si256(_mm_loadu_si128(k[2 * i..][..2].as_ptr().cast()));
        _mm256_storeu_si256(sums.as_mut_ptr().cast(), _mm256_add_epi64(w, k));
    }
    sums
}

/// The working variables of FIPS 180-4, section 6.4.2.
trait Rounds: Copy {
    fn load(state: &[u64; 8]) -> Self;
    /// One round, whose message word and constant are added up already.
    fn round(self, sum: &u64) -> Self;
    fn add(self, before: Self) -> Self;
    fn store(self) -> [u64; 8];
}

/// All of them scalars.
#[derive(Clone, Copy)]
struct Scalars {
    words: [u64; 8],
    /// The a ^ b of the round before, of which majority is made.
    b_xor_c: u64,
}

impl Rounds for Scalars {
    #[inline(always)]
    fn load(state: &[u64; 8]) -> Self {
        Self { words: *state, b_xor_c: state[1] ^ state[2] }
    }
    #[inline(always)]
    fn round(self, sum: &u64) -> Self {
        let [a, b, c, d, e, f, g, h] = self.words;
        // What is known early is added early.
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
        Self::load(&words)
    }
    #[inline(always)]
    fn store(self) -> [u64; 8] {
        self.words
    }
}

/// a to d in the low halves of vectors, e to h in scalars. Between the two go d, four rounds
/// after it was a, and the new e, which the new a has in it: e − d is the standard's T1.
#[derive(Clone, Copy)]
struct Split {
    vectors: [__m128i; 4],
    scalars: [u64; 4],
}

impl Rounds for Split {
    #[inline(always)]
    fn load(state: &[u64; 8]) -> Self {
        let [a, b, c, d, scalars @ ..] = *state;
        Self { vectors: [vector(a), vector(b), vector(c), vector(d)], scalars }
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
        Self { vectors: [new_a, a, b, c], scalars: [new_e, e, f, g] }
    }
    #[inline(always)]
    fn add(self, before: Self) -> Self {
        let Self { mut vectors, mut scalars } = self;
        for i in 0..4 {
            vectors[i] = simd!(_mm_add_epi64(vectors[i], before.vectors[i]));
            scalars[i] = scalars[i].wrapping_add(before.scalars[i]);
        }
        Self { vectors, scalars }
    }
    #[inline(always)]
    fn store(self) -> [u64; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (self.vectors, self.scalars);
        [scalar(a), scalar(b), scalar(c), scalar(d), e, f, g, h]
    }
}

/// FIPS 180-4, section 4.1.3.
#[inline(always)]
fn sigma1(e: u64) -> u64 {
    e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41)
}

/// The compiler does not see that it could do without the vector.
#[inline(always)]
fn vector(x: u64) -> __m128i {
    pin_vector(simd!(_mm_cvtsi64_si128(x.cast_signed())))
}

#[inline(always)]
fn scalar(x: __m128i) -> u64 {
    simd!(_mm_cvtsi128_si64(x)).cast_unsigned()
}

#[inline(always)]
fn xor3(x: __m256i, y: __m256i, z: __m256i) -> __m256i {
    simd!(_mm256_xor_si256(_mm256_xor_si256(x, y), z))
}

/// One instruction where there is one; `L` is 64 − `R`.
#[inline(always)]
fn rotr<const R: i32, const L: i32>(x: __m256i) -> __m256i {
    simd!(_mm256_or_si256(_mm256_srli_epi64::<R>(x), _mm256_slli_epi64::<L>(x)))
}

/// The same, and the compiler may not look through it: no instruction at all.
macro_rules! pin {
    ($x:ident, $class:ident) => {
        #[cfg(not(miri))]
        // SAFETY: it does nothing.
        unsafe {
            asm!("/* {0} */", inout($class) $x, options(pure, nomem, nostack, preserves_flags));
        }
    };
}

#[inline(always)]
#[cfg_attr(miri, allow(unused_mut))]
fn pin(mut x: u64) -> u64 {
    pin!(x, reg);
    x
}

#[inline(always)]
#[cfg_attr(miri, allow(unused_mut))]
fn pin_vector(mut x: __m128i) -> __m128i {
    pin!(x, xmm_reg);
    x
}

/// Keeps what has been stored to `place` in memory: as vector elements, the compiler would move
/// each word to a scalar register by two instructions instead of adding it from memory.
#[inline(always)]
fn pin_memory<T>(place: &mut T) {
    #[cfg(not(miri))]
    // SAFETY: it does nothing.
    unsafe {
        asm!("/* {0} */", in(reg) place, options(nostack, preserves_flags));
    }
}
