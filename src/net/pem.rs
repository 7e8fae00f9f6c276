//! Certificates, keys and revocation lists in PEM (RFC 7468).

use std::fmt::Display;
use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use zeroize::Zeroizing;

use crate::fs::bounded::{SMALL_FILE, read_file};
use crate::net::failure::{Failure, FailureKind};

const ENCRYPTED: &str = "contains an encrypted key (expected one without a password); \
                         'openssl pkey -in FILE' decrypts it";

/// Marks of keys that cannot be used as they are, with the reason.
const UNUSABLE_KEYS: [(&[u8], &str); 3] = [
    (
        b"-----BEGIN OPENSSH PRIVATE KEY-----",
        "contains a key in OpenSSH's own format (expected PKCS#8, PKCS#1 or SEC 1); \
         'ssh-keygen -p -m PEM -f FILE' converts it",
    ),
    (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", ENCRYPTED),
    (b"Proc-Type: 4,ENCRYPTED", ENCRYPTED),
];

/// Reads a file of certificates or revocation lists.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, SMALL_FILE).map_err(|error| Failure::local(path, error))
}

/// Reads a file with a private key; its text is wiped after use.
pub(crate) fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    read(path).map(Zeroizing::new)
}

/// Returns the certificates of a text, of which there must be one.
pub(crate) fn certificates(
    name: &Path,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(unusable(name, "contains no certificate in PEM format")),
    }
}

/// Returns the certificates of a text as authorities.
pub(crate) fn authorities(name: &Path, text: &[u8]) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(name, text)? {
        roots.add(certificate).map_err(|error| unusable(name, error))?;
    }
    Ok(roots)
}

/// Returns the first private key of a text.
pub(crate) fn private_key(name: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, Failure> {
    let has = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    // An encrypted PKCS#1 key has the same first line as a plain one.
    if let Some((_, why)) = UNUSABLE_KEYS.iter().find(|(mark, _)| has(mark)) {
        return Err(unusable(name, why));
    }
    PrivateKeyDer::from_pem_slice(text)
        .map_err(|_| unusable(name, "contains no private key in PEM format"))
}

/// Returns the revocation lists of a text in PEM, or the one list of a file in DER.
pub(crate) fn revocation_lists(
    name: &Path,
    text: &[u8],
) -> Result<Vec<CertificateRevocationListDer<'static>>, Failure> {
    /// The first byte of a SEQUENCE (X.690, section 8.9), which no text starts with.
    const SEQUENCE: u8 = 0x30;
    if text.first() == Some(&SEQUENCE) {
        return Ok(vec![text.to_vec().into()]);
    }
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(unusable(name, "contains no revocation list in PEM or DER format")),
    }
}

/// Returns the failure of a file that was read but cannot be used.
pub(crate) fn unusable(name: &Path, why: impl Display) -> Failure {
    Failure::new(FailureKind::Local, format!("{}: {why}", name.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_keys_are_named() {
        let name = Path::new("k");
        for (text, word) in [
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "OpenSSH"),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "encrypted"),
            ("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "encrypted"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no private key"),
            ("", "no private key"),
        ] {
            let failure = private_key(name, text.as_bytes()).unwrap_err();
            assert!(failure.summary().contains(word), "{failure}");
        }
    }

    #[test]
    fn texts_without_certificates_or_lists_are_refused() {
        let name = Path::new("c");
        let damaged = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        for text in [&b""[..], b"x", damaged] {
            assert!(certificates(name, text).is_err());
            assert!(authorities(name, text).is_err());
            assert!(revocation_lists(name, text).is_err());
        }
        let no_der = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(certificates(name, no_der).is_ok());
        assert!(authorities(name, no_der).is_err());
    }
}
