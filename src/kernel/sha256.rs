//! SHA-224 and SHA-256 (FIPS 180-4, sections 6.2 and 6.3).

use super::simd::{Lanes, Tier, portable};
use super::{ByteOrder, Compress, Compression, Merkle, Vector};

/// FIPS 180-4, section 5.3.2.
pub(crate) static SHA224: Merkle<u32> = Merkle {
    initial: [
        0xc105_9ed8,
        0x367c_d507,
        0x3070_dd17,
        0xf70e_5939,
        0xffc0_0b31,
        0x6858_1511,
        0x64f9_8fa7,
        0xbefa_4fa4,
    ],
    order: ByteOrder::Big,
    core: &CORE,
};

/// FIPS 180-4, section 5.3.3.
pub(crate) static SHA256: Merkle<u32> = Merkle {
    initial: [
        0x6a09_e667,
        0xbb67_ae85,
        0x3c6e_f372,
        0xa54f_f53a,
        0x510e_527f,
        0x9b05_688c,
        0x1f83_d9ab,
        0x5be0_cd19,
    ],
    order: ByteOrder::Big,
    core: &CORE,
};

static CORE: Compression<u32> = Compression::new(lanes);

/// Where there is no kernel of ours: the crate knows the instructions of other architectures.
fn fallback(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        portable::single::<Sha256>(state, blocks);
    } else {
        ::sha2::block_api::compress256(state, blocks);
    }
}

fn lanes() -> Vec<Lanes<u32>> {
    let run = |states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]| match (states, inputs) {
        ([state], [blocks]) => fallback(state, blocks),
        _ => panic!("one stream per lane"),
    };
    let mut all = vec![Lanes { tier: Tier::Portable, lanes: 1, cost: 634, run }];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::lanes());
    #[cfg(target_arch = "aarch64")]
    all.extend(arm::lanes());
    all
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Cost, Lanes, Tier, avx2, avx512, pair::Pair, sha256, shani};
    use super::Sha256;

    // Four SHA-NI streams in between the rounds of sixteen AVX-512 lanes were tried on Zen 4: 2370
    // cycles for 32 lanes, where one after the other takes 2000.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, zen4, zen5, other, run| {
            let cost = Cost { zen4, zen5, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::ShaNi, 1, 129, 130, 200, shani::sha256::<1>),
            row(Tier::ShaNi, 2, 139, 167, 290, shani::sha256::<2>),
            row(Tier::ShaNi, 3, 167, 220, 430, sha256::sha256::<3>),
            row(Tier::ShaNi, 4, 203, 268, 570, sha256::sha256::<4>),
            row(Tier::Avx2, 8, 990, 980, 1300, avx2::run::<Sha256, avx2::X8>),
            row(Tier::Avx512, 16, 962, 695, 900, avx512::run::<Sha256, avx512::X16>),
            row(Tier::Avx512, 32, 1972, 961, 1850, avx512::run::<Sha256, Pair<avx512::X16, avx512::X16>>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
        .filter(|kernel| sha256::is_available() || kernel.tier != Tier::ShaNi || kernel.lanes < 3)
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::simd::{Cost, Lanes, Tier, neon, sha2};
    use super::Sha256;

    // NEON is for CPUs without the instructions, such as the Raspberry Pi 4's.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, apple, other, run| {
            let cost = Cost { apple, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Sha2, 1, 80, 80, sha2::sha256::<1>),
            row(Tier::Sha2, 2, 118, 118, sha2::sha256::<2>),
            row(Tier::Sha2, 3, 172, 172, sha2::sha256::<3>),
            row(Tier::Sha2, 4, 226, 226, sha2::sha256::<4>),
            row(Tier::Neon, 4, 1030, 1300, neon::run::<Sha256, neon::X4>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

/// FIPS 180-4, section 4.2.2, sixteen rounds a row.
#[rustfmt::skip]
pub(super) static K: [[u32; 16]; 4] = [
    [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    ],
    [
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    ],
    [
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    ],
    [
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ],
];

/// The rounds.
pub(super) enum Sha256 {}

impl Compress for Sha256 {
    type Word = u32;
    const ORDER: ByteOrder = ByteOrder::Big;

    #[inline(always)]
    fn compress<V: Vector<u32>>(state: [V; 8], mut w: [V; 16]) -> [V; 8] {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        // W of the round sixteen from here.
        macro_rules! schedule {
            ($t:expr) => {
                let x = w[($t + 1) % 16];
                let sigma0 = V::xor3(x.rotr(7), x.rotr(18), x.shr(3));
                let x = w[($t + 14) % 16];
                let sigma1 = V::xor3(x.rotr(17), x.rotr(19), x.shr(10));
                w[$t] = w[$t].add(sigma0).add(w[($t + 9) % 16]).add(sigma1);
            };
        }
        macro_rules! round {
            ($k:expr, $then:ident, $t:literal, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let sum = $h.add(w[$t].add(V::splat($k[$t]))).barrier();
                let sigma1 = V::xor3($e.rotr(6), $e.rotr(11), $e.rotr(25));
                let t1 = sum.add(V::choose($e, $f, $g)).add(sigma1);
                let sigma0 = V::xor3($a.rotr(2), $a.rotr(13), $a.rotr(22));
                $d = $d.add(t1);
                $h = t1.add(V::majority($a, $b, $c)).add(sigma0);
                $then!($t);
            };
        }
        macro_rules! rounds {
            ($k:expr, $then:ident, $($t0:literal $t1:literal $t2:literal $t3:literal $t4:literal $t5:literal $t6:literal $t7:literal),*) => {$(
                round!($k, $then, $t0, a b c d e f g h);
                round!($k, $then, $t1, h a b c d e f g);
                round!($k, $then, $t2, g h a b c d e f);
                round!($k, $then, $t3, f g h a b c d e);
                round!($k, $then, $t4, e f g h a b c d);
                round!($k, $then, $t5, d e f g h a b c);
                round!($k, $then, $t6, c d e f g h a b);
                round!($k, $then, $t7, b c d e f g h a);
            )*};
        }
        macro_rules! nothing {
            ($t:expr) => {};
        }
        let (last, scheduling) = K.split_last().expect("K is not empty");
        // A loop, so that the code stays well within the instruction cache.
        for k in scheduling {
            rounds!(k, schedule, 0 1 2 3 4 5 6 7, 8 9 10 11 12 13 14 15);
        }
        rounds!(last, nothing, 0 1 2 3 4 5 6 7, 8 9 10 11 12 13 14 15);
        let after = [a, b, c, d, e, f, g, h];
        let mut sums = state;
        for (sum, word) in sums.iter_mut().zip(after) {
            *sum = sum.add(word);
        }
        sums
    }
}
