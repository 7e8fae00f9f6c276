//! `hsum cert`: authorities, certificates, requests, keys and revocation lists.

use std::collections::BTreeSet;
use std::path::Path;

use hsum::Algorithm;
use rcgen::{CertificateParams, CustomExtension, DnType, IsCa, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

use crate::schema::validate_output;
use crate::support::*;

/// The key algorithms but the slow ones, which `tests/servers/certificates` covers.
const ALGORITHMS: [&str; 4] = ["p256", "p384", "ed25519", "rsa2048"];

fn certificates(dir: &Dir, name: &str) -> Vec<CertificateDer<'static>> {
    let text = dir.read(name);
    CertificateDer::pem_slice_iter(&text).map(|der| der.expect("PEM")).collect()
}

fn parsed<'a>(der: &'a CertificateDer<'_>) -> X509Certificate<'a> {
    X509Certificate::from_der(der).expect("a certificate").1
}

/// Returns the DNS names, addresses and so on of a certificate.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().expect("a valid extension");
    let names = extension.map(|names| names.value.general_names.clone()).unwrap_or_default();
    names.iter().map(ToString::to_string).collect()
}

/// Verifies a chain, as rustls does.
fn verify(dir: &Dir, leaf: &str, root: &str, host: Option<&str>) -> Result<(), String> {
    let (chain, roots) = (certificates(dir, leaf), certificates(dir, root));
    let anchors = [anchor_from_trusted_cert(&roots[0]).expect("an anchor")];
    let leaf = EndEntityCert::try_from(&chain[0]).expect("a certificate");
    let now = UnixTime::now();
    let usage = if host.is_some() { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    let verified = leaf.verify_for_usage(algorithms, &anchors, &chain[1..], now, usage, None, None);
    verified.map(drop).map_err(|error| error.to_string())?;
    match host {
        Some(host) => {
            let host = ServerName::try_from(host.to_owned()).expect("a name");
            leaf.verify_is_valid_for_subject_name(&host).map_err(|error| error.to_string())
        }
        None => Ok(()),
    }
}

/// Runs OpenSSL, which must succeed, if it is installed.
fn openssl(dir: &Dir, words: &str) {
    if has("openssl") {
        let call = dir.command("openssl").args(words.split_whitespace());
        call.env("SECRET", "hunter2").run().exits(0);
    }
}

fn done(dir: &Dir, words: &str) -> String {
    dir.words(words).env("SECRET", "hunter2").run().exits(0)
}

#[test]
fn every_algorithm_makes_authorities_servers_and_clients() {
    for alg in ALGORITHMS {
        let dir = Dir::new();
        done(&dir, &format!("cert ca Root -o root --path-length 1 --alg {alg}"));
        done(&dir, &format!("cert ca Middle --ca root -o middle --alg {alg}"));
        let issue = "localhost 127.0.0.1 ::1 alice@example.org https://example.org/a --ca middle";
        done(&dir, &format!("cert issue {issue} --alg {alg}"));
        done(&dir, &format!("cert issue alice@example.org --client --ca middle --alg {alg}"));
        for host in ["localhost", "127.0.0.1", "::1"] {
            verify(&dir, "localhost.crt", "root/ca.crt", Some(host)).expect(host);
        }
        verify(&dir, "localhost.crt", "root/ca.crt", Some("example.org")).expect_err("a stranger");
        verify(&dir, "localhost.crt", "root/ca.crt", None).expect_err("no client");
        verify(&dir, "alice@example.org.crt", "root/ca.crt", None).expect("a client");
        let strict = "verify -x509_strict -CAfile root/ca.crt -untrusted middle/ca.crt -purpose";
        openssl(&dir, &format!("{strict} sslserver -verify_ip ::1 localhost.crt"));
        openssl(&dir, &format!("{strict} sslclient alice@example.org.crt"));
        for key in ["root/ca.key", "middle/ca.key", "localhost.key"] {
            assert_eq!(dir.mode(key), 0o600, "{key}");
            openssl(&dir, &format!("pkey -noout -in {key}"));
        }
    }
}

#[test]
fn certificates_have_what_strict_verifiers_expect() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    done(&dir, "cert issue localhost --ca ca --days 30 --alg rsa2048");
    let (authority, leaf) = (certificates(&dir, "ca/ca.crt"), certificates(&dir, "localhost.crt"));
    // A server sends no root.
    assert_eq!((authority.len(), leaf.len()), (1, 1));
    let (authority, leaf) = (parsed(&authority[0]), parsed(&leaf[0]));
    let mut serials = BTreeSet::new();
    for certificate in [&authority, &leaf] {
        assert_eq!(certificate.raw_serial().len(), 16);
        serials.insert(certificate.raw_serial());
        let extensions = certificate.extensions().iter();
        let critical: Vec<_> =
            extensions.filter(|e| e.critical).map(|e| e.oid.to_id_string()).collect();
        assert!(critical.contains(&"2.5.29.19".into()), "basic constraints");
        assert!(critical.contains(&"2.5.29.15".into()), "key usage");
    }
    assert_eq!(serials.len(), 2);
    let identifier = |certificate: &X509Certificate<'_>| {
        certificate.extensions().iter().find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0.to_vec()),
            _ => None,
        })
    };
    let of_authority = leaf.extensions().iter().find_map(|e| match e.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(e) => Some(e.key_identifier.as_ref()?.0.to_vec()),
        _ => None,
    });
    assert!(of_authority.is_some() && of_authority == identifier(&authority));
    assert!(identifier(&leaf).is_some());
    let constraints = authority.basic_constraints().expect("valid").expect("constraints").value;
    assert_eq!((constraints.ca, constraints.path_len_constraint), (true, Some(0)));
    let usage = authority.key_usage().expect("valid").expect("a usage").value;
    assert!(usage.key_cert_sign() && usage.crl_sign() && !usage.digital_signature());
    let usage = leaf.key_usage().expect("valid").expect("a usage").value;
    assert!(usage.digital_signature() && usage.key_encipherment() && !usage.key_cert_sign());
    let usage = leaf.extended_key_usage().expect("valid").expect("a usage").value;
    assert!(usage.server_auth && !usage.client_auth && !usage.any);
    let validity = leaf.validity();
    let length = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert_eq!(length, 30 * 86_400 + 300);
    let age = UnixTime::now().as_secs() as i64 - validity.not_before.timestamp();
    assert!((300..1000).contains(&age), "{age}");
}

