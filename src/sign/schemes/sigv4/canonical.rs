//! The canonical request: the normal form of method, path, query and headers.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

use crate::sign::component::Component;
use crate::sign::error::RequestError;
use crate::sign::message::Message;

/// All characters except the unreserved ones of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The normal form of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum PathStyle {
    Normalized,
    Unchanged,
    /// The style of S3.
    EncodedOnce,
}

/// A canonical request without the list of its headers and the digest of its body.
#[derive(Clone)]
pub(super) struct Canonical {
    method: String,
    path: String,
    query: String,
    /// Names and values, sorted. `write` fills in the digest of the body if its header is empty.
    headers: Vec<(String, Vec<u8>)>,
}

impl Canonical {
    pub(super) fn new(style: PathStyle, message: &Message<'_>) -> Self {
        Self {
            method: message.method.to_owned(),
            path: canonical_path(style, message.path()),
            query: canonical_query(message.query().unwrap_or_default()),
            headers: Vec::new(),
        }
    }

    pub(super) fn set_query(&mut self, query: &str) {
        self.query = canonical_query(query);
    }

    /// Adds the headers of these names, from `added` or else from the message.
    ///
    /// `host` is the host of the request, from its header or its URL.
    pub(super) fn set_headers(
        &mut self,
        message: &Message<'_>,
        names: &[String],
        added: &[(String, String)],
        host: Option<&str>,
    ) -> Result<(), RequestError> {
        for name in names {
            let mut value: Option<Vec<u8>> = None;
            let mut add = |one: &[u8]| match &mut value {
                None => value = Some(spaced(one)),
                Some(value) => {
                    value.push(b',');
                    value.extend(spaced(one));
                }
            };
            match added.iter().find(|(title, _)| title.eq_ignore_ascii_case(name)) {
                Some((_, one)) => add(one.as_bytes()),
                None if name == "host" => host.into_iter().for_each(|host| add(host.as_bytes())),
                None => message.headers.values(name, &mut add),
            }
            let value = value.ok_or_else(|| RequestError::missing_header(name))?;
            if value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
                return Err(RequestError::malformed_header(name, "contains a line end"));
            }
            self.headers.push((name.clone(), value));
        }
        if !self.method.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RequestError::malformed(Component::Method, "not a token"));
        }
        Ok(())
    }

    /// Returns the canonical request of a body with this digest or substitute.
    pub(super) fn write(&self, names: &str, payload: &str) -> Vec<u8> {
        let mut text = format!("{}\n{}\n{}\n", self.method, self.path, self.query).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            match name == "x-amz-content-sha256" && value.is_empty() {
                true => text.extend_from_slice(payload.as_bytes()),
                false => text.extend_from_slice(value),
            }
            text.push(b'\n');
        }
        text.extend_from_slice(format!("\n{names}\n{payload}").as_bytes());
        text
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    percent_encode(bytes, RESERVED).to_string()
}

/// Trims a value and replaces each run of white space, tabs included, with one space, as botocore's
/// `' '.join(value.split())` does. A line end is kept, and refused later.
fn spaced(value: &[u8]) -> Vec<u8> {
    let words = value.split(|byte| matches!(byte, b' ' | b'\t' | b'\x0b' | b'\x0c'));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(&b' ')
}

fn canonical_path(style: PathStyle, path: &str) -> String {
    let path: Cow<'_, str> = match style {
        PathStyle::Normalized => normalized(path).into(),
        _ => path.into(),
    };
    let segments = path.split('/').map(|segment| match style {
        PathStyle::EncodedOnce => encode(&percent_decode(segment.as_bytes()).collect::<Vec<u8>>()),
        _ => encode(segment.as_bytes()),
    });
    let path = segments.collect::<Vec<_>>().join("/");
    if path.is_empty() { "/".into() } else { path }
}

fn normalized(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    let end = if path.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

fn canonical_query(query: &str) -> String {
    let recode = |text: &str| encode(&percent_decode(text.as_bytes()).collect::<Vec<u8>>());
    let mut items: Vec<(String, String)> = query
        .split('&')
        .filter(|item| !item.is_empty())
        .map(|item| item.split_once('=').unwrap_or((item, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    items.sort_unstable();
    let items: Vec<String> =
        items.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    items.join("&")
}
