//! The kernels that may run, and the best of them for a number of live lanes.

use std::cell::Cell;

use crate::hasher::iterated::IteratedHash;
use crate::kernel::functions::FEW;
use crate::kernel::table::Kernel;
use crate::kernel::tier::{Tier, forced};
use crate::kernel::tuning::costs_less;

/// A restriction to the kernels of one tier, or to those with a number of lanes.
#[derive(Clone, Copy)]
pub(crate) struct Restriction {
    pub(crate) tier: Tier,
    pub(crate) lanes: Option<usize>,
}

thread_local! {
    static RESTRICTION: Cell<Option<Restriction>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's lanes restricted.
pub(crate) fn with_restriction<T>(restriction: Restriction, f: impl FnOnce() -> T) -> T {
    /// Restores the previous restriction, also when `f` panics.
    struct Restore(Option<Restriction>);
    impl Drop for Restore {
        fn drop(&mut self) {
            RESTRICTION.set(self.0);
        }
    }
    let _restore = Restore(RESTRICTION.replace(Some(restriction)));
    f()
}

/// Returns `true` if this thread's lanes are restricted.
pub(crate) fn is_restricted() -> bool {
    RESTRICTION.get().is_some()
}

/// Returns `true` if all messages have the same length.
pub(super) fn have_one_length(messages: &[&[u8]]) -> bool {
    messages.windows(2).all(|pair| pair[0].len() == pair[1].len())
}

/// Returns the cycles for setting up lanes for a few messages, most of them for laying out states of this
/// size.
///
/// Measured on Zen 4, as the difference to one message after another, with states of 32, 64 and 200 bytes:
/// 350 to 540, 210 and 1080 cycles for digests of messages of one length; 560 to 730 and 1020 for tags of such
/// messages; 1200, 1550 and 2800 for messages of different lengths.
fn setup_cost(state: usize, is_simple: bool) -> u64 {
    let state = state as u64;
    if is_simple { 450 + 3 * state } else { 900 + 10 * state }
}

/// Returns `true` if lanes are faster for the messages, each of which has `more` blocks besides its own.
#[inline]
pub(super) fn is_faster_in_lanes<H: IteratedHash>(
    hash: &H,
    messages: &[&[u8]],
    more: usize,
) -> bool {
    match messages.len() {
        _ if is_restricted() => true,
        0..2 => false,
        2..=FEW => few_are_faster_in_lanes(hash, messages, more),
        _ => true,
    }
}

fn few_are_faster_in_lanes<H: IteratedHash>(hash: &H, messages: &[&[u8]], more: usize) -> bool {
    let others = messages.len() - 1;
    let saved_cycles = hash.kernels().saved_cycles.get_or_init(|| saved_cycles(hash));
    let (mut total, mut longest) = (0, 0);
    for message in messages {
        let blocks = (hash.padded(message.len()) + more) as u64;
        (total, longest) = (total + blocks, longest.max(blocks));
    }
    // Of messages of one length, these are all blocks. Those that the longest message has beyond the
    // others run alone, and save nothing.
    let shared = (total - longest) * messages.len() as u64 / others as u64;
    let is_simple = more == 0 && have_one_length(messages);
    shared * u64::from(saved_cycles[others]) >= setup_cost(size_of::<H::State>(), is_simple)
}

/// Returns, at `n - 1`, the cycles that `n` messages in lanes save per block.
fn saved_cycles<H: IteratedHash>(hash: &H) -> [u32; FEW] {
    let (allowed, alone) =
        (AllowedKernels::new(hash), hash.kernels().single_in_lanes().cost.cycles);
    std::array::from_fn(|others| {
        let kernel = allowed.best(others + 1).1;
        alone.saturating_sub(kernel.cost.cycles / kernel.lanes.min(others + 1) as u32)
    })
}

fn restriction() -> Option<Restriction> {
    let from_environment = || match forced() {
        Ok(Some(tier)) => Some(Restriction { tier: *tier, lanes: None }),
        _ => None,
    };
    RESTRICTION.get().or_else(from_environment)
}

/// The kernels that may run.
pub(crate) struct AllowedKernels<H: IteratedHash> {
    kernels: &'static [Kernel<H::Run>],
    /// One bit for each.
    mask: u32,
}

impl<H: IteratedHash> AllowedKernels<H> {
    /// Takes all kernels; under a restriction those that it names or, if the hash has none of them,
    /// the portable ones.
    pub(crate) fn new(hash: &H) -> Self {
        let kernels = hash.kernels().all();
        let which = |wanted: &dyn Fn(&Kernel<H::Run>) -> bool| {
            let bits = kernels.iter().enumerate().map(|(i, kernel)| u32::from(wanted(kernel)) << i);
            bits.fold(0, |mask, bit| mask | bit)
        };
        let mask = match restriction() {
            None => u32::MAX,
            Some(Restriction { tier, lanes }) => {
                match which(&|k| k.tier == tier && lanes.is_none_or(|n| n == k.lanes)) {
                    0 => which(&|kernel| kernel.tier == Tier::Portable),
                    mask => mask,
                }
            }
        };
        Self { kernels, mask }
    }

    /// Returns `true` if there is a kernel of at most `lanes` lanes.
    pub(crate) fn has_within(&self, lanes: usize) -> bool {
        self.iter().any(|(_, kernel)| kernel.lanes <= lanes)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'static Kernel<H::Run>)> {
        let mask = self.mask;
        self.kernels.iter().enumerate().filter(move |(i, _)| mask >> i & 1 == 1)
    }

    /// Returns the kernel with the least cost per live lane, and its index; of equals, the one with
    /// fewer lanes.
    pub(crate) fn best(&self, live: usize) -> (usize, &'static Kernel<H::Run>) {
        let mut all = self.iter();
        let first = all.next().expect("there is always a portable kernel");
        all.fold(first, |best, other| {
            let key = |kernel: &Kernel<H::Run>| (kernel.cost.cycles, kernel.lanes);
            if costs_less(key(other.1), key(best.1), live) { other } else { best }
        })
    }
}

/// The kernels for up to `N` live lanes.
pub(super) struct Dispatcher<'f, H: IteratedHash, const N: usize> {
    pub(super) hash: &'f H,
    allowed: AllowedKernels<H>,
    /// The number of lanes to keep busy.
    pub(super) width: usize,
    /// The index of the best kernel for `n` live lanes, at `n - 1`; found when first needed.
    best: [Cell<u8>; N],
}

