//! SHA-1 (FIPS 180-4, section 6.1).

use crate::kernel::vector::{Compress, Vector};
use crate::kernel::word::ByteOrder;

/// FIPS 180-4, section 5.3.1.
pub(crate) const INITIAL: [u32; 8] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0];

/// FIPS 180-4, section 4.2.1, one constant for twenty rounds.
pub(crate) const K: [u32; 4] = [0x5a82_7999, 0x6ed9_eba1, 0x8f1b_bcdc, 0xca62_c1d6];

/// The rounds of SHA-1.
pub(crate) enum Sha1 {}

impl Compress for Sha1 {
    type Word = u32;
    const ORDER: ByteOrder = ByteOrder::Big;

    #[inline(always)]
    #[allow(unused_assignments)] // the last rounds need no further message words
    fn compress<V: Vector<u32>>(token: V::Token, state: [V; 8], mut w: [V; 16]) -> [V; 8] {
        let [mut a, mut b, mut c, mut d, mut e, ..] = state;
        macro_rules! round {
            ($f:expr, $k:ident, $t:expr, $a:ident $b:ident $c:ident $d:ident $e:ident) => {
                let sum = $e.add(w[$t % 16].add($k)).add($f($b, $c, $d)).barrier();
                $e = sum.add($a.rotr(27));
                $b = $b.rotr(2);
                // W of the round sixteen later.
                if $t < 64 {
                    let x = V::xor3(w[($t + 13) % 16], w[($t + 8) % 16], w[($t + 2) % 16]);
                    w[$t % 16] = x.xor(w[$t % 16]).rotr(31);
                }
            };
        }
        macro_rules! rounds {
            ($f:expr, $k:expr, $t:literal) => {
                rounds!($f, $k, $t, 0 5 10 15);
            };
            ($f:expr, $k:expr, $t:literal, $($n:literal)*) => {
                let k = V::splat(token, $k);
                $(
                    round!($f, k, $t + $n, a b c d e);
                    round!($f, k, $t + $n + 1, e a b c d);
                    round!($f, k, $t + $n + 2, d e a b c);
                    round!($f, k, $t + $n + 3, c d e a b);
                    round!($f, k, $t + $n + 4, b c d e a);
                )*
            };
        }
        // FIPS 180-4, section 4.1.1.
        rounds!(V::choose, K[0], 0);
        rounds!(V::xor3, K[1], 20);
        rounds!(V::majority, K[2], 40);
        rounds!(V::xor3, K[3], 60);
        let [a0, b0, c0, d0, e0, ..] = state;
        [a0.add(a), b0.add(b), c0.add(c), d0.add(d), e0.add(e), state[5], state[6], state[7]]
    }
}
