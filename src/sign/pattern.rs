//! Patterns: text with fields in braces, written from values or matched against text.

use super::headers::one;
use super::message::Message;
use super::scheme::SchemeError;
use super::verdict::VerifyError;

/// A piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Text(String),
    Timestamp,
    Id,
    Nonce,
    Mac,
    Method,
    Url,
    Path,
    Query,
    /// Twilio's: sorted by key, the values of a key sorted and each once, nothing between.
    Params,
    Header(String),
    Param(String),
    Body,
    /// Hexadecimal.
    BodySha256,
    /// Kraken's: the bytes of SHA-256(nonce · body).
    NonceBodySha256,
}

/// Reads a pattern; `{{` and `}}` stand for braces.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Part>, SchemeError> {
    let wrong = |why| SchemeError::pattern(format!("pattern '{pattern}'"), why);
    let mut parts = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            text.push(c);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| wrong("a brace is not closed"))?;
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::named(name).ok_or_else(|| wrong("there is no such field"))?);
            rest = after;
        } else if c == '}' {
            return Err(wrong("a brace is closed that is not open"));
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
    Ok(parts)
}

impl Part {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "timestamp" => Self::Timestamp,
            "id" => Self::Id,
            "nonce" => Self::Nonce,
            "mac" => Self::Mac,
            "method" => Self::Method,
            "url" => Self::Url,
            "path" => Self::Path,
            "query" => Self::Query,
            "params" => Self::Params,
            "body" => Self::Body,
            "body.sha256" => Self::BodySha256,
            "sha256(nonce,body)" => Self::NonceBodySha256,
            _ => match name.split_once(':')? {
                ("header", name) if !name.is_empty() => Self::Header(name.to_owned()),
                ("param", name) if !name.is_empty() => Self::Param(name.to_owned()),
                _ => return None,
            },
        })
    }

    pub(crate) fn is_of_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodySha256 | Self::NonceBodySha256)
    }

    /// What a signature over it vouches for, apart from the body.
    pub(crate) fn title(&self) -> Option<String> {
        Some(match self {
            Self::Timestamp => "timestamp".into(),
            Self::Id => "id".into(),
            Self::Nonce | Self::NonceBodySha256 => "nonce".into(),
            Self::Method => "method".into(),
            Self::Url => "url".into(),
            Self::Path => "path".into(),
            Self::Query => "query".into(),
            Self::Params => "params".into(),
            Self::Header(name) => format!("header {name}"),
            Self::Param(name) => format!("param {name}"),
            Self::Text(_) | Self::Mac | Self::Body | Self::BodySha256 => return None,
        })
    }
}

/// The values that come with a signature.
#[derive(Clone, Copy, Default)]
pub(crate) struct Values<'a> {
    pub(crate) timestamp: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) nonce: &'a [u8],
    pub(crate) url: &'a str,
    pub(crate) query: &'a str,
}

/// On which side of the body parts stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Before,
    After,
}

/// Writes the parts, none of which is of the body.
///
/// A value must not hold what ends it: otherwise a part of it could be taken for its neighbour,
/// and two requests would have one signature. The body may hold anything, so that after it a value
/// must not hold what stands before it either.
pub(crate) fn write(
    parts: &[Part],
    side: Side,
    message: &Message<'_>,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) -> Result<(), VerifyError> {
    for (at, part) in parts.iter().enumerate() {
        let end = match parts.get(at + 1) {
            Some(Part::Text(text)) => text.as_bytes().first().copied(),
            _ => None,
        };
        let begin = match (side, at.checked_sub(1).map(|before| &parts[before])) {
            (Side::After, Some(Part::Text(text))) => text.as_bytes().last().copied(),
            _ => None,
        };
        let start = out.len();
        match part {
            Part::Text(text) => out.extend_from_slice(text.as_bytes()),
            Part::Timestamp => out.extend_from_slice(values.timestamp),
            Part::Id => out.extend_from_slice(values.id),
            Part::Nonce => out.extend_from_slice(values.nonce),
            Part::Method => out.extend_from_slice(needed(message.method, "the method")?),
            Part::Url => out.extend_from_slice(needed(values.url, "the URL")?),
            Part::Path => out.extend_from_slice(needed(message.path(), "the path of the URL")?),
            Part::Query => out.extend_from_slice(values.query.as_bytes()),
            Part::Params => write_params(message.params, out),
            Part::Header(name) => {
                let value = one(message.headers, name)?;
                out.extend(value.ok_or_else(|| VerifyError::MissingHeader(name.clone()))?);
            }
            Part::Param(name) => {
                let value = param(message, name)?;
                out.extend(value.ok_or_else(|| VerifyError::MissingHeader(name.clone()))?);
            }
            Part::Mac | Part::Body | Part::BodySha256 | Part::NonceBodySha256 => {}
        }
        // A URL is left out: it holds what nearly every pattern has after it.
        let is_value = !matches!(part, Part::Text(_) | Part::Url | Part::Params);
        let parted_by = |byte: Option<u8>| byte.is_some_and(|byte| out[start..].contains(&byte));
        if is_value && (parted_by(begin) || parted_by(end)) {
            let why = "holds the character that parts it from its neighbour";
            return Err(VerifyError::malformed(part.title().unwrap_or_default(), why));
        }
    }
    Ok(())
}

fn needed<'a>(value: &'a str, what: &str) -> Result<&'a [u8], VerifyError> {
    match value {
        "" => Err(VerifyError::MissingHeader(what.into())),
        value => Ok(value.as_bytes()),
    }
}

/// A parameter that stands for one thing: as a header does.
pub(crate) fn param<'a>(
    message: &Message<'a>,
    name: &str,
) -> Result<Option<&'a [u8]>, VerifyError> {
    let value = message.param(name);
    let differs = |(title, other): &(&str, &str)| *title == name && value != Some(*other);
    match message.params.iter().any(differs) {
        true => Err(VerifyError::DuplicateHeader(name.to_owned())),
        false => Ok(value.map(str::as_bytes)),
    }
}

fn write_params(params: &[(&str, &str)], out: &mut Vec<u8>) {
    let mut sorted = params.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    for (name, value) in sorted {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(value.as_bytes());
    }
}

/// Finds the fields of `parts` in `text`: each ends where the text after it begins. `false` where
/// it is not so written.
pub(crate) fn matches<'p, 't>(
    parts: &'p [Part],
    mut text: &'t [u8],
    mut found: impl FnMut(&'p Part, &'t [u8]),
) -> bool {
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        if let Part::Text(literal) = part {
            match text.strip_prefix(literal.as_bytes()) {
                Some(rest) => text = rest,
                None => return false,
            }
            continue;
        }
        let end = match parts.peek() {
            Some(Part::Text(next)) => find(text, next.as_bytes()),
            _ => Some(text.len()),
        };
        let Some(end) = end else { return false };
        found(part, &text[..end]);
        text = &text[end..];
    }
    text.is_empty()
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}
