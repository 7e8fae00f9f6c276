//! `hsum snapshot`, `audit`, `update` and `diff`: records of trees, and what became of the trees.

use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::Key;
use hsum::engine::{self, Progress};
use hsum::snapshot::{
    self, AcceptRot, Change, ChangeTimes, Existing, Inodes, MissingFiles, Record, SEAL_ALGORITHM,
    SealStatus, SnapshotError, SnapshotNotice, SnapshotOptions, SnapshotReport,
};

use super::args::{AuditArgs, DiffArgs, FailOn, SealArgs, SnapshotArgs, UpdateArgs, WorkArgs};
use super::exit::{self, Exit, Untried, Usage};
use super::findings::{Form, Printer};
use super::key::KeySource;
use super::output::WriteError;
use super::print::{complain, complain_of, plural, skipped};
use super::progress::{Expected, View};
use super::quote::quote;

pub(crate) fn take(args: SnapshotArgs) -> Result<Exit> {
    finish(|| {
        let progress = Arc::new(Progress::default());
        let existing = if args.force { Existing::Replace } else { Existing::Keep };
        let options = options(&args.work, &progress, key(&args.seal)?).existing(existing);
        let view = View::start(args.work.progress, &progress, Some(survey(&args.directory)));
        let report =
            snapshot::take(&args.directory, &args.output, args.algorithm, &options, |notice| {
                view.suspend(|| say(&notice))
            });
        drop(view);
        Ok(summarize(&report?, &[]))
    })
}

pub(crate) fn audit(args: AuditArgs) -> Result<Exit> {
    finish(|| {
        let key = key(&args.seal)?;
        let record = load(&args.manifest, key.as_ref())?;
        let progress = Arc::new(Progress::default());
        let options = options(&args.work, &progress, None).leave_out(&args.manifest);
        let mut printer = Printer::new(form(args.json))?;
        let view = View::start(args.work.progress, &progress, Some(survey(&args.directory)));
        let report = snapshot::audit(&args.directory, &record, &options, |notice| {
            view.suspend(|| match &notice {
                SnapshotNotice::Same(name) if args.verbose => or_end(printer.same(name)),
                notice => say_among(notice, &mut printer),
            });
        });
        drop(view);
        print(&report?, printer, &args.fail_on)
    })
}

pub(crate) fn update(args: UpdateArgs) -> Result<Exit> {
    finish(|| {
        let progress = Arc::new(Progress::default());
        let accept = accept(&args);
        let mut options = options(&args.work, &progress, key(&args.seal)?)
            .accept(accept.clone())
            .missing(if args.allow_missing { MissingFiles::Allowed } else { MissingFiles::Refused })
            .inodes(if args.ignore_inode { Inodes::Ignored } else { Inodes::Count })
            .change_times(if args.ignore_ctime {
                ChangeTimes::Ignored
            } else {
                ChangeTimes::Count
            });
        if let Some(share) = args.verify_oldest {
            options = options.oldest(share);
        }
        let mut printer = Printer::new(form(args.json))?;
        let none = None::<fn(&Expected) -> ControlFlow<()>>;
        let view = View::start(args.work.progress, &progress, none);
        let report = snapshot::update(&args.directory, &args.manifest, &options, |notice| {
            view.suspend(|| say_among(&notice, &mut printer));
        });
        drop(view);
        let report = report?;
        let exit = print(&report, printer, &args.fail_on)?;
        say_what_was_not_accepted(&accept, &report);
        Ok(exit)
    })
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

/// Prints which of the files to accept have not rotted.
fn say_what_was_not_accepted(accept: &AcceptRot, report: &SnapshotReport) {
    let accepted = report.findings.iter().filter(|finding| finding.change == Change::Accepted);
    let accepted: Vec<&Path> =
        accepted.map(|finding| Path::new(OsStr::from_bytes(&finding.name))).collect();
    // What could not be read has been named, and may be among them.
    let (none, it) = match report.unread {
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
                    complain(format_args!("{}: not accepted: {it}", quote(name)));
                }
            }
        }
        AcceptRot::Everything | AcceptRot::Nothing => {}
    }
}

pub(crate) fn diff(args: DiffArgs) -> Result<Exit> {
    finish(|| {
        let key = key(&args.seal)?;
        let old = load(&args.old, key.as_ref())?;
        let new = load(&args.new, key.as_ref())?;
        let Some(findings) = snapshot::diff(&old, &new) else {
            let (a, b) = (old.hash_function(), new.hash_function());
            return Err(Usage(format!("the records are of different algorithms: {a}, {b}")).into());
        };
        let report = SnapshotReport { findings, ..SnapshotReport::default() };
        print(&report, Printer::new(form(args.json))?, &[FailOn::Any])
    })
}

