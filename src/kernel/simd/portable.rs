//! Plain words, for any CPU: the reference for every other tier.

use crate::kernel::md5::Md5;
use crate::kernel::sha1::Sha1;
use crate::kernel::sha2::{Sha256, Sha512};
use crate::kernel::simd::cost;
use crate::kernel::simd::operations::{generic_kernels, hide, operations};
use crate::kernel::table::{BlockFn, KernelTable, block_fn, kernels};
use crate::kernel::tier::{Portable, with_portable};
use crate::kernel::vector::{SpongeVector, Vector};
use crate::kernel::word::{ByteOrder, Word};

generic_kernels!(Portable, with_portable);

/// Adds the tier's kernels to the table.
pub(crate) fn add_kernels(token: Portable, table: &mut KernelTable) {
    kernels! { token: Portable, table, cost::zen4;
        md5    1 (307)  block::<Md5, Plain<u32>>;
        sha1   1 (276)  |token| or_crate(block::<Sha1, Plain<u32>>(token), |state, blocks| {
            ::sha1::block_api::compress(state.first_chunk_mut().expect("8 ≥ 5"), blocks);
        });
        sha256 1 (634)  |token| or_crate(block::<Sha256, Plain<u32>>(token), ::sha2::block_api::compress256);
        sha512 1 (818)  |token| or_crate(block::<Sha512, Plain<u64>>(token), ::sha2::block_api::compress512);
        keccak 1 (1180) sponge::<Plain<u64>>;
    }
}

/// Chooses the crate on architectures without kernels here, for some of which it has its own.
fn or_crate<W: Word>(
    ours: &'static BlockFn<W>,
    by_crate: impl Fn(&mut [W; 8], &[W::Block]) + Send + Sync + 'static,
) -> &'static BlockFn<W> {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        return ours;
    }
    block_fn(move |states, inputs| by_crate(&mut states[0], inputs[0]))
}

/// One lane.
#[derive(Clone, Copy)]
pub(crate) struct Plain<W>(pub(super) W);

impl SpongeVector for Plain<u64> {
    #[inline(always)]
    fn load_bytes(_: Portable, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let mut words = [Self(0); 8];
        for (vector, bytes) in words.iter_mut().zip(inputs[0][at..].as_chunks().0) {
            vector.0 = u64::from_le_bytes(*bytes);
        }
        words
    }
}

macro_rules! vector {
    ($word:ident, $len:literal, $barrier:ident $template:literal) => {
        #[allow(unused_unsafe)] // the operations of words are safe
        impl Vector<$word> for Plain<$word> {
            type Token = Portable;
            const LANES: usize = 1;

            #[inline(always)]
            fn load(
                _: Portable,
                inputs: &[&[[u8; 16 * $len]]],
                index: usize,
                order: ByteOrder,
            ) -> [Self; 16] {
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
            fn read<const M: usize>(_: Portable, states: &[[$word; M]], at: usize) -> [Self; 8] {
                let mut words = [Self(0); 8];
                for (vector, word) in words.iter_mut().zip(&states[0][at..]) {
                    vector.0 = *word;
                }
                words
            }
            #[inline(always)]
            fn write<const M: usize>(
                _: Portable,
                words: [Self; 8],
                states: &mut [[$word; M]],
                at: usize,
            ) {
                for (vector, word) in words.iter().zip(&mut states[0][at..]) {
                    *word = vector.0;
                }
            }

            operations! { Portable, $word;
                splat(word) = word;
                add = $word::wrapping_add;
                sub = $word::wrapping_sub;
                xor = std::ops::BitXor::bitxor;
                and = std::ops::BitAnd::bitand;
                and_not(x, y) = x & !y;
                rotr(x, bits) = x.rotate_right(bits);
                shr(x, bits) = x >> bits;
                barrier = $barrier;
            }
        }

        #[inline(always)]
        fn $barrier(#[allow(unused_mut)] mut x: $word) -> $word {
            hide!(x, reg, $template);
            x
        }
    };
}
#[cfg(not(target_arch = "aarch64"))]
vector!(u32, 4, barrier32 "/* {0:e} */");
#[cfg(target_arch = "aarch64")]
vector!(u32, 4, barrier32 "/* {0:w} */");
vector!(u64, 8, barrier64 "/* {0} */");
