//! `hsum snapshot`, `audit`, `update` and `diff`: take, compare and update records of trees.

mod findings;

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use hsum::Key;
use hsum::engine::{self, HashProgress};
use hsum::snapshot::{
    self, AcceptRot, Existing, FileChange, Record, SEAL_ALGORITHM, SealStatus, SnapshotError,
    SnapshotNotice, SnapshotOptions, SnapshotReport,
};

use crate::cli::args::shared::{ColourChoice, WorkArgs};
use crate::cli::args::snapshot::{AuditArgs, DiffArgs, FailOn, SealArgs, SnapshotArgs, UpdateArgs};
use crate::cli::colour::Status;
use crate::cli::exit::{self, Exit, SetupError, Usage};
use crate::cli::hints;
use crate::cli::key::KeySource;
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::{complain, complain_of, plural, skipped};
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::snapshot::findings::FindingPrinter;
use crate::cli::summary::{self, Summary};

pub(crate) fn take(args: SnapshotArgs) -> Result<Exit> {
    report_error(try_take(&args))
}

fn try_take(args: &SnapshotArgs) -> Result<Exit> {
    let progress = Arc::new(HashProgress::default());
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let options = options(&args.work, &progress, key(&args.seal)?).existing(existing);
    let begun = Instant::now();
    let view = ProgressLine::start(args.work.progress, &progress, Some(survey(&args.directory)));
    let report =
        snapshot::take(&args.directory, &args.output, args.algorithm, &options, |notice| {
            view.suspend(|| print_notice(&notice))
        });
    drop(view);
    let report = report?;
    let exit = summarize(&report, &[]);
    if summary::is_wanted(false, false, false) {
        let text = format!("recorded {}", summary::files(report.read));
        let summary = Summary::new(text)
            .data(progress.bytes(), begun.elapsed())
            .text(&format!(" in {}", quote(&args.output)));
        counts(summary, &report).print(ColourChoice::Auto);
    }
    Ok(exit)
}

pub(crate) fn audit(args: AuditArgs) -> Result<Exit> {
    report_error(try_audit(&args))
}

fn try_audit(args: &AuditArgs) -> Result<Exit> {
    let key = key(&args.seal)?;
    let record = load(&args.record, key.as_ref())?;
    let progress = Arc::new(HashProgress::default());
    let options = options(&args.work, &progress, None).exclude_record(&args.record);
    let mut printer = FindingPrinter::new(args.report.json)?;
    let begun = Instant::now();
    let mut same = 0;
    let view = ProgressLine::start(args.work.progress, &progress, Some(survey(&args.directory)));
    let report = snapshot::audit(&args.directory, &record, &options, |notice| match &notice {
        SnapshotNotice::Same(name) => {
            same += 1;
            if args.report.verbose {
                view.suspend(|| or_exit(printer.same(name)));
            }
        }
        notice => view.suspend(|| flush_and_print_notice(notice, &mut printer)),
    });
    drop(view);
    let report = report?;
    let exit = print_findings(&report, printer, &args.fail_on)?;
    if summary::is_wanted(false, args.report.verbose, args.report.json) {
        let text = format!("audited {}", summary::files(report.read));
        let summary = Summary::new(text).data(progress.bytes(), begun.elapsed());
        counts(summary.count(Status::Ok, same), &report).print(ColourChoice::Auto);
    }
    Ok(exit)
}

pub(crate) fn update(args: UpdateArgs) -> Result<Exit> {
    report_error(try_update(&args))
}

fn try_update(args: &UpdateArgs) -> Result<Exit> {
    let progress = Arc::new(HashProgress::default());
    let accept = accept(args);
    let mut options = options(&args.work, &progress, key(&args.seal)?)
        .accept_rot(accept.clone())
        .allow_missing(args.allow_missing)
        .ignore_inodes(args.ignore_inode)
        .ignore_change_times(args.ignore_ctime);
    if let Some(share) = args.verify_oldest {
        options = options.verify_oldest(share);
    }
    let mut printer = FindingPrinter::new(args.report.json)?;
    let none = None::<fn(&Totals) -> ControlFlow<()>>;
    let view = ProgressLine::start(args.work.progress, &progress, none);
    let report = snapshot::update(&args.directory, &args.record, &options, |notice| {
        view.suspend(|| flush_and_print_notice(&notice, &mut printer));
    });
    drop(view);
    let report = report?;
    let exit = print_findings(&report, printer, &args.fail_on)?;
    report_not_accepted(&accept, &report);
    Ok(exit)
}

