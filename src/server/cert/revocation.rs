//! Revocation lists, and the certificates that they name.

use std::cmp::Reverse;

use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer, ParsedExtension};
use x509_parser::revocation_list::RevokedCertificate;

use crate::server::cert::moment;
use crate::server::cert::path::{Certificate, is_signed};
use crate::server::cert::rules::{Finding, key_usage};

/// The reasons of RFC 5280, section 5.3.1, by their number.
const REASONS: &[(u8, &str)] = &[
    (1, "key compromise"),
    (2, "compromise of the authority"),
    (3, "affiliation changed"),
    (4, "superseded"),
    (5, "cessation of operation"),
    (6, "on hold"),
    (8, "removed from an earlier list"),
    (9, "privilege withdrawn"),
    (10, "compromise of the attribute authority"),
];

const NEW_LIST: &str = "get a new list from the authority, such as with 'hsum cert crl'";

/// Returns the words for the reason of a revocation; `None` if it is not stated.
pub(crate) fn reason(entry: &RevokedCertificate) -> Option<&'static str> {
    let (_, code) = entry.reason_code()?;
    REASONS.iter().find(|row| row.0 == code.0).map(|row| row.1)
}

/// Returns the newest list of each issuer, key and scope: webpki uses the first that fits, and an
/// old one does not name the certificates that were revoked since.
pub(crate) fn newest(mut lists: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    lists.sort_by_cached_key(|der| {
        let parsed = CertificateRevocationList::from_der(der).ok();
        Reverse(parsed.map(|(_, list)| {
            let number = list.crl_number().cloned();
            (list.last_update().timestamp(), number)
        }))
    });
    let mut seen = Vec::new();
    lists.retain(|der| {
        let Ok((_, list)) = CertificateRevocationList::from_der(der) else { return true };
        let kind = kind(&list);
        let is_new = !seen.contains(&kind);
        seen.push(kind);
        is_new
    });
    lists
}

/// Returns the issuer of a list, and the extensions that tell its key and scope.
fn kind(list: &CertificateRevocationList) -> Vec<Vec<u8>> {
    let is_kind = |parsed: &ParsedExtension<'_>| {
        matches!(
            parsed,
            ParsedExtension::AuthorityKeyIdentifier(_)
                | ParsedExtension::IssuingDistributionPoint(_)
        )
    };
    let extensions = list.extensions().iter().filter(|one| is_kind(one.parsed_extension()));
    let mut kind: Vec<_> = extensions.map(|one| one.value.to_vec()).collect();
    kind.push(list.issuer().as_raw().to_vec());
    kind
}

/// Parses lists for webpki.
///
/// # Errors
/// Returns why a list cannot be used.
pub(crate) fn parse_all(lists: &[Vec<u8>]) -> Result<Vec<CertRevocationList<'static>>, String> {
    let parse = |der: &Vec<u8>| OwnedCertRevocationList::from_der(der).map(Into::into);
    let parsed = lists.iter().map(parse).collect::<Result<_, _>>();
    parsed.map_err(|error| format!("unusable revocation list ({error})"))
}

/// Returns why a certificate counts as revoked, or its list as unusable.
///
/// A certificate whose issuer has no list is not revoked, unless it is the first of `path`.
pub(crate) fn first_revoked(
    path: &[Certificate],
    lists: &[Vec<u8>],
    at: i64,
) -> Option<(usize, Finding)> {
    if lists.is_empty() {
        return None;
    }
    let signed = path.iter().zip(path.get(1..)?).enumerate();
    for (position, (certificate, issuer)) in signed {
        let issued = lists.iter().filter_map(|der| {
            let (_, list) = CertificateRevocationList::from_der(der).ok()?;
            (list.issuer().as_raw() == certificate.parsed.issuer().as_raw()).then_some(list)
        });
        let mut has_list = false;
        for list in issued {
            has_list = true;
            if let Some(finding) = revoked(certificate, issuer, &list, at) {
                return Some((position, finding));
            }
        }
        if position == 0 && !has_list {
            let finding = Finding {
                reason: "unknown-revocation",
                text: format!("no revocation list by its issuer, {}", issuer.short_name()),
                remedy: "give that list with --crl",
            };
            return Some((position, finding));
        }
    }
    None
}

fn revoked(
    certificate: &Certificate,
    issuer: &Certificate,
    list: &CertificateRevocationList,
    at: i64,
) -> Option<Finding> {
    let finding = |reason, text| Some(Finding { reason, text, remedy: NEW_LIST });
    let oid = list.signature_algorithm.algorithm.as_bytes();
    let message = list.tbs_cert_list.as_ref();
    if !is_signed(issuer, oid, message, &list.signature_value.data) {
        let text = "the signature of the revocation list is not by the key of the issuer";
        return finding("bad-revocation-list", text.to_owned());
    }
    if key_usage(&issuer.parsed).is_some_and(|usage| !usage.crl_sign()) {
        let text = "the issuer's key usage does not allow revocation lists";
        return finding("bad-revocation-list", text.to_owned());
    }
    let unknown = list.extensions().iter().find(|extension| {
        let parsed = extension.parsed_extension();
        extension.critical && !matches!(parsed, ParsedExtension::IssuingDistributionPoint(_))
    });
    if let Some(unknown) = unknown {
        let id = unknown.oid.to_id_string();
        let text = format!("the revocation list has an unknown critical extension ({id})");
        return finding("bad-revocation-list", text);
    }
    let end = list.next_update();
    if let Some(end) = end.filter(|end| end.timestamp() < at) {
        let text = format!("the revocation list is out of date since {}", moment::text(end));
        return finding("expired-revocation-list", text);
    }
    let serial = certificate.parsed.raw_serial();
    let entry = list.iter_revoked_certificates().find(|entry| entry.raw_serial() == serial)?;
    let why = reason(entry).map(|reason| format!(" ({reason})")).unwrap_or_default();
    let text = format!("revoked at {}{why}", moment::text(entry.revocation_date));
    Some(Finding { reason: "revoked", text, remedy: "replace the certificate and its key" })
}
