//! `hsum bench --tune`: measures the cost of every kernel, and stores them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hsum::internals::{KERNEL_ALGORITHMS, KernelCase, KernelCost, cheapest, kernel_cases};

use crate::cli::exit::{Exit, Usage};
use crate::cli::json::Object;
use crate::cli::output::Output;
use crate::cli::print::file_error;
use crate::cli::quote::quote;
use crate::cli::tune_file;

/// The time to measure all kernels.
const TIME: Duration = Duration::from_secs(3);
/// The fewest runs of a kernel, on a machine so slow that `TIME` is too short for them.
const MIN_RUNS: usize = 3;
/// The bytes of each lane: all lanes together fit into an L2 cache of 512 KiB.
const LENGTH: usize = 4096;
/// The size of a page, or a divisor.
const PAGE: usize = 4096;
/// The fewest bytes of a run, which takes 10 to 100 µs.
const RUN: usize = 64 * 1024;
/// The most lanes of a kernel.
const MAX_LANES: usize = 64;
/// The most messages for which choices are compared.
const MAX_LIVE: usize = 64;
/// The relative difference from which a cost is reported as changed; a busy machine varies by less.
const CHANGE: f64 = 0.05;

pub(super) fn run(is_json: bool) -> Result<Exit> {
    let path = tune_file::path().ok_or_else(|| {
        Usage("--tune: no file to write to; set HSUM_TUNE to its path".to_owned())
    })?;
    let mut output = Output::stdout()?;
    let mut cases: Vec<KernelCase> = KERNEL_ALGORITHMS.into_iter().flat_map(kernel_cases).collect();
    let measured = measure(&mut cases);
    let built_in: Vec<KernelCost> = cases.iter().map(|case| case.cost).collect();
    tune_file::write(path.clone(), &measured).map_err(|error| file_error(&path, error))?;
    if is_json {
        for (old, new) in built_in.iter().zip(&measured) {
            let mut object = Object::new("kernel");
            object.set("algorithm", new.function).set("tier", new.tier.name());
            object.set("lanes", new.lanes).set("built_in_cycles", old.cycles);
            output.line(&object.set("cycles", new.cycles).line())?;
        }
        let mut summary = Object::summary("bench");
        output.line(&summary.path(&path).set("kernels", measured.len()).exit(0))?;
        output.finish().context("cannot report the costs")?;
        return Ok(Exit::Success);
    }
    let line = format!("Wrote the costs of {} kernels to {}.\n", measured.len(), quote(&path));
    output.line(line.as_bytes())?;
    output.bytes(changes(&built_in, &measured).as_bytes())?;
    output.finish().context("cannot report the costs")?;
    Ok(Exit::Success)
}

/// Measures the kernels in turns. The fastest run of each counts, as other processes only ever slow a run
/// down.
fn measure(cases: &mut [KernelCase]) -> Vec<KernelCost> {
    // Each lane begins a cache line further into its page than the one before.
    let data = vec![0x5a; PAGE + MAX_LANES * (LENGTH + 64)];
    let mut fastest = vec![f64::INFINITY; cases.len()];
    let mut cycle = f64::INFINITY;
    let start = Instant::now();
    for run in 0_usize.. {
        if run >= MIN_RUNS && start.elapsed() > TIME {
            break;
        }
        cycle = cycle.min(time_cycle());
        // Some kernels take longer at offsets within a page that their stack has, too.
        let lanes = &data[run * 320 % PAGE..];
        let lanes: Vec<&[u8]> = lanes.chunks_exact(LENGTH + 64).take(MAX_LANES).collect();
        for (case, fastest) in cases.iter_mut().zip(&mut fastest) {
            *fastest = fastest.min(time_block(case, &lanes));
        }
    }
    let cost = |(case, seconds): (&KernelCase, f64)| {
        let cycles = (seconds / cycle).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        KernelCost { cycles, ..case.cost }
    };
    cases.iter().zip(fastest).map(cost).collect()
}

/// Measures the seconds for one block in every lane.
fn time_block(case: &mut KernelCase, lanes: &[&[u8]]) -> f64 {
    let blocks = LENGTH / case.block_len;
    let lanes = &lanes[..case.cost.lanes];
    let inputs: Vec<&[u8]> = lanes.iter().map(|lane| &lane[..blocks * case.block_len]).collect();
    let calls = RUN.div_ceil(inputs.len() * LENGTH);
    (case.run)(&inputs);
    let start = Instant::now();
    (0..calls).for_each(|_| (case.run)(&inputs));
    start.elapsed().as_secs_f64() / (calls * blocks) as f64
}

