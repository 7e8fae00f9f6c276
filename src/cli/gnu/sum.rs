//! Computes and prints digests and checksums.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::Result;
use hsum::Error;
use hsum::engine::{self, HashOptions, NextOutcome, Outcome, ReadPolicy, Source};
use hsum::manifest::Terminator;

use crate::cli::exit::{self, Exit};
use crate::cli::gnu::legacy::{Checksum, Checksummer, Legacy, hardware};
use crate::cli::gnu::options::SumFunction;
use crate::cli::output::{Output, WriteError};
use crate::cli::plan;
use crate::cli::print::{self, OutputFormat, complain, complain_of};

pub(super) fn run(
    function: SumFunction,
    form: OutputFormat,
    debug: bool,
    operands: Vec<OsString>,
) -> Result<Exit> {
    let mut output = Output::plain_stdout()?;
    if let (true, SumFunction::Legacy(Legacy::Crc | Legacy::Crc32b), Some(name)) =
        (debug, function, hardware())
    {
        complain(format_args!("using {name} hardware support"));
    }
    let has_names = !operands.is_empty();
    let sources: Vec<Source> = match has_names {
        true => operands.into_iter().map(|word| plan::source(&PathBuf::from(word))).collect(),
        false => vec![Source::Stdin],
    };
    let digest = match function {
        SumFunction::Digest(digest) => Some(digest),
        SumFunction::Legacy(_) => None,
    };
    let mut options =
        HashOptions::new(digest).policy(ReadPolicy::Plain).reading(plan::reading(false));
    if sources.iter().filter(|source| **source == Source::Stdin).count() > 1 {
        // The first `-` must read standard input to its end before the second one starts.
        options = options.threads(NonZeroUsize::MIN);
    }
    let success = match function {
        SumFunction::Digest(_) => {
            let report =
                |outcome: Outcome| proceed(print::outcome(&outcome, form, false, &mut output));
            engine::run(&options, sources, report).failed == 0
        }
        SumFunction::Legacy(legacy) => {
            checksums(legacy, &options, sources, form, has_names, &mut output)
        }
    };
    output.finish()?;
    Ok(if success { Exit::Success } else { Exit::Failed })
}

/// Continues after a successful write; otherwise ends the program.
fn proceed(result: Result<(), WriteError>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => exit::exit_now(&error),
    }
}

/// Prints the checksums; returns `false` if a file could not be read.
fn checksums(
    legacy: Legacy,
    options: &HashOptions,
    sources: Vec<Source>,
    form: OutputFormat,
    has_names: bool,
    output: &mut Output,
) -> bool {
    let mut success = true;
    let mut print = |source: &Source, result: Result<Checksummer, Error>, next| {
        match result {
            Ok(checksummer) => {
                let name = has_names.then(|| source.name().as_os_str().as_bytes());
                print_checksum(&checksummer.finish(), name, form, output)?;
            }
            Err(error) => {
                success = false;
                output.flush()?;
                complain_of(source.name(), &error);
            }
        }
        if next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
    };
    engine::fold(
        options,
        sources,
        || Checksummer::new(legacy),
        Checksummer::update,
        |source, result, next| proceed(print(&source, result, next)),
    );
    success
}

fn print_checksum(
    checksum: &Checksum,
    name: Option<&[u8]>,
    form: OutputFormat,
    output: &mut Output,
) -> Result<(), WriteError> {
    let OutputFormat::Lines(style) = form else { return output.bytes(&checksum.bytes()) };
    let mut line = checksum.text().into_bytes();
    if let Some(name) = name {
        line.push(b' ');
        line.extend_from_slice(name);
    }
    line.push(match style.terminator {
        Terminator::Newline => b'\n',
        Terminator::Nul => 0,
    });
    output.line(&line)
}
