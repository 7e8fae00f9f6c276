//! SHA-384, SHA-512, SHA-512/224 and SHA-512/256 (FIPS 180-4, sections 6.4 to 6.7).

use super::simd::{Lanes, Tier, portable};
use super::{ByteOrder, Compress, Compression, Merkle, Vector};

const fn with_initial(initial: [u64; 8]) -> Merkle<u64> {
    Merkle { initial, order: ByteOrder::Big, core: &CORE }
}

/// FIPS 180-4, section 5.3.4.
pub(crate) static SHA384: Merkle<u64> = with_initial([
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
]);

/// FIPS 180-4, section 5.3.5.
pub(crate) static SHA512: Merkle<u64> = with_initial([
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
]);

/// FIPS 180-4, section 5.3.6.1.
pub(crate) static SHA512_224: Merkle<u64> = with_initial([
    0x8c3d_37c8_1954_4da2,
    0x73e1_9966_89dc_d4d6,
    0x1dfa_b7ae_32ff_9c82,
    0x679d_d514_582f_9fcf,
    0x0f6d_2b69_7bd4_4da8,
    0x77e3_6f73_04c4_8942,
    0x3f9d_85a8_6a1d_36c8,
    0x1112_e6ad_91d6_92a1,
]);

/// FIPS 180-4, section 5.3.6.2.
pub(crate) static SHA512_256: Merkle<u64> = with_initial([
    0x2231_2194_fc2b_f72c,
    0x9f55_5fa3_c84c_64c2,
    0x2393_b86b_6f53_b151,
    0x9638_7719_5940_eabd,
    0x9628_3ee2_a88e_ffe3,
    0xbe5e_1e25_5386_3992,
    0x2b01_99fc_2c85_b8aa,
    0x0eb7_2ddc_81c5_2ca2,
]);

static CORE: Compression<u64> = Compression::new(lanes);

/// Where there is no kernel of ours: the crate knows the instructions of other architectures.
fn fallback(state: &mut [u64; 8], blocks: &[[u8; 128]]) {
    if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
        portable::single::<Sha512>(state, blocks);
    } else {
        ::sha2::block_api::compress512(state, blocks);
    }
}

