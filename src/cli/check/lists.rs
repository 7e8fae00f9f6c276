//! Checksum files in any format: verification of the files that they list.

use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow};
use hsum::ErrorKind;
use hsum::check::{self, CheckOptions, CheckVerdict};
use hsum::engine::{ConfinedDir, HashProgress, StableFile};
use hsum::manifest::{BadLine, List, ListFormat, ListOptions};

use crate::cli::args::check::CheckArgs;
use crate::cli::check::mismatches::Mismatches;
use crate::cli::check::report::ReportOptions;
use crate::cli::check::select::Selection;
use crate::cli::check::sfv;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::{input, plan};

pub(super) fn run(args: &CheckArgs) -> Result<Exit> {
    let mut output = Output::stdout()?;
    let mut exit = Exit::Success;
    let mut selection = Selection::new(args);
    let stdin = [PathBuf::from("-")];
    let lists = if args.files.is_empty() { &stdin[..] } else { &args.files };
    for list in lists {
        // A list that cannot be read does not stop the check of the others.
        match check_list(args, list, &mut selection, &mut output) {
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
        false => Box::new(BufReader::new(input::open(path)?)),
    };
    let title = if is_stdin { "'standard input'".into() } else { quote(path) };
    let report = ReportOptions::new(args);
    let options = list_options(args, path);
    let mut list = List::new(input, options.clone());
    let beneath = beneath(args, list.format())?;
    if list.format() == ListFormat::Sfv {
        return sfv::check(args, &report, &mut list, selection, beneath, &title, output);
    }
    let mut check = CheckOptions::new().stdin_is_list(is_stdin).cache(plan::cache(&args.work));
    if let Some(threads) = args.work.threads {
        check = check.threads(threads);
    }
    if let Some(directory) = &beneath {
        check = check.confined_to(directory.clone());
    }
    let progress = Arc::new(HashProgress::default());
    let survey = path.is_file().then(|| survey(path.to_owned(), options.clone(), check.clone()));
    let view = ProgressLine::start(args.work.progress, &progress, survey);
    let check = check.progress(progress);

    let mut mismatches = Mismatches::default();
    let (mut listed, mut is_cut_short, mut has_nameless) = (0u64, false, false);
    let is_plain = list.format() == ListFormat::Plain;
    // In these formats a digest without a name is an entry; in others it may be part of other text.
    let has_objects = list.format().has_objects();
    // A bad GNU, BSD or OpenSSL line is a warning, unless --only names its file.
    let is_warning = is_plain && !selection.is_partial();
    let entries = list.by_ref().map(|mut item| {
        listed += u64::from(item.entry.is_ok());
        item.name = item.name.filter(|_| !is_warning);
        item
    });
    let summary = check::check_entries(&check, selection.filter(entries), |checked| {
        mismatches.add(&checked);
        if let CheckVerdict::Malformed(bad) = checked.verdict {
            has_nameless |= has_objects && bad == BadLine::NoName;
            is_cut_short |= hides_the_rest(bad, is_plain);
        }
        report.print(&title, &checked, output, Some(&view))
    });
    drop(view);
    output.flush()?;
    if report.has_messages() {
        if list.is_signed() {
            complain(format_args!("{title}: the list is signed; the signature is not checked"));
        }
        mismatches.explain(beneath.as_ref(), || {
            Some(List::new(BufReader::new(StableFile::open(path).ok()?), options))
        });
    }
    let is_record = list.format() == ListFormat::Snapshot && report.has_messages();
    if is_record && summary.matched == 0 && summary.missing > 0 {
        let names = "its names are relative to the recorded tree";
        complain(format_args!("{title}: {names}; run 'hsum check' there, or use 'hsum audit'"));
    }
    if let Some(error) = list.take_error() {
        complain(format_args!("{title}: {}", ErrorKind::Io(error)));
        return Ok(Exit::Failed);
    }
    let is_list = listed > 0 || summary.unverified + summary.without_digest > 0;
    if selection.is_partial() && !is_cut_short && is_list && summary.entries() == 0 {
        return Ok(report.summarize_failures(&summary));
    }
    let exit = report.summarize(&title, &summary);
    if has_nameless && !selection.is_partial() && summary.entries() > 0 {
        if report.has_messages() {
            complain(format_args!(
                "{title}: a digest has no file name, so its file is not verified"
            ));
        }
        return Ok(Exit::Failed);
    }
    // The files in the unreadable rest of the list were not verified.
    Ok(if is_cut_short { Exit::Failed } else { exit })
}

/// Returns the options for reading the list at `path`.
fn list_options(args: &CheckArgs, path: &Path) -> ListOptions {
    let name = (path != Path::new("-")).then(|| match args.beneath {
        // The file of a bare digest is in that directory.
        Some(_) => path.file_name().unwrap_or_default().into(),
        None => path.to_owned(),
    });
    ListOptions::new()
        .name(name)
        .untagged(args.algorithm)
        .file(Some(&args.only).filter(|files| files.len() == 1).map(|files| files[0].clone()))
        // A base name cannot lead out of the directory.
        .allow_outside(args.allow_outside || args.basename)
}

fn survey(
    list: PathBuf,
    options: ListOptions,
    check: CheckOptions,
) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send {
    move |expected| match StableFile::open(list) {
        Ok(list) => {
            let entries = List::new(BufReader::new(list), options);
            check::file_sizes(&check, entries, |size| expected.add(size))
        }
        Err(_) => ControlFlow::Break(()),
    }
}

/// Returns the directory that names must not lead out of: that of `--beneath`, or the working
/// directory for foreign lists.
fn beneath(args: &CheckArgs, format: ListFormat) -> Result<Option<ConfinedDir>> {
    let directory = match &args.beneath {
        Some(directory) => directory,
        // The names of --only come from the user, and may lead anywhere.
        None if format.is_confined() && !args.allow_outside && args.only.is_empty() => {
            Path::new(".")
        }
        None => return Ok(None),
    };
    let opened = ConfinedDir::new(directory);
    Ok(Some(opened.map_err(|error| anyhow!("{}: {}", quote(directory), error.kind()))?))
}

/// Returns `true` if a bad line makes the rest of the list unreadable.
fn hides_the_rest(bad: BadLine, is_plain: bool) -> bool {
    match bad {
        BadLine::Syntax | BadLine::TooLarge { .. } | BadLine::Damaged => true,
        BadLine::TooLong => !is_plain,
        _ => false,
    }
}