#[test]
fn certificates_never_outlive_their_authority() {
    let dir = Dir::new();
    done(&dir, "cert ca Root -o root --path-length 1 --days 20");
    let ran = dir.words("cert ca Middle --ca root -o middle").run();
    ran.exits(0);
    let ran = dir.words("cert issue localhost --ca middle --days 80").run();
    ran.exits(0);
    assert!(ran.stderr.starts_with("hsum: warning: the certificate ends with its authority's"));
    let end = |name: &str| {
        let chain = certificates(&dir, name);
        parsed(&chain[0]).validity().not_after.timestamp()
    };
    assert_eq!(end("middle/ca.crt"), end("root/ca.crt"));
    assert_eq!(end("localhost.crt"), end("root/ca.crt"));
}

#[test]
fn authorities_sign_only_what_they_may() {
    let dir = Dir::new();
    done(&dir, "cert ca Root -o root --path-length 1 --permit example.org --permit 10.0.0.0/8");
    done(&dir, "cert ca Middle --ca root -o middle");
    dir.words("cert ca Third --ca middle -o third").refuses("--path-length 1");
    assert!(!dir.path("third").exists());
    done(&dir, "cert issue www.example.org 10.1.2.3 --ca middle");
    openssl(
        &dir,
        "verify -x509_strict -CAfile root/ca.crt -untrusted middle/ca.crt www.example.org.crt",
    );
    let before = dir.read("middle/index.txt");
    for name in ["example.com", "192.0.2.1", "::1", "badexample.org"] {
        let ran = dir.words(&format!("cert issue {name} --ca middle")).run();
        ran.is_in(1, b"", "restricted to other names");
    }
    assert_eq!(dir.read("middle/index.txt"), before);
    // An authority for domains signs for no address.
    done(&dir, "cert ca Lab -o lab --permit lab.example");
    dir.words("cert issue 10.1.2.3 --ca lab").run().is_in(1, b"", "restricted to other names");
    done(&dir, "cert issue lab.example --ca lab");
    openssl(&dir, "verify -x509_strict -CAfile lab/ca.crt lab.example.crt");
}

