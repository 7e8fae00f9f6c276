//! TLS handshakes with the certificate of the moment.

use std::io;
use std::sync::{Arc, RwLock};

use anyhow::Result;
use hsum::net::server::handshake_failure;
use rustls::{Error as TlsError, ProtocolVersion, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use x509_parser::parse_x509_certificate;

use crate::server::connections::peer::Peer;
use crate::server::tls::TlsSource;

/// The TLS configuration of a server, which can be replaced while it runs.
#[derive(Debug)]
pub(crate) struct Acceptor {
    source: TlsSource,
    config: RwLock<Arc<ServerConfig>>,
}

impl Acceptor {
    /// Reads the files of `source`.
    ///
    /// # Errors
    /// Returns an error if a file cannot be used.
    pub(crate) fn new(source: TlsSource) -> Result<Self> {
        let config = RwLock::new(read(&source)?);
        Ok(Self { source, config })
    }

    /// Prints how clients can trust a certificate that was made for this run.
    pub(crate) fn introduce(&self, url: &str) {
        self.source.introduce(url);
    }

    /// Reads the files again; keeps the old configuration if that fails.
    ///
    /// # Errors
    /// Returns an error if a file cannot be used.
    pub(crate) fn reload(&self) -> Result<()> {
        let config = read(&self.source)?;
        *self.config.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = config;
        Ok(())
    }

    /// Accepts a connection. If that fails, the client must still be able to read the alert, so the
    /// error comes with the socket.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        socket: S,
    ) -> Result<TlsStream<S>, (io::Error, S)> {
        let config = self.config.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        TlsAcceptor::from(config).accept(socket).into_fallible().await
    }
}

fn read(source: &TlsSource) -> Result<Arc<ServerConfig>> {
    Ok(source.read()?.protocols(["h2", "http/1.1"]).config()?)
}

/// Adds what the handshake has shown about the client.
pub(crate) fn identify<S>(stream: &TlsStream<S>, peer: &mut Peer) {
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(|chain| chain.first());
    peer.certificate = certificate.map(|certificate| Arc::from(certificate.as_ref()));
    peer.subject = certificate.and_then(|certificate| {
        let (_, parsed) = parse_x509_certificate(certificate).ok()?;
        Some(parsed.subject().to_string().into())
    });
    peer.tls = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => Some("1.2"),
        _ => Some("1.3"),
    };
}

/// Returns the reason for programs, and the text for people, of a failed handshake.
pub(crate) fn describe(error: io::Error) -> (&'static str, String) {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    let reason = match cause {
        Some(TlsError::NoCertificatesPresented | TlsError::InvalidCertificate(_)) => {
            "client-certificate"
        }
        _ => "tls",
    };
    (reason, handshake_failure(error).to_string())
}
