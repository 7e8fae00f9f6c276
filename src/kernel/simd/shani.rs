//! SHA-NI: the SHA-1 and SHA-256 instructions, on several streams at once, as each instruction
//! takes 4 to 6 cycles and one can begin every cycle or two.

// Streams are indices of several arrays.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use super::super::sha256::K;

/// An expression of this tier's intrinsics.
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: called from kernels that run where the tier has been detected only; the
        // pointers are those of references to at least sixteen bytes.
        unsafe { $($body)* }
    };
}

/// SHA-256 on `N` streams.
pub(crate) fn sha256<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    // SAFETY: kernels of a tier are listed only where `Tier::is_available` has detected it.
    unsafe { sha256_lanes::<N>(states, inputs) }
}

/// SHA-1 on `N` streams.
pub(crate) fn sha1<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    // SAFETY: as above.
    unsafe { sha1_lanes::<N>(states, inputs) }
}

pub(super) fn blocks<const N: usize>(states: &[[u32; 8]], inputs: &[&[[u8; 64]]]) -> usize {
    assert!(states.len() == N && inputs.len() == N, "one stream per lane");
    let blocks = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == blocks), "lanes of equal length");
    blocks
}

/// The eight state words as the instructions want them: `abef`, then `cdgh`.
pub(super) type Sha256State = [__m128i; 2];

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha256_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<N>(states, inputs);
    let mut state = [[_mm_setzero_si128(); 2]; N];
    for i in 0..N {
        state[i] = load_sha256(&states[i]);
    }
    for block in 0..blocks {
        let before = state;
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for i in 0..N {
            w[i] = sha256_words(&inputs[i][block]);
        }
        macro_rules! rounds {
            ($($t:literal)*) => {$({
                let k = sha256_constants($t);
                for i in 0..N {
                    sha256_rounds(&mut state[i], &mut w[i], $t, k);
                }
            })*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for i in 0..N {
            add_sha256(&mut state[i], before[i]);
        }
    }
    for i in 0..N {
        store_sha256(state[i], &mut states[i]);
    }
}

/// The constants of rounds 4t to 4t + 3.
#[inline(always)]
pub(super) fn sha256_constants(t: usize) -> __m128i {
    simd!(_mm_loadu_si128(K[t / 4][t % 4 * 4..][..4].as_ptr().cast()))
}

/// Rounds 4t to 4t + 3, whose constants `k` has, and what the message words of those at hand
/// allow to be known of later ones.
#[inline(always)]
pub(super) fn sha256_rounds(
    [abef, cdgh]: &mut Sha256State,
    w: &mut [__m128i; 4],
    t: usize,
    k: __m128i,
) {
    let (this, next, last) = (t % 4, (t + 1) % 4, (t + 3) % 4);
    simd! {
        let sums = _mm_add_epi32(w[this], k);
        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sums);
        if (3..15).contains(&t) {
            let middle = _mm_alignr_epi8::<4>(w[this], w[last]);
            w[next] = _mm_sha256msg2_epu32(_mm_add_epi32(w[next], middle), w[this]);
        }
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0x0e>(sums));
        if (1..13).contains(&t) {
            w[last] = _mm_sha256msg1_epu32(w[last], w[this]);
        }
    }
}

/// The sixteen words of a block.
#[inline(always)]
pub(super) fn sha256_words(block: &[u8; 64]) -> [__m128i; 4] {
    simd! {
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let mut w = [_mm_setzero_si128(); 4];
        for j in 0..4 {
            let words = _mm_loadu_si128(block[16 * j..][..16].as_ptr().cast());
            w[j] = _mm_shuffle_epi8(words, swap);
        }
        w
    }
}

/// What follows the last round.
#[inline(always)]
pub(super) fn add_sha256(state: &mut Sha256State, before: Sha256State) {
    for j in 0..2 {
        state[j] = simd!(_mm_add_epi32(state[j], before[j]));
    }
}

#[inline(always)]
pub(super) fn load_sha256(state: &[u32; 8]) -> Sha256State {
    let (abcd, efgh) = state.split_at(4);
    simd! {
        let badc = _mm_shuffle_epi32::<0xb1>(_mm_loadu_si128(abcd.as_ptr().cast()));
        let hgfe = _mm_shuffle_epi32::<0x1b>(_mm_loadu_si128(efgh.as_ptr().cast()));
        [_mm_alignr_epi8::<8>(badc, hgfe), _mm_blend_epi16::<0xf0>(hgfe, badc)]
    }
}

