//! `hsum [sum]`: prints the digests of files, trees and standard input.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::engine::{self, HashOptions, HashProgress, HashSummary, Source};

use crate::cli::args::shared::ReportArgs;
use crate::cli::args::sum::SumArgs;
use crate::cli::colour::Status;
use crate::cli::exit::{Exit, Usage};
use crate::cli::hints;
use crate::cli::input::{Names, announce_stdin};
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::cli::plan;
use crate::cli::print::{self, OutputFormat, complain};
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::signals::InterruptMessage;
use crate::cli::summary::{self, Summary};

pub(crate) fn run(args: SumArgs) -> Result<Exit> {
    let is_json = args.report.json;
    stopped::with_error("sum", is_json, sum(args))
}

fn sum(mut args: SumArgs) -> Result<Exit> {
    let fixed = args.output.iter_mut().chain(&mut args.files_from);
    plan::enter(args.directory.as_deref(), fixed)?;
    let functions = plan::functions(&args)?;
    let form = plan::form(&args, &functions);
    let mut plan = plan::engine(&args, &functions)?;
    let names = match &args.files_from {
        Some(list) => Some(Names::open(list, args.null)?),
        None => None,
    };
    let operands = match &names {
        Some(_) => args.paths.iter().map(|path| plan::source(path)).collect(),
        None => plan::operands(&args.paths)?,
    };
    if args.files_from.as_deref() == Some("-".as_ref()) && operands.contains(&Source::Stdin) {
        let text = "the names and the data cannot both be standard input";
        return Err(Usage(text.into()).into());
    }
    if form == OutputFormat::Raw {
        check_raw(&args, functions.len(), &operands)?;
    }
    let mut output = match &args.output {
        Some(path) if path != Path::new("-") => Output::replacing(path)?,
        _ => Output::stdout()?,
    };
    let interrupt_message = output
        .unwritten()
        .map(|file| InterruptMessage::new(move || complain(format_args!("interrupted: {file}"))));
    for file in output.files() {
        plan = plan.leave_out(file);
    }
    if operands.contains(&Source::Stdin) {
        announce_stdin();
    }
    let progress = Arc::new(HashProgress::default());
    // The names in a list are unknown until it is read.
    let survey = names.is_none().then(|| survey(plan.clone(), operands.clone()));
    let view = ProgressLine::start(args.report.progress(&args.work), &progress, survey);
    let plan = plan.progress(Arc::clone(&progress));
    let started = Instant::now();

    let mut failure = None;
    let broken = names.as_ref().map(|names| Arc::clone(&names.broken));
    let sources = operands.into_iter().chain(names.into_iter().flatten());
    let summary = hash(&plan, sources, form, args.report.quiet, &mut output, &view, &mut failure);
    let was_long = view.has_appeared();
    drop((view, interrupt_message));
    if let Some(error) = failure {
        return Err(error.into());
    }
    let broken = broken.and_then(|broken| Arc::into_inner(broken)?.into_inner());
    let failed = summary.failed > 0 || broken.is_some();
    let exit = if failed { Exit::Failed } else { Exit::Success };
    if form == OutputFormat::Json {
        let mut object = Object::summary("sum");
        object.set("files", summary.hashed).set("failed", summary.failed);
        object.set("skipped", summary.skipped).work(progress.bytes(), started.elapsed());
        output.line(&object.exit(exit.status()))?;
    }
    let unwritten = match failed && !args.partial {
        true => output.give_up()?,
        false => output.finish().map(|()| None)?,
    };
    if let (Some(list), Some(error)) = (&args.files_from, broken) {
        complain(format_args!("{}: {}", quote(list), ErrorKind::Io(error)));
    }
    if let Some(file) = unwritten {
        let why = "because some files could not be read; use --partial to write the list anyway";
        complain(format_args!("{file}, {why}"));
    }
    let is_empty = summary.hashed + summary.skipped == 0 && exit == Exit::Success;
    if is_empty && !args.report.quiet {
        complain(hints::no_files(&args));
    }
    let ReportArgs { quiet, verbose, json, color } = args.report;
    if summary::is_wanted(quiet, verbose, json) && (verbose || was_long) {
        let hashed = format!("hashed {}", summary::files(summary.hashed));
        let text = Summary::new(hashed).data(progress.bytes(), started.elapsed());
        let text = text.count(Status::Unreadable, summary.failed);
        text.count(Status::Skipped, summary.skipped).print(color);
    }
    Ok(exit)
}

fn hash(
    plan: &HashOptions,
    sources: impl Iterator<Item = Source> + Send,
    form: OutputFormat,
    quiet: bool,
    output: &mut Output,
    view: &ProgressLine,
    failure: &mut Option<WriteError>,
) -> HashSummary {
    engine::run(plan, sources, |outcome| {
        match view.suspend(|| print::outcome(&outcome, form, quiet, output)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                // End at once: the walk may wait for input that never comes.
                error.end_if_pipe_is_closed();
                *failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })
}

fn survey(
    plan: HashOptions,
    operands: Vec<Source>,
) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send {
    move |expected| engine::survey(&plan, operands, |size| expected.add(size))
}

/// Checks that `--raw` prints one digest: those of several files could not be told apart.
fn check_raw(args: &SumArgs, functions: usize, operands: &[Source]) -> Result<()> {
    let one_file = match operands {
        [Source::Stdin] => true,
        [Source::Path(path)] => !path.is_dir(),
        _ => false,
    };
    if functions == 1 && one_file && args.files_from.is_none() {
        return Ok(());
    }
    Err(Usage("--raw takes one file and one algorithm".into()).into())
}
