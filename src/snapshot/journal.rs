//! The journal of a run: the digests so far, which the next run uses if this one is killed.

use std::borrow::Cow;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::metadata::{FileId, FileStamp, Timestamp};
use crate::hasher::Hasher;
use crate::hmac::{Hmac, Key};
use crate::manifest::merge::order::walk_order;
use crate::snapshot::entry::{Line, RecordContent, RecordEntry, lower_hex, time, write_time};
use crate::snapshot::record::{MAX_SIZE, Record, SEAL_ALGORITHM, may_follow};

const MAGIC: &str = "hsum-journal 1\n";
const MARK: &str = "mark\t";
/// The maximum number of entries between two marks. A killed run loses those after the last mark.
const MAX_ENTRIES: usize = 256;
/// The maximum number of bytes in the files of those entries.
const MAX_BYTES: u64 = 16 << 20;

/// Lines of entries, and marks with the digest (with a key, the HMAC) of all text before them.
///
/// Text after the last valid mark is ignored.
pub(super) struct Journal {
    file: File,
    checksum: Checksum,
    /// The time at which this run began, or the interrupted run that it continues.
    pub(super) begun: Timestamp,
    pending: String,
    entries: usize,
    bytes: u64,
    has_entries: bool,
    saved: SavedEntries,
}

/// The running checksum of a journal's text.
#[derive(Clone)]
enum Checksum {
    Digest(Box<Hasher>),
    Mac(Box<Hmac>),
}

impl Checksum {
    fn update(&mut self, text: &str) {
        match self {
            Self::Digest(hasher) => hasher.update(text.as_bytes()),
            Self::Mac(mac) => mac.update(text.as_bytes()),
        }
    }

    fn mark(&self) -> String {
        match self.clone() {
            Self::Digest(hasher) => hasher.finalize().to_string(),
            Self::Mac(mac) => mac.finalize().to_string(),
        }
    }

    fn is_marked(&self, mark: &str) -> bool {
        let Ok(recorded) = lower_hex(SEAL_ALGORITHM.into(), mark) else { return false };
        match self.clone() {
            Self::Digest(hasher) => hasher.finalize() == recorded,
            Self::Mac(mac) => mac.verify(recorded.as_bytes()).is_ok(),
        }
    }
}

impl Journal {
    /// Continues the journal in `file` if it is of the same record and tree, or starts a new one.
    ///
    /// Returns `None` if the file is not a journal, which must not be overwritten.
    pub(super) fn open(
        mut file: File,
        base: &Record,
        root: FileId,
        begun: Timestamp,
        key: Option<&Key>,
    ) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if metadata.len() > MAX_SIZE || metadata.nlink() != 1 {
            return Ok(None);
        }
        let mut text = Vec::new();
        (&file).take(MAX_SIZE).read_to_end(&mut text)?;
        let is_journal = text.iter().all(|byte| *byte == 0) || text.starts_with(MAGIC.as_bytes());
        if !is_journal {
            return Ok(None);
        }
        let mut checksum = match key {
            Some(key) => Checksum::Mac(Box::new(Hmac::new(key))),
            None => Checksum::Digest(Box::new(Hasher::new(SEAL_ALGORITHM))),
        };
        let (identity, function) = (base.identity(), base.hash_function());
        let head = format!("{MAGIC}base\t{identity}\nroot\t{root}\nalgorithm\t{function}\n");
        // Another user may have written the journal to influence the record.
        let saved = match is_private(&metadata) {
            true => SavedEntries::read(text, &head, &mut checksum, function),
            false => None,
        };
        let (begun, length) = match &saved {
            Some(saved) => (saved.begun, saved.text.len()),
            None => (begun, 0),
        };
        file.set_len(length as u64)?;
        file.seek(SeekFrom::Start(length as u64))?;
        let is_new = saved.is_none();
        let mut journal = Self {
            file,
            checksum,
            begun,
            pending: String::new(),
            entries: 0,
            bytes: 0,
            has_entries: false,
            saved: saved.unwrap_or_default(),
        };
        if is_new {
            journal.pending = format!("{head}begun\t");
            write_time(&mut journal.pending, begun);
            journal.pending.push('\n');
            journal.mark()?;
        }
        Ok(Some(journal))
    }

    /// Returns `true` if no file has been read yet.
    pub(super) fn is_empty(&self) -> bool {
        self.saved.lines.is_empty() && !self.has_entries
    }

    /// Returns the digest of a file that an interrupted run read, if its metadata is unchanged.
    ///
    /// The change time counts too, because programs cannot set it: an attacker without the key may
    /// have restored an old journal, whose HMAC is valid.
    pub(super) fn find(
        &self,
        name: &[u8],
        stamp: &FileStamp,
        function: HashFunction,
    ) -> Option<Digest> {
        match self.saved.find(name, function)?.content {
            RecordContent::File { digest, stamp: then, .. }
                if then == *stamp && !may_follow(self.begun, then.modified) =>
            {
                Some(digest)
            }
            _ => None,
        }
    }

    pub(super) fn add(&mut self, entry: &RecordEntry<'_>, bytes: u64) -> io::Result<()> {
        entry.write(&mut self.pending);
        self.entries += 1;
        self.bytes += bytes;
        self.has_entries = true;
        if self.entries >= MAX_ENTRIES || self.bytes >= MAX_BYTES { self.mark() } else { Ok(()) }
    }

    fn mark(&mut self) -> io::Result<()> {
        self.checksum.update(&self.pending);
        let mark = format!("{MARK}{}\n", self.checksum.mark());
        self.checksum.update(&mark);
        self.pending.push_str(&mark);
        self.file.write_all(self.pending.as_bytes())?;
        self.pending.clear();
        (self.entries, self.bytes) = (0, 0);
        Ok(())
    }
}

