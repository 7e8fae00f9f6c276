//! `hsum cert show`, `verify`, `fingerprint` and `expires`.

use std::io::Write;
use std::net::TcpListener;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use x509_parser::extensions::ParsedExtension;

use crate::running::Running;
use crate::schema::validate_output;
use crate::support::*;

/// Makes an authority in `ca`, and the certificates of a server and a client.
fn with_certificates() -> Dir {
    let dir = Dir::new();
    for words in [
        "cert ca Root -o ca",
        "cert issue localhost 127.0.0.1 --ca ca",
        "cert issue alice --client --ca ca",
        "cert csr example.org",
        "cert crl --ca ca",
    ] {
        dir.words(words).run().exits(0);
    }
    dir
}

/// Returns the objects that a command prints, which match the schema.
fn objects(dir: &Dir, words: &str, status: i32) -> Vec<Value> {
    validate_output("cert", &dir.words(words).run().exits(status), status)
}

#[test]
fn all_kinds_of_objects_are_shown() {
    let dir = with_certificates();
    let text = dir.words("cert show localhost.crt example.org.csr localhost.key ca/ca.crl").run();
    let text = text.exits(0);
    for line in [
        "localhost.crt: certificate\n  subject     CN=localhost\n  issuer      CN=Root\n",
        "  names       localhost, 127.0.0.1\n",
        " days left)\n",
        "  key         P-256\n  signature   ECDSA with SHA-256\n",
        "  purpose     TLS server\n",
        "example.org.csr: signing request\n  subject     CN=example.org\n",
        "localhost.key: private key\n  format      PKCS#8\n",
        "ca.crl: revocation list\n  issuer      CN=Root\n",
        "  revoked     no certificates\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    assert!(!text.contains("warning"), "{text}");
    // The key and its certificate have the same pin.
    let pins: Vec<_> = text.lines().filter(|line| line.contains("key pin")).collect();
    assert_eq!(pins.len(), 3);
    assert_eq!(pins[0], pins[2]);
    let found = objects(&dir, "cert show --json ca/ca.crt", 0);
    assert_eq!(found[0]["type"], "certificate");
    assert_eq!(found[0]["authority"], true);
    assert_eq!(found[0]["path_length"], 0);
    assert_eq!(found[0]["warnings"], serde_json::json!([]));
    for words in
        ["show localhost.crt example.org.csr localhost.key ca/ca.crl", "fingerprint localhost.crt"]
    {
        objects(&dir, &format!("cert {words} --json"), 0);
    }
    objects(&dir, "cert show --json localhost.crt gone", 1);
}

/// A certificate by rcgen's defaults: without authority key identifier, and valid for centuries.
#[test]
fn certificates_that_strict_verifiers_reject_are_warned_of() {
    let dir = Dir::new();
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    dir.write("ca.crt", ca.self_signed(&key).expect("a certificate").pem());
    let issuer = Issuer::new(ca, key);
    let key = KeyPair::generate().expect("a key");
    let mut leaf = CertificateParams::new(vec!["a.test".to_owned()]).expect("a name");
    leaf.distinguished_name.push(DnType::CommonName, "a.test");
    dir.write("long.crt", leaf.signed_by(&key, &issuer).expect("a certificate").pem());
    leaf.use_authority_key_identifier_extension = true;
    leaf.subject_alt_names.clear();
    leaf.not_before = date_time_ymd(2020, 1, 1);
    leaf.not_after = date_time_ymd(2020, 12, 31);
    dir.write("old.crt", leaf.signed_by(&key, &issuer).expect("a certificate").pem());
    for (name, warnings, reason) in [
        ("long.crt", &["key-identifier", "long-validity"][..], "key-identifier"),
        ("old.crt", &["expired", "no-names"], "expired"),
        ("ca.crt", &["key-usage"], ""),
    ] {
        let found = objects(&dir, &format!("cert show --json {name}"), 0);
        let reasons = found[0]["warnings"].as_array().expect("an array").iter();
        let reasons: Vec<_> = reasons.map(|one| one["reason"].as_str().expect("a code")).collect();
        assert_eq!(reasons, warnings, "{name}");
        let text = dir.words(&format!("cert show {name}")).run().exits(0);
        assert_eq!(text.matches("\n  warning     ").count(), warnings.len(), "{text}");
        if !reason.is_empty() {
            let found = objects(&dir, &format!("cert verify --json {name} --ca ca.crt"), 1);
            assert_eq!(found[0]["reason"], reason);
        }
    }
}

#[test]
fn verdicts_have_reasons() {
    let dir = with_certificates();
    dir.words("cert ca Other -o other").run().exits(0);
    dir.words("cert ca Root -o same-name").run().exits(0);
    for (words, reason) in [
        ("localhost.crt --ca ca/ca.crt", None),
        ("localhost.crt --ca ca --host localhost", None),
        ("localhost.crt --ca ca --host LOCALHOST.", None),
        ("localhost.crt --ca other --ca ca --host 127.0.0.1", None),
        ("alice.crt --ca ca --purpose client --crl ca/ca.crl", None),
        ("ca/ca.crt --ca ca", None),
        ("localhost.crt --ca ca --host example.org", Some("wrong-host")),
        ("alice.crt --ca ca --purpose server", Some("wrong-purpose")),
        ("localhost.crt --ca other", Some("unknown-issuer")),
        ("localhost.crt --ca same-name", Some("bad-signature")),
        ("localhost.crt --ca ca --at 2000-01-01", Some("not-yet-valid")),
        ("localhost.crt --ca ca --at 2100-01-01", Some("expired")),
        ("ca/ca.crt --ca other", Some("self-signed")),
        ("ca/ca.crt --ca ca --purpose server", Some("wrong-purpose")),
    ] {
        let found = objects(&dir, &format!("cert verify --json {words}"), reason.is_some().into());
        assert_eq!(found[0]["type"], "verification", "{words}");
        assert_eq!(found[0]["reason"].as_str(), reason, "{words}: {}", found[0]);
        let status = if reason.is_some() { "FAILED" } else { "OK" };
        assert_eq!(found[0]["status"], status, "{words}");
        let text = dir.words(&format!("cert verify {words}")).run().exits(reason.is_some().into());
        assert!(text.contains(&format!(": {status}")), "{text}");
        assert_eq!(text.contains("; "), reason.is_some(), "a remedy: {text}");
    }
}

/// Returns the DER of the first certificate of a file, and the identifier of its key.
fn with_identifier(dir: &Dir, name: &str) -> (Vec<u8>, Vec<u8>) {
    let der = CertificateDer::from_pem_slice(&dir.read(name)).expect("PEM").to_vec();
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).expect("a certificate");
    let identifier = parsed.iter_extensions().find_map(|one| match one.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
        _ => None,
    });
    let identifier = identifier.expect("an identifier");
    (der, identifier)
}

