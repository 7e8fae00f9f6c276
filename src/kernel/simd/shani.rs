//! SHA-NI: the SHA-1 and SHA-256 instructions, on several streams at once, as each instruction
//! takes 4 to 6 cycles and one can begin every cycle or two.

use std::arch::x86_64::*;

use super::super::sha256::K;

/// An expression of this tier's intrinsics on memory.
macro_rules! memory {
    ($($body:tt)*) => {
        // SAFETY: the pointers are those of references to at least sixteen bytes.
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

fn blocks<const N: usize>(states: &[[u32; 8]], inputs: &[&[[u8; 64]]]) -> usize {
    assert!(states.len() == N && inputs.len() == N, "one stream per lane");
    let blocks = inputs[0].len();
    assert!(inputs.iter().all(|input| input.len() == blocks), "lanes of equal length");
    blocks
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha256_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<N>(states, inputs);
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let mut abef = [_mm_setzero_si128(); N];
    let mut cdgh = abef;
    for i in 0..N {
        let (abcd, efgh) = states[i].split_at(4);
        let badc = memory!(_mm_loadu_si128(abcd.as_ptr().cast()));
        let efgh = memory!(_mm_loadu_si128(efgh.as_ptr().cast()));
        let badc = _mm_shuffle_epi32::<0xb1>(badc);
        let efgh = _mm_shuffle_epi32::<0x1b>(efgh);
        abef[i] = _mm_alignr_epi8::<8>(badc, efgh);
        cdgh[i] = _mm_blend_epi16::<0xf0>(efgh, badc);
    }
    for block in 0..blocks {
        let before = (abef, cdgh);
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for i in 0..N {
            let bytes = &inputs[i][block];
            for j in 0..4 {
                let words = memory!(_mm_loadu_si128(bytes[16 * j..][..16].as_ptr().cast()));
                w[i][j] = _mm_shuffle_epi8(words, swap);
            }
        }
        // Rounds 4t to 4t + 3, and the message words they are the last or first to be needed for.
        macro_rules! rounds {
            ($($t:literal)*) => {$({
                let k = memory!(_mm_loadu_si128(K[$t / 4][$t % 4 * 4..][..4].as_ptr().cast()));
                for i in 0..N {
                    let sums = _mm_add_epi32(w[i][$t % 4], k);
                    cdgh[i] = _mm_sha256rnds2_epu32(cdgh[i], abef[i], sums);
                    if $t >= 3 && $t < 15 {
                        let middle = _mm_alignr_epi8::<4>(w[i][$t % 4], w[i][($t + 3) % 4]);
                        let next = _mm_add_epi32(w[i][($t + 1) % 4], middle);
                        w[i][($t + 1) % 4] = _mm_sha256msg2_epu32(next, w[i][$t % 4]);
                    }
                    let sums = _mm_shuffle_epi32::<0x0e>(sums);
                    abef[i] = _mm_sha256rnds2_epu32(abef[i], cdgh[i], sums);
                    if $t >= 1 && $t < 13 {
                        w[i][($t + 3) % 4] =
                            _mm_sha256msg1_epu32(w[i][($t + 3) % 4], w[i][$t % 4]);
                    }
                }
            })*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        for i in 0..N {
            abef[i] = _mm_add_epi32(abef[i], before.0[i]);
            cdgh[i] = _mm_add_epi32(cdgh[i], before.1[i]);
        }
    }
    for i in 0..N {
        let feba = _mm_shuffle_epi32::<0x1b>(abef[i]);
        let dchg = _mm_shuffle_epi32::<0xb1>(cdgh[i]);
        let (abcd, efgh) = states[i].split_at_mut(4);
        let words = _mm_blend_epi16::<0xf0>(feba, dchg);
        memory!(_mm_storeu_si128(abcd.as_mut_ptr().cast(), words));
        let words = _mm_alignr_epi8::<8>(dchg, feba);
        memory!(_mm_storeu_si128(efgh.as_mut_ptr().cast(), words));
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha1_lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = blocks::<N>(states, inputs);
    let reverse = _mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
    let mut abcd = [_mm_setzero_si128(); N];
    let mut e = abcd;
    for i in 0..N {
        let words = memory!(_mm_loadu_si128(states[i][..4].as_ptr().cast()));
        abcd[i] = _mm_shuffle_epi32::<0x1b>(words);
        e[i] = _mm_set_epi32(states[i][4].cast_signed(), 0, 0, 0);
    }
    for block in 0..blocks {
        let before = (abcd, e);
        let mut w = [[_mm_setzero_si128(); 4]; N];
        for i in 0..N {
            let bytes = &inputs[i][block];
            for j in 0..4 {
                let words = memory!(_mm_loadu_si128(bytes[16 * j..][..16].as_ptr().cast()));
                w[i][j] = _mm_shuffle_epi8(words, reverse);
            }
        }
        // `e` holds the a of four rounds ago, from which `nexte` makes e and adds it.
        macro_rules! rounds {
            ($($t:literal)*) => {$({
                for i in 0..N {
                    if $t >= 4 {
                        let x = _mm_sha1msg1_epu32(w[i][$t % 4], w[i][($t + 1) % 4]);
                        let x = _mm_xor_si128(x, w[i][($t + 2) % 4]);
                        w[i][$t % 4] = _mm_sha1msg2_epu32(x, w[i][($t + 3) % 4]);
                    }
                    let sums = match $t {
                        0 => _mm_add_epi32(e[i], w[i][0]),
                        _ => _mm_sha1nexte_epu32(e[i], w[i][$t % 4]),
                    };
                    e[i] = abcd[i];
                    abcd[i] = _mm_sha1rnds4_epu32::<{ $t / 5 }>(abcd[i], sums);
                }
            })*};
        }
        rounds!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19);
        for i in 0..N {
            e[i] = _mm_sha1nexte_epu32(e[i], before.1[i]);
            abcd[i] = _mm_add_epi32(abcd[i], before.0[i]);
        }
    }
    for i in 0..N {
        let words = _mm_shuffle_epi32::<0x1b>(abcd[i]);
        memory!(_mm_storeu_si128(states[i][..4].as_mut_ptr().cast(), words));
        states[i][4] = _mm_extract_epi32::<3>(e[i]).cast_unsigned();
    }
}
