//! A TLS server: its certificate, the verification of clients, and connections as streams.
//!
//! A server that answers only clients with a certificate of its own authority:
//!
//! ```no_run
//! use std::io::{self, Read, Write};
//! use std::thread;
//! use hsum::net::TlsStream;
//! use hsum::net::server::{TlsListener, TlsServerOptions};
//!
//! fn echo(mut client: TlsStream) -> io::Result<()> {
//!     let mut line = [0; 1024];
//!     let length = client.read(&mut line)?;
//!     client.write_all(&line[..length])?;
//!     client.close()
//! }
//!
//! let options = TlsServerOptions::open("server.crt", "server.key")?.client_authorities("ca.crt")?;
//! let listener = TlsListener::bind("127.0.0.1:10443", &options)?;
//! loop {
//!     let (client, address) = listener.accept()?;
//!     thread::spawn(move || echo(client).map_err(|error| eprintln!("{address}: {error}")));
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{Error, RootCertStore, ServerConfig};
use zeroize::Zeroize;

use crate::net::failure::{Failure, FailureKind};
use crate::net::handshake::connection_failure;
use crate::net::pem;
use crate::net::tls::TlsVersion;
use crate::net::tls_error::Peer;
use crate::net::tls_stream::{ServerTimeouts, TlsStream};

/// The options of a TLS server.
///
/// By default, clients need no certificate, TLS 1.2 and 1.3 are spoken, a handshake may take 10
/// seconds, and a connection may be idle for 60.
pub struct TlsServerOptions {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_authorities: Option<RootCertStore>,
    client_certificate: ClientCertificate,
    client_revocations: Vec<CertificateRevocationListDer<'static>>,
    minimum: TlsVersion,
    protocols: Vec<Vec<u8>>,
    timeouts: ServerTimeouts,
}

/// The demand for a certificate on clients, once there are authorities for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ClientCertificate {
    /// Clients without a valid certificate are refused.
    #[default]
    Required,
    /// Clients without a certificate are accepted, but not those with an invalid one.
    Optional,
}

impl fmt::Debug for TlsServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServerOptions")
            .field("certificates", &self.chain.len())
            .field("client_authorities", &self.client_authorities.as_ref().map(|all| all.len()))
            .field("client_certificate", &self.client_certificate)
            .field("client_revocations", &self.client_revocations.len())
            .field("minimum", &self.minimum)
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}

impl TlsServerOptions {
    /// Reads the certificate chain and its key from PEM files, which may be the same.
    ///
    /// The server's own certificate comes first. The key is PKCS#8, PKCS#1 or SEC 1 (RFC 5958, RFC
    /// 8017, RFC 5915), not encrypted.
    ///
    /// # Errors
    /// If a file cannot be read, or contains no certificate or key.
    pub fn open(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Failure> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let certificates = pem::certificates(chain, &pem::read(chain)?)?;
        let key = pem::private_key(key, &pem::read_secret(key)?)?;
        Ok(Self::new(certificates, key))
    }

