//! HTTP proxies, from a URL or from environment variables such as `http_proxy`.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use url::Url;

use crate::fs::lock::lock;
use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::net::headers::HeaderFields;
use crate::net::identity::Authenticator;
use crate::net::secret::{Credentials, Secret};
use crate::net::transport::Body;
use crate::net::url::{Protocol, UrlScheme, bare_host, percent_decoded};

/// The proxies for each scheme, and the hosts that are reached without one.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Setting>,
    https: Option<Setting>,
    /// Set if requests for FTP URLs are refused because a proxy is configured for them.
    ftp: Option<Variable>,
    direct: Vec<String>,
}

/// A proxy, or why it cannot be used. Only requests that would go through it fail.
type Setting = Result<Proxy, String>;

/// The environment variable with a setting; `None` if it comes from [`Proxies::all`].
type Variable = Option<&'static str>;

/// An HTTP proxy.
#[derive(Clone)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Set if the URL has credentials.
    auth: Option<Arc<Mutex<ProxyAuth>>>,
}

/// The authentication with a proxy, shared by all connections to it.
struct ProxyAuth {
    authenticator: Authenticator,
    /// The number of challenges accepted.
    accepted: u32,
}

/// The maximum number of challenges to one request: a nonce may be stale by the time it is used.
pub(crate) const MAX_CHALLENGES: u32 = 3;

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

impl Proxies {
    /// Uses no proxy.
    pub fn none() -> Self {
        Self::default()
    }

    /// Uses one proxy for http and https. Requests for FTP URLs fail, because they would bypass it.
    ///
    /// # Errors
    /// If the URL is not `http://[USER:PASSWORD@]HOST[:PORT]`.
    pub fn all(url: &str) -> Result<Self, Failure> {
        let proxy = Proxy::parse(url, None);
        let setting = Some(Ok(proxy.map_err(|text| Failure::new(FailureKind::Usage, text))?));
        Ok(Self { http: setting.clone(), https: setting, ftp: Some(None), direct: Vec::new() })
    }

    /// Reads the environment variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
    ///
    /// Lower case takes precedence. `HTTP_PROXY` is ignored, because clients of a CGI script can
    /// set it. With `ftp_proxy` or `all_proxy`, requests for FTP URLs fail, except to hosts in
    /// `no_proxy`. If a value is not the URL of an HTTP proxy, requests through it fail.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // A value that is not UTF-8 becomes an invalid URL: requests fail rather than bypass it.
        let variable =
            |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let is_set = |name: &&str| variable(name).is_some_and(|value| !value.trim().is_empty());
        let first = |names: &[&'static str]| {
            let name = names.iter().copied().find(is_set)?;
            Some(Proxy::parse(variable(name)?.trim(), Some(name)))
        };
        let list = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        let split = |c: char| c == ',' || c.is_whitespace();
        Self {
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            ftp: ["ftp_proxy", "FTP_PROXY", "all_proxy", "ALL_PROXY"]
                .into_iter()
                .find(is_set)
                .map(Some),
            direct: list.split(split).filter(|n| !n.is_empty()).map(str::to_lowercase).collect(),
        }
    }

    /// Returns the proxy for connections to `host`, which has no brackets if it is an IPv6 address.
    ///
    /// # Errors
    /// If the proxy cannot be used: requests must not bypass it.
    pub(crate) fn proxy_for(
        &self,
        scheme: &UrlScheme,
        host: &str,
        port: u16,
    ) -> Result<Option<&Proxy>, Failure> {
        if self.is_direct(host, port) {
            return Ok(None);
        }
        let setting = if scheme.is_encrypted { &self.https } else { &self.http };
        match setting {
            None => Ok(None),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            Some(Err(invalid)) => {
                let text = format!("{invalid}; unset it, or list the host in no_proxy");
                Err(Failure::new(FailureKind::Usage, text))
            }
        }
    }

    /// Returns the proxy that can read requests for `url`; `None` if they are encrypted.
    ///
    /// # Errors
    /// As for [`Proxies::proxy_for`].
    pub(crate) fn reader_of(&self, url: &Url) -> Result<Option<&Proxy>, Failure> {
        let host = bare_host(url);
        match UrlScheme::of(url) {
            Some(scheme) if scheme.protocol == Protocol::Http && !scheme.is_encrypted => {
                self.proxy_for(scheme, host, url.port().unwrap_or(scheme.default_port))
            }
            _ => Ok(None),
        }
    }

    /// Fails if a proxy is configured for FTP to that host: the connection would bypass it.
    pub(crate) fn check_ftp(&self, host: &str, port: u16) -> Result<(), Failure> {
        match self.ftp {
            Some(variable) if !self.is_direct(host, port) => {
                Err(FailureReason::FtpProxy { variable }.into())
            }
            _ => Ok(()),
        }
    }

    fn is_direct(&self, host: &str, port: u16) -> bool {
        let host = host.to_lowercase();
        self.direct.iter().any(|entry| matches(entry, &host, port))
    }
}

