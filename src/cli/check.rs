//! `hsum check`: are the files still what the lists say? With `--expect`: see [`super::expect`];
//! with `--sums`: [`super::against`].

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::check::{self, CheckOptions, CheckSummary, CheckVerdict, CheckedLine, Stdin};
use hsum::engine::{ConfinedDir, HashProgress, NextOutcome, StableFile};
use hsum::manifest::{BadLine, Entry, LineParser, List, ListFormat, ListOptions};
use hsum::{Error, ErrorKind};

use super::exit::{self, Exit};
use super::hints;
use super::output::{Output, WriteError};
use super::plan;
use super::print::{complain, complain_of, plural};
use super::progress::{Expected, View};
use super::quote::quote;
use super::select::Selection;
use super::{against, differ::Differing, expect, sfv};
use crate::cli::args::check::CheckArgs;

/// What is printed, and what counts.
pub(super) struct Manner {
    pub(super) report: Report,
    pub(super) warn: Warn,
    /// Whether improperly formatted lines are failures.
    pub(super) strict: bool,
    pub(super) ignore_missing: bool,
    /// Set if a file that is listed without a digest is a failure.
    pub(super) needs_digests: bool,
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
    pub(super) fn new(args: &CheckArgs) -> Self {
        Self {
            report: match (args.status, args.quiet) {
                (true, _) => Report::Nothing,
                (_, true) => Report::Failures,
                _ => Report::All,
            },
            warn: if args.warn { Warn::WithReason } else { Warn::Never },
            strict: args.strict,
            ignore_missing: args.ignore_missing,
            needs_digests: args.strict || !args.only.is_empty(),
        }
    }
}

pub(crate) fn run(args: CheckArgs) -> Result<Exit> {
    if !args.expect.is_empty() {
        return expect::run(&args);
    }
    if let Some(sums) = &args.sums {
        return against::run(&args, sums);
    }
    let mut output = Output::stdout()?;
    let mut exit = Exit::Success;
    let mut selection = Selection::new(&args);
    let stdin = [PathBuf::from("-")];
    let lists = if args.files.is_empty() { &stdin[..] } else { &args.files };
    for list in lists {
        // The list that cannot be read does not keep the others from being checked.
        match check_list(&args, list, &mut selection, &mut output) {
            Ok(Exit::Success) => {}
            Ok(worse) => exit = worse,
            Err(error) if error.is::<WriteError>() => return Err(error),
            Err(error) => {
                output.flush()?;
                complain(format_args!("{error:#}"));
                exit = Exit::Failed;
            }
        }
    }
    output.flush()?;
    for file in selection.missed() {
        complain(format_args!("{}: not listed", quote(file)));
        exit = Exit::Failed;
    }
    output.finish()?;
    Ok(exit)
}

fn check_list(
    args: &CheckArgs,
    path: &Path,
    selection: &mut Selection,
    output: &mut Output,
) -> Result<Exit> {
    let is_stdin = path == Path::new("-");
    let input: Box<dyn BufRead + Send> = match is_stdin {
        true => Box::new(BufReader::new(io::stdin())),
        false => Box::new(BufReader::new(plan::open(path)?)),
    };
    let title = if is_stdin { "'standard input'".into() } else { quote(path) };
    let manner = Manner::new(args);
    let options = list_options(args, path);
    let mut list = List::new(input, options.clone());
    let beneath = beneath(args, list.format())?;
    if list.format() == ListFormat::Sfv {
        return sfv::check(args, &manner, &mut list, selection, beneath, &title, output);
    }
    let mut plan = CheckOptions::new().stdin(if is_stdin { Stdin::IsTheList } else { Stdin::Free });
    if let Some(threads) = args.work.threads {
        plan = plan.threads(threads);
    }
    if let Some(directory) = &beneath {
        plan = plan.beneath(directory.clone());
    }
    plan = plan.cache(plan::cache(&args.work));
    let progress = Arc::new(HashProgress::default());
    let survey = survey(path.to_owned(), options.clone(), beneath.clone());
    let survey = path.is_file().then_some(survey);
    let view = View::start(args.work.progress, &progress, survey);
    let plan = plan.progress(progress);

    let mut differing = Differing::default();
    let (mut listed, mut broken, mut nameless) = (0u64, false, false);
    let is_plain = list.format() == ListFormat::Plain;
    // In these formats an entry without a name is an object with a digest, not prose.
    let has_objects = list.format().has_objects();
    // A bad GNU, BSD or OpenSSL line is a warning, unless --only names its file.
    let is_warning = is_plain && !selection.is_partial();
    let entries = list.by_ref().map(|mut item| {
        listed += u64::from(item.entry.is_ok());
        item.name = item.name.filter(|_| !is_warning);
        item
    });
    let summary = check::run_entries(&plan, selection.of(entries), |checked| {
        differing.note(&checked);
        nameless |=
            has_objects && matches!(checked.verdict, CheckVerdict::Malformed(BadLine::NoName));
        broken |= match checked.verdict {
            CheckVerdict::Malformed(BadLine::TooLong) => !is_plain,
            CheckVerdict::Malformed(bad) => is_cut_short(bad),
            _ => false,
        };
        print_or_die(&manner, &title, &checked, output, Some(&view));
        ControlFlow::Continue(())
    });
    drop(view);
    output.flush()?;
    if manner.report != Report::Nothing {
        if list.is_signed() {
            complain(format_args!("{title}: the list is signed; the signature is not checked"));
        }
        differing.explain(beneath.as_ref(), || {
            Some(List::new(BufReader::new(StableFile::open(path).ok()?), options))
        });
    }
    let is_record = list.format() == ListFormat::Snapshot && manner.report != Report::Nothing;
    if is_record && summary.matched == 0 && summary.missing > 0 {
        let names = "its names are relative to the recorded tree";
        complain(format_args!("{title}: {names}; run 'hsum check' there, or use 'hsum audit'"));
    }
    if let Some(error) = list.take_error() {
        complain(format_args!("{title}: {}", ErrorKind::Io(error)));
        return Ok(Exit::Failed);
    }
    let unnamed = listed > 0 || summary.unverified + summary.without_digest > 0;
    if selection.is_partial() && !broken && unnamed && summary.entries() == 0 {
        return Ok(summarize_unnamed(&manner, &summary));
    }
    let exit = summarize(&manner, &title, &summary);
    if nameless && !selection.is_partial() && summary.entries() > 0 {
        if manner.report != Report::Nothing {
            complain(format_args!(
                "{title}: a digest has no file name, so its file is not verified"
            ));
        }
        return Ok(Exit::Failed);
    }
    // What follows the place where it breaks off is lost, and was not verified.
    Ok(if broken { Exit::Failed } else { exit })
}

