//! The rules for certificates of RFC 5280 that strict verifiers enforce, as one table.
//!
//! They are those of OpenSSL's `X509_V_FLAG_X509_STRICT`, which is the default of Python since 3.13,
//! and its security level 2.

use std::mem::discriminant;

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, GeneralName, KeyUsage,
    X509Certificate, X509Version,
};

use crate::server::cert::describe::{KeyKind, WEAK_HASHES, signature};
use crate::server::cert::moment;

/// The use of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Purpose {
    Server,
    Client,
}

/// A certificate in its path, from the verified certificate to the authority.
pub(crate) struct Link<'a> {
    pub(crate) certificate: &'a X509Certificate<'a>,
    /// 0 for the verified certificate.
    pub(crate) position: usize,
    /// `true` for a certificate that is trusted, not signed by another one of the path.
    pub(crate) is_last: bool,
    /// `true` if this is all of the path: RFC 5280 does not apply to it (RFC 6818, section 2).
    pub(crate) is_alone: bool,
    pub(crate) issuer: Option<&'a X509Certificate<'a>>,
    /// The authorities between this certificate and the verified one, without self-issued ones.
    pub(crate) authorities_below: usize,
    pub(crate) purpose: Option<Purpose>,
    /// The time of verification, in seconds since 1970.
    pub(crate) at: i64,
}

/// A rule that a certificate breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Finding {
    /// A code for programs.
    pub(crate) reason: &'static str,
    pub(crate) text: String,
    /// The step that helps.
    pub(crate) remedy: &'static str,
}

/// A rule: its code, its test, which describes a violation, and what to do about it.
struct Rule(&'static str, fn(&Link) -> Option<String>, &'static str);

const RENEW: &str = "issue a new certificate";
const REISSUE: &str = "issue it again, such as with 'hsum cert'";
const NEW_AUTHORITY: &str = "make the authority's certificate again, such as with 'hsum cert ca'";
const OTHER_USE: &str = "use a certificate that is issued for this";

/// The rules that verification enforces, the most telling first.
const RULES: &[Rule] = &[
    Rule("expired", expired, RENEW),
    Rule("not-yet-valid", not_yet_valid, "check the clock, or wait"),
    // RFC 5280, section 4.1.2.1.
    Rule("not-version-3", not_version_3, REISSUE),
    Rule("damaged-extension", damaged_extension, REISSUE),
    // Section 4.2.
    Rule("critical-extension", critical_extension, "it is valid only for programs that know it"),
    // Section 4.2.1.9.
    Rule("not-an-authority", not_an_authority, OTHER_USE),
    Rule("path-length", path_length_exceeded, "use an authority that allows more below it"),
    Rule("path-length", path_length_without_authority, REISSUE),
    Rule("constraints-not-critical", constraints_not_critical, NEW_AUTHORITY),
    // Section 4.2.1.3.
    Rule("key-usage", issuer_cannot_sign, NEW_AUTHORITY),
    Rule("key-usage", authority_without_usage, NEW_AUTHORITY),
    Rule("key-usage", usage_of_authority, REISSUE),
    Rule("wrong-purpose", usage_forbids_purpose, OTHER_USE),
    // Section 4.2.1.12.
    Rule("wrong-purpose", wrong_purpose, OTHER_USE),
    // Sections 4.1.2.4 and 4.1.2.6.
    Rule("empty-name", empty_issuer, REISSUE),
    Rule("empty-name", empty_subject, REISSUE),
    // Section 4.2.1.6.
    Rule("no-names", empty_names, REISSUE),
    Rule("empty-name", names_not_critical, REISSUE),
    // Section 4.1.1.2.
    Rule("signature-algorithm", signature_algorithms_differ, REISSUE),
    // Sections 4.2.1.1 and 4.2.1.2.
    Rule("key-identifier", critical_identifier, REISSUE),
    Rule("key-identifier", no_authority_identifier, REISSUE),
    Rule("key-identifier", no_subject_identifier, NEW_AUTHORITY),
    Rule("wrong-issuer", identifiers_differ, "find the authority's certificate that signed it"),
    Rule("weak-key", weak_key, "make a new key: P-256, Ed25519 or RSA of 3072 bits"),
    Rule("weak-signature", weak_signature, REISSUE),
];

