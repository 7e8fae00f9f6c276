//! NEON: four 32-bit or two 64-bit lanes, for 64-bit Arm, where it is never missing.

use std::arch::aarch64::*;

use super::super::{ByteOrder, Compress, SpongeVector, Vector, Word, absorb, drive};

/// Four lanes.
#[derive(Clone, Copy)]
pub(crate) struct X4(uint32x4_t);

/// Two lanes.
#[derive(Clone, Copy)]
pub(crate) struct Q2(uint64x2_t);

/// A kernel with the lanes of `V`, one of this tier's vectors or several.
pub(crate) fn run<C: Compress, V: Vector<C::Word>>(
    states: &mut [[C::Word; 8]],
    inputs: &[&[<C::Word as Word>::Block]],
) {
    drive::<C, V>(states, inputs);
}

/// The same for sponges.
pub(crate) fn sponge<V: SpongeVector>(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
    absorb::<V>(states, rate, inputs);
}

/// An expression of this tier's intrinsics.
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: the vectors' methods are called from kernels of this tier and of those above
        // only, which run where the tier has been detected; the pointers are those of references
        // to at least sixteen bytes.
        unsafe { $($body)* }
    };
}

macro_rules! operations {
    (
        $word:ty, $signed:ty, $splat:ident, $splat_signed:ident, $add:ident, $sub:ident,
        $xor:ident, $and:ident, $or:ident, $and_not:ident, $shift:ident, $select:ident
    ) => {
        #[inline(always)]
        fn splat(word: $word) -> Self {
            simd!(Self($splat(word)))
        }
        #[inline(always)]
        fn add(self, other: Self) -> Self {
            simd!(Self($add(self.0, other.0)))
        }
        #[inline(always)]
        fn sub(self, other: Self) -> Self {
            simd!(Self($sub(self.0, other.0)))
        }
        #[inline(always)]
        fn xor(self, other: Self) -> Self {
            simd!(Self($xor(self.0, other.0)))
        }
        #[inline(always)]
        fn and(self, other: Self) -> Self {
            simd!(Self($and(self.0, other.0)))
        }
        #[inline(always)]
        fn and_not(self, other: Self) -> Self {
            simd!(Self($and_not(self.0, other.0)))
        }
        #[inline(always)]
        fn rotr(self, bits: u32) -> Self {
            if bits == 0 {
                return self;
            }
            // The counts become immediates, constants as they are, and the two halves one "shift
            // and insert".
            simd! {
                let left = $shift(self.0, $splat_signed((<$word>::BITS - bits) as $signed));
                Self($or(self.shr(bits).0, left))
            }
        }
        #[inline(always)]
        fn shr(self, bits: u32) -> Self {
            simd!(Self($shift(self.0, $splat_signed(-(bits as $signed)))))
        }
        #[inline(always)]
        fn barrier(self) -> Self {
            #[cfg_attr(miri, allow(unused_mut))]
            let mut x = self.0;
            #[cfg(not(miri))]
            // SAFETY: no instruction at all.
            unsafe {
                std::arch::asm!("/* {0:v} */", inout(vreg) x, options(pure, nomem, nostack, preserves_flags));
            }
            Self(x)
        }
        #[inline(always)]
        fn choose(x: Self, y: Self, z: Self) -> Self {
            simd!(Self($select(x.0, y.0, z.0)))
        }
        /// `z` where `x` and `y` differ: two instructions, of which the compiler, if it could look
        /// through, would make four.
        #[inline(always)]
        fn majority(x: Self, y: Self, z: Self) -> Self {
            Self::choose(x.xor(y).barrier(), z, y)
        }
        /// Choosing is one instruction, whichever operand comes last.
        #[inline(always)]
        fn add_choose(sum: Self, x: Self, y: Self, z: Self) -> Self {
            sum.add(Self::choose(x, y, z))
        }
    };
}

