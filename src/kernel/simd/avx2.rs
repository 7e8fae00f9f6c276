//! AVX2 (with BMI1 and BMI2, as every CPU with AVX2 has): eight 32-bit or four 64-bit lanes.

use std::arch::x86_64::*;

use super::super::{ByteOrder, Compress, SpongeVector, Vector, Word, absorb, drive};

/// Eight lanes.
#[derive(Clone, Copy)]
pub(crate) struct X8(__m256i);

/// Four lanes.
#[derive(Clone, Copy)]
pub(crate) struct Q4(__m256i);

/// A kernel with the lanes of `V`, one of this tier's vectors or several.
pub(crate) fn run<C: Compress, V: Vector<C::Word>>(
    states: &mut [[C::Word; 8]],
    inputs: &[&[<C::Word as Word>::Block]],
) {
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn inner<C: Compress, V: Vector<C::Word>>(
        states: &mut [[C::Word; 8]],
        inputs: &[&[<C::Word as Word>::Block]],
    ) {
        drive::<C, V>(states, inputs);
    }
    // SAFETY: kernels of a tier are listed only where `Tier::is_available` has detected it.
    unsafe { inner::<C, V>(states, inputs) }
}

/// The same for sponges.
pub(crate) fn sponge<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn inner<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
        absorb::<V>(states, rate, inputs);
    }
    // SAFETY: as for `run`.
    unsafe { inner::<V>(states, rate, inputs) }
}

/// `array.map(Self)` and back: `map` calls closures, which are not compiled with the tier's
/// instructions where they are not inlined, and LLVM does not always inline them.
macro_rules! wrap {
    ($array:expr) => {{
        let array = $array;
        let mut wrapped = [Self(array[0]); _];
        for i in 0..array.len() {
            wrapped[i] = Self(array[i]);
        }
        wrapped
    }};
}
macro_rules! unwrap {
    ($array:expr) => {{
        let array = $array;
        let mut bare = [array[0].0; _];
        for i in 0..array.len() {
            bare[i] = array[i].0;
        }
        bare
    }};
}

/// An expression of this tier's intrinsics.
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: the vectors' methods are called from the kernels of this tier and of AVX-512
        // only, which run where the tier has been detected. Loads and stores go through
        // references of their length.
        unsafe { $($body)* }
    };
}

/// Rotates by whole bytes are one shuffle.
const BYTES_32: [(u32, [u64; 2]); 3] = [
    (8, [0x0407_0605_0003_0201, 0x0c0f_0e0d_080b_0a09]),
    (16, [0x0504_0706_0100_0302, 0x0d0c_0f0e_0908_0b0a]),
    (24, [0x0605_0407_0201_0003, 0x0e0d_0c0f_0a09_080b]),
];

/// The same for 64-bit words.
const BYTES_64: [(u32, [u64; 2]); 2] = [
    (8, [0x0007_0605_0403_0201, 0x080f_0e0d_0c0b_0a09]),
    (56, [0x0605_0403_0201_0007, 0x0e0d_0c0b_0a09_080f]),
];

macro_rules! operations {
    (
        $word:ty, $bytes:ident, $splat:ident, $add:ident, $sub:ident, $shr:ident, $shl:ident,
        $broadcast:ident
    ) => {
        #[inline(always)]
        fn splat(word: $word) -> Self {
            simd!(Self($splat(word.cast_signed())))
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            simd!(Self($add(self.0, other.0)))
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            simd!(Self($sub(self.0, other.0)))
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            simd!(Self(_mm256_xor_si256(self.0, other.0)))
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            simd!(Self(_mm256_and_si256(self.0, other.0)))
        }
        #[inline(always)]
        fn and_not(self, other: Self) -> Self {
            simd!(Self(_mm256_andnot_si256(other.0, self.0)))
        }
        #[inline(always)]
        fn rotr(self, bits: u32) -> Self {
            for (rotate, [low, high]) in $bytes {
                if bits == rotate {
                    return simd! {
                        let table = _mm_set_epi64x(high.cast_signed(), low.cast_signed());
                        Self(_mm256_shuffle_epi8(self.0, _mm256_broadcastsi128_si256(table)))
                    };
                }
            }
            // The counts become immediates, constants as they are.
            simd! {
                let right = $shr(self.0, $broadcast(bits.cast_signed().into()));
                let left = $shl(self.0, $broadcast((<$word>::BITS - bits).cast_signed().into()));
                Self(_mm256_or_si256(right, left))
            }
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            simd!(Self($shr(self.0, $broadcast(bits.cast_signed().into()))))
        }
        #[inline(always)]
        fn barrier(self) -> Self {
            simd!(Self(barrier(self.0)))
        }
    };
}

