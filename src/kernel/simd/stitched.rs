//! MD5, SHA-1 and SHA-256 of one message at once, a few rounds of each in turn ("function
//! stitching", Gopal et al., Intel, 2010).
//!
//! Each of them is a chain in which every instruction waits for the one before. MD5's runs on the
//! integer units and leaves most of them idle, the others' run on the vector units. On Zen 4 all three
//! take the 290 cycles a block that MD5 takes alone; SHA-1 and SHA-256 together take 138, one after the
//! other 121 and 129. The CPU looks ahead some 300 instructions, so those of one hash must not be too far
//! behind those of the others; the compiler would sort them by hash.

use std::arch::asm;

use crate::kernel::md5::four_steps;
use crate::kernel::simd::portable::Plain;
use crate::kernel::simd::shani_rounds::{
    sha1_add, sha1_load, sha1_rounds, sha1_store, sha1_words, sha256_add, sha256_constants,
    sha256_load, sha256_rounds, sha256_store, sha256_words,
};
use crate::kernel::tier::{Portable, ShaNi, Tier, is_allowed};
use crate::kernel::vector::Vector;
use crate::kernel::word::ByteOrder;

/// The states of MD5, SHA-1 and SHA-256 after the same blocks; `None` for a hash that is not computed.
pub(crate) type States<'s> = [Option<&'s mut [u32; 8]>; 3];

/// The kernel, and the proof that this CPU has SHA-NI and BMI1.
#[derive(Clone, Copy)]
pub(crate) struct StitchedKernel {
    token: ShaNi,
}

impl StitchedKernel {
    /// Returns the kernel if the CPU has its instructions and the environment allows them.
    pub(crate) fn detect() -> Option<Self> {
        let token = ShaNi::detect().filter(|_| std::is_x86_feature_detected!("bmi1"))?;
        (is_allowed(Tier::ShaNi) && !cfg!(miri)).then_some(Self { token })
    }

    /// Advances all states by the blocks.
    pub(crate) fn run(self, states: States, blocks: &[[u8; 64]]) {
        let token = self.token.into();
        let wanted = states.each_ref().map(Option::is_some);
        // SAFETY: a `StitchedKernel` proves that the CPU has the features.
        unsafe {
            match wanted {
                [true, true, true] => stitched::<true, true, true>(token, states, blocks),
                [true, true, false] => stitched::<true, true, false>(token, states, blocks),
                [true, false, _] => stitched::<true, false, true>(token, states, blocks),
                [false, ..] => stitched::<false, true, true>(token, states, blocks),
            }
        }
    }
}

/// Makes the compiler compute both values before it goes on, without an instruction.
macro_rules! tie {
    ($template:literal, $class:ident $a:expr, $b:expr) => {
        // SAFETY: there is no instruction.
        unsafe {
            asm!(
                $template,
                inout($class) $a,
                inout(xmm_reg) $b,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
    };
}

#[target_feature(enable = "sha,ssse3,sse4.1,bmi1")]
fn stitched<const MD5: bool, const SHA1: bool, const SHA256: bool>(
    token: Portable,
    [md5_state, sha1_state, sha256_state]: States,
    blocks: &[[u8; 64]],
) {
    let mut unused = [[0; 8]; 3];
    let [none_md5, none_sha1, none_sha256] = &mut unused;
    let md5_state = md5_state.unwrap_or(none_md5);
    let sha1_state = sha1_state.unwrap_or(none_sha1);
    let sha256_state = sha256_state.unwrap_or(none_sha256);
    let [a, b, c, d, ..] = Plain::read(token, &[*md5_state], 0);
    let mut md5 = [a, b, c, d];
    let mut sha1 = sha1_load(sha1_state);
    let mut sha256 = sha256_load(sha256_state);
    for block in blocks {
        let x = Plain::load(token, &[std::slice::from_ref(block)], 0, ByteOrder::Little);
        let mut w1 = sha1_words(block);
        let mut w256 = sha256_words(block);
        let before = (md5, sha1, sha256);
        // Four rounds each of SHA-256 and MD5 at a time; SHA-1 has more of them.
        macro_rules! rounds {
            ($($t:literal: $($t1:literal)*;)*) => {$(
                if SHA256 {
                    sha256_rounds(&mut sha256, &mut w256, $t, sha256_constants($t));
                }
                if SHA1 {
                    $(sha1_rounds(&mut sha1, &mut w1, $t1, ());)*
                }
                if MD5 {
                    four_steps(token, &mut md5, &x, $t);
                }
                // No instruction moves across this point.
                if MD5 && SHA256 {
                    tie!("/* {0:e} {1} */", reg md5[0].0, sha256[0]);
                }
                if MD5 && SHA1 {
                    tie!("/* {0:e} {1} */", reg md5[0].0, sha1[0]);
                }
                if SHA1 && SHA256 {
                    tie!("/* {0} {1} */", xmm_reg sha1[0], sha256[0]);
                }
            )*};
        }
        rounds!(
            0: 0; 1: 1; 2: 2; 3: 3 4; 4: 5; 5: 6; 6: 7; 7: 8 9;
            8: 10; 9: 11; 10: 12; 11: 13 14; 12: 15; 13: 16; 14: 17; 15: 18 19;
        );
        md5.iter_mut().zip(before.0).for_each(|(word, before)| *word = word.add(before));
        sha1_add(&mut sha1, before.1);
        sha256_add(&mut sha256, before.2);
    }
    for (word, plain) in md5_state.iter_mut().zip(md5) {
        *word = plain.0;
    }
    sha1_store(sha1, sha1_state);
    sha256_store(sha256, sha256_state);
}
