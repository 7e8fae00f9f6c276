//! A tree → its record, new or brought up to date: what need not be read is taken over.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::compare::{Change, Changes, Finding};
use super::entry::{RecordContent, RecordEntry};
use super::journal::Journal;
use super::plan::{Now, Old, Planner, Step, Steps};
use super::record::{Record, RecordError, RecordRun, SealStatus};
use super::replace::{Replacement, own_files};
use super::write::RecordWriter;
use super::{
    AcceptRot, MissingFiles, SnapshotError, SnapshotNotice, SnapshotOptions, SnapshotReport,
    check_root, covers, load, name_below,
};
use crate::algorithm::HashFunction;
use crate::engine::{
    self, Access, Beneath, FileId, Hashed, Job, Place, Plan, Task, Time, hash_ordered,
};
use crate::error::Error;
use crate::fs::replace::{AtomicFile, Existing};
use crate::fs::temporary::is_temporary;

/// Reads everything in `directory` and writes its record to `target`, whole or not at all.
///
/// When it is killed, what it has read is not lost: the next call goes on from there. A file at
/// `target` is [`SnapshotError::Exists`], or with [`Existing::Replace`] stays until the new one is
/// complete, and is then replaced at once. It is not replaced by a record that lacks files
/// ([`SnapshotError::Incomplete`]).
///
/// # Errors
/// [`SnapshotError`] where the directory cannot be walked or the record not be written. What cannot be
/// read in the directory is a [`SnapshotNotice`], and not in the record.
pub fn take(
    directory: &Path,
    target: &Path,
    function: impl Into<HashFunction>,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    check_root(directory)?;
    if target.file_name().is_some_and(|name| is_temporary(name.as_bytes())) {
        return Err(SnapshotError::Reserved(target.into()));
    }
    let replacement = Replacement::begin(target, options.existing)?;
    let old = Record::empty(function.into());
    bring_up(directory, &old, replacement, options, notice)
}

/// Brings the record at `target` up to date with `directory`: reads what size, time of modification
/// or inode say may have changed, and what [`SnapshotOptions::oldest`] asks for in addition.
///
/// A file whose contents changed while size and time did not is a [`Change::Rotted`], and keeps its
/// old digest, unless [`SnapshotOptions::accept`] says otherwise. What is in the record and cannot be read
/// stays in it. Both are read again by the next update in any case.
///
/// When it is killed, what it has read is not lost, and the old record stands until the new one is
/// complete.
///
/// # Errors
/// [`SnapshotError`] where the record is rejected, where the directory cannot be walked or most of it
/// is missing (see [`MissingFiles`]), or where the new record cannot be written. The record is unchanged
/// then.
pub fn update(
    directory: &Path,
    target: &Path,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    check_root(directory)?;
    let replacement = Replacement::begin(target, Existing::Replace)?;
    // Now that nobody else replaces it.
    let old = load(target, options.key.as_ref()).and_then(|old| match old.sealed() {
        SealStatus::Unchecked => Err(SnapshotError::Refused(target.into(), RecordError::KeyNeeded)),
        SealStatus::No | SealStatus::Checked => check_names(target, old, &options.accept),
    });
    let old = match old {
        Ok(old) => old,
        Err(failure) => {
            replacement.withdraw();
            return Err(failure);
        }
    };
    bring_up(directory, &old, replacement, options, notice)
}

/// Returns the record if it has all names that are to be accepted.
fn check_names(target: &Path, old: Record, accept: &AcceptRot) -> Result<Record, SnapshotError> {
    let AcceptRot::Names(names) = accept else { return Ok(old) };
    let is_recorded =
        |wanted: &&Vec<u8>| old.lines().any(|(_, line)| covers(wanted, &line.known_name()));
    match names.iter().find(|name| !is_recorded(name)) {
        None => Ok(old),
        Some(name) => Err(SnapshotError::NotRecorded { record: target.into(), name: name.clone() }),
    }
}