#[test]
fn an_index_without_its_authority_is_kept() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    done(&dir, "cert issue alice --client --ca ca");
    for name in ["ca.crt", "ca.key"] {
        std::fs::rename(dir.path(format!("ca/{name}")), dir.path(name)).expect("moved");
    }
    let before = dir.read("ca/index.txt");
    dir.words("cert ca Example -o ca").refuses("index.txt: the file exists; use --force");
    assert_eq!(dir.read("ca/index.txt"), before);
    done(&dir, "cert ca Example -o ca --force");
}

#[test]
fn long_names_have_shorter_file_names() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    let name = [&*"a".repeat(63), &"b".repeat(63), &"c".repeat(63), &"d".repeat(61)].join(".");
    let text = done(&dir, &format!("cert issue {name} --ca ca"));
    assert!(text.contains(&format!(": server {name}, valid")), "{text}");
    verify(&dir, &format!("{}.crt", &name[..200]), "ca/ca.crt", Some(&name)).expect("a server");
}

/// Returns a request that asks for more than it should get.
fn greedy_request() -> String {
    let mut params = CertificateParams::new(["a.example".to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, "a.example");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let must_staple =
        CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 24], vec![0x30, 3, 2, 1, 5]);
    params.custom_extensions = vec![must_staple];
    let key = KeyPair::generate().expect("a key");
    params.serialize_request(&key).expect("a request").pem().expect("PEM")
}

#[test]
fn a_request_gets_only_what_the_signer_confirms() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    dir.write("greedy.csr", greedy_request());
    dir.words("cert sign greedy.csr --ca ca")
        .refuses("it asks for a.example; use --names from-csr");
    let ran = dir.words("cert sign greedy.csr --ca ca --names b.example,192.0.2.1").run();
    ran.exits(0);
    for refused in ["to be an authority", "1.3.6.1.5.5.7.1.24"] {
        assert!(ran.stderr.contains(refused), "{refused}: {}", ran.stderr);
    }
    let chain = certificates(&dir, "greedy.crt");
    let signed = parsed(&chain[0]);
    assert_eq!(names(&signed), ["DNSName(b.example)", "IPAddress(c0:00:02:01)"]);
    assert!(!signed.is_ca());
    assert!(!signed.key_usage().expect("valid").expect("a usage").value.key_cert_sign());
    assert_eq!(signed.subject().to_string(), "CN=b.example");
    let oids: Vec<_> = signed.extensions().iter().map(|e| e.oid.to_id_string()).collect();
    assert!(!oids.contains(&"1.3.6.1.5.5.7.1.24".into()), "{oids:?}");
    let confirmed = done(&dir, "cert sign greedy.csr --ca ca --names from-csr --force");
    assert!(confirmed.starts_with("greedy.crt: server a.example, valid until "), "{confirmed}");
    verify(&dir, "greedy.crt", "ca/ca.crt", Some("a.example")).expect("a server");
    // The name of a request does not reorder the line that reports it.
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.distinguished_name.push(DnType::CommonName, "\u{202e}gro.knab");
    let key = KeyPair::generate().expect("a key");
    let request = params.serialize_request(&key).expect("a request").pem().expect("PEM");
    dir.write("reordered.csr", request);
    let shown = done(&dir, "cert sign reordered.csr --ca ca --names from-csr --client");
    assert!(shown.starts_with("reordered.crt: client \\u{202e}gro.knab, valid"), "{shown}");
    // Nothing is signed for a key that the author of the request does not have.
    let forged = greedy_request();
    let mut der =
        rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(forged.as_bytes())
            .expect("PEM")
            .to_vec();
    let middle = der.windows(9).position(|w| w == b"a.example").expect("the name");
    der[middle] = b'b';
    dir.write("forged.der", &der);
    let ran = dir.words("cert sign forged.der --ca ca --names a.example").run();
    ran.is_in(1, b"", "signature of the request does not match");
    assert!(!dir.path("forged.crt").exists());
}

