//! Printing of outcomes to the output, and of messages to standard error.

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::OnceLock;

use hsum::engine::{NextOutcome, Outcome};
use hsum::internals::escape;
use hsum::manifest::{LineStyle, write_line};
use hsum::{Error, ErrorKind};

use crate::cli::json::Object;
use crate::cli::output::{Output, WriteError};
use crate::cli::quote::quote;
use crate::cli::stderr;

/// A format of results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum OutputFormat {
    Lines(LineStyle),
    /// JSON Lines: one object for each file.
    Json,
    /// The digest's bytes.
    Raw,
}

/// Prints the outcome of a file: digests and JSON to `output`, messages to standard error; with
/// `quiet`, none about skipped files.
pub(crate) fn outcome(
    outcome: &Outcome,
    form: OutputFormat,
    quiet: bool,
    output: &mut Output,
) -> Result<(), WriteError> {
    let name = outcome.source.name();
    match (&outcome.result, form) {
        (Ok(hashed), OutputFormat::Lines(style)) => {
            let mut lines = Vec::with_capacity(256);
            for digest in &hashed.digests {
                lines.clear();
                write_line(&mut lines, digest, name.as_os_str().as_bytes(), style);
                output.line(&lines)?;
            }
        }
        (Ok(hashed), OutputFormat::Raw) => {
            hashed.digests.iter().try_for_each(|d| output.bytes(d.as_ref()))?
        }
        (Ok(hashed), OutputFormat::Json) => {
            let mut object = Object::new("file");
            object.path(name).set("size", hashed.size).digests(&hashed.digests);
            output.line(&object.line())?
        }
        (Err(error), OutputFormat::Json) => output.line(&Object::unread(name, error).line())?,
        (Err(_), _) => {}
    }
    if let Err(error) = &outcome.result {
        output.flush()?;
        match outcome.is_skipped() {
            true if quiet => {}
            true => skipped(name, error),
            false => complain_of(name, error),
        }
    }
    if outcome.next == NextOutcome::Awaited { output.flush() } else { Ok(()) }
}

/// Prints why a walk skipped a file.
pub(crate) fn skipped(name: &Path, error: &Error) {
    complain(format_args!("{}: skipped: {}", quote(name), error.kind()));
}

/// The name that messages begin with, unless it is `hsum`.
static NAME: OnceLock<OsString> = OnceLock::new();

/// Sets the name that messages begin with. Only the first call counts.
pub(crate) fn set_program_name(name: OsString) {
    let _ = NAME.set(name);
}

/// Returns the name that messages begin with.
pub(crate) fn program_name() -> &'static OsStr {
    NAME.get().map_or(OsStr::new("hsum"), OsString::as_os_str)
}

/// Prints `PROGRAM: MESSAGE`. Line breaks are escaped, so that no part of the message looks like
/// another message, except before indented lines.
pub(crate) fn complain(message: impl Display) {
    let message = message.to_string();
    let lines: Vec<_> = message.split("\n  ").map(|line| escape(line.as_bytes(), &[])).collect();
    complain_in_bytes(lines.join("\n  ").as_bytes());
}

/// Prints `PROGRAM: hint: MESSAGE`: what to type instead.
pub(crate) fn hint(message: impl Display) {
    complain(format_args!("hint: {message}"));
}

/// Prints `PROGRAM: MESSAGE` byte for byte, as GNU does; escapes it on a terminal.
pub(crate) fn complain_in_bytes(message: &[u8]) {
    stderr::print(&[program_name().as_bytes(), b": ", message, b"\n"].concat());
}

/// Returns the error of a file that cannot be read or written.
pub(crate) fn file_error(path: &Path, error: io::Error) -> anyhow::Error {
    anyhow::anyhow!("{}: {}", quote(path), ErrorKind::Io(error))
}

/// Prints the error of a file with GNU's wording.
pub(crate) fn complain_of(name: &Path, error: &Error) {
    complain(format_args!("{}: {}", quote(name), error.kind()));
}

/// Returns a count with a noun, such as `1 line is` or `2 lines are`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
