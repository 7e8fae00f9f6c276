//! Header fields: ordered, found in any case, their values never shown.

use std::fmt;

use crate::sign::is_token;

/// The fields of a message, in their order.
///
/// `Debug` shows the names only: any value may be a secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a field. `None`, and nothing appended, where the name is no token or the value holds
    /// CR, LF or NUL (RFC 9110, section 5).
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Option<()> {
        let (name, value) = (name.into(), value.into());
        let good =
            is_token(name.as_bytes()) && !value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
        good.then(|| self.0.push((name, value)))
    }

    /// Replaces all fields of that name.
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) -> Option<()> {
        self.remove(name);
        self.push(name, value)
    }

    /// Drops all fields of that name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// The first value under that name, as text; `None` too where it is not UTF-8.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// All values under that name that are text.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let named = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.filter_map(|(_, value)| str::from_utf8(value).ok()).map(str::trim)
    }

    /// Whether there is a field of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_shown_and_none_breaks_a_line() {
        let mut headers = Headers::new();
        assert!(headers.push("X-Key", "secret").is_some());
        assert!(headers.push("X-Key", "a\r\nHost: evil").is_none());
        assert!(headers.push("X Key", "a").is_none());
        assert_eq!(format!("{headers:?}"), "[\"X-Key\"]");
        assert_eq!(headers.value("x-key"), Some("secret"));
    }
}
