//! `hsum cert`: makes, signs, shows, verifies and converts certificates and keys.

mod expires;
mod fingerprint;
mod show;
mod verify;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::{CertAction, CertArgs};

pub(crate) fn run(args: CertArgs) -> Result<Exit> {
    match args.action {
        CertAction::Show(args) => show::run(args),
        CertAction::Verify(args) => verify::run(args),
        CertAction::Fingerprint(args) => fingerprint::run(args),
        CertAction::Expires(args) => expires::run(args),
        _ => anyhow::bail!("not built yet"),
    }
}
