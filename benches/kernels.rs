//! Kernels by name, without padding and scheduling: cycles per call and block, bytes per cycle.
//!
//! `cargo bench --bench kernels -- [FILTER] [BYTES PER LANE]`, where the filter is a part of a
//! name such as `sha256/avx512/16`. The figures are the `cost` columns in `src/kernel`.
#![allow(dead_code, unused_imports, unreachable_pub, missing_docs)]

use std::time::Instant;

#[path = "../src/kernel/mod.rs"]
mod kernel;

use kernel::{Merkle, Word, keccak, md5::MD5, sha1::SHA1, sha256::SHA256, sha512::SHA512};

const RUNS: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let bench = Bench {
        filter: arguments.first().cloned().unwrap_or_default(),
        per_lane: arguments.get(1).map_or(16 * 1024, |n| n.parse().expect("bytes per lane")),
        cycle: cycle(),
    };
    println!("{:.3} GHz", 1e-9 / bench.cycle);
    println!("{:<22} {:>12} {:>10} {:>8}", "kernel", "cycles/block", "bytes/cyc", "GB/s");
    bench.merkle("md5", &MD5);
    bench.merkle("sha1", &SHA1);
    bench.merkle("sha256", &SHA256);
    bench.merkle("sha512", &SHA512);
    bench.keccak();
}

struct Bench {
    filter: String,
    per_lane: usize,
    /// In seconds.
    cycle: f64,
}

impl Bench {
    fn merkle<W: Word>(&self, name: &str, merkle: &Merkle<W>) {
        let data = vec![0x5a; 65 * (self.per_lane + 64)];
        let len = size_of::<W::Block>();
        let mut state = merkle.initial;
        let blocks = W::blocks(&data[..self.per_lane]).0;
        self.report(&format!("{name}/single/1"), 1, len, blocks.len(), || {
            merkle.compress(&mut state, blocks);
        });
        for kernel in merkle.core.lanes() {
            let mut states = vec![merkle.initial; kernel.lanes];
            let inputs: Vec<_> =
                lanes(&data, self.per_lane).take(kernel.lanes).map(|d| W::blocks(d).0).collect();
            let name = format!("{name}/{}/{}", kernel.tier.name(), kernel.lanes);
            self.report(&name, kernel.lanes, len, blocks.len(), || {
                (kernel.run)(&mut states, &inputs);
            });
        }
    }

    fn keccak(&self) {
        const RATE: usize = 136;
        let per_lane = self.per_lane / RATE * RATE;
        let data = vec![0x5a; 65 * (per_lane + 64)];
        let mut state = [1; 25];
        self.report("sha3-256/permute/1", 1, RATE, 100, || {
            (0..100).for_each(|_| keccak::permute(&mut state));
        });
        for kernel in keccak::lanes() {
            let mut states = vec![[0; 25]; kernel.lanes];
            let inputs: Vec<_> = lanes(&data, per_lane).take(kernel.lanes).collect();
            let name = format!("sha3-256/{}/{}", kernel.tier.name(), kernel.lanes);
            self.report(&name, kernel.lanes, RATE, per_lane / RATE, || {
                (kernel.run)(&mut states, RATE, &inputs);
            });
        }
    }

    /// The fastest of many runs: other processes only ever add.
    fn report(&self, name: &str, lanes: usize, block: usize, blocks: usize, mut run: impl FnMut()) {
        if !name.contains(&self.filter) {
            return;
        }
        // Enough of short calls for the clock.
        let calls = 65_536usize.div_ceil(lanes * block * blocks);
        let mut calls_of_run = || (0..calls).for_each(|_| run());
        let seconds = fastest(&mut calls_of_run) / calls as f64;
        let cycles = seconds / self.cycle / blocks as f64;
        let bytes = (lanes * block) as f64;
        let rate = bytes * blocks as f64 / seconds / 1e9;
        println!("{name:<22} {cycles:>12.1} {:>10.3} {rate:>8.2}", bytes / cycles);
    }
}

/// One piece of the data per lane, each a cache line further into its page than the last.
fn lanes(data: &[u8], per_lane: usize) -> impl Iterator<Item = &[u8]> {
    data.chunks_exact(per_lane + 64).map(move |lane| &lane[..per_lane])
}

fn fastest(run: &mut impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| time(run)).fold(f64::INFINITY, f64::min)
}

/// One cycle in seconds, by a chain of multiplications and exclusive ors, of 3 + 1 cycles each.
fn cycle() -> f64 {
    let mut x = 3u64;
    let mut chain = || {
        for _ in 0..10_000 {
            x = x.wrapping_mul(6_364_136_223_846_793_005) ^ 1_442_695_040_888_963_407;
        }
        std::hint::black_box(x);
    };
    fastest(&mut chain) / 40_000.0
}
