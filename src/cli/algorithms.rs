//! `hsum algorithms`: the table, and which kernels run them here.

use anyhow::Result;
use hsum::{Algorithm, Strength, simd};

use super::args::AlgorithmsArgs;
use super::exit::Exit;
use super::output::Output;

pub(crate) fn run(args: AlgorithmsArgs) -> Result<Exit> {
    if args.tiers { tiers() } else { table() }
}

fn table() -> Result<Exit> {
    let mut output = Output::stdout()?;
    output.line(b"NAME        BITS    HMAC BLOCK  STANDARD            SIGNATURES\n")?;
    for algorithm in Algorithm::ALL {
        let bits = match algorithm.has_variable_len() {
            true => format!("8-{}", algorithm.max_len() * 8),
            false => (algorithm.default_len() * 8).to_string(),
        };
        let block = algorithm.block_len().map_or("-".into(), |bytes| (bytes * 8).to_string());
        let strength = match algorithm.strength() {
            Strength::Broken => "broken: collisions are known",
            Strength::Sound => "sound",
        };
        let line = format!(
            "{:11} {bits:7} {block:11} {:19} {strength}\n",
            algorithm.name(),
            algorithm.standard()
        );
        output.line(line.as_bytes())?;
    }
    let variable = Algorithm::ALL.iter().filter(|algorithm| algorithm.has_variable_len());
    let defaults = variable.map(|a| format!("{a} {}", a.default_len() * 8)).collect::<Vec<_>>();
    output.line(
        format!(
            "\nA length in bits may follow the name: blake2b-256. Without one: {}.\n\
             'broken' does not touch HMAC, nor finding accidental damage.\n",
            defaults.join(", ")
        )
        .as_bytes(),
    )?;
    output.finish()?;
    Ok(Exit::Well)
}

/// One line an algorithm: the kernel for 1, 4, 16 and 64 messages at once.
fn tiers() -> Result<Exit> {
    let mut output = Output::stdout()?;
    let names: Vec<&str> = simd::tiers().map(|tier| tier.name()).collect();
    output.line(format!("Tiers of this CPU, best first: {}.\n", names.join(", ")).as_bytes())?;
    if let Ok(Some(tier)) = simd::forced() {
        output.line(format!("HSUM_TIER restricts this run to {}.\n", tier.name()).as_bytes())?;
    }
    let known = if cfg!(target_arch = "x86_64") { "was measured" } else { "is estimated" };
    output.line(
        format!(
            "\nThe kernel that runs for so many messages at once: its tier, its lanes, and what it\n\
             {known} to cost, in cycles for one block of one message. The cheapest is chosen.\n\n"
        )
        .as_bytes(),
    )?;
    let live = [1, 4, 16, 64];
    let mut head = format!("{:11}", "NAME");
    for count in live {
        head += &format!(" {:20}", format!("{count} AT ONCE"));
    }
    output.line(format!("{}\n", head.trim_end()).as_bytes())?;
    for algorithm in Algorithm::ALL {
        let choices: Vec<_> = simd::choices().filter(|c| c.algorithm == *algorithm).collect();
        if choices.is_empty() {
            continue;
        }
        let mut line = format!("{:11}", algorithm.name());
        for choice in choices {
            let share = f64::from(choice.cycles) / choice.lanes.min(choice.live) as f64;
            let kernel = format!("{} ×{} {share:.0}", choice.tier.name(), choice.lanes);
            line += &format!(" {kernel:20}");
        }
        output.line(format!("{}\n", line.trim_end()).as_bytes())?;
    }
    output.finish()?;
    Ok(Exit::Well)
}
