//! The table of schemes.
//!
//! Most schemes are one row here. A scheme with settings has a file in `schemes/` for its type and
//! its [`SchemeInfo`], and one row at the end of the table.

pub(crate) mod info;
pub(crate) mod jws;
pub(crate) mod location;
pub(crate) mod pattern;
pub(crate) mod rfc9421;
pub(crate) mod sigv4;
pub(crate) mod template;
pub(crate) mod template_rules;
pub(crate) mod twilio;

use std::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::SchemeError;
use crate::sign::rules::{Rules, Window};
use crate::sign::schemes::info::{ConfiguredScheme, KeyLength, SchemeInfo, UrlRule};
use crate::sign::schemes::jws::Jws;
use crate::sign::schemes::rfc9421::Rfc9421;
use crate::sign::schemes::sigv4::Sigv4;
use crate::sign::schemes::template::Template;
use crate::sign::secret::KeyFormat;
use crate::sign::setting::Setting::{self, Freshness, Id, Nonce, Params, Timestamp};

macro_rules! schemes {
    (
        named { $($named:ident = $info:expr,)+ }
        configured { $($(#[$doc:meta])* $configured:ident($settings:ty) = [$($row:expr),+],)+ }
    ) => {
        /// A scheme for signing requests.
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        #[allow(missing_docs)] // `SchemeInfo` describes them
        pub enum Scheme {
            $($named,)+
            $($(#[$doc])* $configured($settings),)+
        }

        impl SchemeInfo {
            /// All schemes, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$($info,)+ $($($row,)+)+];
        }

        impl Scheme {
            /// All schemes without settings.
            const NAMED: &'static [Self] = &[$(Self::$named,)+];

            fn with<T>(&self, call: impl FnOnce(&dyn ConfiguredScheme) -> T) -> T {
                match self {
                    $(Self::$named => call(&Template::from_info(const { &$info })),)+
                    $(Self::$configured(settings) => call(settings),)+
                }
            }
        }
    };
}

const STANDARD_WEBHOOKS: SchemeInfo = SchemeInfo {
    name: "standard-webhooks",
    headers: &["webhook-id: {id}", "webhook-timestamp: {timestamp}", "webhook-signature: v1,{mac}"],
    content: "{id}.{timestamp}.{body}",
    encoding: MacEncoding::Base64,
    key_format: KeyFormat::Whsec,
    key_length: KeyLength { min: 24, max: Some(64), source: "Standard Webhooks" },
    note: "used by OpenAI, Anthropic, Supabase, GitLab and others",
    separator: Some(' '),
    settings: &[Id, Timestamp, Freshness],
    ..SchemeInfo::BASE
};

schemes! {
    named {
        Github = SchemeInfo {
            name: "github",
            headers: &["X-Hub-Signature-256: sha256={mac}"],
            note: "no signed time: remember the replay key; X-GitHub-Delivery is not signed",
            legacy_header: Some("X-Hub-Signature"),
            ..SchemeInfo::BASE
        },
        Slack = SchemeInfo {
            name: "slack",
            headers: &["X-Slack-Request-Timestamp: {timestamp}", "X-Slack-Signature: v0={mac}"],
            content: "v0:{timestamp}:{body}",
            note: "the key looks like hex, but is text",
            settings: &[Timestamp, Freshness],
            ..SchemeInfo::BASE
        },
        Zoom = SchemeInfo {
            name: "zoom",
            headers: &["x-zm-request-timestamp: {timestamp}", "x-zm-signature: v0={mac}"],
            content: "v0:{timestamp}:{body}",
            settings: &[Timestamp, Freshness],
            ..SchemeInfo::BASE
        },
        Stripe = SchemeInfo {
            name: "stripe",
            headers: &["Stripe-Signature: t={timestamp},v1={mac}"],
            content: "{timestamp}.{body}",
            note: "the key is the whole text, including 'whsec_'",
            separator: Some(','),
            settings: &[Timestamp, Freshness],
            ..SchemeInfo::BASE
        },
        StandardWebhooks = STANDARD_WEBHOOKS,
        Svix = SchemeInfo {
            name: "svix",
            headers: &["svix-id: {id}", "svix-timestamp: {timestamp}", "svix-signature: v1,{mac}"],
            note: "Standard Webhooks under older names",
            ..STANDARD_WEBHOOKS
        },
        Gitlab = SchemeInfo {
            name: "gitlab",
            note: "a signing token; X-Gitlab-Token is the secret itself and not a signature",
            ..STANDARD_WEBHOOKS
        },
        Shopify = SchemeInfo {
            name: "shopify",
            headers: &["X-Shopify-Hmac-SHA256: {mac}"],
            encoding: MacEncoding::Base64,
            note: "topic and shop headers are not signed; no signed time: remember the replay key",
            header_alias: Some("shopify-hmac-sha256"),
            ..SchemeInfo::BASE
        },
        Dropbox = SchemeInfo {
            name: "dropbox",
            headers: &["X-Dropbox-Signature: {mac}"],
            note: "no signed time: remember the replay key",
            ..SchemeInfo::BASE
        },
        Square = SchemeInfo {
            name: "square",
            headers: &["x-square-hmacsha256-signature: {mac}"],
            content: "{url}{body}",
            encoding: MacEncoding::Base64,
            note: "the URL as registered with Square; no signed time: remember the replay key",
            ..SchemeInfo::BASE
        },
        Twilio = SchemeInfo {
            name: "twilio",
            headers: &["X-Twilio-Signature: {mac}"],
            content: "{url}{params}",
            algorithm: Algorithm::Sha1,
            encoding: MacEncoding::Base64,
            note: "params are form fields; other bodies need bodySHA256 in the URL; no signed time",
            url_rule: UrlRule::Twilio,
            settings: &[Params],
            ..SchemeInfo::BASE
        },
        Mailgun = SchemeInfo {
            name: "mailgun",
            content: "{timestamp}{nonce}",
            params: &[("timestamp", "{timestamp}"), ("token", "{nonce}"), ("signature", "{mac}")],
            note: "the body is NOT signed; accept each token only once",
            settings: &[Params, Nonce, Timestamp, Freshness],
            ..SchemeInfo::BASE
        },
        Paddle = SchemeInfo {
            name: "paddle",
            headers: &["Paddle-Signature: ts={timestamp};h1={mac}"],
            content: "{timestamp}:{body}",
            note: "Paddle's own libraries tolerate 5 s",
            separator: Some(';'),
            settings: &[Timestamp, Freshness],
            ..SchemeInfo::BASE
        },
        Adyen = SchemeInfo {
            name: "adyen",
            content: "{param:pspReference}:{param:originalReference}:{param:merchantAccountCode}:\
                      {param:merchantReference}:{param:amount.value}:{param:amount.currency}:\
                      {param:eventCode}:{param:success}",
            params: &[("hmacSignature", "{mac}")],
            encoding: MacEncoding::Base64,
            key_format: KeyFormat::Hex,
            note: "only eight fields of the notification are signed; no signed time",
            settings: &[Params],
            ..SchemeInfo::BASE
        },
        Binance = SchemeInfo {
            name: "binance",
            content: "{query}{body}",
            params: &[("signature", "{mac}")],
            note: "signature ends the query; timestamp in the query, in ms; 5 s past, 1 s future",
            url_rule: UrlRule::Binance,
            window: Window { past: 5, future: 1 },
            settings: &[Freshness],
            ..SchemeInfo::BASE
        },
        Kraken = SchemeInfo {
            name: "kraken",
            headers: &["API-Sign: {mac}"],
            content: "{path}{sha256(nonce,body)}",
            params: &[("nonce", "{nonce}")],
            algorithm: Algorithm::Sha512,
            encoding: MacEncoding::Base64,
            key_format: KeyFormat::Base64,
            note: "the receiver must refuse a nonce that does not increase",
            has_nonce_in_body: true,
            settings: &[Params, Nonce],
            ..SchemeInfo::BASE
        },
    }
    configured {
        /// The body alone, or the content of a pattern.
        Template(Template) = [template::RAW, template::TEMPLATE],
        /// JSON Web Signature.
        Jws(Jws) = [jws::INFO],
        /// AWS Signature Version 4.
        Sigv4(Sigv4) = [sigv4::INFO],
        /// HTTP Message Signatures.
        Rfc9421(Rfc9421) = [rfc9421::INFO],
    }
}

impl Scheme {
    /// Returns the scheme of that name, if it exists and has no settings of its own.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|scheme| scheme.name() == name).cloned()
    }

    /// Returns the name.
    pub fn name(&self) -> &'static str {
        self.info().name
    }

    /// Returns the description.
    pub fn info(&self) -> &'static SchemeInfo {
        self.with(|scheme| scheme.info())
    }

    /// Returns the default format of keys.
    pub fn key_format(&self) -> KeyFormat {
        self.with(|scheme| scheme.key_format())
    }

    /// Returns the recommended length of keys.
    pub fn key_length(&self) -> KeyLength {
        self.with(|scheme| scheme.key_length())
    }

    /// Returns `true` if `setting` has an effect, considering the pattern of a template.
    pub fn has_setting(&self, setting: Setting) -> bool {
        self.with(|scheme| scheme.has_setting(setting))
    }

    /// Returns `true` if one request can carry several signatures, as during a change of keys.
    pub fn has_signature_list(&self) -> bool {
        self.info().separator.is_some()
    }

    /// Returns the scheme as a template, if it is defined by patterns.
    pub fn to_template(&self) -> Option<Template> {
        match self {
            Self::Template(template) => Some(template.clone()),
            _ => Self::from_name(self.name()).map(|_| Template::from_info(self.info())),
        }
    }

    pub(crate) fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        self.with(|scheme| scheme.rules())
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
