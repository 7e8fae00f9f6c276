//! `hsum check`: are the files still what the lists say?

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::ErrorKind;
use hsum::check::{self, Checked, Plan, Stdin, Summary, Verdict};
use hsum::engine::Progress;

use super::args::CheckArgs;
use super::exit::Exit;
use super::output::{Output, WriteError};
use super::plan;
use super::print::{complain, complain_of, plural};
use super::progress::{Expected, View};
use super::quote::quote;

/// What is printed of each file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Report {
    All,
    Failures,
    Nothing,
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
        plan = plan.untagged(function);
    }
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    let progress = Arc::new(Progress::default());
    let survey = path.is_file().then(|| survey(plan.clone(), path.to_owned()));
    let view = View::start(args.work.progress, &progress, survey);
    let plan = plan.progress(progress);

    let mut failure = None;
    let result = check::run(&plan, list, |checked| {
        match view.suspend(|| print(args, &title, &checked, output)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                error.die_if_nobody_reads();
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    drop(view);
    if let Some(error) = failure {
        return Err(error.into());
    }
    output.flush()?;
    let summary = match result {
        Ok(summary) => summary,
        Err(error) => {
            complain(format_args!("{title}: {}", ErrorKind::Io(error)));
            return Ok(Exit::Failed);
        }
    };
    Ok(summarize(args, &title, &summary))
}

fn survey(plan: Plan, list: PathBuf) -> impl FnOnce(&Expected) -> ControlFlow<()> + Send {
    move |expected| match std::fs::File::open(list) {
        Ok(list) => check::survey(&plan, BufReader::new(list), |size| expected.add(size)),
        Err(_) => ControlFlow::Break(()),
    }
}

fn print(
    args: &CheckArgs,
    title: &str,
    checked: &Checked,
    output: &mut Output,
) -> Result<(), WriteError> {
    let Some(entry) = &checked.entry else {
        if let (true, Verdict::Malformed(bad)) = (args.warn, &checked.verdict) {
            output.flush()?;
            complain(format_args!(
                "{title}: {}: improperly formatted checksum line: {bad}",
                checked.line
            ));
        }
        return Ok(());
    };
    let report = match (args.status, args.quiet) {
        (true, _) => Report::Nothing,
        (_, true) => Report::Failures,
        _ => Report::All,
    };
    let good = matches!(checked.verdict, Verdict::Match);
    match &checked.verdict {
        Verdict::Missing(_) if args.ignore_missing => return Ok(()),
        Verdict::Missing(error) | Verdict::Unreadable(error) => {
            output.flush()?;
            complain_of(&entry.path, error);
        }
        _ => {}
    }
    if report == Report::All || (report == Report::Failures && !good) {
        output.line(format!("{}: {}\n", quote(&entry.path), checked.verdict).as_bytes())?;
    }
    Ok(())
}

/// The warnings after a list, and whether it holds.
fn summarize(args: &CheckArgs, title: &str, summary: &Summary) -> Exit {
    if summary.entries() == 0 {
        complain(format_args!("{title}: no properly formatted checksum lines found"));
        return Exit::Failed;
    }
    let missing = if args.ignore_missing { 0 } else { summary.missing };
    let unreadable = summary.unreadable + missing;
    let nothing_verified = summary.matched + summary.differed + unreadable == 0;
    if !args.status {
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
    let malformed = if args.strict { summary.malformed } else { 0 };
    match summary.differed + unreadable + malformed == 0 && summary.matched > 0 {
        true => Exit::Well,
        false => Exit::Failed,
    }
}
