//! The index of an authority: what it has issued and revoked, as lines of text.
//!
//! ```text
//! hsum-ca-index 1
//! issued   SERIAL  END OF VALIDITY  NAMES
//! revoked  SERIAL  TIME             REASON
//! crl      NUMBER  TIME
//! ```
//!
//! Fields are separated by tabs. Lines are only added. The file is replaced atomically, while a
//! lock keeps other writers away.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::ValueEnum;
use hsum::internals::read_file;
use rustix::fs::{FlockOperation, flock};

use crate::cli::print::file_error;
use crate::cli::quote::quote;
use crate::server::args::cert::making::Reason;
use crate::server::cert::new_files::NewFiles;
use crate::server::cert::time;

pub(crate) const FILE: &str = "index.txt";
pub(crate) const LOCK: &str = "index.lock";

const HEAD: &str = "hsum-ca-index 1";

/// The maximum size of an index in bytes: some two million certificates.
const MAX_SIZE: u64 = 256 << 20;

/// A line of the index.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Entry {
    Issued { serial: String, not_after: i64, names: String },
    Revoked { serial: String, time: i64, reason: Reason },
    Crl { number: u64, time: i64 },
}

/// The index of a directory, locked.
#[derive(Debug)]
pub(crate) struct Index {
    path: PathBuf,
    pub(crate) entries: Vec<Entry>,
    /// Holds the lock while it is open.
    _lock: File,
}

impl Index {
    /// Waits for other writers, and reads the index in `directory`; it may be missing.
    ///
    /// # Errors
    /// Returns an error if the index cannot be locked or read.
    pub(crate) fn lock(directory: &Path) -> Result<Self> {
        let lock_path = directory.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.and_then(|lock| {
            flock(&lock, FlockOperation::LockExclusive)?;
            Ok(lock)
        });
        let lock = lock.map_err(|error| file_error(&lock_path, error))?;
        let path = directory.join(FILE);
        let text = match read_file(&path, MAX_SIZE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            text => text.map_err(|error| file_error(&path, error))?,
        };
        let entries = parse(&text).map_err(|line| {
            anyhow!("{}: line {line} is damaged; restore the file from a backup", quote(&path))
        })?;
        Ok(Self { path, entries, _lock: lock })
    }

    /// Adds an entry; [`Index::write`] makes it permanent.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Adds the file to `files`.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub(crate) fn write(&self, files: &mut NewFiles) -> Result<()> {
        let mut text = format!("{HEAD}\n");
        for entry in &self.entries {
            text.push_str(&entry.to_line());
            text.push('\n');
        }
        files.replace(&self.path, text.as_bytes())
    }

    /// Returns the time and the reason of a certificate's revocation.
    pub(crate) fn revocation(&self, serial: &str) -> Option<(i64, Reason)> {
        self.revoked().find(|(revoked, ..)| *revoked == serial).map(|(_, time, why)| (time, why))
    }

    /// Returns serial number, time and reason of each revocation.
    pub(crate) fn revoked(&self) -> impl Iterator<Item = (&str, i64, Reason)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Revoked { serial, time, reason } => Some((serial.as_str(), *time, *reason)),
            _ => None,
        })
    }

    /// Returns the number of the next revocation list.
    pub(crate) fn next_crl(&self) -> u64 {
        let numbers = self.entries.iter().filter_map(|entry| match entry {
            Entry::Crl { number, .. } => Some(*number),
            _ => None,
        });
        numbers.max().unwrap_or(0).saturating_add(1)
    }
}

impl Entry {
    fn to_line(&self) -> String {
        match self {
            Self::Issued { serial, not_after, names } => {
                // Names contain neither tabs nor line ends.
                format!("issued\t{serial}\t{}\t{names}", time::to_text(*not_after))
            }
            Self::Revoked { serial, time, reason } => {
                format!("revoked\t{serial}\t{}\t{}", time::to_text(*time), reason_name(*reason))
            }
            Self::Crl { number, time } => format!("crl\t{number}\t{}", time::to_text(*time)),
        }
    }

    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["issued", serial, end, names] => Some(Self::Issued {
                serial: serial_number(serial)?,
                not_after: time::parse(end)?,
                names: names.to_owned(),
            }),
            ["revoked", serial, time, reason] => Some(Self::Revoked {
                serial: serial_number(serial)?,
                time: time::parse(time)?,
                reason: Reason::from_str(reason, false).ok()?,
            }),
            ["crl", number, time] => {
                Some(Self::Crl { number: number.parse().ok()?, time: time::parse(time)? })
            }
            _ => None,
        }
    }
}

/// Returns the name of a reason, as the command line takes it.
pub(crate) fn reason_name(reason: Reason) -> String {
    reason.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Checks a serial number: up to 20 bytes as hexadecimal digits.
fn serial_number(text: &str) -> Option<String> {
    let bytes = hex::decode(text).ok()?;
    (1..=20).contains(&bytes.len()).then(|| text.to_owned())
}

/// Parses an index, and returns the number of the first damaged line.
fn parse(text: &[u8]) -> Result<Vec<Entry>, usize> {
    let text = str::from_utf8(text).map_err(|_| 1usize)?;
    let mut entries = Vec::new();
    for (i, line) in text.lines().enumerate() {
        match Entry::parse(line) {
            Some(entry) if i > 0 => entries.push(entry),
            None if i == 0 && line == HEAD => {}
            _ => return Err(i + 1),
        }
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_written_and_parsed() {
        let entries = vec![
            Entry::Issued {
                serial: "40ff".into(),
                not_after: 1_795_970_405,
                names: "localhost, ::1".into(),
            },
            Entry::Revoked {
                serial: "40ff".into(),
                time: 1_795_970_405,
                reason: Reason::KeyCompromise,
            },
            Entry::Crl { number: 7, time: 0 },
        ];
        let lines: Vec<_> = entries.iter().map(Entry::to_line).collect();
        assert_eq!(lines[1], "revoked\t40ff\t2026-11-29T16:40:05Z\tkey-compromise");
        let text = format!("{HEAD}\n{}\n", lines.join("\n"));
        assert_eq!(parse(text.as_bytes()), Ok(entries));
        assert_eq!(parse(b""), Ok(Vec::new()));
    }

    #[test]
    fn damaged_lines_are_named() {
        for (text, line) in [
            ("other 1\n", 1),
            ("hsum-ca-index 1\nissued\t40\n", 2),
            ("hsum-ca-index 1\ncrl\t1\t2026-11-29T16:40:05Z\n\n", 3),
            ("hsum-ca-index 1\nrevoked\tzz\t2026-11-29T16:40:05Z\tsuperseded\n", 2),
            ("hsum-ca-index 1\nrevoked\t40\t2026-11-29T16:40:05Z\tsuper\n", 2),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(line), "{text}");
        }
    }
}
