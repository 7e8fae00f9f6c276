//! A cookie, and the parser of `Set-Cookie`.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::net::cookies::{date, suffix};
use crate::net::secret::Secret;
use crate::net::url::is_encrypted;

/// The maximum length of name and value together, in bytes (RFC 6265, section 6.1).
const MAX_LENGTH: usize = 4096;

/// A cookie and its attributes. `Debug` shows everything but the value.
#[derive(Clone)]
pub(super) struct Cookie {
    pub(super) name: Vec<u8>,
    pub(super) value: Secret,
    /// In lower case, without a leading dot.
    pub(super) domain: String,
    /// Set if the cookie is also sent to subdomains of the domain.
    pub(super) has_subdomains: bool,
    pub(super) path: String,
    /// Set if the cookie is sent over encrypted connections only.
    pub(super) is_secure: bool,
    /// Set if scripts must not read the cookie; kept for other programs that read the file.
    pub(super) is_http_only: bool,
    /// `None` for a session cookie.
    pub(super) expires: Option<i64>,
}

/// The reason why a jar rejects a `Set-Cookie`.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CookieRejection {
    /// It lacks a name or a `=`, or contains control characters.
    #[error("malformed")]
    Malformed,
    /// Name and value are longer than 4096 bytes.
    #[error("name and value are longer than 4096 bytes")]
    TooLong,
    /// Its `Domain` is neither the host nor a parent of it, or spans a public suffix.
    #[error("the domain is not the server's own, or is a public suffix")]
    Domain,
    /// It was set over http, but is `Secure` or would replace a `Secure` cookie.
    #[error("set over http, but it is Secure or would hide a Secure cookie")]
    Insecure,
    /// It lacks an attribute that its prefix (`__Secure-`, `__Host-`) requires.
    #[error("lacks an attribute that its prefix requires")]
    Prefix,
    /// The jar is full.
    #[error("the jar is full (3000 cookies)")]
    Full,
}

impl Cookie {
    /// Parses a `Set-Cookie` (sections 5.2 and 5.3).
    pub(super) fn parse(url: &Url, field: &[u8], now: i64) -> Result<Self, CookieRejection> {
        if field.iter().any(u8::is_ascii_control) {
            return Err(CookieRejection::Malformed);
        }
        let mut parts = field.split(|b| *b == b';');
        let (name, value) = split_pair(parts.next().unwrap_or_default());
        let value = value.filter(|_| !name.is_empty()).ok_or(CookieRejection::Malformed)?;
        if name.len() + value.len() > MAX_LENGTH {
            return Err(CookieRejection::TooLong);
        }
        let mut cookie = Self {
            name: name.to_vec(),
            value: Secret::new(value),
            domain: host_of(url).ok_or(CookieRejection::Domain)?,
            has_subdomains: false,
            path: default_path(url),
            is_secure: false,
            is_http_only: false,
            expires: None,
        };
        let mut domain = None;
        let mut has_path = false;
        let mut max_age = None;
        for part in parts {
            let (attribute, value) = split_pair(part);
            let value = value.unwrap_or_default();
            // If an attribute is repeated, the last one counts.
            match &*attribute.to_ascii_lowercase() {
                b"domain" => domain = Some(value.to_ascii_lowercase()),
                b"path" => {
                    let own = std::str::from_utf8(value).ok().filter(|path| path.starts_with('/'));
                    has_path = own.is_some();
                    cookie.path = own.map_or_else(|| default_path(url), str::to_owned);
                }
                b"secure" => cookie.is_secure = true,
                b"httponly" => cookie.is_http_only = true,
                b"expires" => cookie.expires = date::parse(value).or(cookie.expires),
                b"max-age" => max_age = parse_seconds(value).or(max_age),
                _ => {}
            }
        }
        if let Some(age) = max_age {
            cookie.expires = Some(if age <= 0 { i64::MIN } else { now.saturating_add(age) });
        }
        if cookie.is_secure && !is_encrypted(url) {
            return Err(CookieRejection::Insecure);
        }
        let has_domain = cookie.set_domain(domain.as_deref().unwrap_or_default())?;
        let has_prefix = |prefix: &[u8]| {
            cookie.name.get(..prefix.len()).is_some_and(|own| own.eq_ignore_ascii_case(prefix))
        };
        let is_secure = cookie.is_secure;
        let is_for_host = is_secure && !has_domain && has_path && cookie.path == "/";
        if (has_prefix(b"__Secure-") && !is_secure) || (has_prefix(b"__Host-") && !is_for_host) {
            return Err(CookieRejection::Prefix);
        }
        Ok(cookie)
    }

