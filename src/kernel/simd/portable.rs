//! Plain words, for any CPU: what every other tier is checked against.

use super::super::{ByteOrder, Compress, SpongeVector, Vector, Word, absorb, drive};

/// One lane.
#[derive(Clone, Copy)]
pub(crate) struct Plain<W>(pub(super) W);

/// The kernel for one stream.
pub(crate) fn single<C: Compress>(state: &mut [C::Word; 8], blocks: &[<C::Word as Word>::Block])
where
    Plain<C::Word>: Vector<C::Word>,
{
    drive::<C, Plain<C::Word>>(std::slice::from_mut(state), &[blocks]);
}

/// The kernel for one sponge.
pub(crate) fn sponge(states: &mut [[u64; 25]], rate: usize, inputs: &[&[u8]]) {
    absorb::<Plain<u64>>(states, rate, inputs);
}

impl SpongeVector for Plain<u64> {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self(0); 8];
        for (vector, bytes) in words.iter_mut().zip(inputs[0][at..].as_chunks().0) {
            vector.0 = u64::from_le_bytes(*bytes);
        }
        words
    }
}

macro_rules! vector {
    ($word:ty, $len:literal, $template:literal) => {
        impl Vector<$word> for Plain<$word> {
            const LANES: usize = 1;

            #[inline(always)]
            fn load(inputs: &[&[[u8; 16 * $len]]], index: usize, order: ByteOrder) -> [Self; 16] {
                let mut words = [Self(0); 16];
                for (vector, bytes) in words.iter_mut().zip(inputs[0][index].as_chunks().0) {
                    vector.0 = match order {
                        ByteOrder::Big => <$word>::from_be_bytes(*bytes),
                        ByteOrder::Little => <$word>::from_le_bytes(*bytes),
                    };
                }
                words
            }
            #[inline(always)]
            fn read<const M: usize>(states: &[[$word; M]], at: usize) -> [Self; 8] {
                let mut words = [Self(0); 8];
                for (vector, word) in words.iter_mut().zip(&states[0][at..]) {
                    vector.0 = *word;
                }
                words
            }
            #[inline(always)]
            fn write<const M: usize>(words: [Self; 8], states: &mut [[$word; M]], at: usize) {
                for (vector, word) in words.iter().zip(&mut states[0][at..]) {
                    *word = vector.0;
                }
            }

            #[inline(always)]
            fn splat(word: $word) -> Self {
                Self(word)
            }
            #[inline(always)]
            fn add(self, other: Self) -> Self {
                Self(self.0.wrapping_add(other.0))
            }
            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                Self(self.0.wrapping_sub(other.0))
            }
            #[inline(always)]
            fn xor(self, other: Self) -> Self {
                Self(self.0 ^ other.0)
            }
            #[inline(always)]
            fn and(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
            #[inline(always)]
            fn and_not(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
            #[inline(always)]
            fn rotr(self, bits: u32) -> Self {
                Self(self.0.rotate_right(bits))
            }
            #[inline(always)]
            fn shr(self, bits: u32) -> Self {
                Self(self.0 >> bits)
            }
            #[inline(always)]
            fn barrier(self) -> Self {
                #[cfg_attr(miri, allow(unused_mut))]
                let mut x = self.0;
                #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
                // SAFETY: no instruction at all.
                unsafe {
                    std::arch::asm!($template, inout(reg) x, options(pure, nomem, nostack, preserves_flags));
                }
                Self(x)
            }
        }
    };
}
#[cfg(not(target_arch = "aarch64"))]
vector!(u32, 4, "/* {0:e} */");
#[cfg(target_arch = "aarch64")]
vector!(u32, 4, "/* {0:w} */");
vector!(u64, 8, "/* {0} */");
