//! Keccak-f[1600] (FIPS 202, section 3), and absorbing into sponges over it.

use crate::kernel::vector::{SpongeVector, Vector, equal_len};

/// Absorbs inputs of equal length, a multiple of `rate` bytes, one per lane (FIPS 202, section 4).
#[inline(always)]
pub(crate) fn absorb<V: SpongeVector>(
    token: V::Token,
    states: &mut [[u64; 25]],
    rate: usize,
    inputs: &[&[u8]],
) {
    assert!((64..200).contains(&rate) && rate.is_multiple_of(8), "a rate of FIPS 202");
    let length = equal_len!(V::LANES, states, inputs);
    let mut state = [V::splat(token, 0); 25];
    for at in [0, 8, 16, 17] {
        state[at..at + 8].copy_from_slice(&V::read(token, states, at));
    }
    let mut start = 0;
    while start + rate <= length {
        for at in (0..rate).step_by(64) {
            // The last eight words overlap those before, which are absorbed already.
            let from = at.min(rate - 64);
            let words = V::load_bytes(token, inputs, start + from);
            let lanes: &mut [V; 8] = state[from / 8..].first_chunk_mut().expect("rate < 200");
            for i in 0..8 {
                let mask = if i < (at - from) / 8 { 0 } else { u64::MAX };
                lanes[i] = lanes[i].xor(words[i].and(V::splat(token, mask)));
            }
        }
        permute(token, &mut state);
        start += rate;
    }
    for at in [0, 8, 16, 17] {
        V::write(token, *state[at..].first_chunk().expect("17 + 8 = 25"), states, at);
    }
}

/// The round constants of FIPS 202, section 3.2.5.
#[rustfmt::skip]
static RC: [u64; 24] = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
];

/// Permutes every lane.
#[inline(always)]
fn permute<V: Vector<u64>>(token: V::Token, state: &mut [V; 25]) {
    let mut a = *state;
    // After four rounds each lane is back in its first register.
    for [first, second, third, fourth] in RC.as_chunks().0 {
        a = round(a, V::splat(token, *first));
        a = round(a, V::splat(token, *second));
        a = round(a, V::splat(token, *third));
        a = round(a, V::splat(token, *fourth));
    }
    *state = a;
}

/// Computes one round (section 3.2); lane (x, y) is `a[x + 5 * y]`.
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
    // ρ, π and χ, one row of the result at a time: its five lanes come from five columns, which are
    // dead afterwards, so that the registers suffice.
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
