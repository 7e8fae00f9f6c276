//! Which kernels may run, and which of them run best for so many live lanes.

use std::cell::Cell;

use crate::kernel::functions::FEW;
use crate::kernel::table::Kernel;
use crate::kernel::tier::{Tier, forced};
use crate::lanes::family::Family;

/// A restriction to one tier, and perhaps to its kernel of so many lanes.
#[derive(Clone, Copy)]
pub(crate) struct Only {
    pub(crate) tier: Tier,
    pub(crate) lanes: Option<usize>,
}

thread_local! {
    static ONLY: Cell<Option<Only>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's lanes restricted.
pub(crate) fn within<T>(only: Only, f: impl FnOnce() -> T) -> T {
    /// Puts back what was there, also when `f` panics.
    struct Restore(Option<Only>);
    impl Drop for Restore {
        fn drop(&mut self) {
            ONLY.set(self.0);
        }
    }
    let _restore = Restore(ONLY.replace(Some(only)));
    f()
}

/// Whether not every kernel may run on this thread.
pub(crate) fn restricted() -> bool {
    ONLY.get().is_some()
}

/// What it costs to set lanes up for a few messages, in cycles: most of it is laying out states.
/// Measured on Zen 4, as the difference to one message after the other: 1200 cycles with states
/// of 32 bytes, 1550 with 64, 2800 with 200.
const fn setup(state: usize) -> u64 {
    900 + 10 * state as u64
}

/// Whether the messages are enough for lanes; each has so many blocks `more` than its own.
pub(super) fn pays<F: Family>(family: &F, messages: &[&[u8]], more: usize) -> bool {
    if messages.len() > FEW || restricted() {
        return true;
    }
    let Some(others) = messages.len().checked_sub(1) else { return false };
    let min_blocks = family.kernels().min_blocks.get_or_init(|| min_blocks(family));
    let blocks = |message: &&[u8]| family.padded(message.len()) + more;
    messages.iter().map(blocks).sum::<usize>() >= min_blocks[others]
}

/// For so many messages less one, how many blocks save what setting lanes up costs.
fn min_blocks<F: Family>(family: &F) -> [usize; FEW] {
    let (allowed, alone) = (Allowed::new(family), u64::from(family.kernels().single().cost));
    std::array::from_fn(|others| {
        let kernel = allowed.best(others + 1).1;
        let together = u64::from(kernel.cost) / kernel.lanes.min(others + 1) as u64;
        match alone.checked_sub(together) {
            None | Some(0) => usize::MAX,
            Some(_) if others == 0 => usize::MAX,
            Some(saved) => setup(size_of::<F::State>()).div_ceil(saved) as usize,
        }
    })
}

fn only() -> Option<Only> {
    let from_environment = || match forced() {
        Ok(Some(tier)) => Some(Only { tier: *tier, lanes: None }),
        _ => None,
    };
    ONLY.get().or_else(from_environment)
}

/// The kernels that may run.
pub(crate) struct Allowed<F: Family> {
    kernels: &'static [Kernel<F::Run>],
    /// One bit for each.
    mask: u32,
}

impl<F: Family> Allowed<F> {
    /// All of them; under a restriction those of its tier or, where that has none of the
    /// algorithm, the portable ones.
    pub(crate) fn new(family: &F) -> Self {
        let kernels = family.kernels().all();
        let which = |wanted: &dyn Fn(&Kernel<F::Run>) -> bool| {
            let bits = kernels.iter().enumerate().map(|(i, kernel)| u32::from(wanted(kernel)) << i);
            bits.fold(0, |mask, bit| mask | bit)
        };
        let mask = match only() {
            None => which(&|_| true),
            Some(Only { tier, lanes }) => {
                match which(&|k| k.tier == tier && lanes.is_none_or(|n| n == k.lanes)) {
                    0 => which(&|kernel| kernel.tier == Tier::Portable),
                    mask => mask,
                }
            }
        };
        Self { kernels, mask }
    }

    /// Whether kernels remain when those with more lanes are left out.
    pub(crate) fn fit(&self, lanes: usize) -> bool {
        self.iter().any(|(_, kernel)| kernel.lanes <= lanes)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'static Kernel<F::Run>)> {
        let mask = self.mask;
        self.kernels.iter().enumerate().filter(move |(i, _)| mask >> i & 1 == 1)
    }

    /// The kernel with the least cost for each of `live` lanes, and its index; of equals, the
    /// one with fewer lanes.
    pub(crate) fn best(&self, live: usize) -> (usize, &'static Kernel<F::Run>) {
        let mut all = self.iter();
        let first = all.next().expect("there is always a portable kernel");
        all.fold(first, |best, other| {
            let useful = |kernel: &Kernel<F::Run>| kernel.lanes.min(live) as u64;
            let (a, b) = (best.1, other.1);
            let (a_cost, b_cost) = (u64::from(a.cost) * useful(b), u64::from(b.cost) * useful(a));
            if (b_cost, b.lanes) < (a_cost, a.lanes) { other } else { best }
        })
    }
}

/// The kernels for up to `N` live lanes.
pub(super) struct Kernels<'f, F: Family, const N: usize> {
    family: &'f F,
    allowed: Allowed<F>,
    width: usize,
    /// For so many live lanes less one, the index of the best kernel; found when first asked for.
    best: [Cell<u8>; N],
}

const UNKNOWN: u8 = u8::MAX;

impl<'f, F: Family, const N: usize> Kernels<'f, F, N> {
    /// Leaves out the kernels of more than `N` lanes; some must remain.
    pub(super) fn new(family: &'f F, mut allowed: Allowed<F>) -> Self {
        let too_wide = allowed.iter().filter(|(_, kernel)| kernel.lanes > N);
        allowed.mask &= !too_wide.fold(0, |mask, (i, _)| mask | 1 << i);
        let width = allowed.best(N).1.lanes;
        Self { family, allowed, width, best: [const { Cell::new(UNKNOWN) }; N] }
    }

    /// How many lanes are best kept busy.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// How many inputs at most are run at once: a multiple of that.
    pub(super) fn most(&self) -> usize {
        N - N % self.width
    }

    pub(super) fn family(&self) -> &'f F {
        self.family
    }

    /// Advances the first `live` states by their inputs, which are of equal length.
    ///
    /// Kernels with more lanes than are left get a copy of a live input and a state that nobody
    /// reads, for which the second halves have room.
    pub(super) fn run(
        &self,
        states: &mut [[F::State; N]; 2],
        inputs: &mut [[&[F::Unit]; N]; 2],
        live: usize,
    ) {
        let (states, inputs) = (states.as_flattened_mut(), inputs.as_flattened_mut());
        let mut at = 0;
        while at < live {
            let kernel = self.best(live - at);
            let end = at + kernel.lanes;
            if end > live {
                let copy = inputs[at];
                inputs[live..end].fill(copy);
            }
            self.family.run(kernel, &mut states[at..end], &inputs[at..end]);
            at = end;
        }
    }

    fn best(&self, live: usize) -> &'static Kernel<F::Run> {
        let known = &self.best[live - 1];
        if known.get() == UNKNOWN {
            known.set(self.allowed.best(live).0 as u8);
        }
        &self.allowed.kernels[usize::from(known.get())]
    }
}
