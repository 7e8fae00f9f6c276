//! Shared by the tests: a body, its digest, a folder to download to, certificates.

use std::ffi::OsString;
use std::fs;
use std::sync::{Arc, LazyLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, version};

use crate::schema::validate_output;
use crate::support::{Call, Dir, Numbers, Ran, sha256};

/// The body of the test file.
pub(crate) static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| Numbers::new(7).bytes(300_000));
pub(crate) static DIGEST: LazyLock<String> = LazyLock::new(|| sha256(&*BODY));

/// No retries, and no pauses.
const ONCE: [&str; 4] = ["--retries", "0", "--retry-delay", "0.01"];

/// A folder to which files are downloaded as `x`.
pub(crate) struct World {
    pub(crate) dir: Dir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { dir: Dir::new() }
    }

    /// Returns the call `hsum get URL -o x WORDS`.
    pub(crate) fn get(&self, url: &str, words: &[&str]) -> Call {
        self.dir.hsum(["get", url, "-o", "x"]).args(ONCE).args(words)
    }

    /// Returns the same call with the right digest.
    pub(crate) fn expecting(&self, url: &str, words: &[&str]) -> Call {
        self.get(url, words).args(["-e", &DIGEST])
    }

    /// Asserts that the folder has exactly these files.
    #[track_caller]
    pub(crate) fn holds(&self, names: &[&str]) {
        let names: Vec<OsString> = names.iter().map(OsString::from).collect();
        assert_eq!(self.dir.names(), names);
    }

    /// Asserts that the folder has the right file, and nothing else.
    #[track_caller]
    pub(crate) fn is_good(&self) {
        assert!(self.dir.read("x") == *BODY, "other bytes under the name");
        self.holds(&["x"]);
    }

    /// Asserts that the call fails with this status and message: in an empty folder, in which only `left`
    /// remains, and over an old file, which must survive.
    #[track_caller]
    pub(crate) fn fails(&self, call: impl Fn() -> Call, code: i32, word: &str, left: &[&str]) {
        let ran = call().run();
        ran.is_in(code, b"", word);
        self.holds(left);
        for name in self.dir.names() {
            fs::remove_file(self.dir.path(name)).expect("a file");
        }
        self.dir.write("x", "the good old file");
        let ran = call().args(["--force"]).run();
        ran.is_in(code, b"", word);
        assert_eq!(self.dir.read("x"), b"the good old file");
        let mut with_old = left.to_vec();
        with_old.push("x");
        self.holds(&with_old);
    }
}

/// The names of the part and its state.
pub(crate) const PART: [&str; 2] = [".x.hsum-part", ".x.hsum-part.json"];

/// Runs a call that must succeed.
#[track_caller]
pub(crate) fn well(call: Call) -> Ran {
    let ran = call.run();
    ran.exits(0);
    ran
}

/// Returns the objects that `verb --json` has printed, which match its schema.
#[track_caller]
pub(crate) fn objects(verb: &str, stdout: impl AsRef<[u8]>, exit: i32) -> Vec<serde_json::Value> {
    validate_output(verb, std::str::from_utf8(stdout.as_ref()).expect("UTF-8"), exit)
}

/// An authority with certificates for servers and a client.
pub(crate) struct Pki {
    pub(crate) authority: String,
    pub(crate) client: String,
    server: (String, String),
    /// A server whose name would clear a terminal.
    hostile: (String, String),
    /// The SHA-256 of the server's SubjectPublicKeyInfo.
    pub(crate) pin: String,
}

pub(crate) static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, key()).expect("an authority");
    let leaf = |name: &str| {
        let key = key();
        let params = CertificateParams::new([name.to_owned()]).expect("parameters");
        (params.signed_by(&key, &issuer).expect("a certificate"), key)
    };
    let (server, server_key) = leaf("localhost");
    let (hostile, hostile_key) = leaf("\x1b[2J\u{7}.test");
    let (client, client_key) = leaf("me");
    let pin = sha256(rcgen::PublicKeyData::subject_public_key_info(&server_key));
    Pki {
        authority: issuer.pem(),
        client: client.pem() + &client_key.serialize_pem(),
        server: (server.pem(), server_key.serialize_pem()),
        hostile: (hostile.pem(), hostile_key.serialize_pem()),
        pin,
    }
});

/// The clients that a TLS server accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clients {
    All,
    WithCertificate,
}

impl Pki {
    pub(crate) fn server(
        &self,
        clients: Clients,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        Self::configured(&self.server, &self.authority, clients, versions)
    }

    fn configured(
        (chain, key): &(String, String),
        authority: &str,
        clients: Clients,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("versions");
        let builder = match clients {
            Clients::All => builder.with_no_client_auth(),
            Clients::WithCertificate => {
                let mut roots = RootCertStore::empty();
                let authority = CertificateDer::from_pem_slice(authority.as_bytes());
                roots.add(authority.expect("a certificate")).expect("a root");
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.with_client_cert_verifier(verifier.expect("a verifier"))
            }
        };
        let chain = CertificateDer::from_pem_slice(chain.as_bytes()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key");
        Arc::new(builder.with_single_cert(vec![chain], key).expect("a configuration"))
    }

    /// Returns the configuration of a server whose name would clear a terminal.
    pub(crate) fn hostile(&self) -> Arc<ServerConfig> {
        Self::configured(&self.hostile, &self.authority, Clients::All, &[&version::TLS13])
    }

    /// Returns the configuration of a server for all clients and versions.
    pub(crate) fn open(&self) -> Arc<ServerConfig> {
        self.server(Clients::All, &[&version::TLS13, &version::TLS12])
    }
}

impl World {
    /// Creates one, and a second folder with the certificates of the authority and the client.
    pub(crate) fn with_pki() -> (Self, Dir) {
        let files = Dir::new();
        files.write("ca.pem", &PKI.authority);
        files.write("client.pem", &PKI.client);
        (Self::new(), files)
    }
}
