//! SHA-NI: kernels of the SHA-1 and SHA-256 instructions.

use crate::kernel::simd::cost::x86;
use crate::kernel::simd::operations::interleaved_kernel;
use crate::kernel::simd::sha256_asm::{self, ShaNiAvx};
use crate::kernel::simd::shani_rounds::{
    sha1_add, sha1_constants, sha1_load, sha1_rounds, sha1_store, sha1_words, sha256_add,
    sha256_constants, sha256_load, sha256_rounds, sha256_store, sha256_words,
};
use crate::kernel::table::{KernelTable, kernels};
use crate::kernel::tier::{ShaNi, with_shani};

/// Adds the tier's kernels to the table.
pub(crate) fn add_kernels(token: ShaNi, table: &mut KernelTable) {
    kernels! { token: ShaNi, table, x86;
        // Function, lanes, cost on Zen 4, Zen 5 and other CPUs, code.
        sha1   1 (121, 123, 160) sha1::<1>;
        sha1   2 (139, 141, 220) sha1::<2>;
        sha1   3 (172, 164, 330) sha1::<3>;
        sha1   4 (193, 197, 440) sha1::<4>;
        sha256 1 (129, 130, 200) sha256::<1>;
        sha256 2 (139, 167, 290) sha256::<2>;
    }
    if cfg!(miri) {
        return; // which has no assembly
    }
    if let Some(token) = ShaNiAvx::detect() {
        kernels! { token: ShaNiAvx, table, x86;
            sha256 3 (167, 220, 430) sha256_asm::sha256::<3>;
            sha256 4 (203, 268, 570) sha256_asm::sha256::<4>;
        }
    }
}

interleaved_kernel! {
    sha1: u32, token: ShaNi, with: with_shani, load: sha1_load, words: sha1_words,
    constants: sha1_constants, step: sha1_rounds, add: sha1_add, store: sha1_store,
    steps: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19
}
interleaved_kernel! {
    sha256: u32, token: ShaNi, with: with_shani, load: sha256_load, words: sha256_words,
    constants: sha256_constants, step: sha256_rounds, add: sha256_add, store: sha256_store,
    steps: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
}
