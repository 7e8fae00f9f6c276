//! Names, keys, algorithms and usages of certificates, in words.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::prelude::*;
use x509_parser::public_key::PublicKey;

/// The types of attributes of names that have a short form (RFC 4514, section 3; the last by OpenSSL).
const ATTRIBUTES: &[(&str, &str)] = &[
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
];

/// The signature algorithms by their identifiers (RFC 4055, 5758, 8410, 3279).
const SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
    ("1.2.840.113549.1.1.14", "RSA with SHA-224"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10045.4.3.1", "ECDSA with SHA-224"),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
];

/// The words for signatures whose hash function is broken.
pub(crate) const WEAK_HASHES: &[&str] = &["MD5", "SHA-1"];

const RSA: &str = "1.2.840.113549.1.1.1";
const EC: &str = "1.2.840.10045.2.1";

/// The curves by their identifiers (RFC 5480), with the bits of a key.
const CURVES: &[(&str, &str, u32)] = &[
    ("1.2.840.10045.3.1.1", "P-192", 192),
    ("1.2.840.10045.3.1.7", "P-256", 256),
    ("1.3.132.0.10", "secp256k1", 256),
    ("1.3.132.0.33", "P-224", 224),
    ("1.3.132.0.34", "P-384", 384),
    ("1.3.132.0.35", "P-521", 521),
];

/// Keys whose algorithm fixes their size.
const OTHER_KEYS: &[(&str, &str, u32)] = &[
    ("1.3.101.112", "Ed25519", 256),
    ("1.3.101.113", "Ed448", 448),
    ("1.3.101.110", "X25519", 256),
];

/// A public key: its kind, such as `RSA`, and its size in bits; 0 if unknown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KeyKind {
    pub(crate) name: String,
    pub(crate) bits: u32,
}

impl KeyKind {
    pub(crate) fn of(key: &SubjectPublicKeyInfo<'_>) -> Self {
        let algorithm = key.algorithm.algorithm.to_id_string();
        let named = |row: Option<&(&str, &str, u32)>, id: &str| match row {
            Some((_, name, bits)) => Self { name: (*name).into(), bits: *bits },
            None => Self { name: format!("unknown ({id})"), bits: 0 },
        };
        match &*algorithm {
            RSA => Self { name: "RSA".into(), bits: rsa_bits(key) },
            EC => {
                let curve = key.algorithm.parameters.as_ref();
                let curve = curve.and_then(|any| any.as_oid().ok()).map(|oid| oid.to_id_string());
                let curve = curve.unwrap_or_else(|| "explicit parameters".into());
                named(CURVES.iter().find(|row| row.0 == curve), &curve)
            }
            _ => named(OTHER_KEYS.iter().find(|row| row.0 == algorithm), &algorithm),
        }
    }

    pub(crate) fn text(&self) -> String {
        match &*self.name {
            "RSA" => format!("RSA, {} bits", self.bits),
            name => name.into(),
        }
    }

    /// Returns `true` if the strength is below 112 bits (NIST SP 800-57 part 1, table 2).
    pub(crate) fn is_weak(&self) -> bool {
        match &*self.name {
            "RSA" => self.bits < 2048,
            _ => self.bits != 0 && self.bits < 224,
        }
    }
}

fn rsa_bits(key: &SubjectPublicKeyInfo<'_>) -> u32 {
    let Ok(PublicKey::RSA(key)) = key.parsed() else { return 0 };
    let start = key.modulus.iter().position(|byte| *byte != 0).unwrap_or(key.modulus.len());
    let modulus = key.modulus.get(start..).unwrap_or_default();
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(modulus.len() * 8).unwrap_or(u32::MAX).saturating_sub(unused)
}

/// Returns the name of a signature algorithm.
pub(crate) fn signature(algorithm: &AlgorithmIdentifier<'_>) -> String {
    let id = algorithm.algorithm.to_id_string();
    let row = SIGNATURES.iter().find(|row| row.0 == id);
    row.map_or_else(|| format!("unknown ({id})"), |row| row.1.into())
}

/// Returns a distinguished name, in the order of the certificate: `C=DE, CN=Example CA`.
pub(crate) fn name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for relative in name.iter_rdn() {
        for (n, attribute) in relative.iter().enumerate() {
            let separator = if n > 0 { "+" } else { ", " };
            if !text.is_empty() {
                text.push_str(separator);
            }
            let id = attribute.attr_type().to_id_string();
            let short = ATTRIBUTES.iter().find(|row| row.0 == id).map_or(&*id, |row| row.1);
            let _ = write!(text, "{short}={}", escaped(&attribute_value(attribute)));
        }
    }
    text
}

/// Returns the value of the last common name, or else the whole name.
pub(crate) fn short_name(full: &X509Name<'_>) -> String {
    let common = full.iter_common_name().last();
    common.map(attribute_value).unwrap_or_else(|| name(full))
}

fn attribute_value(attribute: &AttributeTypeAndValue<'_>) -> String {
    match attribute.as_str() {
        Ok(text) => text.into(),
        Err(_) => string(attribute.attr_value()),
    }
}

