//! `md5sum --check` and the like: verifies the files that checksum files list.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::Result;
use hsum::ErrorKind;
use hsum::check::{CheckOptions, check_lines};
use hsum::engine::ReadPolicy;
use hsum::manifest::{GnuDialect, LineParser};

use crate::cli::check::report::ReportOptions;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;
use crate::cli::quote::quote;

pub(super) fn run(
    dialect: GnuDialect,
    report: &ReportOptions,
    mut operands: Vec<OsString>,
) -> Result<Exit> {
    let mut output = Output::plain_stdout()?;
    if operands.is_empty() {
        operands.push("-".into());
    }
    // As in GNU's tools, the first untagged line decides the format of all later ones.
    let mut parser = LineParser::new().dialect(dialect);
    let mut exit = Exit::Success;
    for list in operands.into_iter().map(PathBuf::from) {
        if check_list(&list, report, &mut parser, &mut output)? == Exit::Failed {
            exit = Exit::Failed;
        }
    }
    output.finish()?;
    Ok(exit)
}

fn check_list(
    path: &Path,
    report: &ReportOptions,
    parser: &mut LineParser,
    output: &mut Output,
) -> Result<Exit, WriteError> {
    let is_stdin = path == Path::new("-");
    let title = quote(if is_stdin { Path::new("standard input") } else { path });
    // `io::stdin()` treats a closed descriptor as an empty file.
    let list = match is_stdin {
        true => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        false => File::open(path),
    };
    let list = match list {
        Ok(list) => BufReader::new(list),
        Err(error) => {
            output.flush()?;
            complain(format_args!("{title}: {}", ErrorKind::Io(error)));
            return Ok(Exit::Failed);
        }
    };
    let options = CheckOptions::new().stdin_is_list(is_stdin).reading(ReadPolicy::Plain);
    let result =
        check_lines(&options, parser, list, |checked| report.print(&title, &checked, output, None));
    output.flush()?;
    match result {
        Ok(summary) => Ok(report.summarize(&title, &summary)),
        Err(_) => {
            complain(format_args!("{title}: read error"));
            Ok(Exit::Failed)
        }
    }
}
