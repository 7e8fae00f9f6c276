//! AVX-512 (F, BW, DQ, VL): sixteen 32-bit or eight 64-bit lanes to a vector, rotates and
//! three-input logic in one instruction each.

use std::arch::x86_64::*;

use super::super::{ByteOrder, Compress, SpongeVector, Vector, Word, absorb, drive};
use super::avx2;

/// Sixteen lanes.
#[derive(Clone, Copy)]
pub(crate) struct X16(__m512i);

/// Eight lanes.
#[derive(Clone, Copy)]
pub(crate) struct Q8(__m512i);

/// Four lanes: half a vector, with the same instructions.
#[derive(Clone, Copy)]
pub(crate) struct Q4(__m256i);

/// One lane: for one sponge, whose state these registers have room for.
#[derive(Clone, Copy)]
pub(crate) struct Q1(__m128i);

/// A kernel with the lanes of `V`, one of this tier's vectors or several.
pub(crate) fn run<C: Compress, V: Vector<C::Word>>(
    states: &mut [[C::Word; 8]],
    inputs: &[&[<C::Word as Word>::Block]],
) {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2")]
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
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,bmi1,bmi2")]
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
        // SAFETY: the vectors' methods are called from the kernels above only, which run where
        // the tier has been detected. Loads and stores go through references of their length.
        unsafe { $($body)* }
    };
}

/// The operations that do not care which vector they are of.
macro_rules! operations {
    (
        $word:ty, $ternary:ident, $splat:ident, $add:ident, $sub:ident, $xor:ident, $and:ident,
        $and_not:ident, $rotr:ident, $shr:ident, $count:ident, $barrier:path
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
            simd!(Self($xor(self.0, other.0)))
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            simd!(Self($and(self.0, other.0)))
        }
        #[inline(always)]
        fn and_not(self, other: Self) -> Self {
            simd!(Self($and_not(other.0, self.0)))
        }
        #[inline(always)]
        fn rotr(self, bits: u32) -> Self {
            // Becomes an immediate where `bits` is a constant, as it always is.
            simd!(Self($rotr(self.0, $count(bits.into()))))
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            simd!(Self($shr(self.0, $count(bits.into()))))
        }
        #[inline(always)]
        fn barrier(self) -> Self {
            simd!(Self($barrier(self.0)))
        }
        // The immediate is the table of f(x, y, z), at 4x + 2y + z.
        #[inline(always)]
        fn xor3(x: Self, y: Self, z: Self) -> Self {
            simd!(Self($ternary::<0x96>(x.0, y.0, z.0)))
        }
        #[inline(always)]
        fn choose(x: Self, y: Self, z: Self) -> Self {
            simd!(Self($ternary::<0xca>(x.0, y.0, z.0)))
        }
        #[inline(always)]
        fn majority(x: Self, y: Self, z: Self) -> Self {
            simd!(Self($ternary::<0xe8>(x.0, y.0, z.0)))
        }
        #[inline(always)]
        fn add_choose(sum: Self, x: Self, y: Self, z: Self) -> Self {
            sum.add(Self::choose(x, y, z))
        }
        #[inline(always)]
        fn xor_and_not(x: Self, y: Self, z: Self) -> Self {
            simd!(Self($ternary::<0xb4>(x.0, y.0, z.0)))
        }
    };
}

impl Vector<u32> for X16 {
    const LANES: usize = 16;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 64]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(inputs[$lane][index].as_ptr().cast())),*])
            };
        }
        let mut rows = rows!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        if order == ByteOrder::Big {
            let swap = [0x0405_0607_0001_0203, 0x0c0d_0e0f_0809_0a0b];
            shuffle_bytes(&mut rows, swap);
        }
        wrap!(transpose16(rows))
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u32; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => { simd!([$({
                let low = _mm256_loadu_si256(states[$lane][at..at + 8].as_ptr().cast());
                let high = _mm256_loadu_si256(states[$lane + 8][at..at + 8].as_ptr().cast());
                _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
            }),*]) };
        }
        wrap!(transpose8_halves(rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u32; N]], at: usize) {
        let rows = transpose8_halves(unwrap!(words));
        for (lane, row) in rows.into_iter().enumerate() {
            simd! {
                let low = states[lane][at..at + 8].as_mut_ptr().cast();
                _mm256_storeu_si256(low, _mm512_castsi512_si256(row));
                let high = states[lane + 8][at..at + 8].as_mut_ptr().cast();
                _mm256_storeu_si256(high, _mm512_extracti64x4_epi64::<1>(row));
            }
        }
    }

    operations!(
        u32,
        _mm512_ternarylogic_epi32,
        _mm512_set1_epi32,
        _mm512_add_epi32,
        _mm512_sub_epi32,
        _mm512_xor_si512,
        _mm512_and_si512,
        _mm512_andnot_si512,
        _mm512_rorv_epi32,
        _mm512_srlv_epi32,
        splat16,
        barrier
    );
}

