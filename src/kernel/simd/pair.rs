//! Two vectors as one: their instructions interleave, so each hides the other's latency.

use crate::kernel::vector::{SpongeVector, Vector};
use crate::kernel::word::{ByteOrder, Word};

/// The lanes of `A`, then those of `B`. Pairs of pairs have four groups, and so on.
#[derive(Clone, Copy)]
pub(crate) struct Pair<A, B>(A, B);

/// Pairs the elements of two arrays, without a closure, which would be compiled without the tier's
/// instructions where it is not inlined.
macro_rules! zip {
    ($a:ident, $b:ident: $($i:literal)*) => { [$(Pair($a[$i], $b[$i])),*] };
}

/// Implements methods by calling them on the first halves and on the second halves.
macro_rules! both {
    ($($name:ident($self:ident $(, $vector:ident)*);)*) => {$(
        #[inline(always)]
        fn $name($self $(, $vector: Self)*) -> Self {
            Self($self.0.$name($($vector.0),*), $self.1.$name($($vector.1),*))
        }
    )*};
    ($($name:ident: $($vector:ident),*;)*) => {$(
        #[inline(always)]
        fn $name($($vector: Self),*) -> Self {
            Self(A::$name($($vector.0),*), B::$name($($vector.1),*))
        }
    )*};
}

impl<W: Word, A: Vector<W>, B: Vector<W, Token = A::Token>> Vector<W> for Pair<A, B> {
    type Token = A::Token;
    const LANES: usize = A::LANES + B::LANES;

    #[inline(always)]
    fn load(token: A::Token, inputs: &[&[W::Block]], index: usize, order: ByteOrder) -> [Self; 16] {
        let a = A::load(token, inputs, index, order);
        let b = B::load(token, &inputs[A::LANES..], index, order);
        zip!(a, b: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }
    #[inline(always)]
    fn read<const N: usize>(token: A::Token, states: &[[W; N]], at: usize) -> [Self; 8] {
        let a = A::read(token, states, at);
        let b = B::read(token, &states[A::LANES..], at);
        zip!(a, b: 0 1 2 3 4 5 6 7)
    }
    #[inline(always)]
    fn write<const N: usize>(token: A::Token, words: [Self; 8], states: &mut [[W; N]], at: usize) {
        let [s, t, u, v, w, x, y, z] = words;
        A::write(token, [s.0, t.0, u.0, v.0, w.0, x.0, y.0, z.0], states, at);
        B::write(token, [s.1, t.1, u.1, v.1, w.1, x.1, y.1, z.1], &mut states[A::LANES..], at);
    }

    #[inline(always)]
    fn splat(token: A::Token, word: W) -> Self {
        Self(A::splat(token, word), B::splat(token, word))
    }
    both! {
        add(self, other);
        sub(self, other);
        xor(self, other);
        and(self, other);
        and_not(self, other);
        barrier(self);
    }
    both! {
        xor3: x, y, z;
        choose: x, y, z;
        majority: x, y, z;
        add_choose: sum, x, y, z;
        xor_and_not: x, y, z;
    }
    #[inline(always)]
    fn rotr(self, bits: u32) -> Self {
        Self(self.0.rotr(bits), self.1.rotr(bits))
    }
    #[inline(always)]
    fn shr(self, bits: u32) -> Self {
        Self(self.0.shr(bits), self.1.shr(bits))
    }
}

impl<A: SpongeVector, B: SpongeVector<Token = A::Token>> SpongeVector for Pair<A, B> {
    #[inline(always)]
    fn load_bytes(token: A::Token, inputs: &[&[u8]], at: usize) -> [Self; 8] {
        let a = A::load_bytes(token, inputs, at);
        let b = B::load_bytes(token, &inputs[A::LANES..], at);
        zip!(a, b: 0 1 2 3 4 5 6 7)
    }
}
