//! AVX2 (with BMI1 and BMI2, which every CPU with AVX2 has): eight 32-bit or four 64-bit lanes.

use std::arch::x86_64::*;

use crate::kernel::md5::Md5;
use crate::kernel::sha1::Sha1;
use crate::kernel::sha2::{Sha256, Sha512};
use crate::kernel::simd::avx2_quads::{load_bytes4, load4, read4, shuffle_bytes, write4};
use crate::kernel::simd::cost::x86;
use crate::kernel::simd::operations::{generic_kernels, hide, operations, simd, unwrap, wrap};
use crate::kernel::simd::pair::Pair;
use crate::kernel::simd::portable::Plain;
use crate::kernel::simd::{sha512_five, sha512_split};
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{Avx2, with_avx2};
use crate::kernel::vector::{SpongeVector, Vector};
use crate::kernel::word::ByteOrder;

generic_kernels!(Avx2, with_avx2);

/// Adds the tier's kernels to the table.
///
/// - SHA-512: the four lanes of a vector and a fifth in scalars take little longer than the four.
/// - Keccak: a single state runs on scalars with BMI: 0.50 GB/s of SHA3-256 on Zen 4.
pub(crate) fn add_kernels(token: Avx2, table: &mut KernelTable) {
    kernels! { token: Avx2, table, x86;
        // Function, lanes, cost on Zen 4, Zen 5 and other CPUs, code.
        md5     1 (290, 287, 300)    block::<Md5, Plain<u32>>;
        md5     2 (310, 310, 330)    block::<Md5, Pair<Plain<u32>, Plain<u32>>>;
        md5     8 (380, 679, 400)    block::<Md5, X8>;
        md5    16 (472, 734, 500)    block::<Md5, Pair<X8, X8>>;
        md5    24 (588, 759, 740)    block::<Md5, Pair<X8, Pair<X8, X8>>>;
        sha1    8 (423, 546, 560)    block::<Sha1, X8>;
        sha1   16 (837, 773, 1100)   block::<Sha1, Pair<X8, X8>>;
        sha256  8 (990, 980, 1300)   block::<Sha256, X8>;
        sha512  1 (582, 560, 640)    sha512_split::avx2;
        sha512  4 (1210, 940, 1500)  block::<Sha512, Q4>;
        keccak  1 (1005, 800, 1100)  sponge::<Plain<u64>>;
        keccak  4 (1376, 1250, 1800) sponge::<Q4>;
    }
    if cfg!(miri) {
        return; // which has no assembly
    }
    kernels! { token: Avx2, table, x86;
        sha512  5 (1290, 1080, 1750) sha512_five::avx2;
    }
}

/// Eight lanes.
#[derive(Clone, Copy)]
pub(super) struct X8(__m256i);

/// Four lanes.
#[derive(Clone, Copy)]
pub(super) struct Q4(__m256i);

/// Returns a table for shuffling the bytes of each 128 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn byte_table(low: u64, high: u64) -> __m256i {
    _mm256_broadcastsi128_si256(_mm_set_epi64x(high.cast_signed(), low.cast_signed()))
}

impl Vector<u32> for X8 {
    type Token = Avx2;
    const LANES: usize = 8;

