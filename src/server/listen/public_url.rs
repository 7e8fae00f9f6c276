//! The URL of a request as its sender saw it.

use anyhow::Result;

use crate::cli::client;
use crate::cli::exit::Usage;

/// The rule by which the URL of a request is composed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PublicUrl {
    /// From the `Host` header, with this scheme.
    Received(&'static str),
    /// This origin, and the target of the request.
    Origin(String),
    /// This URL, and the query of the request.
    Fixed(String),
    /// This URL.
    Complete(String),
}

impl PublicUrl {
    /// Parses the value of `--url`.
    ///
    /// # Errors
    /// Returns a usage error if it is not an http or https URL, or has a fragment.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let url = client::url(text)?;
        if !matches!(url.scheme(), "http" | "https") || url.fragment().is_some() {
            let text = "--url: not an http or https URL without fragment";
            return Err(Usage(text.into()).into());
        }
        let rest = text.split_once("://").map_or("", |(_, rest)| rest);
        let (path, query) = match rest.split_once('?') {
            Some((before, _)) => (before, true),
            None => (rest, false),
        };
        let path = path.find('/').map_or("", |at| &path[at..]);
        Ok(match (path, query) {
            (_, true) => Self::Complete(text.to_owned()),
            ("" | "/", false) => Self::Origin(text.trim_end_matches('/').to_owned()),
            _ => Self::Fixed(text.to_owned()),
        })
    }

    /// Returns the URL of a request with this `Host` and target.
    pub(crate) fn of(&self, host: Option<&str>, target: &str) -> String {
        match self {
            Self::Received(scheme) => match host {
                Some(host) => format!("{scheme}://{host}{target}"),
                None => target.to_owned(),
            },
            Self::Origin(origin) => format!("{origin}{target}"),
            Self::Fixed(url) => match target.split_once('?') {
                Some((_, query)) => format!("{url}?{query}"),
                None => url.clone(),
            },
            Self::Complete(url) => url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_composed_of_what_is_known() {
        let of = |url: &str| PublicUrl::parse(url).expect("a URL").of(Some("h:1"), "/p?q=%20");
        assert_eq!(of("https://Example.org"), "https://Example.org/p?q=%20");
        assert_eq!(of("https://example.org:443/"), "https://example.org:443/p?q=%20");
        assert_eq!(of("https://example.org/hook"), "https://example.org/hook?q=%20");
        assert_eq!(of("https://example.org/hook/"), "https://example.org/hook/?q=%20");
        assert_eq!(of("https://example.org/hook?a"), "https://example.org/hook?a");
        let received = PublicUrl::Received("http");
        assert_eq!(received.of(Some("h:1"), "/p"), "http://h:1/p");
        assert_eq!(received.of(None, "/p"), "/p");
        for url in ["example.org", "ftp://example.org", "https://example.org/#f"] {
            assert!(PublicUrl::parse(url).is_err(), "{url}");
        }
    }
}