/// Measures one cycle in seconds, with a chain of multiplications (3 cycles) and xors (1 cycle).
///
/// Costs are compared with each other, so another unit would do; cycles are comparable to the built-in
/// costs.
fn time_cycle() -> f64 {
    const STEPS: usize = 10_000;
    let mut x = 3u64;
    let start = Instant::now();
    for _ in 0..STEPS {
        x = x.wrapping_mul(6_364_136_223_846_793_005) ^ 1_442_695_040_888_963_407;
    }
    std::hint::black_box(x);
    start.elapsed().as_secs_f64() / (4 * STEPS) as f64
}

/// Returns a table of the kernels whose cost differs from the built-in one, and one of the choices that
/// differ.
fn changes(built_in: &[KernelCost], measured: &[KernelCost]) -> String {
    let mut text = String::new();
    for (old, new) in built_in.iter().zip(measured) {
        let change = f64::from(new.cycles) / f64::from(old.cycles) - 1.0;
        if change.abs() < CHANGE {
            continue;
        }
        if text.is_empty() {
            text = format!("\n{:20} {:>8} {:>8}  CHANGE\n", "COST OF", "BUILT IN", "MEASURED");
        }
        let (kernel, change) = (format!("{} {}", old.function, name(old)), change * 100.0);
        text += &format!("{kernel:20} {:8} {:8} {change:+6.0} %\n", old.cycles, new.cycles);
    }
    if text.is_empty() {
        text = "The costs are those built in, within 5 %.\n".into();
    }
    let mut rows = String::new();
    let of_one = |a: &KernelCost, b: &KernelCost| a.function == b.function;
    for (old, new) in built_in.chunk_by(of_one).zip(measured.chunk_by(of_one)) {
        // One message is hashed by the kernel that is built in for it.
        let choices: Vec<(usize, [String; 2])> = (2..=MAX_LIVE)
            .map(|live| (live, [old, new].map(|costs| name(cheapest(costs, live)))))
            .collect();
        let same = |a: &(usize, [String; 2]), b: &(usize, [String; 2])| a.1 == b.1;
        for range in choices.chunk_by(same).filter(|range| range[0].1[0] != range[0].1[1]) {
            let (first, [old_name, new_name]) = &range[0];
            let messages = match range.len() {
                1 => first.to_string(),
                count => format!("{first} to {}", first + count - 1),
            };
            rows += &row(old[0].function, &messages, old_name, new_name);
        }
    }
    match rows.is_empty() {
        true => text + "\nThe same kernels are chosen as before.\n",
        false => text + "\n" + &row("CHOICE FOR", "MESSAGES", "BUILT IN", "MEASURED") + &rows,
    }
}

fn row(function: &str, messages: &str, built_in: &str, measured: &str) -> String {
    format!("{function:10} {messages:9} {built_in:14} {measured}\n")
}

fn name(kernel: &KernelCost) -> String {
    format!("{} ×{}", kernel.tier, kernel.lanes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_costs_and_choices_are_listed() {
        use hsum::simd::Tier::{Avx2, ShaNi};
        let cost = |tier, lanes, cycles| KernelCost { function: "sha256", tier, lanes, cycles };
        let built_in = [cost(ShaNi, 1, 129), cost(ShaNi, 2, 139), cost(Avx2, 8, 990)];
        let measured = [cost(ShaNi, 1, 130), cost(ShaNi, 2, 139), cost(Avx2, 8, 495)];
        assert_eq!(
            changes(&built_in, &measured),
            "\n\
             COST OF              BUILT IN MEASURED  CHANGE\n\
             sha256 avx2 ×8            990      495    -50 %\n\
             \n\
             CHOICE FOR MESSAGES  BUILT IN       MEASURED\n\
             sha256     8 to 64   shani ×2       avx2 ×8\n"
        );
        assert_eq!(
            changes(&built_in, &built_in),
            "The costs are those built in, within 5 %.\n\nThe same kernels are chosen as before.\n"
        );
    }
}
