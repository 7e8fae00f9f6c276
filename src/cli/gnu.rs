//! `md5sum`, `sha256sum`, `cksum` …: the options, output and messages of GNU coreutils.

mod check;
mod error;
mod getopt;
mod help;
pub(crate) mod install;
mod legacy;
mod options;
mod sum;
pub(super) mod tools;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::gnu::getopt::Order;
use crate::cli::gnu::options::Command;
use crate::cli::gnu::tools::{TOOLS, Tool};
use crate::cli::print::{complain_in_bytes, set_program_name};
use crate::cli::startup;

/// Returns the tool, called by its own name or as `hsum gnu NAME`, and its arguments.
pub(crate) fn called(words: &[OsString]) -> Option<(Tool, &[OsString])> {
    let find = |name: &OsStr| TOOLS.iter().find(|(known, _)| *known == name);
    let (program, rest) = words.split_first()?;
    if let Some((_, tool)) = Path::new(program).file_name().and_then(find) {
        set_program_name(program.clone());
        return Some((*tool, rest));
    }
    let [verb, name, rest @ ..] = rest else { return None };
    let (_, tool) = find(name).filter(|_| verb == "gnu")?;
    set_program_name(name.clone());
    Some((*tool, rest))
}

pub(crate) fn run(tool: Tool, words: &[OsString]) -> Result<Exit> {
    let order = match std::env::var_os("POSIXLY_CORRECT") {
        Some(_) => Order::Posix,
        None => Order::Permute,
    };
    let reads_stdin =
        |operands: &[OsString]| operands.is_empty() || operands.iter().any(|o| o == "-");
    let (exit, reads_stdin) = match options::parse(tool, order, words.iter().cloned()) {
        Ok(Command::Help) => return help::help(tool),
        Ok(Command::Version) => return help::version(tool),
        Ok(Command::Sum { function, form, debug, operands }) => {
            let reads_stdin = reads_stdin(&operands);
            (sum::run(function, form, debug, operands)?, reads_stdin)
        }
        Ok(Command::Check { dialect, report, operands }) => {
            let reads_stdin = reads_stdin(&operands);
            (check::run(dialect, report, operands)?, reads_stdin)
        }
        Err(error) => {
            error.print();
            return Ok(Exit::Failed);
        }
    };
    // GNU's tools close standard input at the end, which fails if it was closed at the start.
    if reads_stdin && startup::stdin_was_closed() {
        complain_in_bytes(b"standard input: Bad file descriptor");
        return Ok(Exit::Failed);
    }
    Ok(exit)
}
