//! The objects for an error that stopped a verb.

use std::io;

use anyhow::Result;
use hsum::Error;
use hsum::internals::io_reason;
use hsum::net::Failure;
use hsum::snapshot::SnapshotError;

use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::json::Object;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::cli::quote::quote;

/// Passes on the result of a verb that exits with 1 on errors; prints an error if `is_json`.
pub(crate) fn with_error(verb: &str, is_json: bool, result: Result<Exit>) -> Result<Exit> {
    result.inspect_err(|error| {
        if is_json {
            print(verb, error, 1);
        }
    })
}

/// Prints the error that stopped a verb, and a summary with the exit status: 2 for a missing
/// requirement, otherwise `status`. Prints nothing for invalid arguments or an unwritable output.
pub(crate) fn print(verb: &str, error: &anyhow::Error, status: u8) {
    if error.is::<Usage>() || error.is::<WriteError>() {
        return;
    }
    let (reason, exit) = match error.is::<SetupError>() {
        true => ("setup", 2),
        false => (reason(error), status),
    };
    let write = || {
        let mut output = Output::stdout()?;
        // A text of all causes would repeat itself.
        let text = match error.downcast_ref::<SnapshotError>() {
            Some(error) => format!("{}: {}", quote(error.path()), error.kind()),
            None => format!("{error:#}"),
        };
        output.line(&Object::new("error").problem(reason, text).line())?;
        output.line(&Object::summary(verb).exit(exit))?;
        output.finish()
    };
    if let Err(error) = write() {
        error.end_if_pipe_is_closed();
        complain(error);
    }
}

/// Returns the reason of the first cause that has one.
fn reason(error: &anyhow::Error) -> &'static str {
    let of_cause = |cause: &(dyn std::error::Error + 'static)| {
        if let Some(error) = cause.downcast_ref::<Error>() {
            return Some(error.kind().reason());
        }
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return Some(failure.reason_code());
        }
        if let Some(error) = cause.downcast_ref::<SnapshotError>() {
            return Some(error.kind().reason());
        }
        cause.downcast_ref::<io::Error>().map(|error| io_reason(error.kind()))
    };
    error.chain().find_map(of_cause).unwrap_or("failed")
}