impl Vector<u32> for X4 {
    const LANES: usize = 4;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 64]]], index: usize, order: ByteOrder) -> [Self; 16] {
        let mut words = [Self::splat(0); 16];
        for i in 0..4 {
            let mut rows = [Self::splat(0); 4];
            for (row, input) in rows.iter_mut().zip(inputs) {
                row.0 = simd! {
                    let bytes = bytes(&input[index].as_chunks().0[i]);
                    vreinterpretq_u32_u8(match order {
                        ByteOrder::Big => vrev32q_u8(bytes),
                        ByteOrder::Little => bytes,
                    })
                };
            }
            words[4 * i..4 * i + 4].copy_from_slice(&transpose4(rows));
        }
        words
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u32; N]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for i in [0, 4] {
            let mut rows = [Self::splat(0); 4];
            for (row, state) in rows.iter_mut().zip(states) {
                row.0 = simd!(vld1q_u32(state[at + i..][..4].as_ptr()));
            }
            words[i..i + 4].copy_from_slice(&transpose4(rows));
        }
        words
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u32; N]], at: usize) {
        for i in [0, 4] {
            let rows = transpose4([words[i], words[i + 1], words[i + 2], words[i + 3]]);
            for (row, state) in rows.iter().zip(&mut *states) {
                simd!(vst1q_u32(state[at + i..][..4].as_mut_ptr(), row.0));
            }
        }
    }

    operations!(
        u32,
        i32,
        vdupq_n_u32,
        vdupq_n_s32,
        vaddq_u32,
        vsubq_u32,
        veorq_u32,
        vandq_u32,
        vorrq_u32,
        vbicq_u32,
        vshlq_u32,
        vbslq_u32
    );
}

impl Vector<u64> for Q2 {
    const LANES: usize = 2;

    #[inline(always)]
    fn load(inputs: &[&[[u8; 128]]], index: usize, order: ByteOrder) -> [Self; 16] {
        let mut words = [Self::splat(0); 16];
        for i in 0..8 {
            let mut rows = [Self::splat(0); 2];
            for (row, input) in rows.iter_mut().zip(inputs) {
                row.0 = simd! {
                    let bytes = bytes(&input[index].as_chunks().0[i]);
                    vreinterpretq_u64_u8(match order {
                        ByteOrder::Big => vrev64q_u8(bytes),
                        ByteOrder::Little => bytes,
                    })
                };
            }
            words[2 * i..2 * i + 2].copy_from_slice(&transpose2(rows));
        }
        words
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[u64; N]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for i in [0, 2, 4, 6] {
            let mut rows = [Self::splat(0); 2];
            for (row, state) in rows.iter_mut().zip(states) {
                row.0 = simd!(vld1q_u64(state[at + i..][..2].as_ptr()));
            }
            words[i..i + 2].copy_from_slice(&transpose2(rows));
        }
        words
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[u64; N]], at: usize) {
        for i in [0, 2, 4, 6] {
            let rows = transpose2([words[i], words[i + 1]]);
            for (row, state) in rows.iter().zip(&mut *states) {
                simd!(vst1q_u64(state[at + i..][..2].as_mut_ptr(), row.0));
            }
        }
    }

    operations!(
        u64,
        i64,
        vdupq_n_u64,
        vdupq_n_s64,
        vaddq_u64,
        vsubq_u64,
        veorq_u64,
        vandq_u64,
        vorrq_u64,
        vbicq_u64,
        vshlq_u64,
        vbslq_u64
    );
}

impl SpongeVector for Q2 {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for i in 0..4 {
            let mut rows = [Self::splat(0); 2];
            for (row, input) in rows.iter_mut().zip(inputs) {
                row.0 = simd!(vreinterpretq_u64_u8(bytes(&input[at..at + 64].as_chunks().0[i])));
            }
            words[2 * i..2 * i + 2].copy_from_slice(&transpose2(rows));
        }
        words
    }
}

#[inline]
#[target_feature(enable = "neon")]
pub(super) fn bytes(bytes: &[u8; 16]) -> uint8x16_t {
    simd!(vld1q_u8(bytes.as_ptr()))
}

/// Word `j` of row `i` becomes word `i` of row `j`.
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

/// The same for words of 64 bits.
#[inline(always)]
fn transpose2([a, b]: [Q2; 2]) -> [Q2; 2] {
    simd!([Q2(vtrn1q_u64(a.0, b.0)), Q2(vtrn2q_u64(a.0, b.0))])
}
