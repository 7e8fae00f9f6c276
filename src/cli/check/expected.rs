//! `hsum check FILE… --expect DIGEST`: verification against digests that the user gives.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::engine::{self, HashOptions, HashProgress, HashedFile, Outcome, Source};
use hsum::notation::Expected;
use hsum::{Digest, HashFunction, Strength};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::diagnose;
use crate::cli::check::report::{ReportOptions, complain_of_size};
use crate::cli::convert::quote_digest;
use crate::cli::exit::{self, Exit, Usage};
use crate::cli::output::{Output, WriteError};
use crate::cli::plan;
use crate::cli::print::{complain, complain_of};
use crate::cli::progress::{self, ProgressLine};
use crate::cli::quote::quote;

/// The expected contents of a file.
#[derive(Clone)]
pub(super) struct Expectation {
    /// Digests, which must all match.
    pub(super) digests: Vec<Expected>,
    /// The size in bytes, if known.
    pub(super) size: Option<u64>,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit> {
    let expectation = Expectation { digests: parse_digests(args)?, size: None };
    let sources = plan::operands(&args.files)?;
    if !accept_strength(&expectation, args, None) {
        return Ok(Exit::Failed);
    }
    compare(args, sources.into_iter().map(|source| (source, expectation.clone())).collect())
}

/// Returns `false` if all digests are weak and `--strong` refuses them; otherwise warns of them.
///
/// Messages begin with `name`, if given.
pub(super) fn accept_strength(
    expectation: &Expectation,
    args: &CheckArgs,
    name: Option<&Path>,
) -> bool {
    let is_sound = |digest: &Expected| digest.strength() == Strength::Sound;
    if expectation.digests.iter().any(is_sound) {
        return true;
    }
    let weak = tags(expectation.digests.iter().flat_map(Expected::hash_functions));
    let prefix = name.map(|name| format!("{}: ", quote(name))).unwrap_or_default();
    if args.strong {
        complain(format_args!("{prefix}{weak} alone is refused by --strong"));
        return false;
    }
    if ReportOptions::new(args).has_messages() {
        complain(format_args!(
            "WARNING: {prefix}{weak} alone protects against accidents, not against an attacker"
        ));
    }
    true
}

/// Reads each file once, and compares it with its expectation.
pub(super) fn compare(args: &CheckArgs, files: Vec<(Source, Expectation)>) -> Result<Exit> {
    let report = ReportOptions::new(args);
    let expected = files.iter().flat_map(|(_, expectation)| &expectation.digests);
    let mut functions: Vec<HashFunction> = expected.flat_map(Expected::hash_functions).collect();
    functions.sort();
    functions.dedup();
    let (sources, expectations): (Vec<Source>, HashMap<PathBuf, Expectation>) = files
        .into_iter()
        .map(|(source, expectation)| (source.clone(), (source.name().into(), expectation)))
        .unzip();

    let mut output = Output::stdout()?;
    let mut all_match = true;
    let (directories, sources): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_directory);
    for directory in &directories {
        all_match = false;
        output.flush()?;
        complain(format_args!("{}: Is a directory", quote(directory.name())));
        report.print_verdict(directory.name(), false, "FAILED open or read", &mut output)?;
    }
    let plan = plan::work(HashOptions::new(functions), &args.work);
    let progress = Arc::new(HashProgress::default());
    let survey = survey(plan.clone(), sources.clone());
    let view = ProgressLine::start(args.work.progress, &progress, Some(survey));
    engine::run(&plan.progress(progress), sources, |outcome| {
        match view.suspend(|| print(&report, &expectations, &outcome, &mut output)) {
            Ok(is_match) => all_match &= is_match,
            Err(error) => exit::exit_now(&error),
        }
        ControlFlow::Continue(())
    });
    drop(view);
    output.finish()?;
    Ok(if all_match { Exit::Success } else { Exit::Failed })
}

fn parse_digests(args: &CheckArgs) -> Result<Vec<Expected>> {
    let parsed = args.expect.iter().map(|text| {
        Expected::parse(text, args.algorithm).map_err(|error| {
            Usage(format!("--expect {}: {error}", quote_digest(text.as_bytes()))).into()
        })
    });
    parsed.collect()
}

fn survey(
    plan: HashOptions,
    sources: Vec<Source>,
) -> impl FnOnce(&progress::Totals) -> ControlFlow<()> + Send {
    move |expected| engine::survey(&plan, sources, |size| expected.add(size))
}

fn is_directory(source: &Source) -> bool {
    matches!(source, Source::Path(path) if path.is_dir())
}

/// Returns the tags of the algorithms, such as `MD5 and SHA1`.
fn tags(functions: impl Iterator<Item = HashFunction>) -> String {
    let mut tags: Vec<String> = functions.map(|function| function.tag().to_string()).collect();
    tags.dedup();
    tags.join(" and ")
}

/// Prints the result for a file, and returns `true` if the file is as expected.
fn print(
    report: &ReportOptions,
    expectations: &HashMap<PathBuf, Expectation>,
    outcome: &Outcome,
    output: &mut Output,
) -> Result<bool, WriteError> {
    let name = outcome.source.name();
    let hashed = match &outcome.result {
        Ok(hashed) => hashed,
        Err(error) => {
            output.flush()?;
            complain_of(name, error);
            report.print_verdict(name, false, "FAILED open or read", output)?;
            return Ok(false);
        }
    };
    let Expectation { digests, size } = &expectations[name];
    let wrong_size = size.filter(|size| *size != hashed.size);
    let is_match =
        wrong_size.is_none() && digests.iter().all(|digest| digest.is_met_by(&hashed.digests));
    report.print_verdict(name, is_match, if is_match { "OK" } else { "FAILED" }, output)?;
    if !is_match && report.has_messages() {
        output.flush()?;
        if let Some(expected) = wrong_size {
            complain_of_size(name, hashed.size, expected);
        }
        explain_mismatch(digests, &outcome.source, hashed);
    }
    Ok(is_match)
}

fn explain_mismatch(expected: &[Expected], source: &Source, hashed: &HashedFile) {
    let name = quote(source.name());
    let mut unmatched: Vec<Digest> = Vec::new();
    for expected in expected.iter().filter(|expected| !expected.is_met_by(&hashed.digests)) {
        for actual in hashed.digests.iter().filter(|actual| !expected.contains(actual)) {
            let function = actual.hash_function();
            let same_function = expected.digests().iter().filter(|d| d.hash_function() == function);
            let texts: Vec<String> = same_function.map(Digest::to_hex).collect();
            if !texts.is_empty() {
                let tag = function.tag();
                complain(format_args!("{name}: expected {tag} {}", texts.join(" or ")));
                complain(format_args!("{name}: got      {tag} {actual} of {} bytes", hashed.size));
            }
        }
        unmatched.extend(expected.digests());
    }
    let reasons = match source {
        Source::Path(path) => diagnose::file(path, None, &unmatched),
        Source::Stdin => diagnose::digests(&unmatched),
    };
    for reason in reasons {
        complain(format_args!("{name}: {reason}"));
    }
}