/// Returns the options for reading the list at `path`.
fn list_options(args: &CheckArgs, path: &Path) -> ListOptions {
    let name = (path != Path::new("-")).then(|| match args.beneath {
        // A bare digest is of a file in that directory.
        Some(_) => path.file_name().unwrap_or_default().into(),
        None => path.to_owned(),
    });
    ListOptions::new()
        .name(name)
        .untagged(args.algorithm)
        .file(Some(&args.only).filter(|files| files.len() == 1).map(|files| files[0].clone()))
        // A base name cannot lead anywhere.
        .allow_outside(args.allow_outside || args.basename)
}

/// Checks a list of GNU lines and prints what comes of it, but for the summary.
pub(super) fn verify(
    plan: &CheckOptions,
    parser: &mut LineParser,
    list: impl BufRead + Send,
    title: &str,
    manner: &Manner,
    output: &mut Output,
) -> io::Result<CheckSummary> {
    check::run_with(plan, parser, list, |checked| {
        print_or_die(manner, title, &checked, output, None);
        ControlFlow::Continue(())
    })
}

fn print_or_die(
    manner: &Manner,
    title: &str,
    checked: &CheckedLine,
    output: &mut Output,
    view: Option<&View>,
) {
    let mut print = || print(manner, title, checked, output);
    let printed = match view {
        Some(view) => view.suspend(print),
        None => print(),
    };
    if let Err(error) = printed {
        exit::exit_now(&error);
    }
}

fn survey(
    list: PathBuf,
    options: ListOptions,
    beneath: Option<ConfinedDir>,
) -> impl FnOnce(&Expected) -> ControlFlow<()> + Send {
    move |expected| match StableFile::open(list) {
        Ok(list) => {
            let list = BufReader::new(list);
            check::survey(options, beneath.as_ref(), list, |size| expected.add(size))
        }
        Err(_) => ControlFlow::Break(()),
    }
}

/// Returns the directory that the names of a list must not lead out of: that of `--beneath`, or for
/// foreign lists the working directory.
fn beneath(args: &CheckArgs, format: ListFormat) -> Result<Option<ConfinedDir>> {
    let directory = match &args.beneath {
        Some(directory) => directory,
        // The files of --only were named by the user.
        None if format.is_confined() && !args.allow_outside && args.only.is_empty() => {
            Path::new(".")
        }
        None => return Ok(None),
    };
    let opened = ConfinedDir::new(directory);
    Ok(Some(opened.map_err(|error| anyhow!("{}: {}", quote(directory), error.kind()))?))
}

