//! What an update has read so far, kept on disk, so that nothing is read twice when it is killed.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;

use super::entry::{Line, RecordContent, RecordEntry, lower_hex, time, write_time};
use super::name::walk_order;
use super::record::{LARGEST, Record, SEAL_ALGORITHM, may_follow};
use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::engine::{FileId, Stamp, Time};
use crate::hasher::Hasher;
use crate::hmac::{Hmac, Key};

const MAGIC: &str = "hsum-journal 1\n";
const MARK: &str = "mark\t";
/// Entries or bytes of files that are read between two marks: what a kill costs at most, but for
/// the file that was being read.
const ENTRIES: usize = 256;
const BYTES: u64 = 16 << 20;

/// Lines of entries, and marks: each holds the digest, or with a key the HMAC, of all before it.
/// What follows the last good mark does not count.
pub(super) struct Journal {
    file: File,
    state: State,
    begun: Time,
    pending: String,
    entries: usize,
    bytes: u64,
    has_notes: bool,
    /// What another run left.
    before: Before,
}

#[derive(Clone)]
enum State {
    Digest(Box<Hasher>),
    Mac(Box<Hmac>),
}

impl State {
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
        let Ok(said) = lower_hex(SEAL_ALGORITHM.into(), mark) else { return false };
        match self.clone() {
            Self::Digest(hasher) => hasher.finalize() == said,
            Self::Mac(mac) => mac.verify(said.as_bytes()).is_ok(),
        }
    }
}

impl Journal {
    /// Goes on with the journal in `file`, if it is good and of an update of `base` from the tree below
    /// `root`; otherwise
    /// begins one. `None` where the file holds something else, which is not ours to overwrite.
    pub(super) fn open(
        mut file: File,
        base: &Record,
        root: FileId,
        begun: Time,
        key: Option<&Key>,
    ) -> io::Result<Option<Self>> {
        let metadata = file.metadata()?;
        if metadata.len() > LARGEST || metadata.nlink() != 1 {
            return Ok(None);
        }
        let mut text = Vec::new();
        (&file).take(LARGEST).read_to_end(&mut text)?;
        let ours = text.iter().all(|byte| *byte == 0) || text.starts_with(MAGIC.as_bytes());
        if !ours {
            return Ok(None);
        }
        let mut state = match key {
            Some(key) => State::Mac(Box::new(Hmac::new(key))),
            None => State::Digest(Box::new(Hasher::new(SEAL_ALGORITHM))),
        };
        let (identity, function) = (base.identity(), base.hash_function());
        let head = format!("{MAGIC}base\t{identity}\nroot\t{root}\nalgorithm\t{function}\n");
        // Another user may have put it there to influence the record.
        let before = match is_private(&metadata) {
            true => Before::read(text, &head, &mut state, base.hash_function()),
            false => None,
        };
        let (begun, length) = match &before {
            Some(before) => (before.begun, before.text.len()),
            None => (begun, 0),
        };
        file.set_len(length as u64)?;
        file.seek(SeekFrom::Start(length as u64))?;
        let fresh = before.is_none();
        let before = before.unwrap_or_default();
        let pending = String::new();
        let mut journal =
            Self { file, state, begun, pending, entries: 0, bytes: 0, has_notes: false, before };
        if fresh {
            journal.pending = format!("{head}begun\t");
            write_time(&mut journal.pending, begun);
            journal.pending.push('\n');
            journal.mark()?;
        }
        Ok(Some(journal))
    }

    /// Whether nothing was read yet.
    pub(super) fn is_empty(&self) -> bool {
        self.before.lines.is_empty() && !self.has_notes
    }

    /// When the run began, or the interrupted one before it.
    pub(super) fn begun(&self) -> Time {
        self.begun
    }

    /// Returns the digest of a file that an interrupted run read, if the file is what it was.
    ///
    /// Someone without the key may have put back an old journal with a good HMAC. So the change time
    /// must be the same too: no program can set it, and the digest is that of contents which have
    /// not been written to since.
    pub(super) fn find(
        &self,
        name: &[u8],
        stamp: &Stamp,
        function: HashFunction,
    ) -> Option<Digest> {
        match self.before.find(name, function)?.content {
            RecordContent::File { digest, stamp: then, .. }
                if then == *stamp && !may_follow(self.begun, then.modified) =>
            {
                Some(digest)
            }
            _ => None,
        }
    }

    /// Notes a file that was read.
    pub(super) fn note(&mut self, entry: &RecordEntry<'_>, bytes: u64) -> io::Result<()> {
        entry.write(&mut self.pending);
        self.entries += 1;
        self.bytes += bytes;
        self.has_notes = true;
        if self.entries >= ENTRIES || self.bytes >= BYTES { self.mark() } else { Ok(()) }
    }

    fn mark(&mut self) -> io::Result<()> {
        self.state.update(&self.pending);
        let mark = format!("{MARK}{}\n", self.state.mark());
        self.state.update(&mark);
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

/// The good part of a journal.
#[derive(Default)]
struct Before {
    text: String,
    begun: Time,
    /// Where the entries' lines begin, in the order of a walk; the latest of a name.
    lines: Vec<usize>,
}

impl Before {
    fn read(text: Vec<u8>, head: &str, state: &mut State, function: HashFunction) -> Option<Self> {
        let good = match std::str::from_utf8(&text) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&text[..error.valid_up_to()]).ok()?,
        };
        let begun = good.strip_prefix(head)?.strip_prefix("begun\t")?;
        let begun = time(&begun[..begun.find('\n')?])?;
        let initial = state.clone();
        // What was written since the last mark, and where the last good mark ends.
        let (mut since, mut end, mut at) = (0, 0, 0);
        let mut lines = Vec::new();
        let mut marked = 0;
        for line in good.split_inclusive('\n') {
            if let Some(mark) = line.strip_prefix(MARK) {
                let mut next = state.clone();
                next.update(&good[since..at]);
                let is_good = mark.strip_suffix('\n').is_some_and(|mark| next.is_marked(mark));
                if !is_good {
                    break;
                }
                next.update(line);
                *state = next;
                (since, end, marked) = (at + line.len(), at + line.len(), lines.len());
            } else if end > 0 {
                lines.push(at);
            }
            at += line.len();
        }
        if end == 0 {
            *state = initial;
            return None;
        }
        lines.truncate(marked);
        let text = good[..end].to_owned();
        let mut before = Self { text, begun, lines };
        let name = |at: &usize| before.name(*at, function).unwrap_or_default();
        let mut lines = before.lines.clone();
        // The sort is stable: the latest of a name comes last.
        lines.sort_by(|a, b| walk_order(&name(a), &name(b)));
        lines.reverse();
        lines.dedup_by(|a, b| name(a) == name(b));
        lines.reverse();
        before.lines = lines;
        Some(before)
    }

    fn line(&self, at: usize, function: HashFunction) -> Option<Line<'_>> {
        let rest = &self.text[at..];
        Line::cut(&rest[..rest.find('\n')?], function).ok()
    }

    fn name(&self, at: usize, function: HashFunction) -> Option<std::borrow::Cow<'_, [u8]>> {
        Some(self.line(at, function)?.known_name())
    }

    fn find(&self, name: &[u8], function: HashFunction) -> Option<RecordEntry<'_>> {
        let order = |at: &usize| walk_order(&self.name(*at, function).unwrap_or_default(), name);
        let at = self.lines.binary_search_by(order).ok()?;
        self.line(self.lines[at], function)?.known_entry(function)
    }
}