    /// Creates options from a certificate chain and its key in PEM.
    ///
    /// # Errors
    /// If `chain` contains no certificate, or `key` no key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Failure> {
        let certificates = pem::certificates(Path::new("certificate"), chain)?;
        Ok(Self::new(certificates, pem::private_key(Path::new("key"), key)?))
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let seconds = Duration::from_secs;
        Self {
            chain,
            key,
            client_authorities: None,
            client_certificate: ClientCertificate::default(),
            client_revocations: Vec::new(),
            minimum: TlsVersion::default(),
            protocols: Vec::new(),
            timeouts: ServerTimeouts { handshake: seconds(10), idle: seconds(60) },
        }
    }

    /// Requires clients to have a certificate that one of the authorities in a PEM file signed.
    ///
    /// # Errors
    /// If the file cannot be read, or contains no usable certificate.
    pub fn client_authorities(mut self, path: impl AsRef<Path>) -> Result<Self, Failure> {
        let path = path.as_ref();
        self.client_authorities = Some(pem::authorities(path, &pem::read(path)?)?);
        Ok(self)
    }

    /// Requires clients to have a certificate that one of the authorities in a PEM text signed.
    ///
    /// # Errors
    /// If the text contains no usable certificate.
    pub fn client_authorities_from_pem(mut self, text: &[u8]) -> Result<Self, Failure> {
        self.client_authorities = Some(pem::authorities(Path::new("authorities"), text)?);
        Ok(self)
    }

    /// Sets whether clients must have a certificate; without authorities it has no effect.
    #[must_use]
    pub fn client_certificate(mut self, demand: ClientCertificate) -> Self {
        self.client_certificate = demand;
        self
    }

    /// Adds the revocation lists in a file, PEM or DER (RFC 5280, section 5).
    ///
    /// Once there is one, each authority of a client's chain but the last needs a list that is not
    /// out of date: a certificate whose state is unknown is refused.
    ///
    /// # Errors
    /// If the file cannot be read, or contains no list.
    pub fn client_revocations(mut self, path: impl AsRef<Path>) -> Result<Self, Failure> {
        let path = path.as_ref();
        self.client_revocations.extend(pem::revocation_lists(path, &pem::read(path)?)?);
        Ok(self)
    }

    /// Adds the revocation lists in a text, PEM or DER.
    ///
    /// They have the effect of those of [`TlsServerOptions::client_revocations`].
    ///
    /// # Errors
    /// If the text contains no list.
    pub fn client_revocations_from(mut self, text: &[u8]) -> Result<Self, Failure> {
        self.client_revocations.extend(pem::revocation_lists(Path::new("revocations"), text)?);
        Ok(self)
    }

    /// Sets the minimum version of TLS.
    #[must_use]
    pub fn minimum(mut self, version: TlsVersion) -> Self {
        self.minimum = version;
        self
    }

    /// Sets the application protocols, the preferred first (RFC 7301).
    #[must_use]
    pub fn protocols<P: Into<Vec<u8>>>(mut self, names: impl IntoIterator<Item = P>) -> Self {
        self.protocols = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the timeout for a handshake as a whole.
    #[must_use]
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.handshake = timeout;
        self
    }

    /// Sets the timeout for each read or write after the handshake; it must not be zero.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.timeouts.idle = timeout;
        self
    }

    /// Returns the configuration for a server on rustls; the timeouts are not part of it.
    ///
    /// # Errors
    /// If the key does not belong to the certificate, or a revocation list is malformed.
    pub fn config(&self) -> Result<Arc<ServerConfig>, Failure> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.minimum.and_later())
            .map_err(unusable)?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                builder.with_client_cert_verifier(self.client_verifier(roots, provider)?)
            }
        };
        let mut config = builder
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    unusable("the key does not belong to the certificate")
                }
                error => unusable(error),
            })?;
        config.alpn_protocols = self.protocols.clone();
        Ok(Arc::new(config))
    }

    fn client_verifier(
        &self,
        roots: &RootCertStore,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, Failure> {
        let roots = Arc::new(roots.clone());
        let mut builder = WebPkiClientVerifier::builder_with_provider(roots, provider)
            .with_crls(self.client_revocations.iter().cloned())
            .enforce_revocation_expiration();
        if self.client_certificate == ClientCertificate::Optional {
            builder = builder.allow_unauthenticated();
        }
        builder.build().map_err(unusable)
    }
}

impl Drop for TlsServerOptions {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

/// A listening socket whose connections are TLS streams.
#[derive(Debug)]
pub struct TlsListener {
    socket: TcpListener,
    config: Arc<ServerConfig>,
    timeouts: ServerTimeouts,
}

impl TlsListener {
    /// Listens on an address.
    ///
    /// # Errors
    /// If the address cannot be used, or [`TlsServerOptions::config`] fails.
    pub fn bind(address: impl ToSocketAddrs, options: &TlsServerOptions) -> io::Result<Self> {
        Self::from_listener(TcpListener::bind(address)?, options)
    }

    /// Serves TLS on a socket that listens already.
    ///
    /// # Errors
    /// If [`TlsServerOptions::config`] fails.
    pub fn from_listener(socket: TcpListener, options: &TlsServerOptions) -> io::Result<Self> {
        let config = options.config().map_err(io::Error::other)?;
        Ok(Self { socket, config, timeouts: options.timeouts })
    }

    /// Returns the address of the socket.
    ///
    /// # Errors
    /// Returns the error of [`TcpListener::local_addr`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for a connection, whose handshake has not begun.
    ///
    /// The first read or write performs it, or [`TlsStream::handshake`]. Do that in a thread of the
    /// connection: a client that stalls its handshake then delays only itself.
    ///
    /// # Errors
    /// Returns the error of [`TcpListener::accept`]. It concerns one connection, or resources that may
    /// be free again later: a server should go on.
    pub fn accept(&self) -> io::Result<(TlsStream, SocketAddr)> {
        let (tcp, address) = self.socket.accept()?;
        // Answers are short, and must not wait for the acknowledgement of the one before.
        let _ = tcp.set_nodelay(true);
        Ok((TlsStream::server(tcp, Arc::clone(&self.config), self.timeouts)?, address))
    }
}

/// Returns the failure of a client's handshake in words.
///
/// It is for servers that use [`TlsServerOptions::config`] with a stream of their own, such as that of
/// tokio-rustls. [`TlsStream`] returns the same failures.
pub fn handshake_failure(error: io::Error) -> Failure {
    connection_failure(error, "TLS handshake", Peer::Client)
}

fn unusable(why: impl fmt::Display) -> Failure {
    Failure::new(FailureKind::Usage, format!("TLS: {why}"))
}
