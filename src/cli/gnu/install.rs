//! `hsum gnu --install DIR`: links under the names that scripts call.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use anyhow::{Context, Result};
use hsum::ErrorKind;

use super::super::exit::Exit;
use super::super::print::complain;
use super::super::quote::quote;
use super::TOOLS;
use crate::cli::args::gnu::GnuArgs;

/// Makes the links. What stands there under one of the names and is something else, stays.
pub(crate) fn run(args: GnuArgs) -> Result<Exit> {
    let folder = args.install.as_path();
    let program = std::env::current_exe().context("where this program is")?;
    let failed = |error: io::Error| anyhow::anyhow!("{}", ErrorKind::Io(error));
    fs::create_dir_all(folder).map_err(failed).with_context(|| quote(folder))?;
    let mut exit = Exit::Success;
    for (name, _) in TOOLS {
        let link = folder.join(name);
        match symlink(&program, &link) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::canonicalize(&link).ok() != fs::canonicalize(&program).ok() {
                    complain(format_args!("{}: stands there already, left as it is", quote(&link)));
                    exit = Exit::Failed;
                }
            }
            Err(error) => {
                complain(format_args!("{}: {}", quote(&link), ErrorKind::Io(error)));
                exit = Exit::Failed;
            }
        }
    }
    Ok(exit)
}