/// Rules that only `show` mentions: most verifiers accept such certificates.
const ADVICE: &[Rule] = &[
    // RFC 9525, section 2: the common name is not a host name.
    Rule("no-names", no_names, "name its hosts as subject alternative names"),
    // CA/Browser Forum baseline requirements, section 6.3.2.
    Rule("long-validity", long_validity, "issue certificates of servers for less time"),
    // RFC 5280, section 4.1.2.2.
    Rule("serial", unusual_serial, "use random serial numbers of up to 20 bytes"),
];

/// Returns the first rule that a link breaks.
pub(crate) fn first_broken(link: &Link) -> Option<Finding> {
    RULES.iter().find_map(|rule| broken(rule, link))
}

/// Returns everything that is wrong with a certificate by itself.
pub(crate) fn warnings(certificate: &X509Certificate, now: i64) -> Vec<Finding> {
    let is_last = is_self_issued(certificate);
    let link = Link {
        certificate,
        position: 0,
        is_last,
        is_alone: is_last && !is_authority(certificate),
        issuer: None,
        authorities_below: 0,
        purpose: None,
        at: now,
    };
    RULES.iter().chain(ADVICE).filter_map(|rule| broken(rule, &link)).collect()
}

fn broken(Rule(reason, test, remedy): &Rule, link: &Link) -> Option<Finding> {
    Some(Finding { reason, text: test(link)?, remedy })
}

pub(crate) fn is_self_issued(certificate: &X509Certificate) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

pub(crate) fn is_authority(certificate: &X509Certificate) -> bool {
    constraints(certificate).is_some_and(|(constraints, _)| constraints.ca)
}

/// Returns the basic constraints, and whether they are critical.
pub(crate) fn constraints<'a>(
    certificate: &'a X509Certificate,
) -> Option<(&'a BasicConstraints, bool)> {
    let found = certificate.basic_constraints().ok()??;
    Some((found.value, found.critical))
}

pub(crate) fn key_usage<'a>(certificate: &'a X509Certificate) -> Option<&'a KeyUsage> {
    Some(certificate.key_usage().ok()??.value)
}

pub(crate) fn purposes<'a>(certificate: &'a X509Certificate) -> Option<&'a ExtendedKeyUsage<'a>> {
    Some(certificate.extended_key_usage().ok()??.value)
}

/// Returns the subject alternative names, and whether they are critical.
pub(crate) fn names<'a>(certificate: &'a X509Certificate) -> Option<(&'a [GeneralName<'a>], bool)> {
    let found = certificate.subject_alternative_name().ok()??;
    Some((&found.value.general_names, found.critical))
}

/// Returns `true` if `issuer` constrains a kind of name that `certificate` has.
pub(crate) fn constrains(issuer: &X509Certificate, certificate: &X509Certificate) -> bool {
    let Ok(constraints) = issuer.name_constraints() else { return true };
    let Some(constraints) = constraints.map(|found| found.value) else { return false };
    let subtrees = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
    let has = |kind: &GeneralName| match kind {
        GeneralName::DirectoryName(_) => has_subject(certificate),
        GeneralName::RFC822Name(_) if certificate.subject().iter_email().next().is_some() => true,
        _ => names(certificate).is_some_and(|(names, _)| {
            names.iter().any(|name| discriminant(name) == discriminant(kind))
        }),
    };
    subtrees.into_iter().flatten().flatten().any(|subtree| has(&subtree.base))
}

/// Returns the identifier of the certificate's key, and whether the extension is critical.
pub(crate) fn subject_identifier<'a>(certificate: &'a X509Certificate) -> Option<(&'a [u8], bool)> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(key) => Some((key.0, extension.critical)),
        _ => None,
    })
}

/// Returns the identifier of the issuer's key, and whether the extension is critical.
pub(crate) fn authority_identifier<'a>(
    certificate: &'a X509Certificate,
) -> Option<(&'a AuthorityKeyIdentifier<'a>, bool)> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(key) => Some((key, extension.critical)),
        _ => None,
    })
}

/// Returns the text of a violation.
fn when(is_broken: bool, text: &str) -> Option<String> {
    is_broken.then(|| text.to_owned())
}

fn expired(link: &Link) -> Option<String> {
    let end = link.certificate.validity().not_after;
    let since = link.at - end.timestamp();
    let (ago, end) = (moment::span(since), moment::text(end));
    (since > 0).then(|| format!("expired {ago} ago, at {end}"))
}

