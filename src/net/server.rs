//! A TLS server: its certificate, the verification of clients, and connections as streams.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use hsum::net::server::{TlsListener, TlsServerOptions};
//!
//! let options = TlsServerOptions::open("server.crt", "server.key")?.client_authorities("ca.crt")?;
//! let listener = TlsListener::bind("127.0.0.1:10443", &options)?;
//! loop {
//!     let (mut client, _address) = listener.accept()?;
//!     let mut line = [0; 1024];
//!     let length = client.read(&mut line)?;
//!     client.write_all(&line[..length])?;
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::fs::bounded::{SMALL_FILE, read_file};
use crate::net::failure::{Failure, FailureKind};
use crate::net::tls::TlsVersion;
use zeroize::Zeroizing;

/// The options of a TLS server.
#[derive(Debug)]
pub struct TlsServerOptions {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    client_authorities: Option<RootCertStore>,
    minimum: TlsVersion,
    protocols: Vec<Vec<u8>>,
}

impl TlsServerOptions {
    /// Reads the certificate chain and its key from PEM files, which may be the same.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, or contains no certificate or key.
    pub fn open(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Failure> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let certificates = certificates(&read(chain)?).ok_or_else(|| no_certificate(chain))?;
        let text = Zeroizing::new(read(key)?);
        let key = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|_| unusable(key, "contains no private key in PEM format"))?;
        Ok(Self::new(certificates, key))
    }

    /// Creates options from a certificate chain and its key in PEM.
    ///
    /// # Errors
    /// Returns an error if `chain` contains no certificate, or `key` no key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, Failure> {
        let name = Path::new("certificate");
        let certificates = certificates(chain).ok_or_else(|| no_certificate(name))?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| unusable(Path::new("key"), "contains no private key in PEM format"))?;
        Ok(Self::new(certificates, key))
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        let minimum = TlsVersion::default();
        Self { chain, key, client_authorities: None, minimum, protocols: Vec::new() }
    }

    /// Requires clients to have a certificate that one of the authorities in a PEM file signed.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or contains no usable certificate.
    pub fn client_authorities(mut self, path: impl AsRef<Path>) -> Result<Self, Failure> {
        let path = path.as_ref();
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&read(path)?).ok_or_else(|| no_certificate(path))? {
            roots.add(certificate).map_err(|error| unusable(path, &error.to_string()))?;
        }
        self.client_authorities = Some(roots);
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

    /// Returns the configuration for rustls.
    ///
    /// # Errors
    /// Returns an error if the key does not belong to the certificate.
    pub fn config(&self) -> Result<Arc<ServerConfig>, Failure> {
        let usage = |error: &dyn std::fmt::Display| {
            Failure::new(FailureKind::Usage, format!("TLS: {error}"))
        };
        let provider = Arc::new(ring::default_provider());
        let versions: &[_] = match self.minimum {
            TlsVersion::V1_2 => &[&TLS13, &TLS12],
            TlsVersion::V1_3 => &[&TLS13],
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(|error| usage(&error))?;
        let builder = match &self.client_authorities {
            None => builder.with_no_client_auth(),
            Some(roots) => builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider)
                    .build()
                    .map_err(|error| usage(&error))?,
            ),
        };
        let mut config = builder
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| usage(&error))?;
        config.alpn_protocols = self.protocols.clone();
        Ok(Arc::new(config))
    }
}

/// A listening socket whose connections are TLS streams.
#[derive(Debug)]
pub struct TlsListener {
    socket: TcpListener,
    config: Arc<ServerConfig>,
}

impl TlsListener {
    /// Listens on an address.
    ///
    /// # Errors
    /// Returns an error if the address cannot be used, or the options are invalid.
    pub fn bind(address: impl ToSocketAddrs, options: &TlsServerOptions) -> io::Result<Self> {
        let config = options.config().map_err(io::Error::other)?;
        Ok(Self { socket: TcpListener::bind(address)?, config })
    }

    /// Returns the address of the socket.
    ///
    /// # Errors
    /// As for [`TcpListener::local_addr`].
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for a connection and its handshake.
    ///
    /// # Errors
    /// Returns an error if the socket fails, or the client's handshake does.
    pub fn accept(&self) -> io::Result<(TlsStream, SocketAddr)> {
        let (mut socket, address) = self.socket.accept()?;
        let config = Arc::clone(&self.config);
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        connection.complete_io(&mut socket)?;
        Ok((TlsStream(StreamOwned::new(connection, socket)), address))
    }
}

/// A TLS connection with a client.
#[derive(Debug)]
pub struct TlsStream(StreamOwned<ServerConnection, TcpStream>);

impl TlsStream {
    /// Returns the client's certificate (DER), if it has sent one.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        Some(self.0.conn.peer_certificates()?.first()?.as_ref())
    }
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    read_file(path, SMALL_FILE).map_err(|error| Failure::local(path, error))
}

/// Returns the certificates of a PEM text; `None` if there are none, or one is damaged.
fn certificates(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    found.ok().filter(|found| !found.is_empty())
}

fn no_certificate(path: &Path) -> Failure {
    unusable(path, "contains no certificate in PEM format")
}

fn unusable(path: &Path, why: &str) -> Failure {
    Failure::new(FailureKind::Local, format!("{}: {why}", path.display()))
}
