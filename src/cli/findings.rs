//! Findings of an audit → lines, as text or JSON.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use hsum::snapshot::{Change, Finding};
use hsum::{Digest, Error};
use serde_json::{Map, Value};

use super::output::{Output, WriteError};
use super::print::{json_bytes, json_error, json_name};
use super::quote::quote;

/// How findings are printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `NAME: STATUS`.
    Lines,
    /// JSON Lines: one object for each finding.
    Json,
}

/// Prints findings to standard output.
pub(super) struct Printer {
    output: Output,
    form: Form,
}

impl Printer {
    pub(super) fn new(form: Form) -> Result<Self, WriteError> {
        Ok(Self { output: Output::stdout()?, form })
    }

    /// A file that is as it was.
    pub(super) fn same(&mut self, name: &[u8]) -> Result<(), WriteError> {
        self.line(name, "OK", None, &[])
    }

    pub(super) fn finding(&mut self, finding: &Finding) -> Result<(), WriteError> {
        let (status, other) = match &finding.change {
            Change::Changed => ("CHANGED", None),
            Change::Rotted => ("ROTTED", None),
            Change::Accepted => ("ACCEPTED", None),
            Change::New => ("NEW", None),
            Change::Missing => ("MISSING", None),
            Change::Moved { from } => ("MOVED", Some(("from", &**from))),
            Change::Duplicate { of } => ("DUPLICATE", Some(("of", &**of))),
        };
        let digests = [("was", finding.was), ("is", finding.is)];
        self.line(&finding.name, status, other, &digests)
    }

    /// What could not be read; text says so on standard error.
    pub(super) fn unread(&mut self, error: &Error) -> Result<(), WriteError> {
        match (self.form, error.path()) {
            (Form::Json, Some(path)) => self.output.line(&json_error(path, error)),
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
        let line = match self.form {
            Form::Lines => text_line(name, status, other),
            Form::Json => json_line(name, status, other, digests),
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
