//! `hsum check`: are the files still what the lists say?

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::check::{self, Checked, Plan, Stdin, Summary, Verdict};
use hsum::engine::{Next, Progress};
use hsum::manifest::{Entry, Parser};

use super::args::CheckArgs;
use super::exit::{self, Exit};
use super::output::{Output, WriteError};
use super::plan;
use super::print::{complain, complain_of, plural};
use super::progress::{Expected, View};
use super::quote::quote;

/// What is printed, and what counts.
pub(super) struct Manner {
    pub(super) report: Report,
    pub(super) warn: Warn,
    /// Whether improperly formatted lines are failures.
    pub(super) strict: bool,
    pub(super) ignore_missing: bool,
}

/// What is printed of each file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    All,
    Failures,
    Nothing,
}

/// What is said of each improperly formatted line.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Warn {
    Never,
    WithReason,
    /// As GNU words it, with the latest tag of the list; this one where none counts.
    WithTag(&'static str),
}

impl Manner {
    fn new(args: &CheckArgs) -> Self {
        Self {
            report: match (args.status, args.quiet) {
                (true, _) => Report::Nothing,
                (_, true) => Report::Failures,
                _ => Report::All,
            },
            warn: if args.warn { Warn::WithReason } else { Warn::Never },
            strict: args.strict,
            ignore_missing: args.ignore_missing,
        }
    }
}

pub(crate) fn run(args: CheckArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let mut exit = Exit::Well;
    let stdin = [PathBuf::from("-")];
    let lists = if args.lists.is_empty() { &stdin[..] } else { &args.lists };
    for list in lists {
        // The list that cannot be read does not keep the others from being checked.
        match check_list(&args, list, &mut output) {
            Ok(Exit::Well) => {}
            Ok(Exit::Failed) => exit = Exit::Failed,
            Err(error) if error.is::<WriteError>() => return Err(error),
            Err(error) => {
                output.flush()?;
                complain(format_args!("{error:#}"));
                exit = Exit::Failed;
            }
        }
    }
    output.finish()?;
    Ok(exit)
}

fn check_list(args: &CheckArgs, path: &Path, output: &mut Output) -> Result<Exit> {
    let is_stdin = path == Path::new("-");
    let list: Box<dyn BufRead + Send> = match is_stdin {
        true => Box::new(BufReader::new(io::stdin())),
        false => Box::new(BufReader::new(plan::open(path)?)),
    };
    let title = if is_stdin { "'standard input'".into() } else { quote(path) };
    let mut plan = Plan::new().stdin(if is_stdin { Stdin::IsTheList } else { Stdin::Free });
    if let Some(function) = args.algorithm {
        plan = plan.untagged(function); // for the survey
    }
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    plan = plan.cache(plan::cache(&args.work));
    let progress = Arc::new(Progress::default());
    let survey = path.is_file().then(|| survey(plan.clone(), path.to_owned()));
    let view = View::start(args.work.progress, &progress, survey);
    let plan = plan.progress(progress);

    let manner = Manner::new(args);
    let mut parser = Parser::new();
    if let Some(function) = args.algorithm {
        parser = parser.untagged(function);
    }
    let result = verify(&plan, &mut parser, list, &title, &manner, output, Some(&view));
    drop(view);
    output.flush()?;
    let summary = match result {
        Ok(summary) => summary,
        Err(error) => {
            complain(format_args!("{title}: {}", ErrorKind::Io(error)));
            return Ok(Exit::Failed);
        }
    };
    Ok(summarize(&manner, &title, &summary))
}

/// Checks a list and prints what comes of it, but for the summary.
pub(super) fn verify(
    plan: &Plan,
    parser: &mut Parser,
    list: impl BufRead + Send,
    title: &str,
    manner: &Manner,
    output: &mut Output,
    view: Option<&View>,
) -> io::Result<Summary> {
    check::run_with(plan, parser, list, |checked| {
        let mut print = || print(manner, title, &checked, output);
        let printed = match view {
            Some(view) => view.suspend(print),
            None => print(),
        };
        if let Err(error) = printed {
            exit::at_once(&error);
        }
        ControlFlow::Continue(())
    })
}

fn survey(plan: Plan, list: PathBuf) -> impl FnOnce(&Expected) -> ControlFlow<()> + Send {
    move |expected| match std::fs::File::open(list) {
        Ok(list) => check::survey(&plan, BufReader::new(list), |size| expected.add(size)),
        Err(_) => ControlFlow::Break(()),
    }
}

fn print(
    manner: &Manner,
    title: &str,
    checked: &Checked,
    output: &mut Output,
) -> Result<(), WriteError> {
    let line = checked.line;
    match (&checked.entry, &checked.verdict, manner.warn) {
        (Some(entry), _, _) => print_entry(manner, entry, &checked.verdict, output)?,
        (None, Verdict::Malformed(bad), Warn::WithReason) => {
            output.flush()?;
            complain(format_args!("{title}: {line}: improperly formatted checksum line: {bad}"));
        }
        (None, _, Warn::WithTag(tag)) => {
            let tag = checked.tag.unwrap_or(tag);
            output.flush()?;
            complain(format_args!("{title}: {line}: improperly formatted {tag} checksum line"));
        }
        _ => {}
    }
    if checked.next == Next::Awaited { output.flush() } else { Ok(()) }
}

fn print_entry(
    manner: &Manner,
    entry: &Entry,
    verdict: &Verdict,
    output: &mut Output,
) -> Result<(), WriteError> {
    let good = matches!(verdict, Verdict::Match);
    match verdict {
        Verdict::Missing(_) if manner.ignore_missing => return Ok(()),
        Verdict::Missing(error) | Verdict::Unreadable(error) => {
            output.flush()?;
            complain_of(&entry.path, error);
        }
        _ => {}
    }
    if manner.report == Report::All || (manner.report == Report::Failures && !good) {
        output.line(format!("{}: {verdict}\n", quote(&entry.path)).as_bytes())?;
    }
    Ok(())
}

/// The warnings after a list, and whether it holds.
pub(super) fn summarize(manner: &Manner, title: &str, summary: &Summary) -> Exit {
    if summary.entries() == 0 {
        complain(format_args!("{title}: no properly formatted checksum lines found"));
        return Exit::Failed;
    }
    let missing = if manner.ignore_missing { 0 } else { summary.missing };
    let unreadable = summary.unreadable + missing;
    let nothing_verified = manner.ignore_missing && summary.matched == 0;
    if manner.report != Report::Nothing {
        for (count, one, many) in [
            (summary.malformed, "line is improperly formatted", "lines are improperly formatted"),
            (unreadable, "listed file could not be read", "listed files could not be read"),
            (
                summary.differed,
                "computed checksum did NOT match",
                "computed checksums did NOT match",
            ),
        ] {
            if count > 0 {
                complain(format_args!("WARNING: {}", plural(count, one, many)));
            }
        }
        if nothing_verified {
            complain(format_args!("{title}: no file was verified"));
        }
    }
    let malformed = if manner.strict { summary.malformed } else { 0 };
    match summary.differed + unreadable + malformed == 0 && summary.matched > 0 {
        true => Exit::Well,
        false => Exit::Failed,
    }
}
