//! MD5 (RFC 1321).

use super::simd::{Lanes, Tier, portable};
use super::{ByteOrder, Compress, Compression, Merkle, Vector};

/// RFC 1321, section 3.3.
pub(crate) static MD5: Merkle<u32> = Merkle {
    initial: [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0, 0, 0, 0],
    order: ByteOrder::Little,
    core: &CORE,
};

static CORE: Compression<u32> = Compression::new(lanes);

fn fallback(state: &mut [u32; 8], blocks: &[[u8; 64]]) {
    portable::single::<Md5>(state, blocks);
}

fn lanes() -> Vec<Lanes<u32>> {
    let run = |states: &mut [[u32; 8]], inputs: &[&[[u8; 64]]]| match (states, inputs) {
        ([state], [blocks]) => fallback(state, blocks),
        _ => panic!("one stream per lane"),
    };
    let mut all = vec![Lanes { tier: Tier::Portable, lanes: 1, cost: 307, run }];
    #[cfg(target_arch = "x86_64")]
    all.extend(x86::lanes());
    #[cfg(target_arch = "aarch64")]
    all.extend(arm::lanes());
    all
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Cost, Lanes, Tier, avx2, avx512, pair::Pair, portable::Plain};
    use super::Md5;

    // Several vectors hide each other's latency; on Zen 4 the fourth gains no more throughput, on
    // Zen 5 it does.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, zen4, zen5, other, run| {
            let cost = Cost { zen4, zen5, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Avx2, 1, 290, 287, 300, avx2::run::<Md5, Plain<u32>>),
            row(Tier::Avx2, 2, 310, 310, 330, avx2::run::<Md5, Pair<Plain<u32>, Plain<u32>>>),
            row(Tier::Avx2, 8, 380, 679, 400, avx2::run::<Md5, avx2::X8>),
            row(Tier::Avx2, 16, 472, 734, 500, avx2::run::<Md5, Pair<avx2::X8, avx2::X8>>),
            row(Tier::Avx2, 24, 588, 759, 740, avx2::run::<Md5, Pair<avx2::X8, Pair<avx2::X8, avx2::X8>>>),
            row(Tier::Avx512, 16, 461, 607, 400, avx512::run::<Md5, avx512::X16>),
            row(Tier::Avx512, 32, 652, 644, 560, avx512::run::<Md5, Pair<avx512::X16, avx512::X16>>),
            row(Tier::Avx512, 48, 867, 680, 830, avx512::run::<Md5, Pair<avx512::X16, Pair<avx512::X16, avx512::X16>>>),
            row(Tier::Avx512, 64, 1150, 715, 1100, avx512::run::<Md5, Pair<Pair<avx512::X16, avx512::X16>, Pair<avx512::X16, avx512::X16>>>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::simd::{Cost, Lanes, Tier, neon, pair::Pair, portable::Plain};
    use super::Md5;

    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = Lanes<u32>> {
        let row = |tier, lanes, apple, other, run| {
            let cost = Cost { apple, other }.here();
            Lanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Neon, 2, 310, 340, neon::run::<Md5, Pair<Plain<u32>, Plain<u32>>>),
            row(Tier::Neon, 4, 760, 760, neon::run::<Md5, neon::X4>),
            row(Tier::Neon, 8, 770, 790, neon::run::<Md5, Pair<neon::X4, neon::X4>>),
            row(Tier::Neon, 16, 800, 1100, neon::run::<Md5, Pair<Pair<neon::X4, neon::X4>, Pair<neon::X4, neon::X4>>>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

/// RFC 1321, section 3.4: T.
#[rustfmt::skip]
const T: [u32; 64] = [
    0xd76a_a478, 0xe8c7_b756, 0x2420_70db, 0xc1bd_ceee, 0xf57c_0faf, 0x4787_c62a, 0xa830_4613, 0xfd46_9501,
    0x6980_98d8, 0x8b44_f7af, 0xffff_5bb1, 0x895c_d7be, 0x6b90_1122, 0xfd98_7193, 0xa679_438e, 0x49b4_0821,
    0xf61e_2562, 0xc040_b340, 0x265e_5a51, 0xe9b6_c7aa, 0xd62f_105d, 0x0244_1453, 0xd8a1_e681, 0xe7d3_fbc8,
    0x21e1_cde6, 0xc337_07d6, 0xf4d5_0d87, 0x455a_14ed, 0xa9e3_e905, 0xfcef_a3f8, 0x676f_02d9, 0x8d2a_4c8a,
    0xfffa_3942, 0x8771_f681, 0x6d9d_6122, 0xfde5_380c, 0xa4be_ea44, 0x4bde_cfa9, 0xf6bb_4b60, 0xbebf_bc70,
    0x289b_7ec6, 0xeaa1_27fa, 0xd4ef_3085, 0x0488_1d05, 0xd9d4_d039, 0xe6db_99e5, 0x1fa2_7cf8, 0xc4ac_5665,
    0xf429_2244, 0x432a_ff97, 0xab94_23a7, 0xfc93_a039, 0x655b_59c3, 0x8f0c_cc92, 0xffef_f47d, 0x8584_5dd1,
    0x6fa8_7e4f, 0xfe2c_e6e0, 0xa301_4314, 0x4e08_11a1, 0xf753_7e82, 0xbd3a_f235, 0x2ad7_d2bb, 0xeb86_d391,
];

/// The rounds.
enum Md5 {}

impl Compress for Md5 {
    type Word = u32;
    const ORDER: ByteOrder = ByteOrder::Little;

    #[inline(always)]
    fn compress<V: Vector<u32>>(state: [V; 8], x: [V; 16]) -> [V; 8] {
        let [a0, b0, c0, d0, ..] = state;
        let mut words = [a0, b0, c0, d0];
        macro_rules! steps {
            ($($n:literal)*) => {$(four_steps(&mut words, &x, $n);)*};
        }
        steps!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
        let [a, b, c, d] = words;
        [a0.add(a), b0.add(b), c0.add(c), d0.add(d), state[4], state[5], state[6], state[7]]
    }
}

/// Steps 4n + 1 to 4n + 4 of the 64; `n` is a constant once this is inlined.
#[inline(always)]
pub(super) fn four_steps<V: Vector<u32>>(words: &mut [V; 4], x: &[V; 16], n: usize) {
    let [mut a, mut b, mut c, mut d] = *words;
    // `a + (X[k] + T[i])` is ready before `b` is; the barrier keeps the compiler from adding
    // the constant last, on the critical path.
    macro_rules! step {
        ($round:ident, $a:ident $b:ident $c:ident $d:ident, $k:expr, $s:expr, $i:expr) => {
            let sum = $a.add(x[$k % 16].add(V::splat(constant::$round(T[$i])))).barrier();
            $a = $b.add(round::$round(sum, $b, $c, $d).rotr(32 - $s));
        };
    }
    macro_rules! steps {
        ($round:ident, $k:expr, $by:expr, $s:expr) => {{
            let (k, i) = ($k + $by * 4 * (n % 4), 4 * n);
            step!($round, a b c d, k, $s[0], i);
            step!($round, d a b c, k + $by, $s[1], i + 1);
            step!($round, c d a b, k + 2 * $by, $s[2], i + 2);
            step!($round, b c d a, k + 3 * $by, $s[3], i + 3);
        }};
    }
    match n / 4 {
        0 => steps!(f, 0, 1, [7, 12, 17, 22]),
        1 => steps!(g, 1, 5, [5, 9, 14, 20]),
        2 => steps!(h, 5, 3, [4, 11, 16, 23]),
        _ => steps!(i, 0, 7, [6, 10, 15, 21]),
    }
    *words = [a, b, c, d];
}

/// `sum` plus the auxiliary function of each round (RFC 1321, section 3.4).
mod round {
    use super::Vector;

    #[inline(always)]
    pub(super) fn f<V: Vector<u32>>(sum: V, b: V, c: V, d: V) -> V {
        sum.add(V::choose(b, c, d))
    }
    #[inline(always)]
    pub(super) fn g<V: Vector<u32>>(sum: V, b: V, c: V, d: V) -> V {
        V::add_choose(sum, d, b, c)
    }
    #[inline(always)]
    pub(super) fn h<V: Vector<u32>>(sum: V, b: V, c: V, d: V) -> V {
        sum.add(V::xor3(d, c, b))
    }
    /// `c ^ (b | !d)` is `-1 - (c ^ (d & !b))`, which needs no complement.
    #[inline(always)]
    pub(super) fn i<V: Vector<u32>>(sum: V, b: V, c: V, d: V) -> V {
        sum.sub(V::xor_and_not(c, d, b))
    }
}

/// T as the round adds it.
mod constant {
    pub(super) const fn f(t: u32) -> u32 {
        t
    }
    pub(super) const fn g(t: u32) -> u32 {
        t
    }
    pub(super) const fn h(t: u32) -> u32 {
        t
    }
    /// With the −1 of `round::i`.
    pub(super) const fn i(t: u32) -> u32 {
        t.wrapping_sub(1)
    }
}
