//! Arm's SHA-1 and SHA-256 instructions.

use std::arch::aarch64::*;

use crate::kernel::sha1::K as K1;
use crate::kernel::sha2::K256;
use crate::kernel::simd::cost::arm;
use crate::kernel::simd::neon::load_bytes;
use crate::kernel::simd::operations::interleaved_kernel;
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{Sha2, with_sha2};

/// Adds the tier's kernels to the table.
pub(crate) fn add_kernels(token: Sha2, table: &mut KernelTable) {
    kernels! { token: Sha2, table, arm;
        // Function, lanes, cost on Apple's and other CPUs, code.
        sha1   1 (90, 90)   sha1::<1>;
        sha1   2 (150, 150) sha1::<2>;
        sha1   3 (220, 220) sha1::<3>;
        sha1   4 (290, 290) sha1::<4>;
        sha256 1 (80, 80)   sha256::<1>;
        sha256 2 (118, 118) sha256::<2>;
        sha256 3 (172, 172) sha256::<3>;
        sha256 4 (226, 226) sha256::<4>;
    }
}

interleaved_kernel! {
    sha1: u32, token: Sha2, with: with_sha2, load: sha1_load, words: words,
    constants: sha1_constants, step: sha1_rounds, add: sha1_add, store: sha1_store,
    steps: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
}
interleaved_kernel! {
    sha256: u32, token: Sha2, with: with_sha2, load: sha256_load, words: words,
    constants: sha256_constants, step: sha256_rounds, add: sha256_add, store: sha256_store,
    steps: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
}

/// `abcd` and `efgh`.
type Sha256State = [uint32x4_t; 2];

/// `abcd` and `e`.
type Sha1State = (uint32x4_t, u32);

with_sha2! {
    #[inline]
    fn sha256_load(state: &[u32; 8]) -> Sha256State {
        let (rows, _) = state.as_chunks();
        [load(&rows[0]), load(&rows[1])]
    }

    /// Loads the constants of rounds 4t to 4t + 3.
    #[inline]
    fn sha256_constants(t: usize) -> uint32x4_t {
        load(&K256[t / 4].as_chunks().0[t % 4])
    }

    /// Computes rounds 4t to 4t + 3, and the message words of the four that are sixteen later.
    #[inline]
    fn sha256_rounds(
        [abcd, efgh]: &mut Sha256State,
        w: &mut [uint32x4_t; 4],
        t: usize,
        k: uint32x4_t,
    ) {
        let sums = vaddq_u32(w[t % 4], k);
        let before = *abcd;
        *abcd = vsha256hq_u32(before, *efgh, sums);
        *efgh = vsha256h2q_u32(*efgh, before, sums);
        if t < 12 {
            let x = vsha256su0q_u32(w[t % 4], w[(t + 1) % 4]);
            w[t % 4] = vsha256su1q_u32(x, w[(t + 2) % 4], w[(t + 3) % 4]);
        }
    }

    /// Adds the state before the block.
    #[inline]
    fn sha256_add(state: &mut Sha256State, before: Sha256State) {
        *state = [vaddq_u32(state[0], before[0]), vaddq_u32(state[1], before[1])];
    }

    #[inline]
    fn sha256_store([abcd, efgh]: Sha256State, state: &mut [u32; 8]) {
        let (rows, _) = state.as_chunks_mut();
        store(abcd, &mut rows[0]);
        store(efgh, &mut rows[1]);
    }

    #[inline]
    fn sha1_load(state: &[u32; 8]) -> Sha1State {
        (load(&state.as_chunks().0[0]), state[4])
    }

    /// Returns the constant of rounds 4t to 4t + 3 in every element.
    #[inline]
    fn sha1_constants(t: usize) -> uint32x4_t {
        vdupq_n_u32(K1[t / 5])
    }

    /// Computes rounds 4t to 4t + 3, and the message words of the four that are sixteen later.
    #[inline]
    fn sha1_rounds((abcd, e): &mut Sha1State, w: &mut [uint32x4_t; 4], t: usize, k: uint32x4_t) {
        let sums = vaddq_u32(w[t % 4], k);
        let e_after = vsha1h_u32(vgetq_lane_u32::<0>(*abcd));
        *abcd = match t / 5 {
            0 => vsha1cq_u32(*abcd, *e, sums),
            2 => vsha1mq_u32(*abcd, *e, sums),
            _ => vsha1pq_u32(*abcd, *e, sums),
        };
        *e = e_after;
        if t < 16 {
            let x = vsha1su0q_u32(w[t % 4], w[(t + 1) % 4], w[(t + 2) % 4]);
            w[t % 4] = vsha1su1q_u32(x, w[(t + 3) % 4]);
        }
    }

    /// Adds the state before the block.
    #[inline]
    fn sha1_add((abcd, e): &mut Sha1State, before: Sha1State) {
        *abcd = vaddq_u32(*abcd, before.0);
        *e = e.wrapping_add(before.1);
    }

    #[inline]
    fn sha1_store((abcd, e): Sha1State, state: &mut [u32; 8]) {
        store(abcd, &mut state.as_chunks_mut().0[0]);
        state[4] = e;
    }

    /// Loads the sixteen words of a block.
    #[inline]
    fn words(block: &[u8; 64]) -> [uint32x4_t; 4] {
        let mut words = [vdupq_n_u32(0); 4];
        for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *words = vreinterpretq_u32_u8(vrev32q_u8(load_bytes(bytes)));
        }
        words
    }

    #[inline]
    fn load(words: &[u32; 4]) -> uint32x4_t {
        // SAFETY: the pointer is that of four words.
        unsafe { vld1q_u32(words.as_ptr()) }
    }

    #[inline]
    fn store(vector: uint32x4_t, words: &mut [u32; 4]) {
        // SAFETY: as above.
        unsafe { vst1q_u32(words.as_mut_ptr(), vector) }
    }
}