/// Returns `true` if an entry of `no_proxy` matches the host.
///
/// The entry is `*`, an address, or a name, which matches its subdomains too.
fn matches(entry: &str, host: &str, port: u16) -> bool {
    let address = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    if let Some(entry) = address(entry) {
        return address(host) == Some(entry);
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, port)) => (name, port.parse().ok()),
        None => (entry, None),
    };
    if only.is_some_and(|only: u16| only != port) {
        return false;
    }
    if let (Some(name), Some(host)) = (address(name), address(host)) {
        return name == host;
    }
    let name = name.strip_prefix('*').unwrap_or(name);
    let name = name.strip_prefix('.').unwrap_or(name);
    let Some(rest) = host.strip_suffix(name) else { return false };
    name.is_empty() || rest.is_empty() || rest.ends_with('.')
}

impl Proxy {
    /// Parses the URL. The error does not repeat it, because it may contain a password.
    fn parse(text: &str, variable: Variable) -> Setting {
        let source = variable.map_or(String::new(), |name| format!("from {name}; "));
        let expected = format!("({source}expected http://[USER:PASSWORD@]HOST[:PORT])");
        let invalid = || format!("malformed proxy URL {expected}");
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        let url = url.map_err(|_| invalid())?;
        if url.scheme() != "http" {
            return Err(format!("unsupported proxy scheme '{}' {expected}", url.scheme()));
        }
        let host = url.host_str().ok_or_else(invalid)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or_else(invalid)?;
        let decoded = |text: &str| percent_decoded(text).ok_or_else(invalid);
        let user = match url.username() {
            "" => None,
            user => Some(Credentials::new(decoded(user)?, decoded(url.password().unwrap_or(""))?)),
        };
        let auth = user.map(|user| {
            let authenticator = Authenticator::for_proxy(user);
            Arc::new(Mutex::new(ProxyAuth { authenticator, accepted: 0 }))
        });
        Ok(Self { host, port, auth })
    }

    /// Returns the value of `Proxy-Authorization`, if there is one, and the number of challenges
    /// accepted so far.
    pub(crate) fn authorization(
        &self,
        method: &str,
        target: &str,
        body: &Body,
    ) -> Result<(Option<Secret>, u32), Failure> {
        let Some(mut auth) = self.auth() else { return Ok((None, 0)) };
        let value = auth.authenticator.header(method, target, body);
        let value = value.map_err(|failure| failure.during(self.name()))?;
        Ok((value, auth.accepted))
    }

    /// Accepts the challenge to a request that was sent after `accepted` challenges. Returns `true`
    /// if the request should be sent again.
    pub(crate) fn accept_challenge(&self, accepted: u32, headers: &HeaderFields) -> bool {
        let Some(mut auth) = self.auth() else { return false };
        // Another connection has accepted a challenge in the meantime.
        if auth.accepted != accepted {
            return true;
        }
        let is_new = auth.authenticator.accept_challenge(headers);
        auth.accepted += u32::from(is_new);
        is_new
    }

