//! Paths of certificates, from one to a trusted authority.

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::server::cert::describe::{name, short_name};
use crate::server::cert::rules::{
    self, Finding, Link, Purpose, authority_identifier, is_self_issued, subject_identifier,
};

/// The longest path, like that of webpki: six intermediate certificates.
const LONGEST: usize = 8;

/// The certificates that a path may use.
pub(crate) struct Pool<'a> {
    /// The trusted certificates.
    pub(crate) anchors: &'a [CertificateDer<'static>],
    /// Certificates that are not trusted by themselves.
    pub(crate) chain: &'a [CertificateDer<'static>],
}

/// The result of a search for a path.
pub(crate) struct Search<'a> {
    /// The certificates found so far, the verified one first.
    pub(crate) path: Vec<Certificate<'a>>,
    /// Why the path ends before a trusted certificate.
    pub(crate) gap: Option<Finding>,
    /// A signature of the path that cannot be verified.
    pub(crate) unverified: Option<Finding>,
}

/// A certificate in DER and parsed.
#[derive(Clone)]
pub(crate) struct Certificate<'a> {
    pub(crate) der: &'a CertificateDer<'static>,
    pub(crate) parsed: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    /// Parses a certificate; `None` if it is damaged.
    pub(crate) fn parse(der: &'a CertificateDer<'static>) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        rest.is_empty().then_some(Self { der, parsed })
    }

    pub(crate) fn short_name(&self) -> String {
        short_name(self.parsed.subject())
    }
}

/// The state of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Signature {
    Valid,
    Invalid,
    /// Its algorithm, or the issuer's certificate, is not supported.
    Unknown,
}

/// Searches for the path from `target` to a trusted certificate.
///
/// The path explains a verdict; the verdict itself is webpki's, which considers all paths.
pub(crate) fn search<'a>(target: Certificate<'a>, pool: &Pool<'a>, at: i64) -> Search<'a> {
    let mut found = Search { path: vec![target], gap: None, unverified: None };
    loop {
        let Some(last) = found.path.last() else { return found };
        if pool.anchors.contains(last.der) {
            return found;
        }
        match issuer(last, &found.path, pool, at) {
            Ok(_) if found.path.len() == LONGEST => {
                found.gap = Some(gap("too-long", "the path is too long".into(), ""));
                return found;
            }
            Ok((next, signature)) => {
                if signature != Signature::Valid {
                    let unverified = unverified(last, &next);
                    found.unverified.get_or_insert(unverified);
                }
                found.path.push(next);
            }
            Err(gap) => {
                found.gap = Some(gap);
                return found;
            }
        }
    }
}

/// Explains why the signature of a certificate cannot be verified with the key of `issuer`.
fn unverified(certificate: &Certificate, issuer: &Certificate) -> Finding {
    if let Err(error) = EndEntityCert::try_from(issuer.der) {
        let text = format!("{}: not supported as an authority ({error})", issuer.short_name());
        return gap("unsupported-authority", text, "use another authority");
    }
    let text = format!(
        "{}: its signature cannot be verified, because the algorithm is not supported",
        certificate.short_name()
    );
    gap("unsupported-algorithm", text, "issue it again with another key")
}

fn gap(reason: &'static str, text: String, remedy: &'static str) -> Finding {
    Finding { reason, text, remedy }
}

/// Returns the certificate that signed `last`, or seems to: if no signature is valid, one that
/// cannot be verified.
fn issuer<'a>(
    last: &Certificate,
    path: &[Certificate],
    pool: &Pool<'a>,
    at: i64,
) -> Result<(Certificate<'a>, Signature), Finding> {
    let wanted = last.parsed.issuer();
    let is_new = |one: &&CertificateDer<'_>| !path.iter().any(|used| used.der == *one);
    let candidates: Vec<_> = pool
        .anchors
        .iter()
        .chain(pool.chain)
        .filter(is_new)
        .filter_map(Certificate::parse)
        .filter(|one| one.parsed.subject().as_raw() == wanted.as_raw())
        .collect();
    // A renewed authority has several certificates with one name and key.
    let rank = |one: &&Certificate| {
        let differ = identifiers_differ(&last.parsed, &one.parsed);
        let validity = one.parsed.validity();
        let is_valid =
            (validity.not_before.timestamp()..=validity.not_after.timestamp()).contains(&at);
        (differ, !is_valid)
    };
    let by = |state: Signature| {
        candidates.iter().filter(|one| signature(&last.parsed, one) == state).min_by_key(rank)
    };
    for state in [Signature::Valid, Signature::Unknown] {
        if let Some(found) = by(state) {
            return Ok((found.clone(), state));
        }
    }
    let subject = last.short_name();
    if !candidates.is_empty() {
        let text =
            format!("{subject}: its signature is not by the key of its issuer's certificate");
        return Err(gap(
            "bad-signature",
            text,
            "it was changed, or an authority of the same name with another key signed it",
        ));
    }
    if is_self_issued(&last.parsed) {
        let text = format!("{subject}: signed by itself, and not trusted");
        return Err(gap("self-signed", text, "trust it with --ca if it is the right one"));
    }
    let text = format!("no certificate of its issuer: {}", name(wanted));
    Err(gap("unknown-issuer", text, "give it with --chain, or with --ca if it is to be trusted"))
}

