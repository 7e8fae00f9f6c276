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
use hsum::engine::{self, HashProgress, PathFilter};
use hsum::internals::resolve_links;
use hsum::snapshot::{
    self, AcceptRot, Existing, FileChange, Finding, Record, RecordFilter, SEAL_ALGORITHM,
    SealStatus, SnapshotError, SnapshotErrorKind, SnapshotNotice, SnapshotOptions, SnapshotReport,
};

use crate::cli::args::shared::{FilterArgs, ReportArgs, WorkArgs};
use crate::cli::args::snapshot::{AuditArgs, DiffArgs, FailOn, SealArgs, SnapshotArgs, UpdateArgs};
use crate::cli::colour::Status;
use crate::cli::exit::{self, Exit, SetupError, Usage};
use crate::cli::hints;
use crate::cli::json::{Object, stopped};
use crate::cli::key::KeySource;
use crate::cli::output::WriteError;
use crate::cli::plan;
use crate::cli::print::{complain, complain_of, plural, skipped};
use crate::cli::progress::{ProgressLine, Totals};
use crate::cli::quote::quote;
use crate::cli::signals::InterruptMessage;
use crate::cli::snapshot::findings::FindingPrinter;
use crate::cli::summary::{self, Summary, SummaryData, files, thousands};

pub(crate) fn take(args: SnapshotArgs) -> Result<Exit> {
    report_error("snapshot", &args.report, None, try_take(&args))
}

fn try_take(args: &SnapshotArgs) -> Result<Exit> {
    let mut run = Run::start("snapshot", &args.report)?;
    let existing = if args.force { Existing::Replace } else { Existing::Keep };
    let mut options = run.options(&args.work, key(&args.seal)?).existing(existing);
    let filter = filter(&args.filter)?.unwrap_or_default();
    let view = run.view(&args.work, Some(survey(&args.directory, filter.paths().clone())));
    options = options.filter(filter);
    let interrupt_message = interrupt_message(&args.output);
    let report =
        snapshot::take(&args.directory, &args.output, args.algorithm, &options, |notice| {
            view.suspend(|| run.notice(&notice));
        });
    drop((view, interrupt_message));
    let output = quote(&args.output);
    run.finish(&report?, &[], |report, data| {
        data.of(format!("recorded {} in {output}", files(report.entries)))
    })
}

pub(crate) fn audit(args: AuditArgs) -> Result<Exit> {
    let tree = Some((&*args.directory, &*args.record));
    report_error("audit", &args.report, tree, try_audit(&args))
}

fn try_audit(args: &AuditArgs) -> Result<Exit> {
    let mut run = Run::start("audit", &args.report)?;
    let key = key(&args.seal)?;
    let record = load(&args.record, key.as_ref())?;
    let mut options = run.options(&args.work, None).exclude_record(&args.record);
    let mut paths = record.filter().paths().clone();
    if let Some(filter) = filter(&args.filter)? {
        paths = paths.and(filter.paths().clone());
        options = options.filter(filter);
    }
    let view = run.view(&args.work, Some(survey(&args.directory, paths)));
    let report = snapshot::audit(&args.directory, &record, &options, |notice| match &notice {
        // Most files: nothing is printed, so that the progress need not be hidden.
        SnapshotNotice::Same(_) if !args.report.verbose => run.same += 1,
        notice => view.suspend(|| run.notice(notice)),
    });
    drop(view);
    let report = report?;
    let is_filtered = !args.filter.include.is_empty() || !args.filter.exclude.is_empty();
    let is_empty = report.entries == 0 && report.unread == 0 && report.findings.is_empty();
    if is_filtered && is_empty && record.count() > 0 {
        // Success would mean that something was verified.
        let reason = "no recorded file is selected by --include and --exclude";
        return Err(Usage(reason.into()).into());
    }
    run.findings(&report.findings)?;
    run.finish(&report, &args.fail_on, |report, data| {
        data.of(format!("audited {}", files(report.entries)))
    })
}