    /// Returns the failure for a challenge that cannot be answered.
    pub(crate) fn refusal(&self) -> Failure {
        let text = match self.auth {
            None => "requires a user name and password (407 Proxy Authentication Required)",
            Some(_) => {
                "rejects the user name and password, or requires an unsupported method \
                 (407 Proxy Authentication Required)"
            }
        };
        Failure::new(FailureKind::Status(407), text)
    }

    /// Returns the proxy's name in messages.
    pub(crate) fn name(&self) -> String {
        format!("proxy {}:{}", self.host, self.port)
    }

    fn auth(&self) -> Option<MutexGuard<'_, ProxyAuth>> {
        let auth = self.auth.as_ref()?;
        Some(lock(auth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(scheme: &str) -> &'static UrlScheme {
        UrlScheme::named(scheme).expect("supported")
    }

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let find =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into());
        Proxies::from_variables(find)
    }

    #[test]
    fn the_environment_names_proxies_and_exceptions() {
        let all = [
            ("http_proxy", "http://a:3128"),
            ("HTTP_PROXY", "http://evil:1"),
            ("all_proxy", "b:80"),
            ("no_proxy", "example.org, .internal 10.0.0.1,[::1],x.test:8080"),
        ];
        let proxies = proxies(&all);
        let host = |scheme, host, port| {
            proxies
                .proxy_for(named(scheme), host, port)
                .expect("a good one")
                .map(|p| p.host.as_str())
        };
        assert_eq!(host("http", "other.org", 80), Some("a"));
        assert_eq!(host("https", "other.org", 443), Some("b"));
        for direct in ["example.org", "WWW.example.org", "a.internal", "10.0.0.1", "::1"] {
            assert_eq!(host("http", direct, 80), None, "{direct}");
        }
        assert_eq!(host("http", "notexample.org", 80), Some("a"));
        assert_eq!(host("http", "x.test", 8080), None);
        assert_eq!(host("http", "x.test", 80), Some("a"));
    }

    #[test]
    fn upper_case_http_proxy_is_ignored() {
        let proxies = proxies(&[("HTTP_PROXY", "http://evil:1")]);
        assert!(proxies.proxy_for(named("http"), "a", 80).expect("none").is_none());
    }

    #[test]
    fn ftp_is_refused_if_a_proxy_is_configured() {
        for name in ["all_proxy", "ALL_PROXY", "ftp_proxy"] {
            let proxies = proxies(&[(name, "http://a:1"), ("no_proxy", "h.test")]);
            let refused = proxies.check_ftp("f.test", 21).unwrap_err();
            assert_eq!(refused.kind(), FailureKind::Policy);
            let reason = FailureReason::FtpProxy { variable: Some(name) };
            assert_eq!(refused.reason(), Some(&reason));
            assert!(proxies.check_ftp("h.test", 21).is_ok());
        }
        assert!(proxies(&[("http_proxy", "http://a:1")]).check_ftp("f.test", 21).is_ok());
        assert!(Proxies::all("http://a:1").expect("good").check_ftp("f.test", 21).is_err());
    }

    #[test]
    fn requests_through_an_invalid_proxy_fail() {
        let fails = |variables: &[(&str, &str)], scheme, host| {
            proxies(variables).proxy_for(named(scheme), host, 80).map(|_| ()).map_err(|failure| {
                assert_eq!(failure.kind(), FailureKind::Usage);
                let text = failure.to_string();
                assert!(!text.contains("s3cret"), "{text}");
                text
            })
        };
        for (name, value, part) in [
            ("all_proxy", "socks5://127.0.0.1:1", "'socks5' (from all_proxy"),
            ("ALL_PROXY", "socks5h://me:s3cret@h:1", "'socks5h' (from ALL_PROXY"),
            ("http_proxy", "https://h:1", "'https' (from http_proxy"),
            ("all_proxy", "http://me:s3cret@[h", "malformed proxy URL (from all_proxy"),
            ("all_proxy", "me:s3cret@h:99999", "malformed proxy URL (from all_proxy"),
            ("all_proxy", "\u{fffd} \u{fffd}", "malformed proxy URL (from all_proxy"),
        ] {
            let bad = (name, value);
            let text = fails(&[bad], "http", "h.test").unwrap_err();
            assert!(text.contains(part), "{text}");
            assert_eq!(fails(&[bad, ("no_proxy", "h.test")], "http", "h.test"), Ok(()), "{name}");
            assert_eq!(fails(&[bad, ("NO_PROXY", "*")], "http", "h.test"), Ok(()), "{name}");
            // The variable of the scheme takes precedence.
            if name != "http_proxy" {
                let good = [bad, ("http_proxy", "http://a:1")];
                assert_eq!(fails(&good, "http", "h.test"), Ok(()), "{name}");
                assert!(fails(&good, "https", "h.test").is_err(), "{name}");
            }
        }
        assert_eq!(fails(&[("http_proxy", "socks5://h")], "https", "h.test"), Ok(()));
        for empty in ["", " "] {
            assert_eq!(fails(&[("all_proxy", empty)], "http", "h.test"), Ok(()));
            let next = [("all_proxy", empty), ("ALL_PROXY", "socks4://h")];
            assert!(fails(&next, "http", "h.test").is_err());
        }
    }

    fn challenged(proxy: &Proxy, accepted: u32, challenge: &str) -> bool {
        let mut headers = HeaderFields::new();
        headers.push("Proxy-Authenticate", challenge).unwrap();
        proxy.accept_challenge(accepted, &headers)
    }

    #[test]
    fn credentials_are_decoded_and_sent_only_after_a_challenge() {
        let proxies = Proxies::all("http://me:p%40ss+@host:1").expect("good");
        let proxy = proxies.proxy_for(named("http"), "x", 80).expect("good").expect("one");
        let authorization = || proxy.authorization("GET", "http://x/", &Body::Empty).expect("good");
        assert!(authorization().0.is_none());
        assert!(challenged(proxy, 0, "Basic realm=\"x\""));
        // A request that was sent before the challenge may be sent again.
        assert!(challenged(proxy, 0, "Basic realm=\"x\""));
        let (value, accepted) = authorization();
        assert_eq!(value.expect("a user").as_bytes(), b"Basic bWU6cEBzcys=");
        assert!(!challenged(proxy, accepted, "Basic realm=\"x\""));
        assert!(!format!("{proxies:?}").contains("ss"));
        for wrong in ["socks5://x:1", "http://", "https://x"] {
            assert_eq!(Proxies::all(wrong).unwrap_err().kind(), FailureKind::Usage, "{wrong}");
        }
    }

    #[test]
    fn digest_is_preferred_and_numbered() {
        let proxies = Proxies::all("http://me:secret@host:1").expect("good");
        let proxy = proxies.proxy_for(named("https"), "x", 443).expect("good").expect("one");
        let authorization = || {
            let (value, accepted) =
                proxy.authorization("CONNECT", "x:443", &Body::Empty).expect("good");
            let value = value.expect("a user");
            (value.to_str().expect("text").to_owned(), accepted)
        };
        let digest = |nonce: &str, more: &str| {
            format!("Basic realm=\"r\", Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"{more}")
        };
        assert!(challenged(proxy, 0, &digest("n1", "")));
        let (first, _) = authorization();
        assert!(first.starts_with("Digest username=\"me\"") && first.contains("uri=\"x:443\""));
        assert!(first.contains("nc=00000001") && !first.contains("secret"));
        let (second, accepted) = authorization();
        assert!(second.contains("nc=00000002"));
        assert!(!challenged(proxy, accepted, &digest("n2", "")), "the credentials are wrong");
        assert!(challenged(proxy, accepted, &digest("n2", ", stale=true")));
        assert!(authorization().0.contains("nonce=\"n2\""));
    }
}