/// The lines of the course: `ssh-keygen`, `openssl req`, then an authority's signature.
#[test]
fn keys_and_requests_of_other_programs_are_read() {
    if !has("openssl") || !has("ssh-keygen") {
        return;
    }
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    let script = "set -e
        ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f course.key
        ssh-keygen -q -t ed25519 -N '' -f new.key
        openssl req -new -key course.key -subj /C=GB/O=Course/CN=localhost -out course.csr
        openssl req -new -key course.key -subj /CN=localhost -outform DER -out course.der
        openssl ecparam -name prime256v1 -genkey -out sec1.key
        openssl rsa -in course.key -aes128 -traditional -passout env:SECRET -out old.key
        openssl genpkey -algorithm ed25519 -aes256 -pass env:SECRET -out locked.key
        openssl ecparam -name secp521r1 -genkey -noout -out p521.key
        openssl pkcs8 -topk8 -in sec1.key -v2 aes256 -v2prf hmacWithSHA1 -passout env:SECRET \
            -out sha1.key
        openssl req -new -sha512 -key sec1.key -subj /CN=localhost -out sha512.csr
        chmod 600 *.key";
    dir.shell(script).env("SECRET", "hunter2").run().exits(0);
    assert!(dir.read("course.key").starts_with(b"-----BEGIN RSA PRIVATE KEY-----"));
    for request in ["course.csr", "course.der"] {
        done(&dir, &format!("cert sign {request} --ca ca --names from-csr --force"));
        verify(&dir, "course.crt", "ca/ca.crt", Some("localhost")).expect("a server");
    }
    let ran = dir.words("cert sign sha512.csr --ca ca --names from-csr").run();
    ran.is_in(1, b"", "signed with an algorithm that is not supported");
    for (key, password) in [("course", ""), ("sec1", ""), ("locked", "--password env:SECRET")] {
        let words = format!("cert csr {key}.test --key file:{key}.key {password}");
        done(&dir, &words);
        openssl(&dir, &format!("req -verify -noout -in {key}.test.csr"));
    }
    for (key, hint) in [
        ("new", "ssh-keygen -p -m PEM -f KEY"),
        ("old", "openssl pkcs8 -topk8 -in KEY"),
        ("locked", "use --password SPEC"),
        ("p521", "expected RSA of 2048 to 4096 bits, P-256, P-384 or Ed25519"),
        ("course.csr", "no private key found"),
    ] {
        let name = if key.contains('.') { key.to_owned() } else { format!("{key}.key") };
        dir.words(&format!("cert csr {key}.x --key file:{name}")).refuses(hint);
    }
    let unsupported = dir.words("cert csr sha1.x --key file:sha1.key --password env:SECRET");
    unsupported.env("SECRET", "hunter2").refuses("the encryption of the key is not supported");
    let wrong = dir.words("cert csr locked.x --key file:locked.key --password env:SECRET");
    wrong.env("SECRET", "hunter3").refuses("the password is wrong");
}

#[test]
fn keys_of_java_lack_their_public_part() {
    if !has("keytool") || !has("openssl") {
        return;
    }
    let dir = Dir::new();
    let script = "set -e
        umask 077
        keytool -genkeypair -keyalg EC -groupname secp256r1 -alias a -keystore store.p12 \\
            -storepass hunter22 -dname CN=localhost
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 |
            openssl ec -no_public | openssl pkcs8 -topk8 -nocrypt -out lacking.key";
    dir.shell(script).run().exits(0);
    let convert = dir.words("cert convert store.p12 --to pkcs8 --password env:SECRET -o all.pem");
    convert.env("SECRET", "hunter22").run().exits(0);
    openssl(&dir, "pkey -noout -in all.pem");
    openssl(&dir, "x509 -noout -in all.pem");
    dir.words("cert convert lacking.key --to pkcs8").refuses("openssl ec -in KEY -out NEW");
    openssl(&dir, "ec -in lacking.key -out lacking.key");
    done(&dir, "cert convert lacking.key --to pkcs8");
}

