//! The rounds of SHA-1 and SHA-256 by SHA-NI, four at a time.

// Measured to compile to better code than iterators.
#![allow(clippy::needless_range_loop)]

use std::arch::x86_64::*;

use crate::kernel::sha2::K256;
use crate::kernel::tier::with_shani;

/// The eight state words in the order of the instructions: `abef`, then `cdgh`.
pub(super) type Sha256State = [__m128i; 2];

/// The five state words in the order of the instructions: `abcd`, and `e` in the highest place. Between
/// the rounds `e` is the `a` of four rounds ago, from which `nexte` computes e and adds it.
pub(super) type Sha1State = [__m128i; 2];

with_shani! {
    #[inline]
    pub(super) fn sha256_load(state: &[u32; 8]) -> Sha256State {
        let (abcd, efgh) = state.as_chunks::<4>().0.split_at(1);
        let badc = _mm_shuffle_epi32::<0xb1>(load(&abcd[0]));
        let hgfe = _mm_shuffle_epi32::<0x1b>(load(&efgh[0]));
        [_mm_alignr_epi8::<8>(badc, hgfe), _mm_blend_epi16::<0xf0>(hgfe, badc)]
    }

    /// Loads the sixteen words of a block.
    #[inline]
    pub(super) fn sha256_words(block: &[u8; 64]) -> [__m128i; 4] {
        words(block, _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203))
    }

    /// Loads the constants of rounds 4t to 4t + 3.
    #[inline]
    pub(super) fn sha256_constants(t: usize) -> __m128i {
        load(&K256[t / 4].as_chunks().0[t % 4])
    }

    /// Computes rounds 4t to 4t + 3, and the parts of later message words that are known then.
    #[inline]
    pub(super) fn sha256_rounds(
        [abef, cdgh]: &mut Sha256State,
        w: &mut [__m128i; 4],
        t: usize,
        k: __m128i,
    ) {
        let (this, next, last) = (t % 4, (t + 1) % 4, (t + 3) % 4);
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

    /// Adds the state before the block.
    #[inline]
    pub(super) fn sha256_add(state: &mut Sha256State, before: Sha256State) {
        for j in 0..2 {
            state[j] = _mm_add_epi32(state[j], before[j]);
        }
    }

    #[inline]
    pub(super) fn sha256_store([abef, cdgh]: Sha256State, state: &mut [u32; 8]) {
        let (abcd, efgh) = state.as_chunks_mut::<4>().0.split_at_mut(1);
        let feba = _mm_shuffle_epi32::<0x1b>(abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
        store(&mut abcd[0], _mm_blend_epi16::<0xf0>(feba, dchg));
        store(&mut efgh[0], _mm_alignr_epi8::<8>(dchg, feba));
    }

    #[inline]
    pub(super) fn sha1_load(state: &[u32; 8]) -> Sha1State {
        let abcd = load(&state.as_chunks().0[0]);
        [_mm_shuffle_epi32::<0x1b>(abcd), _mm_set_epi32(state[4].cast_signed(), 0, 0, 0)]
    }

    /// Loads the sixteen words of a block, in reverse within each vector.
    #[inline]
    pub(super) fn sha1_words(block: &[u8; 64]) -> [__m128i; 4] {
        words(block, _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f))
    }

    /// Returns nothing: the instructions know the constants.
    #[inline]
    pub(super) fn sha1_constants(_: usize) {}

    /// Computes rounds 4t to 4t + 3, and their message words.
    #[inline]
    pub(super) fn sha1_rounds(
        [abcd, e]: &mut Sha1State,
        w: &mut [__m128i; 4],
        t: usize,
        (): (),
    ) {
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

    /// Adds the state before the block.
    #[inline]
    pub(super) fn sha1_add([abcd, e]: &mut Sha1State, before: Sha1State) {
        *e = _mm_sha1nexte_epu32(*e, before[1]);
        *abcd = _mm_add_epi32(*abcd, before[0]);
    }

    #[inline]
    pub(super) fn sha1_store([abcd, e]: Sha1State, state: &mut [u32; 8]) {
        store(&mut state.as_chunks_mut().0[0], _mm_shuffle_epi32::<0x1b>(abcd));
        state[4] = _mm_extract_epi32::<3>(e).cast_unsigned();
    }

    #[inline]
    fn words(block: &[u8; 64], order: __m128i) -> [__m128i; 4] {
        let mut words = [order; 4];
        for j in 0..4 {
            // SAFETY: the pointer is that of sixteen bytes.
            let bytes = unsafe { _mm_loadu_si128(block[16 * j..][..16].as_ptr().cast()) };
            words[j] = _mm_shuffle_epi8(bytes, order);
        }
        words
    }

    #[inline]
    fn load(words: &[u32; 4]) -> __m128i {
        // SAFETY: the pointer is that of four words.
        unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
    }

    #[inline]
    fn store(words: &mut [u32; 4], vector: __m128i) {
        // SAFETY: as above.
        unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), vector) }
    }
}
