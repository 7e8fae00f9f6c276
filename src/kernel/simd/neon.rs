//! NEON: four 32-bit or two 64-bit lanes, on every 64-bit Arm CPU.

use std::arch::aarch64::*;

use crate::kernel::md5::Md5;
use crate::kernel::sha1::Sha1;
use crate::kernel::sha2::Sha256;
use crate::kernel::simd::cost::arm;
use crate::kernel::simd::operations::{generic_kernels, hide, operations, simd};
use crate::kernel::simd::pair::Pair;
use crate::kernel::simd::portable::Plain;
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{Neon, with_neon};
use crate::kernel::vector::{SpongeVector, Vector};
use crate::kernel::word::{ByteOrder, Word};

generic_kernels!(Neon, with_neon);

/// Adds the tier's kernels to the table.
///
/// SHA-1 and SHA-256 are for CPUs without the SHA instructions, such as the Raspberry Pi 4's. Two lanes of
/// SHA-512 would take as long as two streams of scalars, and one Keccak state as long as scalars.
pub(crate) fn add_kernels(token: Neon, table: &mut KernelTable) {
    kernels! { token: Neon, table, arm;
        // Function, lanes, cost on Apple's and other CPUs, code.
        md5     2 (310, 340)   block::<Md5, Pair<Plain<u32>, Plain<u32>>>;
        md5     4 (760, 760)   block::<Md5, X4>;
        md5     8 (770, 790)   block::<Md5, Pair<X4, X4>>;
        md5    16 (800, 1100)  block::<Md5, Pair<Pair<X4, X4>, Pair<X4, X4>>>;
        sha1    4 (500, 640)   block::<Sha1, X4>;
        sha1    8 (620, 1200)  block::<Sha1, Pair<X4, X4>>;
        sha256  4 (1030, 1300) block::<Sha256, X4>;
        keccak  2 (980, 1900)  sponge::<Q2>;
    }
}

/// Four lanes.
#[derive(Clone, Copy)]
pub(super) struct X4(uint32x4_t);

/// Two lanes.
#[derive(Clone, Copy)]
pub(super) struct Q2(uint64x2_t);

/// Implements [`Vector`]. Constant counts become immediates, and the two halves of a rotate one "shift and
/// insert".
macro_rules! vector {
    (
        $vector:ident: $word:ident, lanes: $lanes:literal, reverse: $reverse:ident,
        reinterpret: $reinterpret:ident, load: $load:ident, store: $store:ident,
        transpose: $transpose:ident, splat: $splat:ident, splat_signed: $splat_signed:ident,
        add: $add:ident, sub: $sub:ident, xor: $xor:ident, and: $and:ident, or: $or:ident,
        and_not: $and_not:ident, shift: $shift:ident, select: $select:ident, barrier: $barrier:ident
    ) => {
        impl Vector<$word> for $vector {
            type Token = Neon;
            const LANES: usize = $lanes;

            #[inline(always)]
            fn load(
                token: Neon,
                inputs: &[&[<$word as Word>::Block]],
                index: usize,
                order: ByteOrder,
            ) -> [Self; 16] {
                let mut words = [Self::splat(token, 0); 16];
                for i in 0..16 / $lanes {
                    let mut rows = [Self::splat(token, 0); $lanes];
                    for (row, input) in rows.iter_mut().zip(inputs) {
                        row.0 = simd! {
                            let bytes = load_bytes(&input[index].as_chunks().0[i]);
                            $reinterpret(match order {
                                ByteOrder::Big => $reverse(bytes),
                                ByteOrder::Little => bytes,
                            })
                        };
                    }
                    words[$lanes * i..][..$lanes].copy_from_slice(&$transpose(rows));
                }
                words
            }
            #[inline(always)]
            fn read<const N: usize>(token: Neon, states: &[[$word; N]], at: usize) -> [Self; 8] {
                let mut words = [Self::splat(token, 0); 8];
                for i in (0..8).step_by($lanes) {
                    let mut rows = [Self::splat(token, 0); $lanes];
                    for (row, state) in rows.iter_mut().zip(states) {
                        row.0 = simd!($load(state[at + i..][..$lanes].as_ptr()));
                    }
                    words[i..][..$lanes].copy_from_slice(&$transpose(rows));
                }
                words
            }
            #[inline(always)]
            fn write<const N: usize>(
                _: Neon,
                words: [Self; 8],
                states: &mut [[$word; N]],
                at: usize,
            ) {
                for i in (0..8).step_by($lanes) {
                    let rows = $transpose(*words[i..].first_chunk().expect("8 words"));
                    for (row, state) in rows.iter().zip(&mut *states) {
                        simd!($store(state[at + i..][..$lanes].as_mut_ptr(), row.0));
                    }
                }
            }

            operations! { Neon, $word;
                splat(word) = $splat(word);
                add = $add;
                sub = $sub;
                xor = $xor;
                and = $and;
                and_not(x, y) = $and_not(x, y);
                rotr(x, bits) = if bits == 0 {
                    x
                } else {
                    let right = $shift(x, $splat_signed(-$word::from(bits).cast_signed()));
                    $or(right, $shift(x, $splat_signed($word::from($word::BITS - bits).cast_signed())))
                };
                shr(x, bits) = $shift(x, $splat_signed(-$word::from(bits).cast_signed()));
                barrier = $barrier;
                choose(x, y, z) = $select(x, y, z);
                // `z` where `x` and `y` differ: two instructions, which the compiler would turn into four
                // without the barrier.
                majority(x, y, z) = $select($barrier($xor(x, y)), z, y);
                // Choosing is one instruction, whichever operand comes last.
                add_choose(sum, x, y, z) = $add(sum, $select(x, y, z));
            }
        }
    };
}
vector! {
    X4: u32, lanes: 4, reverse: vrev32q_u8, reinterpret: vreinterpretq_u32_u8, load: vld1q_u32,
    store: vst1q_u32, transpose: transpose4, splat: vdupq_n_u32, splat_signed: vdupq_n_s32,
    add: vaddq_u32, sub: vsubq_u32, xor: veorq_u32, and: vandq_u32, or: vorrq_u32,
    and_not: vbicq_u32, shift: vshlq_u32, select: vbslq_u32, barrier: barrier32
}
vector! {
    Q2: u64, lanes: 2, reverse: vrev64q_u8, reinterpret: vreinterpretq_u64_u8, load: vld1q_u64,
    store: vst1q_u64, transpose: transpose2, splat: vdupq_n_u64, splat_signed: vdupq_n_s64,
    add: vaddq_u64, sub: vsubq_u64, xor: veorq_u64, and: vandq_u64, or: vorrq_u64,
    and_not: vbicq_u64, shift: vshlq_u64, select: vbslq_u64, barrier: barrier64
}