pub(crate) fn update(args: UpdateArgs) -> Result<Exit> {
    let tree = Some((&*args.directory, &*args.record));
    report_error("update", &args.report, tree, try_update(&args))
}

fn try_update(args: &UpdateArgs) -> Result<Exit> {
    let mut run = Run::start("update", &args.report)?;
    let accept = accept(args);
    let mut options = run
        .options(&args.work, key(&args.seal)?)
        .accept_rot(accept.clone())
        .allow_missing(args.allow_missing)
        .ignore_inodes(args.ignore_inode)
        .ignore_change_times(args.ignore_ctime);
    if let Some(share) = args.verify_oldest {
        options = options.verify_oldest(share);
    }
    if let Some(filter) = filter(&args.filter)? {
        options = options.filter(filter);
    }
    let none = None::<fn(&Totals) -> ControlFlow<()>>;
    let view = run.view(&args.work, none);
    let interrupt_message = interrupt_message(&args.record);
    let report = snapshot::update(&args.directory, &args.record, &options, |notice| {
        view.suspend(|| run.notice(&notice));
    });
    drop((view, interrupt_message));
    let report = report?;
    let record = quote(&args.record);
    let exit = run.finish(&report, &args.fail_on, |report, data| {
        let (read, all) = (thousands(report.read), files(report.entries));
        data.of(format!("updated {record}: read {read} of {all}"))
    })?;
    report_not_accepted(&accept, &report);
    Ok(exit)
}

/// A run of a verb: it prints results and notes as they come, and the summary.
struct Run<'a> {
    verb: &'static str,
    args: &'a ReportArgs,
    printer: FindingPrinter,
    progress: Arc<HashProgress>,
    begun: Instant,
    /// The number of files as recorded.
    same: u64,
    skipped: u64,
}

impl<'a> Run<'a> {
    fn start(verb: &'static str, args: &'a ReportArgs) -> Result<Self> {
        let (printer, progress) = (FindingPrinter::new(args)?, Arc::default());
        Ok(Self { verb, args, printer, progress, begun: Instant::now(), same: 0, skipped: 0 })
    }

