//! Arguments of `hsum cert`.

use clap::{Args, Subcommand};

#[derive(Args, Debug)]
pub(crate) struct CertArgs {
    #[command(subcommand)]
    pub(crate) action: CertAction,
}

#[derive(Subcommand, Debug)]
pub(crate) enum CertAction {}
