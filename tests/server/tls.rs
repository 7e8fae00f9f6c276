//! The library's TLS listener and stream: who is refused, in which words, and what a stalled client delays.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hsum::net::server::{ClientCertificate, TlsListener, TlsServerOptions, handshake_failure};
use hsum::net::{Failure, Timeouts, TlsOptions, TlsStream, TlsVersion};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::support::Dir;

/// Longer than a loaded machine takes for a handshake.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Issuer = CertifiedIssuer<'static, KeyPair>;

/// An authority, and certificates that it has signed: chain and key in one PEM text.
pub(crate) struct Pki {
    pub(crate) authority: Issuer,
    pub(crate) server: String,
    pub(crate) other_server: String,
    pub(crate) client: String,
    pub(crate) expired: String,
    pub(crate) revoked: String,
    /// A client of another authority.
    pub(crate) stranger: String,
}

pub(crate) static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let authority = issuer("ours");
    let leaf = |name: &str| certified(params(name), &authority);
    let mut past = params("late");
    past.not_before = date_time_ymd(2001, 1, 1);
    past.not_after = date_time_ymd(2002, 1, 1);
    let mut revoked = params("gone");
    revoked.serial_number = Some(SerialNumber::from(7));
    Pki {
        server: leaf("localhost"),
        other_server: leaf("other.test"),
        client: leaf("me"),
        expired: certified(past, &authority),
        revoked: certified(revoked, &authority),
        stranger: certified(params("me"), &issuer("theirs")),
        authority,
    }
});

fn issuer(name: &str) -> Issuer {
    let mut params = params(name);
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("an authority")
}

fn params(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).expect("parameters")
}

fn certified(params: CertificateParams, issuer: &Issuer) -> String {
    let key = KeyPair::generate().expect("a key");
    params.signed_by(&key, issuer).expect("a certificate").pem() + &key.serialize_pem()
}

/// Returns the authority's revocation list, which is good until the first day of a year.
pub(crate) fn revocations(until: i32) -> String {
    list(2020, until, false)
}

/// Returns the list from before the revocation.
pub(crate) fn old_revocations() -> String {
    list(2019, 2100, true)
}

fn list(since: i32, until: i32, is_old: bool) -> String {
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(7),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(since, 1, 1),
        next_update: date_time_ymd(until, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: if is_old { Vec::new() } else { vec![revoked] },
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(&PKI.authority).expect("a list").pem().expect("PEM")
}

fn open() -> TlsServerOptions {
    let pem = PKI.server.as_bytes();
    TlsServerOptions::from_pem(pem, pem).expect("options").handshake_timeout(PATIENCE)
}

/// Returns the options of a server that requires certificates.
fn strict() -> TlsServerOptions {
    open().client_authorities_from_pem(PKI.authority.pem().as_bytes()).expect("authorities")
}

/// Starts a server that echoes what its one client sends, and returns its result.
fn echo(options: &TlsServerOptions) -> (SocketAddr, JoinHandle<Result<TlsStream, Failure>>) {
    let listener = TlsListener::bind("127.0.0.1:0", options).expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a connection");
        client.handshake()?;
        let mut bytes = [0; 5];
        if client.read_exact(&mut bytes).is_ok() {
            let _ = client.write_all(&bytes);
        }
        Ok(client)
    });
    (address, server)
}

/// The files of a client.
struct Files(Dir);

impl Files {
    fn new() -> Self {
        let dir = Dir::new();
        dir.write("ca.crt", PKI.authority.pem());
        Self(dir)
    }

    /// Returns the options of a client with a certificate.
    fn with(&self, identity: Option<&str>) -> TlsOptions {
        let identity = identity.map(|pem| {
            self.0.write("client.pem", pem);
            let path: PathBuf = self.0.path("client.pem");
            (path.clone(), path)
        });
        TlsOptions { authorities: Some(self.0.path("ca.crt")), identity, ..TlsOptions::default() }
    }
}

/// Connects, sends five bytes, and returns what comes back.
fn call(address: SocketAddr, options: &TlsOptions) -> io::Result<Vec<u8>> {
    let mut stream = TlsStream::connect("localhost", address.port(), options, Timeouts::default())
        .map_err(io::Error::other)?;
    stream.write_all(b"hello")?;
    let mut bytes = vec![0; 5];
    stream.read_exact(&mut bytes)?;
    stream.close()?;
    Ok(bytes)
}

/// Calls a server, and returns the errors of the server and the client in this order.
fn refused(options: &TlsServerOptions, identity: Option<&str>) -> (String, String) {
    let (address, server) = echo(options);
    let client = call(address, &Files::new().with(identity)).expect_err("a refusal");
    let server = server.join().expect("no panic").expect_err("a refusal");
    (server.to_string(), client.to_string())
}

