//! AVX-512 (F, BW, DQ, VL): sixteen 32-bit or eight 64-bit lanes per vector, rotates and
//! three-input logic in one instruction each.

use std::arch::x86_64::*;

use crate::kernel::md5::Md5;
use crate::kernel::sha1::Sha1;
use crate::kernel::sha2::{Sha256, Sha512};
use crate::kernel::simd::cost::x86;
use crate::kernel::simd::operations::{generic_kernels, hide, operations, simd, unwrap, wrap};
use crate::kernel::simd::pair::Pair;
use crate::kernel::simd::portable::Plain;
use crate::kernel::simd::sha512_split;
use crate::kernel::simd::{avx2, avx2_quads};
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{Avx512, with_avx512};
use crate::kernel::vector::{SpongeVector, Vector};
use crate::kernel::word::ByteOrder;

generic_kernels!(Avx512, with_avx512);

/// Adds the tier's kernels to the table.
///
/// - MD5: several vectors hide each other's latency. A fourth adds throughput on Zen 5, not on Zen 4.
/// - SHA-256: interleaving SHA-NI streams with the rounds of a vector does not pay: 32 lanes take 2370
///   cycles on Zen 4, and 2000 one after another.
/// - SHA-512: two vectors do not fit the registers, and take 2480 cycles on Zen 4, one 1200. Four lanes
///   take half as long as eight there.
/// - Keccak: one lane of a vector is assumed to cost what four do: 0.60 GB/s of SHA3-256 on Zen 4.
pub(crate) fn add_kernels(token: Avx512, table: &mut KernelTable) {
    kernels! { token: Avx512, table, x86;
        // Function, lanes, cost on Zen 4, Zen 5 and other CPUs, code.
        md5    16 (461, 607, 400)   block::<Md5, X16>;
        md5    32 (652, 644, 560)   block::<Md5, Pair<X16, X16>>;
        md5    48 (867, 680, 830)   block::<Md5, Pair<X16, Pair<X16, X16>>>;
        md5    64 (1150, 715, 1100) block::<Md5, Pair<Pair<X16, X16>, Pair<X16, X16>>>;
        sha1   16 (492, 430, 470)   block::<Sha1, X16>;
        sha1   32 (970, 560, 940)   block::<Sha1, Pair<X16, X16>>;
        sha256 16 (962, 695, 900)   block::<Sha256, X16>;
        sha256 32 (1972, 961, 1850) block::<Sha256, Pair<X16, X16>>;
        sha512  1 (452, 520, 560)   sha512_split::avx512;
        sha512  4 (637, 850, 720)   block::<Sha512, Q4>;
        sha512  8 (1200, 864, 1150) block::<Sha512, Q8>;
        keccak  1 (806, 1150, 900)  sponge::<Q1>;
        keccak  4 (806, 1150, 900)  sponge::<Q4>;
        keccak  8 (1578, 1180, 1500) sponge::<Q8>;
    }
}

/// Sixteen lanes.
#[derive(Clone, Copy)]
pub(super) struct X16(__m512i);

/// Eight lanes.
#[derive(Clone, Copy)]
pub(super) struct Q8(__m512i);

/// Four lanes: half a vector, with the same instructions.
#[derive(Clone, Copy)]
pub(super) struct Q4(__m256i);

/// One lane, for a single sponge, whose state fits these registers.
#[derive(Clone, Copy)]
pub(super) struct Q1(__m128i);

/// Implements a vector's operations. Constant counts become immediates.
macro_rules! evex {
    (
        $word:ident, ternary: $ternary:ident, splat: $splat:ident, add: $add:ident, sub: $sub:ident,
        xor: $xor:ident, and: $and:ident, and_not: $and_not:ident, rotr: $rotr:ident,
        shr: $shr:ident, barrier: $barrier:path
    ) => {
        operations! { Avx512, $word;
            splat(word) = $splat(word.cast_signed());
            add = $add;
            sub = $sub;
            xor = $xor;
            and = $and;
            and_not(x, y) = $and_not(y, x);
            rotr(x, bits) = $rotr(x, $splat($word::from(bits).cast_signed()));
            shr(x, bits) = $shr(x, $splat($word::from(bits).cast_signed()));
            barrier = $barrier;
            // The immediate is the table of f(x, y, z), at 4x + 2y + z.
            xor3(x, y, z) = $ternary::<0x96>(x, y, z);
            choose(x, y, z) = $ternary::<0xca>(x, y, z);
            majority(x, y, z) = $ternary::<0xe8>(x, y, z);
            add_choose(sum, x, y, z) = $add(sum, $ternary::<0xca>(x, y, z));
            xor_and_not(x, y, z) = $ternary::<0xb4>(x, y, z);
        }
    };
}

impl Vector<u32> for X16 {
    type Token = Avx512;
    const LANES: usize = 16;

