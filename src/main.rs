//! `hsum`: parses the arguments, runs the verb, reports the outcome.
//!
//! A verb turns its arguments into a plan, runs the plan, and prints results as they come.

#![deny(unsafe_code)]

mod cli;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::cli::exit::{self, Exit, Usage};
use crate::cli::{gnu, signals, startup, tune_file, verbs};

fn main() -> ExitCode {
    exit::report(run(std::env::args_os().collect()))
}

fn run(words: Vec<OsString>) -> Result<Exit> {
    startup::restore_closed_descriptors()?;
    startup::grow_descriptor_table();
    tune_file::read_when_needed();
    if let Some((tool, words)) = gnu::called(&words) {
        return gnu::run(tool, words);
    }
    signals::prepare();
    let arguments = verbs::parse(words)?;
    hsum::simd::forced().map_err(|unknown| Usage(format!("HSUM_TIER: {unknown}")))?;
    arguments.verb.run()
}
