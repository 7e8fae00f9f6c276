//! Two vectors as one: their instructions interleave, and each hides the other's latency.

use super::super::{ByteOrder, SpongeVector, Vector, Word};

/// The lanes of `A`, then those of `B`. Pairs of pairs make four groups, and so on.
#[derive(Clone, Copy)]
pub(crate) struct Pair<A, B>(A, B);

/// `[f(a[0], b[0]), …]`, spelt out: a closure would not be compiled with the tier's
/// instructions unless it happens to be inlined.
macro_rules! zip {
    ($a:ident, $b:ident: $($i:literal)*) => { [$(Pair($a[$i], $b[$i])),*] };
}

impl<W: Word, A: Vector<W>, B: Vector<W>> Vector<W> for Pair<A, B> {
    const LANES: usize = A::LANES + B::LANES;

    #[inline(always)]
    fn load(inputs: &[&[W::Block]], index: usize, order: ByteOrder) -> [Self; 16] {
        let a = A::load(inputs, index, order);
        let b = B::load(&inputs[A::LANES..], index, order);
        zip!(a, b: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }
    #[inline(always)]
    fn read<const N: usize>(states: &[[W; N]], at: usize) -> [Self; 8] {
        let a = A::read(states, at);
        let b = B::read(&states[A::LANES..], at);
        zip!(a, b: 0 1 2 3 4 5 6 7)
    }
    #[inline(always)]
    fn write<const N: usize>(words: [Self; 8], states: &mut [[W; N]], at: usize) {
        let [s, t, u, v, w, x, y, z] = words;
        A::write([s.0, t.0, u.0, v.0, w.0, x.0, y.0, z.0], states, at);
        B::write([s.1, t.1, u.1, v.1, w.1, x.1, y.1, z.1], &mut states[A::LANES..], at);
    }

    #[inline(always)]
    fn splat(word: W) -> Self {
        Self(A::splat(word), B::splat(word))
    }
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(self.0.add(other.0), self.1.add(other.1))
    }
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(self.0.sub(other.0), self.1.sub(other.1))
    }
    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(self.0.xor(other.0), self.1.xor(other.1))
    }
    #[inline(always)]
    fn and(self, other: Self) -> Self {
        Self(self.0.and(other.0), self.1.and(other.1))
    }
    #[inline(always)]
    fn and_not(self, other: Self) -> Self {
        Self(self.0.and_not(other.0), self.1.and_not(other.1))
    }
    #[inline(always)]
    fn rotr(self, bits: u32) -> Self {
        Self(self.0.rotr(bits), self.1.rotr(bits))
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(self.0.shr(bits), self.1.shr(bits))
    }
    #[inline(always)]
    fn barrier(self) -> Self {
        Self(self.0.barrier(), self.1.barrier())
    }
    #[inline(always)]
    fn xor3(x: Self, y: Self, z: Self) -> Self {
        Self(A::xor3(x.0, y.0, z.0), B::xor3(x.1, y.1, z.1))
    }
    #[inline(always)]
    fn choose(x: Self, y: Self, z: Self) -> Self {
        Self(A::choose(x.0, y.0, z.0), B::choose(x.1, y.1, z.1))
    }
    #[inline(always)]
    fn majority(x: Self, y: Self, z: Self) -> Self {
        Self(A::majority(x.0, y.0, z.0), B::majority(x.1, y.1, z.1))
    }
    #[inline(always)]
    fn add_choose(sum: Self, x: Self, y: Self, z: Self) -> Self {
        Self(A::add_choose(sum.0, x.0, y.0, z.0), B::add_choose(sum.1, x.1, y.1, z.1))
    }
    #[inline(always)]
    fn xor_and_not(x: Self, y: Self, z: Self) -> Self {
        Self(A::xor_and_not(x.0, y.0, z.0), B::xor_and_not(x.1, y.1, z.1))
    }
}

impl<A: SpongeVector, B: SpongeVector> SpongeVector for Pair<A, B> {
    #[inline(always)]
    fn load_bytes(inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let a = A::load_bytes(inputs, at);
        let b = B::load_bytes(&inputs[A::LANES..], at);
        zip!(a, b: 0 1 2 3 4 5 6 7)
    }
}
