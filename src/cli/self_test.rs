//! `hsum self-test`: tests the kernels of this build on this machine.

use anyhow::Result;
use hsum::simd::{self, KernelTest};

use crate::cli::args::machine::SelfTestArgs;
use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::Output;

pub(crate) fn run(args: SelfTestArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let results: Vec<KernelTest> = simd::self_test().collect();
    let is_passed = results.iter().all(|result| result.passed);
    let exit = if is_passed { Exit::Success } else { Exit::Failed };
    if args.json {
        output.bytes(&json(&results, exit))?;
        output.finish()?;
        return Ok(exit);
    }
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
    Ok(exit)
}

fn json(results: &[KernelTest], exit: Exit) -> Vec<u8> {
    let mut text = Vec::new();
    for test in results {
        let mut object = Object::new("kernel");
        object.set("status", if test.passed { "OK" } else { "FAILED" });
        object.set("tier", test.tier.name()).set("algorithm", test.algorithm.name());
        object.set("lanes", test.lanes);
        if !test.passed {
            object.problem("mismatch", "a digest differs from the known answer");
        }
        text.extend(object.line());
    }
    let failed = results.iter().filter(|test| !test.passed).count();
    let mut summary = Object::summary("self-test");
    summary.set("kernels", results.len()).set("failed", failed);
    text.extend(summary.exit(exit.status()));
    text
}
