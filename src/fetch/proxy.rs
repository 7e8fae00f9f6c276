//! Which proxy stands before a server: as the user says, or as `http_proxy` and its kin do.

use std::fmt;
use std::net::IpAddr;

use base64ct::{Base64, Encoding};
use url::Url;
use zeroize::Zeroizing;

use super::failure::{Failure, FailureKind};

/// The proxies for each scheme, and who is reached without one.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    direct: Vec<String>,
}

/// An HTTP proxy.
#[derive(Clone)]
pub struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password, where the URL has them.
    pub(crate) user: Option<(String, Zeroizing<String>)>,
}

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

    /// This one for everything.
    ///
    /// # Errors
    /// Where it is not `http://[USER:PASSWORD@]HOST[:PORT]`.
    pub fn all(url: &str) -> Result<Self, Failure> {
        let proxy = Proxy::parse(url)?;
        Ok(Self { http: Some(proxy.clone()), https: Some(proxy), direct: Vec::new() })
    }

    /// What the environment says: `http_proxy`, `https_proxy`, `all_proxy`, `no_proxy`, the lower
    /// case first. `HTTP_PROXY` does not count: a CGI script's client sets it.
    ///
    /// # Errors
    /// Where one of them is no proxy's URL.
    pub fn from_environment() -> Result<Self, Failure> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let first = |names: &[&str]| {
            let found = names.iter().find_map(|n| variable(n).filter(|v| !v.trim().is_empty()));
            found.map(|url| Proxy::parse(url.trim())).transpose()
        };
        let all = first(&["all_proxy", "ALL_PROXY"])?;
        let list = variable("no_proxy").or_else(|| variable("NO_PROXY")).unwrap_or_default();
        let split = |c: char| c == ',' || c.is_whitespace();
        Ok(Self {
            http: first(&["http_proxy"])?.or_else(|| all.clone()),
            https: first(&["https_proxy", "HTTPS_PROXY"])?.or(all),
            direct: list.split(split).filter(|n| !n.is_empty()).map(str::to_lowercase).collect(),
        })
    }

    /// The proxy on the way to `host`, without brackets where it is an IPv6 address.
    pub(crate) fn before(&self, scheme: &str, host: &str, port: u16) -> Option<&Proxy> {
        let host = host.to_lowercase();
        if self.direct.iter().any(|entry| names(entry, &host, port)) {
            return None;
        }
        if scheme == "https" { self.https.as_ref() } else { self.http.as_ref() }
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
    fn parse(text: &str) -> Result<Self, Failure> {
        // The text may hold a password: no message repeats it.
        let wrong = || {
            Failure::new(
                FailureKind::Usage,
                "a proxy is written http://[USER:PASSWORD@]HOST[:PORT]",
            )
        };
        let url = match text.contains("://") {
            true => Url::parse(text),
            false => Url::parse(&format!("http://{text}")),
        };
        let url = url.map_err(|_| wrong())?;
        if url.scheme() != "http" {
            return Err(Failure::new(
                FailureKind::Usage,
                format!("a proxy is reached through http, not {}", url.scheme()),
            ));
        }
        let host = url.host_str().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or_else(wrong)?;
        let plain = |text: &str| decode_userinfo(text).ok_or_else(wrong);
        let user = match url.username() {
            "" => None,
            user => Some((plain(user)?, Zeroizing::new(plain(url.password().unwrap_or(""))?))),
        };
        Ok(Self { host, port, user })
    }

    /// The value of `Proxy-Authorization` (RFC 7617), where there is a user.
    pub(crate) fn authorization(&self) -> Option<Zeroizing<String>> {
        let (user, password) = self.user.as_ref()?;
        let pair = Zeroizing::new(format!("{user}:{}", **password));
        let coded = Zeroizing::new(Base64::encode_string(pair.as_bytes()));
        Some(Zeroizing::new(format!("Basic {}", *coded)))
    }
}

/// Percent-decoded; `None` where that is no text.
pub(crate) fn decode_userinfo(text: &str) -> Option<String> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let find =
            |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into());
        Proxies::from_variables(find).expect("good ones")
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
        let host = |scheme, host, port| proxies.before(scheme, host, port).map(|p| p.host.as_str());
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
        assert!(proxies.before("http", "a", 80).is_none());
    }

    #[test]
    fn a_user_is_decoded_and_never_shown() {
        let proxies = Proxies::all("http://me:p%40ss+@host:1").expect("good");
        let proxy = proxies.before("http", "x", 80).expect("one");
        assert_eq!(proxy.authorization().expect("a user").as_str(), "Basic bWU6cEBzcys=");
        assert!(!format!("{proxies:?}").contains("ss"));
        for wrong in ["socks5://x:1", "http://", "https://x"] {
            assert_eq!(Proxies::all(wrong).unwrap_err().kind(), FailureKind::Usage, "{wrong}");
        }
    }
}
