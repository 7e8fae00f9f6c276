//! THE list of schemes: one row each in [`ROWS`], most of which say all there is to say.

use std::fmt;
use std::sync::Arc;

use super::claim::{Rules, Window};
use super::encoding::MacEncoding;
use super::jws::Jws;
use super::rfc9421::Rfc9421;
use super::secret::KeyFormat;
use super::sigv4::Sigv4;
use super::template::{Settings, Template};
use crate::algorithm::Algorithm;

/// A way to sign requests.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the names say it; `ROWS` has the rest
pub enum Scheme {
    Github,
    Slack,
    Zoom,
    Stripe,
    StandardWebhooks,
    Svix,
    Gitlab,
    Shopify,
    Dropbox,
    Square,
    Twilio,
    Mailgun,
    Paddle,
    Adyen,
    Binance,
    Kraken,
    /// The body alone, or whatever a pattern says.
    Template(Template),
    Jws(Jws),
    Sigv4(Sigv4),
    Rfc9421(Rfc9421),
}

impl Scheme {
    /// The scheme of a row without settings: `None` for another name, and for `raw`, `template`,
    /// `jws`, `sigv4` and `rfc9421`, which have settings.
    pub fn named(name: &str) -> Option<Self> {
        PLAIN.iter().find(|scheme| scheme.name() == name).cloned()
    }

    /// The name: of a row of [`ROWS`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Slack => "slack",
            Self::Zoom => "zoom",
            Self::Stripe => "stripe",
            Self::StandardWebhooks => "standard-webhooks",
            Self::Svix => "svix",
            Self::Gitlab => "gitlab",
            Self::Shopify => "shopify",
            Self::Dropbox => "dropbox",
            Self::Square => "square",
            Self::Twilio => "twilio",
            Self::Mailgun => "mailgun",
            Self::Paddle => "paddle",
            Self::Adyen => "adyen",
            Self::Binance => "binance",
            Self::Kraken => "kraken",
            Self::Template(template) => template.name(),
            Self::Jws(_) => "jws",
            Self::Sigv4(_) => "sigv4",
            Self::Rfc9421(_) => "rfc9421",
        }
    }

    /// What is known of it.
    pub fn row(&self) -> &'static Row {
        let name = self.name();
        ROWS.iter().find(|row| row.name == name).expect("every scheme has a row")
    }

    /// How its keys are written where nobody says otherwise.
    pub fn key_format(&self) -> KeyFormat {
        match self {
            Self::Template(template) => template.settings().key_format,
            _ => self.row().key_format,
        }
    }

    /// Returns `true` if `setting` has an effect: the scheme has it, and a custom pattern has its
    /// field.
    pub fn takes(&self, setting: Setting) -> bool {
        let has_field = match self {
            Self::Template(template) => template.has_field(setting),
            _ => true,
        };
        has_field && self.row().takes.contains(&setting)
    }

    /// Whether one request can carry several signatures, as while a key is changed.
    pub fn carries_several(&self) -> bool {
        self.row().list.is_some()
    }

    /// The scheme as a template, to vary a part of it; `None` for those that are no template.
    pub fn to_template(&self) -> Option<Template> {
        match self {
            Self::Template(template) => Some(template.clone()),
            _ if PLAIN.iter().any(|plain| plain.name() == self.name()) => {
                Some(Template::of_row(self.row()))
            }
            _ => None,
        }
    }

    pub(crate) fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        Ok(match self {
            Self::Jws(jws) => Arc::new(jws.clone()),
            Self::Sigv4(sigv4) => Arc::new(sigv4.checked()?),
            Self::Rfc9421(rfc9421) => Arc::new(rfc9421.checked()?),
            _ => {
                let template = self.to_template().expect("the others are templates");
                Arc::new(Settings::compile(template.settings())?)
            }
        })
    }
}

const PLAIN: [Scheme; 16] = [
    Scheme::Github,
    Scheme::Slack,
    Scheme::Zoom,
    Scheme::Stripe,
    Scheme::StandardWebhooks,
    Scheme::Svix,
    Scheme::Gitlab,
    Scheme::Shopify,
    Scheme::Dropbox,
    Scheme::Square,
    Scheme::Twilio,
    Scheme::Mailgun,
    Scheme::Paddle,
    Scheme::Adyen,
    Scheme::Binance,
    Scheme::Kraken,
];

/// A setting of a scheme, or a value of a message, which some schemes have and others do not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
#[allow(missing_docs)] // the names say it
pub enum Setting {
    Algorithm,
    Encoding,
    /// The text before the MAC.
    Prefix,
    /// The header of the signature.
    Header,
    /// The pattern of what is signed.
    Pattern,
    Region,
    Service,
    AccessKeyId,
    SessionToken,
    Presign,
    UnsignedPayload,
    /// The components to sign.
    Cover,
    Label,
    KeyId,
    /// The parameters of the message.
    Params,
    Id,
    Nonce,
    Timestamp,
    /// The time that a signed time is compared with, and how far it may be off.
    Freshness,
}

