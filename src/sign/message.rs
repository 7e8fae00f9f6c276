//! What a request is apart from its body.

use std::net::Ipv6Addr;

use super::headers::{RequestHeaders, one};
use super::verdict::VerifyError;

/// A request without its body, which is streamed.
///
/// What a scheme does not need may be left out.
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
    /// A POST with these headers.
    pub fn new(headers: &'a dyn RequestHeaders) -> Self {
        Self { method: "POST", url: "", headers, params: &[] }
    }

    /// A POST without headers.
    pub fn empty() -> Self {
        Self::new(&NO_HEADERS)
    }

    /// With this method.
    pub fn method(self, method: &'a str) -> Self {
        Self { method, ..self }
    }

    /// With this URL: the one that the *sender* saw, character for character. A proxy may have
    /// changed it on the way. Schemes that need the path and the query only take these alone.
    pub fn url(self, url: &'a str) -> Self {
        Self { url, ..self }
    }

    /// With these parameters, decoded: the fields of a form, or what a scheme calls its fields.
    pub fn params(self, params: &'a [(&'a str, &'a str)]) -> Self {
        Self { params, ..self }
    }

    /// The scheme, where the URL has one: what is before `://`.
    pub(crate) fn scheme(&self) -> Option<&'a str> {
        self.url.split_once("://").map(|(scheme, _)| scheme)
    }

    /// Returns host and port as the URL writes them, without user and password.
    fn authority(&self) -> Option<&'a str> {
        let (_, rest) = self.url.split_once("://")?;
        let rest = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        Some(rest.rsplit_once('@').map_or(rest, |(_, host)| host))
    }

    /// Returns the `Host` field of the request, or else host and port as the URL writes them.
    pub(crate) fn host_as_given(&self) -> Result<Option<&'a str>, VerifyError> {
        let Some(host) = one(self.headers, "host")? else { return Ok(self.authority()) };
        let host = std::str::from_utf8(host);
        host.map(Some).map_err(|_| VerifyError::malformed("Host", "it is not text"))
    }

    /// Returns host and port in the normal form, which clients send.
    pub(crate) fn host(&self) -> Result<Option<String>, VerifyError> {
        self.host_as_given()?.map(|host| normal_authority(self.scheme(), host)).transpose()
    }

    /// Returns the URL as clients request it (RFC 9110, section 7.1): without user, password and
    /// fragment, scheme and authority in their normal form, the path never empty.
    pub(crate) fn target_uri(&self) -> Result<Option<String>, VerifyError> {
        let authority = self.authority().map(|host| normal_authority(self.scheme(), host));
        Ok(self.uri_at(authority.transpose()?))
    }

    /// The same as a receiver puts it together: with the authority of the `Host` field.
    pub(crate) fn received_uri(&self) -> Result<Option<String>, VerifyError> {
        Ok(self.uri_at(self.host()?))
    }

    fn uri_at(&self, authority: Option<String>) -> Option<String> {
        let scheme = self.scheme()?.to_ascii_lowercase();
        Some(format!("{scheme}://{}{}", authority?, self.request_target()))
    }

    /// Returns path and query as the request line has them.
    pub(crate) fn request_target(&self) -> String {
        let (path, query) = (self.path(), self.query());
        query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// Returns path and query as the URL writes them, without a fragment.
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

    /// What is after the `?`.
    pub(crate) fn query(&self) -> Option<&'a str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(title, _)| *title == name).map(|(_, value)| *value)
    }
}

/// Splits an authority into host and port; the colons within brackets are those of IPv6.
pub(crate) fn split_port(authority: &str) -> (&str, Option<&str>) {
    let host_end = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[host_end..].find(':') {
        Some(at) => (&authority[..host_end + at], Some(&authority[host_end + at + 1..])),
        None => (authority, None),
    }
}

/// Returns `true` if clients send `host` as it is written: they decode what is percent-encoded.
fn is_host_name(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte);
    !host.is_empty() && host.bytes().all(is_plain)
}

/// Returns host and port in the one form that clients send (RFC 9110, section 4.2.3): lower case,
/// an IPv6 address in its short form, no empty port, and not the port of the URL's scheme, which is
/// https if it is unknown.
fn normal_authority(scheme: Option<&str>, authority: &str) -> Result<String, VerifyError> {
    let wrong = |why| Err(VerifyError::malformed("host", why));
    if !authority.is_ascii() {
        return wrong("it is not ASCII (names in other scripts are sent as 'xn--…')");
    }
    let (host, port) = split_port(authority);
    let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => match address.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => return wrong("it is not an IPv6 address"),
        },
        None if is_host_name(host) => host.to_ascii_lowercase(),
        None => return wrong("it is not a host name"),
    };
    let own = match scheme {
        Some(scheme) if scheme.eq_ignore_ascii_case("http") => 80,
        _ => 443,
    };
    match port {
        None | Some("") => Ok(host),
        Some(port) => match port.parse::<u16>().ok().filter(|_| !port.starts_with('+')) {
            None => wrong("its port is not a number up to 65535"),
            Some(port) if port == own => Ok(host),
            Some(port) => Ok(format!("{host}:{port}")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_one_form() {
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
    fn a_host_field_counts_before_the_url() {
        let headers = [("Host", "B.example:443")];
        let message = Message::new(&headers).url("https://a.example/");
        assert_eq!(message.host_as_given(), Ok(Some("B.example:443")));
        assert_eq!(message.host(), Ok(Some("b.example".to_owned())));
        let differing = [("Host", "a"), ("Host", "b")];
        assert!(Message::new(&differing).host().is_err());
    }
}
