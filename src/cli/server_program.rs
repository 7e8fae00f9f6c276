//! The program `hsum-server`, which runs the verbs that need a server or certificates.

use std::env;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use hsum::ErrorKind;

use crate::cli::args::server::ServerArgs;
use crate::cli::exit::{Exit, SetupError};
use crate::cli::quote::quote;

const NAME: &str = "hsum-server";

/// Starts the server program with the words of the command line.
pub(crate) fn run(_: ServerArgs) -> Result<Exit> {
    match path() {
        Some(server) => start(&server),
        None => Err(SetupError(format!(
            "this command needs the program {NAME}, which is neither beside hsum nor in PATH; \
             install it with 'cargo install hsum --features server'"
        ))
        .into()),
    }
}

/// Returns the path of the server program: beside this one, or else in `PATH`.
pub(crate) fn path() -> Option<PathBuf> {
    let beside = env::current_exe().ok().map(|program| program.with_file_name(NAME));
    let path = env::var_os("PATH").unwrap_or_default();
    let in_path = env::split_paths(&path).map(|directory| directory.join(NAME));
    beside.into_iter().chain(in_path).find(|program| program.is_file())
}

/// Replaces this process by the server program.
pub(crate) fn start(server: &Path) -> Result<Exit> {
    let error = Command::new(server).args(env::args_os().skip(1)).exec();
    Err(SetupError(format!("{}: {}", quote(server), ErrorKind::Io(error))).into())
}
