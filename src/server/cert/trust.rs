//! The verdict about a certificate: by webpki, and by the strict rules.

use std::cell::RefCell;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter,
    KeyUsage, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder,
    UnknownStatusPolicy, VerifiedPath, anchor_from_trusted_cert, spki_for_anchor,
};

use crate::server::cert::describe;
use crate::server::cert::path::{self, Certificate, Pool};
use crate::server::cert::revocation;
use crate::server::cert::rules::{Finding, Purpose, is_authority};

/// The requirements of a verification.
pub(crate) struct Requirements<'a> {
    pub(crate) host: Option<ServerName<'static>>,
    /// `None` accepts every purpose, and certificates of authorities too.
    pub(crate) purpose: Option<Purpose>,
    pub(crate) revocation_lists: &'a [Vec<u8>],
    /// In seconds since 1970.
    pub(crate) at: i64,
    /// `true` also enforces the rules that OpenSSL enforces in strict mode, and webpki does not.
    pub(crate) is_strict: bool,
}

/// The result of a verification.
pub(crate) struct Verdict {
    /// The subjects of the path, the verified certificate first, as far as it was found.
    pub(crate) path: Vec<String>,
    pub(crate) result: Result<(), Finding>,
}

/// Verifies a certificate.
pub(crate) fn verify(
    target: &CertificateDer<'static>,
    pool: &Pool,
    wanted: &Requirements,
) -> Verdict {
    let Some(certificate) = Certificate::parse(target) else {
        let text = "damaged certificate".to_owned();
        let finding = Finding { reason: "damaged", text, remedy: "get the certificate again" };
        return Verdict { path: Vec::new(), result: Err(finding) };
    };
    let found = path::search(certificate.clone(), pool, wanted.at);
    let explanation = explain(&found, wanted);
    let result = match wanted.purpose {
        // webpki verifies certificates of servers and clients only.
        None if is_authority(&certificate.parsed) => {
            let constrained =
                || path::unverified_names(&found.path).map(|one| named(&found.path, one));
            explanation.or_else(constrained).map_or(Ok(()), Err)
        }
        _ => by_webpki(target, pool, wanted).map_err(|own| explanation.unwrap_or(own)),
    };
    let result = result.and_then(|()| check_host(target, &certificate, wanted));
    Verdict { path: found.path.iter().map(Certificate::short_name).collect(), result }
}

/// Explains why the path found is not valid.
fn explain(found: &path::Search, wanted: &Requirements) -> Option<Finding> {
    let named = |one| named(&found.path, one);
    let gap = found.gap.clone();
    gap.or_else(|| path::first_broken(&found.path, wanted.purpose, wanted.at).map(named))
        .or_else(|| found.unverified.clone())
        .or_else(|| {
            let lists = wanted.revocation_lists;
            revocation::first_revoked(&found.path, lists, wanted.at).map(named)
        })
}

/// Accepts certificates for every purpose.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        purposes.try_for_each(|purpose| purpose.map(drop))
    }
}

/// Verifies the certificate of a server or client.
fn by_webpki(
    target: &CertificateDer<'static>,
    pool: &Pool,
    wanted: &Requirements,
) -> Result<(), Finding> {
    let certificate = EndEntityCert::try_from(target).map_err(|error| finding(&error))?;
    let anchors = pool.anchors.iter().map(anchor_from_trusted_cert);
    let anchors: Vec<_> = anchors.filter_map(Result::ok).collect();
    let lists = revocation::parse_all(wanted.revocation_lists).map_err(|text| Finding {
        reason: "bad-revocation-list",
        text,
        remedy: "get the list again",
    })?;
    let lists: Vec<&CertRevocationList<'_>> = lists.iter().collect();
    let trial = Trial { certificate: &certificate, target, anchors: &anchors, pool, wanted };
    if lists.is_empty() {
        return trial.run(None);
    }
    // The certificate needs a list of its issuer; the authorities above it are looked up in the
    // lists that there are.
    for (depth, policy) in [
        (RevocationCheckDepth::EndEntity, UnknownStatusPolicy::Deny),
        (RevocationCheckDepth::Chain, UnknownStatusPolicy::Allow),
    ] {
        let options = RevocationOptionsBuilder::new(&lists).map_err(|_| finding(&Error::BadDer))?;
        let options = options.with_depth(depth).with_status_policy(policy);
        let options = options.with_expiration_policy(webpki::ExpirationPolicy::Enforce);
        trial.run(Some(options.build()))?;
    }
    Ok(())
}

/// A verification by webpki.
struct Trial<'a> {
    certificate: &'a EndEntityCert<'a>,
    target: &'a CertificateDer<'static>,
    anchors: &'a [TrustAnchor<'a>],
    pool: &'a Pool<'a>,
    wanted: &'a Requirements<'a>,
}