#[test]
fn keys_are_converted_between_all_formats() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    for alg in ALGORITHMS {
        done(&dir, &format!("cert issue localhost --ca ca --alg {alg} --force"));
        let original = done(&dir, "cert convert localhost.key --to pkcs8");
        assert_eq!(original.as_bytes(), dir.read("localhost.key"));
        let old = match alg {
            "rsa2048" => Some("pkcs1"),
            "ed25519" => None,
            _ => Some("sec1"),
        };
        for format in ["pkcs1", "sec1"] {
            let call =
                dir.words(&format!("cert convert localhost.key --to {format} -o old --force"));
            match Some(format) == old {
                true => drop(call.run().exits(0)),
                false => call.run().is_in(1, b"", "cannot be written as"),
            }
        }
        if old.is_some() {
            openssl(&dir, "pkey -noout -in old");
            assert_eq!(done(&dir, "cert convert old --to pkcs8"), original);
        }
        done(&dir, "cert convert localhost.key --to pkcs8 --encrypt env:SECRET -o locked --force");
        openssl(&dir, "pkey -noout -in locked -passin env:SECRET");
        assert_eq!(done(&dir, "cert convert locked --to pkcs8 --password env:SECRET"), original);
        let to_p12 = "cert convert localhost.key --to p12 --cert localhost.crt --force";
        for legacy in ["", "--legacy"] {
            done(&dir, &format!("{to_p12} --encrypt env:SECRET -o store.p12 {legacy}"));
            let all = done(&dir, "cert convert store.p12 --to pkcs8 --password env:SECRET");
            let certificate = String::from_utf8(dir.read("localhost.crt")).expect("PEM");
            assert_eq!(all, format!("{original}{certificate}"));
        }
        assert_eq!(dir.mode("store.p12"), 0o600);
        done(&dir, &format!("{to_p12} --encrypt env:SECRET -o store.p12"));
        openssl(&dir, "pkcs12 -in store.p12 -passin env:SECRET -noout");
        let wrong = dir.words("cert convert store.p12 --to pkcs8 --password env:SECRET");
        wrong.env("SECRET", "hunter3").refuses("the password is wrong");
    }
    dir.words("cert convert ca/ca.key --to p12 --cert localhost.crt --encrypt env:SECRET -o x.p12")
        .env("SECRET", "hunter2")
        .refuses("the first certificate is not that of the key");
}

#[test]
fn files_are_never_overwritten_or_half_written() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    dir.write("localhost.key", "mine");
    let before = dir.read("ca/index.txt");
    for words in [
        "cert issue localhost --ca ca",
        "cert ca Other -o ca",
        "cert key -o localhost.key",
        "cert csr localhost",
        "cert convert ca/ca.key --to pkcs8 -o localhost.key",
    ] {
        dir.words(words).refuses("exists; use --force to replace it");
    }
    assert_eq!(dir.read("localhost.key"), b"mine");
    assert_eq!(dir.read("ca/index.txt"), before);
    assert_eq!(dir.names(), ["ca", "localhost.key"]);
    dir.chmod("localhost.key", 0o644);
    done(&dir, "cert issue localhost --ca ca --force");
    assert_eq!(dir.mode("localhost.key"), 0o600);
    assert_eq!(dir.names(), ["ca", "localhost.crt", "localhost.key"]);
    // The files of the authority are not those of a host called `ca`.
    let key = dir.read("ca/ca.key");
    dir.words("cert issue ca --ca ca -o ca --force").refuses("is a file of the authority");
    assert_eq!(dir.read("ca/ca.key"), key);
    // A directory in place of the certificate: no key appears either.
    dir.mkdir("b.test.crt/x");
    dir.words("cert issue b.test --ca ca --force").run().exits(1);
    assert!(!dir.path("b.test.key").exists());
    for words in ["cert issue c.test --ca nowhere", "cert crl --ca nowhere"] {
        dir.words(words).refuses("no certificate authority");
    }
    dir.words("cert issue a:1 --ca ca").refuses("a name has no port");
    dir.hsum(["cert", "issue", "a b", "--ca", "ca"]).refuses("not a host name");
}

