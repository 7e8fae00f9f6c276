//! Certificate signing requests from elsewhere (RFC 2986): nothing in one is trusted.

use std::net::IpAddr;

use rcgen::{PublicKeyData, SubjectPublicKeyInfo};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use crate::server::cert::pem;

/// The smallest RSA key that is signed, in bits.
const MIN_RSA: usize = 2048;

/// The parts of a request that a signer may use.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) public_key: SubjectPublicKeyInfo,
    pub(crate) is_rsa: bool,
    /// The names that it asks for: alternative names, or else the common name.
    pub(crate) names: Vec<String>,
    /// The extensions that it asks for and does not get.
    pub(crate) refused: Vec<String>,
}

/// Why a request cannot be signed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum RequestError {
    #[error("no certificate signing request found (expected PEM or DER)")]
    NotFound,
    #[error("the request is damaged (it is not PKCS#10 in DER)")]
    Damaged,
    #[error("the signature of the request does not match its key: it is damaged or forged")]
    Forged,
    #[error(
        "the request is signed with an algorithm that is not supported (expected SHA-256 or \
         SHA-384); make it again, such as with 'openssl req -new -sha256'"
    )]
    UnsupportedSignature,
    #[error("the key is too short (expected RSA of at least 2048 bits)")]
    ShortKey,
    #[error("the algorithm of the key is not supported (expected RSA, P-256, P-384 or Ed25519)")]
    UnsupportedKey,
    #[error("{0}")]
    Pem(#[from] pem::PemError),
}

impl Request {
    /// Parses a request in PEM or DER, and verifies that its author has the key.
    ///
    /// # Errors
    /// Returns an error if it is damaged, or its key is not supported.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if !pem::is_pem(bytes) {
            return Self::from_der(bytes);
        }
        let labels = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        let mut sections = pem::sections(bytes)?.into_iter();
        let section = sections.find(|section| labels.contains(&section.label.as_str()));
        Self::from_der(&section.ok_or(RequestError::NotFound)?.der)
    }

    fn from_der(der: &[u8]) -> Result<Self, RequestError> {
        let (rest, request) =
            X509CertificationRequest::from_der(der).map_err(|_| RequestError::Damaged)?;
        if !rest.is_empty() {
            return Err(RequestError::Damaged);
        }
        let info = &request.certification_request_info;
        let parsed = info.subject_pki.parsed().map_err(|_| RequestError::UnsupportedKey)?;
        let is_rsa = match parsed {
            PublicKey::RSA(key) if key.key_size() < MIN_RSA => return Err(RequestError::ShortKey),
            PublicKey::RSA(_) => true,
            _ => false,
        };
        let public_key = SubjectPublicKeyInfo::from_der(info.subject_pki.raw)
            .ok()
            .filter(|key| key.subject_public_key_info() == info.subject_pki.raw);
        let public_key = public_key.ok_or(RequestError::UnsupportedKey)?;
        request.verify_signature().map_err(|error| match error {
            X509Error::SignatureUnsupportedAlgorithm => RequestError::UnsupportedSignature,
            _ => RequestError::Forged,
        })?;
        let (mut names, mut refused) = (Vec::new(), Vec::new());
        for attribute in info.iter_attributes() {
            if let ParsedCriAttribute::ExtensionRequest(wanted) = attribute.parsed_attribute() {
                for extension in &wanted.extensions {
                    sort_extension(extension, &mut names, &mut refused);
                }
            }
        }
        if names.is_empty() {
            let common_name = info.subject.iter_common_name().next();
            names.extend(common_name.and_then(|name| name.as_str().ok()).map(str::to_owned));
        }
        Ok(Self { public_key, is_rsa, names, refused })
    }
}

/// Adds what an extension asks for to the names, or to what is refused.
fn sort_extension(
    extension: &X509Extension<'_>,
    names: &mut Vec<String>,
    refused: &mut Vec<String>,
) {
    match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(wanted) => {
            for name in &wanted.general_names {
                match name_of(name) {
                    Some(name) => names.push(name),
                    None => refused.push("a name of an unknown kind".to_owned()),
                }
            }
        }
        ParsedExtension::BasicConstraints(wanted) if wanted.ca => {
            refused.push("to be an authority (basicConstraints CA:TRUE)".to_owned());
        }
        // Certificates get these by their purpose.
        ParsedExtension::BasicConstraints(_)
        | ParsedExtension::KeyUsage(_)
        | ParsedExtension::ExtendedKeyUsage(_)
        | ParsedExtension::SubjectKeyIdentifier(_) => {}
        _ => {
            let oid = extension.oid.to_id_string();
            refused.push(match oid2sn(&extension.oid, oid_registry()) {
                Ok(name) => format!("{name} ({oid})"),
                Err(_) => oid,
            });
        }
    }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
            Some((*name).to_owned())
        }
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let v6 = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| v6()).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn damaged_requests_are_rejected() {
        let params = CertificateParams::new(["a.example".to_owned(), "::1".to_owned()]);
        let key = KeyPair::generate().expect("a key");
        let request = params.expect("names").serialize_request(&key).expect("a request");
        let mut der = request.der().to_vec();
        let original = Request::parse(&der).expect("a request");
        assert_eq!(original.names, ["a.example", "::1"]);
        for length in 0..der.len() {
            Request::parse(&der[..length]).expect_err("cut off");
        }
        for i in 0..der.len() {
            for bit in [0, 3, 7] {
                der[i] ^= 1 << bit;
                // Only bits outside of what is signed may differ, such as unused ones.
                if let Ok(changed) = Request::parse(&der) {
                    assert_eq!(changed.names, original.names);
                    assert_eq!(changed.public_key, original.public_key);
                    assert!(changed.refused.is_empty());
                }
                der[i] ^= 1 << bit;
            }
        }
        let pem = pem::encode("NEW CERTIFICATE REQUEST", &der);
        assert!(Request::parse(pem.as_bytes()).is_ok());
        let error = |bytes: &[u8]| Request::parse(bytes).expect_err("an error");
        assert_eq!(error(b""), RequestError::Damaged);
        assert_eq!(error(pem::encode("CERTIFICATE", &der).as_bytes()), RequestError::NotFound);
        assert_eq!(error(&vec![0x30; 1 << 20]), RequestError::Damaged);
    }
}
