//! Patterns: text with fields in braces, written from values or matched against text.

use crate::sign::component::Component;
use crate::sign::error::{RequestError, SchemeError};
use crate::sign::headers::required;
use crate::sign::message::Message;
use crate::sign::setting::Setting;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Piece {
    Text(String),
    Mac,
    /// The value of a component, one of [`COMPONENTS`] or the value of a header or parameter.
    Value(Component),
    Body,
    /// The SHA-256 digest of the body in hexadecimal.
    BodySha256,
    /// The bytes of SHA-256(nonce · body), as Kraken signs them.
    NonceBodySha256,
}

/// The components that patterns refer to by name.
///
/// `{params}` is all parameters without separators, sorted and without repetitions, as Twilio signs
/// them.
const COMPONENTS: [Component; 8] = [
    Component::Timestamp,
    Component::Id,
    Component::Nonce,
    Component::Method,
    Component::Url,
    Component::Path,
    Component::Query,
    Component::Params,
];

/// Parses a pattern. `{{` and `}}` are literal braces.
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
        Some(match (name, name.split_once(':')) {
            ("mac", _) => Self::Mac,
            ("body", _) => Self::Body,
            ("body.sha256", _) => Self::BodySha256,
            ("sha256(nonce,body)", _) => Self::NonceBodySha256,
            (_, Some((_, ""))) => return None,
            (_, Some(("header", name))) => Self::Value(Component::Header(name.to_owned())),
            (_, Some(("param", name))) => Self::Value(Component::Param(name.to_owned())),
            _ => Self::Value(COMPONENTS.into_iter().find(|known| known.to_string() == name)?),
        })
    }

    pub(crate) fn is_body(&self) -> bool {
        matches!(self, Self::Body | Self::BodySha256 | Self::NonceBodySha256)
    }

    /// Returns the component that a signature over this piece covers, apart from the body.
    pub(crate) fn component(&self) -> Option<Component> {
        match self {
            Self::Value(component) => Some(component.clone()),
            Self::NonceBodySha256 => Some(Component::Nonce),
            Self::Text(_) | Self::Mac | Self::Body | Self::BodySha256 => None,
        }
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
/// A value must not contain the character that follows it: otherwise a part of it could be read as
/// its neighbour, and two requests would have the same signature. The body may contain anything, so
/// a value after the body must not contain the character before the value either.
pub(crate) fn write(
    pieces: &[Piece],
    side: Side,
    message: &Message<'_>,
    values: &Values<'_>,
    out: &mut Vec<u8>,
) -> Result<(), RequestError> {
    for (at, piece) in pieces.iter().enumerate() {
        let component = match piece {
            Piece::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Piece::Value(component) => component,
            _ => continue,
        };
        let start = out.len();
        match component {
            Component::Timestamp => out.extend_from_slice(values.timestamp),
            Component::Id => out.extend_from_slice(values.id),
            Component::Nonce => out.extend_from_slice(values.nonce),
            Component::Method => out.extend_from_slice(not_empty(message.method, component)?),
            Component::Url => out.extend_from_slice(not_empty(values.url, component)?),
            Component::Path => out.extend_from_slice(not_empty(message.path(), component)?),
            Component::Query => out.extend_from_slice(values.query.as_bytes()),
            Component::Params => write_params(message.params, out),
            Component::Header(name) => out.extend_from_slice(required(message.headers, name)?),
            Component::Param(name) => {
                let value = single_param(message, name)?;
                let missing = || RequestError::Missing(component.clone());
                out.extend_from_slice(value.ok_or_else(missing)?);
            }
            _ => {}
        }
        let end = match pieces.get(at + 1) {
            Some(Piece::Text(text)) => text.bytes().next(),
            _ => None,
        };
        let begin = match (side, at.checked_sub(1).map(|before| &pieces[before])) {
            (Side::After, Some(Piece::Text(text))) => text.bytes().last(),
            _ => None,
        };
        // URLs are exempt: they contain the separator of nearly every pattern.
        let is_separated = !matches!(component, Component::Url | Component::Params);
        let contains = |byte: Option<u8>| byte.is_some_and(|byte| out[start..].contains(&byte));
        if is_separated && (contains(begin) || contains(end)) {
            let problem = "contains the character that separates it from its neighbour";
            return Err(RequestError::malformed(component.clone(), problem));
        }
    }
    Ok(())
}

/// Returns the bytes of a value that must not be empty.
fn not_empty<'v>(value: &'v str, component: &Component) -> Result<&'v [u8], RequestError> {
    match value {
        "" => Err(RequestError::Missing(component.clone())),
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
