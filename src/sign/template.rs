//! Schemes that are patterns: what is signed, and where the signature stands.

use super::claim::Window;
use super::encoding::MacEncoding;
use super::headers::is_token;
use super::pattern::{self, Part};
use super::place::{At, Form, Place};
use super::plain::Plain;
use super::scheme::{Quirk, Row, SchemeError, Setting};
use super::secret::KeyFormat;
use crate::algorithm::Algorithm;

/// A scheme made of patterns, for whatever has no name here.
///
/// A pattern is text with fields: `{body}` or `{body.sha256}` at most once, `{timestamp}`, `{id}`,
/// `{nonce}`, `{method}`, `{url}`, `{path}`, `{query}`, `{params}`, `{header:NAME}` and
/// `{param:NAME}`; `{{` and `}}` are braces.
///
/// ```
/// use hsum::sign::{Message, Scheme, SecretKey, SignOptions, RequestSigner, Template};
///
/// let template = Template::new(
///     "v0:{timestamp}:{body}",
///     ["X-Time: {timestamp}", "X-Signature: v0={mac}"],
/// );
/// let key = SecretKey::from_text("a shared secret")?;
/// let signer = RequestSigner::new(Scheme::Template(template), vec![key])?;
/// let options = SignOptions { timestamp: Some(1_700_000_000), ..SignOptions::default() };
/// let signed = signer.sign(&Message::empty(), &options, b"payload")?;
/// assert_eq!(signed.headers()[0], ("X-Time".into(), "1700000000".into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    settings: Settings,
}

impl Template {
    /// Signs `content`, and writes the signature into header lines `NAME: PATTERN`, whose fields
    /// are `{mac}`, once, `{timestamp}`, `{id}` and `{nonce}`. SHA-256, hexadecimal, text keys,
    /// unless told otherwise.
    pub fn new<S: Into<String>>(
        content: impl Into<String>,
        headers: impl IntoIterator<Item = S>,
    ) -> Self {
        let settings = Settings {
            name: "template",
            content: content.into(),
            headers: headers.into_iter().map(Into::into).collect(),
            params: Vec::new(),
            algorithm: Algorithm::Sha256,
            encoding: MacEncoding::Hex,
            key_format: KeyFormat::Text,
            list: None,
            alias: None,
            quirk: Quirk::None,
            window: Window { past: 300, future: 300 },
        };
        Self { settings }
    }

    /// Signs the body alone, and writes `prefix` and the signature into the header `name`.
    pub fn raw(name: &str, prefix: &str) -> Self {
        let prefix = prefix.replace('{', "{{").replace('}', "}}");
        let mut raw = Self::new("{body}", [format!("{name}: {prefix}{{mac}}")]);
        raw.settings.name = "raw";
        raw
    }

    pub(crate) fn of_row(row: &'static Row) -> Self {
        let owned = |text: &&str| (*text).to_owned();
        let pair = |(name, pattern): &(&str, &str)| ((*name).to_owned(), (*pattern).to_owned());
        let settings = Settings {
            name: row.name,
            content: row.content.to_owned(),
            headers: row.headers.iter().map(owned).collect(),
            params: row.params.iter().map(pair).collect(),
            algorithm: row.algorithm,
            encoding: row.encoding,
            key_format: row.key_format,
            list: row.list,
            alias: row.alias,
            quirk: row.quirk,
            window: row.window,
        };
        Self { settings }
    }

