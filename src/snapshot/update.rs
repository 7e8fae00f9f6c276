//! New records and updates of old ones, which share all code: a new record updates an empty one.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use crate::algorithm::HashFunction;
use crate::engine::confined_dir::ConfinedDir;
use crate::engine::job::{Access, Job};
use crate::engine::listing::list;
use crate::engine::metadata::{FileId, Timestamp};
use crate::engine::options::HashOptions;
use crate::engine::ordered::Task;
use crate::engine::outcome::HashedFile;
use crate::engine::path_base::PathBase;
use crate::engine::run::hash_ordered;
use crate::error::Error;
use crate::fs::replace::{AtomicFile, Existing};
use crate::fs::temporary::is_temporary;
use crate::hmac::Key;
use crate::snapshot::compare::Changes;
use crate::snapshot::entry::{RecordContent, RecordEntry};
use crate::snapshot::error::{SnapshotError, SnapshotErrorKind};
use crate::snapshot::filter::RecordFilter;
use crate::snapshot::journal::Journal;
use crate::snapshot::names::{below, is_at_or_below};
use crate::snapshot::open::root_id;
use crate::snapshot::options::{AcceptRot, SnapshotOptions};
use crate::snapshot::plan::{Current, Edit, Edits, Planner};
use crate::snapshot::record::{Record, RecordError, RecordRun, SealStatus};
use crate::snapshot::replace::{Replacement, own_files};
use crate::snapshot::report::{FileChange, Finding, SnapshotNotice, SnapshotReport};
use crate::snapshot::write::RecordWriter;

/// Reads all files in `directory` and writes a record to `target`, atomically.
///
/// A killed run leaves its digests in a journal, from which the next call continues. With
/// [`Existing::Replace`] the new record replaces a file at `target`, unless some files could not be
/// read ([`SnapshotErrorKind::Incomplete`]).
///
/// # Errors
/// The directory cannot be walked, or the record cannot be written. Files that cannot be read are
/// reported as [`SnapshotNotice::Unread`], and are not in the record.
pub fn take(
    directory: &Path,
    target: &Path,
    function: impl Into<HashFunction>,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    root_id(directory)?;
    if target.file_name().is_some_and(|name| is_temporary(name.as_bytes())) {
        return Err(SnapshotError::new(target, SnapshotErrorKind::ReservedName));
    }
    let replacement = Replacement::begin(target, options.existing)?;
    let old = Record::empty(function.into(), options.filter.clone().unwrap_or_default());
    write_record(directory, &old, replacement, options, notice)
}

/// Updates the record at `target` to the current state of `directory`.
///
/// Reads the files whose size, times or inode number differ from the record, and those selected by
/// [`SnapshotOptions::verify_oldest`].
///
/// A file that rotted ([`FileChange::Rotted`]) keeps its old digest, unless
/// [`SnapshotOptions::accept_rot`] includes it. A recorded file that cannot be read stays in the
/// record. The next update reads both again.
///
/// A killed run leaves the old record unchanged and its digests in a journal, from which the next
/// call continues.
///
/// # Errors
/// The record is rejected, the directory cannot be walked, most of the recorded files are missing
/// or all are excluded (see [`SnapshotOptions::allow_missing`]), or the new record cannot be
/// written. The old record is unchanged.
pub fn update(
    directory: &Path,
    target: &Path,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    root_id(directory)?;
    let replacement = Replacement::begin(target, Existing::Replace)?;
    // Read under the lock, so that no other process replaces it.
    let old = Record::open(target, options.key.as_ref()).and_then(|old| match old.seal_status() {
        SealStatus::Unchecked => {
            let kind = SnapshotErrorKind::Rejected(RecordError::KeyNeeded);
            Err(SnapshotError::new(target, kind))
        }
        SealStatus::Unsealed | SealStatus::Valid => check_names(target, old, &options.accept_rot),
    });
    let old = match old {
        Ok(old) => old,
        Err(error) => {
            replacement.cancel();
            return Err(error);
        }
    };
    write_record(directory, &old, replacement, options, notice)
}

