//! `hsum snapshot`, `audit`, `update` and `diff`: records of trees, and what became of the trees.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use hsum::Key;
use hsum::engine::{self, Progress};
use hsum::snapshot::{self, Failure, Inodes, Notice, Options, Record, Report, Rot, SEAL, Sealed};

use super::args::{AuditArgs, DiffArgs, SealArgs, SnapshotArgs, UpdateArgs, WorkArgs};
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
        let options = options(&args.work, &progress, key(&args.seal)?);
        let view = View::start(args.work.progress, &progress, Some(survey(&args.directory)));
        let report =
            snapshot::take(&args.directory, &args.output, args.algorithm, &options, |notice| {
                view.suspend(|| say(&notice))
            });
        drop(view);
        Ok(summarize(&report?, Rot::Kept, Exit::Well))
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
                Notice::Same(name) if args.verbose => or_end(printer.same(name)),
                notice => say_among(notice, &mut printer),
            });
        });
        drop(view);
        print(&report?, printer, Rot::Kept, Exit::Failed)
    })
}

pub(crate) fn update(args: UpdateArgs) -> Result<Exit> {
    finish(|| {
        let progress = Arc::new(Progress::default());
        let rot = if args.accept { Rot::Accepted } else { Rot::Kept };
        let mut options = options(&args.work, &progress, key(&args.seal)?)
            .rot(rot)
            .inodes(if args.ignore_inode { Inodes::Ignored } else { Inodes::Count });
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
        print(&report?, printer, rot, Exit::Well)
    })
}

pub(crate) fn diff(args: DiffArgs) -> Result<Exit> {
    finish(|| {
        let key = key(&args.seal)?;
        let old = load(&args.old, key.as_ref())?;
        let new = load(&args.new, key.as_ref())?;
        let Some(findings) = snapshot::diff(&old, &new) else {
            let (a, b) = (old.function(), new.function());
            return Err(Usage(format!("the records are of different algorithms: {a}, {b}")).into());
        };
        let report = Report { findings, ..Report::default() };
        print(&report, Printer::new(form(args.json))?, Rot::Kept, Exit::Failed)
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
    let Some(failure) = error.downcast_ref::<Failure>() else {
        complain(format_args!("{error:#}"));
        return Ok(Exit::Undone);
    };
    match failure.path() {
        Some(path) => complain(format_args!("{}: {}", quote(path), failure.reason())),
        None => complain(failure.reason()),
    }
    Ok(if matches!(failure, Failure::Refused(..)) { Exit::Refused } else { Exit::Undone })
}

fn key(args: &SealArgs) -> Result<Option<Key>> {
    let Some(spec) = &args.key else { return Ok(None) };
    let bytes = KeySource::parse(spec)?.read(args.key_format)?;
    Ok(Some(Key::new(SEAL, &bytes)?))
}

fn options(work: &WorkArgs, progress: &Arc<Progress>, key: Option<Key>) -> Options {
    let mut options = Options::default().progress(Arc::clone(progress));
    if let Some(threads) = work.threads {
        options = options.threads(threads);
    }
    match key {
        Some(key) => options.key(key),
        None => options,
    }
}

fn load(path: &Path, key: Option<&Key>) -> Result<Record, Failure> {
    let record = snapshot::load(path, key)?;
    if record.sealed() == Sealed::Unchecked {
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
fn say(notice: &Notice<'_>) {
    match notice {
        Notice::Resumed(files) => {
            let files = plural(*files, "file was", "files were");
            complain(format_args!("{files} read before the last run was interrupted"));
        }
        Notice::Unread(error) => complain_of(error.path().unwrap_or(Path::new("")), error),
        Notice::PassedOver(error) => skipped(error.path().unwrap_or(Path::new("")), error),
        _ => {}
    }
}

fn say_among(notice: &Notice<'_>, printer: &mut Printer) {
    if let Notice::Unread(error) = notice {
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

/// Prints what was found; `differing` is how to end where that is no more than differences.
fn print(report: &Report, mut printer: Printer, rot: Rot, differing: Exit) -> Result<Exit> {
    for finding in &report.findings {
        printer.finding(finding)?;
    }
    printer.finish()?;
    Ok(summarize(report, rot, differing))
}

fn summarize(report: &Report, rot: Rot, differing: Exit) -> Exit {
    let is_rot = |change: &snapshot::Change| *change == snapshot::Change::Rotted;
    let rotted = report.findings.iter().filter(|finding| is_rot(&finding.change)).count() as u64;
    if rotted > 0 && rot == Rot::Kept {
        let files = plural(rotted, "file has", "files have");
        complain(format_args!("WARNING: {files} other contents, but the same size and time"));
    }
    if report.unread > 0 {
        let files = plural(report.unread, "file or directory", "files or directories");
        complain(format_args!("WARNING: {files} could not be read"));
    }
    match report.findings.is_empty() {
        _ if rotted > 0 && rot == Rot::Kept => Exit::Rotted,
        _ if report.unread > 0 => Exit::Undone,
        true => Exit::Well,
        false => differing,
    }
}
