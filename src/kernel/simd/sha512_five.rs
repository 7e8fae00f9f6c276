//! SHA-512 of five streams: four in the lanes of AVX2 vectors, and one in scalars.
//!
//! Four lanes are bound by the vector units, and leave the integer units idle, which hash the fifth stream.
//! Its message schedule is in vectors, too, for two blocks at a time, as in `sha512_split`; in scalars it
//! would take more instructions than the CPU issues, six per cycle.
//!
//! On Zen 4 a block of each of the five streams takes 1290 cycles, of four streams 1210. The rounds are in
//! assembly, because the compiler separates the streams or spills their state (1410 to 1930 cycles).

use std::arch::asm;
use std::arch::x86_64::*;

use crate::kernel::sha2::K512;
use crate::kernel::simd::avx2_quads::{load4, read4, write4};
use crate::kernel::simd::sha512_split::{load_two_blocks, next_words};
use crate::kernel::table::{BlockFn, block_fn};
use crate::kernel::tier::{Avx2, with_avx2};
use crate::kernel::vector::equal_len;
use crate::kernel::word::ByteOrder;

/// Returns the code of the kernel.
pub(super) fn avx2(token: Avx2) -> &'static BlockFn<u64> {
    // SAFETY: the token proves that the CPU has the features.
    block_fn(move |states, inputs| unsafe { run(token, states, inputs) })
}

/// Message words, for two rounds per row: of the four lanes for the first round, of the four lanes for the
/// second, and of two blocks of the fifth stream for both.
type Words = [[__m256i; 3]; 40];

/// Returns the offset of the lanes' words for round `t` in [`Words`].
const fn lanes(t: usize) -> usize {
    96 * (t / 2) + 32 * (t % 2)
}

/// Returns the offset of the fifth stream's word for round `t` of the first or second of two blocks.
const fn fifth(t: usize, block: usize) -> usize {
    96 * (t / 2) + 64 + 16 * block + 8 * (t % 2)
}

/// A table that begins at a cache line.
#[repr(align(64))]
struct Aligned<T>(T);

/// The constants of FIPS 180-4, section 4.2.3, once for each lane.
static K: Aligned<[[u64; 4]; 80]> = {
    let mut k = [[0; 4]; 80];
    let mut t = 0;
    while t < 80 {
        k[t] = [K512[t / 16][t % 16]; 4];
        t += 1;
    }
    Aligned(k)
};

/// The operand of `vpshufb` that rotates each word by 8 bits.
static ROTATE8: Aligned<[u64; 4]> = {
    let (low, high) = (0x0007_0605_0403_0201, 0x080f_0e0d_0c0b_0a09);
    Aligned([low, high, low, high])
};

/// Evaluates to the instruction if the first argument is `true`.
macro_rules! when {
    (true $instruction:literal) => {
        $instruction
    };
    (false $instruction:literal) => {
        ""
    };
}

