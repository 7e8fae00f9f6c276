//! A record of a tree: bytes → checked whole, then believed.

use std::borrow::Cow;
use std::fmt;

use super::entry::{Line, RecordEntry, lower_hex, time};
use super::name::walk_order;
use crate::algorithm::{Algorithm, HashFunction};
use crate::engine::{Stamp, Time};
use crate::hasher::digest;
use crate::hmac::Key;
use crate::manifest::record_text::{ALGORITHM, ANY_MAGIC, END, READ, SEAL as SEAL_PREFIX, number};

/// The first line of a record that is written now; the number is the format's version.
pub(super) const MAGIC: &str = "hsum-snapshot 2\n";
/// The first line of a record whose entries have no change time.
const MAGIC_1: &str = "hsum-snapshot 1\n";
/// The MAC of a seal, whatever the record's own algorithm.
pub const SEAL_ALGORITHM: Algorithm = Algorithm::Sha256;
/// The largest record or journal that is read, in bytes: one of thirty million files.
pub(super) const LARGEST: u64 = 4 << 30;
/// File systems keep times to two seconds at worst (FAT). A file that was modified no longer than
/// that before it was read may have been written to again without its time telling.
const GRAIN: i64 = 2;

/// What a tree was: its entries, in the order of a walk, and the runs that read them.
///
/// Holds the text that it was read from.
#[derive(Clone, Debug)]
pub struct Record {
    text: String,
    function: HashFunction,
    reads: Vec<RecordRun>,
    /// Where the first entry begins and the last one ends.
    pub(super) start: usize,
    pub(super) end: usize,
    count: u64,
    sealed: SealStatus,
}

/// A run that read files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordRun {
    /// From 1; later runs have higher ones.
    pub number: u32,
    /// When it began.
    pub begun: Time,
}

/// What protects a record against those who can write to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealStatus {
    /// Nothing.
    No,
    /// A seal, which nobody checked, for want of a key.
    Unchecked,
    /// A seal that is good.
    Checked,
}

/// Why a record is not believed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RecordError {
    /// It does not begin like one.
    NoRecord,
    /// It is larger than any record that is read.
    TooLarge,
    /// A later version wrote it, in a format of its own.
    Version,
    /// Its end is missing.
    Incomplete,
    /// It is not what was written: the digest in its last line is another.
    Damaged,
    /// A key was given, and there is no seal.
    Unsealed,
    /// The seal is not that of this text under this key.
    WrongSeal,
    /// Bringing it up to date without the key would take off its seal.
    KeyNeeded,
    /// This line, counted from 1, is malformed.
    Line(u64, &'static str),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoRecord => "not a snapshot",
            Self::TooLarge => "too large for a snapshot (4 GiB at most)",
            Self::Version => "a snapshot in a format that this version does not know",
            Self::Incomplete => "the end is missing: cut short, or never written whole",
            Self::Damaged => "damaged: it is not what was written",
            Self::Unsealed => "not sealed, and a key was given",
            Self::WrongSeal => "the seal is wrong: another key, or somebody changed the record",
            Self::KeyNeeded => "sealed: without the key it cannot be brought up to date",
            Self::Line(number, reason) => return write!(f, "line {number}: {reason}"),
        })
    }
}

impl std::error::Error for RecordError {}

