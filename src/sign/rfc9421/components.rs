//! The components of a request that a signature names (RFC 9421, section 2).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};
use sfv::{BareItem, Dictionary, FieldType, Item, KeyRef, ListEntry, Parser};

use crate::sign::encoding::MacEncoding;
use crate::sign::fields::{joined, serialised, serialised_list};
use crate::sign::headers::trim;
use crate::sign::message::Message;
use crate::sign::verdict::VerifyError;

/// What is not percent-encoded in a `@query-param` (section 2.2.8).
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// Reads a component as it is typed: the name bare or in quotes, then its parameters.
pub(super) fn component(text: &str) -> Option<Item> {
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

/// As it is typed.
pub(super) fn title(item: &Item) -> String {
    let text = serialised(item);
    match (name(item), item.params.is_empty()) {
        (Some(name), true) => name.to_owned(),
        _ => text,
    }
}

fn name(item: &Item) -> Option<&str> {
    match &item.bare_item {
        BareItem::String(name) => Some(name.as_str()),
        _ => None,
    }
}

/// Returns the name of a header field, and the member that is covered, if it is not the whole field.
pub(super) fn field(item: &Item) -> Option<(&str, Option<&str>)> {
    let name = name(item).filter(|name| !name.starts_with('@'))?;
    let key = KeyRef::from_str("key").ok().and_then(|key| item.params.get(key));
    Some((name, key.and_then(|key| key.as_string()).map(|key| key.as_str())))
}

pub(super) fn is_content_digest(item: &Item) -> bool {
    name(item) == Some("content-digest") && item.params.is_empty()
}

/// Where the authority of `@target-uri` comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The `Host` field, and the URL where there is none.
    Received,
    /// The URL: a proxy may have changed the field.
    Url,
}

/// Returns `true` for `@target-uri`.
pub(super) fn is_target_uri(item: &Item) -> bool {
    name(item) == Some("@target-uri")
}

/// The component's value in this request.
///
/// # Errors
/// Where it is not there, or is none that is known.
pub(super) fn component_value(
    item: &Item,
    message: &Message<'_>,
    target: Target,
) -> Result<Vec<u8>, VerifyError> {
    let unknown = || VerifyError::malformed(title(item), "it is no component that is known");
    if component(&serialised(item)).as_ref() != Some(item) {
        return Err(unknown());
    }
    let name = name(item).ok_or_else(unknown)?;
    let missing = || VerifyError::MissingHeader(title(item));
    let text_param = |name: &str| match KeyRef::from_str(name).ok().and_then(|k| item.params.get(k))
    {
        Some(BareItem::String(text)) => Ok(text.as_str()),
        _ => Err(unknown()),
    };
    let text = match name {
        "@method" => message.method.to_owned(),
        "@target-uri" => match target {
            Target::Received => message.received_uri()?.ok_or_else(missing)?,
            Target::Url => message.target_uri()?.ok_or_else(missing)?,
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
        "@query-param" => query_param(message, text_param("name")?)?.ok_or_else(missing)?,
        _ => return header(item, name, message)?.ok_or_else(missing),
    };
    Ok(text.into_bytes())
}

/// The one parameter of that name, decoded and encoded again.
fn query_param(message: &Message<'_>, wanted: &str) -> Result<Option<String>, VerifyError> {
    let recode = |text: &str| {
        let text = text.replace('+', " ");
        percent_encode(&percent_decode(text.as_bytes()).collect::<Vec<u8>>(), FORM).to_string()
    };
    let mut found = None;
    for item in message.query().unwrap_or_default().split('&') {
        let (name, value) = item.split_once('=').unwrap_or((item, ""));
        if recode(name) == wanted && found.replace(recode(value)).is_some() {
            let why = "it stands in the query twice";
            return Err(VerifyError::malformed(format!("@query-param {wanted}"), why));
        }
    }
    Ok(found)
}

fn header(item: &Item, name: &str, message: &Message<'_>) -> Result<Option<Vec<u8>>, VerifyError> {
    let param = |name: &str| KeyRef::from_str(name).ok().and_then(|name| item.params.get(name));
    if let Some(key) = param("key") {
        let wrong = |why| VerifyError::malformed(title(item), why);
        let Some(text) = joined(message, name) else { return Ok(None) };
        let BareItem::String(key) = key else { return Err(wrong("its key is not a string")) };
        let fields = Parser::new(&text).parse::<Dictionary>();
        let fields = fields.map_err(|_| wrong("the header is not a dictionary"))?;
        let member = KeyRef::from_str(key.as_str()).ok().and_then(|key| fields.get(key));
        return Ok(member.map(|member| match member {
            ListEntry::Item(item) => item.serialize().into_bytes(),
            ListEntry::InnerList(list) => serialised_list(list).into_bytes(),
        }));
    }
    match param("bs") {
        None => Ok(joined(message, name)),
        Some(BareItem::Boolean(true)) => {
            let mut lines: Vec<String> = Vec::new();
            message.headers.values(name, &mut |line| {
                lines.push(format!(":{}:", MacEncoding::Base64.encode(trim(line))));
            });
            Ok((!lines.is_empty()).then(|| lines.join(", ").into_bytes()))
        }
        Some(_) => Err(VerifyError::malformed(title(item), "its parameter bs is not true")),
    }
}
