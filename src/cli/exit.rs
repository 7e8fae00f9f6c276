//! Exit statuses, and the error message that ends a command.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use anyhow::Result;
use hsum::internals::remove_all;
use hsum::net::{Failure, FailureKind};
use hsum::snapshot::SnapshotErrorKind;

use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::cli::stderr;

/// The outcome of a command that has already printed its messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Success,
    /// Something failed or differs.
    Failed,
    /// Files have rotted.
    Rotted,
    /// A record was rejected.
    Rejected,
    /// Something could not be read or written, in verbs where 1 means a difference.
    IoFailed,
    /// The status of a failed download or request.
    Code(u8),
}

/// The status of `get`, `head` and `send` for a failure of a local file or of the output.
pub(crate) const LOCAL: u8 = 6;

impl Exit {
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failed => 1,
            Self::Rotted => 3,
            Self::Rejected => 4,
            Self::IoFailed => 5,
            Self::Code(status) => status,
        }
    }

    /// Adds the result of a `later` step: the first failure decides the exit status.
    pub(crate) fn and(self, later: Result<()>) -> Result<Self> {
        match later {
            Err(error) if self != Self::Success => {
                report_error(&error);
                Ok(self)
            }
            later => later.map(|()| self),
        }
    }
}

/// Returns the status of `get`, `head` and `send` for a failure.
pub(crate) fn failure_status(failure: &Failure) -> u8 {
    match failure.kind() {
        FailureKind::Mismatch => 1,
        FailureKind::Usage => 2,
        FailureKind::Unverifiable => 3,
        FailureKind::Status(_) => 4,
        FailureKind::Network => 5,
        FailureKind::Policy => 7,
        _ => LOCAL,
    }
}

/// Returns the outcome of a snapshot, audit, update or diff that an error stopped.
pub(crate) fn of_snapshot(error: &SnapshotErrorKind) -> Exit {
    match error {
        SnapshotErrorKind::Rejected(_) => Exit::Rejected,
        SnapshotErrorKind::NotRecorded { .. } | SnapshotErrorKind::ReservedName => Exit::Code(2),
        _ => Exit::IoFailed,
    }
}

/// Invalid arguments; exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// A failure before the work starts, although the arguments are valid, such as a missing key; exit
/// status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SetupError(pub(crate) String);

/// The verb that runs, whose help a [`Usage`] names.
static VERB: OnceLock<&str> = OnceLock::new();

/// Sets the verb whose help a [`Usage`] names; empty for the program's. Only the first call counts.
pub(crate) fn set_verb(name: &'static str) {
    let _ = VERB.set(name);
}

/// Gives errors the exit status 2 in verbs whose status 1 is a rejected request: a script must not
/// mistake a missing key for a forgery.
pub(crate) fn as_setup_error<T>(result: Result<T>) -> Result<T> {
    result.map_err(|error| match error.is::<Usage>() || error.is::<WriteError>() {
        true => error,
        false => SetupError(format!("{error:#}")).into(),
    })
}

/// Prints the error of a command whose status 1 means only a difference, and returns `status`.
pub(crate) fn with_status(result: Result<Exit>, status: u8) -> Result<Exit> {
    match result {
        Err(error) if report_error(&error) == 1 => Ok(Exit::Code(status)),
        Err(_) => Ok(Exit::Code(2)),
        Ok(Exit::Success) if stderr::has_failed() => Ok(Exit::Code(status)),
        result => result,
    }
}

/// Ends the program because its output cannot be written; its input may be endless.
pub(crate) fn exit_now(error: &WriteError) -> ! {
    exit_now_with(error, Exit::Failed)
}

/// Ends the program like [`exit_now`], with the status of `exit`.
pub(crate) fn exit_now_with(error: &WriteError, exit: Exit) -> ! {
    error.end_if_pipe_is_closed();
    complain(error);
    remove_all();
    std::process::exit(exit.status().into())
}

/// Prints the error of a command, if there is one, and returns the exit status.
pub(crate) fn report(result: Result<Exit>) -> u8 {
    match status(result) {
        // As in GNU coreutils: a warning that could not be written is not success.
        0 if stderr::has_failed() => 1,
        status => status,
    }
}

fn status(result: Result<Exit>) -> u8 {
    match result.map_err(anyhow::Error::downcast::<clap::Error>) {
        Ok(exit) => exit.status(),
        Err(Err(error)) => report_error(&error),
        Err(Ok(help)) => status(print_help(&help).map(|()| Exit::Success)),
    }
}

/// Prints help or the version, in colour on a terminal that supports it.
fn print_help(help: &clap::Error) -> Result<()> {
    if io::stdout().is_terminal() {
        return Ok(help.print().map_err(WriteError::new)?);
    }
    // clap's own printing would report success on a closed descriptor.
    let mut output = Output::plain_stdout()?;
    output.bytes(help.render().to_string().as_bytes())?;
    Ok(output.finish()?)
}

/// Prints an error, and returns its exit status.
fn report_error(error: &anyhow::Error) -> u8 {
    if let Some(write) = error.downcast_ref::<WriteError>() {
        write.end_if_pipe_is_closed();
    }
    complain(format_args!("{error:#}"));
    if error.is::<Usage>() {
        let verb = VERB.get().filter(|verb| !verb.is_empty());
        let verb = verb.map(|verb| format!(" {verb}")).unwrap_or_default();
        complain(format_args!("Try 'hsum{verb} --help' for more information."));
    }
    if error.is::<Usage>() || error.is::<SetupError>() { 2 } else { 1 }
}
