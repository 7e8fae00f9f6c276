//! The names `md5sum`, `sha256sum`, `cksum` …: the same program with the options, the words and
//! the manners of GNU coreutils.

mod check;
mod getopt;
mod help;
pub(crate) mod install;
mod legacy;
mod options;
mod sum;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use hsum::Algorithm;

use super::exit::Exit;
use super::print::{call_the_program, complain_in_bytes, program};
use super::quote::quote_text;
use super::{startup, stderr};
use getopt::Order;
use options::Request;

/// Which of the programs this is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tool {
    /// `md5sum` and its kin.
    Digest(Algorithm),
    Cksum,
    Sum,
}

/// The names under which the program is one of them.
pub(crate) const TOOLS: [(&str, Tool); 9] = [
    ("md5sum", Tool::Digest(Algorithm::Md5)),
    ("sha1sum", Tool::Digest(Algorithm::Sha1)),
    ("sha224sum", Tool::Digest(Algorithm::Sha224)),
    ("sha256sum", Tool::Digest(Algorithm::Sha256)),
    ("sha384sum", Tool::Digest(Algorithm::Sha384)),
    ("sha512sum", Tool::Digest(Algorithm::Sha512)),
    ("b2sum", Tool::Digest(Algorithm::Blake2b)),
    ("cksum", Tool::Cksum),
    ("sum", Tool::Sum),
];

/// What is wrong with a command line.
#[derive(Debug)]
struct Fault {
    message: Vec<u8>,
    /// Whether to point to `--help`.
    hint: bool,
}

impl Fault {
    fn plain(message: impl Into<Vec<u8>>) -> Self {
        Self { message: message.into(), hint: false }
    }

    fn usage(message: impl Into<Vec<u8>>) -> Self {
        Self { message: message.into(), hint: true }
    }

    /// A length that is none, and the rule, where there is more to say of it.
    fn length(text: &OsStr, rule: &str) -> Self {
        let mut message = format!("invalid length: {}", quote_text(text.as_bytes())).into_bytes();
        if !rule.is_empty() {
            message.extend([b"\n", program().as_bytes(), b": ", rule.as_bytes()].concat());
        }
        Self::plain(message)
    }
}

/// The tool that a command line calls, with its words: under its own name, or as `hsum gnu NAME`.
pub(crate) fn called(words: &[OsString]) -> Option<(Tool, &[OsString])> {
    let named = |name: &OsStr| TOOLS.iter().find(|(known, _)| *known == name);
    let (program, rest) = words.split_first()?;
    if let Some((_, tool)) = Path::new(program).file_name().and_then(named) {
        call_the_program(program.clone());
        return Some((*tool, rest));
    }
    let [verb, name, rest @ ..] = rest else { return None };
    let (_, tool) = named(name).filter(|_| verb == "gnu")?;
    call_the_program(name.clone());
    Some((*tool, rest))
}

pub(crate) fn run(tool: Tool, words: &[OsString]) -> Result<Exit> {
    let order = match std::env::var_os("POSIXLY_CORRECT") {
        Some(_) => Order::Posix,
        None => Order::Permute,
    };
    match options::read(tool, order, words.iter().cloned()) {
        Ok(Request::Help) => help::help(tool),
        Ok(Request::Version) => help::version(tool),
        Ok(Request::Sum { what, print, debug, operands }) => sum::run(what, print, debug, operands),
        Ok(Request::Check { dialect, manner, operands }) => check::run(dialect, manner, operands),
        Err(fault) => {
            complain_in_bytes(&fault.message);
            if fault.hint {
                hint();
            }
            Ok(Exit::Failed)
        }
    }
}

/// "Try 'PROG --help' for more information."
fn hint() {
    stderr::print(&[b"Try '", program().as_bytes(), b" --help' for more information.\n"].concat());
}

/// The descriptor that was closed when the program began cannot be closed at its end.
fn close_stdin(read: bool) -> Exit {
    if read && startup::stdin_was_closed() {
        complain_in_bytes(b"standard input: Bad file descriptor");
        return Exit::Failed;
    }
    Exit::Success
}
