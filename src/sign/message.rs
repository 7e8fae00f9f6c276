//! What a request is apart from its body.

use super::headers::Headers;

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
    pub(crate) headers: &'a dyn Headers,
    pub(crate) params: &'a [(&'a str, &'a str)],
}

static NO_HEADERS: [(&str, &str); 0] = [];

impl<'a> Message<'a> {
    /// A POST with these headers.
    pub fn new(headers: &'a dyn Headers) -> Self {
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

    /// Host and port, where the URL has them.
    pub(crate) fn authority(&self) -> Option<&'a str> {
        let (_, rest) = self.url.split_once("://")?;
        let rest = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
        Some(rest.rsplit_once('@').map_or(rest, |(_, host)| host))
    }

    /// Path and query, without a fragment; empty where the URL stops before them.
    pub(crate) fn target(&self) -> &'a str {
        let target = match self.url.split_once("://") {
            Some((_, rest)) => rest.find(['/', '?', '#']).map_or("", |at| &rest[at..]),
            None => self.url,
        };
        target.split_once('#').map_or(target, |(target, _)| target)
    }

    pub(crate) fn path(&self) -> &'a str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// What is after the `?`.
    pub(crate) fn query(&self) -> Option<&'a str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    pub(crate) fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(title, _)| *title == name).map(|(_, value)| *value)
    }
}
