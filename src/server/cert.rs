//! `hsum cert`: makes, signs, shows, verifies and converts certificates and keys.

mod authority;
mod ca;
pub(crate) mod certificates;
mod contents;
mod convert;
mod crl;
mod csr;
mod describe;
mod expires;
mod facts;
mod fingerprint;
mod generate;
mod index;
mod issue;
pub(crate) mod key;
pub(crate) mod moment;
pub(crate) mod names;
mod new_files;
mod new_key;
mod p12;
mod path;
mod peer;
pub(crate) mod pem;
pub(crate) mod pin;
mod profile;
mod report;
mod request;
pub(crate) mod revocation;
mod revoke;
mod rules;
mod secrets;
pub(crate) mod self_signed;
mod show;
mod sign;
mod source;
pub(crate) mod time;
mod trust;
mod verify;

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::json::stopped;
use crate::server::args::cert::{CertAction, CertArgs};

pub(crate) fn run(args: CertArgs) -> Result<Exit> {
    match args.action {
        CertAction::Ca(args) => stopped::with_error("cert", args.output.json, ca::run(args)),
        CertAction::Issue(args) => stopped::with_error("cert", args.output.json, issue::run(args)),
        CertAction::Csr(args) => stopped::with_error("cert", args.output.json, csr::run(args)),
        CertAction::Sign(args) => stopped::with_error("cert", args.output.json, sign::run(args)),
        CertAction::Key(args) => stopped::with_error("cert", args.output.json, new_key::run(args)),
        CertAction::Convert(args) => {
            stopped::with_error("cert", args.output.json, convert::run(args))
        }
        CertAction::Revoke(args) => stopped::with_error("cert", args.json, revoke::run(args)),
        CertAction::Crl(args) => stopped::with_error("cert", args.json, crl::run(args)),
        CertAction::Show(args) => show::run(args),
        CertAction::Verify(args) => verify::run(args),
        CertAction::Fingerprint(args) => fingerprint::run(args),
        CertAction::Expires(args) => expires::run(args),
    }
}
