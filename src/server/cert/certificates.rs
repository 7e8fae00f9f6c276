//! Certificates in files, and the parts of one that signing needs.

use std::path::Path;

use anyhow::{Result, anyhow};
use hsum::internals::{SMALL_FILE, read_file};
use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::cli::print::file_error;
use crate::cli::quote::quote;
use crate::server::cert::pem;

/// Reads the certificates of a file: PEM, or one in DER.
///
/// # Errors
/// Returns an error if there is none.
pub(crate) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = read_file(path, SMALL_FILE).map_err(|error| file_error(path, error))?;
    let certificates = from_bytes(&bytes).map_err(|why| anyhow!("{}: {why}", quote(path)))?;
    for certificate in &certificates {
        parse(certificate).map_err(|why| anyhow!("{}: {why}", quote(path)))?;
    }
    match certificates.is_empty() {
        true => Err(anyhow!("{}: no certificate found (expected PEM or DER)", quote(path))),
        false => Ok(certificates),
    }
}

/// Returns the certificates in PEM, or the one in DER.
pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::PemError> {
    if !pem::is_pem(bytes) {
        let is_one = X509Certificate::from_der(bytes).is_ok_and(|(rest, _)| rest.is_empty());
        return Ok(is_one.then(|| CertificateDer::from(bytes.to_vec())).into_iter().collect());
    }
    let is_certificate =
        |label: &str| ["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"].contains(&label);
    let sections = pem::sections(bytes)?.into_iter();
    let certificates = sections.filter(|section| is_certificate(&section.label));
    Ok(certificates.map(|section| CertificateDer::from(section.der.to_vec())).collect())
}

/// Parses a certificate.
///
/// # Errors
/// Returns an error if it is damaged.
pub(crate) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(anyhow!("the certificate is damaged (it is not X.509 in DER)")),
    }
}

/// Returns the serial number in hexadecimal digits.
pub(crate) fn serial(certificate: &X509Certificate<'_>) -> String {
    hex::encode(certificate.serial.to_bytes_be())
}

/// Returns the certificates as PEM.
pub(crate) fn to_pem(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(|der| pem::encode("CERTIFICATE", der).to_string()).collect()
}