fn accept(args: &UpdateArgs) -> AcceptRot {
    // Names as audit prints them, without the slashes and dots that shell completion adds.
    let trim = |name: &PathBuf| {
        let name: PathBuf = name.components().filter(|part| *part != Component::CurDir).collect();
        name.into_os_string().into_vec()
    };
    let names: Vec<Vec<u8>> = args.names.iter().map(trim).collect();
    match args.accept {
        false => AcceptRot::Nothing,
        // No names, or '.'.
        true if names.iter().all(Vec::is_empty) => AcceptRot::Everything,
        true => AcceptRot::Names(names),
    }
}

/// Reports the named files that have not rotted.
fn report_not_accepted(accept: &AcceptRot, report: &SnapshotReport) {
    let accepted = report.findings.iter().filter(|finding| finding.change == FileChange::Accepted);
    let accepted: Vec<&Path> =
        accepted.map(|finding| Path::new(OsStr::from_bytes(&finding.name))).collect();
    // A named file that could not be read has already been reported, and may have rotted.
    let (none, reason) = match report.unread {
        0 => ("no file has rotted", "it has not rotted"),
        _ => ("no file that was read has rotted", "it has not rotted, or was not read"),
    };
    match accept {
        AcceptRot::Everything if accepted.is_empty() => {
            complain(format_args!("0 files accepted: {none}"));
        }
        AcceptRot::Names(names) => {
            for name in names.iter().map(|name| Path::new(OsStr::from_bytes(name))) {
                if !accepted.iter().any(|accepted| accepted.starts_with(name)) {
                    complain(format_args!("{}: not accepted: {reason}", quote(name)));
                }
            }
        }
        AcceptRot::Everything | AcceptRot::Nothing => {}
    }
}

pub(crate) fn diff(args: DiffArgs) -> Result<Exit> {
    report_error(try_diff(&args))
}

fn try_diff(args: &DiffArgs) -> Result<Exit> {
    let key = key(&args.seal)?;
    let old = load(&args.old, key.as_ref())?;
    let new = load(&args.new, key.as_ref())?;
    let Some(findings) = snapshot::diff(&old, &new) else {
        let (a, b) = (old.hash_function(), new.hash_function());
        return Err(Usage(format!("the records are of different algorithms: {a}, {b}")).into());
    };
    let report = SnapshotReport { findings, ..SnapshotReport::default() };
    print_findings(&report, FindingPrinter::new(args.report.json)?, &[FailOn::Any])
}

/// Prints the error that stopped the work; the status is not 1, which means differences.
fn report_error(result: Result<Exit>) -> Result<Exit> {
    let error = match result {
        Err(error)
            if !error.is::<Usage>() && !error.is::<SetupError>() && !error.is::<WriteError>() =>
        {
            error
        }
        result => return result,
    };
    let Some(error) = error.downcast_ref::<SnapshotError>() else {
        complain(format_args!("{error:#}"));
        return Ok(Exit::IoFailed);
    };
    let hint = hints::snapshot_error(error.kind());
    complain(format_args!("{}: {}{hint}", quote(error.path()), error.kind()));
    Ok(exit::of_snapshot(error.kind()))
}

fn key(args: &SealArgs) -> Result<Option<Key>> {
    let Some(spec) = &args.key else { return Ok(None) };
    let bytes = KeySource::parse(spec, "--key")?.read(args.key_format)?;
    Ok(Some(Key::new(SEAL_ALGORITHM, &bytes)?))
}