fn not_yet_valid(link: &Link) -> Option<String> {
    let begin = link.certificate.validity().not_before;
    (link.at < begin.timestamp()).then(|| format!("not valid before {}", moment::text(begin)))
}

fn not_version_3(link: &Link) -> Option<String> {
    let version = link.certificate.version();
    let number = version.0.saturating_add(1);
    (version != X509Version::V3).then(|| format!("X.509 version {number} (expected version 3)"))
}

fn damaged_extension(link: &Link) -> Option<String> {
    let certificate = link.certificate;
    if certificate.extensions_map().is_err() {
        return Some("has an extension twice".into());
    }
    let damaged = certificate.iter_extensions().find(|extension| {
        matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. })
    })?;
    Some(format!("has a damaged extension ({})", damaged.oid.to_id_string()))
}

fn critical_extension(link: &Link) -> Option<String> {
    let unknown = link
        .certificate
        .iter_extensions()
        .find(|extension| extension.critical && extension.parsed_extension().unsupported())?;
    Some(format!("has an unknown critical extension ({})", unknown.oid.to_id_string()))
}

fn not_an_authority(link: &Link) -> Option<String> {
    let is_broken = link.position > 0 && !is_authority(link.certificate);
    when(is_broken, "is not an authority (its basic constraints do not say CA), but signed another")
}

fn path_length_exceeded(link: &Link) -> Option<String> {
    let limit = constraints(link.certificate)?.0.path_len_constraint?;
    let below = link.authorities_below;
    let is_broken = link.position > 0 && u64::from(limit) < below as u64;
    is_broken.then(|| format!("allows {limit} authorities below it, and there are {below}"))
}

fn path_length_without_authority(link: &Link) -> Option<String> {
    let (constraints, _) = constraints(link.certificate)?;
    constraints.path_len_constraint?;
    let may_sign = key_usage(link.certificate).is_none_or(KeyUsage::key_cert_sign);
    let is_authority = constraints.ca && may_sign;
    when(!link.is_alone && !is_authority, "has a path length, but may not sign certificates")
}

fn constraints_not_critical(link: &Link) -> Option<String> {
    let (constraints, is_critical) = constraints(link.certificate)?;
    let is_broken = !link.is_alone && constraints.ca && !is_critical;
    when(is_broken, "is an authority whose basic constraints are not critical")
}

fn issuer_cannot_sign(link: &Link) -> Option<String> {
    let is_broken = link.position > 0 && !key_usage(link.certificate)?.key_cert_sign();
    when(is_broken, "signed a certificate, which its key usage forbids")
}

fn authority_without_usage(link: &Link) -> Option<String> {
    let is_broken =
        !link.is_alone && is_authority(link.certificate) && key_usage(link.certificate).is_none();
    when(is_broken, "is an authority without key usage")
}

fn usage_of_authority(link: &Link) -> Option<String> {
    let may_sign = key_usage(link.certificate)?.key_cert_sign();
    let is_broken = !link.is_alone && may_sign && !is_authority(link.certificate);
    when(is_broken, "may sign certificates by its key usage, but is not an authority")
}

fn usage_forbids_purpose(link: &Link) -> Option<String> {
    let usage = key_usage(link.certificate).filter(|_| link.position == 0)?;
    let signs = usage.digital_signature() || usage.key_agreement();
    match link.purpose? {
        Purpose::Server => when(
            !signs && !usage.key_encipherment(),
            "cannot be a server's: its key usage allows neither signatures nor encryption",
        ),
        Purpose::Client => {
            when(!signs, "cannot be a client's: its key usage does not allow signatures")
        }
    }
}

fn wrong_purpose(link: &Link) -> Option<String> {
    let allowed = purposes(link.certificate)?;
    let names = crate::server::cert::describe::purposes(allowed).join(", ");
    let (is_allowed, wanted) = match link.purpose? {
        Purpose::Server => (allowed.server_auth, "TLS server"),
        Purpose::Client => (allowed.client_auth, "TLS client"),
    };
    (!is_allowed).then(|| format!("is for another purpose: {names}, not {wanted}"))
}

fn empty_issuer(link: &Link) -> Option<String> {
    let is_empty = link.certificate.issuer().iter_rdn().next().is_none();
    when(!link.is_alone && is_empty, "has an empty issuer")
}

