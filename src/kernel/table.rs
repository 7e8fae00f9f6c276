//! A kernel as a row of data, and the table of those that this CPU can run.

use std::fmt;

use crate::kernel::tier::Tier;
use crate::kernel::word::Word;

/// One implementation of a compression function: for one tier and number of lanes.
pub(crate) struct Kernel<F: ?Sized + 'static> {
    pub(crate) tier: Tier,
    /// The number of streams that it advances.
    pub(crate) lanes: usize,
    pub(crate) cost: Cost,
    /// The code, which holds the token of its tier.
    pub(crate) run: &'static F,
}

/// The cost by which kernels are compared.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    /// Cycles for one block in every lane.
    pub(crate) cycles: u32,
    pub(crate) basis: CostBasis,
}

/// The basis of a kernel's cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum CostBasis {
    /// Measured on this CPU.
    Measured(&'static str),
    /// Measured on this machine.
    Tuned,
    /// Derived for these CPUs from the throughput and latency of the instructions.
    Derived(&'static str),
}

impl fmt::Display for CostBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measured(cpu) => write!(f, "measured on {cpu}"),
            Self::Tuned => f.write_str("measured on this machine"),
            Self::Derived(cpus) => write!(f, "derived for {cpus}"),
        }
    }
}

/// Advances one state per lane by one input per lane; the inputs are of equal length. The third argument
/// makes whole messages of the inputs.
pub(crate) type BlockFn<W> =
    dyn Fn(&mut [[W; 8]], &[&[<W as Word>::Block]], Option<Common<'_, W>>) + Send + Sync;

/// The parts that messages in lanes have in common.
#[derive(Clone, Copy)]
pub(crate) struct Common<'a, W: Word> {
    /// The state before the first block, which replaces the states that a kernel gets.
    pub(crate) initial: &'a [W; 8],
    /// The blocks after the inputs: the padding of messages of whole blocks.
    pub(crate) end: &'a [W::Block],
}

/// Absorbs one input per lane, permuting after each `rate` bytes; the inputs are of equal length, a
/// multiple of the rate, which is the second argument.
pub(crate) type SpongeFn = dyn Fn(&mut [[u64; 25]], usize, &[&[u8]]) + Send + Sync;

/// Every kernel that this CPU can run, by compression function; the best tiers come first.
#[derive(Default)]
pub(crate) struct KernelTable {
    pub(crate) md5: Vec<Kernel<BlockFn<u32>>>,
    pub(crate) sha1: Vec<Kernel<BlockFn<u32>>>,
    pub(crate) sha256: Vec<Kernel<BlockFn<u32>>>,
    pub(crate) sha512: Vec<Kernel<BlockFn<u64>>>,
    pub(crate) keccak: Vec<Kernel<SpongeFn>>,
}

/// Leaks a closure as a kernel's code, of at most eight lanes. It gets what messages have in common as states and
/// inputs. A closure that captures only tokens takes no memory.
pub(crate) fn block_fn<W: Word>(
    run: impl Fn(&mut [[W; 8]], &[&[W::Block]]) + Send + Sync + 'static,
) -> &'static BlockFn<W> {
    whole_fn(move |states, inputs, common| match common {
        None => run(states, inputs),
        Some(Common { initial, end }) => {
            states.fill(*initial);
            run(states, inputs);
            run(states, &[end; 8][..inputs.len()]);
        }
    })
}

/// Leaks a closure as a kernel's code, as [`block_fn`] does, that hashes whole messages at once.
pub(crate) fn whole_fn<W: Word>(
    run: impl Fn(&mut [[W; 8]], &[&[W::Block]], Option<Common<'_, W>>) + Send + Sync + 'static,
) -> &'static BlockFn<W> {
    Box::leak(Box::new(run))
}

/// Leaks a closure as a sponge kernel's code, as [`block_fn`] does.
pub(crate) fn sponge_fn(
    run: impl Fn(&mut [[u64; 25]], usize, &[&[u8]]) + Send + Sync + 'static,
) -> &'static SpongeFn {
    Box::leak(Box::new(run))
}

/// Adds a tier's kernels to the table. A row has the compression function, the lanes, the costs from
/// which `$cost` chooses, and a function from the token to the kernel's code.
macro_rules! kernels {
    ($token:ident: $type:ty, $table:ident, $cost:path; $($function:ident $lanes:literal $costs:tt $run:expr;)*) => {$(
        $table.$function.push($crate::kernel::table::Kernel {
            tier: <$type as $crate::kernel::tier::Token>::TIER,
            lanes: $lanes,
            cost: $cost $costs,
            run: $run($token),
        });
    )*};
}
pub(crate) use kernels;
