//! Cookies (RFC 6265) and the Netscape jar file that curl, wget and Python share.
//!
//! The time is an argument everywhere, in seconds since 1970.

mod date;
mod file;
mod suffix;

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

pub use file::BadCookie;

use crate::net::secret::Secret;
use crate::net::url::is_encrypted;

/// The longest name and value together, in bytes (RFC 6265, section 6.1).
const LONGEST: usize = 4096;

/// The most cookies that a jar holds; beyond it no new ones are taken (section 6.1 asks for 3000).
const MOST: usize = 3000;

/// The longest `Cookie` field that is sent, in bytes: servers refuse 8 KiB and more.
const LONGEST_FIELD: usize = 8000;

/// Cookies, in the order in which they came.
///
/// A cookie for a public suffix, such as `co.uk`, is refused: it would go to sites of others.
///
/// ```
/// use hsum::net::cookies::Jar;
///
/// let mut jar = Jar::default();
/// let login = "https://example.org/login".parse()?;
/// jar.set(&login, b"sid=31d4d96e; Path=/; Secure; HttpOnly", 1_700_000_000)?;
/// let next = "https://example.org/files/a.iso".parse()?;
/// assert_eq!(jar.field(&next, 1_700_000_001).unwrap().as_bytes(), b"sid=31d4d96e");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Clone)]
struct Cookie {
    name: Vec<u8>,
    value: Secret,
    /// In lower case, without a leading dot.
    domain: String,
    reach: Reach,
    path: String,
    channel: Channel,
    access: Access,
    /// `None`: for as long as the session lasts.
    expires: Option<i64>,
}

/// Which hosts a cookie goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reach {
    Host,
    Subdomains,
}

/// Which connections it goes over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Channel {
    Any,
    Secure,
}

/// Whether scripts of a page may read it; kept for whoever reads the file next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    Any,
    HttpOnly,
}

/// Why a `Set-Cookie` was not heeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No name, no `=`, or control characters.
    Malformed,
    /// Longer than 4096 bytes.
    TooLong,
    /// Its `Domain` is not the host's own, or is a public suffix, or has one below it that the host
    /// belongs to.
    Domain,
    /// `Secure`, but it came over http; or one that is `Secure` stands in its place.
    Insecure,
    /// It lacks what its name's prefix (`__Secure-`, `__Host-`) demands.
    Prefix,
    /// The jar is full.
    Full,
}

impl Jar {
    /// Takes what a response to a request for `url` says in one `Set-Cookie`. One that has
    /// expired takes the older one away.
    ///
    /// # Errors
    /// [`Refused`] says why the jar stays as it was.
    pub fn set(&mut self, url: &Url, field: &[u8], now: i64) -> Result<(), Refused> {
        let cookie = Cookie::parse(url, field, now)?;
        let over_http = Channel::of(url) == Channel::Any;
        if over_http && self.cookies.iter().any(|old| old.shields_from(&cookie)) {
            return Err(Refused::Insecure);
        }
        let place = self.cookies.iter().position(|old| old.is_same_as(&cookie));
        match (place, cookie.is_alive(now)) {
            (Some(at), true) => self.cookies[at] = cookie,
            (Some(at), false) => drop(self.cookies.remove(at)),
            (None, true) if self.cookies.len() >= MOST => return Err(Refused::Full),
            (None, true) => self.cookies.push(cookie),
            (None, false) => {}
        }
        Ok(())
    }

    /// The value of `Cookie` for a request for `url`; `None` where no cookie is for it. Longer
    /// paths come first, then older cookies (section 5.4).
    pub fn field(&self, url: &Url, now: i64) -> Option<Secret> {
        let mut fitting: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.is_for(url) && cookie.is_alive(now))
            .collect();
        fitting.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        // Long enough from the start: growing would leave copies behind.
        let mut field = zeroize::Zeroizing::new(Vec::with_capacity(LONGEST_FIELD));
        for cookie in fitting {
            let value = cookie.value.as_bytes();
            if field.len() + cookie.name.len() + value.len() + 3 > LONGEST_FIELD {
                continue;
            }
            if !field.is_empty() {
                field.extend_from_slice(b"; ");
            }
            field.extend_from_slice(&cookie.name);
            field.push(b'=');
            field.extend_from_slice(value);
        }
        (!field.is_empty()).then(|| Secret::new(&field[..]))
    }

    /// How many cookies there are, expired ones included.
    pub fn len(&self) -> usize {
        self.cookies.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.cookies.is_empty()
    }
}

