//! Which proxy stands before a server: as the user says, or as `http_proxy` and its kin do.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use url::Url;

use crate::fs::lock::lock;
use crate::net::failure::{Failure, FailureKind};
use crate::net::headers::HeaderFields;
use crate::net::identity::Answer;
use crate::net::secret::{Credentials, Secret};
use crate::net::transport::Body;
use crate::net::url::{Protocol, UrlScheme, bare_host, percent_decoded};

/// The proxies for each scheme, and who is reached without one.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    /// Who names one for FTP, which no proxy is spoken to for.
    ftp: Option<&'static str>,
    direct: Vec<String>,
}

/// A proxy that was named, or why it cannot be used. Requests that would go through it then fail,
/// and no others.
type Named = Result<Proxy, BadProxy>;

/// Why a value does not name a proxy. It does not repeat the value, which may hold a password.
#[derive(Clone, Debug)]
struct BadProxy {
    /// The variable or option that has the value.
    named_by: &'static str,
    /// The scheme that the value has in place of `http`.
    scheme: Option<String>,
}

impl fmt::Display for BadProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scheme {
            Some(scheme) => write!(f, "unsupported proxy scheme '{scheme}'")?,
            None => f.write_str("malformed proxy URL")?,
        }
        write!(f, " (from {}; expected http://[USER:PASSWORD@]HOST[:PORT])", self.named_by)
    }
}

/// An HTTP proxy.
#[derive(Clone)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What it is told of user and password, where the URL has them, over whichever connection.
    told: Option<Arc<Mutex<Told>>>,
}

/// What a proxy is told, and how many of its challenges that takes account of.
struct Told {
    answer: Answer,
    learnt: u32,
}

/// How often a request is sent again because the proxy asks who the user is: a nonce may be stale
/// by the time that it is used.
pub(crate) const MOST_CHALLENGES: u32 = 3;

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

impl Proxies {
    /// None at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// This one for http and https; with it there is no FTP, which would have to go past it.
    ///
    /// # Errors
    /// Where it is not `http://[USER:PASSWORD@]HOST[:PORT]`.
    pub fn all(url: &str) -> Result<Self, Failure> {
        let proxy = Proxy::parse(url, "--proxy")
            .map_err(|bad| Failure::new(FailureKind::Usage, bad.to_string()))?;
        let ftp = Some("--proxy");
        let named = Some(Ok(proxy));
        Ok(Self { http: named.clone(), https: named, ftp, direct: Vec::new() })
    }

    /// What the environment says: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, the lower
    /// case first. `HTTP_PROXY` does not count: a CGI script's client sets it. Where `ftp_proxy` or
    /// `all_proxy` names one, there is FTP only to what `no_proxy` excepts.
    ///
    /// A value that does not name an HTTP proxy fails the requests that would go through it.
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var_os(name))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // A value that is not UTF-8 becomes text that names no proxy: requests fail, and do not
        // bypass it.
        let variable =
            |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned());
        let is_set = |name: &&str| variable(name).is_some_and(|value| !value.trim().is_empty());
        let first = |names: &[&'static str]| {
            let name = names.iter().copied().find(is_set)?;
            Some(Proxy::parse(variable(name)?.trim(), name))
        };
        let list = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        let split = |c: char| c == ',' || c.is_whitespace();
        Self {
            http: first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            ftp: ["ftp_proxy", "FTP_PROXY", "all_proxy", "ALL_PROXY"].into_iter().find(is_set),
            direct: list.split(split).filter(|n| !n.is_empty()).map(str::to_lowercase).collect(),
        }
    }

    /// Returns the proxy on the way to `host`, without brackets if it is an IPv6 address.
    ///
    /// # Errors
    /// If the proxy that was named for it cannot be used: requests must not bypass it.
    pub(crate) fn before(
        &self,
        scheme: &UrlScheme,
        host: &str,
        port: u16,
    ) -> Result<Option<&Proxy>, Failure> {
        if self.excepts(host, port) {
            return Ok(None);
        }
        let named = if scheme.is_encrypted { &self.https } else { &self.http };
        match named {
            None => Ok(None),
            Some(Ok(proxy)) => Ok(Some(proxy)),
            Some(Err(bad)) => {
                let text = format!("{bad}; unset it, or name the host in no_proxy");
                Err(Failure::new(FailureKind::Usage, text))
            }
        }
    }

    /// Returns the proxy that reads requests for such a URL: over https it only passes them on.
    ///
    /// # Errors
    /// As [`Proxies::before`].
    pub(crate) fn reading(&self, url: &Url) -> Result<Option<&Proxy>, Failure> {
        let host = bare_host(url);
        match UrlScheme::of(url) {
            Some(scheme) if scheme.protocol == Protocol::Http && !scheme.is_encrypted => {
                self.before(scheme, host, url.port().unwrap_or(scheme.default_port))
            }
            _ => Ok(None),
        }
    }
}