fn bring_up(
    directory: &Path,
    old: &Record,
    replacement: Replacement,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    let root = check_root(directory)?;
    let begun = options.begun.unwrap_or_else(Time::now);
    let key = options.key.as_ref();
    let journal_failure = |error| SnapshotError::io(replacement.journal(), error);
    let lock = replacement.lock.try_clone().map_err(journal_failure)?;
    let journal = Journal::open(lock, old, root, begun, key).map_err(journal_failure)?;
    let Some(mut journal) = journal else {
        return Err(SnapshotError::InTheWay(replacement.journal().into()));
    };
    let latest = old.reads().last().map_or(0, |read| read.number);
    let this = RecordRun { number: latest + 1, begun: journal.begun() };
    let mut run = Run { directory, old, options, this, notice, report: SnapshotReport::default() };
    let steps = run.walk(own_files(replacement.path()));
    if steps.is_err() && journal.is_empty() {
        replacement.end();
        return steps.map(|_| run.report);
    }
    let mut steps = steps?;
    run.read(&mut steps, &mut journal).map_err(journal_failure)?;
    let is_first = old.end == 0;
    // All of it is new then, which is not worth saying, nor the memory.
    let (findings, kept) =
        if is_first { Default::default() } else { compare(old, &steps, options) };
    let missing = findings.iter().filter(|f| f.change == Change::Missing).count() as u64;
    let unread = run.report.unread;
    let record = || replacement.path().into();
    let refusal = if is_first && unread > 0 && replacement.replaces() {
        // The old record may have what could not be read now.
        Some(SnapshotError::Incomplete { record: record(), unread })
    } else if options.missing == MissingFiles::Refused && missing > old.count() / 2 {
        Some(SnapshotError::MostMissing { record: record(), missing, recorded: old.count() })
    } else {
        None
    };
    if let Some(failure) = refusal {
        if journal.is_empty() {
            replacement.end();
        }
        return Err(failure);
    }
    if is_first || !steps.steps.is_empty() {
        let write = |mut file: AtomicFile| -> io::Result<()> {
            write(&mut file, old, &steps, &kept, this, options)?;
            file.commit()
        };
        let written = replacement.create().and_then(write);
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => SnapshotError::Exists(replacement.path().into()),
            _ => SnapshotError::io(replacement.path(), error),
        })?;
    }
    replacement.end();
    Ok(SnapshotReport { findings, ..run.report })
}

struct Run<'r, N> {
    directory: &'r Path,
    old: &'r Record,
    options: &'r SnapshotOptions,
    this: RecordRun,
    notice: N,
    report: SnapshotReport,
}