/// Checks that the record has all names whose rot is to be accepted.
fn check_names(target: &Path, old: Record, accept: &AcceptRot) -> Result<Record, SnapshotError> {
    let AcceptRot::Names(names) = accept else { return Ok(old) };
    let is_recorded =
        |name: &&Vec<u8>| old.lines().any(|(_, line)| is_at_or_below(&line.checked_name(), name));
    match names.iter().find(|name| !is_recorded(name)) {
        None => Ok(old),
        Some(name) => {
            let kind = SnapshotErrorKind::NotRecorded { name: name.clone() };
            Err(SnapshotError::new(target, kind))
        }
    }
}

/// Reads the files whose metadata differs from `old`, and replaces the record.
fn write_record(
    directory: &Path,
    old: &Record,
    replacement: Replacement,
    options: &SnapshotOptions,
    notice: impl FnMut(SnapshotNotice<'_>),
) -> Result<SnapshotReport, SnapshotError> {
    let root = root_id(directory)?;
    let begun = options.begun.unwrap_or_else(Timestamp::now);
    let key = options.key.as_ref();
    let journal_error = |error| SnapshotError::io(&replacement.journal, error);
    let lock = replacement.lock.try_clone().map_err(journal_error)?;
    let journal = Journal::open(lock, old, root, begun, key).map_err(journal_error)?;
    let Some(mut journal) = journal else {
        let kind = SnapshotErrorKind::NotAJournal;
        return Err(SnapshotError::new(&replacement.journal, kind));
    };
    let latest = old.runs().last().map_or(0, |run| run.number);
    let this = RecordRun { number: latest + 1, begun: journal.begun };
    let report = SnapshotReport::default();
    let filter = options.filter.as_ref().unwrap_or(old.filter());
    let mut run = UpdateRun { directory, old, options, filter, this, notice, report };
    let edits = run.walk(own_files(&replacement.path));
    if edits.is_err() && journal.is_empty() {
        replacement.finish();
        return edits.map(|_| run.report);
    }
    let mut edits = edits?;
    run.read(&mut edits, &mut journal).map_err(journal_error)?;
    let is_first = old.end == 0;
    // In a new record all files are new, so findings would only take memory.
    let (findings, kept) =
        if is_first { Default::default() } else { compare(old, &edits, options) };
    let is_excluded = |edit: &&Edit| matches!(edit.current, Current::Excluded);
    let excluded = edits.edits.iter().filter(is_excluded).count() as u64;
    let recorded = old.count() - excluded;
    let missing = findings.iter().filter(|f| f.change == FileChange::Missing).count() as u64;
    let unread = run.report.unread;
    let is_emptied = excluded > 0 && recorded == 0;
    let refusal = if is_first && unread > 0 && replacement.has_old() {
        // The old record may have the files that could not be read.
        Some(SnapshotErrorKind::Incomplete { unread })
    } else if !options.allow_missing && missing > recorded / 2 {
        Some(SnapshotErrorKind::MostMissing { missing, recorded })
    } else if !options.allow_missing && is_emptied {
        Some(SnapshotErrorKind::AllExcluded { recorded: excluded })
    } else {
        None
    };
    if let Some(kind) = refusal {
        let error = SnapshotError::new(&replacement.path, kind);
        if journal.is_empty() {
            replacement.finish();
        }
        return Err(error);
    }
    if !findings.is_empty() {
        (run.notice)(SnapshotNotice::Found(&findings));
    }
    let mut entries = old.count();
    if is_first || !edits.edits.is_empty() || filter != old.filter() {
        let write = |mut file: AtomicFile| -> io::Result<()> {
            entries =
                write_entries(&mut file, old, &edits, &kept, this, filter, options.key.as_ref())?;
            file.commit()
        };
        let written = replacement.create().and_then(write);
        written.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                SnapshotError::new(&replacement.path, SnapshotErrorKind::Exists)
            }
            _ => SnapshotError::io(&replacement.path, error),
        })?;
    }
    replacement.finish();
    Ok(SnapshotReport { findings, entries, excluded, ..run.report })
}