impl Trial<'_> {
    fn run(&self, revocation: Option<RevocationOptions<'_>>) -> Result<(), Finding> {
        let at = UnixTime::since_unix_epoch(Duration::from_secs(self.wanted.at.max(0) as u64));
        let broken = RefCell::new(None);
        let check = |path: &VerifiedPath<'_>| self.check_path(path, &broken);
        let check: &dyn Fn(&VerifiedPath<'_>) -> Result<(), Error> = &check;
        let check = self.wanted.is_strict.then_some(check);
        let (algorithms, anchors) =
            (ring::default_provider().signature_verification_algorithms.all, self.anchors);
        let (one, chain) = (self.certificate, self.pool.chain);
        let result = match self.wanted.purpose {
            None => {
                one.verify_for_usage(algorithms, anchors, chain, at, AnyPurpose, revocation, check)
            }
            Some(purpose) => {
                let usage = match purpose {
                    Purpose::Server => KeyUsage::server_auth(),
                    Purpose::Client => KeyUsage::client_auth(),
                };
                one.verify_for_usage(algorithms, anchors, chain, at, usage, revocation, check)
            }
        };
        match result {
            Ok(_) => Ok(()),
            Err(error) => Err(broken.take().unwrap_or_else(|| finding(&error))),
        }
    }

    /// Applies the strict rules to a path that webpki accepts; otherwise it tries the next one.
    fn check_path(
        &self,
        verified: &VerifiedPath<'_>,
        broken: &RefCell<Option<Finding>>,
    ) -> Result<(), Error> {
        let ders = verified.intermediate_certificates().map(|one| one.der());
        let chain = ders.map(|der| self.pool.chain.iter().find(|one| one.as_ref() == der.as_ref()));
        let chain = std::iter::once(Some(self.target)).chain(chain);
        let chain = chain.map(|der| Certificate::parse(der?)).collect::<Option<Vec<_>>>();
        let Some(mut path) = chain else { return Err(Error::BadDer) };
        let mut first = None;
        // A renewed authority has several certificates with one name and key.
        for anchor in self.pool.anchors.iter().filter(|one| is_anchor(one, verified.anchor())) {
            let length = path.len();
            // A trusted certificate that signed itself is its own authority.
            if anchor != self.target {
                path.extend(Certificate::parse(anchor));
            }
            let (purpose, at) = (self.wanted.purpose, self.wanted.at);
            match path::first_broken(&path, purpose, at).map(|found| named(&path, found)) {
                None => return Ok(()),
                Some(finding) => first = first.or(Some(finding)),
            }
            path.truncate(length);
        }
        *broken.borrow_mut() = first;
        Err(Error::UnknownIssuer)
    }
}

/// Returns `true` if a trusted certificate is the one that webpki calls this anchor.
fn is_anchor(certificate: &CertificateDer<'static>, anchor: &TrustAnchor<'_>) -> bool {
    anchor_from_trusted_cert(certificate).is_ok_and(|own| {
        own.subject == anchor.subject && spki_for_anchor(&own) == spki_for_anchor(anchor)
    })
}

/// Puts the name of the certificate before the text of a finding.
fn named(path: &[Certificate], (position, finding): (usize, Finding)) -> Finding {
    let name = path.get(position).map(Certificate::short_name).unwrap_or_default();
    Finding { text: format!("{name} {}", finding.text), ..finding }
}

fn check_host(
    target: &CertificateDer<'static>,
    certificate: &Certificate,
    wanted: &Requirements,
) -> Result<(), Finding> {
    let Some(host) = &wanted.host else { return Ok(()) };
    let parsed = EndEntityCert::try_from(target).map_err(|error| finding(&error))?;
    let Err(_) = parsed.verify_is_valid_for_subject_name(host) else { return Ok(()) };
    let names = crate::server::cert::rules::names(&certificate.parsed);
    let names =
        names.map(|(names, _)| names.iter().map(describe::general_name).collect::<Vec<_>>());
    let names = match names {
        Some(names) => format!("only for {}", names.join(", ")),
        None => "as it has no subject alternative names".into(),
    };
    Err(Finding {
        reason: "wrong-host",
        text: format!("not valid for {}, {names}", host.to_str()),
        remedy: "issue a certificate with that name, or connect by one of its names",
    })
}

/// An error of webpki that the rules do not explain better: its test, code, text and remedy.
type Row = (fn(&Error) -> bool, &'static str, &'static str, &'static str);

const ERRORS: &[Row] = &[
    (
        |error| matches!(error, Error::NameConstraintViolation),
        "name-constraints",
        "a name in the path is not among those that an authority may certify",
        "leave that name out, or use another authority",
    ),
    (
        |error| matches!(error, Error::CaUsedAsEndEntity),
        "authority-as-end-entity",
        "the certificate of an authority, not of a server or client",
        "issue a certificate for the server or client",
    ),
    (
        |error| matches!(error, Error::UnsupportedCertVersion),
        "not-version-3",
        "not an X.509 version 3 certificate",
        "issue it again, such as with 'hsum cert'",
    ),
    (
        |error| matches!(error, Error::UnsupportedCriticalExtension),
        "critical-extension",
        "a certificate of the path has an unknown critical extension",
        "it is valid only for programs that know it",
    ),
    (
        |error| {
            matches!(
                error,
                Error::UnsupportedSignatureAlgorithmContext(_)
                    | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            )
        },
        "unsupported-algorithm",
        "a certificate of the path is signed with an algorithm that is not supported (expected RSA \
         of 2048 to 8192 bits, P-256 or P-384 with SHA-256 or SHA-384, or Ed25519)",
        "issue it again with another key",
    ),
    (
        |error| matches!(error, Error::InvalidSignatureForPublicKey),
        "bad-signature",
        "a certificate of the path has an invalid signature",
        "get the certificates again",
    ),
    (
        |error| matches!(error, Error::CertDistrusted),
        "distrusted",
        "a certificate of the path has a key that is known to be compromised",
        "replace the certificate and its key",
    ),
    (
        |error| matches!(error, Error::UnknownIssuer),
        "unknown-issuer",
        "no path to a trusted authority",
        "give missing certificates with --chain",
    ),
];

/// Describes an error of webpki.
fn finding(error: &Error) -> Finding {
    let row = ERRORS.iter().find(|(is_this, ..)| is_this(error));
    match row {
        Some((_, reason, text, remedy)) => Finding { reason, text: (*text).into(), remedy },
        None => {
            let text = format!("invalid certificate ({error})");
            Finding { reason: "invalid", text, remedy: "get the certificate again" }
        }
    }
}