impl SpongeVector for Q2 {
    #[inline(always)]
    fn load_bytes(token: Neon, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(token, 0); 8];
        for i in 0..4 {
            let mut rows = [Self::splat(token, 0); 2];
            for (row, input) in rows.iter_mut().zip(inputs) {
                row.0 =
                    simd!(vreinterpretq_u64_u8(load_bytes(&input[at..at + 64].as_chunks().0[i])));
            }
            words[2 * i..2 * i + 2].copy_from_slice(&transpose2(rows));
        }
        words
    }
}

with_neon! {
    #[inline]
    pub(super) fn load_bytes(bytes: &[u8; 16]) -> uint8x16_t {
        // SAFETY: the pointer is that of sixteen bytes.
        unsafe { vld1q_u8(bytes.as_ptr()) }
    }
}

macro_rules! barrier {
    ($name:ident, $vector:ty) => {
        with_neon! {
            /// Hides from the compiler how `x` was computed.
            #[inline]
            fn $name(#[allow(unused_mut)] mut x: $vector) -> $vector {
                hide!(x, vreg, "/* {0:v} */");
                x
            }
        }
    };
}
barrier!(barrier32, uint32x4_t);
barrier!(barrier64, uint64x2_t);

/// Moves word `j` of row `i` to word `i` of row `j`.
#[inline(always)]
fn transpose4(r: [X4; 4]) -> [X4; 4] {
    simd! {
        let r = [r[0].0, r[1].0, r[2].0, r[3].0];
        let a = vreinterpretq_u64_u32(vtrn1q_u32(r[0], r[1]));
        let b = vreinterpretq_u64_u32(vtrn2q_u32(r[0], r[1]));
        let c = vreinterpretq_u64_u32(vtrn1q_u32(r[2], r[3]));
        let d = vreinterpretq_u64_u32(vtrn2q_u32(r[2], r[3]));
        [
            X4(vreinterpretq_u32_u64(vtrn1q_u64(a, c))),
            X4(vreinterpretq_u32_u64(vtrn1q_u64(b, d))),
            X4(vreinterpretq_u32_u64(vtrn2q_u64(a, c))),
            X4(vreinterpretq_u32_u64(vtrn2q_u64(b, d))),
        ]
    }
}

/// Moves word `j` of row `i` to word `i` of row `j`; the words have 64 bits.
#[inline(always)]
fn transpose2([a, b]: [Q2; 2]) -> [Q2; 2] {
    simd!([Q2(vtrn1q_u64(a.0, b.0)), Q2(vtrn2q_u64(a.0, b.0))])
}