/// A run that reads a tree.
struct UpdateRun<'r, N> {
    directory: &'r Path,
    old: &'r Record,
    options: &'r SnapshotOptions,
    /// Selects the entries of the new record.
    filter: &'r RecordFilter,
    this: RecordRun,
    notice: N,
    report: SnapshotReport,
}

impl<N: FnMut(SnapshotNotice<'_>)> UpdateRun<'_, N> {
    /// Lists the tree, and plans which files to read.
    fn walk(&mut self, excluded: Vec<FileId>) -> Result<Edits, SnapshotError> {
        let plan = excluded.into_iter().fold(HashOptions::default(), HashOptions::leave_out);
        let mut planner = Planner::new(self.old, self.options, self.filter);
        let mut failure = None;
        let _ = list(
            &self.options.walk_plan(plan, self.filter.paths().clone()),
            [self.directory],
            |listed| {
                let name = below(self.directory, &listed.path);
                match listed.result {
                    Ok(entry) => planner.add(name, entry),
                    Err(error) if name.is_empty() => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                    Err(error) if error.is_skipped() => {
                        (self.notice)(SnapshotNotice::Skipped(&error));
                    }
                    // Removed after its name was listed.
                    Err(error) if error.is_not_found() => {}
                    Err(error) => {
                        planner.keep_below(name);
                        self.report.unread += 1;
                        (self.notice)(SnapshotNotice::Unread(&error));
                    }
                }
                ControlFlow::Continue(())
            },
        );
        match failure {
            None => Ok(planner.finish()),
            Some(error) => Err(SnapshotError::new(self.directory, SnapshotErrorKind::File(error))),
        }
    }

    /// Reads the planned files, except those that an interrupted run has read.
    ///
    /// # Errors
    /// The directory cannot be opened, or the journal cannot be written.
    fn read(&mut self, edits: &mut Edits, journal: &mut Journal) -> io::Result<()> {
        let unread = self.resume(edits, journal);
        let functions: Arc<[HashFunction]> = [self.old.hash_function()].into();
        let (names, edits) = (&edits.names, &mut edits.edits);
        let directory = self.directory;
        // A directory may have been replaced by a link that leads out of the tree.
        let tree = PathBase::Confined(ConfinedDir::new(directory)?, directory.as_os_str().len());
        let SnapshotOptions { cache, reading, .. } = *self.options;
        let jobs = unread.into_iter().map(|at| {
            let path = directory.join(OsStr::from_bytes(&names[at]));
            let functions = Arc::clone(&functions);
            let job = Job::new(path.into(), Access::Walked, functions);
            (at, Task::Work(Job { cache, reading, base: tree.clone(), ..job }))
        });
        let mut broken = None;
        let (threads, progress) = (self.options.threads, self.options.progress.as_deref());
        hash_ordered(threads, progress, jobs, |at, result: Result<HashedFile, Error>, _| {
            let current = self.current(result);
            if let Current::Read(digest, stamp) = current {
                let content = RecordContent::File { digest, stamp, run: self.this.number };
                let entry = RecordEntry { name: (&*names[at]).into(), content };
                broken = journal.add(&entry, stamp.size).err();
            }
            edits[at].current = current;
            if broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        broken.map_or(Ok(()), Err)
    }

    /// Uses the digests of an interrupted run; returns the indices of the files still to read.
    fn resume(&mut self, edits: &mut Edits, journal: &Journal) -> Vec<usize> {
        let mut resumed = 0;
        let mut unread = Vec::new();
        for (at, edit) in edits.edits.iter_mut().enumerate() {
            let Current::Unread(stamp) = edit.current else { continue };
            match journal.find(&edits.names[at], &stamp, self.old.hash_function()) {
                Some(digest) => {
                    edit.current = Current::Read(digest, stamp);
                    resumed += 1;
                }
                None => unread.push(at),
            }
        }
        if resumed > 0 {
            (self.notice)(SnapshotNotice::Resumed(resumed));
        }
        unread
    }

    fn current(&mut self, result: Result<HashedFile, Error>) -> Current {
        match result.map(|hashed| (hashed.digests.first().copied(), hashed.stamp)) {
            Ok((Some(digest), Some(stamp))) => {
                self.report.read += 1;
                Current::Read(digest, stamp)
            }
            // Removed or replaced after its name was listed.
            Ok(_) => Current::Absent,
            Err(error) if error.is_not_found() => Current::Absent,
            Err(error) => {
                self.report.unread += 1;
                (self.notice)(SnapshotNotice::Unread(&error));
                Current::Failed
            }
        }
    }
}

/// Returns the findings, and the names of the rotted files that keep their old digests.
fn compare(
    old: &Record,
    edits: &Edits,
    options: &SnapshotOptions,
) -> (Vec<Finding>, HashSet<Vec<u8>>) {
    let mut changes = Changes::default();
    for (name, edit) in edits.names.iter().zip(&edits.edits) {
        let before = if edit.is_recorded { old.entry_at(edit.at) } else { None };
        let new = match &edit.current {
            Current::Absent => None,
            Current::Failed | Current::Unread(_) => continue,
            Current::Excluded => {
                before.into_iter().for_each(|before| changes.excluded(before));
                continue;
            }
            Current::Link(target) => Some(RecordContent::Link(target.to_vec().into())),
            Current::Read(digest, stamp) => {
                Some(RecordContent::File { digest: *digest, stamp: *stamp, run: 0 })
            }
        };
        let new = new.map(|content| RecordEntry { name: name.to_vec().into(), content });
        match (before, new) {
            (Some(before), Some(new)) if before.content.is_same(&new.content) => {}
            (Some(before), Some(new)) => changes.replaced(before, new),
            (Some(before), None) => changes.removed(before),
            (None, Some(new)) => changes.appeared(new),
            (None, None) => {}
        }
    }
    let mut findings = changes.resolve(old);
    let mut kept = HashSet::new();
    for finding in findings.iter_mut().filter(|finding| finding.change == FileChange::Rotted) {
        if options.accept_rot.includes(&finding.name) {
            finding.change = FileChange::Accepted;
        } else {
            kept.insert(finding.name.clone());
        }
    }
    (findings, kept)
}

/// Writes the old record with the edits applied, and returns the number of entries.
fn write_entries(
    file: &mut AtomicFile,
    old: &Record,
    edits: &Edits,
    kept: &HashSet<Vec<u8>>,
    run: RecordRun,
    filter: &RecordFilter,
    key: Option<&Key>,
) -> io::Result<u64> {
    let is_used = |run: &&RecordRun| edits.runs.contains(&run.number);
    let mut runs: Vec<RecordRun> = old.runs().iter().filter(is_used).copied().collect();
    if edits.edits.iter().any(|edit| matches!(edit.current, Current::Read(..))) {
        runs.push(run);
    }
    let mut writer = RecordWriter::with_filter(file, old.hash_function(), filter, &runs, key)?;
    let mut from = old.start;
    let mut replaced = 0;
    for (name, Edit { at, is_recorded, current }) in edits.names.iter().zip(&edits.edits) {
        writer.lines(old.slice(from, *at))?;
        from = *at;
        let mut before = None;
        if *is_recorded && let Some((line, end)) = old.line_at(*at) {
            before = line.checked_entry(old.hash_function());
            (from, replaced) = (end, replaced + 1);
        }
        let content = match current {
            Current::Absent | Current::Excluded => None,
            Current::Link(target) => Some(RecordContent::Link((&**target).into())),
            Current::Read(digest, stamp) if !kept.contains(&**name) => {
                Some(RecordContent::File { digest: *digest, stamp: *stamp, run: run.number })
            }
            Current::Read(..) | Current::Failed | Current::Unread(_) => before.map(to_read_again),
        };
        if let Some(content) = content {
            writer.entry(&RecordEntry { name: (&**name).into(), content })?;
        }
    }
    writer.lines(old.slice(from, old.end))?;
    let entries = writer.count(old.count() - replaced);
    writer.finish()?;
    Ok(entries)
}

/// Returns the recorded contents, marked so that the next update reads the file.
fn to_read_again(entry: RecordEntry<'_>) -> RecordContent<'_> {
    match entry.content {
        RecordContent::File { digest, stamp, .. } => RecordContent::File { digest, stamp, run: 0 },
        link => link,
    }
}
