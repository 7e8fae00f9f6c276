//! The certificates of a TLS server, whether they can be verified or not.

use std::io::{self, ErrorKind};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// A host and port, from a URL.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The certificates that a server sent, its own first.
pub(crate) type Chain = Vec<CertificateDer<'static>>;

impl Peer {
    /// Connects, and returns the server's certificates; nothing is sent after the handshake.
    ///
    /// # Errors
    /// Returns an error if no certificates arrived within `timeout`.
    pub(crate) fn chain(&self, timeout: Duration) -> io::Result<Chain> {
        let deadline = Instant::now() + timeout;
        let (send, receive) = mpsc::channel();
        let peer = self.clone();
        // Name resolution has no timeout, and a slow server can exceed that of single reads.
        thread::Builder::new().spawn(move || drop(send.send(peer.handshake(deadline))))?;
        let seconds = timeout.as_secs_f64();
        receive.recv_timeout(timeout).unwrap_or_else(|_| {
            Err(io::Error::new(ErrorKind::TimedOut, format!("no answer within {seconds} s")))
        })
    }

    fn handshake(&self, deadline: Instant) -> io::Result<Chain> {
        let name = ServerName::try_from(self.host.clone());
        let name =
            name.map_err(|_| io::Error::new(ErrorKind::InvalidInput, "invalid host name"))?;
        let provider = Arc::new(ring::default_provider());
        let recorder =
            Arc::new(Recorder { provider: Arc::clone(&provider), chain: Mutex::default() });
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&recorder) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let mut connection =
            ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
        let mut tcp = self.connect(deadline)?;
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        tcp.set_read_timeout(Some(left))?;
        tcp.set_write_timeout(Some(left))?;
        let mut result = Ok((0, 0));
        while result.is_ok() && connection.is_handshaking() {
            result = connection.complete_io(&mut tcp);
        }
        let chain =
            std::mem::take(&mut *recorder.chain.lock().unwrap_or_else(PoisonError::into_inner));
        // A handshake that fails later, such as for lack of a client certificate, has shown them.
        match result {
            Err(error) if chain.is_empty() => Err(error),
            _ => Ok(chain),
        }
    }

    fn connect(&self, deadline: Instant) -> io::Result<TcpStream> {
        let mut failure = io::Error::new(ErrorKind::NotFound, "no address found for the host");
        for address in (&*self.host, self.port).to_socket_addrs()? {
            let left = deadline.saturating_duration_since(Instant::now());
            match TcpStream::connect_timeout(&address, left.max(Duration::from_millis(1))) {
                Ok(tcp) => return Ok(tcp),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// A verifier that keeps the certificates, and accepts all of them.
///
/// It is used only to look at them. The handshake's signatures are verified, which proves that the
/// server has the key.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Chain>,
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        let all = all.map(|one| one.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = all;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
