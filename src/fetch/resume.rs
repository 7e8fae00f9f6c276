//! The conditions for resuming a partial download.

use std::time::Duration;

use crate::net::headers::HeaderFields;
use crate::net::transport::{Framing, Response};

/// The minimum age of `Last-Modified`: a file that changed later may change again within the same
/// second (RFC 9110, section 8.8.2.2).
const MIN_AGE: Duration = Duration::from_secs(60);

/// A strong validator, which identifies one version of a file (RFC 9110, section 8.8.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Validator {
    /// A strong entity tag, with its quotes.
    Etag(String),
    /// A modification date at least a minute before the date of the response.
    LastModified(String),
}

impl Validator {
    /// Returns the strong validator in the headers of a response.
    pub fn strong(headers: &HeaderFields) -> Option<Self> {
        if let Some(tag) = headers.value("ETag") {
            let strong = tag.len() >= 2 && tag.starts_with('"') && tag.ends_with('"');
            return strong.then(|| Self::Etag(tag.into()));
        }
        let date = |name| httpdate::parse_http_date(headers.value(name)?).ok();
        let age = date("Date")?.duration_since(date("Last-Modified")?).ok()?;
        let text = headers.value("Last-Modified")?;
        (age >= MIN_AGE).then(|| Self::LastModified(text.into()))
    }

    /// Returns the value for `If-Range`.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Etag(text) | Self::LastModified(text) => text,
        }
    }

    /// Returns `true` unless the response has a different validator. It may have none, because the
    /// server has already compared `If-Range`.
    fn matches(&self, headers: &HeaderFields) -> bool {
        let field = match self {
            Self::Etag(_) => "ETag",
            Self::LastModified(_) => "Last-Modified",
        };
        headers.value(field).is_none_or(|value| value == self.text())
    }
}

/// The meaning of a response to a request for the rest of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Continuation {
    /// The body is the rest of the file, whose length is `total`.
    Rest { total: u64 },
    /// The body is the whole file.
    Whole,
    /// The part already has all bytes.
    Complete,
    /// The server cannot send the rest; only a request for the whole file can succeed.
    Unusable,
    /// The response is an error.
    Refused,
}

/// Returns the meaning of a response to a request for the bytes from offset `have` of a file whose
/// length is `total`.
pub(super) fn continuation(
    response: &Response,
    have: u64,
    total: Option<u64>,
    validator: &Validator,
) -> Continuation {
    let headers = &response.headers;
    let range = headers.value("Content-Range").map(ContentRange::parse);
    match response.status {
        // Status 200 means the whole file, and `Content-Range` a part of it.
        200 if range.is_some() => Continuation::Unusable,
        200 => Continuation::Whole,
        206 => match range {
            Some(Some(ContentRange { span: Some((start, end)), total: Some(all) }))
                if start == have
                    && end.checked_add(1) == Some(all)
                    && total.is_none_or(|total| total == all)
                    && match response.framing {
                        Framing::Length(length) => length == all - have,
                        Framing::Chunked | Framing::UntilClose => true,
                    }
                    && validator.matches(headers) =>
            {
                Continuation::Rest { total: all }
            }
            _ => Continuation::Unusable,
        },
        416 => match range {
            Some(Some(ContentRange { span: None, total: Some(all) }))
                if all == have && total == Some(all) =>
            {
                Continuation::Complete
            }
            _ => Continuation::Unusable,
        },
        // The server does not support ranges, or not with this condition.
        412 | 501 => Continuation::Unusable,
        _ => Continuation::Refused,
    }
}

/// The value of `Content-Range` (RFC 9110, section 14.4).
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
        fields.iter().for_each(|(name, value)| headers.push(*name, *value).unwrap());
        Response { status, headers, framing, body: Box::new(std::io::empty()) }
    }

    #[test]
    fn weak_validators_are_ignored() {
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
        // A date does not make up for a weak tag.
        assert_eq!(strong(&[("ETag", "W/\"a\""), dated[0], dated[1]]), None);
    }

    #[test]
    fn only_the_exact_rest_is_used() {
        let tag = Validator::Etag("\"a\"".into());
        let meaning = |status, length, fields: &[(&str, &str)]| {
            continuation(&response(status, Framing::Length(length), fields), 10, Some(20), &tag)
        };
        let range = |text| ("Content-Range", text);
        let good = [range("bytes 10-19/20"), ("ETag", "\"a\"")];
        assert_eq!(meaning(206, 10, &good), Continuation::Rest { total: 20 });
        assert_eq!(meaning(206, 10, &good[..1]), Continuation::Rest { total: 20 });
        for (why, length, fields) in [
            ("a different version", 10, &[good[0], ("ETag", "\"b\"")][..]),
            ("a different length", 9, &good),
            ("an earlier start", 11, &[range("bytes 9-19/20")]),
            ("a later start", 9, &[range("bytes 11-19/20")]),
            ("not to the end", 9, &[range("bytes 10-18/20")]),
            ("a different total", 11, &[range("bytes 10-20/21")]),
            ("no total", 10, &[range("bytes 10-19/*")]),
            ("beyond the total", 10, &[range("bytes 10-20/20")]),
            ("a different unit", 10, &[range("lines 10-19/20")]),
            ("no number", 10, &[range("bytes +10-19/20")]),
            ("no range", 10, &[]),
        ] {
            assert_eq!(meaning(206, length, fields), Continuation::Unusable, "{why}");
        }
        assert_eq!(meaning(200, 20, &[]), Continuation::Whole);
        assert_eq!(meaning(200, 10, &good), Continuation::Unusable);
        assert_eq!(meaning(416, 0, &[range("bytes */20")]), Continuation::Unusable);
        assert_eq!(meaning(404, 0, &[]), Continuation::Refused);
        let complete = continuation(
            &response(416, Framing::Length(0), &[range("bytes */20")]),
            20,
            Some(20),
            &tag,
        );
        assert_eq!(complete, Continuation::Complete);
    }
}