impl Cookie {
    /// Section 5.2 and the first steps of 5.3.
    fn parse(url: &Url, field: &[u8], now: i64) -> Result<Self, Refused> {
        if field.iter().any(u8::is_ascii_control) {
            return Err(Refused::Malformed);
        }
        let mut parts = field.split(|b| *b == b';');
        let (name, value) = split_pair(parts.next().unwrap_or_default());
        let value = value.filter(|_| !name.is_empty()).ok_or(Refused::Malformed)?;
        if name.len() + value.len() > LONGEST {
            return Err(Refused::TooLong);
        }
        let host = host_of(url).ok_or(Refused::Domain)?;
        let mut cookie = Self {
            name: name.to_vec(),
            value: Secret::new(value),
            domain: host.clone(),
            reach: Reach::Host,
            path: default_path(url),
            channel: Channel::Any,
            access: Access::Any,
            expires: None,
        };
        let mut domain = None;
        let mut has_path = false;
        let mut max_age = None;
        for part in parts {
            let (attribute, value) = split_pair(part);
            let value = value.unwrap_or_default();
            // The last of each counts.
            match &*attribute.to_ascii_lowercase() {
                b"domain" => domain = Some(value.to_ascii_lowercase()),
                b"path" => {
                    let own = std::str::from_utf8(value).ok().filter(|path| path.starts_with('/'));
                    has_path = own.is_some();
                    cookie.path = own.map_or_else(|| default_path(url), str::to_owned);
                }
                b"secure" => cookie.channel = Channel::Secure,
                b"httponly" => cookie.access = Access::HttpOnly,
                b"expires" => cookie.expires = date::parse(value).or(cookie.expires),
                b"max-age" => max_age = seconds(value).or(max_age),
                _ => {}
            }
        }
        if let Some(age) = max_age {
            cookie.expires = Some(if age <= 0 { i64::MIN } else { now.saturating_add(age) });
        }
        if cookie.channel == Channel::Secure && Channel::of(url) == Channel::Any {
            return Err(Refused::Insecure);
        }
        let has_domain = cookie.set_domain(domain.as_deref().unwrap_or_default())?;
        let begins = |prefix: &str| {
            cookie
                .name
                .get(..prefix.len())
                .is_some_and(|own| own.eq_ignore_ascii_case(prefix.as_bytes()))
        };
        let is_secure = cookie.channel == Channel::Secure;
        let is_hosts = is_secure && !has_domain && has_path && cookie.path == "/";
        if (begins("__Secure-") && !is_secure) || (begins("__Host-") && !is_hosts) {
            return Err(Refused::Prefix);
        }
        Ok(cookie)
    }

    /// Whether a `Domain` was given; it must be that of the host that the cookie came from
    /// (section 5.3, steps 4 to 6).
    fn set_domain(&mut self, domain: &[u8]) -> Result<bool, Refused> {
        let domain = domain.strip_prefix(b".").unwrap_or(domain);
        if domain.is_empty() {
            return Ok(false);
        }
        let domain = std::str::from_utf8(domain).map_err(|_| Refused::Domain)?;
        if domain == self.domain {
            // Hosts below an address do not exist; those below a public suffix are of others.
            if is_divisible(domain) && !suffix::is_public(domain) {
                self.reach = Reach::Subdomains;
            }
            return Ok(true);
        }
        if !is_below(&self.domain, domain) || suffix::is_shared(&self.domain, domain) {
            return Err(Refused::Domain);
        }
        self.domain = domain.to_owned();
        self.reach = Reach::Subdomains;
        Ok(true)
    }

    fn is_for(&self, url: &Url) -> bool {
        let Some(host) = host_of(url) else { return false };
        let hosts = match self.reach {
            Reach::Host => false,
            Reach::Subdomains => is_below(&host, &self.domain),
        };
        (host == self.domain || hosts)
            && path_matches(url.path(), &self.path)
            && (self.channel == Channel::Any || Channel::of(url) == Channel::Secure)
    }

    fn is_alive(&self, now: i64) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }

    /// Same name, domain and path: there is one of them only.
    fn is_same_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.domain == other.domain
            && self.reach == other.reach
            && self.path == other.path
    }

    /// Whether it is a secure one that a server on a plain connection must not put another before.
    fn shields_from(&self, other: &Self) -> bool {
        self.channel == Channel::Secure
            && self.name == other.name
            && (self.domain == other.domain
                || is_below(&self.domain, &other.domain)
                || is_below(&other.domain, &self.domain))
            && path_matches(&other.path, &self.path)
    }
}

impl Channel {
    fn of(url: &Url) -> Self {
        if is_encrypted(url) { Self::Secure } else { Self::Any }
    }
}

/// The host, as domains are written in cookies.
fn host_of(url: &Url) -> Option<String> {
    Some(match url.host()? {
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    })
}

/// Whether a domain may have others below it.
fn is_divisible(domain: &str) -> bool {
    domain.contains('.') && domain.parse::<IpAddr>().is_err() && !domain.ends_with('.')
}

/// Never an address: `127.0.0.1` is not below `0.0.1`.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        && is_divisible(host)
        && is_divisible(domain)
}

/// Section 5.1.4: the folder of the request.
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

/// A count of seconds, however large.
fn seconds(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

/// Shows everything but the value.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}{}", self.name.escape_ascii(), self.domain, self.path)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::TooLong => "longer than 4096 bytes",
            Self::Domain => "for a domain that is not the server's own, or a public suffix",
            Self::Insecure => "over plain http, where a secure one is concerned",
            Self::Prefix => "it lacks what its name's prefix demands",
            Self::Full => "the jar holds 3000 cookies",
        })
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests;