    #[inline(always)]
    fn load(token: Avx512, inputs: &[&[[u8; 64]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(inputs[$lane][index].as_ptr().cast())),*])
            };
        }
        let mut rows = rows!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        if order == ByteOrder::Big {
            let swap = [0x0405_0607_0001_0203, 0x0c0d_0e0f_0809_0a0b];
            shuffle_bytes(token, &mut rows, swap);
        }
        wrap!(transpose16(token, rows))
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx512, states: &[[u32; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => { simd!([$({
                let low = _mm256_loadu_si256(states[$lane][at..at + 8].as_ptr().cast());
                let high = _mm256_loadu_si256(states[$lane + 8][at..at + 8].as_ptr().cast());
                _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
            }),*]) };
        }
        wrap!(transpose8_halves(token, rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(token: Avx512, words: [Self; 8], states: &mut [[u32; N]], at: usize) {
        let rows = transpose8_halves(token, unwrap!(words));
        for (lane, row) in rows.into_iter().enumerate() {
            simd! {
                let low = states[lane][at..at + 8].as_mut_ptr().cast();
                _mm256_storeu_si256(low, _mm512_castsi512_si256(row));
                let high = states[lane + 8][at..at + 8].as_mut_ptr().cast();
                _mm256_storeu_si256(high, _mm512_extracti64x4_epi64::<1>(row));
            }
        }
    }

    evex! {
        u32, ternary: _mm512_ternarylogic_epi32, splat: _mm512_set1_epi32, add: _mm512_add_epi32,
        sub: _mm512_sub_epi32, xor: _mm512_xor_si512, and: _mm512_and_si512,
        and_not: _mm512_andnot_si512, rotr: _mm512_rorv_epi32, shr: _mm512_srlv_epi32,
        barrier: barrier
    }
}

impl Q8 {
    #[inline(always)]
    fn rows(token: Avx512, rows: [&[u8; 64]; 8]) -> [__m512i; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(rows[$lane].as_ptr().cast())),*])
            };
        }
        transpose8(token, rows!(0 1 2 3 4 5 6 7))
    }
}

impl Vector<u64> for Q8 {
    type Token = Avx512;
    const LANES: usize = 8;

    #[inline(always)]
    fn load(token: Avx512, inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! half {
            ($at:literal: $($lane:literal)*) => {
                Self::rows(token, [$(inputs[$lane][index][$at..].first_chunk().expect("half a block")),*])
            };
        }
        let low = half!(0: 0 1 2 3 4 5 6 7);
        let high = half!(64: 0 1 2 3 4 5 6 7);
        let mut words = simd!([_mm512_setzero_si512(); 16]);
        words[..8].copy_from_slice(&low);
        words[8..].copy_from_slice(&high);
        if order == ByteOrder::Big {
            let swap = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f];
            shuffle_bytes(token, &mut words, swap);
        }
        wrap!(words)
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx512, states: &[[u64; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm512_loadu_si512(states[$lane][at..at + 8].as_ptr().cast())),*])
            };
        }
        wrap!(transpose8(token, rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(token: Avx512, words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        let rows = transpose8(token, unwrap!(words));
        for (state, row) in states.iter_mut().zip(rows) {
            simd!(_mm512_storeu_si512(state[at..at + 8].as_mut_ptr().cast(), row));
        }
    }

    evex! {
        u64, ternary: _mm512_ternarylogic_epi64, splat: _mm512_set1_epi64, add: _mm512_add_epi64,
        sub: _mm512_sub_epi64, xor: _mm512_xor_si512, and: _mm512_and_si512,
        and_not: _mm512_andnot_si512, rotr: _mm512_rorv_epi64, shr: _mm512_srlv_epi64,
        barrier: barrier
    }
}

impl SpongeVector for Q8 {
    #[inline(always)]
    fn load_bytes(token: Avx512, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                Self::rows(token, [$(inputs[$lane][at..].first_chunk().expect("eight words")),*])
            };
        }
        wrap!(rows!(0 1 2 3 4 5 6 7))
    }
}

impl Vector<u64> for Q4 {
    type Token = Avx512;
    const LANES: usize = 4;

    #[inline(always)]
    fn load(token: Avx512, inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        wrap!(avx2_quads::load4(token.into(), inputs, index, order))
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx512, states: &[[u64; N]], at: usize) -> [Self; 8] {
        wrap!(avx2_quads::read4(token.into(), states, at))
    }
    #[inline(always)]
    fn write<const N: usize>(token: Avx512, words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        avx2_quads::write4(token.into(), unwrap!(words), states, at);
    }

    evex! {
        u64, ternary: _mm256_ternarylogic_epi64, splat: _mm256_set1_epi64x, add: _mm256_add_epi64,
        sub: _mm256_sub_epi64, xor: _mm256_xor_si256, and: _mm256_and_si256,
        and_not: _mm256_andnot_si256, rotr: _mm256_rorv_epi64, shr: _mm256_srlv_epi64,
        barrier: avx2::barrier
    }
}

