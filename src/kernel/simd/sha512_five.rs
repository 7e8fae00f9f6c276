//! SHA-512 of five streams: four in the lanes of AVX2 vectors, and one in scalars.
//!
//! Four lanes are bound by the vector units, and leave the integer units idle, which hash the fifth stream.
//! Its message schedule is in vectors, too, for two blocks at a time, as in [`sha512_split`]; in scalars it
//! would take more instructions than the CPU issues, six per cycle.
//!
//! On Zen 4 a block of each of the five streams takes 1315 cycles, of four streams 1210. The rounds are in
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

/// The message words of a block.
struct Words {
    /// One word of each of the first four streams.
    lanes: [__m256i; 80],
    /// Words 2i and 2i + 1 of a block of the fifth stream, then those of its next block.
    pairs: [__m256i; 40],
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
        let zero = _mm256_setzero_si256();
        let mut words = Words { lanes: [zero; 80], pairs: [zero; 40] };
        let mut v = read4(token, &states[..4], 0);
        let mut s = states[4];
        for block in 0..blocks {
            let first = load4(token, &inputs[..4], block, ByteOrder::Big);
            words.lanes[..16].copy_from_slice(&first);
            let is_first = block % 2 == 0;
            if is_first {
                // The schedule of a last, single block is computed twice; the second result is unused.
                let pair = [&inputs[4][block], &inputs[4][(block + 1).min(blocks - 1)]];
                words.pairs[..8].copy_from_slice(&load_two_blocks(token, pair));
            }
            let before = (v, s);
            // b ^ c, for the majority, is the a ^ b of the previous round.
            let mut bc = _mm256_xor_si256(v[1], v[2]);
            let mut sbc = s[1] ^ s[2];
            // Eight rounds at a time; the code of sixteen exceeds the CPU's cache of decoded instructions
            // (1755 cycles on Zen 4).
            for eight in 0..10 {
                let k = K.0[8 * eight..].as_ptr();
                let w = words.lanes[8 * eight..].as_mut_ptr();
                let pairs = words.pairs[4 * eight..].as_mut_ptr();
                let ws = pairs.cast::<u64>().wrapping_add(if is_first { 0 } else { 2 });
                // Columns: the rounds of the four lanes, W of the round sixteen later in these lanes, and
                // the rounds of the fifth stream.
                #[rustfmt::skip]
                macro_rules! round {
                    ($t:literal, $schedule:ident, $($operands:tt)*) => {
                        let ab;
                        let sab;
                        // SAFETY: the token proves that the CPU has the instructions. The offsets are within
                        // `Words` and `K`: a schedule writes at most word 7 + 16 of the first eight eights.
                        unsafe {
                            asm!(
                                "vpaddq {h}, {h}, [{w} + {at}]",
                                "vpxor {ab}, {f}, {g}",          when!($schedule "vmovdqa {x}, [{w} + {at1}]"),     "add {sh}, [{ws} + {in_pair}]",
                                "vpsrlq {p}, {e}, 14",                                                              "add {sh}, [{k} + {at}]",
                                "vpsllq {q}, {e}, 50",           when!($schedule "vpsrlq {y}, {x}, 1"),
                                "vpand {ab}, {ab}, {e}",         when!($schedule "vpsllq {z}, {x}, 63"),            "andn {t}, {se}, {sg}",
                                "vpaddq {h}, {h}, [{k} + {at}]",                                                    "mov {sab}, {sf}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpshufb {u}, {x}, [rip + {rotate8}]"),  "add {sh}, {t}",
                                "vpsrlq {q}, {e}, 18",           when!($schedule "vpsrlq {x}, {x}, 7"),
                                "vpxor {ab}, {ab}, {g}",                                                            "and {sab}, {se}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {y}, {y}, {z}"),            "rorx {t}, {se}, 14",
                                "vpsllq {q}, {e}, 46",
                                "vpaddq {h}, {h}, {ab}",         when!($schedule "vpxor {u}, {u}, {x}"),            "add {sh}, {sab}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vmovdqa {x}, [{w} + {at14}]"),    "rorx {sab}, {se}, 18",
                                "vpsrlq {q}, {e}, 41",                                                              "xor {t}, {sab}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {y}, {y}, {u}"),
                                "vpsllq {q}, {e}, 23",           when!($schedule "vpsrlq {z}, {x}, 19"),            "rorx {sab}, {se}, 41",
                                "vpxor {p}, {p}, {q}",                                                              "xor {t}, {sab}",
                                "vpaddq {h}, {h}, {p}",          when!($schedule "vpsllq {u}, {x}, 45"),
                                "vpaddq {d}, {d}, {h}",                                                             "add {sh}, {t}",
                                "vpxor {ab}, {a}, {b}",          when!($schedule "vpaddq {y}, {y}, [{w} + {at}]"),  "mov {sab}, {sa}",
                                "vpsrlq {p}, {a}, 28",           when!($schedule "vpxor {z}, {z}, {u}"),            "xor {sab}, {sb}",
                                "vpsllq {q}, {a}, 36",
                                "vpand {bc}, {bc}, {ab}",        when!($schedule "vpsrlq {u}, {x}, 61"),            "and {sbc}, {sab}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpaddq {y}, {y}, [{w} + {at9}]"), "add {sd}, {sh}",
                                "vpsrlq {q}, {a}, 34",
                                "vpxor {bc}, {bc}, {b}",         when!($schedule "vpxor {z}, {z}, {u}"),            "rorx {t}, {sa}, 28",
                                "vpxor {p}, {p}, {q}",                                                              "xor {sbc}, {sb}",
                                "vpsllq {q}, {a}, 30",           when!($schedule "vpsllq {u}, {x}, 3"),             "add {sh}, {sbc}",
                                "vpaddq {h}, {h}, {bc}",         when!($schedule "vpsrlq {x}, {x}, 6"),
                                "vpxor {p}, {p}, {q}",                                                              "rorx {sbc}, {sa}, 34",
                                "vpsrlq {q}, {a}, 39",           when!($schedule "vpxor {z}, {z}, {u}"),            "xor {t}, {sbc}",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpxor {z}, {z}, {x}"),
                                "vpsllq {q}, {a}, 25",                                                              "rorx {sbc}, {sa}, 39",
                                "vpxor {p}, {p}, {q}",           when!($schedule "vpaddq {y}, {y}, {z}"),           "xor {t}, {sbc}",
                                "vpaddq {h}, {h}, {p}",          when!($schedule "vmovdqa [{w} + {at16}], {y}"),    "add {sh}, {t}",
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
                                k = in(reg) k, w = in(reg) w, ws = in(reg) ws,
                                at = const 32 * $t, in_pair = const 32 * ($t / 2) + 8 * ($t % 2),
                                $($operands)*
                                options(nostack),
                            );
                        }
                        (bc, sbc) = (ab, sab);
                    };
                }
                macro_rules! rounds {
                    (true; $($t:literal)*) => {$(
                        round!(
                            $t, true,
                            u = out(ymm_reg) _, x = out(ymm_reg) _, y = out(ymm_reg) _, z = out(ymm_reg) _,
                            at1 = const 32 * ($t + 1), at9 = const 32 * ($t + 9), at14 = const 32 * ($t + 14),
                            at16 = const 32 * ($t + 16), rotate8 = sym ROTATE8,
                        );
                    )*};
                    (false; $($t:literal)*) => {$( round!($t, false,); )*};
                }
                if eight >= 8 {
                    rounds!(false; 0 1 2 3 4 5 6 7);
                } else if is_first {
                    macro_rules! schedule {
                        ($i:literal) => {
                            // SAFETY: 11 is the last index, which is within `Words` for the first eight eights.
                            unsafe {
                                let w = pairs.add($i);
                                let earlier = [*w, *w.add(1), *w.add(4), *w.add(5), *w.add(7)];
                                *w.add(8) = next_words(token, earlier);
                            }
                        };
                    }
                    rounds!(true; 0 1);
                    schedule!(0);
                    rounds!(true; 2 3);
                    schedule!(1);
                    rounds!(true; 4 5);
                    schedule!(2);
                    rounds!(true; 6 7);
                    schedule!(3);
                } else {
                    rounds!(true; 0 1 2 3 4 5 6 7);
                }
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