/// Decodes a BMPString as UTF-16, and other strings as UTF-8.
fn string(value: &x509_parser::asn1_rs::Any<'_>) -> String {
    if value.tag() == x509_parser::asn1_rs::Tag::BmpString {
        let units = value.data.chunks_exact(2);
        let units: Vec<u16> = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.data).into_owned()
}

/// Escapes what separates attributes (RFC 4514, section 2.4).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

/// Returns an alternative name: a DNS name or address as it is, others with their kind.
///
/// Commas separate names in lists, so those inside of a name are escaped.
pub(crate) fn general_name(given: &GeneralName<'_>) -> String {
    kind_and_name(given).replace('\\', "\\\\").replace(',', "\\,")
}

fn kind_and_name(given: &GeneralName<'_>) -> String {
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-_.*".contains(c);
    match given {
        GeneralName::DNSName(name) if name.chars().all(is_host) => (*name).into(),
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::IPAddress(bytes) => address(bytes),
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::DirectoryName(directory) => format!("directory:{}", name(directory)),
        GeneralName::OtherName(id, _) => format!("other:{}", id.to_id_string()),
        GeneralName::RegisteredID(id) => format!("OID:{}", id.to_id_string()),
        GeneralName::X400Address(_) => "X.400 address".into(),
        GeneralName::EDIPartyName(_) => "EDI party".into(),
        GeneralName::Invalid(..) => "invalid name".into(),
    }
}

/// Returns an address, or in name constraints an address with its mask.
fn address(bytes: &[u8]) -> String {
    let one = |bytes: &[u8]| {
        if let Ok(four) = <[u8; 4]>::try_from(bytes) {
            return Some(Ipv4Addr::from(four).to_string());
        }
        Some(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_string())
    };
    if let Some(text) = one(bytes) {
        return text;
    }
    let (network, mask) = bytes.split_at(bytes.len() / 2);
    match (one(network), one(mask)) {
        (Some(network), Some(mask)) if matches!(bytes.len(), 8 | 32) => {
            let ones: u32 = bytes[bytes.len() / 2..].iter().map(|byte| byte.count_ones()).sum();
            let is_prefix = mask_of(ones as usize, bytes.len() / 2) == bytes[bytes.len() / 2..];
            if is_prefix { format!("{network}/{ones}") } else { format!("{network}/{mask}") }
        }
        _ => format!("invalid address of {} bytes", bytes.len()),
    }
}

/// Returns a mask of `ones` bits, in `length` bytes.
fn mask_of(ones: usize, length: usize) -> Vec<u8> {
    (0..length).map(|n| !(0xff_u32 >> ones.saturating_sub(8 * n).min(8)) as u8).collect()
}

/// Returns the names of the bits of a key usage (RFC 5280, section 4.2.1.3).
pub(crate) fn key_usage(usage: &KeyUsage) -> Vec<&'static str> {
    [
        (usage.digital_signature(), "digital signature"),
        (usage.non_repudiation(), "non-repudiation"),
        (usage.key_encipherment(), "key encipherment"),
        (usage.data_encipherment(), "data encipherment"),
        (usage.key_agreement(), "key agreement"),
        (usage.key_cert_sign(), "sign certificates"),
        (usage.crl_sign(), "sign revocation lists"),
        (usage.encipher_only(), "encipher only"),
        (usage.decipher_only(), "decipher only"),
    ]
    .into_iter()
    .filter_map(|(is_set, name)| is_set.then_some(name))
    .collect()
}

/// Returns the names of the purposes (RFC 5280, section 4.2.1.12).
pub(crate) fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "any purpose"),
        (usage.server_auth, "TLS server"),
        (usage.client_auth, "TLS client"),
        (usage.code_signing, "code signing"),
        (usage.email_protection, "e-mail"),
        (usage.time_stamping, "time stamping"),
        (usage.ocsp_signing, "OCSP signing"),
    ];
    let known = known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    known.chain(usage.other.iter().map(|id| id.to_id_string())).collect()
}

/// Returns bytes as hexadecimal digits with colons.
pub(crate) fn colons(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_may_have_masks() {
        for (bytes, text) in [
            (&[127, 0, 0, 1][..], "127.0.0.1"),
            (&[10, 0, 0, 0, 255, 128, 0, 0], "10.0.0.0/9"),
            (&[10, 0, 0, 0, 255, 0, 255, 0], "10.0.0.0/255.0.255.0"),
            (&[0, 0, 0, 0, 0, 0, 0, 0], "0.0.0.0/0"),
            (&[1, 2, 3], "invalid address of 3 bytes"),
            (&[], "invalid address of 0 bytes"),
        ] {
            assert_eq!(address(bytes), text);
        }
        let six = [&[0x20, 1, 0xd, 0xb8][..], &[0; 12]].concat();
        assert_eq!(address(&six), "2001:db8::");
        assert_eq!(address(&[&six[..], &mask_of(32, 16)].concat()), "2001:db8::/32");
    }

    #[test]
    fn separators_in_names_are_escaped() {
        assert_eq!(escaped("Example, Inc. + \"x\"=1"), "Example\\, Inc. \\+ \\\"x\\\"\\=1");
    }
}
