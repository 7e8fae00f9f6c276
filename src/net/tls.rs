//! TLS: authorities, the client certificate, versions and pinned keys.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme, SupportedProtocolVersion,
};

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::digest;
use crate::net::failure::{Failure, FailureKind};
use crate::net::pem;
use crate::net::tls_error::UnpinnedKey;
use crate::net::transport::Origin;

/// The options of TLS.
#[derive(Clone, Debug, Default)]
pub struct TlsOptions {
    /// A PEM file of certificates to trust instead of the system's.
    pub authorities: Option<PathBuf>,
    /// The PEM files of the client's certificate chain and of its key, which may be the same.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// The minimum version.
    pub minimum: TlsVersion,
    /// SHA-256 digests of the allowed public keys of the server; if empty, all keys are allowed.
    ///
    /// They cover the DER of SubjectPublicKeyInfo (RFC 5280, section 4.1). All other checks still
    /// apply.
    pub pins: Vec<Digest>,
}

/// A version of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl TlsVersion {
    /// Returns this version and the later ones.
    pub(crate) fn and_later(self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self {
            Self::V1_2 => &ALL,
            Self::V1_3 => &ALL[..1],
        }
    }
}

/// TLS options whose files are read at the first connection.
#[derive(Debug, Default)]
pub(crate) struct LazyTls {
    options: TlsOptions,
    with_identity: OnceLock<Arc<ClientConfig>>,
    without: OnceLock<Arc<ClientConfig>>,
}

impl LazyTls {
    pub(crate) fn new(options: TlsOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Returns the configuration, without the client certificate for a foreign origin.
    pub(crate) fn config(&self, origin: Origin) -> Result<Arc<ClientConfig>, Failure> {
        let (cell, identity) = match origin {
            Origin::Own => (&self.with_identity, self.options.identity.as_ref()),
            Origin::Foreign => (&self.without, None),
        };
        if let Some(config) = cell.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.options.build(identity)?);
        Ok(Arc::clone(cell.get_or_init(|| config)))
    }
}

impl TlsOptions {
    /// Returns the configuration for HTTP.
    pub(crate) fn build(
        &self,
        identity: Option<&(PathBuf, PathBuf)>,
    ) -> Result<ClientConfig, Failure> {
        let provider = Arc::new(ring::default_provider());
        let roots = Arc::new(self.roots()?);
        let inner = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .build()
            .map_err(|error| Failure::new(FailureKind::Usage, format!("TLS: {error}")))?;
        let verifier = Arc::new(PinnedVerifier { inner, pins: self.pins.clone() });
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.minimum.and_later())
            .map_err(|error| Failure::new(FailureKind::Usage, format!("TLS: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let certificates = pem::certificates(chain, &pem::read(chain)?)?;
                let private = pem::private_key(key, &pem::read_secret(key)?)?;
                builder
                    .with_client_auth_cert(certificates, private)
                    .map_err(|error| pem::unusable(chain, error))?
            }
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Returns the certificates of the file, the system, or the built-in list, in this order.
    fn roots(&self) -> Result<RootCertStore, Failure> {
        if let Some(path) = &self.authorities {
            return pem::authorities(path, &pem::read(path)?);
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        Ok(roots)
    }
}

/// A certificate verifier that also requires a pinned key.
#[derive(Debug)]
struct PinnedVerifier {
    inner: Arc<WebPkiServerVerifier>,
    pins: Vec<Digest>,
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (inner, name) = (&self.inner, server_name);
        let verified =
            inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)?;
        if self.pins.is_empty() {
            return Ok(verified);
        }
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let key = digest(Algorithm::Sha256, &key);
        if self.pins.contains(&key) {
            return Ok(verified);
        }
        Err(CertificateError::Other(OtherError(Arc::new(UnpinnedKey(key)))).into())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
