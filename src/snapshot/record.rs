//! The parser of records, which validates a whole record before it returns any entry.

use std::borrow::Cow;

use crate::algorithm::{Algorithm, HashFunction};
use crate::engine::metadata::{FileStamp, Timestamp};
use crate::hasher::digest;
use crate::hmac::Key;
use crate::manifest::merge::order::walk_order;
use crate::manifest::record_text::{
    ALGORITHM, ANY_MAGIC, END, EXCLUDE, INCLUDE, READ, SEAL as SEAL_PREFIX, number, unescape,
};
use crate::snapshot::entry::{Line, RecordEntry, lower_hex, time};
use crate::snapshot::filter::RecordFilter;

/// The first line of a new record, with the version of the format.
pub(super) const MAGIC: &str = "hsum-snapshot 2\n";
/// The first line of a new record with a filter.
pub(super) const MAGIC_WITH_FILTER: &str = "hsum-snapshot 3\n";
/// The first line of a record whose entries have no change time.
const MAGIC_1: &str = "hsum-snapshot 1\n";
/// The hash algorithm of the HMAC in a seal.
pub const SEAL_ALGORITHM: Algorithm = Algorithm::Sha256;
/// The maximum size of a record or journal in bytes, enough for some thirty million files.
pub(super) const MAX_SIZE: u64 = 4 << 30;
/// The coarsest precision of times, in seconds (FAT). If a file was modified less than this before
/// it was read, a later modification may leave its time unchanged.
const COARSEST_PRECISION: i64 = 2;

/// The recorded state of a tree: its entries, in the order of a walk, and the runs that read them.
#[derive(Clone, Debug)]
pub struct Record {
    text: String,
    function: HashFunction,
    filter: RecordFilter,
    runs: Vec<RecordRun>,
    /// The offset of the first entry in the text.
    pub(super) start: usize,
    /// The offset after the last entry.
    pub(super) end: usize,
    count: u64,
    sealed: SealStatus,
}

/// A run that read files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordRun {
    /// Its number, from 1; later runs have higher numbers.
    pub number: u32,
    /// The time at which it began.
    pub begun: Timestamp,
}

/// The state of a record's seal, which reveals changes made without the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SealStatus {
    /// The record has no seal.
    Unsealed,
    /// The record has a seal, which could not be checked without a key.
    Unchecked,
    /// The seal is valid.
    Valid,
}

/// The reason why a record is rejected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file does not start like a record.
    #[error("not a snapshot record")]
    NotARecord,
    /// The file is larger than 4 GiB.
    #[error("too large for a snapshot record (at most 4 GiB)")]
    TooLarge,
    /// The version of the format is unknown.
    #[error("snapshot record of an unknown version")]
    UnknownVersion,
    /// The end is missing.
    #[error("incomplete: the end of the record is missing")]
    Incomplete,
    /// The text does not match the digest in its last line.
    #[error("damaged: the record does not match its own digest")]
    Damaged,
    /// The record has no seal, but a key was given.
    #[error("not sealed, but a key was given")]
    Unsealed,
    /// The seal does not match the text and the key.
    #[error("wrong seal: the key is wrong, or the record was changed")]
    WrongSeal,
    /// The record is sealed, and an update without the key would lose the seal.
    #[error("sealed: an update needs the key")]
    KeyNeeded,
    /// A line is malformed.
    #[error("line {number}: {problem}")]
    Line {
        /// The number of the line, from 1.
        number: u64,
        /// A description of the problem.
        problem: &'static str,
    },
}

impl RecordError {
    /// Returns the reason as a stable word, such as `wrong-seal`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotARecord => "not-a-record",
            Self::TooLarge => "record-too-large",
            Self::UnknownVersion => "unknown-version",
            Self::Incomplete => "incomplete",
            Self::Damaged => "damaged",
            Self::Unsealed => "unsealed",
            Self::WrongSeal => "wrong-seal",
            Self::KeyNeeded => "key-needed",
            Self::Line { .. } => "bad-line",
        }
    }
}