fn print(
    manner: &Manner,
    title: &str,
    checked: &CheckedLine,
    output: &mut Output,
) -> Result<(), WriteError> {
    let line = checked.line;
    match (&checked.entry, &checked.verdict, manner.warn) {
        (Some(entry), _, _) => print_entry(manner, entry, &checked.verdict, output)?,
        (None, CheckVerdict::Malformed(bad), _)
            if checked.name.is_some() && !bad.is_refusal() && manner.report != Report::Nothing =>
        {
            let name = checked.name.as_deref().map(quote).unwrap_or_default();
            output.flush()?;
            complain(format_args!("{title}: {line}: {name}: {}", hints::bad_line(*bad)));
        }
        (None, CheckVerdict::Malformed(bad), _)
            if is_serious(*bad) && manner.report != Report::Nothing =>
        {
            output.flush()?;
            complain(format_args!("{title}: {line}: {}", hints::bad_line(*bad)));
        }
        (None, CheckVerdict::Malformed(bad), Warn::WithReason) => {
            output.flush()?;
            let bad = hints::bad_line(*bad);
            complain(format_args!("{title}: {line}: improperly formatted checksum line: {bad}"));
        }
        (None, _, Warn::WithTag(tag)) => {
            let tag = checked.tag.unwrap_or(tag);
            output.flush()?;
            complain(format_args!("{title}: {line}: improperly formatted {tag} checksum line"));
        }
        _ => {}
    }
    if checked.next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
}

/// Returns `true` if what follows the line in the list is lost.
fn is_cut_short(bad: BadLine) -> bool {
    matches!(bad, BadLine::Syntax | BadLine::TooLarge { .. } | BadLine::Damaged)
}

/// Whether it is more than one bad line among others: something to say without being asked.
fn is_serious(bad: BadLine) -> bool {
    use BadLine::{Damaged, Html, NotOfAFile, OfACache, Syntax, TooLarge, Unnamed, Version};
    let is_whole_list = matches!(bad, Damaged | Version | Html | NotOfAFile | OfACache);
    bad.is_refusal() || is_whole_list || matches!(bad, Syntax | TooLarge { .. } | Unnamed)
}

fn print_entry(
    manner: &Manner,
    entry: &Entry,
    verdict: &CheckVerdict,
    output: &mut Output,
) -> Result<(), WriteError> {
    let good = matches!(verdict, CheckVerdict::Match);
    match verdict {
        CheckVerdict::Missing(_) if manner.ignore_missing => return Ok(()),
        CheckVerdict::Missing(error) | CheckVerdict::Unreadable(error) => {
            output.flush()?;
            complain_of_listed(&entry.path, error);
        }
        CheckVerdict::WrongSize(size) if manner.report != Report::Nothing => {
            output.flush()?;
            let (name, listed) = (quote(&entry.path), entry.size.unwrap_or_default());
            complain(format_args!("{name}: {size} bytes, not the {listed} that are listed"));
        }
        _ => {}
    }
    if manner.report == Report::All || (manner.report == Report::Failures && !good) {
        output.line(format!("{}: {verdict}\n", quote(&entry.path)).as_bytes())?;
    }
    Ok(())
}

/// Says what is wrong with a listed file.
pub(super) fn complain_of_listed(name: &Path, error: &Error) {
    match error.kind() {
        kind @ ErrorKind::Outside => {
            complain(format_args!("{}: {kind}; see --allow-outside and --beneath", quote(name)));
        }
        _ => complain_of(name, error),
    }
}

/// The warnings after a list, and whether it holds.
pub(super) fn summarize(manner: &Manner, title: &str, summary: &CheckSummary) -> Exit {
    if summary.entries() == 0 {
        complain(format_args!("{title}: no properly formatted checksum lines found"));
        return Exit::Failed;
    }
    let well = warn_of_failures(manner, summary) && summary.matched > 0;
    if manner.report != Report::Nothing && manner.ignore_missing && summary.matched == 0 {
        complain(format_args!("{title}: no file was verified"));
    }
    if well { Exit::Success } else { Exit::Failed }
}

/// [`summarize`], of a list that names none of the files that were asked for: that one is not
/// listed is said once, after all lists.
pub(super) fn summarize_unnamed(manner: &Manner, summary: &CheckSummary) -> Exit {
    if warn_of_failures(manner, summary) { Exit::Success } else { Exit::Failed }
}

/// Whether there are none.
fn warn_of_failures(manner: &Manner, summary: &CheckSummary) -> bool {
    let missing = if manner.ignore_missing { 0 } else { summary.missing };
    let unreadable = summary.unreadable + missing;
    if manner.report != Report::Nothing {
        for (count, one, many) in [
            (summary.malformed, "line is improperly formatted", "lines are improperly formatted"),
            (
                summary.without_digest,
                "file is listed without a digest",
                "files are listed without a digest",
            ),
            (unreadable, "listed file could not be read", "listed files could not be read"),
            (
                summary.differed,
                "computed checksum did NOT match",
                "computed checksums did NOT match",
            ),
            (summary.refused, "listed file was refused", "listed files were refused"),
        ] {
            if count > 0 {
                complain(format_args!("WARNING: {}", plural(count, one, many)));
            }
        }
    }
    let malformed = if manner.strict { summary.malformed } else { summary.unverified };
    let undigested = if manner.needs_digests { summary.without_digest } else { 0 };
    undigested + summary.differed + unreadable + malformed + summary.refused == 0
}
