//! `hsum keygen`: a key from the system's generator.

use std::io::Write;

use anyhow::{Result, anyhow};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use hsum::ErrorKind;
use hsum::atomic::AtomicFile;
use zeroize::Zeroizing;

use super::untried;
use crate::cli::args::{KeygenArgs, KeygenFormat};
use crate::cli::exit::Exit;
use crate::cli::key::protect_memory;
use crate::cli::output::Output;
use crate::cli::quote::quote;

pub(crate) fn run(args: KeygenArgs) -> Result<Exit> {
    untried(keygen(&args))
}

fn keygen(args: &KeygenArgs) -> Result<Exit> {
    protect_memory();
    let mut key = Zeroizing::new(vec![0; args.bytes as usize]);
    getrandom::fill(&mut key).map_err(|error| anyhow!("no random numbers: {error}"))?;
    let text = Zeroizing::new(match args.format {
        KeygenFormat::Raw => key.to_vec(),
        KeygenFormat::Hex => format!("{}\n", hex::encode(&*key)).into_bytes(),
        KeygenFormat::Base64 => format!("{}\n", Base64::encode_string(&key)).into_bytes(),
        KeygenFormat::Base64url => {
            format!("{}\n", Base64UrlUnpadded::encode_string(&key)).into_bytes()
        }
        KeygenFormat::Whsec => format!("whsec_{}\n", Base64::encode_string(&key)).into_bytes(),
    });
    match &args.output {
        Some(path) => {
            // Never over another key, and never for a moment readable by others.
            let written = AtomicFile::create_new_private(path).and_then(|mut file| {
                file.write_all(&text)?;
                file.commit()
            });
            written.map_err(|error| anyhow!("{}: {}", quote(path), ErrorKind::Io(error)))?;
        }
        None => {
            let mut output = Output::stdout()?;
            output.bytes(&text)?;
            output.finish()?;
        }
    }
    Ok(Exit::Well)
}
