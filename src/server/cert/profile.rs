//! The contents of new certificates (RFC 5280, section 4).

use std::net::IpAddr;

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, SerialNumber,
    date_time_ymd,
};

use crate::cli::sign::values::fill_random;
use crate::server::cert::names::{self, Name};
use crate::server::cert::time::{now, since_1970};

/// Clocks differ: a certificate is valid from this time before it is made, in seconds.
pub(crate) const EARLIER: i64 = 300;
pub(crate) const DAY: i64 = 86_400;

/// The time in which a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl Validity {
    /// Returns the validity of a certificate that is made now.
    pub(crate) fn from_now(days: u32) -> Self {
        let now = now();
        Self { not_before: now - EARLIER, not_after: now + i64::from(days) * DAY }
    }

    /// Returns the part of the validity within `outer`.
    pub(crate) fn within(self, outer: Self) -> Self {
        Self {
            not_before: self.not_before.max(outer.not_before),
            not_after: self.not_after.min(outer.not_after),
        }
    }
}

/// The purposes of a certificate that is not an authority's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Purposes {
    pub(crate) server: bool,
    pub(crate) client: bool,
}

impl Purposes {
    pub(crate) const SERVER: Self = Self { server: true, client: false };
    pub(crate) const CLIENT: Self = Self { server: false, client: true };

    /// Returns the kind of certificate in words.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self { server: true, client: true } => "server and client",
            Self { client: true, .. } => "client",
            _ => "server",
        }
    }

    fn usages(self) -> Vec<ExtendedKeyUsagePurpose> {
        let server = self.server.then_some(ExtendedKeyUsagePurpose::ServerAuth);
        server
            .into_iter()
            .chain(self.client.then_some(ExtendedKeyUsagePurpose::ClientAuth))
            .collect()
    }
}

/// Returns the contents of a certificate that is not an authority's.
///
/// # Errors
/// Returns an error if the system has no random numbers.
pub(crate) fn end_entity(
    names: &[Name],
    purposes: Purposes,
    is_rsa: bool,
    validity: Validity,
) -> Result<CertificateParams> {
    let mut params = common(validity)?;
    params.distinguished_name = subject_of(names);
    params.subject_alt_names = names.iter().filter_map(Name::to_san).collect();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    if is_rsa && purposes.server {
        // Key exchange of TLS 1.2 without ECDHE.
        params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
    }
    params.extended_key_usages = purposes.usages();
    Ok(params)
}

/// Returns the contents of an authority's certificate.
///
/// # Errors
/// Returns an error if the system has no random numbers.
pub(crate) fn authority(
    name: &str,
    path_length: u8,
    constraints: Option<NameConstraints>,
    validity: Validity,
) -> Result<CertificateParams> {
    let mut params = common(validity)?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = constraints;
    Ok(params)
}

/// Returns contents with a random serial number, and an authority key identifier, without which
/// strict verifiers reject a certificate.
fn common(validity: Validity) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = date_time_ymd(1970, 1, 1) + since_1970(validity.not_before);
    params.not_after = date_time_ymd(1970, 1, 1) + since_1970(validity.not_after);
    params.serial_number = Some(SerialNumber::from_slice(&random_serial()?));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Returns a serial number of 16 bytes; positive, and without leading zeros (RFC 5280, 4.1.2.2).
fn random_serial() -> Result<[u8; 16]> {
    let mut serial = [0; 16];
    fill_random(&mut serial)?;
    serial[0] = serial[0] & 0x3f | 0x40;
    Ok(serial)
}

/// Returns the subject of a certificate: the first name that is short enough for a common name.
pub(crate) fn subject_of(names: &[Name]) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    let common_name = names.iter().find_map(|name| names::subject(&name.to_string()).ok());
    if let Some(name) = common_name {
        subject.push(DnType::CommonName, name);
    }
    subject
}

/// Returns the constraints of an authority for some domains and networks; `None` if there are none.
///
/// A kind of name, host name or address, that is not permitted at all is excluded: otherwise an
/// authority for a domain could sign for every address.
///
/// # Errors
/// Returns the text that is neither a domain nor a network.
pub(crate) fn constraints(permitted: &[String]) -> Result<Option<NameConstraints>, String> {
    let parse = |text: &String| subtree(text).ok_or_else(|| text.clone());
    let permitted_subtrees = permitted.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    if permitted_subtrees.is_empty() {
        return Ok(None);
    }
    let is_dns = |subtree: &GeneralSubtree| matches!(subtree, GeneralSubtree::DnsName(_));
    let mut excluded_subtrees = Vec::new();
    if !permitted_subtrees.iter().any(is_dns) {
        excluded_subtrees.push(GeneralSubtree::DnsName(String::new()));
    }
    if permitted_subtrees.iter().all(is_dns) {
        let every = [CidrSubnet::from_v4_prefix([0; 4], 0), CidrSubnet::from_v6_prefix([0; 16], 0)];
        excluded_subtrees.extend(every.map(GeneralSubtree::IpAddress));
    }
    Ok(Some(NameConstraints { permitted_subtrees, excluded_subtrees }))
}

/// Parses a domain, an address or a network such as `10.0.0.0/8`.
fn subtree(text: &str) -> Option<GeneralSubtree> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (text, None),
    };
    if let Ok(address) = address.parse::<IpAddr>() {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(bits);
        let network = CidrSubnet::from_addr_prefix(address, prefix);
        return (prefix <= bits).then_some(GeneralSubtree::IpAddress(network));
    }
    match Name::parse(text.strip_prefix('.').unwrap_or(text)) {
        Ok(Name::Dns(domain)) if !domain.starts_with('*') => Some(GeneralSubtree::DnsName(domain)),
        _ => None,
    }
}
