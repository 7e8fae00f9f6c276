//! The components of a request (RFC 9421, section 2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sfv::{BareItem, Dictionary, Item, KeyRef, ListEntry, Parser};

use crate::sign::component::Component;
use crate::sign::encoding::MacEncoding;
use crate::sign::error::RequestError;
use crate::sign::headers::trim;
use crate::sign::message::Message;
use crate::sign::structured_fields::{item_param, joined, serialized, serialized_list};

/// The characters that are percent-encoded in a `@query-param` (section 2.2.8).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// Parses a component as users type it: the name, bare or in quotes, then its parameters.
pub(super) fn parse_component(text: &str) -> Option<Item> {
    let text = text.trim();
    let quoted = match text.starts_with('"') {
        true => text.to_owned(),
        false => match text.split_once(';') {
            Some((name, params)) => format!("\"{}\";{params}", name.to_ascii_lowercase()),
            None => format!("\"{}\"", text.to_ascii_lowercase()),
        },
    };
    let item: Item = Parser::new(&quoted).parse().ok()?;
    let name = name(&item)?;
    let params: Vec<&str> = item.params.keys().map(|key| key.as_str()).collect();
    let known = match (name, &params[..]) {
        ("@method" | "@target-uri" | "@authority" | "@scheme", []) => true,
        ("@request-target" | "@path" | "@query", []) => true,
        ("@query-param", ["name"]) => true,
        (_, [] | ["key"] | ["bs"]) => {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        }
        _ => false,
    };
    known.then_some(item)
}

/// Returns the component as users type it.
pub(super) fn identifier(item: &Item) -> Component {
    Component::Identifier(match (name(item), item.params.is_empty()) {
        (Some(name), true) => name.to_owned(),
        _ => serialized(item),
    })
}

fn name(item: &Item) -> Option<&str> {
    match &item.bare_item {
        BareItem::String(name) => Some(name.as_str()),
        _ => None,
    }
}

/// Returns the name of a header, and the name of its member unless the whole header is covered.
pub(super) fn field(item: &Item) -> Option<(&str, Option<&str>)> {
    let name = name(item).filter(|name| !name.starts_with('@'))?;
    let key = item_param(item, "key").and_then(BareItem::as_string);
    Some((name, key.map(|key| key.as_str())))
}

pub(super) fn is_content_digest(item: &Item) -> bool {
    name(item) == Some("content-digest") && item.params.is_empty()
}

/// The source of the authority of `@target-uri`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthoritySource {
    /// The `Host` header, or the URL if there is none.
    HostHeader,
    /// The URL, since a proxy may have changed the header.
    Url,
}

pub(super) fn is_target_uri(item: &Item) -> bool {
    name(item) == Some("@target-uri")
}

/// Returns the value of a component in this request.
///
/// # Errors
/// [`RequestError`] if the component is unknown, or missing from the request.
pub(super) fn component_value(
    item: &Item,
    message: &Message<'_>,
    source: AuthoritySource,
) -> Result<Vec<u8>, RequestError> {
    let unknown = || RequestError::malformed(identifier(item), "unknown component");
    if parse_component(&serialized(item)).as_ref() != Some(item) {
        return Err(unknown());
    }
    let name = name(item).ok_or_else(unknown)?;
    let missing = || RequestError::Missing(identifier(item));
    let text = match name {
        "@method" => message.method.to_owned(),
        "@target-uri" => match source {
            AuthoritySource::HostHeader => message.received_uri()?.ok_or_else(missing)?,
            AuthoritySource::Url => message.target_uri()?.ok_or_else(missing)?,
        },
        "@authority" => message.host()?.ok_or_else(missing)?,
        "@scheme" => message.scheme().map(str::to_ascii_lowercase).ok_or_else(missing)?,
        "@request-target" => match message.request_target() {
            target if target.is_empty() => return Err(missing()),
            target => target,
        },
        "@path" => match message.path() {
            "" => "/".to_owned(),
            path => path.to_owned(),
        },
        "@query" => format!("?{}", message.query().unwrap_or_default()),
        "@query-param" => match item_param(item, "name") {
            Some(BareItem::String(name)) => query_param(item, message, name.as_str())?,
            _ => return Err(unknown()),
        }
        .ok_or_else(missing)?,
        _ => return header(item, name, message)?.ok_or_else(missing),
    };
    Ok(text.into_bytes())
}

/// Returns the only query parameter of that name, decoded and encoded again.
fn query_param(
    item: &Item,
    message: &Message<'_>,
    expected: &str,
) -> Result<Option<String>, RequestError> {
    let recode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encode(&percent_decode(text.as_bytes()).collect::<Vec<u8>>(), FORM).to_string()
    };
    let mut found = None;
    for pair in message.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if recode(name) == expected && found.replace(recode(value)).is_some() {
            return Err(RequestError::malformed(identifier(item), "appears more than once"));
        }
    }
    Ok(found)
}

fn header(item: &Item, name: &str, message: &Message<'_>) -> Result<Option<Vec<u8>>, RequestError> {
    let malformed = |problem| RequestError::malformed(identifier(item), problem);
    if let Some(key) = item_param(item, "key") {
        let Some(text) = joined(message, name) else { return Ok(None) };
        let BareItem::String(key) = key else { return Err(malformed("key is not a string")) };
        let fields = Parser::new(&text).parse::<Dictionary>();
        let fields = fields.map_err(|_| malformed("the header is not a dictionary"))?;
        let member = KeyRef::from_str(key.as_str()).ok().and_then(|key| fields.get(key));
        return Ok(member.map(|member| match member {
            ListEntry::Item(item) => serialized(item).into_bytes(),
            ListEntry::InnerList(list) => serialized_list(list).into_bytes(),
        }));
    }
    match item_param(item, "bs") {
        None => Ok(joined(message, name)),
        Some(BareItem::Boolean(true)) => {
            let mut lines: Vec<String> = Vec::new();
            message.headers.values(name, &mut |line| {
                lines.push(format!(":{}:", MacEncoding::Base64.encode(trim(line))));
            });
            Ok((!lines.is_empty()).then(|| lines.join(", ").into_bytes()))
        }
        Some(_) => Err(malformed("parameter bs is not true")),
    }
}
