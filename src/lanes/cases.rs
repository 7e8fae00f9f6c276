//! Every kernel with a name, for benchmarks and tuning.

use crate::algorithm::Algorithm;
use crate::hasher::iterated::IteratedHash;
use crate::kernel::table::Kernel;
use crate::kernel::tuning::KernelCost;
use crate::lanes::with_hash;

/// One algorithm for each compression function with kernels.
pub const KERNEL_ALGORITHMS: [Algorithm; 5] =
    [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512, Algorithm::Sha3_256];

/// A kernel that a benchmark runs.
pub struct KernelCase {
    /// Algorithm, tier and lanes: `sha256/avx512/16`.
    pub name: String,
    /// The built-in cost.
    pub cost: KernelCost,
    /// Bytes of a block of one lane.
    pub block_len: usize,
    /// The code, which keeps its states.
    pub run: RunCase,
}

/// A function of one input per lane, all of one length, whole blocks.
pub type RunCase = Box<dyn FnMut(&[&[u8]])>;

/// Returns the kernels of an algorithm.
pub fn kernel_cases(algorithm: Algorithm) -> Vec<KernelCase> {
    let cases = with_hash!(algorithm, |hash| {
        let kernels = hash.kernels().built_in().iter();
        kernels.map(|kernel| case(hash, algorithm, kernel.tier.name(), kernel)).collect()
    });
    cases.unwrap_or_default()
}

/// Returns the kernel that a lone stream gets, with `single` in place of the tier.
pub fn single_case(algorithm: Algorithm) -> Option<KernelCase> {
    with_hash!(algorithm, |hash| case(hash, algorithm, "single", hash.kernels().single()))
}

/// Returns the built-in costs of every kernel that this CPU can run.
pub fn built_in_costs() -> Vec<KernelCost> {
    KERNEL_ALGORITHMS.into_iter().flat_map(kernel_cases).map(|case| case.cost).collect()
}

fn case<H: IteratedHash>(
    hash: &'static H,
    algorithm: Algorithm,
    tier: &str,
    kernel: &'static Kernel<H::Run>,
) -> KernelCase {
    let Kernel { tier: of, lanes, cost, .. } = *kernel;
    let mut states = vec![hash.initial(); lanes];
    let run = move |inputs: &[&[u8]]| {
        let mut units: [&[H::Unit]; 64] = [&[]; 64];
        for (units, input) in units.iter_mut().zip(inputs) {
            *units = hash.split(input).0;
        }
        hash.run(kernel, &mut states, &units[..inputs.len()]);
    };
    let function = hash.kernels().name;
    KernelCase {
        name: format!("{algorithm}/{tier}/{lanes}"),
        cost: KernelCost { function, tier: of, lanes, cycles: cost.cycles },
        block_len: hash.block_len(),
        run: Box::new(run),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_algorithm_for_each_function() {
        let function = |algorithm: Algorithm| with_hash!(algorithm, |hash| hash.kernels().name);
        for &algorithm in Algorithm::ALL {
            let same = KERNEL_ALGORITHMS.iter().filter(|of| function(**of) == function(algorithm));
            assert_eq!(same.count(), usize::from(function(algorithm).is_some()), "{algorithm}");
        }
    }
}
