//! `hsum cert issue`: makes a key, and a certificate that an authority signs.

use anyhow::{Result, anyhow};
use rustls::pki_types::CertificateDer;

use crate::cli::exit::{Exit, Usage};
use crate::cli::json::Object;
use crate::cli::print::complain;
use crate::cli::quote::quote_text;
use crate::server::args::cert::making::{CertificateArgs, IssueArgs};
use crate::server::cert::authority::Authority;
use crate::server::cert::names::Name;
use crate::server::cert::new_files::{Access, NewFiles, check_free, create_directory, path_in};
use crate::server::cert::profile::{Purposes, Validity};
use crate::server::cert::report::Report;
use crate::server::cert::{certificates, p12, profile, secrets, time};

pub(crate) fn run(args: IssueArgs) -> Result<Exit> {
    let purposes = purposes(&args.certificate);
    let names = parse_names(&args.names, purposes)?;
    let stem = names.first().map(Name::to_file_name).unwrap_or_default();
    let [certificate_path, key_path, p12_path] =
        ["crt", "key", "p12"].map(|end| path_in(&args.output.output, format!("{stem}.{end}")));
    let is_p12 = args.p12.then_some(p12_path.as_path());
    let paths = [certificate_path.as_path(), &key_path].into_iter().chain(is_p12);
    check_free(args.output.force, paths)?;
    let authority = Authority::open(&args.authority.ca, args.authority.ca_password.as_deref())?;
    let p12_password = args.password.as_deref().filter(|_| args.p12);
    let p12_password = p12_password.map(|spec| secrets::new_password(spec, "--password"));
    let p12_password = p12_password.transpose()?;
    let (key, key_text) = secrets::new_key(&args.key)?;
    let validity = validity(args.certificate.days, &authority);
    let params = profile::end_entity(&names, purposes, key.is_rsa(), validity)?;
    let own = authority.sign(&params, &key)?;
    let texts = texts(&names);
    let checked = authority.check(&own, purposes);
    checked.map_err(|why| anyhow!("{}: {why}", texts.join(", ")))?;
    let chain = chain(own, &authority);
    let own = chain.first().ok_or_else(|| anyhow!("no certificate"))?;
    let mut files = NewFiles::new(args.output.force);
    create_directory(&args.output.output)?;
    files.add(&certificate_path, certificates::to_pem(&chain).as_bytes(), Access::Everyone)?;
    files.add(&key_path, key_text.as_bytes(), Access::Owner)?;
    if let Some(password) = p12_password {
        let store = p12::write(&key, &chain, &stem, &password, args.legacy)?;
        files.add(&p12_path, &store, Access::Owner)?;
    }
    authority.record(own, &texts.join(", "), files)?;
    let mut report = Report::new("issue", args.output.json)?;
    report.certificate(&certificate_path, purposes.description(), &texts, own)?;
    report.key(&key_path, key.algorithm_name(), args.key.encrypt.is_some())?;
    if args.p12 {
        let object = &mut Object::new("p12");
        report.file(&p12_path, "key and certificates (PKCS#12)", object.path(&p12_path))?;
    }
    report.finish()
}

/// Returns the purposes that the options select: servers by default.
pub(crate) fn purposes(args: &CertificateArgs) -> Purposes {
    Purposes { server: args.server || !args.client, client: args.client }
}

/// Parses names, without repetitions.
///
/// # Errors
/// Returns an error that quotes the first invalid name.
pub(crate) fn parse_names(texts: &[String], purposes: Purposes) -> Result<Vec<Name>> {
    let parse = if purposes.server { Name::parse } else { Name::parse_of_client };
    let mut names = Vec::new();
    for text in texts {
        let name = parse(text);
        let name = name.map_err(|why| Usage(format!("{}: {why}", quote_text(text.as_bytes()))))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Returns the validity of a new certificate, and warns if the authority's ends earlier.
pub(crate) fn validity(days: u32, authority: &Authority) -> Validity {
    let wanted = Validity::from_now(days);
    let validity = wanted.within(authority.validity);
    if validity.not_after < wanted.not_after {
        let end = time::to_date(validity.not_after);
        complain(format_args!("warning: the certificate ends with its authority's, on {end}"));
    }
    validity
}

/// Returns the certificates that a server or client sends.
pub(crate) fn chain(
    own: CertificateDer<'static>,
    authority: &Authority,
) -> Vec<CertificateDer<'static>> {
    [&[own], authority.intermediates()].concat()
}

pub(crate) fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(Name::to_string).collect()
}
