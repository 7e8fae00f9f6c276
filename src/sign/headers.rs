//! The headers of a request, whatever holds them.

use std::collections::{BTreeMap, HashMap};

use super::verdict::VerifyError;

/// The header lines of a request.
///
/// Vectors, arrays and slices of pairs have it, maps too, and with the feature `http` the type
/// `HeaderMap`.
pub trait RequestHeaders {
    /// Calls `each` with the value of every line of that name, in the order of the request. Case
    /// does not count in names.
    fn values<'a>(&'a self, name: &str, each: &mut dyn FnMut(&'a [u8]));

    /// Calls `each` with the name of every line.
    fn names<'a>(&'a self, each: &mut dyn FnMut(&'a str));
}

fn values_of<'a, N: AsRef<str> + 'a, V: AsRef<[u8]> + 'a>(
    lines: impl Iterator<Item = (&'a N, &'a V)>,
    name: &str,
    each: &mut dyn FnMut(&'a [u8]),
) {
    for (title, value) in lines {
        let title = title.as_ref();
        // Mostly it is spelt as the scheme has it, which is quicker to see.
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

/// The value of a header that stands for one thing, without the blanks around it.
///
/// Two lines that say the same are one; two that differ are refused, for nobody knows which of
/// them another program on the way went by.
pub(crate) fn one<'a>(
    headers: &'a dyn RequestHeaders,
    name: &str,
) -> Result<Option<&'a [u8]>, VerifyError> {
    let mut found: Option<&[u8]> = None;
    let mut differ = false;
    headers.values(name, &mut |value| {
        let value = trim(value);
        differ |= found.is_some_and(|found| found != value);
        found = Some(value);
    });
    if differ { Err(VerifyError::DuplicateHeader(name.to_owned())) } else { Ok(found) }
}

/// Whether there is such a line.
pub(crate) fn has(headers: &dyn RequestHeaders, name: &str) -> bool {
    let mut found = false;
    headers.values(name, &mut |_| found = true);
    found
}

/// Without the spaces and tabs around it (RFC 9110, section 5.5).
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// Whether it is a token (RFC 9110, section 5.6.2): the name of a field, for one.
#[doc(hidden)]
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(is_token_byte)
}

/// Whether tokens may hold it.
pub(crate) fn is_token_byte(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}
