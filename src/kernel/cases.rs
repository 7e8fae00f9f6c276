//! Every kernel with a name, for benchmarks.

use crate::kernel::functions::{KECCAK, MD5, Merkle, SHA1, SHA256, SHA512, permute};
use crate::kernel::word::Word;

/// A kernel that a benchmark runs.
pub struct KernelCase {
    /// Function, tier and lanes: `sha256/avx512/16`.
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

/// Returns every kernel of this CPU; `single` names the one that a lone stream gets.
pub fn kernel_cases() -> Vec<KernelCase> {
    let mut cases = Vec::new();
    add_cases(&mut cases, "md5", &MD5);
    add_cases(&mut cases, "sha1", &SHA1);
    add_cases(&mut cases, "sha256", &SHA256);
    add_cases(&mut cases, "sha512", &SHA512);
    const RATE: usize = 136;
    let mut state = [1; 25];
    cases.push(KernelCase {
        name: "sha3-256/permute/1".into(),
        lanes: 1,
        block_len: RATE,
        run: Box::new(move |inputs| {
            (0..inputs[0].len() / RATE).for_each(|_| permute(&mut state));
        }),
    });
    for kernel in KECCAK.all() {
        let mut states = vec![[0; 25]; kernel.lanes];
        cases.push(KernelCase {
            name: format!("sha3-256/{}/{}", kernel.tier.name(), kernel.lanes),
            lanes: kernel.lanes,
            block_len: RATE,
            run: Box::new(move |inputs| (kernel.run)(&mut states, RATE, inputs)),
        });
    }
    cases
}

fn add_cases<W: Word>(cases: &mut Vec<KernelCase>, name: &str, merkle: &'static Merkle<W>) {
    let block_len = size_of::<W::Block>();
    let mut state = merkle.initial;
    cases.push(KernelCase {
        name: format!("{name}/single/1"),
        lanes: 1,
        block_len,
        run: Box::new(move |inputs| merkle.compress(&mut state, W::blocks(inputs[0]).0)),
    });
    for kernel in merkle.kernels.all() {
        let mut states = vec![merkle.initial; kernel.lanes];
        cases.push(KernelCase {
            name: format!("{name}/{}/{}", kernel.tier.name(), kernel.lanes),
            lanes: kernel.lanes,
            block_len,
            run: Box::new(move |inputs| {
                let mut blocks: [&[W::Block]; 64] = [&[]; 64];
                for (blocks, input) in blocks.iter_mut().zip(inputs) {
                    *blocks = W::blocks(input).0;
                }
                (kernel.run)(&mut states, &blocks[..inputs.len()]);
            }),
        });
    }
}