#[test]
fn revoked_certificates_are_listed() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    done(&dir, "cert ca Other -o other");
    done(&dir, "cert issue alice --client --ca ca");
    done(&dir, "cert issue bob --client --ca ca");
    done(&dir, "cert crl --ca ca");
    let list = |number: u32| {
        let der =
            CertificateRevocationListDer::from_pem_slice(&dir.read("ca/ca.crl")).expect("PEM");
        let (_, list) = x509_parser::parse_x509_crl(&der).expect("a list");
        let authority = certificates(&dir, "ca/ca.crt");
        list.verify_signature(parsed(&authority[0]).public_key()).expect("a signature");
        assert_eq!(list.crl_number().expect("a number").to_string(), number.to_string());
        let revoked = list.iter_revoked_certificates();
        revoked.map(|one| one.raw_serial().to_vec()).collect::<Vec<_>>()
    };
    assert_eq!(list(1), Vec::<Vec<u8>>::new());
    done(&dir, "cert revoke alice.crt --ca ca --reason key-compromise");
    done(&dir, "cert crl --ca ca");
    let chain = certificates(&dir, "alice.crt");
    assert_eq!(list(2), [parsed(&chain[0]).raw_serial()]);
    let again = dir.words("cert revoke alice.crt --ca ca").run();
    again.is_in(1, b"", "already revoked on ");
    let wrong = dir.words("cert revoke bob.crt --ca other").run();
    wrong.is_in(1, b"", "the authority in other has not signed this");
    let check = "verify -crl_check -CRLfile ca/ca.crl -CAfile ca/ca.crt";
    openssl(&dir, &format!("{check} bob.crt"));
    if has("openssl") {
        let revoked = dir.command("openssl").args(check.split(' ')).args(["alice.crt"]).run();
        assert!(revoked.stderr.contains("certificate revoked"), "{}", revoked.stderr);
    }
    // The index is never guessed at.
    dir.write("ca/index.txt", "hsum-ca-index 1\nrevoked\tzz\n");
    dir.words("cert crl --ca ca").run().is_in(1, b"", "line 2 is damaged");
    assert_eq!(dir.read("ca/index.txt"), b"hsum-ca-index 1\nrevoked\tzz\n");
}

#[test]
fn a_revocation_list_replaces_only_another_one() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    done(&dir, "cert issue alice --client --ca ca");
    dir.write("notes", "precious\n");
    for (path, why) in [
        ("ca/ca.key", "is a file of the authority"),
        ("ca/ca.crt", "is a file of the authority"),
        ("ca/index.txt", "is a file of the authority"),
        ("notes", "the file exists and is not a revocation list"),
        ("alice.key", "the file exists and is not a revocation list"),
    ] {
        let before = dir.read(path);
        let ran = dir.words(&format!("cert crl --ca ca -o {path}")).run();
        ran.is_in(2, b"", why);
        assert_eq!(dir.read(path), before, "{path}");
    }
    dir.shell("mkfifo pipe").run().exits(0);
    for words in ["crl --ca ca -o pipe", "key -o pipe --force"] {
        let ran = dir.words(&format!("cert {words}")).run();
        ran.is_in(1, b"", "pipe: not a regular file");
    }
    done(&dir, "cert crl --ca ca -o new.crl");
    done(&dir, "cert crl --ca ca -o new.crl");
}

#[test]
fn revocations_that_no_list_could_express_are_refused() {
    if !has("openssl") {
        return;
    }
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    done(&dir, "cert csr alice");
    let sign = "x509 -req -in alice.csr -CA ca/ca.crt -CAkey ca/ca.key -days 9 -out alice.crt";
    for serial in ["-5", "0x40112233445566778899aabbccddeeff0011223344"] {
        openssl(&dir, &format!("{sign} -set_serial {serial}"));
        let before = dir.read("ca/index.txt");
        let ran = dir.words("cert revoke alice.crt --ca ca").run();
        ran.is_in(1, b"", "its serial number is negative or too long");
        assert_eq!(dir.read("ca/index.txt"), before);
    }
    // A list by another name than the authority's would revoke nothing.
    let name = "/CN=Other/OU=first/OU=second";
    openssl(
        &dir,
        &format!(
            "req -x509 -newkey ed25519 -nodes -keyout ca/ca.key -out ca/ca.crt -days 9 -subj {name}"
        ),
    );
    let ran = dir.words("cert crl --ca ca").run();
    ran.is_in(1, b"", "the name of the authority repeats an attribute");
    assert!(!dir.path("ca/ca.crl").exists());
}