    #[inline(always)]
    fn load(token: Avx2, inputs: &[&[[u8; 64]]], index: usize, order: ByteOrder) -> [Self; 16] {
        macro_rules! half {
            ($at:literal: $($lane:literal)*) => { transpose8(token, [$({
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
            shuffle_bytes(token, &mut words, swap);
        }
        wrap!(words)
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx2, states: &[[u32; N]], at: usize) -> [Self; 8] {
        macro_rules! rows {
            ($($lane:literal)*) => {
                simd!([$(_mm256_loadu_si256(states[$lane][at..at + 8].as_ptr().cast())),*])
            };
        }
        wrap!(transpose8(token, rows!(0 1 2 3 4 5 6 7)))
    }
    #[inline(always)]
    fn write<const N: usize>(token: Avx2, words: [Self; 8], states: &mut [[u32; N]], at: usize) {
        let rows = transpose8(token, unwrap!(words));
        for (state, row) in states.iter_mut().zip(rows) {
            simd!(_mm256_storeu_si256(state[at..at + 8].as_mut_ptr().cast(), row));
        }
    }

    // Rotates by whole bytes are one shuffle; constant distances become immediates.
    operations! { Avx2, u32;
        splat(word) = _mm256_set1_epi32(word.cast_signed());
        add = _mm256_add_epi32;
        sub = _mm256_sub_epi32;
        xor = _mm256_xor_si256;
        and = _mm256_and_si256;
        and_not(x, y) = _mm256_andnot_si256(y, x);
        rotr(x, bits) = match bits {
            8 => _mm256_shuffle_epi8(x, byte_table(0x0407_0605_0003_0201, 0x0c0f_0e0d_080b_0a09)),
            16 => _mm256_shuffle_epi8(x, byte_table(0x0504_0706_0100_0302, 0x0d0c_0f0e_0908_0b0a)),
            24 => _mm256_shuffle_epi8(x, byte_table(0x0605_0407_0201_0003, 0x0e0d_0c0f_0a09_080b)),
            _ => {
                let right = _mm256_srlv_epi32(x, _mm256_set1_epi32(bits.cast_signed()));
                let left = _mm256_sllv_epi32(x, _mm256_set1_epi32((32 - bits).cast_signed()));
                _mm256_or_si256(right, left)
            }
        };
        shr(x, bits) = _mm256_srlv_epi32(x, _mm256_set1_epi32(bits.cast_signed()));
        barrier = barrier;
    }
}

impl Vector<u64> for Q4 {
    type Token = Avx2;
    const LANES: usize = 4;

    #[inline(always)]
    fn load(token: Avx2, inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        wrap!(load4(token, inputs, index, order))
    }
    #[inline(always)]
    fn read<const N: usize>(token: Avx2, states: &[[u64; N]], at: usize) -> [Self; 8] {
        wrap!(read4(token, states, at))
    }
    #[inline(always)]
    fn write<const N: usize>(token: Avx2, words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        write4(token, unwrap!(words), states, at);
    }

    operations! { Avx2, u64;
        splat(word) = _mm256_set1_epi64x(word.cast_signed());
        add = _mm256_add_epi64;
        sub = _mm256_sub_epi64;
        xor = _mm256_xor_si256;
        and = _mm256_and_si256;
        and_not(x, y) = _mm256_andnot_si256(y, x);
        rotr(x, bits) = match bits {
            8 => _mm256_shuffle_epi8(x, byte_table(0x0007_0605_0403_0201, 0x080f_0e0d_0c0b_0a09)),
            56 => _mm256_shuffle_epi8(x, byte_table(0x0605_0403_0201_0007, 0x0e0d_0c0b_0a09_080f)),
            _ => {
                let right = _mm256_srlv_epi64(x, _mm256_set1_epi64x(bits.into()));
                let left = _mm256_sllv_epi64(x, _mm256_set1_epi64x((64 - bits).into()));
                _mm256_or_si256(right, left)
            }
        };
        shr(x, bits) = _mm256_srlv_epi64(x, _mm256_set1_epi64x(bits.into()));
        barrier = barrier;
    }
}

impl SpongeVector for Q4 {
    #[inline(always)]
    fn load_bytes(token: Avx2, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        wrap!(load_bytes4(token, inputs, at))
    }
}

/// Moves word `j` of row `i` to word `i` of row `j`.
#[inline(always)]
fn transpose8(_: Avx2, r: [__m256i; 8]) -> [__m256i; 8] {
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

/// Hides from the compiler how `x` was computed.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn barrier(#[allow(unused_mut)] mut x: __m256i) -> __m256i {
    hide!(x, ymm_reg);
    x
}
