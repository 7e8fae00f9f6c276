//! SHA-1 (FIPS 180-4, section 6.1).

use super::simd::{Lanes, Tier, portable};
use super::{ByteOrder, Compress, Compression, Merkle, Vector};

/// FIPS 180-4, section 5.3.1.
pub(crate) static SHA1: Merkle<u32> = Merkle {
    initial: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0],
    order: ByteOrder::Big,
    core: &CORE,
};

static CORE: Compression<u32> = Compression::new(lanes);

/// Where there is no kernel of ours: the crate knows the instructions of other architectures.
fn fallback(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        portable::single::<Sha1>(state, blocks);
    } else {
        ::sha1::block_api::compress(state.first_chunk_mut().expect("8 ≥ 5"), blocks);
    }
}

fn lanes() -> Vec<Lanes<u32>> {
    let run = |states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]| match (states, inputs) {
        ([state], [blocks]) => fallback(state, blocks),
        _ => panic!("one stream per lane"),
    };
    let mut all = vec![Lanes { tier: Tier::Portable, lanes: 1, cost: 276, run }];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::lanes());
    #[cfg(target_arch = "aarch64")]
    all.extend(arm::lanes());
    all
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Cost, Lanes, Tier, avx2, avx512, pair::Pair, shani};
    use super::Sha1;

    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, zen4, zen5, other, run| {
            let cost = Cost { zen4, zen5, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::ShaNi, 1, 121, 123, 160, shani::sha1::<1>),
            row(Tier::ShaNi, 2, 139, 141, 220, shani::sha1::<2>),
            row(Tier::ShaNi, 3, 172, 164, 330, shani::sha1::<3>),
            row(Tier::ShaNi, 4, 193, 197, 440, shani::sha1::<4>),
            row(Tier::Avx2, 8, 423, 546, 560, avx2::run::<Sha1, avx2::X8>),
            row(Tier::Avx2, 16, 837, 773, 1100, avx2::run::<Sha1, Pair<avx2::X8, avx2::X8>>),
            row(Tier::Avx512, 16, 492, 430, 470, avx512::run::<Sha1, avx512::X16>),
            row(Tier::Avx512, 32, 970, 560, 940, avx512::run::<Sha1, Pair<avx512::X16, avx512::X16>>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::simd::{Cost, Lanes, Tier, neon, pair::Pair, sha2};
    use super::Sha1;

    // NEON is for CPUs without the instructions, such as the Raspberry Pi 4's.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, apple, other, run| {
            let cost = Cost { apple, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Sha2, 1, 90, 90, sha2::sha1::<1>),
            row(Tier::Sha2, 2, 150, 150, sha2::sha1::<2>),
            row(Tier::Sha2, 3, 220, 220, sha2::sha1::<3>),
            row(Tier::Sha2, 4, 290, 290, sha2::sha1::<4>),
            row(Tier::Neon, 4, 500, 640, neon::run::<Sha1, neon::X4>),
            row(Tier::Neon, 8, 620, 1200, neon::run::<Sha1, Pair<neon::X4, neon::X4>>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

/// The rounds.
pub(super) enum Sha1 {}

impl Compress for Sha1 {
    type Word = u32;
    const ORDER: ByteOrder = ByteOrder::Big;

    #[inline(always)]
    #[allow(unused_assignments)] // of a branch that is not taken in the last rounds
    fn compress<V: Vector<u32>>(state: [V; 8], mut w: [V; 16]) -> [V; 8] {
        let [mut a, mut b, mut c, mut d, mut e, ..] = state;
        macro_rules! round {
            ($f:expr, $k:ident, $t:expr, $a:ident $b:ident $c:ident $d:ident $e:ident) => {
                let sum = $e.add(w[$t % 16].add($k)).add($f($b, $c, $d)).barrier();
                $e = sum.add($a.rotr(27));
                $b = $b.rotr(2);
                // W of the round sixteen from here.
                if $t < 64 {
                    let x = V::xor3(w[($t + 13) % 16], w[($t + 8) % 16], w[($t + 2) % 16]);
                    w[$t % 16] = x.xor(w[$t % 16]).rotr(31);
                }
            };
        }
        macro_rules! rounds {
            ($f:expr, $k:literal, $t:literal) => {
                rounds!($f, $k, $t, 0 5 10 15);
            };
            ($f:expr, $k:literal, $t:literal, $($n:literal)*) => {
                let k = V::splat($k);
                $(
                    round!($f, k, $t + $n, a b c d e);
                    round!($f, k, $t + $n + 1, e a b c d);
                    round!($f, k, $t + $n + 2, d e a b c);
                    round!($f, k, $t + $n + 3, c d e a b);
                    round!($f, k, $t + $n + 4, b c d e a);
                )*
            };
        }
        // FIPS 180-4, sections 4.1.1 and 4.2.1.
        rounds!(V::choose, 0x5a82_7999, 0);
        rounds!(V::xor3, 0x6ed9_eba1, 20);
        rounds!(V::majority, 0x8f1b_bcdc, 40);
        rounds!(V::xor3, 0xca62_c1d6, 60);
        let [a0, b0, c0, d0, e0, ..] = state;
        [a0.add(a), b0.add(b), c0.add(c), d0.add(d), e0.add(e), state[5], state[6], state[7]]
    }
}
