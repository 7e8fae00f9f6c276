//! The table of the server program's verbs.

use std::ffi::OsString;

use anyhow::Result;
use clap::{Command, CommandFactory, Parser, Subcommand};

use crate::cli::args::packaging::{CompletionsArgs, ManArgs};
use crate::cli::exit::{self, Exit};
use crate::cli::{completions, man, verbs};
use crate::server::args::cert::CertArgs;
use crate::server::args::listen::ListenArgs;
use crate::server::args::rpc::RpcArgs;
use crate::server::args::serve::ServeArgs;
use crate::server::{cert, listen, rpc, serve};

#[derive(Parser, Debug)]
#[command(
    name = "hsum",
    bin_name = "hsum",
    version,
    args_override_self = true,
    max_term_width = 80,
    disable_help_subcommand = true
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

/// The first line of each doc comment is that of the verb's row in `cli/verbs.rs`.
#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Serve a directory over HTTPS, with digests of its files
    Serve(Box<ServeArgs>),
    /// Receive webhooks; print, save or forward those that verify
    ///
    /// Verifies requests as 'hsum verify-request' does, and answers 200, or 401 without a reason:
    /// the explanation is printed here only. Only verified requests are saved, given to a command
    /// or forwarded; a repeated one is answered, and not handled again.
    ///
    /// COMMAND reads the body, and finds the rest in environment variables such as HSUM_EVENT and
    /// HSUM_REPLAY_KEY. SIGHUP reads file: keys and certificates again.
    Listen(Box<ListenArgs>),
    /// Call an XML-RPC method of a server
    Rpc(Box<RpcArgs>),
    /// Make, sign, show and verify certificates and keys
    Cert(Box<CertArgs>),
    #[command(hide = true)]
    Completions(Box<CompletionsArgs>),
    #[command(hide = true)]
    Man(Box<ManArgs>),
}

impl Verb {
    /// Plans and runs the verb, and reports its results.
    pub(crate) fn run(self) -> Result<Exit> {
        match self {
            Self::Serve(args) => serve::run(*args),
            Self::Listen(args) => listen::run(*args),
            Self::Rpc(args) => rpc::run(*args),
            Self::Cert(args) => cert::run(*args),
            Self::Completions(args) => completions::run(*args, all()),
            Self::Man(args) => man::run(*args, all(), verbs::GROUPS),
        }
    }
}

/// Describes the verbs of this program to clap.
fn command() -> Command {
    let short_help = |verb: Command| {
        let path = format!("hsum {}", verb.get_name());
        with_short_help(verb, &path)
    };
    Arguments::command().mut_subcommands(short_help)
}

/// Refers to the long help in the one that `-h` prints, for a command and its actions.
fn with_short_help(command: Command, path: &str) -> Command {
    let more = format!("See '{path} --help' for all options, examples and exit statuses.");
    command.max_term_width(80).after_help(more).mut_subcommands(|action| {
        let path = format!("{path} {}", action.get_name());
        with_short_help(action, &path)
    })
}

/// Describes the verbs of both programs to clap.
fn all() -> Command {
    let ours = Arguments::command();
    verbs::Arguments::command().mut_subcommands(|verb| {
        let name = verb.get_name().to_owned();
        ours.find_subcommand(&name)
            .filter(|_| verbs::is_left_to_server(&name))
            .cloned()
            .unwrap_or(verb)
    })
}

/// Parses the command line, and returns the verb with its arguments.
///
/// # Errors
/// Returns the errors of [`verbs::parse`].
pub(crate) fn parse(mut words: Vec<OsString>) -> Result<Verb> {
    verbs::expand_help(&mut words)?;
    exit::set_verb(command_path(&words).leak());
    verbs::parse_among(command(), &words)
}

/// Returns the words that name the command: `cert ca`.
fn command_path(words: &[OsString]) -> String {
    let mut command = &Arguments::command();
    let mut path = Vec::new();
    for word in words.iter().skip(1) {
        let Some(next) = command.find_subcommand(word) else { break };
        path.push(next.get_name());
        command = next;
    }
    path.join(" ")
}
