//! Going on where a download ended: what a server must say before new bytes join old ones.

use std::time::Duration;

use crate::net::headers::HeaderFields;
use crate::net::transport::{Framing, Response};

/// A file that changed less than this before the response may change again within the same second,
/// unseen (RFC 9110, section 8.8.2.2).
const SETTLED: Duration = Duration::from_secs(60);

/// What tells one version of a file from another, byte for byte (RFC 9110, section 8.8.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Validator {
    /// A strong entity tag, with its quotes.
    Etag(String),
    /// A date of change, at least a minute before that of the response.
    LastModified(String),
}

impl Validator {
    /// The strong one among the fields of a response, if there is one.
    pub fn strong(headers: &HeaderFields) -> Option<Self> {
        if let Some(tag) = headers.value("ETag") {
            let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
            return strong.then(|| Self::Etag(tag.into()));
        }
        let date = |name| httpdate::parse_http_date(headers.value(name)?).ok();
        let age = date("Date")?.duration_since(date("Last-Modified")?).ok()?;
        let text = headers.value("Last-Modified")?;
        (age >= SETTLED).then(|| Self::LastModified(text.into()))
    }

    /// The value of `If-Range`.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Etag(text) | Self::LastModified(text) => text,
        }
    }

    /// Whether a response is of the same version, as far as it says. One without a validator is:
    /// the server has compared ours.
    fn agrees(&self, headers: &HeaderFields) -> bool {
        let field = match self {
            Self::Etag(_) => "ETag",
            Self::LastModified(_) => "Last-Modified",
        };
        headers.value(field).is_none_or(|value| value == self.text())
    }
}

/// What a response to a request for the rest means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rest {
    /// Its body follows what is there, and ends the file at that length.
    Follows { total: u64 },
    /// Its body is the whole file.
    Whole,
    /// Everything is there already.
    Nothing,
    /// It is no use; ask for the whole file.
    AskForAll,
    /// It is an answer to be reported.
    Other,
}

/// Judges a response to a request for what follows the first `have` bytes of a file of `total`.
pub(crate) fn rest(
    response: &Response,
    have: u64,
    total: Option<u64>,
    validator: &Validator,
) -> Rest {
    let headers = &response.headers;
    let range = headers.value("Content-Range").map(ContentRange::parse);
    match response.status {
        // Which of both is it?
        200 if range.is_some() => Rest::AskForAll,
        200 => Rest::Whole,
        206 => match range {
            Some(Some(ContentRange { span: Some((start, end)), total: Some(all) }))
                if start == have
                    && end.checked_add(1) == Some(all)
                    && total.is_none_or(|total| total == all)
                    && match response.framing {
                        Framing::Length(length) => length == all - have,
                        Framing::Chunked | Framing::UntilClose => true,
                    }
                    && validator.agrees(headers) =>
            {
                Rest::Follows { total: all }
            }
            _ => Rest::AskForAll,
        },
        416 => match range {
            Some(Some(ContentRange { span: None, total: Some(all) }))
                if all == have && total == Some(all) =>
            {
                Rest::Nothing
            }
            _ => Rest::AskForAll,
        },
        // The server cannot do ranges, or not with this condition.
        412 | 501 => Rest::AskForAll,
        _ => Rest::Other,
    }
}

/// RFC 9110, section 14.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct ContentRange {
    /// The first and the last byte.
    span: Option<(u64, u64)>,
    total: Option<u64>,
}

impl ContentRange {
    fn parse(text: &str) -> Option<Self> {
        let (unit, rest) = text.split_once(' ')?;
        let (span, total) = rest.trim().split_once('/')?;
        let number = |text: &str| -> Option<u64> {
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
        };
        let total = if total == "*" { None } else { Some(number(total)?) };
        let span = if span == "*" {
            None
        } else {
            let (first, last) = span.split_once('-')?;
            let (first, last) = (number(first)?, number(last)?);
            if first > last || total.is_some_and(|total| last >= total) {
                return None;
            }
            Some((first, last))
        };
        unit.eq_ignore_ascii_case("bytes").then_some(Self { span, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, framing: Framing, fields: &[(&str, &str)]) -> Response {
        let mut headers = HeaderFields::new();
        fields.iter().for_each(|(name, value)| assert!(headers.push(*name, *value)));
        Response { status, headers, framing, body: Box::new(std::io::empty()) }
    }

    #[test]
    fn weak_validators_are_none() {
        let strong = |fields: &[(&str, &str)]| {
            Validator::strong(&response(200, Framing::Chunked, fields).headers)
        };
        assert_eq!(strong(&[("ETag", "\"a\"")]), Some(Validator::Etag("\"a\"".into())));
        assert_eq!(strong(&[("ETag", "W/\"a\"")]), None);
        assert_eq!(strong(&[("ETag", "a")]), None);
        let (then, later) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:37 GMT");
        let dated = [("Last-Modified", then), ("Date", later)];
        assert_eq!(strong(&dated), Some(Validator::LastModified(then.into())));
        assert_eq!(strong(&[("Last-Modified", then), ("Date", then)]), None);
        assert_eq!(strong(&[("Last-Modified", then)]), None);
        // A weak tag is not made good by a date.
        assert_eq!(strong(&[("ETag", "W/\"a\""), dated[0], dated[1]]), None);
    }

    #[test]
    fn only_the_very_rest_follows() {
        let tag = Validator::Etag("\"a\"".into());
        let judge = |status, length, fields: &[(&str, &str)]| {
            rest(&response(status, Framing::Length(length), fields), 10, Some(20), &tag)
        };
        let range = |text| ("Content-Range", text);
        let good = [range("bytes 10-19/20"), ("ETag", "\"a\"")];
        assert_eq!(judge(206, 10, &good), Rest::Follows { total: 20 });
        assert_eq!(judge(206, 10, &good[..1]), Rest::Follows { total: 20 });
        for (why, length, fields) in [
            ("another version", 10, &[good[0], ("ETag", "\"b\"")][..]),
            ("another length", 9, &good),
            ("an earlier start", 11, &[range("bytes 9-19/20")]),
            ("a later start", 9, &[range("bytes 11-19/20")]),
            ("not to the end", 9, &[range("bytes 10-18/20")]),
            ("another total", 11, &[range("bytes 10-20/21")]),
            ("no total", 10, &[range("bytes 10-19/*")]),
            ("beyond the total", 10, &[range("bytes 10-20/20")]),
            ("another unit", 10, &[range("lines 10-19/20")]),
            ("no number", 10, &[range("bytes +10-19/20")]),
            ("no range", 10, &[]),
        ] {
            assert_eq!(judge(206, length, fields), Rest::AskForAll, "{why}");
        }
        assert_eq!(judge(200, 20, &[]), Rest::Whole);
        assert_eq!(judge(200, 10, &good), Rest::AskForAll);
        assert_eq!(judge(416, 0, &[range("bytes */20")]), Rest::AskForAll);
        assert_eq!(judge(404, 0, &[]), Rest::Other);
        let all =
            rest(&response(416, Framing::Length(0), &[range("bytes */20")]), 20, Some(20), &tag);
        assert_eq!(all, Rest::Nothing);
    }
}
