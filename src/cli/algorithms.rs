//! `hsum algorithms`: lists the algorithms, and the kernels that run them on this CPU.

use anyhow::Result;
use hsum::simd::{self, CostBasis, Tier};
use hsum::{Algorithm, Strength};

use crate::cli::args::machine::AlgorithmsArgs;
use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::output::Output;

pub(crate) fn run(args: AlgorithmsArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    if args.json {
        output.bytes(&if args.tiers { json_tiers() } else { json_algorithms() })?;
        output.finish()?;
        return Ok(Exit::Success);
    }
    output.bytes(if args.tiers { tiers() } else { table() }.as_bytes())?;
    output.finish()?;
    Ok(Exit::Success)
}

fn table() -> String {
    let mut text = "NAME        BITS    HMAC BLOCK  STANDARD            SIGNATURES\n".to_owned();
    let mut defaults = Vec::new();
    for algorithm in Algorithm::ALL {
        let (name, standard, default) =
            (algorithm.name(), algorithm.standard(), algorithm.default_len() * 8);
        let bits = match algorithm.has_variable_len() {
            true => {
                defaults.push(format!("{name} {default}"));
                format!("8-{}", algorithm.max_len() * 8)
            }
            false => default.to_string(),
        };
        let block = algorithm.block_len().map_or("-".into(), |bytes| (bytes * 8).to_string());
        let strength = match algorithm.strength() {
            Strength::Checksum => "none: a checksum",
            Strength::Broken => "broken: collisions are known",
            _ => "sound",
        };
        text += &format!("{name:11} {bits:7} {block:11} {standard:19} {strength}\n");
    }
    text + &format!(
        "\nA length in bits may follow the name: blake2b-256. The default lengths are\n\
         {}.\n\
         A broken algorithm is still secure in HMAC, and still detects accidental damage.\n\
         A checksum detects accidental damage only.\n",
        defaults.join(", ")
    )
}

fn json_algorithms() -> Vec<u8> {
    let mut text = Vec::new();
    for algorithm in Algorithm::ALL {
        let mut object = Object::new("algorithm");
        object.set("name", algorithm.name()).set("bits", algorithm.default_len() * 8);
        if algorithm.has_variable_len() {
            object.set("max_bits", algorithm.max_len() * 8);
        }
        object.set("hmac_block_bits", algorithm.block_len().map(|bytes| bytes * 8));
        let strength = match algorithm.strength() {
            Strength::Checksum => "checksum",
            Strength::Broken => "broken",
            _ => "sound",
        };
        object.set("standard", algorithm.standard());
        text.extend(object.set("strength", strength).line());
    }
    let mut summary = Object::summary("algorithms");
    text.extend(summary.set("algorithms", Algorithm::ALL.len()).exit(0));
    text
}

fn json_tiers() -> Vec<u8> {
    let mut text = Vec::new();
    let mut kernels = 0;
    for choice in simd::choices() {
        let mut object = Object::new("kernel");
        object.set("algorithm", choice.algorithm.name()).set("messages", choice.live);
        object.set("tier", choice.tier.name()).set("lanes", choice.lanes);
        object.set("cycles", choice.cycles).set("basis", choice.basis.to_string());
        text.extend(object.line());
        kernels += 1;
    }
    let mut summary = Object::summary("algorithms");
    summary.set("tiers", simd::tiers().map(Tier::name).collect::<Vec<_>>());
    text.extend(summary.set("kernels", kernels).exit(0));
    text
}

/// Returns a table of the kernels that run 1, 4, 16 and 64 messages at once.
fn tiers() -> String {
    let names: Vec<&str> = simd::tiers().map(|tier| tier.name()).collect();
    let mut text = format!("Tiers of this CPU, best first: {}.\n", names.join(", "));
    if let Ok(Some(tier)) = simd::forced() {
        text += &format!("HSUM_TIER restricts this run to {}.\n", tier.name());
    }
    text += "\nEach column shows the kernel for that many messages at once: its tier, its\n\
             lanes, and its cost in cycles for one block of one message. The cheapest is\n\
             chosen.\n\n";
    text += &bases();
    text.push('\n');
    let mut row = format!("{:11}", "NAME");
    for count in [1, 4, 16, 64] {
        row += &format!(" {:16}", format!("{count} AT ONCE"));
    }
    for algorithm in Algorithm::ALL {
        let mut choices = simd::choices().filter(|c| c.algorithm == *algorithm).peekable();
        if choices.peek().is_none() {
            continue;
        }
        text += row.trim_end();
        row = format!("\n{:11}", algorithm.name());
        for choice in choices {
            let share = f64::from(choice.cycles) / choice.lanes.min(choice.live) as f64;
            let kernel = format!("{} ×{} {share:.0}", choice.tier.name(), choice.lanes);
            row += &format!(" {kernel:16}");
        }
    }
    text + row.trim_end() + "\n"
}

/// Returns a line for each basis of the listed costs, with the tiers of its kernels.
fn bases() -> String {
    let mut bases: Vec<(CostBasis, Vec<Tier>)> = Vec::new();
    for choice in simd::choices() {
        match bases.iter_mut().find(|(basis, _)| *basis == choice.basis) {
            Some((_, tiers)) if tiers.contains(&choice.tier) => {}
            Some((_, tiers)) => tiers.push(choice.tier),
            None => bases.push((choice.basis, vec![choice.tier])),
        }
    }
    let line = |(basis, mut tiers): (CostBasis, Vec<Tier>)| {
        tiers.sort();
        let names: Vec<&str> = tiers.into_iter().map(Tier::name).collect();
        format!("Costs of {}: {basis}.\n", names.join(", "))
    };
    bases.into_iter().map(line).collect()
}
