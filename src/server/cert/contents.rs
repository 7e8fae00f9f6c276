//! The contents of files of certificates: PEM, DER and PKCS#12.

use p12_keystore::Pkcs12Archive;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::prelude::FromDer;
use x509_parser::prelude::{
    CertificateRevocationList, SubjectPublicKeyInfo, X509Certificate, X509CertificationRequest,
};
use zeroize::Zeroizing;

use crate::server::cert::key::{KeyError, PrivateKey};
use crate::server::cert::{p12, pem};

/// An object in a file, in DER.
pub(crate) enum Item {
    Certificate(CertificateDer<'static>),
    Request(Vec<u8>),
    RevocationList(Vec<u8>),
    PublicKey(Vec<u8>),
    PrivateKey(PrivateKeyText),
    /// Why a section is not understood.
    Unread(String),
}

/// A private key; only its public part is ever shown.
pub(crate) struct PrivateKeyText {
    pub(crate) format: PrivateKeyFormat,
    pub(crate) der: Zeroizing<Vec<u8>>,
}

/// The encoding of a private key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PrivateKeyFormat {
    Pkcs8,
    Pkcs1,
    Sec1,
    EncryptedPkcs8,
}

impl PrivateKeyFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pkcs8 => "PKCS#8",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC1",
            Self::EncryptedPkcs8 => "PKCS#8, encrypted",
        }
    }
}

/// Makes an item of the DER of a PEM section.
type MakeItem = fn(Zeroizing<Vec<u8>>) -> Item;

/// The labels of PEM sections (RFC 7468; the last two are older names).
const LABELS: &[(&str, MakeItem)] = &[
    ("CERTIFICATE", certificate),
    ("CERTIFICATE REQUEST", request),
    ("X509 CRL", |der| Item::RevocationList(der.to_vec())),
    ("PUBLIC KEY", |der| Item::PublicKey(der.to_vec())),
    ("PRIVATE KEY", |der| private_key(PrivateKeyFormat::Pkcs8, der)),
    ("RSA PRIVATE KEY", |der| private_key(PrivateKeyFormat::Pkcs1, der)),
    ("EC PRIVATE KEY", |der| private_key(PrivateKeyFormat::Sec1, der)),
    ("ENCRYPTED PRIVATE KEY", |der| private_key(PrivateKeyFormat::EncryptedPkcs8, der)),
    ("NEW CERTIFICATE REQUEST", request),
    ("X509 CERTIFICATE", certificate),
];

/// Sections beside keys that say nothing about them.
const IGNORED: &[&str] = &["EC PARAMETERS", "DH PARAMETERS"];

fn certificate(der: Zeroizing<Vec<u8>>) -> Item {
    Item::Certificate(der.to_vec().into())
}

fn request(der: Zeroizing<Vec<u8>>) -> Item {
    Item::Request(der.to_vec())
}

fn private_key(format: PrivateKeyFormat, der: Zeroizing<Vec<u8>>) -> Item {
    Item::PrivateKey(PrivateKeyText { format, der })
}

/// Returns the objects of a file; empty if it has none.
///
/// # Errors
/// Returns the reason if the file is cut off or damaged, or `password` does not open it.
pub(crate) fn items(bytes: &[u8], password: Option<&str>) -> Result<Vec<Item>, String> {
    if pem::is_pem(bytes) {
        return pem_items(bytes);
    }
    if p12::is_p12(bytes) {
        return pkcs12_items(bytes, password);
    }
    Ok(der_item(bytes).into_iter().collect())
}

fn pem_items(bytes: &[u8]) -> Result<Vec<Item>, String> {
    let mut items = Vec::new();
    for section in pem::sections(bytes).map_err(|error| error.to_string())? {
        let label = &*section.label;
        match LABELS.iter().find(|row| row.0 == label) {
            _ if IGNORED.contains(&label) => {}
            Some(_) if section.is_encrypted => items.push(encrypted(label)),
            Some((_, make)) => items.push(make(section.der)),
            None => items.push(Item::Unread(format!("{label}: unsupported kind of PEM section"))),
        }
    }
    Ok(items)
}

fn encrypted(label: &str) -> Item {
    Item::Unread(format!("{label}: {}", KeyError::OldEncryption))
}

/// Returns the object that a DER file contains.
fn der_item(bytes: &[u8]) -> Option<Item> {
    let der = || Zeroizing::new(bytes.to_vec());
    if is_exactly::<X509Certificate>(bytes) {
        return Some(certificate(der()));
    }
    if is_exactly::<X509CertificationRequest>(bytes) {
        return Some(request(der()));
    }
    if is_exactly::<CertificateRevocationList>(bytes) {
        return Some(Item::RevocationList(bytes.to_vec()));
    }
    if is_exactly::<SubjectPublicKeyInfo>(bytes) {
        return Some(Item::PublicKey(bytes.to_vec()));
    }
    if let Err(KeyError::PasswordNeeded) = PrivateKey::parse(bytes, None) {
        return Some(private_key(PrivateKeyFormat::EncryptedPkcs8, der()));
    }
    let format = match PrivateKeyDer::try_from(bytes).ok()? {
        PrivateKeyDer::Pkcs1(_) => PrivateKeyFormat::Pkcs1,
        PrivateKeyDer::Sec1(_) => PrivateKeyFormat::Sec1,
        _ => PrivateKeyFormat::Pkcs8,
    };
    Some(private_key(format, der()))
}

fn is_exactly<'a, T: FromDer<'a, x509_parser::error::X509Error>>(bytes: &'a [u8]) -> bool {
    T::from_der(bytes).is_ok_and(|(rest, _)| rest.is_empty())
}

fn pkcs12_items(bytes: &[u8], password: Option<&str>) -> Result<Vec<Item>, String> {
    if !p12::is_affordable(bytes) {
        return Err("damaged PKCS#12 file, or its key derivation takes too long".into());
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.unwrap_or_default());
    let archive = archive.map_err(|error| match (error, password) {
        (p12_keystore::error::Error::MacError(_), None) => {
            "encrypted PKCS#12 file; use --password SPEC".to_owned()
        }
        (p12_keystore::error::Error::MacError(_), Some(_)) => {
            "wrong password, or a damaged PKCS#12 file".to_owned()
        }
        (error, _) => format!("unusable PKCS#12 file: {error}"),
    })?;
    let certificates =
        archive.certs.iter().map(|bag| certificate(Zeroizing::new(bag.cert.as_der().to_vec())));
    let keys = archive.keys.iter();
    let keys = keys.map(|bag| {
        let der = Zeroizing::new(bag.key.as_der().to_vec());
        private_key(PrivateKeyFormat::Pkcs8, der)
    });
    Ok(certificates.chain(keys).collect())
}