#[inline(always)]
fn splat16(count: u64) -> __m512i {
    simd! {
        _mm512_set1_epi32(count as i32)
    }
}

#[inline(always)]
fn splat8(count: u64) -> __m512i {
    simd! {
        _mm512_set1_epi64(count as i64)
    }
}

#[inline(always)]
fn splat4(count: u64) -> __m256i {
    simd! {
        _mm256_set1_epi64x(count as i64)
    }
}

impl Q8 {
    #[inline(always)]
    fn rows(rows: [&[u8; 64]; 8]) -> [__m512i; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(rows[$lane].as_ptr().cast())),*])
            };
        }
        transpose8(rows!(0 1 2 3 4 5 6 7))
    }
}

impl Vector<u64> for Q8 {
    const LANES: usize = 8;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! half {
            ($at:literal: $($lane:literal)*) => {
                Self::rows([$(inputs[$lane][index][$at..].first_chunk().expect("half a block")),*])
            };
        }
        let low = half!(0: 0 1 2 3 4 5 6 7);
        let high = half!(64: 0 1 2 3 4 5 6 7);
        let mut words = simd!([_mm512_setzero_si512(); 16]);
        words[..8].copy_from_slice(&low);
        words[8..].copy_from_slice(&high);
        if order == ByteOrder::Big {
            let swap = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f];
            shuffle_bytes(&mut words, swap);
        }
        wrap!(words)
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u64; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(states[$lane][at..at + 8].as_ptr().cast())),*])
            };
        }
        wrap!(transpose8(rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        let rows = transpose8(unwrap!(words));
        for (state, row) in states.iter_mut().zip(rows) {
            simd!(_mm512_storeu_si512(state[at..at + 8].as_mut_ptr().cast(), row));
        }
    }

    operations!(
        u64,
        _mm512_ternarylogic_epi64,
        _mm512_set1_epi64,
        _mm512_add_epi64,
        _mm512_sub_epi64,
        _mm512_xor_si512,
        _mm512_and_si512,
        _mm512_andnot_si512,
        _mm512_rorv_epi64,
        _mm512_srlv_epi64,
        splat8,
        barrier
    );
}

impl SpongeVector for Q8 {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                Self::rows([$(inputs[$lane][at..].first_chunk().expect("eight words")),*])
            };
        }
        wrap!(rows!(0 1 2 3 4 5 6 7))
    }
}

impl Vector<u64> for Q4 {
    const LANES: usize = 4;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        wrap!(avx2::load4(inputs, index, order))
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u64; N]], at: usize) -> [Self; 8] {
        wrap!(avx2::read4(states, at))
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        avx2::write4(unwrap!(words), states, at);
    }

    operations!(
        u64,
        _mm256_ternarylogic_epi64,
        _mm256_set1_epi64x,
        _mm256_add_epi64,
        _mm256_sub_epi64,
        _mm256_xor_si256,
        _mm256_and_si256,
        _mm256_andnot_si256,
        _mm256_rorv_epi64,
        _mm256_srlv_epi64,
        splat4,
        avx2::barrier
    );
}

impl SpongeVector for Q4 {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        wrap!(avx2::load_bytes4(inputs, at))
    }
}

impl Vector<u64> for Q1 {
    const LANES: usize = 1;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        let mut words = [Self::splat(0); 16];
        for (vector, bytes) in words.iter_mut().zip(inputs[0][index].as_chunks().0) {
            *vector = Self::low(match order {
                ByteOrder::Big => u64::from_be_bytes(*bytes),
                ByteOrder::Little => u64::from_le_bytes(*bytes),
            });
        }
        words
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u64; N]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for (vector, word) in words.iter_mut().zip(&states[0][at..]) {
            *vector = Self::low(*word);
        }
        words
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        for (vector, word) in words.iter().zip(&mut states[0][at..]) {
            *word = simd!(_mm_cvtsi128_si64(vector.0)).cast_unsigned();
        }
    }

    operations!(
        u64,
        _mm_ternarylogic_epi64,
        _mm_set1_epi64x,
        _mm_add_epi64,
        _mm_sub_epi64,
        _mm_xor_si128,
        _mm_and_si128,
        _mm_andnot_si128,
        _mm_rorv_epi64,
        _mm_srlv_epi64,
        splat2,
        barrier1
    );
}

impl Q1 {
    #[inline(always)]
    fn low(word: u64) -> Self {
        simd!(Self(_mm_cvtsi64_si128(word.cast_signed())))
    }
}