fn replace_all(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    for at in 0..=bytes.len() - old.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + new.len()].copy_from_slice(new);
        }
    }
}

#[test]
fn authorities_whose_signature_cannot_be_verified_are_rejected() {
    let dir = Dir::new();
    for words in [
        "cert ca Root -o root --path-length 1",
        "cert ca Root -o forger --path-length 1 --alg ed25519",
        "cert ca Middle --ca forger -o middle",
    ] {
        dir.words(words).run().exits(0);
    }
    // The forged certificate names the key of the real authority, and Ed448 as its algorithm.
    let (_, real) = with_identifier(&dir, "root/ca.crt");
    let (_, forger) = with_identifier(&dir, "forger/ca.crt");
    let (mut forged, _) = with_identifier(&dir, "middle/ca.crt");
    replace_all(&mut forged, &forger, &real);
    dir.write("signature.der", &forged);
    replace_all(&mut forged, &[6, 3, 0x2b, 0x65, 0x70], &[6, 3, 0x2b, 0x65, 0x71]);
    dir.write("algorithm.der", &forged);
    for (name, reason) in
        [("signature.der", "bad-signature"), ("algorithm.der", "unsupported-algorithm")]
    {
        let found = objects(&dir, &format!("cert verify --json {name} --ca root"), 1);
        assert_eq!(found[0]["reason"], reason, "{}", found[0]);
    }
}

