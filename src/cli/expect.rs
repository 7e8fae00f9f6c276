//! `hsum check FILE… --expect DIGEST`: are the files what somebody says they are?

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::engine::{self, HashOptions, HashProgress, HashedFile, Outcome, Source};
use hsum::notation::Expected;
use hsum::{Digest, HashFunction, Strength};

use super::check::{Manner, Report};
use super::convert::quote_digest;
use super::exit::{self, Exit, Usage};
use super::explain;
use super::output::{Output, WriteError};
use super::plan;
use super::print::{complain, complain_of};
use super::progress::{self, View};
use super::quote::quote;
use crate::cli::args::check::CheckArgs;

/// What a file should be.
#[derive(Clone)]
pub(super) struct Wanted {
    /// Each must match.
    pub(super) expected: Vec<Expected>,
    /// In bytes, where that is known.
    pub(super) size: Option<u64>,
}

/// Whether a digest will do that can be forged.
pub(super) enum Strong {
    Refused,
    Fine,
}

pub(super) fn run(args: &CheckArgs) -> Result<Exit> {
    let wanted = Wanted { expected: read_expected(args)?, size: None };
    let sources = plan::operands(&args.files)?;
    match judge(&wanted, args, None) {
        Strong::Refused => Ok(Exit::Failed),
        Strong::Fine => {
            compare(args, sources.into_iter().map(|source| (source, wanted.clone())).collect())
        }
    }
}

/// Says it where only MD5 or SHA-1 is known: of everything, or of the file called `name`.
pub(super) fn judge(wanted: &Wanted, args: &CheckArgs, name: Option<&Path>) -> Strong {
    let sound = |one: &Expected| one.strength() == Strength::Sound;
    if wanted.expected.iter().any(sound) {
        return Strong::Fine;
    }
    let weak = names(wanted.expected.iter().flat_map(Expected::hash_functions));
    let whose = name.map(|name| format!("{}: ", quote(name))).unwrap_or_default();
    if args.strong {
        complain(format_args!("{whose}{weak} alone is refused by --strong"));
        return Strong::Refused;
    }
    if Manner::new(args).report != Report::Nothing {
        complain(format_args!(
            "WARNING: {whose}{weak} alone protects against accidents, not against an attacker"
        ));
    }
    Strong::Fine
}

/// Reads each file once, and says whether it is what is wanted.
pub(super) fn compare(args: &CheckArgs, files: Vec<(Source, Wanted)>) -> Result<Exit> {
    let manner = Manner::new(args);
    let expected = files.iter().flat_map(|(_, wanted)| &wanted.expected);
    let mut functions: Vec<HashFunction> = expected.flat_map(Expected::hash_functions).collect();
    functions.sort();
    functions.dedup();
    let wanted: HashMap<PathBuf, Wanted> =
        files.iter().map(|(source, wanted)| (source.name().into(), wanted.clone())).collect();
    let sources = files.into_iter().map(|(source, _)| source);

    let mut output = Output::stdout()?;
    let mut all_well = true;
    let (directories, sources): (Vec<_>, Vec<_>) = sources.partition(is_directory);
    for directory in &directories {
        all_well = false;
        output.flush()?;
        complain(format_args!("{}: Is a directory", quote(directory.name())));
        verdict(&manner, directory.name(), "FAILED open or read", &mut output)?;
    }
    let mut plan = HashOptions::new(functions);
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    let progress = Arc::new(HashProgress::default());
    let survey = survey(plan.clone(), sources.clone());
    let view = View::start(args.work.progress, &progress, Some(survey));
    engine::run(&plan.progress(progress), sources, |outcome| {
        match view.suspend(|| print(&manner, &wanted, &outcome, &mut output)) {
            Ok(good) => all_well &= good,
            Err(error) => exit::exit_now(&error),
        }
        ControlFlow::Continue(())
    });
    drop(view);
    output.finish()?;
    Ok(if all_well { Exit::Success } else { Exit::Failed })
}

fn read_expected(args: &CheckArgs) -> Result<Vec<Expected>> {
    let read = args.expect.iter().map(|text| {
        Expected::parse(text, args.algorithm).map_err(|error| {
            Usage(format!("--expect {}: {error}", quote_digest(text.as_bytes()))).into()
        })
    });
    read.collect()
}

fn survey(
    plan: HashOptions,
    sources: Vec<Source>,
) -> impl FnOnce(&progress::Expected) -> ControlFlow<()> + Send {
    move |expected| engine::survey(&plan, sources, |size| expected.add(size))
}

fn is_directory(source: &Source) -> bool {
    matches!(source, Source::Path(path) if path.is_dir())
}

/// `MD5`, `MD5 and SHA1`.
fn names(functions: impl Iterator<Item = HashFunction>) -> String {
    let mut names: Vec<String> = functions.map(|function| function.tag().to_string()).collect();
    names.dedup();
    names.join(" and ")
}

/// Says what became of a file: whether it is the one.
fn print(
    manner: &Manner,
    wanted: &HashMap<PathBuf, Wanted>,
    outcome: &Outcome,
    output: &mut Output,
) -> Result<bool, WriteError> {
    let name = outcome.source.name();
    let hashed = match &outcome.result {
        Ok(hashed) => hashed,
        Err(error) => {
            output.flush()?;
            complain_of(name, error);
            verdict(manner, name, "FAILED open or read", output)?;
            return Ok(false);
        }
    };
    let wanted = &wanted[name];
    let size = wanted.size.filter(|size| *size != hashed.size);
    if size.is_none() && wanted.expected.iter().all(|one| one.is_met_by(&hashed.digests)) {
        if manner.report == Report::All {
            verdict(manner, name, "OK", output)?;
        }
        return Ok(true);
    }
    verdict(manner, name, "FAILED", output)?;
    if manner.report != Report::Nothing {
        output.flush()?;
        if let Some(size) = size {
            let (name, is) = (quote(name), hashed.size);
            complain(format_args!("{name}: {is} bytes, not the {size} that are listed"));
        }
        explain_mismatch(&wanted.expected, &outcome.source, hashed);
    }
    Ok(false)
}

fn verdict(
    manner: &Manner,
    name: &Path,
    verdict: &str,
    output: &mut Output,
) -> Result<(), WriteError> {
    match manner.report {
        Report::Nothing => Ok(()),
        _ => output.line(format!("{}: {verdict}\n", quote(name)).as_bytes()),
    }
}

fn explain_mismatch(expected: &[Expected], source: &Source, hashed: &HashedFile) {
    let name = quote(source.name());
    let mut wanted: Vec<Digest> = Vec::new();
    for one in expected.iter().filter(|one| !one.is_met_by(&hashed.digests)) {
        for is in
            hashed.digests.iter().filter(|is| one.hash_functions().contains(&is.hash_function()))
        {
            if one.contains(is) {
                continue;
            }
            let listed = one.digests().iter().filter(|d| d.hash_function() == is.hash_function());
            let listed: Vec<String> = listed.map(Digest::to_hex).collect();
            let tag = is.hash_function().tag();
            complain(format_args!("{name}: expected {tag} {}", listed.join(" or ")));
            complain(format_args!("{name}: got      {tag} {is} of {} bytes", hashed.size));
        }
        wanted.extend(one.digests());
    }
    let file: Option<PathBuf> = match source {
        Source::Path(path) => Some(path.clone()),
        Source::Stdin => None,
    };
    let reasons = match file {
        Some(path) => explain::file(&path, None, &wanted),
        None => explain::digests(&wanted),
    };
    for reason in reasons {
        complain(format_args!("{name}: {reason}"));
    }
}