    /// Applies a `Domain` (section 5.3, steps 4 to 6). Returns `true` if it is not empty.
    fn set_domain(&mut self, domain: &[u8]) -> Result<bool, CookieRejection> {
        let domain = domain.strip_prefix(b".").unwrap_or(domain);
        if domain.is_empty() {
            return Ok(false);
        }
        let domain = std::str::from_utf8(domain).map_err(|_| CookieRejection::Domain)?;
        if domain == self.domain {
            // An address has no subdomains; those of a public suffix belong to other owners.
            self.has_subdomains = can_have_subdomains(domain) && !suffix::is_public(domain);
            return Ok(true);
        }
        if !is_below(&self.domain, domain) || suffix::is_shared(&self.domain, domain) {
            return Err(CookieRejection::Domain);
        }
        self.domain = domain.to_owned();
        self.has_subdomains = true;
        Ok(true)
    }

    /// Returns `true` if the cookie is sent with requests for `url` (section 5.4).
    pub(super) fn is_for(&self, url: &Url) -> bool {
        let Some(host) = host_of(url) else { return false };
        (host == self.domain || (self.has_subdomains && is_below(&host, &self.domain)))
            && path_matches(url.path(), &self.path)
            && (!self.is_secure || is_encrypted(url))
    }

    pub(super) fn is_alive(&self, now: i64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Returns `true` if name, domain and path are equal, so that one cookie replaces the other.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.has_subdomains == other.has_subdomains
            && self.path == other.path
    }

    /// Returns `true` if this is a secure cookie that `other`, set over http, would hide.
    pub(super) fn would_be_hidden_by(&self, other: &Self) -> bool {
        self.is_secure
            && self.name == other.name
            && (self.domain == other.domain
                || is_below(&self.domain, &other.domain)
                || is_below(&other.domain, &self.domain))
            && path_matches(&other.path, &self.path)
    }
}

/// Returns the host in the form of a cookie's domain.
fn host_of(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// Returns `true` if `domain` can have subdomains.
fn can_have_subdomains(domain: &str) -> bool {
    domain.contains('.') && domain.parse::<IpAddr>().is_err() && !domain.ends_with('.')
}

/// Returns `true` if `host` is a subdomain of `domain`. An address is a subdomain of nothing.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        && can_have_subdomains(host)
        && can_have_subdomains(domain)
}

/// Returns the directory of the request's path (section 5.1.4).
fn default_path(url: &Url) -> String {
    match url.path().rfind('/') {
        None | Some(0) => "/".into(),
        Some(at) => url.path()[..at].into(),
    }
}

fn path_matches(path: &str, own: &str) -> bool {
    match path.strip_prefix(own) {
        Some(rest) => rest.is_empty() || own.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

fn split_pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match part.iter().position(|b| *b == b'=') {
        Some(at) => (part[..at].trim_ascii(), Some(part[at + 1..].trim_ascii())),
        None => (part.trim_ascii(), None),
    }
}

/// Parses a number of seconds, and clamps it to the range of `i64`.
pub(super) fn parse_seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}{}", self.name.escape_ascii(), self.domain, self.path)
    }
}
