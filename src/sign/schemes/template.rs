//! Schemes defined by patterns of the signed content and of the headers that carry the signature.

use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::sign::component::Component;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::SchemeError;
use crate::sign::headers::is_token;
use crate::sign::rules::Rules;
use crate::sign::schemes::info::{ConfiguredScheme, SchemeInfo, UrlRule};
use crate::sign::schemes::location::{Location, LocationFormat, LocationKind, parse_fields};
use crate::sign::schemes::pattern::{self, Piece};
use crate::sign::schemes::template_rules::TemplateRules;
use crate::sign::secret::KeyFormat;
use crate::sign::setting::Setting;

/// The description of [`Template::raw`].
pub(crate) const RAW: SchemeInfo = SchemeInfo {
    name: "raw",
    headers: &["NAME: PREFIX{mac}"],
    note: "any algorithm, any encoding",
    settings: &[Setting::Algorithm, Setting::Encoding, Setting::Prefix, Setting::Header],
    ..SchemeInfo::BASE
};

/// The description of [`Template::new`].
pub(crate) const TEMPLATE: SchemeInfo = SchemeInfo {
    name: "template",
    headers: &["NAME: PATTERN"],
    content: "PATTERN",
    note: "fields: body body.sha256 timestamp id nonce method url path query params header:NAME \
           param:NAME",
    settings: &[
        Setting::Algorithm,
        Setting::Encoding,
        Setting::Header,
        Setting::Pattern,
        Setting::Params,
        Setting::Id,
        Setting::Nonce,
        Setting::Timestamp,
        Setting::Freshness,
    ],
    ..SchemeInfo::BASE
};

/// A scheme defined by patterns.
///
/// A pattern is text with fields: `{body}` or `{body.sha256}` at most once, `{timestamp}`, `{id}`,
/// `{nonce}`, `{method}`, `{url}`, `{path}`, `{query}`, `{params}`, `{header:NAME}` and
/// `{param:NAME}`. `{{` and `}}` are literal braces.
///
/// ```
/// use hsum::sign::{Message, RequestSigner, Scheme, SecretKey, SignOptions, Template};
///
/// let template = Template::new(
///     "v0:{timestamp}:{body}",
///     ["X-Time: {timestamp}", "X-Signature: v0={mac}"],
/// );
/// let key = SecretKey::from_text("a shared secret")?;
/// let signer = RequestSigner::new(Scheme::Template(template), vec![key])?;
/// let options = SignOptions::new().timestamp(1_700_000_000);
/// let signature = signer.sign(&Message::empty(), &options, b"payload")?;
/// assert_eq!(signature.headers()[0], ("X-Time".into(), "1700000000".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    info: &'static SchemeInfo,
    content: String,
    headers: Vec<String>,
    params: Vec<(String, String)>,
    algorithm: Algorithm,
    encoding: MacEncoding,
    key_format: KeyFormat,
}

impl Template {
    /// Returns a template that signs `content` and writes the signature into `headers`.
    ///
    /// Headers are lines `NAME: PATTERN` with the fields `{timestamp}`, `{id}`, `{nonce}` and
    /// `{mac}`, the last exactly once in all. Defaults are SHA-256, hexadecimal and text keys.
    pub fn new<S: Into<String>>(
        content: impl Into<String>,
        headers: impl IntoIterator<Item = S>,
    ) -> Self {
        let headers = headers.into_iter().map(Into::into).collect();
        Self { content: content.into(), headers, ..Self::from_info(&TEMPLATE) }
    }

    /// Returns a template that signs the body, and writes `prefix` and the MAC into a header.
    pub fn raw(name: &str, prefix: &str) -> Self {
        let prefix = prefix.replace('{', "{{").replace('}', "}}");
        Self { headers: vec![format!("{name}: {prefix}{{mac}}")], ..Self::from_info(&RAW) }
    }

    pub(crate) fn from_info(info: &'static SchemeInfo) -> Self {
        let pair = |(name, pattern): &(&str, &str)| ((*name).to_owned(), (*pattern).to_owned());
        Self {
            info,
            content: info.content.to_owned(),
            headers: info.headers.iter().map(|line| (*line).to_owned()).collect(),
            params: info.params.iter().map(pair).collect(),
            algorithm: info.algorithm,
            encoding: info.encoding,
            key_format: info.key_format,
        }
    }

