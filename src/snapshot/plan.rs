//! The plan of an update: which files to read, and which lines of the record to replace.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::os::unix::ffi::OsStrExt;

use crate::digest::Digest;
use crate::engine::listing::WalkEntryKind;
use crate::engine::metadata::FileStamp;
use crate::manifest::merge::order::walk_order;
use crate::manifest::record_text::unescape_known;
use crate::snapshot::entry::Line;
use crate::snapshot::filter::RecordFilter;
use crate::snapshot::names::is_at_or_below;
use crate::snapshot::options::SnapshotOptions;
use crate::snapshot::record::{Record, RecordLines};

/// The cost of opening a file, in bytes that take as long to read.
const OPENING_COST: u128 = 4096;

/// The entries to write in place of lines of the old record; the other lines stay.
#[derive(Default)]
pub(super) struct Edits {
    /// The names of the entries, in the order of a walk.
    pub(super) names: Vec<Box<[u8]>>,
    /// One edit for each name.
    pub(super) edits: Vec<Edit>,
    /// The numbers of the runs in the lines that stay.
    pub(super) runs: BTreeSet<u32>,
}

/// An entry to write.
pub(super) struct Edit {
    /// The offset of its line in the old record, or of the next line if it is not recorded.
    pub(super) at: usize,
    pub(super) is_recorded: bool,
    pub(super) current: Current,
}

/// The current state of a name in the tree.
pub(super) enum Current {
    Absent,
    /// A name that the filter excludes; its entry is removed from the record.
    Excluded,
    Link(Box<[u8]>),
    /// A file to read.
    Unread(FileStamp),
    Read(Digest, FileStamp),
    /// A file that could not be read.
    Failed,
}

/// Collects [`Edits`] during a walk.
pub(super) struct Planner<'r> {
    record: &'r Record,
    options: &'r SnapshotOptions,
    filter: &'r RecordFilter,
    lines: Peekable<RecordLines<'r>>,
    oldest: Oldest,
    last_run: u32,
    edits: Edits,
}

impl<'r> Planner<'r> {
    /// Creates the planner of a record whose entries `filter` selects.
    pub(super) fn new(
        record: &'r Record,
        options: &'r SnapshotOptions,
        filter: &'r RecordFilter,
    ) -> Self {
        let (lines, oldest) = (record.lines().peekable(), Oldest::new(record, options));
        Self { record, options, filter, lines, oldest, last_run: 0, edits: Edits::default() }
    }

    pub(super) fn add(&mut self, name: &[u8], current: WalkEntryKind) {
        self.remove_while(|old| walk_order(old, name).is_lt());
        let at = self.lines.peek().map_or(self.record.end, |(at, _)| *at);
        let old = self.lines.next_if(|(_, old)| *old.checked_name() == *name).map(|(_, old)| old);
        let stays = match (&old, &current) {
            (Some(Line::Link { target, .. }), WalkEntryKind::Link(now)) => {
                *unescape_known(target) == *now.as_os_str().as_bytes()
            }
            (Some(Line::File { stamp, run, .. }), WalkEntryKind::File(now)) => {
                self.stays(stamp, *run, now) && !self.options.accept_rot.includes(name)
            }
            _ => false,
        };
        match old {
            Some(old) if stays => self.keep(old),
            _ => {
                let current = match current {
                    WalkEntryKind::File(stamp) => Current::Unread(stamp),
                    WalkEntryKind::Link(target) => {
                        Current::Link(target.as_os_str().as_bytes().into())
                    }
                };
                self.edit(name, Edit { at, is_recorded: old.is_some(), current });
            }
        }
    }

    /// Keeps the lines of a name that could not be read, and of all names below it, unless the
    /// filter excludes them.
    pub(super) fn keep_below(&mut self, name: &[u8]) {
        self.remove_while(|old| walk_order(old, name).is_lt());
        while let Some((at, line)) =
            self.lines.next_if(|(_, old)| is_at_or_below(&old.checked_name(), name))
        {
            let old = line.checked_name();
            match self.filter.selects(&old) {
                true => self.keep(line),
                false => {
                    let current = Current::Excluded;
                    self.edit(&old, Edit { at, is_recorded: true, current });
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Edits {
        self.remove_while(|_| true);
        self.edits
    }

    fn remove_while(&mut self, is_gone: impl Fn(&[u8]) -> bool) {
        while let Some((at, line)) = self.lines.next_if(|(_, old)| is_gone(&old.checked_name())) {
            let name = line.checked_name();
            let current = match self.filter.selects(&name) {
                true => Current::Absent,
                false => Current::Excluded,
            };
            self.edit(&name, Edit { at, is_recorded: true, current });
        }
    }

    fn edit(&mut self, name: &[u8], edit: Edit) {
        self.edits.names.push(name.into());
        self.edits.edits.push(edit);
    }

    fn keep(&mut self, line: Line<'_>) {
        if let Line::File { run, .. } = line
            && run != self.last_run
        {
            self.last_run = run;
            self.edits.runs.insert(run);
        }
    }

    /// Returns `true` if the line of a file stays, so that the file need not be read.
    fn stays(&mut self, then: &FileStamp, run: u32, now: &FileStamp) -> bool {
        let is_oldest = self.oldest.take(then, run);
        let has_same_inode = self.options.ignore_inodes || then.inode == now.inode;
        let has_same_change_time = self.options.ignore_change_times
            || then.changed.zip(now.changed).is_none_or(|(then, now)| then == now);
        let is_same = (then.size, then.modified) == (now.size, now.modified)
            && has_same_inode
            && has_same_change_time;
        is_same && run != 0 && !is_oldest && !self.record.is_racy(then, run)
    }
}

/// The selection of the files that were read longest ago.
struct Oldest {
    /// All files of earlier runs are selected.
    run: u32,
    /// The total weight of files still to select from this run.
    budget: u128,
}

impl Oldest {
    fn new(record: &Record, options: &SnapshotOptions) -> Self {
        let Some(share) = options.verify_oldest else { return Self { run: 0, budget: 0 } };
        let mut weights = vec![0u128; record.runs().len()];
        for (_, line) in record.lines() {
            if let Line::File { stamp, run, .. } = line
                && let Ok(at) = record.runs().binary_search_by_key(&run, |run| run.number)
            {
                weights[at] += weight(&stamp);
            }
        }
        let mut budget = share.of(weights.iter().sum());
        for (run, weight) in record.runs().iter().zip(weights) {
            if budget <= weight {
                return Self { run: run.number, budget };
            }
            budget -= weight;
        }
        Self { run: u32::MAX, budget: 0 }
    }

    /// Returns `true` if a file is selected, and subtracts its weight from the budget.
    fn take(&mut self, stamp: &FileStamp, run: u32) -> bool {
        if run == self.run && self.budget > 0 {
            self.budget = self.budget.saturating_sub(weight(stamp));
            return true;
        }
        run < self.run
    }
}

fn weight(stamp: &FileStamp) -> u128 {
    u128::from(stamp.size) + OPENING_COST
}
