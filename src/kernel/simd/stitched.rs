//! MD5, SHA-1 and SHA-256 of one message at once, a few rounds of each in turn ("function
//! stitching", Gopal et al., Intel, 2010).
//!
//! Each of them is a chain in which every instruction waits for the one before. MD5's runs on the
//! integer units and leaves most of them idle, the others' on the vector units: on Zen 4 all three
//! take the 290 cycles a block that MD5 takes alone, SHA-1 and SHA-256 together 138, where they take
//! 121 and 129 one after the other. The instructions of one must not stand too far behind those
//! of the others, for the CPU looks ahead some 300 of them; the compiler would sort them by hash.

use std::arch::asm;

use super::super::{ByteOrder, Vector, md5};
use super::Tier;
use super::portable::Plain;
use super::shani::{self, load_sha1, load_sha256, store_sha1, store_sha256};

/// The hashes' states after the same blocks; `None` of those that are not wanted.
pub(crate) struct States<'s> {
    pub(crate) md5: Option<&'s mut [u32; 8]>,
    pub(crate) sha1: Option<&'s mut [u32; 8]>,
    pub(crate) sha256: Option<&'s mut [u32; 8]>,
}

/// Whether this CPU has the instructions, and the environment lets them run.
pub(crate) fn is_available() -> bool {
    let here = Tier::ShaNi.is_available() && std::is_x86_feature_detected!("bmi1");
    here && super::is_allowed(Tier::ShaNi) && !cfg!(miri)
}

/// Runs the blocks through all of them.
///
/// # Panics
/// Where the kernel is not available.
pub(crate) fn compress(states: States, blocks: &[[u8; 64]]) {
    assert!(is_available(), "a CPU with SHA-NI and BMI1");
    let wanted = (states.md5.is_some(), states.sha1.is_some(), states.sha256.is_some());
    // SAFETY: it is available.
    unsafe {
        match wanted {
            (true, true, true) => stitched::<true, true, true>(states, blocks),
            (true, true, false) => stitched::<true, true, false>(states, blocks),
            (true, false, _) => stitched::<true, false, true>(states, blocks),
            (false, ..) => stitched::<false, true, true>(states, blocks),
        }
    }
}

/// No instruction at all, but for the compiler one that both values come from.
macro_rules! tie {
    ($template:literal, $class:ident $a:expr, $b:expr) => {
        // SAFETY: no instruction at all.
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
    states: States,
    blocks: &[[u8; 64]],
) {
    let mut unused = [[0; 8]; 3];
    let [none_md5, none_sha1, none_sha256] = &mut unused;
    let md5_state = states.md5.unwrap_or(none_md5);
    let sha1_state = states.sha1.unwrap_or(none_sha1);
    let sha256_state = states.sha256.unwrap_or(none_sha256);
    let [a, b, c, d, ..] = Plain::read(&[*md5_state], 0);
    let mut md5 = [a, b, c, d];
    let mut sha1 = load_sha1(sha1_state);
    let mut sha256 = load_sha256(sha256_state);
    for block in blocks {
        let x = Plain::load(&[std::slice::from_ref(block)], 0, ByteOrder::Little);
        let mut w1 = shani::sha1_words(block);
        let mut w256 = shani::sha256_words(block);
        let before = (md5, sha1, sha256);
        // Four rounds each of SHA-256 and MD5 at a time; SHA-1 has more of them.
        macro_rules! rounds {
            ($($t:literal: $($t1:literal)*;)*) => {$(
                if SHA256 {
                    shani::sha256_rounds(&mut sha256, &mut w256, $t, shani::sha256_constants($t));
                }
                if SHA1 {
                    $(shani::sha1_rounds(&mut sha1, &mut w1, $t1);)*
                }
                if MD5 {
                    md5::four_steps(&mut md5, &x, $t);
                }
                // From here on none goes before what the others have done.
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
        shani::add_sha1(&mut sha1, before.1);
        shani::add_sha256(&mut sha256, before.2);
    }
    for (word, plain) in md5_state.iter_mut().zip(md5) {
        *word = plain.0;
    }
    store_sha1(sha1, sha1_state);
    store_sha256(sha256, sha256_state);
}
