//! Names of certificates: host names, IP addresses, e-mail addresses and URIs told apart.

use std::fmt;
use std::net::IpAddr;

use rcgen::SanType;
use rcgen::string::Ia5String;
use rustls::pki_types::DnsName;
use url::{Host, Url};

/// The longest file name in bytes that a name is given: with its ending, it is shorter than the
/// 255 bytes that file systems allow.
const MAX_FILE_NAME: usize = 200;

/// A name for which a certificate is valid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Name {
    /// A host name, perhaps with `*` as its first label; ASCII.
    Dns(String),
    Ip(IpAddr),
    Email(String),
    Uri(String),
    /// A name of the subject only, such as that of a person.
    Subject(String),
}

/// Why a text is not a name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum NameError {
    #[error("a name has no port")]
    Port,
    #[error("a wildcard is the whole first label, with two labels after it, as in *.example.org")]
    Wildcard,
    #[error("not an e-mail address in ASCII")]
    Email,
    #[error("not a URI")]
    Uri,
    #[error("not a host name, IP address, e-mail address or URI")]
    Unknown,
    #[error("a name has 1 to 64 characters, and no control characters")]
    Subject,
}

impl Name {
    /// Parses a name.
    ///
    /// # Errors
    /// Returns an error that does not repeat the text.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = inner.parse() {
            return Ok(Self::Ip(address));
        }
        if text.contains("://") || text.starts_with("urn:") {
            let url = Url::parse(text).map_err(|_| NameError::Uri)?;
            return match text.chars().all(|c| c.is_ascii_graphic()) {
                true => Ok(Self::Uri(text.to_owned())),
                false => Ok(Self::Uri(url.into())),
            };
        }
        if let Some((local, domain)) = text.rsplit_once('@') {
            let is_plain = local.chars().all(|c| c.is_ascii_graphic() && c != '@');
            let domain = host_name(domain).ok().filter(|domain| !domain.starts_with('*'));
            return match domain {
                Some(domain) if is_plain && !local.is_empty() => {
                    Ok(Self::Email(format!("{local}@{domain}")))
                }
                _ => Err(NameError::Email),
            };
        }
        match text.rsplit_once(':') {
            Some((_, port)) if port.bytes().all(|c| c.is_ascii_digit()) => Err(NameError::Port),
            _ => host_name(text).map(Self::Dns),
        }
    }

    /// Parses a name of a client, which may also be any text.
    ///
    /// # Errors
    /// Returns the errors of [`Name::parse`].
    pub(crate) fn parse_of_client(text: &str) -> Result<Self, NameError> {
        match Self::parse(text) {
            Err(NameError::Unknown) => subject(text).map(Self::Subject),
            result => result,
        }
    }

    /// Returns the name in the form of a certificate; `None` for a name of the subject only.
    pub(crate) fn to_san(&self) -> Option<SanType> {
        let ascii = |text: &String| Ia5String::try_from(text.as_str()).ok();
        match self {
            Self::Dns(name) => ascii(name).map(SanType::DnsName),
            Self::Ip(address) => Some(SanType::IpAddress(*address)),
            Self::Email(address) => ascii(address).map(SanType::Rfc822Name),
            Self::Uri(uri) => ascii(uri).map(SanType::URI),
            Self::Subject(_) => None,
        }
    }

    /// Returns the name without the characters that have a meaning in paths or shells, and cut to
    /// [`MAX_FILE_NAME`].
    pub(crate) fn to_file_name(&self) -> String {
        let text = self.to_string().replace('*', "_wildcard");
        let is_plain = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
        let mut name: String = text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
        while name.len() > MAX_FILE_NAME {
            name.pop();
        }
        // Neither hidden nor an option.
        match name.starts_with(['.', '-']) {
            true => format!("_{name}"),
            false => name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) | Self::Subject(text) => {
                f.write_str(text)
            }
        }
    }
}

/// Checks a common name (RFC 5280, appendix A.1: at most 64 characters).
pub(crate) fn subject(text: &str) -> Result<String, NameError> {
    let is_valid = (1..=64).contains(&text.chars().count()) && !text.contains(char::is_control);
    if is_valid { Ok(text.to_owned()) } else { Err(NameError::Subject) }
}

/// Returns a host name in ASCII.
fn host_name(text: &str) -> Result<String, NameError> {
    let (wildcard, rest) = match text.strip_prefix("*.") {
        Some(rest) => ("*.", rest),
        None => ("", text),
    };
    if rest.contains('*') || (!wildcard.is_empty() && !rest.contains('.')) {
        return Err(NameError::Wildcard);
    }
    let rest = match rest.is_ascii() {
        true => rest.to_owned(),
        false => match Host::parse(rest) {
            Ok(Host::Domain(domain)) => domain,
            _ => return Err(NameError::Unknown),
        },
    };
    match DnsName::try_from(rest.as_str()) {
        Ok(_) if !rest.ends_with('.') => Ok(format!("{wildcard}{rest}")),
        _ => Err(NameError::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_names_are_told_apart() {
        let dns = |text: &str| Ok(Name::Dns(text.into()));
        for (text, name) in [
            ("localhost", dns("localhost")),
            ("*.example.org", dns("*.example.org")),
            ("bücher.example", dns("xn--bcher-kva.example")),
            ("127.0.0.1", Ok(Name::Ip([127, 0, 0, 1].into()))),
            ("[::1]", Ok(Name::Ip("::1".parse().expect("an address")))),
            ("alice@example.org", Ok(Name::Email("alice@example.org".into()))),
            ("spiffe://example.org/a", Ok(Name::Uri("spiffe://example.org/a".into()))),
            ("urn:uuid:1", Ok(Name::Uri("urn:uuid:1".into()))),
            ("example.org:443", Err(NameError::Port)),
            ("*.org", Err(NameError::Wildcard)),
            ("a*.example.org", Err(NameError::Wildcard)),
            ("*", Err(NameError::Wildcard)),
            ("@example.org", Err(NameError::Email)),
            ("älice@example.org", Err(NameError::Email)),
            ("example.org.", Err(NameError::Unknown)),
            ("Alice Smith", Err(NameError::Unknown)),
            ("a\nb", Err(NameError::Unknown)),
            ("", Err(NameError::Unknown)),
        ] {
            assert_eq!(Name::parse(text), name, "{text}");
        }
    }

    #[test]
    fn clients_may_have_any_name() {
        let name = Name::parse_of_client("Alice Smith").expect("a name");
        assert_eq!(name, Name::Subject("Alice Smith".into()));
        assert_eq!(name.to_san(), None);
        assert_eq!(Name::parse_of_client("bob"), Ok(Name::Dns("bob".into())));
        for text in ["", "a\nb", &"x".repeat(65)] {
            assert_eq!(Name::parse_of_client(text), Err(NameError::Subject));
        }
    }

    #[test]
    fn file_names_are_harmless() {
        for (name, file) in [
            (Name::Dns("*.example.org".into()), "_wildcard.example.org"),
            (Name::Ip("::1".parse().expect("an address")), "__1"),
            (Name::Uri("https://h/../x y".into()), "https___h_.._x_y"),
            (Name::Subject("../etc".into()), "_.._etc"),
            (Name::Subject("-f".into()), "_-f"),
        ] {
            assert_eq!(name.to_file_name(), file);
        }
        let long = Name::Uri(format!("urn:{}", "é".repeat(300)));
        assert_eq!(long.to_file_name(), format!("urn_{}", "é".repeat(98)));
    }
}