/// What is known of a scheme.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// The header lines of a signed request.
    pub headers: &'static [&'static str],
    /// The parameters of a signed request that belong to the signature, and what is in them.
    pub params: &'static [(&'static str, &'static str)],
    /// What is signed.
    pub content: &'static str,
    /// The hash function below the HMAC.
    pub algorithm: Algorithm,
    /// How the MAC is written.
    pub encoding: MacEncoding,
    /// How the key is written, where nobody says otherwise.
    pub key_format: KeyFormat,
    /// What a receiver should know.
    pub note: &'static str,
    /// The settings that have an effect.
    pub takes: &'static [Setting],
    /// What stands between the items where the signature header is a list.
    pub(crate) list: Option<char>,
    /// Another name of the signature's header.
    pub(crate) alias: Option<&'static str>,
    pub(crate) quirk: Quirk,
    pub(crate) window: Window,
}

/// What a scheme does that no other does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Quirk {
    None,
    /// The URL with or without its port; a digest of the body in the query.
    Twilio,
    /// The signature ends the query, and the time is in it, in milliseconds.
    Binance,
}

use Setting::*;

const COMMON: Row = Row {
    name: "",
    headers: &[],
    params: &[],
    content: "{body}",
    algorithm: Algorithm::Sha256,
    encoding: MacEncoding::Hex,
    key_format: KeyFormat::Text,
    note: "",
    takes: &[],
    list: None,
    alias: None,
    quirk: Quirk::None,
    window: Window { past: 300, future: 300 },
};

const STANDARD_WEBHOOKS: Row = Row {
    name: "standard-webhooks",
    headers: &["webhook-id: {id}", "webhook-timestamp: {timestamp}", "webhook-signature: v1,{mac}"],
    content: "{id}.{timestamp}.{body}",
    encoding: MacEncoding::Base64,
    key_format: KeyFormat::Whsec,
    note: "keys of 24 to 64 bytes; OpenAI, Anthropic, Supabase, GitLab and others sign so",
    list: Some(' '),
    takes: &[Id, Timestamp, Freshness],
    ..COMMON
};