impl SpongeVector for Q4 {
    #[inline(always)]
    fn load_bytes(token: Avx512, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        wrap!(avx2_quads::load_bytes4(token.into(), inputs, at))
    }
}

#[allow(unused_unsafe)] // sponges need no barrier, and `identity` is safe
impl Vector<u64> for Q1 {
    type Token = Avx512;
    const LANES: usize = 1;

    #[inline(always)]
    fn load(token: Avx512, inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        Self::from_plain(token, Plain::load(token.into(), inputs, index, order))
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx512, states: &[[u64; N]], at: usize) -> [Self; 8] {
        Self::from_plain(token, Plain::read(token.into(), states, at))
    }
    #[inline(always)]
    fn write<const N: usize>(_: Avx512, words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        for (vector, word) in words.iter().zip(&mut states[0][at..]) {
            *word = simd!(_mm_cvtsi128_si64(vector.0)).cast_unsigned();
        }
    }

    evex! {
        u64, ternary: _mm_ternarylogic_epi64, splat: _mm_set1_epi64x, add: _mm_add_epi64,
        sub: _mm_sub_epi64, xor: _mm_xor_si128, and: _mm_and_si128, and_not: _mm_andnot_si128,
        rotr: _mm_rorv_epi64, shr: _mm_srlv_epi64, barrier: std::convert::identity
    }
}

impl Q1 {
    #[inline(always)]
    fn from_word(_: Avx512, word: u64) -> Self {
        simd!(Self(_mm_cvtsi64_si128(word.cast_signed())))
    }

    #[inline(always)]
    fn from_plain<const N: usize>(token: Avx512, words: [Plain<u64>; N]) -> [Self; N] {
        let mut vectors = [Self::splat(token, 0); N];
        for (vector, word) in vectors.iter_mut().zip(words) {
            *vector = Self::from_word(token, word.0);
        }
        vectors
    }
}

impl SpongeVector for Q1 {
    #[inline(always)]
    fn load_bytes(token: Avx512, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(token, 0); 8];
        for (vector, bytes) in words.iter_mut().zip(inputs[0][at..].as_chunks().0) {
            *vector = Self::from_word(token, u64::from_le_bytes(*bytes));
        }
        words
    }
}

/// Shuffles the bytes of each 128 bits of every row.
#[inline(always)]
fn shuffle_bytes<const N: usize>(_: Avx512, rows: &mut [__m512i; N], [low, high]: [i64; 2]) {
    simd! {
        let table = _mm512_broadcast_i32x4(_mm_set_epi64x(high, low));
        for row in rows {
            *row = _mm512_shuffle_epi8(*row, table);
        }
    }
}

/// Moves word `j` of row `i` to word `i` of row `j`, in each 4 × 4 words.
#[inline(always)]
fn transpose_quads<const N: usize>(_: Avx512, r: [__m512i; N]) -> [__m512i; N] {
    simd! {
        let mut t = r;
        for i in (0..N).step_by(4) {
            let (a, b) = (_mm512_unpacklo_epi32(r[i], r[i + 1]), _mm512_unpackhi_epi32(r[i], r[i + 1]));
            let (c, d) =
                (_mm512_unpacklo_epi32(r[i + 2], r[i + 3]), _mm512_unpackhi_epi32(r[i + 2], r[i + 3]));
            t[i] = _mm512_unpacklo_epi64(a, c);
            t[i + 1] = _mm512_unpackhi_epi64(a, c);
            t[i + 2] = _mm512_unpacklo_epi64(b, d);
            t[i + 3] = _mm512_unpackhi_epi64(b, d);
        }
        t
    }
}

/// Moves word `j` of row `i` to word `i` of row `j`.
#[inline(always)]
fn transpose16(token: Avx512, r: [__m512i; 16]) -> [__m512i; 16] {
    simd! {
        let t = transpose_quads(token, r);
        // `t[4 * i + j]` holds words j, 4 + j, 8 + j, 12 + j of rows 4i to 4i + 3.
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

/// Moves word `j` of row `i` to word `i` of row `j`; the words have 64 bits.
#[inline(always)]
fn transpose8(_: Avx512, r: [__m512i; 8]) -> [__m512i; 8] {
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

/// Moves word `j` of row `i` to word `i` of row `j`, in the lower and the upper halves separately; the
/// words have 32 bits.
#[inline(always)]
fn transpose8_halves(token: Avx512, r: [__m512i; 8]) -> [__m512i; 8] {
    simd! {
        let t = transpose_quads(token, r);
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

/// Hides from the compiler how `x` was computed.
#[inline]
#[target_feature(enable = "avx512f")]
fn barrier(#[allow(unused_mut)] mut x: __m512i) -> __m512i {
    hide!(x, zmm_reg);
    x
}