impl SpongeVector for Q1 {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for (vector, bytes) in words.iter_mut().zip(inputs[0][at..].as_chunks().0) {
            *vector = Self::low(u64::from_le_bytes(*bytes));
        }
        words
    }
}

#[inline(always)]
fn splat2(count: u64) -> __m128i {
    simd! {
        _mm_set1_epi64x(count as i64)
    }
}

/// The same: nothing has to be hidden from the compiler in a sponge.
#[inline]
#[target_feature(enable = "avx512f")]
fn barrier1(x: __m128i) -> __m128i {
    x
}

/// Shuffles the bytes of each 128 bits of every row.
#[inline(always)]
fn shuffle_bytes<const N: usize>(rows: &mut [__m512i; N], [low, high]: [i64; 2]) {
    simd! {
        let table = _mm512_broadcast_i32x4(_mm_set_epi64x(high, low));
        for row in rows {
            *row = _mm512_shuffle_epi8(*row, table);
        }
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`.
#[inline(always)]
fn transpose16(r: [__m512i; 16]) -> [__m512i; 16] {
    simd! {
        let mut t = r;
        for i in (0..16).step_by(4) {
            let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
            let (c, d) =
                (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
            t[i] = _mm512_unpacklo_epi64(a, c);
            t[i + 1] = _mm512_unpackhi_epi64(a, c);
            t[i + 2] = _mm512_unpacklo_epi64(b, d);
            t[i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        // `t[4 * i + j]` has words j, 4 + j, 8 + j, 12 + j of rows 4i to 4i + 3.
        let mut words = r;
        for j in 0..4 {
            let a = _mm512_shuffle_i32x4::<0x88>(t[j], t[4 + j]);
            let b = _mm512_shuffle_i32x4::<0xdd>(t[j], t[4 + j]);
            let c = _mm512_shuffle_i32x4::<0x88>(t[8 + j], t[12 + j]);
            let d = _mm512_shuffle_i32x4::<0xdd>(t[8 + j], t[12 + j]);
            words[j] = _mm512_shuffle_i32x4::<0x88>(a, c);
            words[4 + j] = _mm512_shuffle_i32x4::<0x88>(b, d);
            words[8 + j] = _mm512_shuffle_i32x4::<0xdd>(a, c);
            words[12 + j] = _mm512_shuffle_i32x4::<0xdd>(b, d);
        }
        words
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`; words of 64 bits.
#[inline(always)]
fn transpose8(r: [__m512i; 8]) -> [__m512i; 8] {
    simd! {
        let mut t = r;
        for i in (0..8).step_by(2) {
            t[i] = _mm512_unpacklo_epi64(r[i], r[i + 1]);
            t[i + 1] = _mm512_unpackhi_epi64(r[i], r[i + 1]);
        }
        let mut words = r;
        for j in 0..2 {
            let a = _mm512_shuffle_i64x2::<0x88>(t[j], t[2 + j]);
            let b = _mm512_shuffle_i64x2::<0xdd>(t[j], t[2 + j]);
            let c = _mm512_shuffle_i64x2::<0x88>(t[4 + j], t[6 + j]);
            let d = _mm512_shuffle_i64x2::<0xdd>(t[4 + j], t[6 + j]);
            words[j] = _mm512_shuffle_i64x2::<0x88>(a, c);
            words[2 + j] = _mm512_shuffle_i64x2::<0x88>(b, d);
            words[4 + j] = _mm512_shuffle_i64x2::<0xdd>(a, c);
            words[6 + j] = _mm512_shuffle_i64x2::<0xdd>(b, d);
        }
        words
    }
}

/// Word `j` of row `i` becomes word `i` of row `j`, in the lower and the upper halves apart;
/// words of 32 bits.
#[inline(always)]
fn transpose8_halves(r: [__m512i; 8]) -> [__m512i; 8] {
    simd! {
        let mut t = r;
        for i in (0..8).step_by(4) {
            let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
            let (c, d) =
                (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
            t[i] = _mm512_unpacklo_epi64(a, c);
            t[i + 1] = _mm512_unpackhi_epi64(a, c);
            t[i + 2] = _mm512_unpacklo_epi64(b, d);
            t[i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        let low = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0);
        let high = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
        let mut words = r;
        for j in 0..4 {
            words[j] = _mm512_permutex2var_epi64(t[j], low, t[4 + j]);
            words[4 + j] = _mm512_permutex2var_epi64(t[j], high, t[4 + j]);
        }
        words
    }
}

/// The same, and the compiler may not look through it.
#[inline]
#[target_feature(enable = "avx512f")]
fn barrier(#[cfg_attr(miri, allow(unused_mut))] mut x: __m512i) -> __m512i {
    #[cfg(not(miri))]
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(zmm_reg) x, options(pure, nomem, nostack, preserves_flags));
    }
    x
}
