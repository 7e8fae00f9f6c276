//! MD5 (RFC 1321).

use crate::kernel::vector::{Compress, Vector};
use crate::kernel::word::ByteOrder;

/// RFC 1321, section 3.3.
pub(crate) const INITIAL: [u32; 8] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0, 0, 0, 0];

/// T of RFC 1321, section 3.4.
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

/// The rounds of MD5.
pub(crate) enum Md5 {}

impl Compress for Md5 {
    type Word = u32;
    const ORDER: ByteOrder = ByteOrder::Little;

    #[inline(always)]
    fn compress<V: Vector<u32>>(token: V::Token, state: [V; 8], block: [V; 16]) -> [V; 8] {
        compress(token, state, &block)
    }

    #[inline(always)]
    fn compress_shared<V: Vector<u32>>(token: V::Token, state: [V; 8], block: [u32; 16]) -> [V; 8] {
        compress(token, state, &block)
    }
}

/// The words X of a block: those of one block per lane, or of one block that all lanes share.
pub(crate) trait Words<V: Vector<u32>> {
    /// Returns `X[k] + t`. For a shared block this is one number, which takes no addition of vectors.
    fn plus(&self, token: V::Token, k: usize, t: u32) -> V;
}

impl<V: Vector<u32>> Words<V> for [V; 16] {
    #[inline(always)]
    fn plus(&self, token: V::Token, k: usize, t: u32) -> V {
        self[k].add(V::splat(token, t))
    }
}

impl<V: Vector<u32>> Words<V> for [u32; 16] {
    #[inline(always)]
    fn plus(&self, token: V::Token, k: usize, t: u32) -> V {
        V::splat(token, self[k].wrapping_add(t))
    }
}

#[inline(always)]
fn compress<V: Vector<u32>>(token: V::Token, state: [V; 8], x: &impl Words<V>) -> [V; 8] {
    let [a0, b0, c0, d0, ..] = state;
    let mut words = [a0, b0, c0, d0];
    macro_rules! steps {
        ($($n:literal)*) => {$(four_steps(token, &mut words, x, $n);)*};
    }
    steps!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    let [a, b, c, d] = words;
    [a0.add(a), b0.add(b), c0.add(c), d0.add(d), state[4], state[5], state[6], state[7]]
}

/// Computes steps 4n + 1 to 4n + 4 of the 64; `n` is a constant once this is inlined.
#[inline(always)]
pub(crate) fn four_steps<V: Vector<u32>>(
    token: V::Token,
    words: &mut [V; 4],
    x: &impl Words<V>,
    n: usize,
) {
    let [mut a, mut b, mut c, mut d] = *words;
    let less = u32::from(n / 4 == 3); // the −1 of `round::i`
    // `a + (X[k] + T[i])` is ready before `b` is; the barrier keeps the compiler from adding
    // the constant last, on the critical path.
    macro_rules! step {
        ($round:ident, $a:ident $b:ident $c:ident $d:ident, $k:expr, $s:expr, $i:expr) => {
            let sum = $a.add(x.plus(token, $k % 16, T[$i].wrapping_sub(less))).barrier();
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

/// The auxiliary function of each round (RFC 1321, section 3.4), added to `sum`.
mod round {
    use crate::kernel::vector::Vector;

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
    // `c ^ (b | !d)` is `-1 - (c ^ (d & !b))`, which needs no complement.
    #[inline(always)]
    pub(super) fn i<V: Vector<u32>>(sum: V, b: V, c: V, d: V) -> V {
        sum.sub(V::xor_and_not(c, d, b))
    }
}