#[test]
fn a_client_with_a_certificate_is_served() {
    let options = strict().protocols(["echo"]);
    let (address, server) = echo(&options);
    assert_eq!(call(address, &Files::new().with(Some(&PKI.client))).expect("an echo"), b"hello");
    let stream = server.join().expect("no panic").expect("a connection");
    assert!(stream.peer_certificate().is_some_and(|der| PKI.client.contains(&base64_head(der))));
    assert_eq!(stream.version(), Some(TlsVersion::V1_3));
    assert_eq!(stream.server_name(), Some("localhost"));
    assert_eq!(stream.protocol(), None);
    assert!(stream.cipher_suite().is_some_and(|name| name.starts_with("TLS13_")));
}

/// Returns the first line of the certificate in PEM.
fn base64_head(der: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(&der[..48])
}

#[test]
fn clients_without_a_valid_certificate_are_told_why() {
    let cases = [
        (None, "the client sent no certificate", "it requires a client certificate"),
        (Some(&PKI.expired), "it expired on Tue, 01 Jan 2002", "certificate has expired"),
        (Some(&PKI.stranger), "no trusted authority", "it does not trust the authority"),
    ];
    for (identity, server_word, client_word) in cases {
        let (server, client) = refused(&strict(), identity.map(String::as_str));
        assert!(server.contains(server_word), "{server}");
        assert!(client.contains(client_word), "{client}");
    }
}

#[test]
fn a_failed_write_tells_the_reason_of_the_refusal() {
    let (address, server) = echo(&strict());
    let files = Files::new();
    let options = files.with(None);
    let stream = TlsStream::connect("localhost", address.port(), &options, Timeouts::default());
    let mut stream = stream.expect("the client's part of the handshake");
    server.join().expect("no panic").expect_err("a refusal");
    // The first write may succeed: it makes the server's system reset the connection.
    let error = loop {
        match stream.write_all(b"hello").and_then(|()| stream.flush()) {
            Ok(()) => thread::sleep(Duration::from_millis(10)),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("it requires a client certificate"), "{error}");
}

#[test]
fn a_certificate_may_be_optional_but_not_wrong() {
    let options = strict().client_certificate(ClientCertificate::Optional);
    let (address, server) = echo(&options);
    assert_eq!(call(address, &Files::new().with(None)).expect("an echo"), b"hello");
    let stream = server.join().expect("no panic").expect("a connection");
    assert_eq!(stream.peer_certificate(), None);
    let (server, _) = refused(&options, Some(&PKI.stranger));
    assert!(server.contains("no trusted authority"), "{server}");
}

#[test]
fn revoked_certificates_are_refused() {
    let listing = |until| strict().client_revocations_from(revocations(until).as_bytes());
    let options = listing(2999).expect("a list");
    let (server, client) = refused(&options, Some(&PKI.revoked));
    assert!(server.contains("it is revoked") && client.contains("is revoked"), "{server} {client}");
    let (address, _server) = echo(&options);
    assert_eq!(call(address, &Files::new().with(Some(&PKI.client))).expect("an echo"), b"hello");
    // What an old list does not name may be revoked by now.
    let (server, _) = refused(&listing(2021).expect("a list"), Some(&PKI.client));
    assert!(server.contains("out of date since Fri, 01 Jan 2021"), "{server}");
    assert!(strict().client_revocations_from(b"no list").is_err());
    let damaged = strict().client_revocations_from(b"\x30\x03abc").expect("DER");
    assert!(damaged.config().is_err());
}

#[test]
fn clients_refuse_wrong_servers() {
    let files = Files::new();
    let other = PKI.other_server.as_bytes();
    let other = TlsServerOptions::from_pem(other, other).expect("options");
    let (address, server) = echo(&other);
    let error = call(address, &files.with(None)).expect_err("a refusal").to_string();
    assert!(error.contains("it is not valid for 'localhost', only for other.test"), "{error}");
    let said = server.join().expect("no panic").expect_err("a refusal").to_string();
    assert!(said.contains("the client refused the TLS connection"), "{said}");

    files.0.write("ca.crt", issuer("theirs").pem());
    let (address, server) = echo(&open());
    let error = call(address, &files.with(None)).expect_err("a refusal").to_string();
    assert!(error.contains("no trusted authority has signed it"), "{error}");
    let said = server.join().expect("no panic").expect_err("a refusal").to_string();
    assert!(said.contains("it does not trust the authority"), "{said}");
}

#[test]
fn the_key_must_be_that_of_the_certificate() {
    let options = TlsServerOptions::from_pem(PKI.server.as_bytes(), PKI.client.as_bytes());
    let failure = options.expect("options").config().expect_err("a failure");
    assert!(
        failure.to_string().contains("the key does not belong to the certificate"),
        "{failure}"
    );
    assert!(!format!("{:?}", open()).contains("KEY"));
}

#[test]
fn old_versions_are_refused() {
    let (address, server) = echo(&open().minimum(TlsVersion::V1_3));
    // Servers of TLS 1.2 only are met in tests of the client; this is a ClientHello of that kind.
    let hello = hello_of_tls_1_2();
    let mut tcp = TcpStream::connect(address).expect("a connection");
    tcp.write_all(&hello).expect("sent");
    let failure = server.join().expect("no panic").expect_err("a refusal").to_string();
    assert!(failure.contains("no version"), "{failure}");
    let mut alert = [0; 7];
    tcp.read_exact(&mut alert).expect("an alert");
    // Alert, fatal, protocol_version (RFC 8446, section 6).
    assert_eq!((alert[0], alert[5], alert[6]), (21, 2, 70));
}

/// Returns a ClientHello (RFC 5246, section 7.4.1.2) with the extensions that rustls requires.
fn hello_of_tls_1_2() -> Vec<u8> {
    let extensions: [&[u8]; 3] = [
        &[0, 10, 0, 4, 0, 2, 0, 23], // supported_groups: secp256r1
        &[0, 13, 0, 4, 0, 2, 4, 3],  // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 23, 0, 0],              // extended_master_secret
    ];
    let extensions = extensions.concat();
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    // No session, one cipher suite (ECDHE-ECDSA-AES128-GCM-SHA256), no compression.
    body.extend([0, 0, 2, 0xc0, 0x2b, 1, 0, 0, extensions.len() as u8]);
    body.extend(&extensions);
    let mut hello = vec![22, 3, 1, 0, body.len() as u8 + 4, 1, 0, 0, body.len() as u8];
    hello.extend(&body);
    hello
}

#[test]
fn a_stalled_handshake_delays_no_one_and_ends() {
    let options = open().handshake_timeout(Duration::from_millis(300));
    let listener = TlsListener::bind("127.0.0.1:0", &options).expect("a port");
    let address = listener.local_addr().expect("an address");
    let mut silent = TcpStream::connect(address).expect("a connection");
    // The first part of a record, after which nothing comes.
    silent.write_all(&[22, 3, 1, 0x40]).expect("sent");
    let (mut stalled, _) = listener.accept().expect("returns before the handshake");
    let waiting = thread::spawn(move || stalled.read(&mut [0]).expect_err("a timeout"));
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept()?;
        let mut bytes = [0; 5];
        client.read_exact(&mut bytes)?;
        client.write_all(&bytes)?;
        client.close()
    });
    // The silent client is still connected.
    let files = Files::new();
    let mut options = files.with(None);
    options.minimum = TlsVersion::V1_3;
    let answered = call(address, &options);
    let served = server.join().expect("no panic");
    // On a slow machine the handshake itself may exceed the timeout: only then it may fail.
    if served.is_ok() {
        assert_eq!(answered.expect("an echo"), b"hello");
    }
    let error = waiting.join().expect("no panic").to_string();
    assert!(error.contains("timed out"), "{error}");
    // The connection was closed, rather than left open.
    silent.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    assert_eq!(silent.read(&mut [0]).expect("an end"), 0);
}

