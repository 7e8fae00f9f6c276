//! `hsum cert revoke`: records that a certificate is no longer valid.

use anyhow::{Result, anyhow, bail};

use crate::cli::exit::Exit;
use crate::cli::json::Object;
use crate::cli::quote::quote;
use crate::server::args::cert::making::RevokeArgs;
use crate::server::cert::index::{Entry, Index, reason_name};
use crate::server::cert::new_files::NewFiles;
use crate::server::cert::report::Report;
use crate::server::cert::{authority, certificates, describe, time};

pub(crate) fn run(args: RevokeArgs) -> Result<Exit> {
    let path = &args.certificate;
    let authority = authority::chain_in(&args.ca)?;
    let authority = authority.first().ok_or_else(|| anyhow!("no certificate"))?;
    let authority = certificates::parse(authority)?;
    let chain = certificates::read(path)?;
    let own = chain.first().ok_or_else(|| anyhow!("no certificate"))?;
    let own = certificates::parse(own)?;
    let is_issued = own.issuer().as_raw() == authority.subject().as_raw()
        && own.verify_signature(Some(authority.public_key())).is_ok();
    if !is_issued {
        bail!("{}: the authority in {} has not signed this", quote(path), quote(&args.ca));
    }
    let raw = own.raw_serial();
    if raw.first().is_some_and(|byte| byte & 0x80 != 0) || own.serial.to_bytes_be().len() > 20 {
        bail!("{}: its serial number is negative or too long for a revocation list", quote(path));
    }
    let serial = certificates::serial(&own);
    let mut index = Index::lock(&args.ca)?;
    if let Some((when, reason)) = index.revocation(&serial) {
        let (when, reason) = (time::to_date(when), reason_name(reason));
        bail!("{}: already revoked on {when} ({reason})", quote(path));
    }
    let now = time::now();
    index.add(Entry::Revoked { serial: serial.clone(), time: now, reason: args.reason });
    let mut files = NewFiles::new(false);
    index.write(&mut files)?;
    files.commit()?;
    let reason = reason_name(args.reason);
    let shown = describe::colons(own.raw_serial());
    let mut report = Report::new("revoke", args.json)?;
    let mut object = Object::new("revocation");
    object.path(path).set("serial", &shown).set("reason", &reason);
    object.set("time", time::to_text(now));
    report.file(path, &format!("revoked ({reason}); serial number {shown}"), &mut object)?;
    report.finish()
}
