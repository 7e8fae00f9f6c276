//! `hsum cert`: makes, signs, shows, verifies and converts certificates and keys.

mod expires;
mod fingerprint;
#[allow(dead_code)]
mod generate;
#[allow(dead_code)]
pub(crate) mod key;
#[allow(dead_code)]
pub(crate) mod names;
#[allow(dead_code)]
pub(crate) mod pem;
#[allow(dead_code)]
pub(crate) mod pin;
#[allow(dead_code)]
mod profile;
#[allow(dead_code)]
pub(crate) mod self_signed;
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