fn options(work: &WorkArgs, progress: &Arc<HashProgress>, key: Option<Key>) -> SnapshotOptions {
    let mut options = SnapshotOptions::default()
        .progress(Arc::clone(progress))
        .cache(plan::cache(work))
        .reading(plan::reading(work.no_mmap));
    if let Some(threads) = work.threads {
        options = options.threads(threads);
    }
    match key {
        Some(key) => options.key(key),
        None => options,
    }
}

fn load(path: &Path, key: Option<&Key>) -> Result<Record, SnapshotError> {
    let record = Record::open(path, key)?;
    if record.seal_status() == SealStatus::Unchecked {
        let path = quote(path);
        complain(format_args!("warning: {path}: the seal was not checked; use --key to check it"));
    }
    Ok(record)
}

fn survey(directory: &Path) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static {
    let directory: PathBuf = directory.into();
    move |expected| {
        let plan = engine::HashOptions::default();
        engine::survey(&plan, [directory], |size| expected.add(size))
    }
}

/// Prints a notice on standard error.
fn print_notice(notice: &SnapshotNotice<'_>) {
    match notice {
        SnapshotNotice::Resumed(files) => {
            let files = plural(*files, "file was", "files were");
            complain(format_args!("{files} read before the last run was interrupted"));
        }
        SnapshotNotice::Unread(error) => complain_of(error.path().unwrap_or(Path::new("")), error),
        SnapshotNotice::Skipped(error) => skipped(error.path().unwrap_or(Path::new("")), error),
        _ => {}
    }
}

fn flush_and_print_notice(notice: &SnapshotNotice<'_>, printer: &mut FindingPrinter) {
    if let SnapshotNotice::Unread(error) = notice {
        or_exit(printer.unread(error));
    }
    or_exit(printer.flush());
    print_notice(notice);
}

/// Ends the program if its output cannot be written, instead of reading files for hours.
fn or_exit(result: Result<(), WriteError>) {
    if let Err(error) = result {
        exit::exit_now(&error);
    }
}

/// Prints all findings, and returns the exit status.
fn print_findings(
    report: &SnapshotReport,
    mut printer: FindingPrinter,
    fail_on: &[FailOn],
) -> Result<Exit> {
    for finding in &report.findings {
        printer.finding(finding)?;
    }
    printer.finish()?;
    Ok(summarize(report, fail_on))
}

/// Adds the number of findings of each kind to the closing line.
fn counts(mut summary: Summary, report: &SnapshotReport) -> Summary {
    for status in findings::STATUSES {
        let findings = report.findings.iter();
        let count = findings.filter(|finding| findings::status(&finding.change) == status).count();
        summary = summary.count(status, count as u64);
    }
    summary.count(Status::Unreadable, report.unread)
}

/// Prints how many files rotted or could not be read, and returns the exit status.
fn summarize(report: &SnapshotReport, fail_on: &[FailOn]) -> Exit {
    let count = |change| report.findings.iter().filter(|f| f.change == change).count() as u64;
    let rotted = count(FileChange::Rotted);
    if rotted > 0 {
        let files = plural(rotted, "file has", "files have");
        complain(format_args!("WARNING: {files} other contents, but the same size and time"));
    }
    if report.unread > 0 {
        let files = plural(report.unread, "file or directory", "files or directories");
        complain(format_args!("WARNING: {files} could not be read"));
    }
    let fails = |kind| fail_on.contains(&kind) || fail_on.contains(&FailOn::Any);
    if rotted > 0 && fails(FailOn::Rotted) {
        return Exit::Rotted;
    }
    if report.unread > 0 {
        return Exit::IoFailed;
    }
    let is_failure = |change: &FileChange| match change {
        FileChange::Changed => fails(FailOn::Changed),
        FileChange::New => fails(FailOn::New),
        FileChange::Missing => fails(FailOn::Missing),
        FileChange::Moved { .. } => fails(FailOn::Moved),
        FileChange::Duplicate { .. } => fails(FailOn::Duplicate),
        // Rot has a status of its own.
        FileChange::Rotted | FileChange::Accepted => false,
    };
    match report.findings.iter().any(|finding| is_failure(&finding.change)) {
        true => Exit::Failed,
        false => Exit::Success,
    }
}