#[test]
fn authorities_with_constrained_names_are_not_accepted() {
    let dir = Dir::new();
    for words in [
        "cert ca Root -o root --path-length 2 --permit example",
        "cert ca Middle --ca root -o middle --path-length 1",
    ] {
        dir.words(words).run().exits(0);
    }
    dir.words("cert verify middle/ca.crt --ca root").run().exits(0);
    if !has("openssl") {
        return;
    }
    let script = "set -e
        openssl req -new -newkey ed25519 -nodes -keyout x.key -subj /CN=x -out x.csr
        printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n' > ext
        printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >> ext
        printf 'subjectAltName=DNS:evil.test\n' >> ext
        openssl x509 -req -in x.csr -CA middle/ca.crt -CAkey middle/ca.key -extfile ext -out x.crt";
    dir.shell(script).run().exits(0);
    let verify = "cert verify --json x.crt --chain middle/ca.crt --ca root";
    assert_eq!(objects(&dir, verify, 1)[0]["reason"], "name-constraints");
}

#[test]
fn revoked_certificates_are_rejected() {
    let dir = with_certificates();
    dir.write("old.crl", dir.read("ca/ca.crl"));
    dir.words("cert revoke alice.crt --ca ca --reason key-compromise").run().exits(0);
    dir.words("cert crl --ca ca").run().exits(0);
    let found =
        objects(&dir, "cert verify --json localhost.crt alice.crt --ca ca --crl ca/ca.crl", 1);
    assert_eq!(found[0]["status"], "OK");
    assert_eq!(found[1]["reason"], "revoked");
    let error = found[1]["error"].as_str().expect("a text");
    assert!(error.ends_with("(key compromise)"), "{error}");
    // An older list does not hide the revocation.
    dir.write("both.crl", [dir.read("old.crl"), dir.read("ca/ca.crl")].concat());
    for lists in
        ["--crl old.crl --crl ca/ca.crl", "--crl ca/ca.crl --crl old.crl", "--crl both.crl"]
    {
        let found = objects(&dir, &format!("cert verify --json alice.crt --ca ca {lists}"), 1);
        assert_eq!(found[0]["reason"], "revoked", "{lists}");
    }
    // Another authority's list says nothing about them.
    dir.words("cert ca Other -o other").run().exits(0);
    dir.words("cert crl --ca other").run().exits(0);
    let found = objects(&dir, "cert verify --json alice.crt --ca ca --crl other/ca.crl", 1);
    assert_eq!(found[0]["reason"], "unknown-revocation");
    let text = dir.words("cert show ca/ca.crl").run().exits(0);
    assert!(text.contains("1 certificate\n") && text.contains("key compromise"), "{text}");
}

#[test]
fn intermediates_come_from_the_file_or_from_options() {
    let dir = Dir::new();
    for words in [
        "cert ca Root -o root --path-length 1",
        "cert ca Middle --ca root -o middle",
        "cert issue localhost --ca middle",
    ] {
        dir.words(words).run().exits(0);
    }
    let text = String::from_utf8(dir.read("localhost.crt")).expect("PEM");
    let end = text.find("-----END CERTIFICATE-----\n").expect("an end") + 26;
    dir.write("alone.crt", &text[..end]);
    dir.words("cert verify localhost.crt --ca root").run().exits(0);
    let found = objects(&dir, "cert verify --json alone.crt --ca root", 1);
    assert_eq!(found[0]["reason"], "unknown-issuer");
    let found = objects(&dir, "cert verify --json alone.crt --ca root --chain middle/ca.crt", 0);
    assert_eq!(found[0]["certificates"], serde_json::json!(["localhost", "Middle", "Root"]));
}

