//! The headers of a request, in any type.

use std::collections::{BTreeMap, HashMap};

use crate::sign::component::Component;
use crate::sign::error::RequestError;

/// The headers of a request.
///
/// Implemented for vectors, arrays, slices and maps of name and value, and with the feature
/// `http` for `HeaderMap`.
pub trait RequestHeaders {
    /// Calls `each` with the value of every header of that name, in the order of the request.
    /// Names are compared without regard to case.
    fn values<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8]));

    /// Calls `each` with the name of every header.
    fn names<'a>(&'a self, each: &mut dyn FnMut(&'a str));
}

fn values_of<'a, N: AsRef<str> + 'a, V: AsRef<[u8]> + 'a>(
    headers: impl Iterator<Item = (&'a N, &'a V)>,
    name: &str,
    each: &mut dyn FnMut(&'a [u8]),
) {
    for (title, value) in headers {
        let title = title.as_ref();
        // Names usually agree in case, and that is faster to test.
        if title == name || title.eq_ignore_ascii_case(name) {
            each(value.as_ref());
        }
    }
}

macro_rules! headers_of_pairs {
    ($([$($generic:tt)*] $type:ty),* $(,)?) => {$(
        impl<N: AsRef<str>, V: AsRef<[u8]>, $($generic)*> RequestHeaders for $type {
            fn values<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8])) {
                values_of(self.iter().map(|(name, value)| (name, value)), name, each);
            }
            fn names<'a>(&'a self, each: &mut dyn FnMut(&'a str)) {
                self.iter().for_each(|(name, _)| each(name.as_ref()));
            }
        }
    )*};
}

headers_of_pairs! {
    [] &[(N, V)],
    [] Vec<(N, V)>,
    [const COUNT: usize] [(N, V); COUNT],
    [S] HashMap<N, V, S>,
    [] BTreeMap<N, V>,
}

/// Returns the trimmed value of a header that may have one value only.
///
/// Repetitions of the same value count once. Different values are refused, because another program
/// may read the other one.
pub(crate) fn single<'a>(
    headers: &'a dyn RequestHeaders,
    name: &str,
) -> Result<Option<&'a [u8]>, RequestError> {
    let mut found: Option<&[u8]> = None;
    let mut differ = false;
    headers.values(name, &mut |value| {
        let value = trim(value);
        differ |= found.is_some_and(|found| found != value);
        found = Some(value);
    });
    if differ { Err(RequestError::Duplicate(Component::header(name))) } else { Ok(found) }
}

/// Returns the value of a header that the scheme needs; see [`single`].
pub(crate) fn required<'a>(
    headers: &'a dyn RequestHeaders,
    name: &str,
) -> Result<&'a [u8], RequestError> {
    single(headers, name)?.ok_or_else(|| RequestError::missing_header(name))
}

/// Returns the value of a header that the scheme needs, if it is UTF-8.
pub(crate) fn required_text<'a>(
    headers: &'a dyn RequestHeaders,
    name: &str,
) -> Result<&'a str, RequestError> {
    let value = std::str::from_utf8(required(headers, name)?);
    value.map_err(|_| RequestError::malformed_header(name, "not UTF-8"))
}

/// Returns `true` if there is a header of that name.
pub(crate) fn has(headers: &dyn RequestHeaders, name: &str) -> bool {
    let mut found = false;
    headers.values(name, &mut |_| found = true);
    found
}

/// Returns `value` without surrounding spaces and tabs (RFC 9110, section 5.5).
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Returns `true` if `text` is a token (RFC 9110, section 5.6.2), such as the name of a header.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(is_token_byte)
}

/// Returns `true` if tokens may contain `byte`.
pub(crate) fn is_token_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}