impl<N: FnMut(SnapshotNotice<'_>)> Run<'_, N> {
    /// What is there, and what of it is to be read.
    fn walk(&mut self, leave_out: Vec<FileId>) -> Result<Steps, SnapshotError> {
        let plan = leave_out.into_iter().fold(Plan::default(), Plan::leave_out);
        let mut planner = Planner::new(self.old, self.options);
        let mut failure = None;
        let _ = engine::list(&self.options.plan(plan), [self.directory], |listed| {
            let name = name_below(self.directory, &listed.path);
            match listed.result {
                Ok(met) => planner.met(name, met),
                Err(error) if name.is_empty() => {
                    failure = Some(SnapshotError::File(error));
                    return ControlFlow::Break(());
                }
                Err(error) if error.is_skipped() => {
                    (self.notice)(SnapshotNotice::Skipped(&error));
                }
                // Removed since its name was listed.
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    planner.unknown(name);
                    self.report.unread += 1;
                    (self.notice)(SnapshotNotice::Unread(&error));
                }
            }
            ControlFlow::Continue(())
        });
        failure.map_or_else(|| Ok(planner.finish()), Err)
    }

    /// Reads what is to be read, unless an interrupted run has read it.
    ///
    /// # Errors
    /// Those of opening the directory and of writing the journal.
    fn read(&mut self, steps: &mut Steps, journal: &mut Journal) -> io::Result<()> {
        let todo = self.resume(steps, journal);
        let functions: Arc<[HashFunction]> = [self.old.hash_function()].into();
        let (names, steps) = (&steps.names, &mut steps.steps);
        let directory = self.directory;
        // No name may lead out of the tree, whatever has become of its directories since.
        let tree = Place::Beneath(Beneath::new(directory)?, directory.as_os_str().len());
        let jobs = todo.into_iter().map(|at| {
            let path = directory.join(OsStr::from_bytes(&names[at]));
            let functions = Arc::clone(&functions);
            let job = Job::new(path.into(), Access::Met, functions);
            (at, Task::Work(job.place(tree.clone())))
        });
        let mut broken = None;
        let (threads, progress) = (self.options.threads, self.options.progress.as_deref());
        hash_ordered(threads, progress, jobs, |at, result: Result<Hashed, Error>, _| {
            let now = self.what_was_read(result);
            if let Now::Read(digest, stamp) = now {
                let content = RecordContent::File { digest, stamp, read: self.this.number };
                let entry = RecordEntry { name: (&*names[at]).into(), content };
                broken = journal.note(&entry, stamp.size).err();
            }
            steps[at].now = now;
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        broken.map_or(Ok(()), Err)
    }

    /// Takes over what an interrupted run has read. Where the steps are that are left to do.
    fn resume(&mut self, steps: &mut Steps, journal: &Journal) -> Vec<usize> {
        let mut resumed = 0;
        let mut todo = Vec::new();
        for (at, step) in steps.steps.iter_mut().enumerate() {
            let Now::Unread(stamp) = step.now else { continue };
            match journal.find(&steps.names[at], &stamp, self.old.hash_function()) {
                Some(digest) => {
                    step.now = Now::Read(digest, stamp);
                    resumed += 1;
                }
                None => todo.push(at),
            }
        }
        if resumed > 0 {
            (self.notice)(SnapshotNotice::Resumed(resumed));
        }
        todo
    }

    fn what_was_read(&mut self, result: Result<Hashed, Error>) -> Now {
        match result.map(|hashed| (hashed.digests.first().copied(), hashed.stamp)) {
            Ok((Some(digest), Some(stamp))) => {
                self.report.read += 1;
                Now::Read(digest, stamp)
            }
            // Removed since its name was listed, or no file any more.
            Ok(_) => Now::Nothing,
            Err(error) if error.is_not_found() => Now::Nothing,
            Err(error) => {
                self.report.unread += 1;
                (self.notice)(SnapshotNotice::Unread(&error));
                Now::Failed
            }
        }
    }
}

/// What became of the files, and which of them keep their old digests.
fn compare(
    old: &Record,
    steps: &Steps,
    options: &SnapshotOptions,
) -> (Vec<Finding>, HashSet<Vec<u8>>) {
    let mut changes = Changes::default();
    for (name, step) in steps.names.iter().zip(&steps.steps) {
        let before = match step.old {
            Old::Line => old.entry_at(step.at),
            Old::None => None,
        };
        let new = match &step.now {
            Now::Nothing => None,
            Now::Failed | Now::Unread(_) => continue,
            Now::Link(target) => Some(RecordContent::Link(target.to_vec().into())),
            Now::Read(digest, stamp) => {
                Some(RecordContent::File { digest: *digest, stamp: *stamp, read: 0 })
            }
        };
        let new = new.map(|content| RecordEntry { name: name.to_vec().into(), content });
        match (before, new) {
            (Some(before), Some(new)) if before.content.holds_what(&new.content) => {}
            (Some(before), Some(new)) => changes.altered(before, new),
            (Some(before), None) => changes.gone(before),
            (None, Some(new)) => changes.arrived(new),
            (None, None) => {}
        }
    }
    let mut findings = changes.resolve(old);
    let mut kept = HashSet::new();
    for finding in findings.iter_mut().filter(|finding| finding.change == Change::Rotted) {
        if options.accept.includes(&finding.name) {
            finding.change = Change::Accepted;
        } else {
            kept.insert(finding.name.clone());
        }
    }
    (findings, kept)
}

/// The old record with the steps done.
fn write(
    file: &mut AtomicFile,
    old: &Record,
    steps: &Steps,
    kept: &HashSet<Vec<u8>>,
    run: RecordRun,
    options: &SnapshotOptions,
) -> io::Result<()> {
    let is_used = |read: &&RecordRun| steps.reads.contains(&read.number);
    let mut reads: Vec<RecordRun> = old.reads().iter().filter(is_used).copied().collect();
    if steps.steps.iter().any(|step| matches!(step.now, Now::Read(..))) {
        reads.push(run);
    }
    let mut writer = RecordWriter::new(file, old.hash_function(), &reads, options.key.as_ref())?;
    let mut from = old.start;
    let mut gone = 0;
    for (name, Step { at, old: before, now }) in steps.names.iter().zip(&steps.steps) {
        writer.lines(old.slice(from, *at))?;
        from = *at;
        let line = match before {
            Old::Line => old.line_at(*at).map(|(_, end)| (old.entry_at(*at), end)),
            Old::None => None,
        };
        let before = line.and_then(|(entry, end)| {
            (from, gone) = (end, gone + 1);
            entry
        });
        let content = match now {
            Now::Nothing => None,
            Now::Link(target) => Some(RecordContent::Link((&**target).into())),
            Now::Read(..) if kept.contains(&**name) => again(before),
            Now::Read(digest, stamp) => {
                Some(RecordContent::File { digest: *digest, stamp: *stamp, read: run.number })
            }
            Now::Failed | Now::Unread(_) => again(before),
        };
        if let Some(content) = content {
            writer.entry(&RecordEntry { name: (&**name).into(), content })?;
        }
    }
    writer.lines(old.slice(from, old.end))?;
    writer.count(old.count() - gone);
    writer.finish()?;
    Ok(())
}

/// What the old record says, to be read again by the next update.
fn again<'a>(before: Option<RecordEntry<'a>>) -> Option<RecordContent<'a>> {
    before.map(|entry| match entry.content {
        RecordContent::File { digest, stamp, .. } => RecordContent::File { digest, stamp, read: 0 },
        link => link,
    })
}