#[test]
fn expiry_decides_the_exit_status() {
    let dir = with_certificates();
    let soon = dir.words("cert expires localhost.crt --within 91d").run().exits(1);
    assert!(soon.starts_with("localhost.crt: FAILED (localhost: "), "{soon}");
    assert!(soon.contains(" days left, until "), "{soon}");
    let later = dir.words("cert expires localhost.crt ca/ca.crl --within 3d").run().exits(0);
    assert_eq!(later.lines().count(), 2, "{later}");
    let quiet = "cert expires -q localhost.crt ca/ca.crl --within 60d";
    let quiet = dir.words(quiet).run().exits(1);
    assert!(quiet.starts_with("ca/ca.crl: FAILED (Root: "), "{quiet}");
    assert_eq!(quiet.lines().count(), 1, "{quiet}");
    let found = objects(&dir, "cert expires --json localhost.crt", 0);
    assert_eq!(found[0]["status"], "OK");
    dir.words("cert expires localhost.key").run().is_in(
        1,
        b"",
        "hsum: localhost.key: nothing found that expires",
    );
}

#[test]
fn a_server_is_looked_at_whether_it_is_trusted_or_not() {
    let dir = with_certificates();
    dir.mkdir("files");
    let words = "serve files --bind 127.0.0.1:0 --tls-cert localhost.crt --tls-key localhost.key";
    let server = Running::start(&dir, words);
    let url = server.url.trim_end_matches('/').to_owned();
    let text = dir.words(&format!("cert show {url}")).run().exits(0);
    assert!(
        text.contains("subject     CN=localhost\n") && text.contains("verified    no: "),
        "{text}"
    );
    let text = dir.words(&format!("cert show {url} --ca ca/ca.crt")).run().exits(0);
    assert!(text.contains("verified    yes\n"), "{text}");
    let found = objects(&dir, &format!("cert show --json {url}"), 0);
    assert_eq!(found[1]["verified"], false);
    dir.words(&format!("cert verify {url} --ca ca")).run().exits(0);
    let found = objects(&dir, &format!("cert verify --json {url} --ca ca --host example.org"), 1);
    assert_eq!(found[0]["reason"], "wrong-host");
    dir.words(&format!("cert expires {url} --within 30d")).run().exits(0);
    let pin = dir.words(&format!("cert fingerprint --pin {url}")).run().exits(0);
    assert_eq!(pin, dir.words("cert fingerprint --pin localhost.key").run().exits(0));
    // The pin is what 'hsum get' requires.
    dir.write("files/x", "x");
    let get = |pin: &str| {
        let get = format!("get --no-verify --cacert ca/ca.crt --pin-spki {pin} {url}/x -o -");
        dir.words(&get).run()
    };
    assert_eq!(get(pin.trim()).exits(0), "x");
    let other = dir.words("cert fingerprint --pin alice.key").run().exits(0);
    get(other.trim()).exits(7);
}

#[test]
fn a_file_name_never_starts_a_connection() {
    let dir = Dir::new();
    for name in ["localhost", "localhost:1", "http://localhost:1", "example.org"] {
        let ran = dir.words(&format!("cert show {name}")).run();
        ran.is_in(1, b"", "No such file or directory");
    }
    for url in ["https://", "https://user@localhost", "https://localhost/x", "https://localhost/?x"]
    {
        let ran = dir.words(&format!("cert show {url}")).run();
        ran.is_in(2, b"", "invalid URL of a server");
    }
}

#[test]
fn silent_and_garbled_servers_end_in_time() {
    let dir = Dir::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        let mut open = Vec::new();
        for (n, client) in listener.incoming().enumerate() {
            let mut client = client.expect("a client");
            if n % 2 == 0 {
                let _ = client.write_all(&[0x16, 3, 3, 0xff, 0xff, 2, 0xff, 0xff, 0xff]);
            }
            open.push(client);
        }
    });
    for _ in 0..2 {
        let ran = dir.words(&format!("cert show --timeout 1s https://127.0.0.1:{port}")).run();
        ran.is_in(1, b"", "no certificate received: ");
    }
}

/// Changes some bytes, cuts, or repeats a part.
fn mutated(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match numbers.below(5) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] = [0, 0x7f, 0x80, 0x84, 0xff][numbers.below(5)],
            2 => bytes.splice(at..at, bytes[at..].to_vec()).for_each(drop),
            _ => bytes[at] ^= 1 << numbers.below(8),
        }
    }
    bytes
}

