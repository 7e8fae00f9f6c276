//! A certificate for one run of a server.

use std::fmt;

use anyhow::{Result, anyhow};
use zeroize::Zeroizing;

use crate::server::args::cert::making::KeyAlgorithm;
use crate::server::cert::generate::generate;
use crate::server::cert::names::Name;
use crate::server::cert::profile::{self, Purposes, Validity};
use crate::server::cert::{pem, pin};

const DAYS: u32 = 90;

/// A certificate that its own key signed.
pub(crate) struct SelfSigned {
    pub(crate) chain_pem: String,
    pub(crate) key_pem: Zeroizing<String>,
    /// SHA-256 of the certificate, in hexadecimal digits.
    pub(crate) fingerprint: String,
}

impl fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SelfSigned").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

/// Makes a certificate for `names`, with a new P-256 key.
///
/// # Errors
/// Returns an error if the system has no random numbers.
pub(crate) fn self_signed(names: &[Name]) -> Result<SelfSigned> {
    let key = generate(KeyAlgorithm::default())?;
    let validity = Validity::from_now(DAYS);
    let params = profile::end_entity(names, Purposes::SERVER, key.is_rsa(), validity)?;
    let certificate = params.self_signed(&key);
    let certificate = certificate.map_err(|e| anyhow!("cannot make a certificate: {e}"))?;
    Ok(SelfSigned {
        chain_pem: pem::encode("CERTIFICATE", certificate.der()).to_string(),
        key_pem: key.pkcs8_pem(),
        fingerprint: pin::fingerprint(certificate.der()),
    })
}

#[cfg(test)]
mod tests {
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::crypto::ring;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use std::sync::Arc;

    use super::*;

    #[test]
    fn clients_that_trust_it_accept_its_names_only() {
        let names = ["localhost", "127.0.0.1"].map(|name| Name::parse(name).expect("a name"));
        let made = self_signed(&names).expect("a certificate");
        let certificate = CertificateDer::from_pem_slice(made.chain_pem.as_bytes()).expect("PEM");
        assert_eq!(made.fingerprint, pin::fingerprint(&certificate));
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).expect("an anchor");
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let verifier = verifier.build().expect("a verifier");
        let accepts = |host: &'static str| {
            let host = ServerName::try_from(host).expect("a name");
            let now = UnixTime::now();
            verifier.verify_server_cert(&certificate, &[], &host, &[], now).is_ok()
        };
        assert!(accepts("localhost") && accepts("127.0.0.1"));
        assert!(!accepts("example.org") && !accepts("127.0.0.2"));
    }
}
