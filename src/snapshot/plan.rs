//! An old record and what a walk lists → what is to be read, and what is to be written.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;

use super::compare::is_within;
use super::entry::Line;
use super::name::walk_order;
use super::record::{Lines, Record};
use super::{ChangeTimes, Inodes, SnapshotOptions};
use crate::digest::Digest;
use crate::engine::{Met, Stamp};
use crate::manifest::record_text::unescape_known;

/// So many bytes are as long to read as a file is to open.
const OPENING: u128 = 4096;

/// What is to be written in the place of some of the old record's lines; the others stay.
#[derive(Default)]
pub(super) struct Steps {
    /// In the order of a walk.
    pub(super) names: Vec<Box<[u8]>>,
    /// One for each name.
    pub(super) steps: Vec<Step>,
    /// The runs that the lines which stay name.
    pub(super) reads: BTreeSet<u32>,
}

/// What is to be written for one name.
pub(super) struct Step {
    /// Where in the old record's text its line stands, or else the one that follows it.
    pub(super) at: usize,
    pub(super) old: Old,
    pub(super) now: Now,
}

/// Whether the old record has the name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    None,
    Line,
}

/// What there is of that name.
pub(super) enum Now {
    Nothing,
    Link(Box<[u8]>),
    /// A file that is to be read.
    Unread(Stamp),
    Read(Digest, Stamp),
    /// A file that could not be read.
    Failed,
}

/// Makes [`Steps`], as the walk goes on.
pub(super) struct Planner<'r> {
    record: &'r Record,
    options: &'r SnapshotOptions,
    lines: Lines<'r>,
    next: Option<(usize, Line<'r>)>,
    oldest: Oldest,
    last_read: u32,
    steps: Steps,
}

impl<'r> Planner<'r> {
    pub(super) fn new(record: &'r Record, options: &'r SnapshotOptions) -> Self {
        let mut lines = record.lines();
        let next = lines.next();
        let oldest = Oldest::new(record, options);
        Self { record, options, lines, next, oldest, last_read: 0, steps: Steps::default() }
    }

    /// Takes in what the walk met next.
    pub(super) fn met(&mut self, name: &[u8], met: Met) {
        let old = self.seek(name);
        let stays = match (&old, &met) {
            (Some(Line::Link { target, .. }), Met::Link(now)) => {
                *unescape_known(target) == *now.as_os_str().as_bytes()
            }
            (Some(Line::File { stamp, read, .. }), Met::File(now)) => {
                self.stays(stamp, *read, now) && !self.options.accept.includes(name)
            }
            _ => false,
        };
        match (stays, &old) {
            (true, Some(old)) => self.keep(*old),
            _ => {
                let now = match met {
                    Met::File(stamp) => Now::Unread(stamp),
                    Met::Link(target) => Now::Link(target.as_os_str().as_bytes().into()),
                };
                let old = if old.is_some() { Old::Line } else { Old::None };
                self.step(name, old, now);
            }
        }
        if let Some(Old::Line) = old.map(|_| Old::Line) {
            self.advance();
        }
    }

    /// Takes in a name of which nothing is known: what the record says of it, and of what lies
    /// below, stays.
    pub(super) fn unknown(&mut self, name: &[u8]) {
        self.seek(name);
        while let Some((_, line)) = self.next {
            let old = line.known_name();
            if *old != *name && !is_within(&old, name) {
                break;
            }
            self.keep(line);
            self.advance();
        }
    }

    pub(super) fn finish(mut self) -> Steps {
        while self.next.is_some() {
            self.gone();
        }
        self.steps
    }

    /// Passes over what the record has before a name. The line of that name.
    fn seek(&mut self, name: &[u8]) -> Option<Line<'r>> {
        loop {
            let (_, line) = self.next?;
            match walk_order(&line.known_name(), name) {
                std::cmp::Ordering::Less => self.gone(),
                std::cmp::Ordering::Equal => return Some(line),
                std::cmp::Ordering::Greater => return None,
            }
        }
    }

    fn gone(&mut self) {
        if let Some((_, line)) = self.next {
            self.step(&line.known_name(), Old::Line, Now::Nothing);
            self.advance();
        }
    }

    fn step(&mut self, name: &[u8], old: Old, now: Now) {
        let at = self.next.map_or(self.record.end, |(at, _)| at);
        self.steps.names.push(name.into());
        self.steps.steps.push(Step { at, old, now });
    }

    fn keep(&mut self, line: Line<'_>) {
        if let Line::File { read, .. } = line
            && read != self.last_read
        {
            self.last_read = read;
            self.steps.reads.insert(read);
        }
    }

    fn advance(&mut self) {
        self.next = self.lines.next();
    }

    /// Whether a file need not be read again.
    fn stays(&mut self, then: &Stamp, read: u32, now: &Stamp) -> bool {
        let is_its_turn = self.oldest.takes(then, read);
        let has_same_inode = self.options.inodes == Inodes::Ignored || then.inode == now.inode;
        let was_not_touched = self.options.change_times == ChangeTimes::Ignored
            || then.changed.zip(now.changed).is_none_or(|(then, now)| then == now);
        let same = (then.size, then.modified) == (now.size, now.modified)
            && has_same_inode
            && was_not_touched;
        same && read != 0 && !is_its_turn && !self.record.is_racy(then, read)
    }
}

/// Which files are read again because they were read the longest time ago.
struct Oldest {
    /// All that an earlier run read.
    before: u32,
    /// Of those that this run read, so much in addition.
    budget: u128,
}

impl Oldest {
    fn new(record: &Record, options: &SnapshotOptions) -> Self {
        let Some(share) = options.oldest else { return Self { before: 0, budget: 0 } };
        let mut weights = vec![0u128; record.reads().len()];
        for (_, line) in record.lines() {
            if let Line::File { stamp, read, .. } = line
                && let Ok(at) = record.reads().binary_search_by_key(&read, |read| read.number)
            {
                weights[at] += weight(&stamp);
            }
        }
        let mut budget = share.of(weights.iter().sum());
        for (read, weight) in record.reads().iter().zip(weights) {
            if budget <= weight {
                return Self { before: read.number, budget };
            }
            budget -= weight;
        }
        Self { before: u32::MAX, budget: 0 }
    }

    fn takes(&mut self, stamp: &Stamp, read: u32) -> bool {
        if read == self.before && self.budget > 0 {
            self.budget = self.budget.saturating_sub(weight(stamp));
            return true;
        }
        read < self.before
    }
}

fn weight(stamp: &Stamp) -> u128 {
    u128::from(stamp.size) + OPENING
}
