//! Every kernel with a name, for benchmarks.

use crate::algorithm::{Algorithm, Core};
use crate::kernel::table::Kernel;
use crate::lanes::family::Family;

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
    match &algorithm.spec().core {
        Core::Narrow(merkle) => cases(*merkle, algorithm),
        Core::Wide(merkle) => cases(*merkle, algorithm),
        Core::Sponge(sponge) => cases(sponge, algorithm),
        Core::External(_) => Vec::new(),
    }
}

fn cases<F: Family>(family: &'static F, algorithm: Algorithm) -> Vec<KernelCase> {
    let case = |name: &str, kernel: &'static Kernel<F::Run>| {
        let mut states = vec![family.initial(); kernel.lanes];
        let run = move |inputs: &[&[u8]]| {
            let mut units: [&[F::Unit]; 64] = [&[]; 64];
            for (units, input) in units.iter_mut().zip(inputs) {
                *units = family.split(input).0;
            }
            family.run(kernel, &mut states, &units[..inputs.len()]);
        };
        KernelCase {
            name: format!("{algorithm}/{name}/{}", kernel.lanes),
            lanes: kernel.lanes,
            block_len: family.block_len(),
            run: Box::new(run),
        }
    };
    let kernels = family.kernels();
    let all = kernels.all().iter().map(|kernel| case(kernel.tier.name(), kernel));
    [case("single", kernels.single())].into_iter().chain(all).collect()
}