impl Record {
    /// Reads a record. With a key it must carry the seal of that key, which is checked first.
    ///
    /// # Errors
    /// [`RecordError`] where it is not exactly what was written once: then nothing of it is to be
    /// believed.
    ///
    /// # Panics
    /// With a key that is not one of HMAC with [`SEAL_ALGORITHM`].
    pub fn parse(bytes: Vec<u8>, key: Option<&Key>) -> Result<Self, RecordError> {
        let is_known = |magic: &str| bytes.starts_with(magic.as_bytes());
        if !is_known(MAGIC) && !is_known(MAGIC_1) {
            return Err(if is_known(ANY_MAGIC) {
                RecordError::Version
            } else {
                RecordError::NoRecord
            });
        }
        let (body, sealed) = unseal(&bytes, key)?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                return Err(RecordError::Line(lines_before(good), "not UTF-8"));
            }
        };
        let mut record = Self::header(text)?;
        record.sealed = sealed;
        record.find_end(body)?;
        record.check_entries()?;
        Ok(record)
    }

    /// That of an empty tree, which nobody has read.
    pub(super) fn empty(function: HashFunction) -> Self {
        let (reads, sealed) = (Vec::new(), SealStatus::No);
        Self { text: String::new(), function, reads, start: 0, end: 0, count: 0, sealed }
    }

    /// The function that made the digests.
    pub fn hash_function(&self) -> HashFunction {
        self.function
    }

    /// How many entries it has.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether it carries a seal.
    pub fn sealed(&self) -> SealStatus {
        self.sealed
    }

    /// The runs that read what it says, the earliest first.
    pub fn reads(&self) -> &[RecordRun] {
        &self.reads
    }

    /// The entries, in the order of a walk.
    pub fn entries(&self) -> impl Iterator<Item = RecordEntry<'_>> {
        self.lines().filter_map(|(_, line)| line.known_entry(self.function))
    }

    /// The entries' lines, each with its place.
    pub(super) fn lines(&self) -> Lines<'_> {
        Lines { record: self, at: self.start }
    }

    /// The line at a place that [`Record::lines`] gave, and where it ends.
    pub(super) fn line_at(&self, at: usize) -> Option<(Line<'_>, usize)> {
        let rest = self.text.get(at..self.end)?;
        let length = rest.find('\n')?;
        Some((Line::cut(&rest[..length], self.function).ok()?, at + length + 1))
    }

    /// The entry at a place that [`Record::lines`] gave.
    pub(super) fn entry_at(&self, at: usize) -> Option<RecordEntry<'_>> {
        self.line_at(at)?.0.known_entry(self.function)
    }

    /// Whole lines, as they stand.
    pub(super) fn slice(&self, start: usize, end: usize) -> &str {
        &self.text[start..end]
    }

    /// What tells it from every other record: the digest in its last line.
    pub(super) fn identity(&self) -> &str {
        let last = &self.text[self.end..];
        last.lines().next().and_then(|line| line.rsplit('\t').next()).unwrap_or("-")
    }

    /// When that run began.
    pub(super) fn begun(&self, read: u32) -> Option<Time> {
        let at = self.reads.binary_search_by_key(&read, |read| read.number).ok()?;
        Some(self.reads[at].begun)
    }

    /// Whether a file may have been written to after it was read without its time telling.
    pub(super) fn is_racy(&self, stamp: &Stamp, read: u32) -> bool {
        self.begun(read).is_some_and(|begun| may_follow(begun, stamp.modified))
    }

    fn header(text: String) -> Result<Self, RecordError> {
        let mut start = MAGIC.len();
        let mut line = 2;
        let next = |start: &mut usize, word: &str| {
            let rest = text[*start..].strip_prefix(word)?;
            let (field, _) = rest.split_once('\n')?;
            *start += word.len() + field.len() + 1;
            Some(field)
        };
        let name = next(&mut start, ALGORITHM).ok_or(RecordError::Incomplete)?;
        let function = name.parse::<HashFunction>().ok().filter(|f| f.to_string() == name);
        let function = function.ok_or(RecordError::Line(line, "unknown algorithm"))?;
        let mut reads: Vec<RecordRun> = Vec::new();
        while let Some(field) = next(&mut start, READ) {
            line += 1;
            let read = field.split_once('\t').and_then(|(read, begun)| {
                let number = number(read)?.try_into().ok()?;
                Some(RecordRun { number, begun: time(begun)? })
            });
            let latest = reads.last().map_or(0, |read| read.number);
            let read = read.filter(|read| read.number > latest && read.number < u32::MAX);
            reads.push(read.ok_or(RecordError::Line(line, "malformed run"))?);
        }
        let (end, sealed) = (start, SealStatus::No);
        Ok(Self { function, reads, start, end, count: 0, sealed, text })
    }

    /// Finds the last line of the text before the seal, and holds it against what stands before.
    fn find_end(&mut self, body: usize) -> Result<(), RecordError> {
        let body = &self.text[..body];
        let before = body.strip_suffix('\n').ok_or(RecordError::Incomplete)?;
        let end = before.rfind('\n').map_or(0, |at| at + 1);
        let fields = before[end..].strip_prefix(END).and_then(|rest| rest.split_once('\t'));
        let (count, digest_text) = fields.ok_or(RecordError::Incomplete)?;
        let said = lower_hex(self.function, digest_text).map_err(|_| RecordError::Damaged)?;
        let count = number(count).ok_or(RecordError::Damaged)?;
        if end < self.start || digest(self.function, &body.as_bytes()[..end]) != said {
            return Err(RecordError::Damaged);
        }
        (self.end, self.count) = (end, count);
        Ok(())
    }

    fn check_entries(&self) -> Result<(), RecordError> {
        let mut last: Option<Cow<'_, [u8]>> = None;
        let mut count = 0;
        let mut at = self.start;
        let bad = |at: usize, reason| {
            RecordError::Line(lines_before(&self.text.as_bytes()[..at]), reason)
        };
        while at < self.end {
            let rest = &self.text[at..self.end];
            let length = rest.find('\n').ok_or(RecordError::Damaged)?;
            let line = Line::cut(&rest[..length], self.function);
            let checked = line.and_then(|line| Ok((line.check()?, line)));
            let (name, line) = checked.map_err(|reason| bad(at, reason))?;
            if let Line::File { read, stamp, .. } = line {
                if read != 0 && self.begun(read).is_none() {
                    return Err(bad(at, "no such run"));
                }
                if stamp.changed.is_some() && self.text.starts_with(MAGIC_1) {
                    return Err(bad(at, "a change time, which version 1 does not have"));
                }
            }
            if last.as_ref().is_some_and(|last| walk_order(last, &name).is_ge()) {
                return Err(bad(at, "out of order"));
            }
            last = Some(name);
            count += 1;
            at += length + 1;
        }
        if count == self.count { Ok(()) } else { Err(bad(self.end, "another number of entries")) }
    }
}