/// Returns `true` if only this user can have written to the file.
fn is_private(metadata: &Metadata) -> bool {
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.mode() & 0o022 == 0
}

/// The entries that an interrupted run has saved, up to the last valid mark.
#[derive(Default)]
struct SavedEntries {
    text: String,
    begun: Timestamp,
    /// The offsets of the latest line of each name, in the order of a walk.
    lines: Vec<usize>,
}

impl SavedEntries {
    /// Parses a journal, and updates `checksum` with the part that is used.
    fn read(
        text: Vec<u8>,
        head: &str,
        checksum: &mut Checksum,
        function: HashFunction,
    ) -> Option<Self> {
        let valid = match std::str::from_utf8(&text) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).ok()?,
        };
        let begun = valid.strip_prefix(head)?.strip_prefix("begun\t")?;
        let begun = time(&begun[..begun.find('\n')?])?;
        // The offsets of the current line, and after the last valid mark.
        let (mut at, mut end) = (0, 0);
        let mut lines = Vec::new();
        let mut marked = 0;
        for line in valid.split_inclusive('\n') {
            if let Some(mark) = line.strip_prefix(MARK) {
                let mut next = checksum.clone();
                next.update(&valid[end..at]);
                let is_valid = mark.strip_suffix('\n').is_some_and(|mark| next.is_marked(mark));
                if !is_valid {
                    break;
                }
                next.update(line);
                *checksum = next;
                (end, marked) = (at + line.len(), lines.len());
            } else if end > 0 {
                lines.push(at);
            }
            at += line.len();
        }
        if end == 0 {
            return None;
        }
        lines.truncate(marked);
        let text = valid[..end].to_owned();
        let mut saved = Self { text, begun, lines };
        let name = |at: &usize| saved.name(*at, function).unwrap_or_default();
        let mut lines = saved.lines.clone();
        // The sort is stable, so the latest line of a name is the last one.
        lines.sort_by(|a, b| walk_order(&name(a), &name(b)));
        lines.reverse();
        lines.dedup_by(|a, b| name(a) == name(b));
        lines.reverse();
        saved.lines = lines;
        Some(saved)
    }

    fn line(&self, at: usize, function: HashFunction) -> Option<Line<'_>> {
        let rest = &self.text[at..];
        Line::split(&rest[..rest.find('\n')?], function).ok()
    }

    fn name(&self, at: usize, function: HashFunction) -> Option<Cow<'_, [u8]>> {
        Some(self.line(at, function)?.checked_name())
    }

    fn find(&self, name: &[u8], function: HashFunction) -> Option<RecordEntry<'_>> {
        let order = |at: &usize| walk_order(&self.name(*at, function).unwrap_or_default(), name);
        let at = self.lines.binary_search_by(order).ok()?;
        self.line(self.lines[at], function)?.checked_entry(function)
    }
}
