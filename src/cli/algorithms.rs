//! `hsum algorithms`: the table.

use anyhow::Result;
use hsum::{Algorithm, Strength};

use super::exit::Exit;
use super::output::Output;

pub(crate) fn run() -> Result<Exit> {
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