impl Proxies {
    /// Refuses FTP to that host where a proxy is to be on the way: it would be passed by unseen.
    pub(crate) fn may_ftp(&self, host: &str, port: u16) -> Result<(), Failure> {
        match self.ftp {
            Some(who) if !self.excepts(host, port) => Err(Failure::new(
                FailureKind::Policy,
                format!(
                    "FTP does not go through a proxy, and {who} names one; \
                     '--proxy none', or no_proxy, lets it go without"
                ),
            )),
            _ => Ok(()),
        }
    }

    fn excepts(&self, host: &str, port: u16) -> bool {
        let host = host.to_lowercase();
        self.direct.iter().any(|entry| names(entry, &host, port))
    }
}

/// Whether an entry of `no_proxy` names the host: `*`, an address, a name and all below it.
fn names(entry: &str, host: &str, port: u16) -> bool {
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
    fn parse(text: &str, named_by: &'static str) -> Named {
        let wrong = || BadProxy { named_by, scheme: None };
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        let url = url.map_err(|_| wrong())?;
        if url.scheme() != "http" {
            return Err(BadProxy { named_by, scheme: Some(url.scheme().into()) });
        }
        let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        let plain = |text: &str| percent_decoded(text).ok_or_else(wrong);
        let user = match url.username() {
            "" => None,
            user => Some(Credentials::new(plain(user)?, plain(url.password().unwrap_or(""))?)),
        };
        let told = user
            .map(|user| Arc::new(Mutex::new(Told { answer: Answer::to_proxy(user), learnt: 0 })));
        Ok(Self { host, port, told })
    }

    /// The value of `Proxy-Authorization` for a request with this on its first line, where there is
    /// something to say, and how many challenges that takes account of.
    pub(crate) fn authorization(
        &self,
        method: &str,
        target: &str,
        body: &Body,
    ) -> Result<(Option<Secret>, u32), Failure> {
        let Some(mut told) = self.told() else { return Ok((None, 0)) };
        let value = told.answer.header(method, target, body);
        let value = value.map_err(|failure| failure.during(self.name()))?;
        Ok((value, told.learnt))
    }

    /// Takes note of its challenge to a request that was sent with that account; whether there is
    /// something to answer that was not said before.
    pub(crate) fn learn(&self, account: u32, headers: &HeaderFields) -> bool {
        let Some(mut told) = self.told() else { return false };
        // Another connection has been asked meanwhile.
        if told.learnt != account {
            return true;
        }
        let learnt = told.answer.learn(headers);
        told.learnt += u32::from(learnt);
        learnt
    }

    /// What a challenge means that is not answered.
    pub(crate) fn refusal(&self) -> &'static str {
        match self.told {
            None => "it wants a user and a password (407 Proxy Authentication Required)",
            Some(_) => {
                "it refuses user and password, or asks for them in an unknown way \
                 (407 Proxy Authentication Required)"
            }
        }
    }

    /// For messages.
    pub(crate) fn name(&self) -> String {
        format!("proxy {}:{}", self.host, self.port)
    }

    fn told(&self) -> Option<MutexGuard<'_, Told>> {
        let told = self.told.as_ref()?;
        Some(lock(told))
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
            proxies.before(named(scheme), host, port).expect("a good one").map(|p| p.host.as_str())
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
        assert!(proxies.before(named("http"), "a", 80).expect("none").is_none());
    }

    #[test]
    fn ftp_is_refused_where_a_proxy_is_named_for_it() {
        for name in ["all_proxy", "ALL_PROXY", "ftp_proxy"] {
            let proxies = proxies(&[(name, "http://a:1"), ("no_proxy", "h.test")]);
            let refused = proxies.may_ftp("f.test", 21).unwrap_err();
            assert_eq!(refused.kind(), FailureKind::Policy);
            assert!(refused.to_string().contains(name), "{refused}");
            assert!(proxies.may_ftp("h.test", 21).is_ok());
        }
        assert!(proxies(&[("http_proxy", "http://a:1")]).may_ftp("f.test", 21).is_ok());
        assert!(Proxies::all("http://a:1").expect("good").may_ftp("f.test", 21).is_err());
    }

    #[test]
    fn one_that_cannot_be_used_fails_what_would_go_through_it() {
        let fails = |variables: &[(&str, &str)], scheme, host| {
            proxies(variables).before(named(scheme), host, 80).map(|_| ()).map_err(|failure| {
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
            // One of its own goes first.
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

    fn challenged(proxy: &Proxy, account: u32, challenge: &str) -> bool {
        let mut headers = HeaderFields::new();
        assert!(headers.push("Proxy-Authenticate", challenge));
        proxy.learn(account, &headers)
    }

    #[test]
    fn a_user_is_decoded_told_when_asked_and_never_shown() {
        let proxies = Proxies::all("http://me:p%40ss+@host:1").expect("good");
        let proxy = proxies.before(named("http"), "x", 80).expect("good").expect("one");
        let said = || proxy.authorization("GET", "http://x/", &Body::Empty).expect("good");
        assert!(said().0.is_none());
        assert!(challenged(proxy, 0, "Basic realm=\"x\""));
        // Another connection, which did not know it yet, may try again.
        assert!(challenged(proxy, 0, "Basic realm=\"x\""));
        let (value, account) = said();
        assert_eq!(value.expect("a user").as_bytes(), b"Basic bWU6cEBzcys=");
        assert!(!challenged(proxy, account, "Basic realm=\"x\""));
        assert!(!format!("{proxies:?}").contains("ss"));
        for wrong in ["socks5://x:1", "http://", "https://x"] {
            assert_eq!(Proxies::all(wrong).unwrap_err().kind(), FailureKind::Usage, "{wrong}");
        }
    }

    #[test]
    fn a_digest_goes_before_the_password_itself_and_counts_on() {
        let proxies = Proxies::all("http://me:secret@host:1").expect("good");
        let proxy = proxies.before(named("https"), "x", 443).expect("good").expect("one");
        let said = || {
            let (value, account) =
                proxy.authorization("CONNECT", "x:443", &Body::Empty).expect("good");
            let value = value.expect("a user");
            (value.to_str().expect("text").to_owned(), account)
        };
        let digest = |nonce: &str, more: &str| {
            format!("Basic realm=\"r\", Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"{more}")
        };
        assert!(challenged(proxy, 0, &digest("n1", "")));
        let (first, _) = said();
        assert!(first.starts_with("Digest username=\"me\"") && first.contains("uri=\"x:443\""));
        assert!(first.contains("nc=00000001") && !first.contains("secret"));
        let (second, account) = said();
        assert!(second.contains("nc=00000002"));
        assert!(!challenged(proxy, account, &digest("n2", "")), "they are wrong");
        assert!(challenged(proxy, account, &digest("n2", ", stale=true")));
        assert!(said().0.contains("nonce=\"n2\""));
    }
}
