//! Clients with TLS, good and bad.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

use super::{Server, assert_closed, assert_memory, log_line, request, start_in, until_end};
use crate::support::Dir;
use crate::tls::{PKI, old_revocations, revocations};

/// Accepts any server: these tests are about clients.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub(super) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Connects with TLS, perhaps with a certificate; the handshake happens with the first bytes.
pub(super) fn connect(server: &Server, protocol: &str, identity: Option<&str>) -> Stream {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer(provider)));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>();
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain.expect("a chain"), key).expect("an identity")
        }
    };
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let client = ClientConnection::new(Arc::new(config), name).expect("a client");
    StreamOwned::new(client, server.connect())
}

/// Returns the first name in the server's certificate.
pub(super) fn server_name(server: &Server) -> String {
    let mut stream = connect(server, "http/1.1", None);
    stream.flush().expect("a handshake");
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("a handshake");
    }
    let chain = stream.conn.peer_certificates().expect("a certificate");
    let text = String::from_utf8_lossy(&chain[0]);
    let names = ["one.test", "two.test"].into_iter().filter(|name| text.contains(name));
    names.collect::<Vec<_>>().join(" ")
}

/// Starts a server that requires certificates.
fn strict(options: &str) -> Server {
    let dir = Dir::with(&["a"]);
    dir.write("server.pem", &PKI.server);
    dir.write("ca.crt", PKI.authority.pem());
    // An older list does not hide the revocations of the newer one.
    dir.write("ca.crl", [old_revocations(), revocations(2100)].concat());
    start_in(
        dir,
        &format!("--tls-cert server.pem --client-ca ca.crt --client-crl ca.crl {options}"),
    )
}

/// Sends a request, and returns the answer; empty if there is none.
fn get(server: &Server, identity: Option<&str>) -> String {
    let mut stream = connect(server, "http/1.1", identity);
    let mut answer = Vec::new();
    if stream.write_all(request("Connection: close\r\n").as_bytes()).is_ok() {
        let _ = stream.read_to_end(&mut answer);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[track_caller]
fn assert_tls_served(server: &Server) {
    let answer = get(server, Some(&PKI.client));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\na"), "{answer}");
    assert_memory(server);
}

#[test]
fn clients_need_a_certificate_that_is_good() {
    let server = strict("");
    for (identity, reason) in [
        (None, "no certificate"),
        (Some(&PKI.expired), "expired"),
        (Some(&PKI.revoked), "revoked"),
        (Some(&PKI.stranger), "authority"),
    ] {
        assert_eq!(get(&server, identity.map(String::as_str)), "", "{reason}");
        let line = log_line(&server, "\"type\":\"connection\"");
        assert!(line.contains(reason), "{line}");
        assert_tls_served(&server);
    }
    let line = log_line(&server, "\"status\":200");
    assert!(line.contains("\"subject\":\"CN=") && line.contains("\"tls\":\"1.3\""), "{line}");
}

#[test]
fn damaged_handshakes_end_and_disturb_nobody() {
    let server = strict("--handshake-timeout 1s");
    let hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
    for bytes in [
        &b"\x16\x03\x01\xff\xff"[..],
        b"\x16\x03\x01\x00\x00",
        b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x17\x03\x03\x00\x05hello",
        b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10",
        b"\0\0\0\0\0\0\0\0",
        hello,
        &[0x16; 70_000],
    ] {
        let mut socket = server.connect();
        let _ = socket.write_all(bytes);
        assert_closed(&mut socket);
        assert_tls_served(&server);
    }
    let mut silent: Vec<_> = (0..100).map(|_| server.connect()).collect();
    assert_tls_served(&server);
    silent.iter_mut().for_each(|socket| _ = assert_closed(socket));
    log_line(&server, "\"reason\":\"handshake-timeout\"");
}

#[test]
fn a_request_without_tls_gets_a_readable_answer() {
    let server = strict("");
    let mut socket = server.connect();
    socket.write_all(request("").as_bytes()).expect("sent");
    let answer = until_end(&mut socket);
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
    assert!(body.contains("https://"), "{answer}");
    assert_tls_served(&server);
}