    /// With this hash function below the HMAC.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.settings.algorithm = algorithm;
        self
    }

    /// With the MAC written so.
    pub fn encoding(mut self, encoding: MacEncoding) -> Self {
        self.settings.encoding = encoding;
        self
    }

    /// With keys written so.
    pub fn key_format(mut self, format: KeyFormat) -> Self {
        self.settings.key_format = format;
        self
    }

    /// With a parameter too that holds a part of the signature, as a header may.
    pub fn param(mut self, name: impl Into<String>, pattern: impl Into<String>) -> Self {
        self.settings.params.push((name.into(), pattern.into()));
        self
    }

    /// Returns `true` unless `setting` is a value of a field that the pattern does not have.
    pub(crate) fn has_field(&self, setting: Setting) -> bool {
        // A malformed pattern is refused where it is compiled.
        let Ok(parts) = pattern::parse(&self.settings.content) else { return true };
        let has = |field: Part| parts.contains(&field);
        match setting {
            Setting::Timestamp | Setting::Freshness => has(Part::Timestamp),
            Setting::Id => has(Part::Id),
            Setting::Nonce => has(Part::Nonce),
            // Values without a header of their own are parameters, too.
            Setting::Params => parts.iter().any(|part| {
                use Part::{Id, Nonce, Param, Params, Timestamp};
                matches!(part, Params | Param(_) | Timestamp | Id | Nonce)
            }),
            _ => true,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.settings.name
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// A pattern scheme, not yet looked at.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    name: &'static str,
    content: String,
    headers: Vec<String>,
    params: Vec<(String, String)>,
    algorithm: Algorithm,
    encoding: MacEncoding,
    pub(crate) key_format: KeyFormat,
    list: Option<char>,
    alias: Option<&'static str>,
    quirk: Quirk,
    window: Window,
}

impl Settings {
    /// Reads the patterns, and sees that they make a scheme.
    pub(crate) fn compile(&self) -> Result<Plain, SchemeError> {
        let content = pattern::parse(&self.content)?;
        let wrong = |why| SchemeError::pattern(format!("pattern '{}'", self.content), why);
        if content.contains(&Part::Mac) {
            return Err(wrong("a signature cannot sign itself"));
        }
        if content.iter().all(|part| matches!(part, Part::Text(_))) {
            return Err(wrong("nothing of the request is signed"));
        }
        let mut bodies = content.iter().enumerate().filter(|(_, part)| part.is_of_body());
        let body = bodies.next().map(|(at, _)| at);
        if bodies.next().is_some() {
            return Err(wrong("the body is signed once"));
        }
        let places = self.places()?;
        for field in [Part::Timestamp, Part::Id, Part::Nonce] {
            let signed = content.contains(&field)
                || field == Part::Nonce && content.contains(&Part::NonceBodySha256);
            if !signed && places.iter().any(|place| place.carries(&field)) {
                return Err(wrong("a field of a header is not signed, and could not be trusted"));
            }
        }
        let macs: usize = places.iter().map(Place::macs).sum();
        if macs != 1 {
            return Err(wrong("{mac} stands in one header, once"));
        }
        if self.algorithm.block_len().is_none() {
            return Err(SchemeError::Algorithm(self.algorithm));
        }
        let (before, rest) = content.split_at(body.unwrap_or(content.len()));
        let (body, after) = match rest {
            [body, after @ ..] => (Some(body.clone()), after.to_vec()),
            [] => (None, Vec::new()),
        };
        Ok(Plain {
            titles: content.iter().filter_map(Part::title).collect(),
            before: before.to_vec(),
            body,
            after,
            places: places.into(),
            algorithm: self.algorithm,
            encoding: self.encoding,
            mac_len: self.algorithm.default_len(),
            quirk: self.quirk,
            window: self.window,
            content,
        })
    }

    fn places(&self) -> Result<Vec<Place>, SchemeError> {
        let mut places = Vec::new();
        for line in &self.headers {
            let wrong = |why| SchemeError::pattern(format!("header '{line}'"), why);
            let (name, text) =
                line.split_once(':').ok_or_else(|| wrong("it is 'NAME: PATTERN'"))?;
            let (name, text) = (name.trim(), text.trim());
            if !is_token(name.as_bytes()) {
                return Err(wrong("that is no name of a header"));
            }
            if !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
                return Err(wrong("a header holds visible ASCII characters"));
            }
            let form = match self.list.filter(|_| text.contains("{mac}")) {
                Some(separator) => Form::list(separator, text)?,
                None => Form::Line(fields(text)?),
            };
            let alias = self.alias.filter(|_| text.contains("{mac}")).map(Into::into);
            places.push(Place { at: At::Header, name: name.into(), alias, form });
        }
        for (name, text) in &self.params {
            let at = if self.quirk == Quirk::Binance { At::Query } else { At::Param };
            let form = Form::Line(fields(text)?);
            places.push(Place { at, name: name.clone(), alias: None, form });
        }
        Ok(places)
    }
}

/// The pattern of a place, which has fewer fields.
pub(crate) fn fields(text: &str) -> Result<Vec<Part>, SchemeError> {
    let parts = pattern::parse(text)?;
    let wrong = |why| SchemeError::pattern(format!("pattern '{text}'"), why);
    let is_here = |part: &Part| {
        matches!(part, Part::Text(_) | Part::Timestamp | Part::Id | Part::Nonce | Part::Mac)
    };
    if !parts.iter().all(is_here) {
        return Err(wrong("here are {mac}, {timestamp}, {id} and {nonce} only"));
    }
    let is_text = |part: &Part| matches!(part, Part::Text(_));
    if parts.windows(2).any(|pair| !is_text(&pair[0]) && !is_text(&pair[1])) {
        return Err(wrong("nothing tells where one field ends and the next begins"));
    }
    Ok(parts)
}
