//! The writer of records.

use std::io::{self, Write};

use crate::algorithm::HashFunction;
use crate::hasher::Hasher;
use crate::hmac::{Hmac, Key};
use crate::manifest::merge::order::walk_order;
use crate::manifest::record_text::{
    ALGORITHM, END, EXCLUDE, INCLUDE, READ, SEAL as SEAL_PREFIX, escape, is_below,
};
use crate::snapshot::entry::{RecordContent, RecordEntry, write_time};
use crate::snapshot::filter::RecordFilter;
use crate::snapshot::record::{MAGIC, MAGIC_WITH_FILTER, RecordRun, SEAL_ALGORITHM};

/// The size of the buffer, in bytes.
const PIECE: usize = 64 * 1024;

/// A writer of records.
///
/// ```
/// use hsum::engine::{FileStamp, Timestamp};
/// use hsum::snapshot::{RecordContent, RecordEntry, RecordRun, Record, RecordWriter};
/// use hsum::{Algorithm, digest};
///
/// let run = RecordRun { number: 1, begun: Timestamp { seconds: 1_700_000_000, nanoseconds: 0 } };
/// let mut writer = RecordWriter::new(Vec::new(), Algorithm::Sha256, &[run], None)?;
/// writer.entry(&RecordEntry {
///     name: b"notes/today.txt".into(),
///     content: RecordContent::File {
///         digest: digest(Algorithm::Sha256, b"rain"),
///         stamp: FileStamp { size: 4, ..FileStamp::default() },
///         run: 1,
///     },
/// })?;
/// let record = Record::parse(writer.finish()?, None)?;
/// assert_eq!(record.count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordWriter<W> {
    out: W,
    function: HashFunction,
    hasher: Hasher,
    mac: Option<Hmac>,
    pending: String,
    count: u64,
    last: Vec<u8>,
}

impl<W: Write> RecordWriter<W> {
    /// Starts a record of a whole tree; see [`RecordWriter::with_filter`].
    ///
    /// # Errors
    /// Writing failed.
    ///
    /// # Panics
    /// If the key is not of HMAC with [`SEAL_ALGORITHM`].
    pub fn new(
        out: W,
        function: impl Into<HashFunction>,
        runs: &[RecordRun],
        key: Option<&Key>,
    ) -> io::Result<Self> {
        Self::with_filter(out, function, &RecordFilter::default(), runs, key)
    }

    /// Starts a record of the files that `filter` selects.
    ///
    /// `runs` are those of its entries, the earliest first. A key seals the record.
    ///
    /// # Errors
    /// Writing failed.
    ///
    /// # Panics
    /// If the key is not of HMAC with [`SEAL_ALGORITHM`].
    pub fn with_filter(
        out: W,
        function: impl Into<HashFunction>,
        filter: &RecordFilter,
        runs: &[RecordRun],
        key: Option<&Key>,
    ) -> io::Result<Self> {
        let function = function.into();
        assert!(
            key.is_none_or(|key| key.hash_function() == SEAL_ALGORITHM.into()),
            "seals are HMAC-SHA-256"
        );
        if function.part_len().is_some() {
            let text = "records have digests of whole files only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut pending = String::from(if filter.is_empty() { MAGIC } else { MAGIC_WITH_FILTER });
        pending.push_str(&format!("{ALGORITHM}{function}\n"));
        for (word, patterns) in [(INCLUDE, filter.include()), (EXCLUDE, filter.exclude())] {
            for pattern in patterns {
                pending.push_str(word);
                escape(&mut pending, pattern.as_bytes());
                pending.push('\n');
            }
        }
        for run in runs {
            pending.push_str(&format!("{READ}{}\t", run.number));
            write_time(&mut pending, run.begun);
            pending.push('\n');
        }
        let (hasher, mac) = (Hasher::new(function), key.map(Hmac::new));
        Ok(Self { out, function, hasher, mac, pending, count: 0, last: Vec::new() })
    }

    /// Writes the next entry.
    ///
    /// # Errors
    /// Writing failed, or [`InvalidInput`]: the entry is not in the order of a walk, its digest is
    /// of another function, or its name or target is invalid.
    ///
    /// [`InvalidInput`]: io::ErrorKind::InvalidInput
    pub fn entry(&mut self, entry: &RecordEntry<'_>) -> io::Result<()> {
        let in_order = self.last.is_empty() || walk_order(&self.last, &entry.name).is_lt();
        let is_valid = match &entry.content {
            RecordContent::File { digest, .. } => digest.hash_function() == self.function,
            RecordContent::Link(target) => !target.contains(&0),
        };
        if !in_order || !is_valid || !is_below(&entry.name) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.last.clear();
        self.last.extend_from_slice(&entry.name);
        self.count += 1;
        entry.write(&mut self.pending);
        if self.pending.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// Copies lines of another record, whose number the caller adds with [`RecordWriter::count`].
    pub(super) fn lines(&mut self, lines: &str) -> io::Result<()> {
        if !lines.is_empty() {
            self.last.clear();
        }
        if lines.len() < PIECE {
            self.pending.push_str(lines);
            return if self.pending.len() >= PIECE { self.flush() } else { Ok(()) };
        }
        self.flush()?;
        self.write(lines)
    }

    /// Adds a number of copied lines, and returns the number of entries.
    pub(super) fn count(&mut self, entries: u64) -> u64 {
        self.count += entries;
        self.count
    }

    /// Writes the end of the record, and the seal.
    ///
    /// # Errors
    /// Writing failed.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush()?;
        let digest = std::mem::replace(&mut self.hasher, Hasher::new(self.function)).finalize();
        self.pending.push_str(&format!("{END}{}\t{digest}\n", self.count));
        self.flush()?;
        if let Some(mac) = self.mac.take() {
            let seal = format!("{SEAL_PREFIX}{}\n", mac.finalize());
            self.out.write_all(seal.as_bytes())?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut pending = std::mem::take(&mut self.pending);
        self.write(&pending)?;
        pending.clear();
        self.pending = pending;
        Ok(())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        // In pieces that stay in the cache between hashing and writing.
        for piece in text.as_bytes().chunks(4 * PIECE) {
            self.hasher.update(piece);
            if let Some(mac) = &mut self.mac {
                mac.update(piece);
            }
            self.out.write_all(piece)?;
        }
        Ok(())
    }
}
