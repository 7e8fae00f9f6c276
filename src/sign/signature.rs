//! The options and the result of signing.

use std::fmt;

/// The values of a signature that are not part of the request.
///
/// Each setter also takes an `Option`.
#[derive(Clone, Copy, Default, Debug)]
pub struct SignOptions<'a> {
    pub(crate) timestamp: Option<u64>,
    pub(crate) id: Option<&'a str>,
    pub(crate) nonce: Option<&'a str>,
}

impl<'a> SignOptions<'a> {
    /// Returns options without any value.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time of signing, in seconds since 1970. The default is the time of the clock.
    pub fn timestamp(self, seconds: impl Into<Option<u64>>) -> Self {
        Self { timestamp: seconds.into(), ..self }
    }

    /// Sets the identifier of the message.
    pub fn id(self, id: impl Into<Option<&'a str>>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// Sets the nonce, a number or text that is used once.
    pub fn nonce(self, nonce: impl Into<Option<&'a str>>) -> Self {
        Self { nonce: nonce.into(), ..self }
    }
}

/// A signature, and the changes to the request that carry it. `Debug` shows names only.
#[derive(Clone, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RequestSignature {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) url: Option<String>,
    pub(crate) value: String,
}

impl RequestSignature {
    /// Returns the headers to add to the request.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// Returns the fields to add to the body or the query.
    pub fn params(&self) -> &[(String, String)] {
        &self.params
    }

    /// Returns the URL to send to, if the signature changes it.
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Returns the signature alone.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for RequestSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("RequestSignature")
            .field("headers", &names(&self.headers))
            .field("params", &names(&self.params))
            .finish_non_exhaustive()
    }
}
