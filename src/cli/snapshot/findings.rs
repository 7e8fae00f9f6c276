//! Printing of findings, as text or JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hsum::snapshot::{FileChange, Finding};
use hsum::{Digest, Error};

use crate::cli::args::shared::ReportArgs;
use crate::cli::colour::Status;
use crate::cli::json::Object;
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::cli::quote::quote;
use crate::cli::summary::thousands;

/// The number of lines after which rotted and missing files are repeated: they have scrolled away.
const LONG_LIST: usize = 20;
/// The maximum number of files that are repeated.
const REPEATED: usize = 50;

/// A printer of findings to standard output: one line of text or one JSON object for each.
pub(super) struct FindingPrinter {
    output: Output,
    json: bool,
    /// The number of lines so far.
    lines: usize,
    /// The names of the first rotted and missing files, to repeat on a terminal.
    rotted: Vec<String>,
    missing: Vec<String>,
    /// The number of all rotted and missing files.
    bad: usize,
}

impl FindingPrinter {
    pub(super) fn new(args: &ReportArgs) -> Result<Self, WriteError> {
        let output = Output::stdout()?.for_people(args.color);
        let (rotted, missing) = (Vec::new(), Vec::new());
        Ok(Self { output, json: args.json, lines: 0, rotted, missing, bad: 0 })
    }

    /// Prints an unchanged file.
    pub(super) fn same(&mut self, name: &[u8]) -> Result<(), WriteError> {
        self.line(name, Status::Ok, None, &[])
    }

    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), WriteError> {
        let other = match &finding.change {
            FileChange::Moved { from } => Some(("from", &**from)),
            FileChange::Duplicate { of } => Some(("of", &**of)),
            _ => None,
        };
        let digests = [("was", finding.was), ("is", finding.is)];
        self.line(&finding.name, status(&finding.change), other, &digests)
    }

    /// Prints a file that could not be read or was skipped, only as JSON: as text it goes to
    /// standard error.
    pub(super) fn unread(&mut self, error: &Error) -> Result<(), WriteError> {
        match error.path() {
            Some(path) if self.json => self.output.line(&Object::unread(path, error).line()),
            _ => Ok(()),
        }
    }

    /// Prints an object, if the output is JSON.
    pub(super) fn object(&mut self, object: impl FnOnce() -> Vec<u8>) -> Result<(), WriteError> {
        if self.json { self.output.line(&object()) } else { Ok(()) }
    }

    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.output.flush()
    }

    /// Repeats the rotted and missing files of a long list on a terminal, and ends the output.
    pub(super) fn finish(mut self) -> Result<(), WriteError> {
        let rotted = std::mem::take(&mut self.rotted).into_iter();
        let missing = std::mem::take(&mut self.missing).into_iter();
        let rotted = rotted.map(|name| (Status::Rotted, name));
        let bad = rotted.chain(missing.map(|name| (Status::Missing, name)));
        let count = self.bad;
        // A list of nothing else hides nothing.
        if self.output.is_terminal() && self.lines > LONG_LIST && (1..self.lines).contains(&count) {
            self.output.line(b"\n")?;
            for (status, name) in bad.take(REPEATED) {
                let text = status.word();
                self.output.status(&StatusLine {
                    status,
                    name: &name,
                    text,
                    word: text,
                    note: "",
                })?;
            }
            if count > REPEATED {
                let more = thousands((count - REPEATED) as u64);
                self.output.line(format!("and {more} more\n").as_bytes())?;
            }
        }
        self.output.finish()
    }

    fn line(
        &mut self,
        name: &[u8],
        status: Status,
        other: Option<(&str, &[u8])>,
        digests: &[(&str, Option<Digest>)],
    ) -> Result<(), WriteError> {
        if self.json {
            return self.output.line(&json_line(name, status, other, digests));
        }
        let quoted = |name| quote(Path::new(OsStr::from_bytes(name)));
        let name = quoted(name);
        let (mut text, mut note) = (status.word().to_owned(), String::new());
        if let Some((word, other)) = other {
            note = format!("({word} {})", quoted(other));
            text.extend([" ", &note[1..note.len() - 1]]);
        }
        self.lines += 1;
        self.output.status(&StatusLine {
            status,
            name: &name,
            text: &text,
            word: status.word(),
            note: &note,
        })?;
        let names = match status {
            Status::Rotted => &mut self.rotted,
            Status::Missing => &mut self.missing,
            _ => return Ok(()),
        };
        self.bad += 1;
        if names.len() < REPEATED {
            names.push(name);
        }
        Ok(())
    }
}

/// The statuses of findings and their counts in summaries, the worst first.
pub(super) const STATUSES: [(Status, &str); 7] = [
    (Status::Rotted, "rotted"),
    (Status::Missing, "missing"),
    (Status::Changed, "changed"),
    (Status::Accepted, "accepted"),
    (Status::Moved, "moved"),
    (Status::Duplicate, "duplicate"),
    (Status::New, "new"),
];

/// Returns the status that a change is printed with.
pub(super) fn status(change: &FileChange) -> Status {
    match change {
        FileChange::Changed => Status::Changed,
        FileChange::Rotted => Status::Rotted,
        FileChange::Accepted => Status::Accepted,
        FileChange::New => Status::New,
        FileChange::Missing => Status::Missing,
        FileChange::Moved { .. } => Status::Moved,
        FileChange::Duplicate { .. } => Status::Duplicate,
    }
}

fn json_line(
    name: &[u8],
    status: Status,
    other: Option<(&str, &[u8])>,
    digests: &[(&str, Option<Digest>)],
) -> Vec<u8> {
    let mut object = Object::new("file");
    object.name("path", name).set("status", status.word());
    if let Some((word, other)) = other {
        object.name(word, other);
    }
    for (word, digest) in digests {
        if let Some(digest) = digest {
            object.set(word, digest.to_hex());
        }
    }
    object.line()
}