    fn options(&self, work: &WorkArgs, key: Option<Key>) -> SnapshotOptions {
        let mut options = SnapshotOptions::default()
            .progress(Arc::clone(&self.progress))
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

    /// Starts the progress line.
    fn view(
        &self,
        work: &WorkArgs,
        survey: Option<impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static>,
    ) -> ProgressLine {
        ProgressLine::start(self.args.progress(work), &self.progress, survey)
    }

    /// Prints a notice. If the output cannot be written, this ends the program instead of reading
    /// files for hours.
    fn notice(&mut self, notice: &SnapshotNotice<'_>) {
        if let Err(error) = self.try_notice(notice) {
            exit::exit_now_with(&error, Exit::IoFailed);
        }
    }

    fn try_notice(&mut self, notice: &SnapshotNotice<'_>) -> Result<(), WriteError> {
        let path = |error: &hsum::Error| error.path().unwrap_or(Path::new("")).to_owned();
        match notice {
            SnapshotNotice::Same(name) => {
                self.same += 1;
                if self.args.verbose {
                    self.printer.same(name)?;
                }
            }
            SnapshotNotice::Found(findings) => self.findings(findings)?,
            SnapshotNotice::Unread(error) => {
                self.printer.unread(error)?;
                self.printer.flush()?;
                complain_of(&path(error), error);
            }
            SnapshotNotice::Skipped(error) => {
                self.skipped += 1;
                self.printer.unread(error)?;
                self.printer.flush()?;
                if !self.args.quiet {
                    skipped(&path(error), error);
                }
            }
            SnapshotNotice::Resumed(files) if !self.args.quiet => {
                self.printer.flush()?;
                let files = plural(*files, "file was", "files were");
                complain(format_args!("{files} read before the last run was interrupted"));
            }
            _ => {}
        }
        Ok(())
    }

    fn findings(&mut self, findings: &[Finding]) -> Result<(), WriteError> {
        findings.iter().try_for_each(|finding| self.printer.finding(finding))?;
        self.printer.flush()
    }

    /// Prints the summary, which begins as `text` says, and returns the exit status.
    fn finish(
        mut self,
        report: &SnapshotReport,
        fail_on: &[FailOn],
        text: impl FnOnce(&SnapshotReport, SummaryData) -> Summary,
    ) -> Result<Exit> {
        let exit = exit_of(report, fail_on);
        let data = SummaryData { bytes: self.progress.bytes(), time: self.begun.elapsed() };
        let counts = findings::STATUSES.map(|(status, name)| {
            let findings = report.findings.iter();
            let count = findings.filter(|f| findings::status(&f.change) == status).count() as u64;
            (status, name, count)
        });
        let (verb, same, skipped) = (self.verb, self.same, self.skipped);
        self.printer.object(|| {
            let mut object = Object::summary(verb);
            object.set("files", report.entries).set("read", report.read);
            if verb == "audit" {
                object.set("ok", same);
            }
            for (_, name, count) in counts {
                object.set(name, count);
            }
            if verb == "update" {
                object.set("excluded", report.excluded);
            }
            object.set("failed", report.unread).set("skipped", skipped);
            object.work(data.bytes, data.time).exit(exit.status())
        })?;
        self.printer.finish()?;
        let has_summary = summary::is_wanted(self.args.quiet, self.args.verbose, self.args.json);
        warn(report, verb, has_summary);
        if has_summary {
            let mut summary = text(report, data);
            for (status, _, count) in counts {
                summary = summary.count(status, count);
            }
            summary = summary.count(Status::Unreadable, report.unread);
            if verb != "snapshot" {
                summary = summary.or_no_changes();
            }
            summary.count(Status::Skipped, skipped).print(self.args.color);
        }
        Ok(exit)
    }
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

/// Returns the message of a run that a signal ends.
fn interrupt_message(record: &Path) -> InterruptMessage {
    let mut journal = resolve_links(record).into_os_string();
    journal.push(".hsum-journal");
    let journal = PathBuf::from(journal);
    InterruptMessage::new(move || {
        if journal.exists() {
            let (journal, next) = (quote(&journal), "run the same command again to continue");
            complain(format_args!(
                "interrupted: the files read so far are kept in {journal}; {next}"
            ));
        }
    })
}

/// Reports the named files that have not rotted.
fn report_not_accepted(accept: &AcceptRot, report: &SnapshotReport) {
    let accepted = report.findings.iter().filter(|finding| finding.change == FileChange::Accepted);
    let accepted: Vec<&Path> =
        accepted.map(|finding| Path::new(OsStr::from_bytes(&finding.name))).collect();
    // A named file that could not be read has already been reported, and may have rotted.
    let (none, reason) = match (report.unread, report.excluded) {
        (0, 0) => ("no file has rotted", "it has not rotted"),
        (0, _) => ("no selected file has rotted", "it has not rotted, or is excluded"),
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
    report_error("diff", &args.report, None, try_diff(&args))
}

fn try_diff(args: &DiffArgs) -> Result<Exit> {
    let mut run = Run::start("diff", &args.report)?;
    let key = key(&args.seal)?;
    let old = load(&args.old, key.as_ref())?;
    let new = load(&args.new, key.as_ref())?;
    let Some(findings) = snapshot::diff(&old, &new) else {
        let (a, b) = (old.hash_function(), new.hash_function());
        return Err(Usage(format!("the records are of different algorithms: {a}, {b}")).into());
    };
    if old.filter() != new.filter() && !args.report.quiet {
        complain(
            "warning: the records have different filters; files that one excludes are ignored",
        );
    }
    run.findings(&findings)?;
    let report = SnapshotReport { findings, entries: new.count(), ..SnapshotReport::default() };
    run.finish(&report, &[FailOn::Any], |_, _| {
        let (old, new) = (thousands(old.count()), files(new.count()));
        Summary::new(format!("compared {old} recorded files with {new}"))
    })
}

/// Prints the error that stopped a verb; the status is not 1, which means differences. `tree` is
/// the directory and the record that the verb reads.
fn report_error(
    verb: &str,
    args: &ReportArgs,
    tree: Option<(&Path, &Path)>,
    result: Result<Exit>,
) -> Result<Exit> {
    let error = match result {
        Err(error) if !error.is::<Usage>() && !error.is::<WriteError>() => error,
        result => return exit::with_status(result, Exit::IoFailed.status()),
    };
    let exit = match error.downcast_ref::<SnapshotError>() {
        Some(error) => exit::of_snapshot(error.kind()),
        None => Exit::IoFailed,
    };
    if args.json {
        stopped::print(verb, &error, exit.status());
    }
    if error.is::<SetupError>() {
        return Err(error);
    }
    let Some(error) = error.downcast_ref::<SnapshotError>() else {
        complain(format_args!("{error:#}"));
        return Ok(exit);
    };
    let (path, kind) = (quote(error.path()), error.kind());
    let missing = |record: &Path| {
        let SnapshotErrorKind::File(cause) = kind else { return false };
        cause.is_not_found() && error.path() == record
    };
    match tree.filter(|(_, record)| missing(record)) {
        Some((directory, _)) => {
            let make = format!("hsum snapshot {} -o {path}", quote(directory));
            complain(format_args!("{path}: {kind}; make the record first: {make}"));
        }
        None => complain(format_args!("{path}: {kind}{}", hints::snapshot_error(kind))),
    }
    Ok(exit)
}

fn key(args: &SealArgs) -> Result<Option<Key>> {
    let Some(spec) = &args.key else { return Ok(None) };
    let bytes = KeySource::parse(spec, "--key")?.read(args.key_format)?;
    Ok(Some(Key::new(SEAL_ALGORITHM, &bytes)?))
}

/// Returns the filter, if options name one.
fn filter(args: &FilterArgs) -> Result<Option<RecordFilter>> {
    if args.include.is_empty() && args.exclude.is_empty() {
        return Ok(None);
    }
    let filter = RecordFilter::new(&args.include, &args.exclude);
    Ok(Some(filter.map_err(|error| Usage(error.to_string()))?))
}

fn load(path: &Path, key: Option<&Key>) -> Result<Record, SnapshotError> {
    let record = Record::open(path, key)?;
    if record.seal_status() == SealStatus::Unchecked {
        let path = quote(path);
        complain(format_args!("warning: {path}: the seal was not checked; use --key to check it"));
    }
    Ok(record)
}

fn survey(
    directory: &Path,
    filter: PathFilter,
) -> impl FnOnce(&Totals) -> ControlFlow<()> + Send + 'static {
    let directory: PathBuf = directory.into();
    move |expected| {
        let plan = engine::HashOptions::default().filter(filter);
        engine::survey(&plan, [directory], |size| expected.add(size))
    }
}

/// Warns of rotted and excluded files and, without a summary, of unreadable ones.
fn warn(report: &SnapshotReport, verb: &str, has_summary: bool) {
    let rotted = report.findings.iter().filter(|f| f.change == FileChange::Rotted).count() as u64;
    if rotted > 0 {
        let files = plural(rotted, "file", "files");
        // A newer record has the new contents already.
        let accept = match verb {
            "diff" => "",
            _ => ", or accept with 'hsum update --accept'",
        };
        complain(format_args!(
            "WARNING: {files} ROTTED: contents changed, size and time did not\n  restore from a \
             backup{accept}"
        ));
    }
    if report.excluded > 0 {
        let files = plural(report.excluded, "recorded file", "recorded files");
        complain(format_args!("{files} excluded: removed from the record"));
    }
    if report.unread > 0 && !has_summary {
        let files = plural(report.unread, "file or directory", "files or directories");
        complain(format_args!("WARNING: {files} could not be read"));
    }
}

/// Returns the exit status for the findings.
fn exit_of(report: &SnapshotReport, fail_on: &[FailOn]) -> Exit {
    let has = |change| report.findings.iter().any(|f| f.change == change);
    let fails = |kind| fail_on.contains(&kind) || fail_on.contains(&FailOn::Any);
    if fails(FailOn::Rotted) && has(FileChange::Rotted) {
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
