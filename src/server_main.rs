//! `hsum-server`: runs `hsum serve`, `listen`, `rpc` and `cert`, which `hsum` leaves to it.

#![deny(unsafe_code)]

// The verbs of `hsum` itself are not run here.
#[allow(dead_code)]
mod cli;
mod server;

use std::env;
use std::process;

use anyhow::Result;

use crate::cli::exit::{self, Exit};
use crate::cli::{signals, startup};
use crate::server::verbs;

fn main() {
    process::exit(exit::report(run()).into())
}

fn run() -> Result<Exit> {
    startup::ignore_closed_pipes();
    startup::replace_closed_descriptors()?;
    signals::prepare();
    verbs::parse(env::args_os().collect())?.run()
}
