//! Keccak-f[1600] (FIPS 202, section 3), and sponges over it.

use std::sync::OnceLock;

use super::Vector;
use super::simd::{self, SpongeLanes, Tier, portable};

/// Every kernel that this CPU can run, of all tiers, in no particular order.
pub(crate) fn lanes() -> &'static [SpongeLanes] {
    static LANES: OnceLock<Vec<SpongeLanes>> = OnceLock::new();
    LANES.get_or_init(|| {
        let run = portable::sponge;
        let mut all = vec![SpongeLanes { tier: Tier::Portable, lanes: 1, cost: 1180, run }];
        #[cfg(target_arch = "x86_64")]
        all.extend(x86::lanes());
        #[cfg(target_arch = "aarch64")]
        all.extend(arm::lanes());
        all
    })
}

/// The kernel for one state: of those that the environment allows, the fastest.
pub(crate) fn single() -> &'static SpongeLanes {
    static SINGLE: OnceLock<SpongeLanes> = OnceLock::new();
    SINGLE.get_or_init(|| simd::single(lanes(), |kernel| (kernel.tier, kernel.lanes, kernel.cost)))
}

/// For the scheduler, as [`Compression`](super::Compression) has it.
pub(crate) static WORTH: OnceLock<[usize; 16]> = OnceLock::new();

/// The permutation, of one state: as if a block of zeros were absorbed.
pub(crate) fn permute(state: &mut [u64; 25]) {
    const RATE: usize = 72;
    (single().run)(std::slice::from_mut(state), RATE, &[&[0; RATE]]);
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::super::simd::{Cost, SpongeLanes, Tier, avx2, avx512, portable::Plain};

    // One lane of a vector is taken to cost what four do: 0.60 GB/s of SHA3-256 on Zen 4, 0.50 in scalars.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = SpongeLanes> {
        let row = |tier, lanes, zen4, zen5, other, run| {
            let cost = Cost { zen4, zen5, other }.here();
            SpongeLanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Avx2, 1, 1005, 800, 1100, avx2::sponge::<Plain<u64>>),
            row(Tier::Avx2, 4, 1376, 1250, 1800, avx2::sponge::<avx2::Q4>),
            row(Tier::Avx512, 1, 806, 1150, 900, avx512::sponge::<avx512::Q1>),
            row(Tier::Avx512, 4, 806, 1150, 900, avx512::sponge::<avx512::Q4>),
            row(Tier::Avx512, 8, 1578, 1180, 1500, avx512::sponge::<avx512::Q8>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use super::super::simd::{Cost, SpongeLanes, Tier, neon, sha3};

    // For one state, scalars are on a par with half a vector.
    #[rustfmt::skip]
    pub(super) fn lanes() -> impl Iterator<Item = SpongeLanes> {
        let row = |tier, lanes, apple, other, run| {
            let cost = Cost { apple, other }.here();
            SpongeLanes { tier, lanes, cost, run }
        };
        [
            row(Tier::Sha3, 2, 470, 1720, sha3::sponge::<neon::Q2>),
            row(Tier::Neon, 2, 980, 1900, neon::sponge::<neon::Q2>),
        ]
        .into_iter()
        .filter(|kernel| kernel.tier.is_available())
    }
}

/// FIPS 202, section 3.2.5; four rounds a row.
#[rustfmt::skip]
static RC: [[u64; 4]; 6] = {
    const FLAT: [u64; 24] = [
        0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
        0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
        0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
        0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
        0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
        0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
    ];
    let mut rows = [[0; 4]; 6];
    let mut i = 0;
    while i < 24 {
        rows[i / 4][i % 4] = FLAT[i];
        i += 1;
    }
    rows
};

/// Permutes every lane.
#[inline(always)]
pub(super) fn permute_lanes<V: Vector<u64>>(state: &mut [V; 25]) {
    let mut a = *state;
    // After four rounds each lane is back in the register that it was in.
    for [first, second, third, fourth] in &RC {
        a = round(a, V::splat(*first));
        a = round(a, V::splat(*second));
        a = round(a, V::splat(*third));
        a = round(a, V::splat(*fourth));
    }
    *state = a;
}

/// Section 3.2: lane (x, y) is `a[x + 5 * y]`.
#[inline(always)]
fn round<V: Vector<u64>>(a: [V; 25], constant: V) -> [V; 25] {
    // θ
    macro_rules! column {
        ($x:literal) => {
            V::xor3(V::xor3(a[$x], a[$x + 5], a[$x + 10]), a[$x + 15], a[$x + 20])
        };
    }
    let c = [column!(0), column!(1), column!(2), column!(3), column!(4)];
    let d = [
        c[4].xor(c[1].rotr(63)),
        c[0].xor(c[2].rotr(63)),
        c[1].xor(c[3].rotr(63)),
        c[2].xor(c[4].rotr(63)),
        c[3].xor(c[0].rotr(63)),
    ];
    // ρ, π and χ, one row of the result at a time, as its five lanes come from five columns:
    // the old ones are dead then, and registers suffice.
    let mut result = a;
    macro_rules! row {
        ($y:literal: $($from:literal $column:literal $offset:literal),*) => {
            let b = [$(a[$from].xor(d[$column]).rotr((64 - $offset) % 64)),*];
            for x in 0..5 {
                result[x + 5 * $y] = V::xor_and_not(b[x], b[(x + 2) % 5], b[(x + 1) % 5]);
            }
        };
    }
    row!(0: 0 0 0, 6 1 44, 12 2 43, 18 3 21, 24 4 14);
    row!(1: 3 3 28, 9 4 20, 10 0 3, 16 1 45, 22 2 61);
    row!(2: 1 1 1, 7 2 6, 13 3 25, 19 4 8, 20 0 18);
    row!(3: 4 4 27, 5 0 36, 11 1 10, 17 2 15, 23 3 56);
    row!(4: 2 2 62, 8 3 55, 14 4 39, 15 0 41, 21 1 2);
    // ι
    result[0] = result[0].xor(constant);
    result
}
