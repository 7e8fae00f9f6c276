//! `hsum keygen`: writes a random key.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use hsum::internals::{AtomicFile, encode_key};
use hsum::sign::KeyFormat;
use zeroize::Zeroizing;

use crate::cli::args::sign::KeygenArgs;
use crate::cli::exit::{Exit, as_setup_error};
use crate::cli::json::{Object, stopped};
use crate::cli::key::protect_memory;
use crate::cli::output::Output;
use crate::cli::print::file_error;
use crate::cli::quote::quote;
use crate::cli::sign::values::fill_random;

pub(crate) fn run(args: KeygenArgs) -> Result<Exit> {
    stopped::with_error("keygen", args.json, as_setup_error(keygen(&args)))
}

fn keygen(args: &KeygenArgs) -> Result<Exit> {
    protect_memory();
    let mut key = Zeroizing::new(vec![0; args.bytes as usize]);
    fill_random(&mut key)?;
    let text = encode_key(args.format, &key);
    let line_end: &[u8] = if args.format == KeyFormat::Raw { b"" } else { b"\n" };
    match &args.output {
        Some(path) => {
            // Never replaces an existing key, and is never readable by other users.
            let written = AtomicFile::create_new_private(path).and_then(|mut file| {
                file.write_all(&text)?;
                file.write_all(line_end)?;
                file.commit()
            });
            written.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    anyhow!(
                        "{}: a file of this name exists; remove it, or choose another",
                        quote(path)
                    )
                }
                _ => file_error(path, error),
            })?;
            if args.json {
                let mut object = Object::new("key");
                object.path(path).set("format", args.format.name()).set("bits", 8 * args.bytes);
                let mut output = Output::stdout()?;
                output.line(&object.line())?;
                output.line(&Object::summary("keygen").set("keys", 1).exit(0))?;
                output.finish()?;
            }
        }
        None => {
            let mut output = Output::stdout()?;
            output.bytes(&text)?;
            output.bytes(line_end)?;
            output.finish()?;
        }
    }
    Ok(Exit::Success)
}