fn form(json: bool) -> Form {
    if json { Form::Json } else { Form::Lines }
}

/// Says what stopped the work, in a status of its own: 1 is for differences.
fn finish(work: impl FnOnce() -> Result<Exit>) -> Result<Exit> {
    let error = match work() {
        Err(error)
            if !error.is::<Usage>() && !error.is::<Untried>() && !error.is::<WriteError>() =>
        {
            error
        }
        result => return result,
    };
    let Some(failure) = error.downcast_ref::<SnapshotError>() else {
        complain(format_args!("{error:#}"));
        return Ok(Exit::Undone);
    };
    let (reason, next) = (failure.reason(), what_next(failure));
    match failure.path() {
        Some(path) => complain(format_args!("{}: {reason}{next}", quote(path))),
        None => complain(format_args!("{reason}{next}")),
    }
    Ok(match failure {
        SnapshotError::Refused(..) => Exit::Refused,
        SnapshotError::NotRecorded { .. } | SnapshotError::Reserved(_) => Exit::Code(2),
        _ => Exit::Undone,
    })
}

/// Returns the end of a message: what can be done about a failure.
fn what_next(failure: &SnapshotError) -> &'static str {
    match failure {
        SnapshotError::Exists(_) => {
            "; use 'hsum audit' to compare the tree with it, 'hsum update' to bring it up to date, \
             or --force to replace it"
        }
        SnapshotError::Incomplete { .. } => {
            "; use 'hsum update', which keeps what the record says of them, or remove the record first"
        }
        SnapshotError::MostMissing { .. } => {
            "; check that the tree is mounted, or use --allow-missing to remove them from the record"
        }
        SnapshotError::NotRecorded { .. } => {
            " (expected a name below the tree, as audit prints it)"
        }
        _ => "",
    }
}

fn key(args: &SealArgs) -> Result<Option<Key>> {
    let Some(spec) = &args.key else { return Ok(None) };
    let bytes = KeySource::parse(spec, "--key")?.read(args.key_format)?;
    Ok(Some(Key::new(SEAL_ALGORITHM, &bytes)?))
}

fn options(work: &WorkArgs, progress: &Arc<Progress>, key: Option<Key>) -> SnapshotOptions {
    let mut options = SnapshotOptions::default().progress(Arc::clone(progress));
    if let Some(threads) = work.threads {
        options = options.threads(threads);
    }
    match key {
        Some(key) => options.key(key),
        None => options,
    }
}

fn load(path: &Path, key: Option<&Key>) -> Result<Record, SnapshotError> {
    let record = snapshot::load(path, key)?;
    if record.sealed() == SealStatus::Unchecked {
        let path = quote(path);
        complain(format_args!("warning: {path}: sealed; without --key nobody checks the seal"));
    }
    Ok(record)
}

fn survey(directory: &Path) -> impl FnOnce(&Expected) -> ControlFlow<()> + Send + 'static {
    let directory: PathBuf = directory.into();
    move |expected| {
        let plan = engine::Plan::default();
        engine::survey(&plan, [directory], |size| expected.add(size))
    }
}

/// What is said on standard error.
fn say(notice: &SnapshotNotice<'_>) {
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

fn say_among(notice: &SnapshotNotice<'_>, printer: &mut Printer) {
    if let SnapshotNotice::Unread(error) = notice {
        or_end(printer.unread(error));
    }
    or_end(printer.flush());
    say(notice);
}

/// Ends the program where its output cannot be written: to go on for hours would help nobody.
fn or_end(result: Result<(), WriteError>) {
    if let Err(error) = result {
        exit::at_once(&error);
    }
}

/// Prints the findings.
fn print(report: &SnapshotReport, mut printer: Printer, fail_on: &[FailOn]) -> Result<Exit> {
    for finding in &report.findings {
        printer.finding(finding)?;
    }
    printer.finish()?;
    Ok(summarize(report, fail_on))
}

/// Prints how many files rotted or could not be read, and returns the status.
fn summarize(report: &SnapshotReport, fail_on: &[FailOn]) -> Exit {
    let count = |change| report.findings.iter().filter(|f| f.change == change).count() as u64;
    let rotted = count(Change::Rotted);
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
        return Exit::Undone;
    }
    let is_failure = |change: &Change| match change {
        Change::Changed => fails(FailOn::Changed),
        Change::New => fails(FailOn::New),
        Change::Missing => fails(FailOn::Missing),
        Change::Moved { .. } => fails(FailOn::Moved),
        Change::Duplicate { .. } => fails(FailOn::Duplicate),
        // Rot has a status of its own.
        Change::Rotted | Change::Accepted => false,
    };
    match report.findings.iter().any(|finding| is_failure(&finding.change)) {
        true => Exit::Failed,
        false => Exit::Well,
    }
}
