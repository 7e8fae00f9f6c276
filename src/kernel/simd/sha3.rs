//! Arm's SHA-512 instructions, on several streams at once, and its SHA-3 instructions, on two.

// Streams are indices of several arrays.
#![allow(clippy::needless_range_loop)]

use std::arch::aarch64::*;

use super::super::{SpongeVector, absorb, sha512::K};
use super::{neon, sha2::blocks};

/// SHA-512 on `N` streams.
pub(crate) fn sha512<const N: usize>(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    // SAFETY: kernels of a tier are listed only where `Tier::is_available` has detected it.
    unsafe { sha512_lanes::<N>(states, inputs) }
}

/// Sponges on the lanes of `V`. The compiler makes `eor3`, `rax1`, `xar` and `bcax` of Keccak's
/// exclusive ors, rotates and "and nots" by itself.
pub(crate) fn sponge<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
    #[target_feature(enable = "sha3")]
    fn inner<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
        absorb::<V>(states, rate, inputs);
    }
    // SAFETY: as above.
    unsafe { inner::<V>(states, rate, inputs) }
}

#[target_feature(enable = "sha3")]
fn sha512_lanes<const N: usize>(states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
    let blocks = blocks::<u64, N>(states, inputs);
    let mut state = [[vdupq_n_u64(0); 4]; N];
    for i in 0..N {
        for j in 0..4 {
            state[i][j] = load(&states[i], 2 * j);
        }
    }
    for block in 0..blocks {
        let before = state;
        let mut w = [[vdupq_n_u64(0); 8]; N];
        for i in 0..N {
            w[i] = words(&inputs[i][block]);
        }
        // Rounds 2t and 2t + 1 of the sixteen at hand.
        macro_rules! rounds {
            ($k:expr, $then:ident, $($t:literal)*) => {$({
                let k = load($k, 2 * $t);
                for i in 0..N {
                    let [ab, cd, ef, gh] = state[i];
                    let sums = vaddq_u64(w[i][$t], k);
                    let sums = vaddq_u64(vextq_u64::<1>(sums, sums), gh);
                    let fg = vextq_u64::<1>(ef, gh);
                    let de = vextq_u64::<1>(cd, ef);
                    let t1 = vsha512hq_u64(sums, fg, de);
                    state[i] = [vsha512h2q_u64(t1, cd, ab), ab, vaddq_u64(cd, t1), ef];
                    $then!($t, w[i]);
                }
            })*};
        }
        // W of the rounds sixteen from here.
        macro_rules! schedule {
            ($t:literal, $w:expr) => {
                let w = &mut $w;
                let middle = vextq_u64::<1>(w[($t + 4) % 8], w[($t + 5) % 8]);
                let x = vsha512su0q_u64(w[$t], w[($t + 1) % 8]);
                w[$t] = vsha512su1q_u64(x, w[($t + 7) % 8], middle);
            };
        }
        macro_rules! nothing {
            ($t:literal, $w:expr) => {};
        }
        let (last, scheduling) = K.split_last().expect("K is not empty");
        for k in scheduling {
            rounds!(k, schedule, 0 1 2 3 4 5 6 7);
        }
        rounds!(last, nothing, 0 1 2 3 4 5 6 7);
        for i in 0..N {
            for j in 0..4 {
                state[i][j] = vaddq_u64(state[i][j], before[i][j]);
            }
        }
    }
    for i in 0..N {
        for j in 0..4 {
            // SAFETY: a reference to two words.
            unsafe { vst1q_u64(states[i][2 * j..][..2].as_mut_ptr(), state[i][j]) };
        }
    }
}

/// The sixteen words of a block.
#[inline]
#[target_feature(enable = "neon")]
fn words(block: &[u8; 128]) -> [uint64x2_t; 8] {
    let mut words = [vdupq_n_u64(0); 8];
    for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *words = vreinterpretq_u64_u8(vrev64q_u8(neon::bytes(bytes)));
    }
    words
}

#[inline]
#[target_feature(enable = "neon")]
fn load(words: &[u64], at: usize) -> uint64x2_t {
    // SAFETY: a reference to two words.
    unsafe { vld1q_u64(words[at..][..2].as_ptr()) }
}