impl Vector<u32> for X8 {
    const LANES: usize = 8;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 64]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! half {
            ($at:literal: $($lane:literal)*) => { transpose8([$({
                let half = &inputs[$lane][index][$at..$at + 32];
                simd!(_mm256_loadu_si256(half.as_ptr().cast()))
            }),*]) };
        }
        let low = half!(0: 0 1 2 3 4 5 6 7);
        let high = half!(32: 0 1 2 3 4 5 6 7);
        let mut words = simd!([_mm256_setzero_si256(); 16]);
        words[..8].copy_from_slice(&low);
        words[8..].copy_from_slice(&high);
        if order == ByteOrder::Big {
            let swap = [0x0405_0607_0001_0203, 0x0c0d_0e0f_0809_0a0b];
            shuffle_bytes(&mut words, swap);
        }
        wrap!(words)
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u32; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm256_loadu_si256(states[$lane][at..at + 8].as_ptr().cast())),*])
            };
        }
        wrap!(transpose8(rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u32; N]], at: usize) {
        let rows = transpose8(unwrap!(words));
        for (state, row) in states.iter_mut().zip(rows) {
            simd!(_mm256_storeu_si256(state[at..at + 8].as_mut_ptr().cast(), row));
        }
    }

    operations!(
        u32,
        BYTES_32,
        _mm256_set1_epi32,
        _mm256_add_epi32,
        _mm256_sub_epi32,
        _mm256_srlv_epi32,
        _mm256_sllv_epi32,
        _mm256_set1_epi32
    );
}

impl Vector<u64> for Q4 {
    const LANES: usize = 4;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        wrap!(load4(inputs, index, order))
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u64; N]], at: usize) -> [Self; 8] {
        wrap!(read4(states, at))
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        write4(unwrap!(words), states, at);
    }

    operations!(
        u64,
        BYTES_64,
        _mm256_set1_epi64x,
        _mm256_add_epi64,
        _mm256_sub_epi64,
        _mm256_srlv_epi64,
        _mm256_sllv_epi64,
        _mm256_set1_epi64x
    );
}

impl SpongeVector for Q4 {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        wrap!(load_bytes4(inputs, at))
    }
}

/// `Vector::load` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn load4(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [__m256i; 16] {
    let mut words = simd!([_mm256_setzero_si256(); 16]);
    for i in 0..4 {
        macro_rules! rows {
            ($($lane:literal)*) => { transpose4([$({
                let quarter = &inputs[$lane][index][32 * i..32 * i + 32];
                simd!(_mm256_loadu_si256(quarter.as_ptr().cast()))
            }),*]) };
        }
        words[4 * i..4 * i + 4].copy_from_slice(&rows!(0 1 2 3));
    }
    if order == ByteOrder::Big {
        let swap = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f];
        shuffle_bytes(&mut words, swap);
    }
    words
}