    /// Sets the hash function of the HMAC.
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        Self { algorithm, ..self }
    }

    /// Sets the encoding of the MAC.
    pub fn encoding(self, encoding: MacEncoding) -> Self {
        Self { encoding, ..self }
    }

    /// Sets the default format of keys.
    pub fn key_format(self, key_format: KeyFormat) -> Self {
        Self { key_format, ..self }
    }

    /// Adds a parameter that carries a part of the signature, as headers do.
    pub fn param(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.params.push((name.into(), pattern.into()));
        self
    }

    /// Parses and checks the patterns.
    fn compile(&self) -> Result<TemplateRules, SchemeError> {
        let invalid = |problem| SchemeError::invalid(Setting::Pattern, &self.content, problem);
        let content = pattern::parse(&self.content)?;
        if content.contains(&Piece::Mac) {
            return Err(invalid("a signature cannot sign itself"));
        }
        if content.iter().all(|piece| matches!(piece, Piece::Text(_))) {
            return Err(invalid("no component of the request is signed"));
        }
        let mut bodies = content.iter().enumerate().filter(|(_, piece)| piece.is_body());
        let body = bodies.next().map(|(at, _)| at);
        if bodies.next().is_some() {
            return Err(invalid("the body is signed more than once"));
        }
        let locations = self.locations()?;
        let components: Arc<[Component]> = content.iter().filter_map(Piece::component).collect();
        for component in [Component::Timestamp, Component::Id, Component::Nonce] {
            let is_written = locations.iter().any(|location| location.has_value(&component));
            if is_written && !components.contains(&component) {
                return Err(invalid("a field of a header is not signed, and could be forged"));
            }
        }
        if locations.iter().map(Location::mac_count).sum::<usize>() != 1 {
            return Err(invalid("the headers do not contain {mac} exactly once"));
        }
        if self.algorithm.block_len().is_none() {
            return Err(SchemeError::UnsupportedAlgorithm(self.algorithm));
        }
        let (before, rest) = content.split_at(body.unwrap_or(content.len()));
        let (body, after) = match rest {
            [body, after @ ..] => (Some(body.clone()), after.to_vec()),
            [] => (None, Vec::new()),
        };
        Ok(TemplateRules {
            components,
            before: before.to_vec(),
            body,
            after,
            locations: locations.into(),
            algorithm: self.algorithm,
            encoding: self.encoding,
            mac_len: self.algorithm.default_len(),
            url_rule: self.info.url_rule,
            window: self.info.window,
        })
    }

    fn locations(&self) -> Result<Vec<Location>, SchemeError> {
        let mut locations = Vec::new();
        for line in &self.headers {
            let invalid = |problem| SchemeError::invalid(Setting::Header, line, problem);
            let (name, text) =
                line.split_once(':').ok_or_else(|| invalid("not in the form 'NAME: PATTERN'"))?;
            let (name, text) = (name.trim(), text.trim());
            if !is_token(name.as_bytes()) {
                return Err(invalid("invalid header name"));
            }
            if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                return Err(invalid("invalid header value (expected visible ASCII characters)"));
            }
            let has_mac = text.contains("{mac}");
            let format = match self.info.separator.filter(|_| has_mac) {
                Some(separator) => LocationFormat::parse_list(separator, text)?,
                None => LocationFormat::Line(parse_fields(text)?),
            };
            let alias = self.info.header_alias.filter(|_| has_mac).map(Into::into);
            locations.push(Location {
                kind: LocationKind::Header,
                name: name.into(),
                alias,
                format,
            });
        }
        for (name, text) in &self.params {
            let kind = match self.info.url_rule {
                UrlRule::Binance => LocationKind::QueryEnd,
                _ => LocationKind::Param,
            };
            let format = LocationFormat::Line(parse_fields(text)?);
            locations.push(Location { kind, name: name.clone(), alias: None, format });
        }
        Ok(locations)
    }
}

impl ConfiguredScheme for Template {
    fn info(&self) -> &'static SchemeInfo {
        self.info
    }

    fn rules(&self) -> Result<Arc<dyn Rules>, SchemeError> {
        Ok(Arc::new(self.compile()?))
    }

    fn key_format(&self) -> KeyFormat {
        self.key_format
    }

    fn has_setting(&self, setting: Setting) -> bool {
        let has = |setting| self.info.settings.contains(&setting);
        if !has(setting) || !has(Setting::Pattern) {
            return has(setting);
        }
        // `compile` reports a malformed pattern.
        let Ok(pieces) = pattern::parse(&self.content) else { return true };
        let has = |component| pieces.contains(&Piece::Value(component));
        match setting {
            Setting::Timestamp | Setting::Freshness => has(Component::Timestamp),
            Setting::Id => has(Component::Id),
            Setting::Nonce => has(Component::Nonce),
            // Values without a header of their own are parameters, too.
            Setting::Params => pieces.iter().filter_map(Piece::component).any(|component| {
                use Component::{Id, Nonce, Param, Params, Timestamp};
                matches!(component, Params | Param(_) | Timestamp | Id | Nonce)
            }),
            _ => true,
        }
    }
}
