//! The description of a scheme: its row in the table of schemes.

use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::SchemeError;
use crate::sign::rules::{Rules, Window};
use crate::sign::secret::KeyFormat;
use crate::sign::setting::Setting;

/// The description of a scheme.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SchemeInfo {
    /// The name.
    pub name: &'static str,
    /// The header lines of a signed request, as patterns.
    pub headers: &'static [&'static str],
    /// The parameters of the signature, as names and patterns.
    pub params: &'static [(&'static str, &'static str)],
    /// The signed content, as a pattern.
    pub content: &'static str,
    /// The hash function of the HMAC.
    pub algorithm: Algorithm,
    /// The encoding of the MAC.
    pub encoding: MacEncoding,
    /// The default format of keys.
    pub key_format: KeyFormat,
    /// The recommended length of keys.
    pub key_length: KeyLength,
    /// A note for receivers.
    pub note: &'static str,
    /// The settings that have an effect.
    pub settings: &'static [Setting],
    /// A header of an older, weaker signature, which is never read.
    pub legacy_header: Option<&'static str>,
    /// Set if the body contains the nonce, so that only the sender of the body can choose it.
    pub has_nonce_in_body: bool,
    /// The separator of the signature header's items, if the header can carry several signatures.
    pub(crate) separator: Option<char>,
    /// Another name of the signature header.
    pub(crate) header_alias: Option<&'static str>,
    pub(crate) url_rule: UrlRule,
    pub(crate) window: Window,
}

impl SchemeInfo {
    /// The base of all rows: HMAC-SHA256 of the body in hexadecimal, with a text key.
    pub(crate) const BASE: Self = Self {
        name: "",
        headers: &[],
        params: &[],
        content: "{body}",
        algorithm: Algorithm::Sha256,
        encoding: MacEncoding::Hex,
        key_format: KeyFormat::Text,
        key_length: KeyLength { min: 14, max: None, source: "SP 800-131A" },
        note: "",
        settings: &[],
        legacy_header: None,
        has_nonce_in_body: false,
        separator: None,
        header_alias: None,
        url_rule: UrlRule::Plain,
        window: Window::DEFAULT,
    };
}

/// A recommended length of keys, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeyLength {
    /// The minimum.
    pub min: usize,
    /// The maximum, if there is one.
    pub max: Option<usize>,
    /// The document that recommends it.
    pub source: &'static str,
}

impl KeyLength {
    /// Returns `true` if a key of `length` bytes follows the recommendation.
    pub fn is_met_by(&self, length: usize) -> bool {
        length >= self.min && self.max.is_none_or(|max| length <= max)
    }
}

/// A rule for the URL that a pattern cannot express.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum UrlRule {
    Plain,
    /// Twilio: the URL is signed with or without its port, and the query may hold a digest of the
    /// body.
    Twilio,
    /// Binance: the signature ends the query, and the query holds the time in milliseconds.
    Binance,
}

/// A scheme with its settings.
pub(crate) trait ConfiguredScheme {
    fn info(&self) -> &'static SchemeInfo;

    /// Checks the settings and returns the rules.
    fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError>;

    fn key_format(&self) -> KeyFormat {
        self.info().key_format
    }

    fn key_length(&self) -> KeyLength {
        self.info().key_length
    }

    /// Returns `true` if `setting` has an effect.
    fn has_setting(&self, setting: Setting) -> bool {
        self.info().settings.contains(&setting)
    }
}
