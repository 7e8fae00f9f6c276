//! Header fields: ordered, with case-insensitive names and values that are never shown.

use std::fmt;

use crate::sign::headers::is_token;

/// The header fields of a message, in order.
///
/// `Debug` shows the names only: any value may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HeaderFields(Vec<(String, Vec<u8>)>);

impl HeaderFields {
    /// Creates an empty list of fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a field. Returns `false`, and changes nothing, if the name is not a token or the
    /// value contains CR, LF or NUL (RFC 9110, section 5).
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> bool {
        let (name, value) = (name.into(), value.into());
        let is_valid = is_valid(&name, &value);
        if is_valid {
            self.0.push((name, value));
        }
        is_valid
    }

    /// Replaces all fields of that name with one. Returns `false`, and changes nothing, if name or
    /// value is invalid, as for [`HeaderFields::push`].
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) -> bool {
        let value = value.into();
        let is_valid = is_valid(name, &value);
        if is_valid {
            self.remove(name);
            self.0.push((name.to_owned(), value));
        }
        is_valid
    }

    /// Removes all fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Returns the first value under that name that is UTF-8, trimmed.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns all values under that name that are UTF-8, trimmed.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let named = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.filter_map(|(_, value)| str::from_utf8(value).ok()).map(str::trim)
    }

    /// Returns `true` if there is a field of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Returns names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

fn is_valid(name: &str, value: &[u8]) -> bool {
    is_token(name.as_bytes()) && !value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0))
}

impl fmt::Debug for HeaderFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_values_and_no_value_contains_a_line_break() {
        let mut headers = HeaderFields::new();
        assert!(headers.push("X-Key", "secret"));
        assert!(!headers.set("X-Key", "a\r\nHost: evil"));
        assert!(!headers.push("X Key", "a"));
        assert_eq!(format!("{headers:?}"), "[\"X-Key\"]");
        assert_eq!(headers.value("x-key"), Some("secret"));
    }
}