fn identifiers_differ(certificate: &X509Certificate, issuer: &X509Certificate) -> bool {
    let authority =
        authority_identifier(certificate).and_then(|(id, _)| id.key_identifier.as_ref());
    let subject = subject_identifier(issuer);
    authority.zip(subject).is_some_and(|(authority, (subject, _))| authority.0 != subject)
}

/// Verifies the signature of a certificate with the key of another.
fn signature(certificate: &X509Certificate, issuer: &Certificate) -> Signature {
    let message = certificate.tbs_certificate.as_ref();
    let oid = certificate.signature_algorithm.algorithm.as_bytes();
    signature_of(issuer, oid, message, &certificate.signature_value.data)
}

/// Verifies a signature whose algorithm has this object identifier.
fn signature_of(issuer: &Certificate, oid: &[u8], message: &[u8], value: &[u8]) -> Signature {
    let Ok(key) = EndEntityCert::try_from(issuer.der) else { return Signature::Unknown };
    let all = ring::default_provider().signature_verification_algorithms.all;
    // An algorithm's identifier begins with the tag and length of its object identifier.
    let is_named = |id: &[u8]| id.get(2..).is_some_and(|rest| rest.starts_with(oid));
    let named: Vec<_> =
        all.iter().filter(|one| is_named(one.signature_alg_id().as_ref())).collect();
    if named.iter().any(|one| key.verify_signature(**one, message, value).is_ok()) {
        return Signature::Valid;
    }
    match named.is_empty() {
        true => Signature::Unknown,
        false => Signature::Invalid,
    }
}

/// Returns `true` if the key of `issuer` made the signature of `message`.
pub(crate) fn is_signed(issuer: &Certificate, oid: &[u8], message: &[u8], value: &[u8]) -> bool {
    signature_of(issuer, oid, message, value) == Signature::Valid
}

/// Returns the first certificate of an authority with a kind of name that an authority above it
/// constrains, with its position: only webpki compares such names, and not those of authorities.
pub(crate) fn unverified_names(path: &[Certificate]) -> Option<(usize, Finding)> {
    path.iter().enumerate().find_map(|(position, certificate)| {
        if position > 0 && is_self_issued(&certificate.parsed) {
            return None;
        }
        let above = path.get(position + 1..)?;
        let issuer =
            above.iter().find(|one| rules::constrains(&one.parsed, &certificate.parsed))?;
        let text = format!(
            "has names of a kind that {} constrains, which cannot be verified for authorities",
            issuer.short_name()
        );
        let remedy = "verify a certificate of a server or client that it issued";
        Some((position, gap("name-constraints", text, remedy)))
    })
}

/// Returns the first rule that a path breaks, with the position of the certificate.
pub(crate) fn first_broken(
    path: &[Certificate],
    purpose: Option<Purpose>,
    at: i64,
) -> Option<(usize, Finding)> {
    let mut authorities_below = 0;
    for (position, certificate) in path.iter().enumerate() {
        let link = Link {
            certificate: &certificate.parsed,
            position,
            is_last: position + 1 == path.len(),
            is_alone: path.len() == 1,
            issuer: path.get(position + 1).map(|issuer| &issuer.parsed),
            authorities_below,
            purpose,
            at,
        };
        if let Some(finding) = rules::first_broken(&link) {
            return Some((position, finding));
        }
        if position > 0 && !is_self_issued(&certificate.parsed) {
            authorities_below += 1;
        }
    }
    None
}
