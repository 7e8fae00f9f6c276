//! The file of replay keys: lines 'KEY SECONDS' that are appended, and rewritten now and then.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use hsum::internals::{AtomicFile, read_all};

use crate::cli::print::file_error;
use crate::cli::quote::quote;

/// The maximum length of the file: four times that of the most keys.
const LONGEST: u64 = 128 << 20;

/// A line: a key, and the last second at which its request is fresh; `None` for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    pub(crate) key: [u8; 32],
    pub(crate) fresh_until: Option<u64>,
}

impl Entry {
    pub(crate) fn is_fresh(&self, now: u64) -> bool {
        self.fresh_until.is_none_or(|until| until >= now)
    }

    fn line(&self) -> String {
        let key = hex::encode(self.key);
        match self.fresh_until {
            Some(until) => format!("{key} {until}\n"),
            None => format!("{key} -\n"),
        }
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let (hex, until) = str::from_utf8(line).ok()?.split_once(' ')?;
        let mut key = [0; 32];
        hex::decode_to_slice(hex, &mut key).ok()?;
        let fresh_until = match until {
            "-" => None,
            until => Some(until.parse().ok()?),
        };
        Some(Self { key, fresh_until })
    }
}

/// The open file, locked against another listener.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    length: u64,
    lines: usize,
}

impl Journal {
    /// Opens or creates the file, and returns its entries.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, is in use, or has a line that is not an entry.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<Entry>)> {
        let file = open(path)?;
        let text = read_all(&file, LONGEST).map_err(|error| file_error(path, error))?;
        // An interrupted program may leave a part of its last line.
        let complete = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let mut entries = Vec::new();
        for (at, line) in text[..complete].split_inclusive(|&byte| byte == b'\n').enumerate() {
            match Entry::parse(line.trim_ascii_end()) {
                Some(entry) => entries.push(entry),
                None => bail!("{}: line {}: not a replay key and its time", quote(path), at + 1),
            }
        }
        let (length, lines) = (complete as u64, entries.len());
        Ok((Self { path: path.to_owned(), file, length, lines }, entries))
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// Appends entries, and waits until they are on the disk.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was before.
    pub(crate) fn append(&mut self, entries: &[Entry]) -> Result<()> {
        let text: String = entries.iter().map(Entry::line).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let _ = self.file.set_len(self.length);
            return Err(file_error(&self.path, error));
        }
        self.length += text.len() as u64;
        self.lines += entries.len();
        Ok(())
    }

    /// Replaces the file by one with these entries.
    ///
    /// # Errors
    /// Those of the system; the file is then as it was before.
    pub(crate) fn rewrite(&mut self, entries: impl Iterator<Item = Entry>) -> Result<()> {
        let (mut length, mut lines) = (0, 0);
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(AtomicFile::create_private(&self.path)?);
            for entry in entries {
                let line = entry.line();
                out.write_all(line.as_bytes())?;
                (length, lines) = (length + line.len() as u64, lines + 1);
            }
            out.into_inner().map_err(io::IntoInnerError::into_error)?.commit()
        };
        write().map_err(|error| file_error(&self.path, error))?;
        let file = open(&self.path)?;
        *self = Self { path: self.path.clone(), file, length, lines };
        Ok(())
    }
}

/// Opens the file for reading and appending, and locks it.
fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path);
    let file = file.map_err(|error| file_error(path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(file_error(path, error)),
        Err(TryLockError::WouldBlock) => {
            bail!("{}: used by another 'hsum listen'; give each its own file", quote(path))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incomplete_last_line_is_left_out_and_a_foreign_file_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("seen");
        let entry = Entry { key: [7; 32], fresh_until: Some(9) };
        let lasting = Entry { key: [8; 32], fresh_until: None };
        let text = format!("{}{}{}", entry.line(), lasting.line(), &entry.line()[..20]);
        std::fs::write(&path, text).expect("written");
        let (mut journal, entries) = Journal::open(&path).expect("a journal");
        assert_eq!(entries, [entry, lasting]);
        journal.rewrite(entries.into_iter()).expect("rewritten");
        journal.append(&[entry]).expect("appended");
        assert_eq!(journal.lines(), 3);
        drop(journal);
        assert_eq!(Journal::open(&path).expect("a journal").1, [entry, lasting, entry]);
        std::fs::write(&path, "hello\n").expect("written");
        assert!(Journal::open(&path).is_err());
        assert_eq!(std::fs::read(&path).expect("kept"), b"hello\n");
    }
}
