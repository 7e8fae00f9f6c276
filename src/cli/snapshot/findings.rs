//! Printing of findings, as text or JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hsum::snapshot::{FileChange, Finding};
use hsum::{Digest, Error};
use serde_json::{Map, Value};

use crate::cli::output::{Output, WriteError};
use crate::cli::print::{json_bytes, json_error, json_name};
use crate::cli::quote::quote;

/// A printer of findings to standard output: `NAME: STATUS`, or one JSON object per line.
pub(super) struct FindingPrinter {
    output: Output,
    json: bool,
}

impl FindingPrinter {
    pub(super) fn new(json: bool) -> Result<Self, WriteError> {
        Ok(Self { output: Output::stdout()?, json })
    }

    /// Prints an unchanged file.
    pub(super) fn same(&mut self, name: &[u8]) -> Result<(), WriteError> {
        self.line(name, "OK", None, &[])
    }

    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), WriteError> {
        let (status, other) = match &finding.change {
            FileChange::Changed => ("CHANGED", None),
            FileChange::Rotted => ("ROTTED", None),
            FileChange::Accepted => ("ACCEPTED", None),
            FileChange::New => ("NEW", None),
            FileChange::Missing => ("MISSING", None),
            FileChange::Moved { from } => ("MOVED", Some(("from", &**from))),
            FileChange::Duplicate { of } => ("DUPLICATE", Some(("of", &**of))),
        };
        let digests = [("was", finding.was), ("is", finding.is)];
        self.line(&finding.name, status, other, &digests)
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
        status: &str,
        other: Option<(&str, &[u8])>,
        digests: &[(&str, Option<Digest>)],
    ) -> Result<(), WriteError> {
        let line = match self.json {
            false => text_line(name, status, other),
            true => json_line(name, status, other, digests),
        };
        self.output.line(&line)
    }
}

fn text_line(name: &[u8], status: &str, other: Option<(&str, &[u8])>) -> Vec<u8> {
    let quoted = |name| quote(Path::new(OsStr::from_bytes(name)));
    let mut line = format!("{}: {status}", quoted(name));
    if let Some((word, other)) = other {
        line.extend([" ", word, " ", &quoted(other)]);
    }
    line.push('\n');
    line.into_bytes()
}

fn json_line(
    name: &[u8],
    status: &str,
    other: Option<(&str, &[u8])>,
    digests: &[(&str, Option<Digest>)],
) -> Vec<u8> {
    let mut object = Map::new();
    object.insert("status".into(), status.into());
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
