//! `hsum`: parses the arguments, runs the verb, reports the outcome.
//!
//! A verb turns its arguments into a plan, runs the plan, and prints results as they come.

#![cfg_attr(not(test), no_main)]
#![deny(unsafe_code)]

mod cli;

use std::ffi::{OsString, c_char, c_int};
use std::process;

use anyhow::Result;

use crate::cli::exit::{self, Exit, Usage};
use crate::cli::{gnu, signals, startup, tune_file, verbs};

/// Runs the program, called by the C library.
///
/// Before a Rust `main`, the standard library reads `/proc/self/maps` to describe overflows of the
/// stack: 0.09 of 1.29 ms for an empty file (EPYC, `posix_spawn` to `waitpid`, 400 pairs).
#[allow(unsafe_code)]
#[cfg_attr(not(test), unsafe(no_mangle))]
extern "C" fn main(count: c_int, words: *const *const c_char) -> c_int {
    // SAFETY: these are the arguments that the C library passes.
    let words = unsafe { startup::arguments(count, words) };
    // This flushes standard output, which a return to the C library would not.
    process::exit(exit::report(run(words)).into())
}

fn run(words: Vec<OsString>) -> Result<Exit> {
    startup::ignore_closed_pipes();
    startup::replace_closed_descriptors()?;
    startup::grow_descriptor_table();
    tune_file::read_when_needed();
    if let Some((tool, words)) = gnu::called(&words) {
        return gnu::run(tool, words);
    }
    signals::prepare();
    let verb = verbs::parse(words)?;
    hsum::simd::forced().map_err(|unknown| Usage(format!("HSUM_TIER: {unknown}")))?;
    verb.run()
}