/// The schemes, in the order of documentation.
pub static ROWS: [Row; 21] = [
    Row {
        name: "github",
        headers: &["X-Hub-Signature-256: sha256={mac}"],
        note: "no time: remember the replay key; X-GitHub-Delivery is not signed",
        ..COMMON
    },
    Row {
        name: "slack",
        headers: &["X-Slack-Request-Timestamp: {timestamp}", "X-Slack-Signature: v0={mac}"],
        content: "v0:{timestamp}:{body}",
        note: "the key looks like hex and is text",
        takes: &[Timestamp, Freshness],
        ..COMMON
    },
    Row {
        name: "zoom",
        headers: &["x-zm-request-timestamp: {timestamp}", "x-zm-signature: v0={mac}"],
        content: "v0:{timestamp}:{body}",
        takes: &[Timestamp, Freshness],
        ..COMMON
    },
    Row {
        name: "stripe",
        headers: &["Stripe-Signature: t={timestamp},v1={mac}"],
        content: "{timestamp}.{body}",
        note: "the key is the whole text, 'whsec_' and all",
        list: Some(','),
        takes: &[Timestamp, Freshness],
        ..COMMON
    },
    STANDARD_WEBHOOKS,
    Row {
        name: "svix",
        headers: &["svix-id: {id}", "svix-timestamp: {timestamp}", "svix-signature: v1,{mac}"],
        note: "Standard Webhooks under older names",
        ..STANDARD_WEBHOOKS
    },
    Row {
        name: "gitlab",
        note: "a signing token; X-Gitlab-Token is the secret itself and no signature",
        ..STANDARD_WEBHOOKS
    },
    Row {
        name: "shopify",
        headers: &["X-Shopify-Hmac-SHA256: {mac}"],
        encoding: MacEncoding::Base64,
        note: "topic and shop headers are not signed; no time: remember the replay key",
        alias: Some("shopify-hmac-sha256"),
        ..COMMON
    },
    Row {
        name: "dropbox",
        headers: &["X-Dropbox-Signature: {mac}"],
        note: "no time: remember the replay key",
        ..COMMON
    },
    Row {
        name: "square",
        headers: &["x-square-hmacsha256-signature: {mac}"],
        content: "{url}{body}",
        encoding: MacEncoding::Base64,
        note: "the URL is the one that Square was told; no time: remember the replay key",
        ..COMMON
    },
    Row {
        name: "twilio",
        headers: &["X-Twilio-Signature: {mac}"],
        content: "{url}{params}",
        algorithm: Algorithm::Sha1,
        encoding: MacEncoding::Base64,
        note: "a form's fields are params; other bodies by bodySHA256 in the query; no time",
        quirk: Quirk::Twilio,
        takes: &[Params],
        ..COMMON
    },
    Row {
        name: "mailgun",
        content: "{timestamp}{nonce}",
        params: &[("timestamp", "{timestamp}"), ("token", "{nonce}"), ("signature", "{mac}")],
        note: "the body is NOT signed; a token counts once",
        takes: &[Params, Nonce, Timestamp, Freshness],
        ..COMMON
    },
    Row {
        name: "paddle",
        headers: &["Paddle-Signature: ts={timestamp};h1={mac}"],
        content: "{timestamp}:{body}",
        note: "Paddle's own libraries tolerate 5 s",
        list: Some(';'),
        takes: &[Timestamp, Freshness],
        ..COMMON
    },
    Row {
        name: "adyen",
        content: "{param:pspReference}:{param:originalReference}:{param:merchantAccountCode}:\
                  {param:merchantReference}:{param:amount.value}:{param:amount.currency}:\
                  {param:eventCode}:{param:success}",
        params: &[("hmacSignature", "{mac}")],
        encoding: MacEncoding::Base64,
        key_format: KeyFormat::Hex,
        note: "eight fields of the notification; the rest of the body is NOT signed; no time",
        takes: &[Params],
        ..COMMON
    },
    Row {
        name: "binance",
        content: "{query}{body}",
        params: &[("signature", "{mac}")],
        note: "signature ends the query; timestamp in the query, in ms; 5 s past, 1 s future",
        quirk: Quirk::Binance,
        window: Window { past: 5, future: 1 },
        takes: &[Freshness],
        ..COMMON
    },
    Row {
        name: "kraken",
        headers: &["API-Sign: {mac}"],
        content: "{path}{sha256(nonce,body)}",
        params: &[("nonce", "{nonce}")],
        algorithm: Algorithm::Sha512,
        encoding: MacEncoding::Base64,
        key_format: KeyFormat::Base64,
        note: "the receiver must refuse a nonce that does not rise",
        takes: &[Params, Nonce],
        ..COMMON
    },
    Row {
        name: "raw",
        headers: &["NAME: PREFIX{mac}"],
        note: "any algorithm, any encoding",
        takes: &[Algorithm, Encoding, Prefix, Header],
        ..COMMON
    },
    Row {
        name: "template",
        headers: &["NAME: PATTERN"],
        content: "PATTERN",
        note: "fields: body body.sha256 timestamp id nonce method url path query params header:NAME \
               param:NAME",
        takes: &[Algorithm, Encoding, Header, Pattern, Params, Id, Nonce, Timestamp, Freshness],
        ..COMMON
    },
    Row {
        name: "jws",
        headers: &["Authorization: Bearer HEADER.PAYLOAD.{mac}"],
        content: "base64url(HEADER).base64url(body)",
        encoding: MacEncoding::Base64Url,
        key_format: KeyFormat::Text,
        note: "RFC 7515 compact, HS256/384/512; exp and nbf are the payload's, and not looked at",
        takes: &[Algorithm, Header, KeyId],
        ..COMMON
    },
    Row {
        name: "sigv4",
        headers: &["X-Amz-Date: TIME", "Authorization: AWS4-HMAC-SHA256 …, Signature={mac}"],
        content: "method, path, query, signed headers, SHA-256 of the body",
        note: "AWS Signature Version 4, in the header or the query (presigned)",
        takes: &[
            Region,
            Service,
            AccessKeyId,
            SessionToken,
            Presign,
            UnsignedPayload,
            Timestamp,
            Freshness,
        ],
        ..COMMON
    },
    Row {
        name: "rfc9421",
        headers: &["Signature-Input: LABEL=…", "Signature: LABEL=:{mac}:"],
        content: "the components it names; the body by Content-Digest (RFC 9530)",
        encoding: MacEncoding::Base64,
        note: "HTTP Message Signatures, hmac-sha256; the receiver says what must be covered",
        takes: &[Cover, Label, KeyId, Nonce, Timestamp, Freshness],
        ..COMMON
    },
];

/// Why a signer or verifier cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SchemeError {
    /// There is no key.
    NoKey,
    /// The scheme has no place for the signatures of several keys.
    OneKey,
    /// A pattern is not one.
    Pattern {
        /// What it is about.
        what: String,
        /// Why it is none.
        why: &'static str,
    },
    /// HMAC is not defined for the algorithm.
    Algorithm(Algorithm),
}

impl SchemeError {
    pub(crate) fn pattern(what: impl Into<String>, why: &'static str) -> Self {
        Self::Pattern { what: what.into(), why }
    }
}

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("a key is needed"),
            Self::OneKey => f.write_str("a request of this scheme carries one signature"),
            Self::Pattern { what, why } => write!(f, "{what}: {why}"),
            Self::Algorithm(algorithm) => write!(f, "HMAC is not defined for {algorithm}"),
        }
    }
}

impl std::error::Error for SchemeError {}
