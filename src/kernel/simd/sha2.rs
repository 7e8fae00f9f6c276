//! Arm's SHA-1 and SHA-256 instructions, on several streams at once: each instruction takes about
//! four cycles, and one can begin every cycle.

// Streams are indices of several arrays.
#![allow(clippy::needless_range_loop)]

use std::arch::aarch64::*;

use super::super::{Word, sha256::K};
use super::neon;

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

/// How many blocks each of `N` inputs has.
pub(super) fn blocks<W: Word, const N: usize>(states: &[[W; 8]], inputs: &[&[W::Block]]) -> usize {
    assert!(states.len() == N && inputs.len() == N, "one stream per lane");
    let blocks = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == blocks), "lanes of equal length");
    blocks
}

#[target_feature(enable = "sha2")]
fn sha256_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<u32, N>(states, inputs);
    let mut state = [[vdupq_n_u32(0); 2]; N];
    for i in 0..N {
        state[i] = [load(&states[i], 0), load(&states[i], 4)];
    }
    for block in 0..blocks {
        let before = state;
        let mut w = [[vdupq_n_u32(0); 4]; N];
        for i in 0..N {
            w[i] = words(&inputs[i][block]);
        }
        // Rounds 4t to 4t + 3; then W of the four that are sixteen from there.
        macro_rules! rounds {
            ($($t:literal)*) => {$({
                let k = load(&K[$t / 4], $t % 4 * 4);
                for i in 0..N {
                    let [abcd, efgh] = state[i];
                    let w = &mut w[i];
                    let sums = vaddq_u32(w[$t % 4], k);
                    state[i] = [vsha256hq_u32(abcd, efgh, sums), vsha256h2q_u32(efgh, abcd, sums)];
                    if $t < 12 {
                        let x = vsha256su0q_u32(w[$t % 4], w[($t + 1) % 4]);
                        w[$t % 4] = vsha256su1q_u32(x, w[($t + 2) % 4], w[($t + 3) % 4]);
                    }
                }
            })*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for i in 0..N {
            for j in 0..2 {
                state[i][j] = vaddq_u32(state[i][j], before[i][j]);
            }
        }
    }
    for i in 0..N {
        store(state[i][0], &mut states[i], 0);
        store(state[i][1], &mut states[i], 4);
    }
}

#[target_feature(enable = "sha2")]
fn sha1_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<u32, N>(states, inputs);
    let mut abcd = [vdupq_n_u32(0); N];
    let mut e = [0; N];
    for i in 0..N {
        abcd[i] = load(&states[i], 0);
        e[i] = states[i][4];
    }
    /// FIPS 180-4, section 4.2.1.
    const K: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];
    for block in 0..blocks {
        let before = (abcd, e);
        let mut w = [[vdupq_n_u32(0); 4]; N];
        for i in 0..N {
            w[i] = words(&inputs[i][block]);
        }
        // Rounds 4t to 4t + 3; then W of the four that are sixteen from there.
        macro_rules! rounds {
            ($($t:literal)*) => {$({
                for i in 0..N {
                    let w = &mut w[i];
                    let sums = vaddq_u32(w[$t % 4], vdupq_n_u32(K[$t / 5]));
                    let e_after = vsha1h_u32(vgetq_lane_u32::<0>(abcd[i]));
                    abcd[i] = match $t / 5 {
                        0 => vsha1cq_u32(abcd[i], e[i], sums),
                        2 => vsha1mq_u32(abcd[i], e[i], sums),
                        _ => vsha1pq_u32(abcd[i], e[i], sums),
                    };
                    e[i] = e_after;
                    if $t < 16 {
                        let x = vsha1su0q_u32(w[$t % 4], w[($t + 1) % 4], w[($t + 2) % 4]);
                        w[$t % 4] = vsha1su1q_u32(x, w[($t + 3) % 4]);
                    }
                }
            })*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for i in 0..N {
            abcd[i] = vaddq_u32(abcd[i], before.0[i]);
            e[i] = e[i].wrapping_add(before.1[i]);
        }
    }
    for i in 0..N {
        store(abcd[i], &mut states[i], 0);
        states[i][4] = e[i];
    }
}

/// The sixteen words of a block.
#[inline]
#[target_feature(enable = "neon")]
fn words(block: &[u8; 64]) -> [uint32x4_t; 4] {
    let mut words = [vdupq_n_u32(0); 4];
    for (words, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *words = vreinterpretq_u32_u8(vrev32q_u8(neon::bytes(bytes)));
    }
    words
}

#[inline]
#[target_feature(enable = "neon")]
fn load(words: &[u32], at: usize) -> uint32x4_t {
    // SAFETY: a reference to four words.
    unsafe { vld1q_u32(words[at..][..4].as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn store(vector: uint32x4_t, words: &mut [u32], at: usize) {
    // SAFETY: a reference to four words.
    unsafe { vst1q_u32(words[at..][..4].as_mut_ptr(), vector) }
}
