//! Patterns: text with fields in braces, written from values or matched against text.

use crate::sign::component::Component;
use crate::sign::error::{RequestError, SchemeError};
use crate::sign::headers::required;
use crate::sign::message::Message;
use crate::sign::setting::Setting;

/// A piece of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    Text(String),
    Timestamp,
    Id,
    Nonce,
    Mac,
    Method,
    Url,
    Path,
    Query,
    /// All parameters without separators, sorted and without repetitions, as Twilio signs them.
    Params,
    Header(String),
    Param(String),
    Body,
    /// The SHA-256 digest of the body in hexadecimal.
    BodySha256,
    /// The bytes of SHA-256(nonce · body), as Kraken signs them.
    NonceBodySha256,
}

/// Parses a pattern. `{{` and `}}` are braces.
pub(crate) fn parse(pattern: &str) -> Result<Vec<Piece>, SchemeError> {
    let invalid = |problem| SchemeError::invalid(Setting::Pattern, pattern, problem);
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            text.push(c);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| invalid("unclosed '{'"))?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::named(name).ok_or_else(|| invalid("unknown field"))?);
            rest = after;
        } else if c == '}' {
            return Err(invalid("unexpected '}' (a brace is written '}}')"));
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

impl Piece {
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

    pub(crate) fn is_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodySha256 | Self::NonceBodySha256)
    }

    /// Returns the component that a signature over this piece covers, apart from the body.
    pub(crate) fn component(&self) -> Option<Component> {
        Some(match self {
            Self::Timestamp => Component::Timestamp,
            Self::Id => Component::Id,
            Self::Nonce | Self::NonceBodySha256 => Component::Nonce,
            Self::Method => Component::Method,
            Self::Url => Component::Url,
            Self::Path => Component::Path,
            Self::Query => Component::Query,
            Self::Params => Component::Params,
            Self::Header(name) => Component::Header(name.clone()),
            Self::Param(name) => Component::Param(name.clone()),
            Self::Text(_) | Self::Mac | Self::Body | Self::BodySha256 => return None,
        })
    }
}

/// The values of the fields that come with a signature.
#[derive(Clone, Copy, Default)]
pub(crate) struct Values<'a> {
    pub(crate) timestamp: &'a [u8],
    pub(crate) id: &'a [u8],
    pub(crate) nonce: &'a [u8],
    pub(crate) url: &'a str,
    pub(crate) query: &'a str,
}

/// The position of pieces relative to the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Before,
    After,
}

/// Writes pieces, none of which is the body.
///
/// A value must not contain the character that ends it: otherwise a part of it could be read as its
/// neighbour, and two requests would have the same signature. The body may contain anything, so
/// that a value after it must not contain the character before it either.
pub(crate) fn write(
    pieces: &[Piece],
    side: Side,
    message: &Message<'_>,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    for (at, piece) in pieces.iter().enumerate() {
        let end = match pieces.get(at + 1) {
            Some(Piece::Text(text)) => text.as_bytes().first().copied(),
            _ => None,
        };
        let begin = match (side, at.checked_sub(1).map(|before| &pieces[before])) {
            (Side::After, Some(Piece::Text(text))) => text.as_bytes().last().copied(),
            _ => None,
        };
        let start = out.len();
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Timestamp => out.extend_from_slice(values.timestamp),
            Piece::Id => out.extend_from_slice(values.id),
            Piece::Nonce => out.extend_from_slice(values.nonce),
            Piece::Method => out.extend_from_slice(not_empty(message.method, Component::Method)?),
            Piece::Url => out.extend_from_slice(not_empty(values.url, Component::Url)?),
            Piece::Path => out.extend_from_slice(not_empty(message.path(), Component::Path)?),
            Piece::Query => out.extend_from_slice(values.query.as_bytes()),
            Piece::Params => write_params(message.params, out),
            Piece::Header(name) => out.extend(required(message.headers, name)?),
            Piece::Param(name) => {
                let missing = || RequestError::Missing(Component::Param(name.clone()));
                out.extend(single_param(message, name)?.ok_or_else(missing)?);
            }
            Piece::Mac | Piece::Body | Piece::BodySha256 | Piece::NonceBodySha256 => {}
        }
        // URLs are exempt: they contain the separator of nearly every pattern.
        let Some(component) = piece.component() else { continue };
        let is_separated = !matches!(piece, Piece::Url | Piece::Params);
        let contains = |byte: Option<u8>| byte.is_some_and(|byte| out[start..].contains(&byte));
        if is_separated && (contains(begin) || contains(end)) {
            let problem = "contains the character that separates it from its neighbour";
            return Err(RequestError::malformed(component, problem));
        }
    }
    Ok(())
}

/// Returns the bytes of a value that must not be empty.
fn not_empty(value: &str, component: Component) -> Result<&[u8], RequestError> {
    match value {
        "" => Err(RequestError::Missing(component)),
        value => Ok(value.as_bytes()),
    }
}

/// Returns the value of a parameter that may have one value only.
pub(crate) fn single_param<'a>(
    message: &Message<'a>,
    name: &str,
) -> Result<Option<&'a [u8]>, RequestError> {
    let value = message.param(name);
    let differs = |(title, other): &(&str, &str)| *title == name && value != Some(*other);
    match message.params.iter().any(differs) {
        true => Err(RequestError::Duplicate(Component::Param(name.to_owned()))),
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

/// Finds the fields of `pieces` in `text`; each ends at the text that follows it in the pattern.
/// Returns `false` if `text` does not match.
pub(crate) fn find_fields<'p, 't>(
    pieces: &'p [Piece],
    mut text: &'t [u8],
    mut found: impl FnMut(&'p Piece, &'t [u8]),
) -> bool {
    let mut pieces = pieces.iter().peekable();
    while let Some(piece) = pieces.next() {
        if let Piece::Text(literal) = piece {
            match text.strip_prefix(literal.as_bytes()) {
                Some(rest) => text = rest,
                None => return false,
            }
            continue;
        }
        let end = match pieces.peek() {
            Some(Piece::Text(next)) => position(text, next.as_bytes()),
            _ => Some(text.len()),
        };
        let Some(end) = end else { return false };
        found(piece, &text[..end]);
        text = &text[end..];
    }
    text.is_empty()
}

fn position(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len()).position(|window| window == needle)
}
