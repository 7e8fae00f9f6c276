//! Kernels by name, without padding and scheduling: cycles per call and block, bytes per cycle.
//!
//! `cargo bench --bench kernels -- [FILTER] [BYTES PER LANE]`, where the filter is a part of a
//! name such as `sha256/avx512/16`. The tables of kernels in `src/kernel/simd` use these figures.

use std::time::Instant;

use hsum::internals::{KERNEL_ALGORITHMS, KernelCase, kernel_cases, single_case};

const RUNS: usize = 200;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let filter = arguments.first().map_or("", String::as_str);
    let per_lane = arguments.get(1).map_or(16 * 1024, |n| n.parse().expect("bytes per lane"));
    let cycle = cycle();
    println!("{:.3} GHz", 1e-9 / cycle);
    println!("{:<22} {:>12} {:>10} {:>8}", "kernel", "cycles/block", "bytes/cyc", "GB/s");
    let of = |algorithm| single_case(algorithm).into_iter().chain(kernel_cases(algorithm));
    let cases = KERNEL_ALGORITHMS.into_iter().flat_map(of);
    for case in cases.filter(|case| case.name.contains(filter)) {
        report(case, per_lane, cycle);
    }
}

/// Prints the fastest of many runs: other processes only ever slow a run down.
fn report(mut case: KernelCase, per_lane: usize, cycle: f64) {
    let blocks = per_lane / case.block_len;
    let len = blocks * case.block_len;
    // Each lane begins a cache line further into its page than the one before.
    let data = vec![0x5a; 65 * (len + 64)];
    let lanes = data.chunks_exact(len + 64).take(case.cost.lanes);
    let inputs: Vec<&[u8]> = lanes.map(|lane| &lane[..len]).collect();
    // Short calls are repeated, because the clock is too coarse for one of them.
    let calls = 65_536_usize.div_ceil(case.cost.lanes * len);
    let mut run = || (0..calls).for_each(|_| (case.run)(&inputs));
    let seconds = fastest(&mut run) / calls as f64;
    let cycles = seconds / cycle / blocks as f64;
    let bytes = (case.cost.lanes * case.block_len) as f64;
    let rate = bytes * blocks as f64 / seconds / 1e9;
    println!("{:<22} {cycles:>12.1} {:>10.3} {rate:>8.2}", case.name, bytes / cycles);
}

fn fastest(run: &mut impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(|_| time(run)).fold(f64::INFINITY, f64::min)
}

/// Measures one cycle in seconds, with a chain of multiplications (3 cycles) and xors (1 cycle).
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
