//! `hsum gnu --install DIR`: creates links to this program, named like GNU's tools.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use anyhow::{Context, Result};
use hsum::ErrorKind;

use crate::cli::args::gnu::GnuArgs;
use crate::cli::exit::Exit;
use crate::cli::gnu::tools::TOOLS;
use crate::cli::print::complain;
use crate::cli::quote::quote;

/// Creates the links, without replacing existing files.
pub(crate) fn run(args: GnuArgs) -> Result<Exit> {
    let directory = args.install.as_path();
    let program = std::env::current_exe().context("cannot find the path of this program")?;
    let failed = |error: io::Error| anyhow::anyhow!("{}", ErrorKind::Io(error));
    fs::create_dir_all(directory).map_err(failed).with_context(|| quote(directory))?;
    let mut exit = Exit::Success;
    for (name, _) in TOOLS {
        let link = directory.join(name);
        match symlink(&program, &link) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::canonicalize(&link).ok() != fs::canonicalize(&program).ok() {
                    complain(format_args!("{}: not replaced: the file exists", quote(&link)));
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
