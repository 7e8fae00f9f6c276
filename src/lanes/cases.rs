//! Every kernel with a name, for benchmarks.

use crate::algorithm::Algorithm;
use crate::hasher::iterated::IteratedHash;
use crate::kernel::table::Kernel;
use crate::lanes::with_hash;

/// A kernel that a benchmark runs.
pub struct KernelCase {
    /// Algorithm, tier and lanes: `sha256/avx512/16`.
    pub name: String,
    /// The number of inputs that it takes.
    pub lanes: usize,
    /// Bytes of a block of one lane.
    pub block_len: usize,
    /// The code, which keeps its states.
    pub run: RunCase,
}

/// A function of one input per lane, all of one length, whole blocks.
pub type RunCase = Box<dyn FnMut(&[&[u8]])>;

/// Returns the kernels of an algorithm; `single` names the one that a lone stream gets.
pub fn kernel_cases(algorithm: Algorithm) -> Vec<KernelCase> {
    with_hash!(algorithm, |hash| cases(hash, algorithm)).unwrap_or_default()
}

fn cases<H: IteratedHash>(hash: &'static H, algorithm: Algorithm) -> Vec<KernelCase> {
    let case = |name: &str, kernel: &'static Kernel<H::Run>| {
        let mut states = vec![hash.initial(); kernel.lanes];
        let run = move |inputs: &[&[u8]]| {
            let mut units: [&[H::Unit]; 64] = [&[]; 64];
            for (units, input) in units.iter_mut().zip(inputs) {
                *units = hash.split(input).0;
            }
            hash.run(kernel, &mut states, &units[..inputs.len()]);
        };
        KernelCase {
            name: format!("{algorithm}/{name}/{}", kernel.lanes),
            lanes: kernel.lanes,
            block_len: hash.block_len(),
            run: Box::new(run),
        }
    };
    let kernels = hash.kernels();
    let all = kernels.all().iter().map(|kernel| case(kernel.tier.name(), kernel));
    [case("single", kernels.single())].into_iter().chain(all).collect()
}