/// Whether a file modified at that time may have been written to again after `begun`, and keep
/// its time.
pub(super) fn may_follow(begun: Time, modified: Time) -> bool {
    let limit = Time { seconds: begun.seconds.saturating_sub(GRAIN), ..begun };
    modified >= limit
}

/// How long the text before the seal is. Without a key a seal is only looked for.
fn unseal(bytes: &[u8], key: Option<&Key>) -> Result<(usize, SealStatus), RecordError> {
    assert!(
        key.is_none_or(|key| key.hash_function() == SEAL_ALGORITHM.into()),
        "seals are HMAC-SHA-256"
    );
    let last = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = last.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let Some(tag) = last[start..].strip_prefix(SEAL_PREFIX.as_bytes()) else {
        return if key.is_some() {
            Err(RecordError::Unsealed)
        } else {
            Ok((bytes.len(), SealStatus::No))
        };
    };
    let tag = str::from_utf8(tag).ok().and_then(|tag| lower_hex(SEAL_ALGORITHM.into(), tag).ok());
    match (tag.filter(|_| bytes.ends_with(b"\n")), key) {
        (None, _) => Err(RecordError::Incomplete),
        (Some(_), None) => Ok((start, SealStatus::Unchecked)),
        (Some(tag), Some(key)) => match key.verify(&bytes[..start], tag.as_bytes()) {
            Ok(()) => Ok((start, SealStatus::Checked)),
            Err(_) => Err(RecordError::WrongSeal),
        },
    }
}

/// The number of the line that begins after `text`.
fn lines_before(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

/// See [`Record::lines`].
pub(super) struct Lines<'r> {
    record: &'r Record,
    at: usize,
}

impl<'r> Iterator for Lines<'r> {
    type Item = (usize, Line<'r>);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, next) = self.record.line_at(self.at)?;
        let at = std::mem::replace(&mut self.at, next);
        Some((at, line))
    }
}
