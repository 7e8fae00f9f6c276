//! A request without its body.

use std::net::Ipv6Addr;

use crate::sign::component::Component;
use crate::sign::error::RequestError;
use crate::sign::headers::{RequestHeaders, single};

/// A request without its body, which is streamed.
///
/// Components that the scheme does not use may be left out.
///
/// ```
/// use hsum::sign::Message;
///
/// let headers = [("X-Hub-Signature-256", "sha256=…")];
/// let message = Message::new(&headers).url("https://example.org/hook");
/// ```
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a dyn RequestHeaders,
    pub(crate) params: &'a [(&'a str, &'a str)],
}

static NO_HEADERS: [(&str, &str); 0] = [];

impl<'a> Message<'a> {
    /// Returns a POST request with these headers.
    pub fn new(headers: &'a dyn RequestHeaders) -> Self {
        Self { method: "POST", url: "", headers, params: &[] }
    }

    /// Returns a POST request without headers.
    pub fn empty() -> Self {
        Self::new(&NO_HEADERS)
    }

    /// Sets the method.
    pub fn method(self, method: &'a str) -> Self {
        Self { method, ..self }
    }

    /// Sets the URL exactly as the *sender* saw it.
    ///
    /// A proxy may have changed it. Some schemes need only path and query.
    pub fn url(self, url: &'a str) -> Self {
        Self { url, ..self }
    }

    /// Sets the decoded parameters: the fields of a form, or of the scheme.
    pub fn params(self, params: &'a [(&'a str, &'a str)]) -> Self {
        Self { params, ..self }
    }

    /// Returns the scheme of the URL, if it has one.
    pub(crate) fn scheme(&self) -> Option<&'a str> {
        self.url.split_once("://").map(|(scheme, _)| scheme)
    }

    /// Returns host and port as written in the URL, without user and password.
    fn authority(&self) -> Option<&'a str> {
        let (_, rest) = self.url.split_once("://")?;
        let rest = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        Some(rest.rsplit_once('@').map_or(rest, |(_, host)| host))
    }

    /// Returns the `Host` header, or else host and port as written in the URL.
    pub(crate) fn host_as_given(&self) -> Result<Option<&'a str>, RequestError> {
        let Some(host) = single(self.headers, "host")? else { return Ok(self.authority()) };
        let host = std::str::from_utf8(host);
        host.map(Some).map_err(|_| RequestError::malformed_header("Host", "not UTF-8"))
    }

    /// Returns host and port in the normalized form that clients send.
    pub(crate) fn host(&self) -> Result<Option<String>, RequestError> {
        self.host_as_given()?.map(|host| normal_authority(self.scheme(), host)).transpose()
    }

    /// Returns the URL as clients request it (RFC 9110, section 7.1): scheme and authority
    /// normalized, the path never empty, without user, password and fragment.
    pub(crate) fn target_uri(&self) -> Result<Option<String>, RequestError> {
        let authority = self.authority().map(|host| normal_authority(self.scheme(), host));
        Ok(self.uri_at(authority.transpose()?))
    }

    /// Returns the URL as a receiver composes it, with the authority of the `Host` header.
    pub(crate) fn received_uri(&self) -> Result<Option<String>, RequestError> {
        Ok(self.uri_at(self.host()?))
    }

    fn uri_at(&self, authority: Option<String>) -> Option<String> {
        let scheme = self.scheme()?.to_ascii_lowercase();
        Some(format!("{scheme}://{}{}", authority?, self.request_target()))
    }

    /// Returns path and query as in the request line.
    pub(crate) fn request_target(&self) -> String {
        let (path, query) = (self.path(), self.query());
        query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// Returns path and query as written in the URL, without the fragment.
    fn target(&self) -> &'a str {
        let target = match self.url.split_once("://") {
            Some((_, rest)) => rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]),
            None => self.url,
        };
        target.split_once('#').map_or(target, |(target, _)| target)
    }

    /// Returns the path: `/` if the URL ends before it (RFC 9110, section 4.2.3).
    pub(crate) fn path(&self) -> &'a str {
        let target = self.target();
        match target.split_once('?').map_or(target, |(path, _)| path) {
            "" if self.scheme().is_some() => "/",
            path => path,
        }
    }

    /// Returns the text after the `?`.
    pub(crate) fn query(&self) -> Option<&'a str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    /// Returns the first parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(title, _)| *title == name).map(|(_, value)| *value)
    }
}

/// Checks that `value` is a word: visible ASCII characters, at least one.
pub(crate) fn check_word(component: Component, value: &str) -> Result<(), RequestError> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = "not a word (expected one or more visible ASCII characters)";
        return Err(RequestError::malformed(component, problem));
    }
    Ok(())
}

/// Returns `url` with `item` at the end of its query.
pub(crate) fn with_query_item(url: &str, item: &str) -> String {
    let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let separator = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{url}{separator}{item}{fragment}")
}

