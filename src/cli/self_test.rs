//! `hsum self-test`: tests the kernels of this build on this machine.

use anyhow::Result;
use hsum::simd::{self, KernelTest};

use crate::cli::args::machine::SelfTestArgs;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

pub(crate) fn run(_: SelfTestArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let results: Vec<KernelTest> = simd::self_test().collect();
    for tier in simd::tiers() {
        let of_tier = results.iter().filter(|result| result.tier == tier);
        let (passed, failed): (Vec<&KernelTest>, Vec<&KernelTest>) =
            of_tier.partition(|result| result.passed);
        if passed.len() + failed.len() == 0 {
            continue;
        }
        let mut line = format!("{tier}: {} kernels passed", passed.len());
        for (i, test) in failed.iter().enumerate() {
            let before = if i == 0 { ", FAILED: " } else { ", " };
            line += &format!("{before}{} on {} lanes", test.algorithm, test.lanes);
        }
        output.line(format!("{line}\n").as_bytes())?;
    }
    output.finish()?;
    Ok(if results.iter().all(|result| result.passed) { Exit::Success } else { Exit::Failed })
}
