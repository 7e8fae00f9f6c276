//! Printing of findings, as text or JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hsum::snapshot::{FileChange, Finding};
use hsum::{Digest, Error};
use serde_json::{Map, Value};

use crate::cli::args::shared::ColourChoice;
use crate::cli::colour::Status;
use crate::cli::output::{Output, StatusLine, WriteError};
use crate::cli::print::{json_bytes, json_error, json_name};
use crate::cli::quote::quote;

/// A printer of findings to standard output: one line of text or one JSON object for each.
pub(super) struct FindingPrinter {
    output: Output,
    json: bool,
}

impl FindingPrinter {
    pub(super) fn new(json: bool) -> Result<Self, WriteError> {
        Ok(Self { output: Output::stdout()?.for_people(ColourChoice::Auto), json })
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

    /// Prints a file that could not be read, only as JSON: as text it goes to standard error.
    pub(super) fn unread(&mut self, error: &Error) -> Result<(), WriteError> {
        match error.path() {
            Some(path) if self.json => self.output.line(&json_error(path, error)),
            _ => Ok(()),
        }
    }

    pub(super) fn flush(&mut self) -> Result<(), WriteError> {
        self.output.flush()
    }

    pub(super) fn finish(self) -> Result<(), WriteError> {
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
        self.output.status(&StatusLine { status, name: &name, text: &text, note: &note })
    }
}

/// The statuses of findings, the worst first.
pub(super) const STATUSES: [Status; 7] = [
    Status::Rotted,
    Status::Missing,
    Status::Changed,
    Status::Accepted,
    Status::Moved,
    Status::Duplicate,
    Status::New,
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
    let mut object = Map::new();
    object.insert("status".into(), status.word().into());
    json_name(&mut object, "path", name);
    if let Some((word, other)) = other {
        json_name(&mut object, word, other);
    }
    for (word, digest) in digests {
        if let Some(digest) = digest {
            object.insert((*word).into(), Value::String(digest.to_hex()));
        }
    }
    json_bytes(object)
}