#[test]
fn garbage_is_refused_in_words() {
    for garbage in [&b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"[..], &[0xff; 4096], &[22, 3, 1, 0, 1, 9]]
    {
        let (address, server) = echo(&open());
        let mut tcp = TcpStream::connect(address).expect("a connection");
        tcp.write_all(garbage).expect("sent");
        tcp.shutdown(std::net::Shutdown::Write).expect("half-closed");
        let failure = server.join().expect("no panic").expect_err("a refusal").to_string();
        let words =
            ["something other than TLS", "TLS handshake: the connection was closed", "TLS:"];
        assert!(words.iter().any(|word| failure.contains(word)), "{failure}");
    }
}

#[test]
fn an_end_without_close_notify_is_an_error() {
    let sends = |close: fn(TlsStream)| {
        let listener = TlsListener::bind("127.0.0.1:0", &open()).expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().expect("a connection");
            client.write_all(b"all of it").expect("sent");
            client.flush().expect("sent");
            close(client);
        });
        let files = Files::new();
        let options = files.with(None);
        let timeouts = Timeouts::default();
        let mut stream =
            TlsStream::connect("localhost", address.port(), &options, timeouts).expect("TLS");
        let mut text = String::new();
        let read = stream.read_to_string(&mut text).map(|_| text);
        server.join().expect("no panic");
        read
    };
    assert_eq!(sends(|client| client.close().expect("closed")).expect("a whole text"), "all of it");
    let error = sends(drop).expect_err("an end without close_notify");
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("may be incomplete"), "{error}");
}

#[test]
fn an_idle_connection_ends() {
    let options = open().idle_timeout(Duration::from_millis(100));
    let listener = TlsListener::bind("127.0.0.1:0", &options).expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a connection");
        client.read(&mut [0])
    });
    let files = Files::new();
    let options = files.with(None);
    let stream = TlsStream::connect("localhost", address.port(), &options, Timeouts::default());
    let stream = stream.expect("TLS");
    let kind = server.join().expect("no panic").expect_err("a timeout").kind();
    assert!(matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "{kind:?}");
    drop(stream);
}

#[test]
fn other_servers_get_the_same_words() {
    let error = rustls::Error::NoCertificatesPresented;
    let error = io::Error::new(io::ErrorKind::InvalidData, error);
    assert_eq!(handshake_failure(error).to_string(), "the client sent no certificate");
}