#[inline(always)]
pub(super) fn store_sha256([abef, cdgh]: Sha256State, state: &mut [u32; 8]) {
    let (abcd, efgh) = state.split_at_mut(4);
    simd! {
        let feba = _mm_shuffle_epi32::<0x1b>(abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
        _mm_storeu_si128(abcd.as_mut_ptr().cast(), _mm_blend_epi16::<0xf0>(feba, dchg));
        _mm_storeu_si128(efgh.as_mut_ptr().cast(), _mm_alignr_epi8::<8>(dchg, feba));
    }
}

/// The five state words as the instructions want them: `abcd`, and `e` in the highest place. Between
/// the rounds `e` is the `a` of four rounds ago, from which `nexte` makes e and adds it.
pub(super) type Sha1State = [__m128i; 2];

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha1_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<N>(states, inputs);
    let mut state = [[_mm_setzero_si128(); 2]; N];
    for i in 0..N {
        state[i] = load_sha1(&states[i]);
    }
    for block in 0..blocks {
        let before = state;
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for i in 0..N {
            w[i] = sha1_words(&inputs[i][block]);
        }
        macro_rules! rounds {
            ($($t:literal)*) => {$(
                for i in 0..N {
                    sha1_rounds(&mut state[i], &mut w[i], $t);
                }
            )*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for i in 0..N {
            add_sha1(&mut state[i], before[i]);
        }
    }
    for i in 0..N {
        store_sha1(state[i], &mut states[i]);
    }
}

/// Rounds 4t to 4t + 3, and the message words that they take in.
#[inline(always)]
pub(super) fn sha1_rounds([abcd, e]: &mut Sha1State, w: &mut [__m128i; 4], t: usize) {
    simd! {
        if t >= 4 {
            let x = _mm_sha1msg1_epu32(w[t % 4], w[(t + 1) % 4]);
            let x = _mm_xor_si128(x, w[(t + 2) % 4]);
            w[t % 4] = _mm_sha1msg2_epu32(x, w[(t + 3) % 4]);
        }
        let sums = match t {
            0 => _mm_add_epi32(*e, w[0]),
            _ => _mm_sha1nexte_epu32(*e, w[t % 4]),
        };
        *e = *abcd;
        *abcd = match t / 5 {
            0 => _mm_sha1rnds4_epu32::<0>(*abcd, sums),
            1 => _mm_sha1rnds4_epu32::<1>(*abcd, sums),
            2 => _mm_sha1rnds4_epu32::<2>(*abcd, sums),
            _ => _mm_sha1rnds4_epu32::<3>(*abcd, sums),
        };
    }
}

/// The sixteen words of a block.
#[inline(always)]
pub(super) fn sha1_words(block: &[u8; 64]) -> [__m128i; 4] {
    simd! {
        let reverse = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
        let mut w = [_mm_setzero_si128(); 4];
        for j in 0..4 {
            let words = _mm_loadu_si128(block[16 * j..][..16].as_ptr().cast());
            w[j] = _mm_shuffle_epi8(words, reverse);
        }
        w
    }
}

/// What follows the last round.
#[inline(always)]
pub(super) fn add_sha1([abcd, e]: &mut Sha1State, before: Sha1State) {
    simd! {
        *e = _mm_sha1nexte_epu32(*e, before[1]);
        *abcd = _mm_add_epi32(*abcd, before[0]);
    }
}

#[inline(always)]
pub(super) fn load_sha1(state: &[u32; 8]) -> Sha1State {
    simd! {
        let words = _mm_loadu_si128(state[..4].as_ptr().cast());
        [_mm_shuffle_epi32::<0x1b>(words), _mm_set_epi32(state[4].cast_signed(), 0, 0, 0)]
    }
}

#[inline(always)]
pub(super) fn store_sha1([abcd, e]: Sha1State, state: &mut [u32; 8]) {
    simd! {
        let words = _mm_shuffle_epi32::<0x1b>(abcd);
        _mm_storeu_si128(state[..4].as_mut_ptr().cast(), words);
        state[4] = _mm_extract_epi32::<3>(e).cast_unsigned();
    }
}
