//! The errors of TLS in words.

use std::time::{Duration, SystemTime};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error, OtherError};

use crate::digest::Digest;
use crate::net::failure::{Failure, FailureKind};

/// The other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Peer {
    Client,
    Server,
}

/// The error of a server's key that is not pinned.
#[derive(Debug, thiserror::Error)]
#[error("the server's public key is not pinned: its SHA-256 is {0}")]
pub(crate) struct UnpinnedKey(pub(crate) Digest);

/// The meaning of each alert of the other end (RFC 8446, section 6.2).
const ALERTS: [(AlertDescription, &str); 14] = [
    (AlertDescription::AccessDenied, "access denied"),
    (AlertDescription::BadCertificate, "it found this end's certificate to be invalid"),
    (AlertDescription::CertificateExpired, "this end's certificate has expired"),
    (AlertDescription::CertificateRequired, "it requires a client certificate"),
    (AlertDescription::CertificateRevoked, "this end's certificate is revoked"),
    (AlertDescription::CertificateUnknown, "it does not accept this end's certificate"),
    (AlertDescription::DecryptError, "it found an invalid signature"),
    (AlertDescription::HandshakeFailure, "no cipher, key type or certificate suits both ends"),
    (AlertDescription::InsufficientSecurity, "it requires stronger ciphers"),
    (AlertDescription::NoApplicationProtocol, "no application protocol (ALPN) suits both ends"),
    (AlertDescription::ProtocolVersion, "no version of TLS suits both ends"),
    (AlertDescription::UnknownCA, "it does not trust the authority of this end's certificate"),
    (AlertDescription::UnrecognisedName, "it does not serve this host name"),
    (AlertDescription::UnsupportedCertificate, "it does not support this end's certificate"),
];

/// Words for the errors of X.509 that rustls has no name for.
const X509_ERRORS: [(&str, &str); 5] = [
    ("CaUsedAsEndEntity", "it belongs to an authority (CA:TRUE), not to a server or client"),
    ("EndEntityUsedAsCa", "its issuer is not an authority (CA:FALSE)"),
    ("NameConstraintViolation", "its authority may not sign this name"),
    ("PathLenConstraintViolated", "its chain has more authorities than allowed"),
    ("UnsupportedCertVersion", "it is not of version 3"),
];

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Returns the failure of a connection with `peer`.
pub(crate) fn failure(error: &Error, peer: Peer) -> Failure {
    if let Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error
        && other.is::<UnpinnedKey>()
    {
        return Failure::new(FailureKind::Policy, other.to_string());
    }
    let peer = peer.name();
    let text = match error {
        Error::InvalidCertificate(why) => {
            format!("invalid {peer} certificate: {}", certificate_error(why))
        }
        Error::NoCertificatesPresented => format!("the {peer} sent no certificate"),
        Error::AlertReceived(alert) => {
            format!("the {peer} refused the TLS connection: {}", alert_meaning(*alert))
        }
        Error::InvalidMessage(_) => format!("the {peer} sent something other than TLS"),
        Error::PeerIncompatible(why) => {
            format!("TLS: no version, cipher or key suits both ends ({why:?})")
        }
        other => format!("TLS: {other}"),
    };
    Failure::new(FailureKind::Network, text)
}

fn alert_meaning(alert: AlertDescription) -> String {
    let row = ALERTS.iter().find(|(known, _)| *known == alert);
    row.map_or_else(|| format!("alert {alert:?}"), |(_, meaning)| (*meaning).to_owned())
}

/// Describes what is wrong with a certificate.
fn certificate_error(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::BadEncoding => "it is malformed".into(),
        E::Expired => "it has expired".into(),
        E::ExpiredContext { not_after, .. } => format!("it expired on {}", date(*not_after)),
        E::NotValidYet => "it is not valid yet".into(),
        E::NotValidYetContext { not_before, .. } => {
            format!("it is not valid before {}", date(*not_before))
        }
        E::Revoked => "it is revoked".into(),
        E::UnknownIssuer => "no trusted authority has signed it (unknown issuer)".into(),
        E::UnknownRevocationStatus => "no revocation list covers it".into(),
        E::ExpiredRevocationList => "its authority's revocation list is out of date".into(),
        E::ExpiredRevocationListContext { next_update, .. } => {
            let date = date(*next_update);
            format!("its authority's revocation list is out of date since {date}")
        }
        E::UnhandledCriticalExtension => "it has an unsupported critical extension".into(),
        E::BadSignature => "its signature is not that of its issuer's key".into(),
        E::NotValidForName => "it is not valid for this host name".into(),
        E::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| bare_name(name)).collect();
            let names = if names.is_empty() { "no name".to_owned() } else { names.join(", ") };
            format!("it is not valid for '{}', only for {names}", expected.to_str())
        }
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "its extended key usage does not allow this purpose".into()
        }
        E::Other(OtherError(other)) => x509_error(&other.to_string()),
        other => other.to_string(),
    }
}

fn x509_error(name: &str) -> String {
    let row = X509_ERRORS.iter().find(|(known, _)| name.starts_with(known));
    row.map_or(name, |(_, words)| words).to_owned()
}

/// Returns the name in `DnsName("a.test")` or `IpAddress(::1)`.
fn bare_name(presented: &str) -> &str {
    let inner = presented.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.map_or(presented, |name| name.trim_matches('"'))
}

fn date(time: UnixTime) -> String {
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(time.as_secs()));
    // Later dates have no such form (RFC 9110, section 5.6.7).
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(time.unwrap_or(last).min(last))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn errors_have_words_and_no_unix_times() {
        let time = UnixTime::since_unix_epoch(Duration::from_secs(86_400));
        let expired = CertificateError::ExpiredContext { time, not_after: time };
        let said = failure(&Error::InvalidCertificate(expired), Peer::Client).to_string();
        assert_eq!(said, "invalid client certificate: it expired on Fri, 02 Jan 1970 00:00:00 GMT");
        let far = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        assert!(date(far).ends_with("9999 23:59:59 GMT"));
        let alert = Error::AlertReceived(AlertDescription::CertificateRequired);
        let said = failure(&alert, Peer::Server).to_string();
        assert_eq!(said, "the server refused the TLS connection: it requires a client certificate");
    }

    #[test]
    fn an_unpinned_key_is_a_matter_of_policy() {
        let digest = crate::hasher::digest(crate::algorithm::Algorithm::Sha256, b"");
        let other = OtherError(Arc::new(UnpinnedKey(digest)));
        let error = Error::InvalidCertificate(CertificateError::Other(other));
        assert_eq!(failure(&error, Peer::Server).kind(), FailureKind::Policy);
    }

    #[test]
    fn names_lose_their_kind() {
        assert_eq!(bare_name("DnsName(\"a.test\")"), "a.test");
        assert_eq!(bare_name("IpAddress(::1)"), "::1");
        assert_eq!(bare_name("odd"), "odd");
    }
}
