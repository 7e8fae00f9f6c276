//! The list of hash functions with kernels, and their kernels on this CPU.

use std::sync::OnceLock;

use crate::kernel::table::{BlockFn, Cost, CostBasis, Kernel, KernelTable, SpongeFn};
use crate::kernel::tier::{Tier, add_kernels, is_allowed};
use crate::kernel::tuning::{self, KernelCost};
use crate::kernel::word::{ByteOrder, Word};
use crate::kernel::{md5, sha1, sha2, simd, tier};

/// A Merkle–Damgård hash function, as data.
pub(crate) struct Merkle<W: Word> {
    /// H(0); MD5 uses the first four words, SHA-1 the first five.
    pub(crate) initial: [W; 8],
    /// The order of the message words, the length and the digest.
    pub(crate) order: ByteOrder,
    /// The kernels of the compression function, which SHA-224 and SHA-256 share.
    pub(crate) kernels: &'static KernelSet<BlockFn<W>>,
}

macro_rules! functions {
    ($($name:ident: $word:ty = $initial:expr, $order:ident, $kernels:ident;)*) => {$(
        pub(crate) static $name: Merkle<$word> =
            Merkle { initial: $initial, order: ByteOrder::$order, kernels: &$kernels };
    )*};
}
functions! {
    MD5:        u32 = md5::INITIAL,             Little, MD5_KERNELS;
    SHA1:       u32 = sha1::INITIAL,            Big,    SHA1_KERNELS;
    SHA224:     u32 = sha2::SHA224_INITIAL,     Big,    SHA256_KERNELS;
    SHA256:     u32 = sha2::SHA256_INITIAL,     Big,    SHA256_KERNELS;
    SHA384:     u64 = sha2::SHA384_INITIAL,     Big,    SHA512_KERNELS;
    SHA512:     u64 = sha2::SHA512_INITIAL,     Big,    SHA512_KERNELS;
    SHA512_224: u64 = sha2::SHA512_224_INITIAL, Big,    SHA512_KERNELS;
    SHA512_256: u64 = sha2::SHA512_256_INITIAL, Big,    SHA512_KERNELS;
}

static MD5_KERNELS: KernelSet<BlockFn<u32>> = KernelSet::new("md5", |table| &table.md5);
static SHA1_KERNELS: KernelSet<BlockFn<u32>> = KernelSet::new("sha1", |table| &table.sha1);
static SHA256_KERNELS: KernelSet<BlockFn<u32>> = KernelSet::new("sha256", |table| &table.sha256);
static SHA512_KERNELS: KernelSet<BlockFn<u64>> = KernelSet::new("sha512", |table| &table.sha512);

/// The kernels of Keccak-f[1600], which all sponges share.
pub(crate) static KECCAK: KernelSet<SpongeFn> = KernelSet::new("keccak", |table| &table.keccak);

/// Permutes one Keccak state.
pub(crate) fn permute(state: &mut [u64; 25]) {
    const RATE: usize = 72;
    // The same as absorbing a block of zeros.
    (KECCAK.single().run)(std::slice::from_mut(state), RATE, &[&[0; RATE]]);
}

/// The largest batch for which the scheduler compares lanes with one message after another.
pub(crate) const FEW: usize = 16;

/// The kernels of a compression function on this CPU.
pub(crate) struct KernelSet<F: ?Sized + 'static> {
    /// The name of the compression function.
    pub(crate) name: &'static str,
    built_in: fn(&'static KernelTable) -> &'static [Kernel<F>],
    /// The kernels, with the costs measured on this machine.
    all: OnceLock<&'static [Kernel<F>]>,
    single: OnceLock<&'static Kernel<F>>,
    /// The cycles that `n` messages in lanes save per block, at `n - 1`; set by the scheduler.
    pub(crate) saved_cycles: OnceLock<[u32; FEW]>,
}

impl<F: ?Sized> KernelSet<F> {
    const fn new(
        name: &'static str,
        built_in: fn(&'static KernelTable) -> &'static [Kernel<F>],
    ) -> Self {
        Self {
            name,
            built_in,
            all: OnceLock::new(),
            single: OnceLock::new(),
            saved_cycles: OnceLock::new(),
        }
    }

    /// Returns every kernel that this CPU can run, with built-in costs.
    pub(crate) fn built_in(&self) -> &'static [Kernel<F>] {
        (self.built_in)(table())
    }

    /// Returns every kernel that this CPU can run, with the costs measured on this machine, if it has
    /// been tuned.
    pub(crate) fn all(&self) -> &'static [Kernel<F>] {
        self.all.get_or_init(|| {
            let is_tuned = |cost: &KernelCost| cost.function == self.name;
            match tuning::measured().iter().any(is_tuned) {
                true => self.built_in().iter().map(|k| self.tuned(k)).collect::<Vec<_>>().leak(),
                false => self.built_in(),
            }
        })
    }

    fn tuned(&self, kernel: &Kernel<F>) -> Kernel<F> {
        let Kernel { tier, lanes, cost, run } = *kernel;
        let built_in = KernelCost { function: self.name, tier, lanes, cycles: cost.cycles };
        let measured = tuning::measured().iter().find(|cost| cost.is_of_same_kernel(&built_in));
        let tuned =
            |measured: &KernelCost| Cost { cycles: measured.cycles, basis: CostBasis::Tuned };
        Kernel { tier, lanes, cost: measured.map_or(cost, tuned), run }
    }

    /// Returns the kernel of [`single`](Self::single), with the cost that lanes compare.
    pub(crate) fn single_in_lanes(&self) -> &'static Kernel<F> {
        let single = self.single();
        let is_single = |kernel: &&Kernel<F>| kernel.tier == single.tier && kernel.lanes == 1;
        self.all().iter().find(is_single).unwrap_or(single)
    }

    /// Returns the fastest kernel for one stream that the environment allows; the portable one if the
    /// allowed tier has none. Costs measured on this machine do not count, as reading them would delay
    /// the start of a program that hashes one small file.
    #[inline]
    pub(crate) fn single(&self) -> &'static Kernel<F> {
        self.single.get_or_init(|| {
            let single = || self.built_in().iter().filter(|kernel| kernel.lanes == 1);
            let best =
                single().filter(|k| is_allowed(k.tier)).min_by_key(|kernel| kernel.cost.cycles);
            let portable = || single().find(|kernel| kernel.tier == Tier::Portable);
            best.or_else(portable).expect("there is always a portable kernel")
        })
    }
}

/// Returns the kernels that this CPU can run: those of each tier whose token is detected.
fn table() -> &'static KernelTable {
    static TABLE: OnceLock<KernelTable> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut table = KernelTable::default();
        add_kernels!(table);
        table
    })
}
