//! `hsum check FILE… --expect DIGEST`: verification against digests that the user gives.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::engine::{self, HashOptions, HashProgress, HashedFile, Outcome, Source};
use hsum::manifest::BadLine;
use hsum::notation::Expected;
use hsum::{Digest, HashFunction, Strength};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::diagnose;
use crate::cli::check::report::{Report, ReportOptions};
use crate::cli::check::result::{FileResult, Verdict, add_mismatch};
use crate::cli::colour::Status;
use crate::cli::convert::quote_digest;
use crate::cli::exit::{self, Exit, Usage};
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::complain;
use crate::cli::progress::{self, ProgressLine};
use crate::cli::quote::quote;

/// The expected contents of a file.
#[derive(Clone)]
pub(super) struct Expectation {
    /// Digests, which must all match.
    pub(super) digests: Vec<Expected>,
    /// The size in bytes, if known.
    pub(super) size: Option<u64>,
    /// The checksum file that the digests are from.
    pub(super) list: Option<String>,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit> {
    let expectation = Expectation { digests: parse_digests(args)?, size: None, list: None };
    let sources = plan::operands(&args.files)?;
    let mut report = Report::new(args)?;
    if let Err(text) = accept_strength(&expectation, args, None) {
        for source in &sources {
            report.error(source.name(), BadLine::Weak.reason(), &text)?;
        }
        return report.finish(Exit::Failed);
    }
    let files = sources.into_iter().map(|source| (source, expectation.clone())).collect();
    compare(args, report, files, Exit::Success)
}

/// Warns if all digests are weak.
///
/// Messages begin with `name`, if given.
///
/// # Errors
/// The reason, if `--strong` refuses the digests.
pub(super) fn accept_strength(
    expectation: &Expectation,
    args: &CheckArgs,
    name: Option<&Path>,
) -> Result<(), String> {
    let is_sound = |digest: &Expected| digest.strength() == Strength::Sound;
    if expectation.digests.iter().any(is_sound) {
        return Ok(());
    }
    let weak = tags(expectation.digests.iter().flat_map(Expected::hash_functions));
    let prefix = name.map(|name| format!("{}: ", quote(name))).unwrap_or_default();
    let (is, protects) =
        if weak.contains(" and ") { ("are", "protect") } else { ("is", "protects") };
    if args.strong {
        let text = format!("{weak} alone {is} refused by --strong");
        complain(format_args!("{prefix}{text}"));
        return Err(text);
    }
    if ReportOptions::new(args).has_messages() {
        complain(format_args!(
            "WARNING: {prefix}{weak} alone {protects} against accidents, not against an attacker"
        ));
    }
    Ok(())
}

/// Reads each file once, and compares it with its expectation; `exit` is the status so far.
pub(super) fn compare(
    args: &CheckArgs,
    mut report: Report,
    files: Vec<(Source, Expectation)>,
    mut exit: Exit,
) -> Result<Exit> {
    let expected = files.iter().flat_map(|(_, expectation)| &expectation.digests);
    let mut functions: Vec<HashFunction> = expected.flat_map(Expected::hash_functions).collect();
    functions.sort();
    functions.dedup();
    let (sources, expectations): (Vec<Source>, HashMap<PathBuf, Expectation>) = files
        .into_iter()
        .map(|(source, expectation)| (source.clone(), (source.name().into(), expectation)))
        .unzip();

    let (directories, sources): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_directory);
    for directory in &directories {
        exit = Exit::Failed;
        let (name, verdict) = (directory.name(), Verdict::Directory);
        report.file(&FileResult { name, verdict, size: None }, |_| ())?;
    }
    let plan = plan::work(HashOptions::new(functions), &args.work);
    let progress = Arc::new(HashProgress::default());
    let survey = survey(plan.clone(), sources.clone());
    let view = ProgressLine::start(args.progress(), &progress, Some(survey));
    engine::run(&plan.progress(progress), sources, |outcome| {
        match view.suspend(|| print(&mut report, &expectations, &outcome)) {
            Ok(true) => {}
            Ok(false) => exit = Exit::Failed,
            Err(error) => exit::exit_now(&error),
        }
        ControlFlow::Continue(())
    });
    drop(view);
    report.finish(exit)
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
    report: &mut Report,
    expectations: &HashMap<PathBuf, Expectation>,
    outcome: &Outcome,
) -> Result<bool, WriteError> {
    let name = outcome.source.name();
    let Expectation { digests, size: expected, list } = &expectations[name];
    let verdict = match &outcome.result {
        Err(error) => Verdict::Unread(error),
        Ok(HashedFile { size, .. }) if expected.is_some_and(|expected| expected != *size) => {
            Verdict::WrongSize { size: *size, expected: expected.unwrap_or_default() }
        }
        Ok(hashed) if digests.iter().all(|d| d.is_met_by(&hashed.digests)) => Verdict::Match,
        Ok(_) => Verdict::Mismatch,
    };
    let is_match = verdict.status() == Status::Ok;
    let size = outcome.result.as_ref().ok().map(|hashed| hashed.size);
    report.file(&FileResult { name, verdict, size }, |object| {
        if let Some(list) = list {
            object.set("list", list);
        }
        match &outcome.result {
            Ok(hashed) if is_match => {
                object.digests(&hashed.digests);
            }
            Ok(hashed) => {
                if let Some((expected, got)) = mismatches(digests, hashed).next() {
                    add_mismatch(object, &expected[0], &got);
                }
            }
            Err(_) => {}
        }
    })?;
    if let Ok(hashed) = &outcome.result
        && !is_match
        && report.options().has_messages()
    {
        report.flush()?;
        explain_mismatch(digests, &outcome.source, hashed);
    }
    Ok(is_match)
}

/// Returns the digests of a file that differ, each with the expected ones of the same algorithm.
fn mismatches(
    expected: &[Expected],
    hashed: &HashedFile,
) -> impl Iterator<Item = (Vec<Digest>, Digest)> {
    let unmet = expected.iter().filter(|expected| !expected.is_met_by(&hashed.digests));
    unmet.flat_map(|expected| {
        let unexpected = hashed.digests.iter().filter(|actual| !expected.contains(actual));
        unexpected.filter_map(|actual| {
            let is_same = |d: &&Digest| d.hash_function() == actual.hash_function();
            let wanted: Vec<Digest> = expected.digests().iter().filter(is_same).copied().collect();
            (!wanted.is_empty()).then_some((wanted, *actual))
        })
    })
}

fn explain_mismatch(expected: &[Expected], source: &Source, hashed: &HashedFile) {
    let name = quote(source.name());
    for (wanted, actual) in mismatches(expected, hashed) {
        let texts: Vec<String> = wanted.iter().map(Digest::to_string).collect();
        let tag = actual.hash_function().tag();
        complain(format_args!("{name}: expected {tag} {}", texts.join(" or ")));
        complain(format_args!("{name}: got      {tag} {actual} of {} bytes", hashed.size));
    }
    let unmet = expected.iter().filter(|expected| !expected.is_met_by(&hashed.digests));
    let unmatched: Vec<Digest> = unmet.flat_map(Expected::digests).copied().collect();
    let reasons = match source {
        Source::Path(path) => diagnose::file(path, None, &unmatched),
        Source::Stdin => diagnose::digests(&unmatched),
    };
    for reason in reasons {
        complain(format_args!("{name}: {reason}"));
    }
}
