//! `hsum cert ca`: makes a certificate authority.

use std::fs;
use std::path::Path;
use std::slice;

use anyhow::{Result, anyhow};
use rcgen::{CertificateParams, NameConstraints};
use rustls::pki_types::CertificateDer;

use crate::cli::exit::{Exit, SetupError, Usage};
use crate::cli::quote::{quote, quote_text};
use crate::server::args::cert::making::CaArgs;
use crate::server::cert::authority::{self, Authority};
use crate::server::cert::index::{self, Index};
use crate::server::cert::key::PrivateKey;
use crate::server::cert::new_files::{Access, NewFiles, check_free, create_directory, path_in};
use crate::server::cert::profile::Validity;
use crate::server::cert::report::Report;
use crate::server::cert::{certificates, names, profile, secrets};

pub(crate) fn run(args: CaArgs) -> Result<Exit> {
    let (name, constraints) = plan(&args)?;
    let directory = &args.output.output;
    let [certificate_path, key_path, root_path, index_path] =
        [authority::CERTIFICATE, authority::KEY, authority::ROOT, index::FILE]
            .map(|name| path_in(directory, name));
    // An index without its authority, whose key may be elsewhere, records revocations all the same.
    check_free(args.output.force, [certificate_path.as_path(), &key_path, &index_path])?;
    let parent = args.ca.as_deref().map(|parent| open_parent(parent, &args)).transpose()?;
    let (key, key_text) = secrets::new_key(&args.key)?;
    let validity = Validity::from_now(args.days);
    let validity = parent.as_ref().map_or(validity, |parent| validity.within(parent.validity));
    let params = profile::authority(&name, args.path_length, constraints, validity)?;
    let mut files = NewFiles::new(args.output.force);
    let chain = match &parent {
        None => vec![self_signed(&params, &key)?],
        Some(parent) => {
            let own = parent.sign(&params, &key)?;
            [&[own], parent.intermediates()].concat()
        }
    };
    let own = chain.first().ok_or_else(|| anyhow!("no certificate"))?;
    create_directory(directory)?;
    files.add(&certificate_path, certificates::to_pem(&chain).as_bytes(), Access::Everyone)?;
    files.add(&key_path, key_text.as_bytes(), Access::Owner)?;
    // Of an authority that --force replaces, nothing stays.
    let mut index = Index::lock(directory)?;
    index.entries.clear();
    index.write(&mut files)?;
    match &parent {
        Some(parent) => {
            let root = certificates::to_pem(slice::from_ref(parent.root()));
            files.add(&root_path, root.as_bytes(), Access::Everyone)?;
            parent.record(own, &name, files)?;
        }
        None => files.commit()?,
    }
    let mut report = Report::new("ca", args.output.json)?;
    report.certificate(&certificate_path, "authority", &[name], own)?;
    report.key(&key_path, key.algorithm_name(), args.key.encrypt.is_some())?;
    report.finish()
}

/// Checks the name and the constraints.
fn plan(args: &CaArgs) -> Result<(String, Option<NameConstraints>)> {
    let invalid = |text: &str, why: &dyn std::fmt::Display| {
        Usage(format!("{}: {why}", quote_text(text.as_bytes())))
    };
    let name = names::subject(&args.name).map_err(|why| invalid(&args.name, &why))?;
    let constraints = profile::constraints(&args.permit).map_err(|text| {
        invalid(
            &text,
            &"invalid --permit (expected a domain, an IP address or a network such as 10.0.0.0/8)",
        )
    })?;
    Ok((name, constraints))
}

/// Opens the authority above the new one.
fn open_parent(directory: &Path, args: &CaArgs) -> Result<Authority> {
    let is_same = fs::canonicalize(directory)
        .is_ok_and(|parent| fs::canonicalize(&args.output.output).is_ok_and(|new| new == parent));
    if is_same {
        let text = "--ca and --output name the same directory; use another for the new authority";
        return Err(Usage(text.into()).into());
    }
    let parent = Authority::open(directory, args.ca_password.as_deref())?;
    match parent.path_length {
        Some(allowed) if allowed <= u32::from(args.path_length) => {
            let hint = match allowed {
                0 => {
                    "only certificates of servers and clients; make it with --path-length 1 or more"
                }
                _ => "fewer authorities below the new one; use a smaller --path-length",
            };
            Err(SetupError(format!("{}: this authority permits {hint}", quote(directory))).into())
        }
        _ => Ok(parent),
    }
}

fn self_signed(params: &CertificateParams, key: &PrivateKey) -> Result<CertificateDer<'static>> {
    let certificate = params.self_signed(key);
    let certificate = certificate.map_err(|e| anyhow!("cannot make the certificate: {e}"))?;
    Ok(certificate.into())
}