/// `Vector::read` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn read4<const N: usize>(states: &[[u64; N]], at: usize) -> [__m256i; 8] {
    let mut words = simd!([_mm256_setzero_si256(); 8]);
    for i in [0, 4] {
        macro_rules! rows {
            ($($lane:literal)*) => { transpose4([$({
                let half = &states[$lane][at + i..at + i + 4];
                simd!(_mm256_loadu_si256(half.as_ptr().cast()))
            }),*]) };
        }
        words[i..i + 4].copy_from_slice(&rows!(0 1 2 3));
    }
    words
}

/// `Vector::write` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn write4<const N: usize>(words: [__m256i; 8], states: &mut [[u64; N]], at: usize) {
    for i in [0, 4] {
        let rows = transpose4([words[i], words[i + 1], words[i + 2], words[i + 3]]);
        for (state, row) in states.iter_mut().zip(rows) {
            let half = &mut state[at + i..at + i + 4];
            simd!(_mm256_storeu_si256(half.as_mut_ptr().cast(), row));
        }
    }
}

/// `SpongeVector::load_bytes` for four lanes.
#[inline(always)]
pub(super) fn load_bytes4(inputs: &[&[u8]], at: usize) -> [__m256i; 8] {
    let mut words = simd!([_mm256_setzero_si256(); 8]);
    for i in [0, 4] {
        macro_rules! rows {
            ($($lane:literal)*) => { transpose4([$({
                let half = &inputs[$lane][at + 8 * i..at + 8 * i + 32];
                simd!(_mm256_loadu_si256(half.as_ptr().cast()))
            }),*]) };
        }
        words[i..i + 4].copy_from_slice(&rows!(0 1 2 3));
    }
    words
}

/// Shuffles the bytes of each 128 bits of every row.
#[inline(always)]
fn shuffle_bytes(rows: &mut [__m256i; 16], [low, high]: [i64; 2]) {
    simd! {
        let table = _mm256_broadcastsi128_si256(_mm_set_epi64x(high, low));
        for row in rows {
            *row = _mm256_shuffle_epi8(*row, table);
        }
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`.
#[inline(always)]
fn transpose8(r: [__m256i; 8]) -> [__m256i; 8] {
    simd! {
        let mut t = r;
        for i in (0..8).step_by(4) {
            let (a, b) = (_mm256_unpacklo_epi32(r[i], r[i + 1]), _mm256_unpackhi_epi32(r[i], r[i + 1]));
            let (c, d) =
                (_mm256_unpacklo_epi32(r[i + 2], r[i + 3]), _mm256_unpackhi_epi32(r[i + 2], r[i + 3]));
            t[i] = _mm256_unpacklo_epi64(a, c);
            t[i + 1] = _mm256_unpackhi_epi64(a, c);
            t[i + 2] = _mm256_unpacklo_epi64(b, d);
            t[i + 3] = _mm256_unpackhi_epi64(b, d);
        }
        let mut words = r;
        for j in 0..4 {
            words[j] = _mm256_permute2x128_si256::<0x20>(t[j], t[4 + j]);
            words[4 + j] = _mm256_permute2x128_si256::<0x31>(t[j], t[4 + j]);
        }
        words
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`; words of 64 bits.
#[inline(always)]
fn transpose4(r: [__m256i; 4]) -> [__m256i; 4] {
    simd! {
        let (a, b) = (_mm256_unpacklo_epi64(r[0], r[1]), _mm256_unpackhi_epi64(r[0], r[1]));
        let (c, d) = (_mm256_unpacklo_epi64(r[2], r[3]), _mm256_unpackhi_epi64(r[2], r[3]));
        [
            _mm256_permute2x128_si256::<0x20>(a, c),
            _mm256_permute2x128_si256::<0x20>(b, d),
            _mm256_permute2x128_si256::<0x31>(a, c),
            _mm256_permute2x128_si256::<0x31>(b, d),
        ]
    }
}

/// The same, and the compiler may not look through it.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn barrier(#[cfg_attr(miri, allow(unused_mut))] mut x: __m256i) -> __m256i {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(ymm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}