with_avx2! {
    fn run(token: Avx2, states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]) {
        let blocks = equal_len!(5, states, inputs);
        let mut words: Words = [[_mm256_setzero_si256(); 3]; 40];
        let mut v = read4(token, &states[..4], 0);
        let mut s = states[4];
        for block in 0..blocks {
            let first = load4(token, &inputs[..4], block, ByteOrder::Big);
            for i in 0..8 {
                words[i][..2].copy_from_slice(&first[2 * i..][..2]);
            }
            if block % 2 == 0 {
                // The schedule of a last, single block is computed twice; the second result is unused.
                let pair = [&inputs[4][block], &inputs[4][(block + 1).min(blocks - 1)]];
                let first = load_two_blocks(token, pair);
                for i in 0..8 {
                    words[i][2] = first[i];
                }
            }
            let before = (v, s);
            // b ^ c, for the majority, is the a ^ b of the previous round.
            let mut bc = _mm256_xor_si256(v[1], v[2]);
            let mut sbc = s[1] ^ s[2];
            // Columns: the rounds of the four lanes, W of the round sixteen later in these lanes, and
            // the rounds of the fifth stream.
            #[rustfmt::skip]
            macro_rules! round {
                ($w:ident, $k:ident, $block:literal, $t:literal, $schedule:ident, $($operands:tt)*) => {
                    let ab;
                    let sab;
                    // SAFETY: the token proves that the CPU has the instructions. The offsets are within
                    // `Words` and `K`: with a schedule, `w` is at most that of round 56, and 16 + 7 rounds follow.
                    unsafe {
                        asm!(
                            "vpaddq {h}, {h}, [{w} + {w0}]",
                            "vpxor {ab}, {f}, {g}",          when!($schedule "vmovdqa {x}, [{w} + {w1}]"),           "add {sh}, [{w} + {fifth}]",
                            "vpsrlq {p}, {e}, 14",                                                                   "add {sh}, [{k} + {k0}]",
                            "vpsllq {q}, {e}, 50",           when!($schedule "vpsrlq {y}, {x}, 1"),
                            "vpand {ab}, {ab}, {e}",         when!($schedule "vpsllq {z}, {x}, 63"),                 "andn {t}, {se}, {sg}",
                            "vpaddq {h}, {h}, [{k} + {k0}]",                                                         "mov {sab}, {sf}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpshufb {u}, {x}, [rip + {rotate8}]"), "add {sh}, {t}",
                            "vpsrlq {q}, {e}, 18",           when!($schedule "vpsrlq {x}, {x}, 7"),
                            "vpxor {ab}, {ab}, {g}",                                                                 "and {sab}, {se}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {y}, {y}, {z}"),                 "rorx {t}, {se}, 14",
                            "vpsllq {q}, {e}, 46",
                            "vpaddq {h}, {h}, {ab}",         when!($schedule "vpxor {u}, {u}, {x}"),                 "add {sh}, {sab}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vmovdqa {x}, [{w} + {w14}]"),          "rorx {sab}, {se}, 18",
                            "vpsrlq {q}, {e}, 41",                                                                   "xor {t}, {sab}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {y}, {y}, {u}"),
                            "vpsllq {q}, {e}, 23",           when!($schedule "vpsrlq {z}, {x}, 19"),                 "rorx {sab}, {se}, 41",
                            "vpxor {p}, {p}, {q}",                                                                   "xor {t}, {sab}",
                            "vpaddq {h}, {h}, {p}",          when!($schedule "vpsllq {u}, {x}, 45"),
                            "vpaddq {d}, {d}, {h}",                                                                  "add {sh}, {t}",
                            "vpxor {ab}, {a}, {b}",          when!($schedule "vpaddq {y}, {y}, [{w} + {w0}]"),       "mov {sab}, {sa}",
                            "vpsrlq {p}, {a}, 28",           when!($schedule "vpxor {z}, {z}, {u}"),                 "xor {sab}, {sb}",
                            "vpsllq {q}, {a}, 36",
                            "vpand {bc}, {bc}, {ab}",        when!($schedule "vpsrlq {u}, {x}, 61"),                 "and {sbc}, {sab}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpaddq {y}, {y}, [{w} + {w9}]"),       "add {sd}, {sh}",
                            "vpsrlq {q}, {a}, 34",
                            "vpxor {bc}, {bc}, {b}",         when!($schedule "vpxor {z}, {z}, {u}"),                 "rorx {t}, {sa}, 28",
                            "vpxor {p}, {p}, {q}",                                                                   "xor {sbc}, {sb}",
                            "vpsllq {q}, {a}, 30",           when!($schedule "vpsllq {u}, {x}, 3"),                  "add {sh}, {sbc}",
                            "vpaddq {h}, {h}, {bc}",         when!($schedule "vpsrlq {x}, {x}, 6"),
                            "vpxor {p}, {p}, {q}",                                                                   "rorx {sbc}, {sa}, 34",
                            "vpsrlq {q}, {a}, 39",           when!($schedule "vpxor {z}, {z}, {u}"),                 "xor {t}, {sbc}",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {z}, {z}, {x}"),
                            "vpsllq {q}, {a}, 25",                                                                   "rorx {sbc}, {sa}, 39",
                            "vpxor {p}, {p}, {q}",           when!($schedule "vpaddq {y}, {y}, {z}"),                "xor {t}, {sbc}",
                            "vpaddq {h}, {h}, {p}",          when!($schedule "vmovdqa [{w} + {w16}], {y}"),          "add {sh}, {t}",
                            a = in(ymm_reg) v[(8 - $t) % 8], sa = in(reg) s[(8 - $t) % 8],
                            b = in(ymm_reg) v[(9 - $t) % 8], sb = in(reg) s[(9 - $t) % 8],
                            d = inout(ymm_reg) v[(11 - $t) % 8], sd = inout(reg) s[(11 - $t) % 8],
                            e = in(ymm_reg) v[(12 - $t) % 8], se = in(reg) s[(12 - $t) % 8],
                            f = in(ymm_reg) v[(13 - $t) % 8], sf = in(reg) s[(13 - $t) % 8],
                            g = in(ymm_reg) v[(14 - $t) % 8], sg = in(reg) s[(14 - $t) % 8],
                            h = inout(ymm_reg) v[(15 - $t) % 8], sh = inout(reg) s[(15 - $t) % 8],
                            bc = inout(ymm_reg) bc => _, sbc = inout(reg) sbc => _,
                            ab = out(ymm_reg) ab, sab = out(reg) sab,
                            p = out(ymm_reg) _, q = out(ymm_reg) _, t = out(reg) _,
                            k = in(reg) $k, w = in(reg) $w,
                            k0 = const 32 * $t, w0 = const lanes($t), fifth = const fifth($t, $block),
                            $($operands)*
                            options(nostack),
                        );
                    }
                    (bc, sbc) = (ab, sab);
                };
            }
            macro_rules! rounds {
                ($w:ident, $k:ident, $block:literal, true; $($t:literal)*) => {$(
                    round!(
                        $w, $k, $block, $t, true,
                        u = out(ymm_reg) _, x = out(ymm_reg) _, y = out(ymm_reg) _, z = out(ymm_reg) _,
                        w1 = const lanes($t + 1), w9 = const lanes($t + 9), w14 = const lanes($t + 14),
                        w16 = const lanes($t + 16), rotate8 = sym ROTATE8,
                    );
                )*};
                ($w:ident, $k:ident, $block:literal, false; $($t:literal)*) => {$( round!($w, $k, $block, $t, false,); )*};
            }
            // Eight rounds at a time: the code of sixteen exceeds the cache of decoded instructions (1755 cycles).
            macro_rules! eighty_rounds {
                ($block:literal, $schedule:ident) => {
                    for eight in 0..8 {
                        let (w, k) = (words[4 * eight..].as_mut_ptr(), K.0[8 * eight..].as_ptr());
                        rounds!(w, k, $block, true; 0 1);
                        $schedule!(w, 0);
                        rounds!(w, k, $block, true; 2 3);
                        $schedule!(w, 1);
                        rounds!(w, k, $block, true; 4 5);
                        $schedule!(w, 2);
                        rounds!(w, k, $block, true; 6 7);
                        $schedule!(w, 3);
                    }
                    for eight in 8..10 {
                        let (w, k) = (words[4 * eight..].as_mut_ptr(), K.0[8 * eight..].as_ptr());
                        rounds!(w, k, $block, false; 0 1 2 3 4 5 6 7);
                    }
                };
            }
            macro_rules! schedule {
                ($w:ident, $i:literal) => {
                    // SAFETY: `w` is at most row 28, and the rows up to 8 + 3 after it are used.
                    unsafe {
                        let w = $w.add($i);
                        let [w0, w2, w8] = [(*w)[2], (*w.add(1))[2], (*w.add(4))[2]];
                        let [w10, w14] = [(*w.add(5))[2], (*w.add(7))[2]];
                        (*w.add(8))[2] = next_words(token, [w0, w2, w8, w10, w14]);
                    }
                };
            }
            macro_rules! nothing {
                ($w:ident, $i:literal) => {};
            }
            if block % 2 == 0 {
                eighty_rounds!(0, schedule);
            } else {
                eighty_rounds!(1, nothing);
            }
            for i in 0..8 {
                v[i] = _mm256_add_epi64(v[i], before.0[i]);
                s[i] = s[i].wrapping_add(before.1[i]);
            }
        }
        write4(token, v, &mut states[..4], 0);
        states[4] = s;
    }
}