fn lanes() -> Vec<Lanes<u64>> {
    let run = |states: &mut [[u64; 8]], inputs: &[&[[u8; 128]]]| match (states, inputs) {
        ([state], [blocks]) => fallback(state, blocks),
        _ => panic!("one stream per lane"),
    };
    let mut all = vec![Lanes { tier: Tier::Portable, lanes: 1, cost: 818, run }];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::lanes());
    #[cfg(target_arch = "aarch64")]
    all.extend(arm::lanes());
    all
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::sha512 as schedule;
    use super::super::simd::{Cost, Lanes, Tier, avx2, avx512};
    use super::Sha512;

    // Two vectors of eight lanes do not fit the registers: 2480 cycles on Zen 4, where one takes
    // 1200. Four lanes with AVX-512's instructions take half a vector's time there.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u64>> {
        let row = |tier, lanes, zen4, zen5, other, run| {
            let cost = Cost { zen4, zen5, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Avx2, 1, 582, 560, 640, schedule::avx2),
            row(Tier::Avx2, 4, 1192, 940, 1500, avx2::run::<Sha512, avx2::Q4>),
            row(Tier::Avx512, 1, 452, 520, 560, schedule::avx512),
            row(Tier::Avx512, 4, 637, 850, 720, avx512::run::<Sha512, avx512::Q4>),
            row(Tier::Avx512, 8, 1200, 864, 1150, avx512::run::<Sha512, avx512::Q8>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::simd::{Cost, Lanes, Tier, sha3};

    // Without the instructions, two NEON lanes would take as long as two streams of scalars.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u64>> {
        let row = |tier, lanes, apple, other, run| {
            let cost = Cost { apple, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Sha3, 1, 340, 340, sha3::sha512::<1>),
            row(Tier::Sha3, 2, 360, 360, sha3::sha512::<2>),
            row(Tier::Sha3, 3, 460, 460, sha3::sha512::<3>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

/// FIPS 180-4, section 4.2.3, sixteen rounds a row.
#[rustfmt::skip]
pub(super) static K: [[u64; 16]; 5] = [
    [
        0x428a_2f98_d728_ae22, 0x7137_4491_23ef_65cd, 0xb5c0_fbcf_ec4d_3b2f, 0xe9b5_dba5_8189_dbbc,
        0x3956_c25b_f348_b538, 0x59f1_11f1_b605_d019, 0x923f_82a4_af19_4f9b, 0xab1c_5ed5_da6d_8118,
        0xd807_aa98_a303_0242, 0x1283_5b01_4570_6fbe, 0x2431_85be_4ee4_b28c, 0x550c_7dc3_d5ff_b4e2,
        0x72be_5d74_f27b_896f, 0x80de_b1fe_3b16_96b1, 0x9bdc_06a7_25c7_1235, 0xc19b_f174_cf69_2694,
    ],
    [
        0xe49b_69c1_9ef1_4ad2, 0xefbe_4786_384f_25e3, 0x0fc1_9dc6_8b8c_d5b5, 0x240c_a1cc_77ac_9c65,
        0x2de9_2c6f_592b_0275, 0x4a74_84aa_6ea6_e483, 0x5cb0_a9dc_bd41_fbd4, 0x76f9_88da_8311_53b5,
        0x983e_5152_ee66_dfab, 0xa831_c66d_2db4_3210, 0xb003_27c8_98fb_213f, 0xbf59_7fc7_beef_0ee4,
        0xc6e0_0bf3_3da8_8fc2, 0xd5a7_9147_930a_a725, 0x06ca_6351_e003_826f, 0x1429_2967_0a0e_6e70,
    ],
    [
        0x27b7_0a85_46d2_2ffc, 0x2e1b_2138_5c26_c926, 0x4d2c_6dfc_5ac4_2aed, 0x5338_0d13_9d95_b3df,
        0x650a_7354_8baf_63de, 0x766a_0abb_3c77_b2a8, 0x81c2_c92e_47ed_aee6, 0x9272_2c85_1482_353b,
        0xa2bf_e8a1_4cf1_0364, 0xa81a_664b_bc42_3001, 0xc24b_8b70_d0f8_9791, 0xc76c_51a3_0654_be30,
        0xd192_e819_d6ef_5218, 0xd699_0624_5565_a910, 0xf40e_3585_5771_202a, 0x106a_a070_32bb_d1b8,
    ],
    [
        0x19a4_c116_b8d2_d0c8, 0x1e37_6c08_5141_ab53, 0x2748_774c_df8e_eb99, 0x34b0_bcb5_e19b_48a8,
        0x391c_0cb3_c5c9_5a63, 0x4ed8_aa4a_e341_8acb, 0x5b9c_ca4f_7763_e373, 0x682e_6ff3_d6b2_b8a3,
        0x748f_82ee_5def_b2fc, 0x78a5_636f_4317_2f60, 0x84c8_7814_a1f0_ab72, 0x8cc7_0208_1a64_39ec,
        0x90be_fffa_2363_1e28, 0xa450_6ceb_de82_bde9, 0xbef9_a3f7_b2c6_7915, 0xc671_78f2_e372_532b,
    ],
    [
        0xca27_3ece_ea26_619c, 0xd186_b8c7_21c0_c207, 0xeada_7dd6_cde0_eb1e, 0xf57d_4f7f_ee6e_d178,
        0x06f0_67aa_7217_6fba, 0x0a63_7dc5_a2c8_98a6, 0x113f_9804_bef9_0dae, 0x1b71_0b35_131c_471b,
        0x28db_77f5_2304_7d84, 0x32ca_ab7b_40c7_2493, 0x3c9e_be0a_15c9_bebc, 0x431d_67c4_9c10_0d4c,
        0x4cc5_d4be_cb3e_42b6, 0x597f_299c_fc65_7e2a, 0x5fcb_6fab_3ad6_faec, 0x6c44_198c_4a47_5817,
    ],
];

/// The rounds.
pub(super) enum Sha512 {}

impl Compress for Sha512 {
    type Word = u64;
    const ORDER: ByteOrder = ByteOrder::Big;

    #[inline(always)]
    fn compress<V: Vector<u64>>(state: [V; 8], mut w: [V; 16]) -> [V; 8] {
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        // W of the round sixteen from here.
        macro_rules! schedule {
            ($t:expr) => {
                let x = w[($t + 1) % 16];
                let sigma0 = V::xor3(x.rotr(1), x.rotr(8), x.shr(7));
                let x = w[($t + 14) % 16];
                let sigma1 = V::xor3(x.rotr(19), x.rotr(61), x.shr(6));
                w[$t] = w[$t].add(sigma0).add(w[($t + 9) % 16]).add(sigma1);
            };
        }
        macro_rules! round {
            ($k:expr, $then:ident, $t:literal, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let sum = $h.add(w[$t].add(V::splat($k[$t]))).barrier();
                let sigma1 = V::xor3($e.rotr(14), $e.rotr(18), $e.rotr(41));
                let t1 = sum.add(V::choose($e, $f, $g)).add(sigma1);
                let sigma0 = V::xor3($a.rotr(28), $a.rotr(34), $a.rotr(39));
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
