//! Macros for the tiers: a vector's operations, and the kernels of generic rounds.

/// Evaluates intrinsics in a function that has a token of the tier, or a value made with one.
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
macro_rules! simd {
    ($($body:tt)*) => {
        // SAFETY: the token proves that the CPU has the instructions; loads and stores go through
        // references of their length.
        unsafe { $($body)* }
    };
}
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
pub(super) use simd;

/// Hides from the compiler how `$x`, in a register of `$class`, was computed.
macro_rules! hide {
    ($x:ident, $class:ident) => {
        hide!($x, $class, "/* {0} */")
    };
    ($x:ident, $class:ident, $template:literal) => {
        #[cfg(all(any(target_arch = "x86_64", target_arch = "aarch64"), not(miri)))]
        // SAFETY: there is no instruction.
        unsafe {
            std::arch::asm!($template, inout($class) $x, options(pure, nomem, nostack, preserves_flags));
        }
    };
}
pub(super) use hide;

/// Implements the operations of [`Vector`](crate::kernel::vector::Vector) with intrinsics. The
/// functions at the end replace default methods.
macro_rules! operations {
    (
        $token:ty, $word:ty;
        splat($value:ident) = $splat:expr;
        add = $add:path;
        sub = $sub:path;
        xor = $xor:path;
        and = $and:path;
        and_not($x:ident, $y:ident) = $and_not:expr;
        rotr($rotated:ident, $distance:ident) = $rotr:expr;
        shr($shifted:ident, $bits:ident) = $shr:expr;
        barrier = $barrier:path;
        $($name:ident($($argument:ident),*) = $body:expr;)*
    ) => {
        #[inline(always)]
        fn splat(_: $token, $value: $word) -> Self {
            // SAFETY: the token proves that the CPU has the instructions.
            unsafe { Self($splat) }
        }
        operations!(@binary add $add);
        operations!(@binary sub $sub);
        operations!(@binary xor $xor);
        operations!(@binary and $and);
        #[inline(always)]
        fn and_not(self, other: Self) -> Self {
            let ($x, $y) = (self.0, other.0);
            // SAFETY: as below.
            unsafe { Self($and_not) }
        }
        #[inline(always)]
        fn rotr(self, $distance: u32) -> Self {
            let $rotated = self.0;
            // SAFETY: as below.
            unsafe { Self($rotr) }
        }
        #[inline(always)]
        fn shr(self, $bits: u32) -> Self {
            let $shifted = self.0;
            // SAFETY: as below.
            unsafe { Self($shr) }
        }
        #[inline(always)]
        fn barrier(self) -> Self {
            // SAFETY: as below.
            unsafe { Self($barrier(self.0)) }
        }
        $(
            #[inline(always)]
            fn $name($($argument: Self),*) -> Self {
                $(let $argument = $argument.0;)*
                // SAFETY: as below.
                unsafe { Self($body) }
            }
        )*
    };
    (@binary $name:ident $intrinsic:path) => {
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: a vector is made only with the tier's token, so the CPU has the instructions.
            unsafe { Self($intrinsic(self.0, other.0)) }
        }
    };
}
pub(super) use operations;

