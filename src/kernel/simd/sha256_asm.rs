//! SHA-256 of three or four streams by SHA-NI and AVX, in assembly.
//!
//! The bottleneck is the four vector units, not the SHA instructions: twelve operations for four rounds
//! of a stream. The compiler spills the message words of three or more streams, and needs 248 cycles for a
//! block of each of four streams on Zen 4; this order needs 203.

// Streams are indices of several arrays.
#![allow(clippy::needless_range_loop)]

use std::arch::asm;
use std::arch::x86_64::*;

use crate::kernel::sha2::K256;
use crate::kernel::simd::shani_rounds::{sha256_load, sha256_store};
use crate::kernel::table::{BlockFn, block_fn};
use crate::kernel::tier::{ShaNi, Tier, Token};
use crate::kernel::vector::equal_len;

/// The proof that this CPU has AVX and SHA-NI.
#[derive(Clone, Copy)]
pub(super) struct ShaNiAvx(());

impl ShaNiAvx {
    pub(super) fn detect() -> Option<Self> {
        let has = ShaNi::detect().is_some() && std::is_x86_feature_detected!("avx");
        has.then_some(Self(()))
    }
}

impl Token for ShaNiAvx {
    const TIER: Tier = Tier::ShaNi;
}

/// Returns the code of the kernel for `N` streams.
pub(super) fn sha256<const N: usize>(token: ShaNiAvx) -> &'static BlockFn<u32> {
    let _: ShaNiAvx = token;
    // SAFETY: the token proves that the CPU has the features.
    block_fn(|states, inputs| unsafe { run::<N>(states, inputs) })
}

/// The part of a stream that is kept in memory: message words for the next ones.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
struct Memory {
    /// For this step and the next two: `msg1` of the words of four and three steps before, at index
    /// `step % 3`.
    parts: [__m128i; 3],
    /// The words of the previous step.
    last: __m128i,
    /// The state before the block.
    before: [__m128i; 2],
}

/// The offset of `last` in `Memory`.
const LAST: usize = 48;
const _: () = assert!(LAST == std::mem::offset_of!(Memory, last));

#[target_feature(enable = "sha,ssse3,sse4.1,avx")]
fn run<const N: usize>(states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]) {
    let blocks = equal_len!(N, states, inputs);
    let zero = _mm_setzero_si128();
    let mut memory = [Memory { parts: [zero; 3], last: zero, before: [zero; 2] }; N];
    let (mut abef, mut cdgh) = ([zero; N], [zero; N]);
    for i in 0..N {
        [abef[i], cdgh[i]] = sha256_load(&states[i]);
    }
    for block in 0..blocks {
        // The message words of this step.
        let mut w = [zero; N];
        for i in 0..N {
            memory[i].before = [abef[i], cdgh[i]];
            w[i] = words(&inputs[i][block], 0);
        }
        // Four rounds; the four message words are those of step `t`.
        macro_rules! rounds {
            ($t:tt, $i:ident) => {
                // SAFETY: the instructions are enabled; the reads are within `K256`.
                unsafe {
                    asm!(
                        "vpaddd xmm0, {w}, [{k} + {at}]",
                        "sha256rnds2 {cdgh}, {abef}",
                        "vpshufd xmm0, xmm0, 14",
                        "sha256rnds2 {abef}, {cdgh}",
                        abef = inout(xmm_reg) abef[$i],
                        cdgh = inout(xmm_reg) cdgh[$i],
                        w = in(xmm_reg) w[$i],
                        k = in(reg) K256.as_ptr(),
                        at = const 16 * $t,
                        out("xmm0") _,
                        options(nostack, readonly, preserves_flags),
                    );
                }
            };
        }
        // Replaces the words of the previous step by those of step `t`.
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
            // No later step needs a part of the last two.
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
        sha256_store([abef[i], cdgh[i]], &mut states[i]);
    }
}

/// Loads the message words of step `t`, below 4.
#[inline]
#[target_feature(enable = "ssse3")]
fn words(block: &[u8; 64], t: usize) -> __m128i {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let bytes = &block.as_chunks::<16>().0[t];
    // SAFETY: the pointer is that of sixteen bytes.
    _mm_shuffle_epi8(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }, swap)
}
