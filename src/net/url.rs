//! URLs: the supported schemes, credentials, and redaction for messages.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use url::Url;

/// A supported URL scheme.
#[derive(Debug)]
pub(crate) struct UrlScheme {
    pub(crate) name: &'static str,
    pub(crate) protocol: Protocol,
    pub(crate) default_port: u16,
    pub(crate) is_encrypted: bool,
}

/// The protocol behind a URL scheme, with or without TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Protocol {
    Http,
    Ftp,
}

/// All supported URL schemes.
pub(crate) const SCHEMES: [UrlScheme; 4] = [
    UrlScheme { name: "http", protocol: Protocol::Http, default_port: 80, is_encrypted: false },
    UrlScheme { name: "https", protocol: Protocol::Http, default_port: 443, is_encrypted: true },
    UrlScheme { name: "ftp", protocol: Protocol::Ftp, default_port: 21, is_encrypted: false },
    UrlScheme { name: "ftps", protocol: Protocol::Ftp, default_port: 990, is_encrypted: true },
];

impl UrlScheme {
    /// Returns the scheme called `name`, which must be in lower case.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SCHEMES.iter().find(|scheme| scheme.name == name)
    }

    /// Returns the scheme of a URL.
    pub(crate) fn of(url: &Url) -> Option<&'static Self> {
        Self::named(url.scheme())
    }
}

/// Returns `true` if the scheme of `url` is supported.
pub fn is_supported(url: &Url) -> bool {
    UrlScheme::of(url).is_some()
}

/// Returns `true` if requests for `url` are encrypted.
pub(crate) fn is_encrypted(url: &Url) -> bool {
    UrlScheme::of(url).is_some_and(|scheme| scheme.is_encrypted)
}

/// Returns `true` if `url` is requested with `protocol`.
pub(crate) fn has_protocol(url: &Url, protocol: Protocol) -> bool {
    UrlScheme::of(url).is_some_and(|scheme| scheme.protocol == protocol)
}

/// Returns `url` in a form that messages may show.
///
/// User name, password and fragment are removed; values and bare words in the query become `***`.
///
/// ```
/// let url = "https://me:secret@example.org/x?token=abc&word&d29yZHM=".parse().unwrap();
/// assert_eq!(hsum::net::redacted(&url), "https://example.org/x?token=***&***&***");
/// ```
pub fn redacted(url: &Url) -> String {
    let mut shown = without_userinfo(url);
    shown.set_fragment(None);
    let query = url.query().map(|query| {
        let hide = |pair: &str| match pair.split_once('=') {
            Some((name, value)) if !value.trim_matches('=').is_empty() => format!("{name}=***"),
            _ if pair.is_empty() => String::new(),
            // A bare word may be a token too: base64 can end in `=`.
            _ => "***".to_owned(),
        };
        query.split('&').map(hide).collect::<Vec<_>>().join("&")
    });
    shown.set_query(query.as_deref());
    shown.into()
}

/// Returns `url` without user name and password.
pub fn without_userinfo(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs that cannot have credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// Returns the percent-decoded text, or `None` if it is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

/// Returns the host of a URL, without the brackets of an IPv6 address.
pub(crate) fn bare_host(url: &Url) -> &str {
    url.host_str().unwrap_or("").trim_matches(['[', ']'])
}

/// Returns `true` if `host`, a name or an address without brackets, is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_localhost(host),
    }
}

/// Returns `true` if `host` is `localhost` or a subdomain of it.
///
/// These names belong to this machine and are never looked up (RFC 6761, section 6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}
