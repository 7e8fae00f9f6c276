//! Costs measured on this machine, which replace the built-in ones where kernels are compared for lanes.

use std::sync::OnceLock;

use crate::kernel::tier::Tier;

/// The cost of a kernel, and the kernel's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KernelCost {
    /// The compression function.
    pub function: &'static str,
    /// The kernel's tier.
    pub tier: Tier,
    /// The number of inputs that the kernel takes.
    pub lanes: usize,
    /// Cycles for one block in every lane.
    pub cycles: u32,
}

impl KernelCost {
    /// Returns `true` if both costs are those of one kernel.
    pub fn is_of_same_kernel(&self, other: &Self) -> bool {
        (self.function, self.tier, self.lanes) == (other.function, other.tier, other.lanes)
    }
}

/// A function that returns measured costs. It must not hash in lanes.
pub type CostSource = fn() -> Vec<KernelCost>;

static SOURCE: OnceLock<CostSource> = OnceLock::new();

/// Sets the source of measured costs, which is called when lanes are first needed.
///
/// A kernel without a measured cost keeps the built-in one. Only the first call of this function counts.
pub fn set_cost_source(source: CostSource) {
    let _ = SOURCE.set(source);
}

/// Returns the measured costs; empty if there is no source.
pub(crate) fn measured() -> &'static [KernelCost] {
    static COSTS: OnceLock<Vec<KernelCost>> = OnceLock::new();
    COSTS.get_or_init(|| SOURCE.get().map_or(Vec::new(), |source| source()))
}

/// Returns `true` if kernel `a` costs less per live lane than `b`, or the same on fewer lanes. A kernel is
/// given by its cycles and lanes.
pub(crate) fn costs_less(a: (u32, usize), b: (u32, usize), live: usize) -> bool {
    let useful = |lanes: usize| lanes.min(live) as u64;
    let (a_cost, b_cost) = (u64::from(a.0) * useful(b.1), u64::from(b.0) * useful(a.1));
    (a_cost, a.1) < (b_cost, b.1)
}

/// Returns the cost of the kernel that is chosen for `live` messages from those of one function.
///
/// # Panics
/// If there are no costs.
pub fn cheapest(costs: &[KernelCost], live: usize) -> &KernelCost {
    let key = |cost: &KernelCost| (cost.cycles, cost.lanes);
    let (first, others) = costs.split_first().expect("a function has kernels");
    others.iter().fold(first, |best, other| match costs_less(key(other), key(best), live) {
        true => other,
        false => best,
    })
}
