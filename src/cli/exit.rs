//! The one place that decides the exit status.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use anyhow::Result;
use hsum::internals::{escape, remove_all};
use hsum::net::{Failure, FailureKind};
use hsum::snapshot::SnapshotErrorKind;

use super::output::{Output, WriteError};
use super::print::complain;
use super::stderr;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// 0
    Well,
    /// 1: something failed or differed; it has been said what.
    Failed,
    /// Something failed in a way that has a number of its own; it has been said what.
    Code(u8),
    /// 3: files have rotted.
    Rotted,
    /// 4: a record is not believed.
    Refused,
    /// 5: something could not be read or written, where 1 is for differences.
    Undone,
}

/// The user asked for what cannot be; exit status 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Usage {}

/// It could not even be tried, though it was asked for rightly; exit status 2.
#[derive(Debug)]
pub(crate) struct Untried(pub(crate) String);

impl std::fmt::Display for Untried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Untried {}

/// Gives errors the exit status 2 in verbs whose status 1 is a refused request: a script must not
/// mistake a missing key for a forgery.
pub(crate) fn untried(result: Result<Exit>) -> Result<Exit> {
    result.map_err(|error| match error.is::<Usage>() || error.is::<WriteError>() {
        true => error,
        false => Untried(format!("{error:#}")).into(),
    })
}

/// Prints what the parser has to say: help, the version, or what is wrong.
pub(crate) fn message(message: &clap::Error) -> ExitCode {
    if message.use_stderr() {
        let text = message.render().to_string();
        stderr::print(escape(text.as_bytes(), &['\n', '\t']).as_bytes());
        return ExitCode::from(2);
    }
    code(print(message).map(|()| Exit::Well))
}

/// Prints help, in colours on a terminal that has some.
fn print(help: &clap::Error) -> Result<()> {
    if io::stdout().is_terminal() {
        return Ok(help.print().map_err(WriteError::new)?);
    }
    // clap's own way would report success for a closed descriptor.
    let mut output = Output::plain_stdout()?;
    output.bytes(help.render().to_string().as_bytes())?;
    Ok(output.finish()?)
}

/// Ends the program because its output cannot be written: now, for what is being read may have no
/// end.
pub(crate) fn at_once(error: &WriteError) -> ! {
    error.die_if_nobody_reads();
    complain(error);
    remove_all();
    std::process::exit(1)
}

/// The status of `get` and `head` for a local failure: of a file, a keyring, standard output.
pub(crate) const LOCAL: u8 = 6;

/// Returns the exit status of `get`, `head` and `send` for a failure.
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

impl Exit {
    /// Adds the result of a `later` step: the first failure decides the exit status.
    pub(crate) fn and(self, later: Result<()>) -> Result<Self> {
        match later {
            Err(error) if self != Self::Well => {
                report(&error);
                Ok(self)
            }
            later => later.map(|()| self),
        }
    }
}

/// Reports what stopped a command whose status 1 means a difference only; `status` replaces that 1.
pub(crate) fn or_status(result: Result<Exit>, status: u8) -> Result<Exit> {
    match result {
        Err(error) if report(&error) == 1 => Ok(Exit::Code(status)),
        Err(_) => Ok(Exit::Code(2)),
        Ok(Exit::Well) if stderr::has_failed() => Ok(Exit::Code(status)),
        result => result,
    }
}

/// Prints what stopped the command, and returns the status for it.
fn report(error: &anyhow::Error) -> u8 {
    if let Some(write) = error.downcast_ref::<WriteError>() {
        write.die_if_nobody_reads();
    }
    complain(format_args!("{error:#}"));
    if error.is::<Usage>() {
        complain("Try 'hsum --help' for more information.");
    }
    if error.is::<Usage>() || error.is::<Untried>() { 2 } else { 1 }
}

/// Reports what stopped the command, if anything did, and returns the exit status.
pub(crate) fn code(result: Result<Exit>) -> ExitCode {
    match status(result) {
        // As in GNU coreutils: a warning that could not be written is not success.
        0 if stderr::has_failed() => ExitCode::from(1),
        status => ExitCode::from(status),
    }
}

fn status(result: Result<Exit>) -> u8 {
    match result {
        Ok(Exit::Well) => 0,
        Ok(Exit::Failed) => 1,
        Ok(Exit::Code(code)) => code,
        Ok(Exit::Rotted) => 3,
        Ok(Exit::Refused) => 4,
        Ok(Exit::Undone) => 5,
        Err(error) => report(&error),
    }
}

/// Returns the status for an error that stopped a snapshot, audit, update or diff.
pub(crate) fn of_snapshot(error: &SnapshotErrorKind) -> Exit {
    match error {
        SnapshotErrorKind::Rejected(_) => Exit::Refused,
        SnapshotErrorKind::NotRecorded { .. } | SnapshotErrorKind::ReservedName => Exit::Code(2),
        _ => Exit::Undone,
    }
}