/// Splits an authority into host and port. Colons in brackets belong to an IPv6 address.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[host_end..].find(':') {
        Some(at) => (&authority[..host_end + at], Some(&authority[host_end + at + 1..])),
        None => (authority, None),
    }
}

/// Returns `true` if `host` has no characters that clients change, such as percent-encoded ones.
fn is_host_name(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    !host.is_empty() && host.bytes().all(is_plain)
}

/// Returns host and port in the form that clients send (RFC 9110, section 4.2.3): lower case, an
/// IPv6 address in its short form, no empty port and no default port. The default is that of
/// https if the scheme is unknown.
fn normal_authority(scheme: Option<&str>, authority: &str) -> Result<String, RequestError> {
    let wrong = |why| Err(RequestError::malformed(Component::Host, why));
    if !authority.is_ascii() {
        return wrong("not ASCII (expected the 'xn--…' form of names in other scripts)");
    }
    let (host, port) = split_port(authority);
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => match address.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => return wrong("not an IPv6 address"),
        },
        None if is_host_name(host) => host.to_ascii_lowercase(),
        None => return wrong("not a host name"),
    };
    let default = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => 80,
        _ => 443,
    };
    match port {
        None | Some("") => Ok(host),
        Some(port) => match port.parse::<u16>().ok().filter(|_| !port.starts_with('+')) {
            None => wrong("invalid port (expected a number up to 65535)"),
            Some(port) if port == default => Ok(host),
            Some(port) => Ok(format!("{host}:{port}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_normalized() {
        for (url, host, target) in [
            ("https://example.com/k", "example.com", "https://example.com/k"),
            ("https://example.com:443/k", "example.com", "https://example.com/k"),
            ("https://example.com:0443/k", "example.com", "https://example.com/k"),
            ("https://example.com:/k", "example.com", "https://example.com/k"),
            ("HTTPS://EXAMPLE.com/K", "example.com", "https://example.com/K"),
            ("https://example.com:80/", "example.com:80", "https://example.com:80/"),
            ("http://example.com:80/", "example.com", "http://example.com/"),
            ("HTTP://example.com:080/", "example.com", "http://example.com/"),
            ("http://example.com:443/", "example.com:443", "http://example.com:443/"),
            ("https://example.com:8443/", "example.com:8443", "https://example.com:8443/"),
            ("https://example.com./", "example.com.", "https://example.com./"),
            ("https://u:p@example.com:443/p#f", "example.com", "https://example.com/p"),
            ("https://u@x:p@example.com/p?a#f?b", "example.com", "https://example.com/p?a"),
            ("https://example.com", "example.com", "https://example.com/"),
            ("https://example.com?a=1", "example.com", "https://example.com/?a=1"),
            ("https://example.com?", "example.com", "https://example.com/?"),
            ("https://example.com#f", "example.com", "https://example.com/"),
            ("https://[2001:DB8::1]:443/", "[2001:db8::1]", "https://[2001:db8::1]/"),
            ("https://[2001:0db8:0:0::1]/", "[2001:db8::1]", "https://[2001:db8::1]/"),
            ("https://[::443]/", "[::443]", "https://[::443]/"),
            ("https://[::1]:8443/", "[::1]:8443", "https://[::1]:8443/"),
            (
                "https://XN--BCHER-KVA.example/",
                "xn--bcher-kva.example",
                "https://xn--bcher-kva.example/",
            ),
        ] {
            let message = Message::empty().url(url);
            assert_eq!(message.host().unwrap().as_deref(), Some(host), "{url}");
            assert_eq!(message.target_uri().unwrap().as_deref(), Some(target), "{url}");
        }
        for url in [
            "https://bücher.example/",
            "https://a.example:x/",
            "https://a.example:65536/",
            "https:///k",
            "https://:443/",
            "https://u@/",
            "https://a b.example/",
            "https://%61.example/",
            "https://a\\b/",
            "https://[::1/",
            "https://a]b/",
            "https://[fe80::1%25eth0]/",
            "https://[example]/",
        ] {
            let message = Message::empty().url(url);
            assert!(message.host().is_err() && message.target_uri().is_err(), "{url}");
        }
        let path_only = Message::empty().url("/p?a");
        assert_eq!((path_only.host(), path_only.target_uri()), (Ok(None), Ok(None)));
        assert_eq!(path_only.request_target(), "/p?a");
    }

    #[test]
    fn a_host_header_takes_precedence_over_the_url() {
        let headers = [("Host", "B.example:443")];
        let message = Message::new(&headers).url("https://a.example/");
        assert_eq!(message.host_as_given(), Ok(Some("B.example:443")));
        assert_eq!(message.host(), Ok(Some("b.example".to_owned())));
        let differing = [("Host", "a"), ("Host", "b")];
        assert!(Message::new(&differing).host().is_err());
    }
}