impl Record {
    /// Parses a record. With a key, the record must have a valid seal, which is checked first.
    ///
    /// # Errors
    /// [`RecordError`] unless the bytes are exactly what a run has written.
    ///
    /// # Panics
    /// If the key is not of HMAC with [`SEAL_ALGORITHM`].
    pub fn parse(bytes: Vec<u8>, key: Option<&Key>) -> Result<Self, RecordError> {
        let is_known = |magic: &str| bytes.starts_with(magic.as_bytes());
        if ![MAGIC, MAGIC_1, MAGIC_WITH_FILTER].into_iter().any(is_known) {
            return Err(if is_known(ANY_MAGIC) {
                RecordError::UnknownVersion
            } else {
                RecordError::NotARecord
            });
        }
        let (body, sealed) = unseal(&bytes, key)?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                return Err(bad_line(good, "not UTF-8"));
            }
        };
        let mut record = Self::parse_header(text)?;
        record.sealed = sealed;
        record.find_end(body)?;
        record.check_entries()?;
        Ok(record)
    }

    /// Returns the record of an empty tree, without runs.
    pub(super) fn empty(function: HashFunction, filter: RecordFilter) -> Self {
        let (text, runs, sealed) = (String::new(), Vec::new(), SealStatus::Unsealed);
        Self { text, function, filter, runs, start: 0, end: 0, count: 0, sealed }
    }

    /// Returns the hash function of the digests.
    pub fn hash_function(&self) -> HashFunction {
        self.function
    }

    /// Returns the filter that selects the files of the tree.
    pub fn filter(&self) -> &RecordFilter {
        &self.filter
    }

    /// Returns the number of entries.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the state of the seal.
    pub fn seal_status(&self) -> SealStatus {
        self.sealed
    }

    /// Returns the runs that read the files, the earliest first.
    pub fn runs(&self) -> &[RecordRun] {
        &self.runs
    }

    /// Returns the entries, in the order of a walk.
    pub fn entries(&self) -> impl Iterator<Item = RecordEntry<'_>> {
        self.lines().filter_map(|(_, line)| line.checked_entry(self.function))
    }

    /// Returns the lines of the entries, each with its offset.
    pub(super) fn lines(&self) -> RecordLines<'_> {
        RecordLines { record: self, at: self.start }
    }

    /// Returns the line at an offset from [`Record::lines`], and the offset of the next line.
    pub(super) fn line_at(&self, at: usize) -> Option<(Line<'_>, usize)> {
        let rest = self.text.get(at..self.end)?;
        let length = rest.find('\n')?;
        Some((Line::split(&rest[..length], self.function).ok()?, at + length + 1))
    }

    /// Returns the entry at an offset from [`Record::lines`].
    pub(super) fn entry_at(&self, at: usize) -> Option<RecordEntry<'_>> {
        self.line_at(at)?.0.checked_entry(self.function)
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &str {
        &self.text[start..end]
    }

    /// Returns the digest in the last line, which differs between records.
    pub(super) fn identity(&self) -> &str {
        let last = &self.text[self.end..];
        last.lines().next().and_then(|line| line.rsplit('\t').next()).unwrap_or("-")
    }

    pub(super) fn begun(&self, run: u32) -> Option<Timestamp> {
        let at = self.runs.binary_search_by_key(&run, |run| run.number).ok()?;
        Some(self.runs[at].begun)
    }

    /// Returns `true` if a file may have changed after `run` read it, and kept its time.
    pub(super) fn is_racy(&self, stamp: &FileStamp, run: u32) -> bool {
        self.begun(run).is_some_and(|begun| may_follow(begun, stamp.modified))
    }

    fn parse_header(text: String) -> Result<Self, RecordError> {
        let mut start = MAGIC.len();
        let next = |start: &mut usize, word: &str| {
            let rest = text[*start..].strip_prefix(word)?;
            let (field, _) = rest.split_once('\n')?;
            *start += word.len() + field.len() + 1;
            Some(field)
        };
        let name = next(&mut start, ALGORITHM).ok_or(RecordError::Incomplete)?;
        let function = name
            .parse::<HashFunction>()
            .ok()
            .filter(|f| f.to_string() == name && f.part_len().is_none());
        let function =
            function.ok_or(RecordError::Line { number: 2, problem: "unknown algorithm" })?;
        let mut patterns = [Vec::new(), Vec::new()];
        if text.starts_with(MAGIC_WITH_FILTER) {
            for (word, patterns) in [INCLUDE, EXCLUDE].iter().zip(&mut patterns) {
                while let Some(pattern) = next(&mut start, word) {
                    patterns.push(pattern);
                }
            }
        }
        let lines = patterns.iter().map(Vec::len).sum::<usize>() as u64;
        let filter = filter(patterns)
            .filter(|filter| filter.is_empty() != text.starts_with(MAGIC_WITH_FILTER));
        let filter = filter.ok_or(RecordError::Line { number: 3, problem: "malformed filter" })?;
        let mut runs: Vec<RecordRun> = Vec::new();
        while let Some(field) = next(&mut start, READ) {
            let run = field.split_once('\t').and_then(|(run, begun)| {
                let number = number(run)?.try_into().ok()?;
                Some(RecordRun { number, begun: time(begun)? })
            });
            let latest = runs.last().map_or(0, |run| run.number);
            let run = run.filter(|run| run.number > latest && run.number < u32::MAX);
            let number = 3 + lines + runs.len() as u64;
            runs.push(run.ok_or(RecordError::Line { number, problem: "malformed run" })?);
        }
        let (end, sealed) = (start, SealStatus::Unsealed);
        Ok(Self { function, filter, runs, start, end, count: 0, sealed, text })
    }

    /// Finds the last line before the seal, and checks the digest in it.
    fn find_end(&mut self, body: usize) -> Result<(), RecordError> {
        let body = &self.text[..body];
        let before = body.strip_suffix('\n').ok_or(RecordError::Incomplete)?;
        let end = before.rfind('\n').map_or(0, |at| at + 1);
        let fields = before[end..].strip_prefix(END).and_then(|rest| rest.split_once('\t'));
        let (count, digest_text) = fields.ok_or(RecordError::Incomplete)?;
        let recorded = lower_hex(self.function, digest_text).map_err(|_| RecordError::Damaged)?;
        let count = number(count).ok_or(RecordError::Damaged)?;
        if end < self.start || digest(self.function, &body.as_bytes()[..end]) != recorded {
            return Err(RecordError::Damaged);
        }
        (self.end, self.count) = (end, count);
        Ok(())
    }

    fn check_entries(&self) -> Result<(), RecordError> {
        let mut last: Option<Cow<'_, [u8]>> = None;
        let mut count = 0;
        let mut at = self.start;
        let bad = |at: usize, problem| bad_line(&self.text.as_bytes()[..at], problem);
        while at < self.end {
            let rest = &self.text[at..self.end];
            let length = rest.find('\n').ok_or(RecordError::Damaged)?;
            let line = Line::split(&rest[..length], self.function);
            let checked = line.and_then(|line| Ok((line.check()?, line)));
            let (name, line) = checked.map_err(|problem| bad(at, problem))?;
            if let Line::File { run, stamp, .. } = line {
                if run != 0 && self.begun(run).is_none() {
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
        if count == self.count { Ok(()) } else { Err(bad(self.end, "wrong number of entries")) }
    }
}

/// Parses the include and exclude patterns of a header; `None` unless they are in canonical form.
fn filter([include, exclude]: [Vec<&str>; 2]) -> Option<RecordFilter> {
    let unescape = |patterns: Vec<&str>| -> Option<Vec<String>> {
        let pattern = |text| String::from_utf8(unescape(text)?.into_owned()).ok();
        patterns.into_iter().map(pattern).collect()
    };
    let (include, exclude) = (unescape(include)?, unescape(exclude)?);
    let filter = RecordFilter::new(&include, &exclude).ok()?;
    (filter.include() == include && filter.exclude() == exclude).then_some(filter)
}

/// Returns `true` if a file with this modification time may have changed after `begun` and kept
/// the time.
pub(super) fn may_follow(begun: Timestamp, modified: Timestamp) -> bool {
    let limit = Timestamp { seconds: begun.seconds.saturating_sub(COARSEST_PRECISION), ..begun };
    modified >= limit
}

/// Returns the length of the text before the seal, and the state of the seal.
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
            Ok((bytes.len(), SealStatus::Unsealed))
        };
    };
    let tag = str::from_utf8(tag).ok().and_then(|tag| lower_hex(SEAL_ALGORITHM.into(), tag).ok());
    match (tag.filter(|_| bytes.ends_with(b"\n")), key) {
        (None, _) => Err(RecordError::Incomplete),
        (Some(_), None) => Ok((start, SealStatus::Unchecked)),
        (Some(tag), Some(key)) => match key.verify(&bytes[..start], tag.as_bytes()) {
            Ok(()) => Ok((start, SealStatus::Valid)),
            Err(_) => Err(RecordError::WrongSeal),
        },
    }
}

/// Returns the error about the line that follows `text`.
fn bad_line(text: &[u8], problem: &'static str) -> RecordError {
    let number = text.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    RecordError::Line { number, problem }
}

/// The iterator of [`Record::lines`].
pub(super) struct RecordLines<'r> {
    record: &'r Record,
    at: usize,
}

impl<'r> Iterator for RecordLines<'r> {
    type Item = (usize, Line<'r>);

    fn next(&mut self) -> Option<Self::Item> {
        let (line, next) = self.record.line_at(self.at)?;
        let at = std::mem::replace(&mut self.at, next);
        Some((at, line))
    }
}