fn has_subject(certificate: &X509Certificate) -> bool {
    certificate.subject().iter_rdn().next().is_some()
}

fn empty_subject(link: &Link) -> Option<String> {
    let certificate = link.certificate;
    let needs_subject = is_authority(certificate)
        || key_usage(certificate).is_some_and(KeyUsage::crl_sign)
        || names(certificate).is_none();
    when(!link.is_alone && needs_subject && !has_subject(certificate), "has an empty subject")
}

fn empty_names(link: &Link) -> Option<String> {
    let (names, _) = names(link.certificate)?;
    when(!link.is_alone && names.is_empty(), "has an empty list of names")
}

fn names_not_critical(link: &Link) -> Option<String> {
    let (_, is_critical) = names(link.certificate)?;
    let is_broken = !link.is_alone && !is_critical && !has_subject(link.certificate);
    when(is_broken, "has an empty subject, but its list of names is not critical")
}

fn signature_algorithms_differ(link: &Link) -> Option<String> {
    let certificate = link.certificate;
    let is_broken = certificate.signature_algorithm != certificate.tbs_certificate.signature;
    when(!link.is_alone && is_broken, "states two different signature algorithms")
}

fn critical_identifier(link: &Link) -> Option<String> {
    let authority = authority_identifier(link.certificate).is_some_and(|(_, critical)| critical);
    let subject = subject_identifier(link.certificate).is_some_and(|(_, critical)| critical);
    when(!link.is_alone && (authority || subject), "has a critical key identifier")
}

fn no_authority_identifier(link: &Link) -> Option<String> {
    let has_identifier = authority_identifier(link.certificate)
        .is_some_and(|(authority, _)| authority.key_identifier.is_some());
    let is_broken = !link.is_last && !has_identifier;
    when(is_broken, "has no authority key identifier")
}

fn no_subject_identifier(link: &Link) -> Option<String> {
    let has_identifier = subject_identifier(link.certificate).is_some();
    let is_broken = !link.is_alone && is_authority(link.certificate) && !has_identifier;
    when(is_broken, "is an authority without subject key identifier")
}

fn identifiers_differ(link: &Link) -> Option<String> {
    let (authority, _) = authority_identifier(link.certificate)?;
    let (subject, _) = subject_identifier(link.issuer?)?;
    let is_broken = authority.key_identifier.as_ref()?.0 != subject;
    when(is_broken, "names another key of its issuer (the key identifiers differ)")
}

fn weak_key(link: &Link) -> Option<String> {
    let key = KeyKind::of(link.certificate.public_key());
    key.is_weak().then(|| format!("has a weak key: {}", key.text()))
}

fn weak_signature(link: &Link) -> Option<String> {
    // Nothing rests on the signature of a trusted certificate.
    if link.is_last {
        return None;
    }
    let name = signature(&link.certificate.signature_algorithm);
    let is_weak = WEAK_HASHES.iter().any(|hash| name.ends_with(hash));
    is_weak.then(|| format!("is signed with a broken hash function: {name}"))
}

/// Returns `true` if the certificate is one for servers.
fn is_for_servers(certificate: &X509Certificate) -> bool {
    !is_authority(certificate) && purposes(certificate).is_none_or(|usage| usage.server_auth)
}

fn no_names(link: &Link) -> Option<String> {
    let is_broken = is_for_servers(link.certificate) && names(link.certificate).is_none();
    when(is_broken, "has no subject alternative names, so no host name matches it")
}

/// The longest validity in days that browsers accept.
const LONGEST_VALIDITY: i64 = 398;

fn long_validity(link: &Link) -> Option<String> {
    let validity = link.certificate.validity();
    let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400;
    let is_broken = is_for_servers(link.certificate) && days > LONGEST_VALIDITY;
    is_broken.then(|| {
        format!("is valid for {days} days; browsers accept at most {LONGEST_VALIDITY} days")
    })
}

fn unusual_serial(link: &Link) -> Option<String> {
    let serial = link.certificate.raw_serial();
    let is_negative = serial.first().is_some_and(|byte| byte & 0x80 != 0);
    let is_zero = serial.iter().all(|byte| *byte == 0);
    when(is_negative || is_zero || serial.len() > 20, "has an invalid serial number")
}
