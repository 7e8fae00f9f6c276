//! SHA-256 of three or four streams by SHA-NI and AVX, every instruction in its place.
//!
//! What bounds it is the four vector units, not the SHA instructions: twelve operations for four
//! rounds of a stream. The compiler puts the message words of so many streams in and out of
//! registers, 248 cycles for a block of each of four streams on Zen 4; in this order it is 203.

// Streams are indices of several arrays.
#![allow(clippy::needless_range_loop)]

use std::arch::asm;
use std::arch::x86_64::*;

use super::super::sha256::K;
use super::shani::{self, load_sha256, store_sha256};

/// Whether this CPU has AVX besides the tier's instructions.
pub(crate) fn is_available() -> bool {
    std::is_x86_feature_detected!("avx")
}

/// SHA-256 on `N` streams.
pub(crate) fn sha256<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    if cfg!(miri) {
        return shani::sha256::<N>(states, inputs); // which has no assembly
    }
    // SAFETY: listed only where `Tier::is_available` has detected SHA-NI, and `is_available` AVX.
    unsafe { lanes::<N>(states, inputs) }
}

/// What a stream's rounds keep in memory: of its message words, those that the next ones come of.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Memory {
    /// `msg1` of the words from four and three steps ago, for this step and the two to come, each
    /// at its number modulo 3.
    parts: [__m128i; 3],
    /// The words of the step before.
    last: __m128i,
    /// The state before the block.
    before: [__m128i; 2],
}

/// Where `Memory` has its `last`.
const LAST: usize = 48;
const _: () = assert!(LAST == std::mem::offset_of!(Memory, last));

#[target_feature(enable = "sha,avx")]
fn lanes<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = shani::blocks::<N>(states, inputs);
    let zero = _mm_setzero_si128();
    let mut memory = [Memory { parts: [zero; 3], last: zero, before: [zero; 2] }; N];
    let (mut abef, mut cdgh) = ([zero; N], [zero; N]);
    for i in 0..N {
        [abef[i], cdgh[i]] = load_sha256(&states[i]);
    }
    for block in 0..blocks {
        // The message words of the step at hand.
        let mut w = [zero; N];
        for i in 0..N {
            memory[i].before = [abef[i], cdgh[i]];
            w[i] = words(&inputs[i][block], 0);
        }
        // Four rounds; the four message words are those of step `t`.
        macro_rules! rounds {
            ($t:tt, $i:ident) => {
                // SAFETY: the instructions are enabled; `K` has what is read of it.
                unsafe {
                    asm!(
                        "vpaddd xmm0, {w}, [{k} + {at}]",
                        "sha256rnds2 {cdgh}, {abef}",
                        "vpshufd xmm0, xmm0, 14",
                        "sha256rnds2 {abef}, {cdgh}",
                        abef = inout(xmm_reg) abef[$i],
                        cdgh = inout(xmm_reg) cdgh[$i],
                        w = in(xmm_reg) w[$i],
                        k = in(reg) K.as_ptr(),
                        at = const 16 * $t,
                        out("xmm0") _,
                        options(nostack, readonly, preserves_flags),
                    );
                }
            };
        }
        // From the words of the step before to those of step `t`.
        macro_rules! next {
            (1, $i:ident) => { next!(load 1, $i) };
            (2, $i:ident) => { next!(load 2, $i) };
            (3, $i:ident) => { next!(load 3, $i) };
            (load $t:tt, $i:ident) => {
                let next = words(&inputs[$i][block], $t);
                if $t < 3 {
                    memory[$i].parts[$t % 3] = _mm_sha256msg1_epu32(w[$i], next);
                } else {
                    memory[$i].last = w[$i];
                }
                w[$i] = next;
            };
            // The last two have no step that would want a part of them.
            (14, $i:ident) => { next!(last 14, $i) };
            (15, $i:ident) => { next!(last 15, $i) };
            (last $t:tt, $i:ident) => {
                // SAFETY: the instructions are enabled; the offsets are within `Memory`.
                unsafe {
                    asm!(
                        "vpalignr {next}, {w}, [{memory} + {last}], 4",
                        "vpaddd {next}, {next}, [{memory} + {part}]",
                        "sha256msg2 {next}, {w}",
                        "vmovdqa [{memory} + {last}], {w}",
                        next = out(xmm_reg) w[$i],
                        w = in(xmm_reg) w[$i],
                        memory = in(reg) &raw mut memory[$i],
                        part = const $t % 3 * 16,
                        last = const LAST,
                        options(nostack, preserves_flags),
                    );
                }
            };
            ($t:tt, $i:ident) => {
                // SAFETY: as above.
                unsafe {
                    asm!(
                        "vpalignr {next}, {w}, [{memory} + {last}], 4",
                        "vmovdqa {x}, [{memory} + {last}]",
                        "sha256msg1 {x}, {w}",
                        "vmovdqa [{memory} + {later}], {x}",
                        "vpaddd {next}, {next}, [{memory} + {part}]",
                        "sha256msg2 {next}, {w}",
                        "vmovdqa [{memory} + {last}], {w}",
                        next = out(xmm_reg) w[$i],
                        w = in(xmm_reg) w[$i],
                        x = out(xmm_reg) _,
                        memory = in(reg) &raw mut memory[$i],
                        part = const $t % 3 * 16,
                        later = const ($t + 2) % 3 * 16,
                        last = const LAST,
                        options(nostack, preserves_flags),
                    );
                }
            };
        }
        macro_rules! steps {
            ($($t:tt $next:tt),*) => {$(
                for i in 0..N {
                    rounds!($t, i);
                    next!($next, i);
                }
            )*};
        }
        steps!(0 1, 1 2, 2 3, 3 4, 4 5, 5 6, 6 7, 7 8, 8 9, 9 10, 10 11, 11 12, 12 13, 13 14, 14 15);
        for i in 0..N {
            rounds!(15, i);
            abef[i] = _mm_add_epi32(abef[i], memory[i].before[0]);
            cdgh[i] = _mm_add_epi32(cdgh[i], memory[i].before[1]);
        }
    }
    for i in 0..N {
        store_sha256([abef[i], cdgh[i]], &mut states[i]);
    }
}

/// The message words of step `t`, below 4.
#[inline(always)]
fn words(block: &[u8; 64], t: usize) -> __m128i {
    let bytes = block[16 * t..][..16].as_ptr().cast();
    // SAFETY: called from the kernel above only; the pointer is that of sixteen bytes.
    unsafe {
        let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        _mm_shuffle_epi8(_mm_loadu_si128(bytes), swap)
    }
}
