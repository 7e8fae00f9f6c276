//! `hsum check`: verifies files against checksum files or expected digests.

mod diagnose;
mod expected;
mod hints;
mod lists;
mod mismatches;
pub(crate) mod report;
pub(crate) mod result;
mod select;
mod sfv;
mod sums;
mod tally;

use std::sync::Arc;

use anyhow::Result;
use hsum::ErrorKind;

use crate::cli::args::check::CheckArgs;
use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::json::stopped;
use crate::cli::quote::quote;

pub(crate) fn run(args: CheckArgs) -> Result<Exit> {
    let is_json = args.report.json && !args.status;
    check(args).inspect_err(|error| {
        if is_json {
            stopped::print("check", error, 1);
        }
    })
}

fn check(args: CheckArgs) -> Result<Exit> {
    let is_given = args.sums.is_some() || !args.expect.is_empty();
    if is_given && !(args.filter.include.is_empty() && args.filter.exclude.is_empty()) {
        let text = "--include and --exclude cannot be used with --expect or --sums; use them \
                    with a checksum file";
        return Err(Usage(text.into()).into());
    }
    if let Some(directory) = &args.directory
        && let Err(error) = directory.join(".").metadata()
    {
        return Err(SetupError(format!("{}: {}", quote(directory), ErrorKind::Io(error))).into());
    }
    match &args.sums {
        _ if !args.expect.is_empty() => expected::run(&args),
        Some(sums) => sums::run(&args, sums),
        None => lists::run(&Arc::new(args)),
    }
}