const UNKNOWN: u8 = u8::MAX;

impl<'f, H: IteratedHash, const N: usize> Dispatcher<'f, H, N> {
    /// Leaves out the kernels of more than `N` lanes; at least one must remain.
    pub(super) fn new(hash: &'f H, mut allowed: AllowedKernels<H>) -> Self {
        let too_wide = allowed.iter().filter(|(_, kernel)| kernel.lanes > N);
        allowed.mask &= !too_wide.fold(0, |mask, (i, _)| mask | 1 << i);
        let width = allowed.best(N).1.lanes;
        Self { hash, allowed, width, best: [const { Cell::new(UNKNOWN) }; N] }
    }

    /// Returns the most inputs to run at once, a multiple of `width`.
    pub(super) fn batch(&self) -> usize {
        N - N % self.width
    }

    /// Advances the first `live` states by their inputs, which are of equal length.
    ///
    /// A kernel's idle lanes get a copy of a live input and an unused state, for which the second halves
    /// of the arrays have room.
    pub(super) fn run(
        &self,
        states: &mut [[H::State; N]; 2],
        inputs: &mut [[&[H::Unit]; N]; 2],
        live: usize,
    ) {
        let run =
            |kernel: &_, states: &mut [_], inputs: &[_]| self.hash.run(kernel, states, inputs);
        self.run_each(states, inputs, live, run);
    }

    /// Sets the first `live` states to those after `initial`, their inputs, and `end`.
    pub(super) fn run_whole(
        &self,
        states: &mut [[H::State; N]; 2],
        inputs: &mut [[&[H::Unit]; N]; 2],
        live: usize,
        initial: &H::State,
        end: &[H::Unit],
    ) {
        self.run_each(states, inputs, live, |kernel, states, inputs| {
            self.hash.run_whole(kernel, states, inputs, initial, end);
        });
    }

    fn run_each<'m>(
        &self,
        states: &mut [[H::State; N]; 2],
        inputs: &mut [[&'m [H::Unit]; N]; 2],
        live: usize,
        run: impl Fn(&Kernel<H::Run>, &mut [H::State], &[&'m [H::Unit]]),
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
            run(kernel, &mut states[at..end], &inputs[at..end]);
            at = end;
        }
    }

    fn best(&self, live: usize) -> &'static Kernel<H::Run> {
        let known = &self.best[live - 1];
        if known.get() == UNKNOWN {
            known.set(self.allowed.best(live).0 as u8);
        }
        &self.allowed.kernels[usize::from(known.get())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::functions::MD5;

    #[test]
    fn a_long_message_beside_an_empty_one_gets_no_lanes() {
        let long = vec![0; 1 << 16];
        let has_lanes = MD5.kernels.all().iter().any(|kernel| kernel.lanes > 1);
        assert_eq!(is_faster_in_lanes(&MD5, &[&long, &long], 0), has_lanes);
        assert!(!is_faster_in_lanes(&MD5, &[&long, b""], 0));
        assert!(!is_faster_in_lanes(&MD5, &[&long], 0));
    }
}