#[test]
fn several_processes_share_an_authority() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    let start = |i: usize| dir.words(&format!("cert issue host{i}.test --ca ca")).spawn();
    let running: Vec<_> = (0..8).map(start).collect();
    for child in running {
        assert!(child.wait_with_output().expect("an end").status.success());
    }
    let index = String::from_utf8(dir.read("ca/index.txt")).expect("text");
    for i in 0..8 {
        assert_eq!(index.matches(&format!("\thost{i}.test\n")).count(), 1, "{index}");
    }
    assert_eq!(index.lines().count(), 9);
}

#[test]
fn an_authority_with_a_password_asks_for_it() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca --encrypt env:SECRET");
    assert!(dir.read("ca/ca.key").starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    dir.words("cert issue a.test --ca ca").refuses("use --ca-password SPEC");
    let wrong = dir.words("cert issue a.test --ca ca --ca-password env:SECRET");
    wrong.env("SECRET", "hunter3").refuses("the password is wrong");
    let leak = dir.words("cert issue a.test --ca ca --ca-password hunter2").run();
    leak.is_in(2, b"", "invalid --ca-password");
    assert!(!leak.stderr.contains("hunter2"));
    done(&dir, "cert issue a.test --ca ca --ca-password env:SECRET");
    done(&dir, "cert crl --ca ca --ca-password env:SECRET");
    // The key of another authority.
    done(&dir, "cert ca Other -o other");
    dir.write("ca/ca.key", dir.read("other/ca.key"));
    dir.chmod("ca/ca.key", 0o600);
    dir.words("cert issue b.test --ca ca").run().is_in(1, b"", "not the key of ");
}

#[test]
fn objects_match_the_schema() {
    let dir = Dir::new();
    dir.write("greedy.csr", greedy_request());
    for (words, kinds) in [
        ("ca Example -o ca", "certificate private-key"),
        (
            "issue a.test --client --ca ca --p12 --password env:SECRET",
            "certificate private-key p12",
        ),
        ("csr b.test", "request private-key"),
        ("sign b.test.csr --ca ca --names from-csr", "certificate"),
        ("key -o new.key", "private-key"),
        ("convert new.key --to sec1 -o old.key", "private-key"),
        ("revoke a.test.crt --ca ca", "revocation"),
        ("crl --ca ca", "revocation-list"),
    ] {
        let text = done(&dir, &format!("cert {words} --json"));
        let objects = validate_output("cert", &text, 0);
        let found: Vec<_> =
            objects.iter().map(|one| one["type"].as_str().expect("a type")).collect();
        assert_eq!(found.join(" "), format!("{kinds} summary"), "{words}");
    }
    let failed = dir.words("cert revoke a.test.crt --ca ca --json").run();
    validate_output("cert", &failed.exits(1), 1);
    let certificate = done(&dir, "cert issue d.test --ca ca --json");
    let object = &validate_output("cert", &certificate, 0)[0];
    let chain = certificates(&dir, "d.test.crt");
    let digest = hsum::digest(Algorithm::Sha256, &chain[0]).to_string();
    assert_eq!(object["sha256"], digest);
}

#[test]
fn odd_names_become_harmless_files() {
    let dir = Dir::new();
    done(&dir, "cert ca Example -o ca");
    for (name, file) in
        [("*.example.org", "_wildcard.example.org"), ("::1", "__1"), ("../../x", "_.._.._x")]
    {
        dir.hsum(["cert", "issue", name, "--client", "--ca", "ca"]).run().exits(0);
        assert!(dir.path(format!("{file}.crt")).exists(), "{file}");
    }
    assert!(Path::new(&dir.path("")).parent().is_some_and(|above| !above.join("x.crt").exists()));
    for name in ["*.org", "a*.example.org", "x\u{1b}[2J", ""] {
        let ran = dir.hsum(["cert", "issue", name, "--ca", "ca"]).run();
        ran.exits(2);
        assert!(!ran.stderr.contains('\u{1b}'));
    }
}

/// Output that cannot be written is not success, also through the program that starts the server.
#[test]
fn a_closed_output_is_an_error() {
    let dir = Dir::new();
    for script in ["$HSUM cert ca X -o ca >&-", "$HSUM cert show ca/ca.crt >&-"] {
        let message = "hsum: write error: Bad file descriptor\n";
        dir.shell(script).gives(1, "", message);
    }
    assert!(dir.path("ca/ca.key").exists());
}