#[test]
fn damaged_files_never_panic() {
    let dir = with_certificates();
    dir.shell(
        "for f in localhost.crt ca/ca.crt ca/ca.crl example.org.csr localhost.key; do
            sed '/^-/d' $f | base64 -d > $(basename $f).der
        done",
    )
    .run()
    .exits(0);
    let seeds = ["localhost.crt", "ca.crt", "ca.crl", "example.org.csr", "localhost.key"];
    let mut numbers = Numbers::new(18);
    for round in 0..5 {
        let mut names = String::new();
        for n in 0..400 {
            let seed = format!("{}.der", seeds[n % seeds.len()]);
            let name = format!("bad/{n}");
            dir.write(&name, mutated(&dir.read(&seed), &mut numbers));
            names += &format!(" {name}");
        }
        for words in ["show", "show --json", "verify --ca ca", "fingerprint", "expires"] {
            let ran = dir.words(&format!("cert {words}{names}")).run();
            assert_eq!(ran.status.code(), Some(1), "round {round}: {words}: {}", ran.stderr);
            assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        }
        let lists: String = (2..100).step_by(5).map(|n| format!(" --crl bad/{n}")).collect();
        let ran = dir.words(&format!("cert verify localhost.crt --ca ca{lists}")).run();
        assert!(matches!(ran.status.code(), Some(0..=2)), "{}", ran.stderr);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
    }
}

#[test]
fn pkcs12_files_are_opened_in_time() {
    let dir = with_certificates();
    let issue = "cert issue bob --client --ca ca --p12 --legacy --password env:PASSWORD";
    dir.words(issue).env("PASSWORD", "secret").run().exits(0);
    let show = |words: &str| {
        let words = format!("cert show {words} --password env:PASSWORD");
        dir.words(&words).env("PASSWORD", "secret").run()
    };
    let text = show("bob.p12").exits(0);
    assert!(text.contains("bob.p12: certificate 1 of ") && text.contains("private key"), "{text}");
    dir.words("cert show bob.p12").run().is_in(1, b"", "use --password SPEC");
    // The last bytes are the iterations of the MAC: 2048, or here 2^31 - 1.
    let mut bytes = dir.read("bob.p12");
    assert!(bytes.ends_with(&[2, 2, 8, 0]));
    bytes.truncate(bytes.len() - 4);
    bytes.extend([2, 4, 0x7f, 0xff, 0xff, 0xff]);
    // The lengths of the file and of the MAC grow by two.
    bytes[3] += 2;
    let mac = bytes.len() - 6 - 2;
    let mac = (0..mac).rev().find(|&at| {
        bytes[at] == 0x30
            && usize::from(bytes[at + 1]) + at + 4 == bytes.len()
            && bytes[at + 2] == 0x30
    });
    let mac = mac.expect("the MAC");
    bytes[mac + 1] += 2;
    dir.write("slow.p12", bytes);
    show("slow.p12").is_in(1, b"", "its key derivation takes too long");
}

#[test]
fn hostile_names_are_escaped() {
    if !has("openssl") {
        return;
    }
    let dir = Dir::new();
    let shell = dir.shell(
        "openssl req -x509 -newkey ed25519 -nodes -keyout x.key -out x.crt -days 9 \
         -subj \"$(printf '/CN=a\\033[2J\\nverified: OK')\" 2> log",
    );
    shell.run().exits(0);
    // A comma inside of a name does not separate two.
    let config = "[req]\ndistinguished_name=n\nx509_extensions=e\n[n]\n[e]\nsubjectAltName=@s\n[s]\n\
                  DNS.1=a.example\\, b.example\n";
    dir.write("config", config);
    let shell = dir.shell(
        "openssl req -x509 -newkey ed25519 -nodes -keyout y.key -out y.crt -days 9 -subj /CN=y \
         -config config 2>> log",
    );
    shell.run().exits(0);
    let text = dir.words("cert show y.crt").run().exits(0);
    assert!(text.contains("  names       DNS:a.example\\, b.example\n"), "{text}");
    for words in ["show x.crt", "fingerprint x.crt", "expires x.crt", "verify x.crt --ca x.crt"] {
        let ran = dir.words(&format!("cert {words}")).run();
        let text = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
        assert!(!text.contains('\x1b') && !text.contains("\nverified"), "{words}: {text}");
    }
}
