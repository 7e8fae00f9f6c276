//! `hsum cert crl`: writes the list of revoked certificates (RFC 5280, section 5).

use std::path::Path;

use anyhow::{Result, anyhow};
use hsum::internals::read_file;
use rcgen::{
    CertificateRevocationListParams, KeyIdMethod, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use x509_parser::extensions::ParsedExtension;
use x509_parser::parse_x509_crl;

use crate::cli::exit::{Exit, SetupError};
use crate::cli::json::Object;
use crate::cli::print::{file_error, plural};
use crate::cli::quote::quote;
use crate::server::args::cert::making::{CrlArgs, Reason};
use crate::server::cert::authority::{self, Authority};
use crate::server::cert::index::{Entry, Index};
use crate::server::cert::new_files::NewFiles;
use crate::server::cert::profile::Validity;
use crate::server::cert::report::Report;
use crate::server::cert::time::since_1970;
use crate::server::cert::{certificates, pem, time};

/// The maximum size of an older list in bytes.
const MAX_SIZE: u64 = 256 << 20;

pub(crate) fn run(args: CrlArgs) -> Result<Exit> {
    let authority = Authority::open(&args.authority.ca, args.authority.ca_password.as_deref())?;
    let path = args.output.clone().unwrap_or_else(|| authority.path(authority::CRL));
    check_replaceable(&path, &authority)?;
    let mut index = Index::lock(&args.authority.ca)?;
    let number = index.next_crl();
    let validity = Validity::from_now(args.days);
    let revoked: Vec<_> = index.revoked().map(revoked).collect();
    let count = revoked.len() as u64;
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(1970, 1, 1) + since_1970(validity.not_before),
        next_update: date_time_ymd(1970, 1, 1) + since_1970(validity.not_after),
        crl_number: SerialNumber::from(number),
        issuing_distribution_point: None,
        revoked_certs: revoked,
        key_identifier_method: key_identifier(&authority)?,
    };
    let list = list.signed_by(&authority.issuer()?);
    let list = list.map_err(|error| anyhow!("cannot make the revocation list: {error}"))?;
    check_issuer(list.der(), &authority)?;
    index.add(Entry::Crl { number, time: time::now() });
    let mut files = NewFiles::new(true);
    files.replace(&path, pem::encode("X509 CRL", list.der()).as_bytes())?;
    index.write(&mut files)?;
    files.commit()?;
    let end = time::to_text(validity.not_after);
    let mut object = Object::new("revocation-list");
    object
        .path(&path)
        .set("number", number.to_string())
        .set("entries", count)
        .set("not_after", &end);
    let count = plural(count, "certificate", "certificates");
    let text = format!("{count} revoked; next list by {}", time::to_date(validity.not_after));
    let mut report = Report::new("crl", args.json)?;
    report.file(&path, &text, &mut object)?;
    report.finish()
}

/// Checks that the list replaces nothing but an older list.
fn check_replaceable(path: &Path, authority: &Authority) -> Result<()> {
    authority.check_not_own(path)?;
    // Devices and pipes are refused later.
    if !path.is_file() {
        return Ok(());
    }
    let bytes = read_file(path, MAX_SIZE).map_err(|error| file_error(path, error))?;
    let is_list = match pem::is_pem(&bytes) {
        true => pem::sections(&bytes)
            .is_ok_and(|sections| sections.iter().all(|section| section.label == "X509 CRL")),
        false => bytes.is_empty() || parse_x509_crl(&bytes).is_ok(),
    };
    if is_list {
        return Ok(());
    }
    let why = "the file exists and is not a revocation list; use another name with --output";
    Err(SetupError(format!("{}: {why}", quote(path))).into())
}

/// Checks that verifiers will find the authority's list by its name.
///
/// If the name repeats an attribute, rcgen writes the list under another name.
fn check_issuer(der: &[u8], authority: &Authority) -> Result<()> {
    let (_, list) = parse_x509_crl(der).map_err(|error| anyhow!("damaged list: {error}"))?;
    authority.check_issuer(list.issuer())
}

fn revoked((serial, time, reason): (&str, i64, Reason)) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from(hex::decode(serial).unwrap_or_default()),
        revocation_time: date_time_ymd(1970, 1, 1) + since_1970(time),
        reason_code: Some(code(reason)),
        invalidity_date: None,
    }
}

fn code(reason: Reason) -> RevocationReason {
    match reason {
        Reason::Unspecified => RevocationReason::Unspecified,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::CaCompromise => RevocationReason::CaCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
        Reason::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
    }
}

/// Returns the identifier of the authority's key: that of its certificate, which lists must repeat.
fn key_identifier(authority: &Authority) -> Result<KeyIdMethod> {
    let certificate = certificates::parse(authority.certificate())?;
    let identifier = certificate.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
        _ => None,
    });
    Ok(identifier.map_or(KeyIdMethod::Sha256, KeyIdMethod::PreSpecified))
}