/// Defines `block` and `sponge`, which make kernels of generic rounds, compiled with a tier's features.
macro_rules! generic_kernels {
    ($token:ident, $with:ident) => {
        /// Returns the code of the kernel of `C` in the lanes of `V`.
        #[allow(dead_code)] // a tier may have sponges only
        pub(super) fn block<C: $crate::kernel::vector::Compress, V: $crate::kernel::vector::Vector<C::Word>>(
            token: $token,
        ) -> &'static $crate::kernel::table::BlockFn<C::Word>
        where
            $token: Into<V::Token>,
        {
            $with! {
                fn run<C: $crate::kernel::vector::Compress, V: $crate::kernel::vector::Vector<C::Word>>(
                    token: V::Token,
                    states: &mut [[C::Word; 8]],
                    inputs: &[&[<C::Word as $crate::kernel::word::Word>::Block]],
                    common: Option<$crate::kernel::table::Common<'_, C::Word>>,
                ) {
                    $crate::kernel::vector::compress_all::<C, V>(token, states, inputs, common);
                }
            }
            let token = token.into();
            $crate::kernel::table::whole_fn(move |states, inputs, common| {
                #[allow(unused_unsafe)] // the portable tier has no features
                // SAFETY: the token proves that the CPU has the features.
                unsafe {
                    run::<C, V>(token, states, inputs, common);
                }
            })
        }

        /// Returns the code of the sponge kernel in the lanes of `V`.
        #[allow(dead_code)] // a tier may have none
        pub(super) fn sponge<V: $crate::kernel::vector::SpongeVector>(token: $token) -> &'static $crate::kernel::table::SpongeFn
        where
            $token: Into<V::Token>,
        {
            $with! {
                fn run<V: $crate::kernel::vector::SpongeVector>(
                    token: V::Token,
                    states: &mut [[u64; 25]],
                    rate: usize,
                    inputs: &[&[u8]],
                ) {
                    $crate::kernel::keccak::absorb::<V>(token, states, rate, inputs);
                }
            }
            let token = token.into();
            $crate::kernel::table::sponge_fn(move |states, rate, inputs| {
                #[allow(unused_unsafe)]
                // SAFETY: as above.
                unsafe {
                    run::<V>(token, states, rate, inputs);
                }
            })
        }
    };
}
pub(super) use generic_kernels;

/// Converts `array` to `[Self; N]`. A closure of `map` would be compiled without the tier's
/// instructions where it is not inlined, and LLVM does not always inline it.
#[cfg(target_arch = "x86_64")]
macro_rules! wrap {
    ($array:expr) => {{
        let array = $array;
        let mut wrapped = [Self(array[0]); _];
        for i in 0..array.len() {
            wrapped[i] = Self(array[i]);
        }
        wrapped
    }};
}
#[cfg(target_arch = "x86_64")]
pub(super) use wrap;

/// Converts an array of `Self` to one of what it holds.
#[cfg(target_arch = "x86_64")]
macro_rules! unwrap {
    ($array:expr) => {{
        let array = $array;
        let mut bare = [array[0].0; _];
        for i in 0..array.len() {
            bare[i] = array[i].0;
        }
        bare
    }};
}
#[cfg(target_arch = "x86_64")]
pub(super) use unwrap;

/// Defines a kernel of a tier's hash instructions, which advances `N` streams by a step of each in turn:
/// an instruction takes several cycles, but one can start in almost every cycle.
macro_rules! interleaved_kernel {
    (
        $name:ident: $word:ty, token: $token:ident, with: $with:ident,
        load: $load:ident, words: $words:ident, constants: $constants:ident, step: $step:ident,
        add: $add:ident, store: $store:ident, steps: $($t:literal)*
    ) => {
        /// Returns the code of the kernel for `N` streams.
        pub(super) fn $name<const N: usize>(token: $token) -> &'static $crate::kernel::table::BlockFn<$word> {
            $with! {
                #[allow(clippy::needless_range_loop)] // streams are indices of several arrays
                fn run<const N: usize>(
                    states: &mut [[$word; 8]],
                    inputs: &[&[<$word as $crate::kernel::word::Word>::Block]],
                ) {
                    let blocks = $crate::kernel::vector::equal_len!(N, states, inputs);
                    let mut state = [$load(&states[0]); N];
                    for i in 1..N {
                        state[i] = $load(&states[i]);
                    }
                    for block in 0..blocks {
                        let before = state;
                        let mut w = [$words(&inputs[0][block]); N];
                        for i in 1..N {
                            w[i] = $words(&inputs[i][block]);
                        }
                        $(
                            let k = $constants($t);
                            for i in 0..N {
                                $step(&mut state[i], &mut w[i], $t, k);
                            }
                        )*
                        for i in 0..N {
                            $add(&mut state[i], before[i]);
                        }
                    }
                    for i in 0..N {
                        $store(state[i], &mut states[i]);
                    }
                }
            }
            let _: $token = token;
            // SAFETY: the token proves that the CPU has the features.
            $crate::kernel::table::block_fn(|states, inputs| unsafe { run::<N>(states, inputs) })
        }
    };
}
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
pub(super) use interleaved_kernel;
