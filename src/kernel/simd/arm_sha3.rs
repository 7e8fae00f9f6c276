//! Arm's SHA-512 and SHA-3 instructions.

use std::arch::aarch64::*;

use crate::kernel::sha2::K512;
use crate::kernel::simd::cost::arm;
use crate::kernel::simd::neon::{Q2, load_bytes};
use crate::kernel::simd::operations::{generic_kernels, interleaved_kernel};
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{Sha3, with_sha3};

// The compiler emits `eor3`, `rax1`, `xar` and `bcax` for the generic rounds of Keccak.
generic_kernels!(Sha3, with_sha3);

/// Adds the tier's kernels to the table.
pub(crate) fn add_kernels(token: Sha3, table: &mut KernelTable) {
    kernels! { token: Sha3, table, arm;
        // Function, lanes, cost on Apple's and other CPUs, code.
        sha512 1 (340, 340)  sha512::<1>;
        sha512 2 (360, 360)  sha512::<2>;
        sha512 3 (460, 460)  sha512::<3>;
        keccak 2 (470, 1720) sponge::<Q2>;
    }
}

interleaved_kernel! {
    sha512: u64, token: Sha3, with: with_sha3, load: state_load, words: words,
    constants: constants, step: rounds, add: state_add, store: state_store,
    steps: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
        20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39
}

/// `ab`, `cd`, `ef` and `gh`.
type State = [uint64x2_t; 4];

with_sha3! {
    #[inline]
    fn state_load(state: &[u64; 8]) -> State {
        let (rows, _) = state.as_chunks();
        [load(&rows[0]), load(&rows[1]), load(&rows[2]), load(&rows[3])]
    }

    /// Loads the constants of rounds 2t and 2t + 1.
    #[inline]
    fn constants(t: usize) -> uint64x2_t {
        load(&K512[t / 8].as_chunks().0[t % 8])
    }

    /// Computes rounds 2t and 2t + 1, and the message words of the two that are sixteen later.
    #[inline]
    fn rounds(state: &mut State, w: &mut [uint64x2_t; 8], t: usize, k: uint64x2_t) {
        let [ab, cd, ef, gh] = *state;
        let sums = vaddq_u64(w[t % 8], k);
        let sums = vaddq_u64(vextq_u64::<1>(sums, sums), gh);
        let fg = vextq_u64::<1>(ef, gh);
        let de = vextq_u64::<1>(cd, ef);
        let t1 = vsha512hq_u64(sums, fg, de);
        *state = [vsha512h2q_u64(t1, cd, ab), ab, vaddq_u64(cd, t1), ef];
        if t < 32 {
            let middle = vextq_u64::<1>(w[(t + 4) % 8], w[(t + 5) % 8]);
            let x = vsha512su0q_u64(w[t % 8], w[(t + 1) % 8]);
            w[t % 8] = vsha512su1q_u64(x, w[(t + 7) % 8], middle);
        }
    }

    /// Adds the state before the block.
    #[inline]
    fn state_add(state: &mut State, before: State) {
        for (words, before) in state.iter_mut().zip(before) {
            *words = vaddq_u64(*words, before);
        }
    }

    #[inline]
    fn state_store(vectors: State, state: &mut [u64; 8]) {
        for (words, vector) in state.as_chunks_mut::<2>().0.iter_mut().zip(vectors) {
            // SAFETY: the pointer is that of two words.
            unsafe { vst1q_u64(words.as_mut_ptr(), vector) };
        }
    }

    /// Loads the sixteen words of a block.
    #[inline]
    fn words(block: &[u8; 128]) -> [uint64x2_t; 8] {
        let mut words = [vdupq_n_u64(0); 8];
        for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *words = vreinterpretq_u64_u8(vrev64q_u8(load_bytes(bytes)));
        }
        words
    }

    #[inline]
    fn load(words: &[u64; 2]) -> uint64x2_t {
        // SAFETY: the pointer is that of two words.
        unsafe { vld1q_u64(words.as_ptr()) }
    }
}
