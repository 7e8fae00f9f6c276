//! Conditional requests (RFC 9110, section 13), in the order of its section 13.2.2.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::header::{
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE,
};
use axum::http::{HeaderMap, HeaderName};

/// The validators of a representation (RFC 9110, section 8.8). All of them are strong.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Validators {
    /// The opaque parts of the entity tags, with their quotes, the one that is sent first.
    ///
    /// A file has one for its metadata and, once its digest is known, one for that.
    pub(crate) tags: Vec<String>,
    /// The time of the last modification, in seconds since 1970.
    pub(crate) modified: Option<u64>,
}

/// The result of the conditions of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    /// Send the representation; `permits_range` is false if its `Range` must be ignored.
    Send { permits_range: bool },
    /// 304: the client has it.
    NotModified,
    /// 412: it is not the one that the client knows.
    Failed,
}

/// Evaluates the conditions of a GET or HEAD request.
pub(crate) fn evaluate(headers: &HeaderMap, validators: &Validators) -> Decision {
    if let Some(tags) = Tags::parse(headers, &IF_MATCH) {
        if !tags.matches(validators, Comparison::Strong) {
            return Decision::Failed;
        }
    } else if let (Some(since), Some(modified)) =
        (date(headers, &IF_UNMODIFIED_SINCE), validators.modified)
        && modified > since
    {
        return Decision::Failed;
    }
    if let Some(tags) = Tags::parse(headers, &IF_NONE_MATCH) {
        if tags.matches(validators, Comparison::Weak) {
            return Decision::NotModified;
        }
    } else if let (Some(since), Some(modified)) =
        (date(headers, &IF_MODIFIED_SINCE), validators.modified)
        && modified <= since
    {
        return Decision::NotModified;
    }
    Decision::Send { permits_range: permits_range(headers, validators) }
}

/// Returns `true` unless an `If-Range` names no entity tag of the representation (section 13.1.5).
///
/// A date never does: another file may have replaced it and kept its time of modification, and a
/// download that is resumed must not join two files.
fn permits_range(headers: &HeaderMap, validators: &Validators) -> bool {
    let mut fields = headers.get_all(IF_RANGE).iter();
    let Some(field) = fields.next() else { return true };
    let Ok(text) = field.to_str() else { return false };
    if fields.next().is_some() {
        return false;
    }
    validators.tags.iter().any(|tag| tag == text.trim())
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    Strong,
    /// Entity tags match even if they are marked as weak.
    Weak,
}

/// The entity tags of an `If-Match` or `If-None-Match` field.
enum Tags<'a> {
    Any,
    /// The fields' texts; a malformed one matches nothing from the mistake on.
    Listed(Vec<&'a [u8]>),
}

impl<'a> Tags<'a> {
    fn parse(headers: &'a HeaderMap, name: &HeaderName) -> Option<Self> {
        let fields: Vec<_> = headers.get_all(name).iter().map(|f| f.as_bytes()).collect();
        match &fields[..] {
            [] => None,
            [field] if field.trim_ascii() == b"*" => Some(Self::Any),
            _ => Some(Self::Listed(fields)),
        }
    }

    fn matches(&self, validators: &Validators, comparison: Comparison) -> bool {
        let Self::Listed(fields) = self else { return true };
        let is_ours = |(is_weak, tag): (bool, &[u8])| {
            (!is_weak || comparison == Comparison::Weak)
                && validators.tags.iter().any(|ours| ours.as_bytes() == tag)
        };
        fields.iter().any(|field| EntityTags(field).any(is_ours))
    }
}

/// An iterator over the entity tags of a list: whether each is weak, and its opaque part with the
/// quotes.
struct EntityTags<'a>(&'a [u8]);

impl<'a> Iterator for EntityTags<'a> {
    type Item = (bool, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let separators = |byte: &u8| !matches!(byte, b' ' | b'\t' | b',');
        let start = self.0.iter().position(separators)?;
        let rest = self.0.get(start..)?;
        let (is_weak, rest) = match rest.strip_prefix(b"W/") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let end = rest.strip_prefix(b"\"")?.iter().position(|byte| *byte == b'"')? + 2;
        let (tag, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        Some((is_weak, tag))
    }
}

/// Returns the date of a field in seconds since 1970; `None` if it is absent or malformed.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let mut fields = headers.get_all(name).iter();
    let field = fields.next().filter(|_| fields.next().is_none())?;
    seconds(field.to_str().ok()?.trim())
}

fn seconds(date: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(date).ok()?;
    time.duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// Writes a time in seconds since 1970 as HTTP does.
pub(crate) fn http_date(seconds: u64) -> String {
    // Later years than 9999 have no HTTP date.
    let seconds = seconds.min(253_402_300_799);
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    httpdate::fmt_http_date(time)
}

#[cfg(test)]
mod tests;
