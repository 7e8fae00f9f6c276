//! Loads and stores of four lanes of 64 bits, by AVX2.

use std::arch::x86_64::*;

use crate::kernel::simd::operations::simd;
use crate::kernel::tier::Avx2;
use crate::kernel::word::ByteOrder;

/// Implements `Vector::load` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn load4(
    token: Avx2,
    inputs: &[&[[u8; 128]]],
    index: usize,
    order: ByteOrder,
) -> [__m256i; 16] {
    let mut words = columns4(token, |lane, i| &inputs[lane][index].as_chunks::<32>().0[i]);
    if order == ByteOrder::Big {
        let swap = [0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f];
        shuffle_bytes(token, &mut words, swap);
    }
    words
}

/// Implements `Vector::read` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn read4<const N: usize>(token: Avx2, states: &[[u64; N]], at: usize) -> [__m256i; 8] {
    columns4(token, |lane, i| states[lane][at + 4 * i..].first_chunk::<4>().expect("four words"))
}

/// Implements `SpongeVector::load_bytes` for four lanes.
#[inline(always)]
pub(super) fn load_bytes4(token: Avx2, inputs: &[&[u8]], at: usize) -> [__m256i; 8] {
    columns4(token, |lane, i| inputs[lane][at + 32 * i..].first_chunk::<32>().expect("four words"))
}

/// Loads `N` words of four lanes; `row(lane, i)` has words 4i to 4i + 3 of a lane.
#[inline(always)]
fn columns4<'r, T: 'r, const N: usize>(
    token: Avx2,
    row: impl Fn(usize, usize) -> &'r T,
) -> [__m256i; N] {
    const { assert!(size_of::<T>() == 32) };
    let mut words = simd!([_mm256_setzero_si256(); N]);
    for i in 0..N / 4 {
        let rows = [row(0, i), row(1, i), row(2, i), row(3, i)];
        let [a, b, c, d] = rows.map(|row| std::ptr::from_ref(row).cast());
        let rows = simd!([
            _mm256_loadu_si256(a),
            _mm256_loadu_si256(b),
            _mm256_loadu_si256(c),
            _mm256_loadu_si256(d),
        ]);
        words[4 * i..4 * i + 4].copy_from_slice(&transpose4(token, rows));
    }
    words
}

/// Implements `Vector::write` for four lanes of 64 bits.
#[inline(always)]
pub(super) fn write4<const N: usize>(
    token: Avx2,
    words: [__m256i; 8],
    states: &mut [[u64; N]],
    at: usize,
) {
    for i in [0, 4] {
        let rows = transpose4(token, [words[i], words[i + 1], words[i + 2], words[i + 3]]);
        for (state, row) in states.iter_mut().zip(rows) {
            let half = &mut state[at + i..at + i + 4];
            simd!(_mm256_storeu_si256(half.as_mut_ptr().cast(), row));
        }
    }
}

/// Shuffles the bytes of each 128 bits of every row.
#[inline(always)]
pub(super) fn shuffle_bytes(_: Avx2, rows: &mut [__m256i; 16], [low, high]: [i64; 2]) {
    simd! {
        let table = _mm256_broadcastsi128_si256(_mm_set_epi64x(high, low));
        for row in rows {
            *row = _mm256_shuffle_epi8(*row, table);
        }
    }
}

/// Moves word `j` of row `i` to word `i` of row `j`; the words have 64 bits.
#[inline(always)]
fn transpose4(_: Avx2, r: [__m256i; 4]) -> [__m256i; 4] {
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
