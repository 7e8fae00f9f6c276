//! Printing digests and checksums.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use anyhow::Result;
use hsum::engine::{self, Next, Plan, Reading, Source};
use hsum::manifest::Terminator;
use hsum::{Error, HashFunction};

use super::super::exit::{self, Exit};
use super::super::output::{Output, WriteError};
use super::super::plan;
use super::super::print::{self, Form, complain, complain_of};
use super::legacy::{Checksum, Legacy, Running, hardware};
use super::options::{Print, What};

pub(super) fn run(what: What, print: Print, debug: bool, operands: Vec<OsString>) -> Result<Exit> {
    let mut output = Output::plain_stdout()?;
    if let (true, What::Legacy(Legacy::Crc | Legacy::Crc32b), Some(name)) =
        (debug, what, hardware())
    {
        complain(format_args!("using {name} hardware support"));
    }
    let named = !operands.is_empty();
    let sources: Vec<Source> = match named {
        true => operands.into_iter().map(|word| plan::source(&PathBuf::from(word))).collect(),
        false => vec![Source::Stdin],
    };
    let stdins = sources.iter().filter(|source| **source == Source::Stdin).count();
    // The second has what the first left, and so must wait for it.
    let threads = if stdins > 1 { Some(NonZeroUsize::MIN) } else { None };
    let all_well = match what {
        What::Digest(function) => digests(function, threads, sources, print, &mut output),
        What::Legacy(legacy) => checksums(legacy, threads, sources, print, named, &mut output),
    };
    output.finish()?;
    match (super::close_stdin(stdins > 0), all_well) {
        (Exit::Success, true) => Ok(Exit::Success),
        _ => Ok(Exit::Failed),
    }
}

/// What to do after a line: go on, if it could be written.
fn step(result: Result<(), WriteError>) -> ControlFlow<()> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => exit::exit_now(&error),
    }
}

/// Whether all files could be read.
fn digests(
    function: HashFunction,
    threads: Option<NonZeroUsize>,
    sources: Vec<Source>,
    print: Print,
    output: &mut Output,
) -> bool {
    let mut plan = Plan::new([function]).reading(Reading::Plain);
    if let Some(threads) = threads {
        plan = plan.threads(threads);
    }
    let form = match print {
        Print::Lines(style) => Form::Lines(style),
        Print::Raw => Form::Raw,
    };
    let summary =
        engine::run(&plan, sources, |outcome| step(print::outcome(&outcome, form, output)));
    summary.failed == 0
}

fn checksums(
    legacy: Legacy,
    threads: Option<NonZeroUsize>,
    sources: Vec<Source>,
    print: Print,
    named: bool,
    output: &mut Output,
) -> bool {
    let mut all_well = true;
    let mut show = |source: &Source, result: Result<Running, Error>, next| {
        match result {
            Ok(running) => checksum(&running.finish(), named.then_some(source), print, output)?,
            Err(error) => {
                all_well = false;
                output.flush()?;
                complain_of(source.name(), &error);
            }
        }
        if next == Next::Awaited { output.flush() } else { Ok(()) }
    };
    let mut plan = Plan::default().reading(Reading::Plain);
    if let Some(threads) = threads {
        plan = plan.threads(threads);
    }
    engine::fold(
        &plan,
        sources,
        || Running::new(legacy),
        Running::update,
        |source, result, next| step(show(&source, result, next)),
    );
    all_well
}

fn checksum(
    checksum: &Checksum,
    source: Option<&Source>,
    print: Print,
    output: &mut Output,
) -> Result<(), WriteError> {
    let Print::Lines(style) = print else { return output.bytes(&checksum.bytes()) };
    let mut line = checksum.text().into_bytes();
    if let Some(source) = source {
        line.push(b' ');
        line.extend_from_slice(source.name().as_os_str().as_bytes());
    }
    line.push(match style.terminator {
        Terminator::Newline => b'\n',
        Terminator::Nul => 0,
    });
    output.line(&line)
}
