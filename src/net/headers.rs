//! Header fields. `Debug` hides their values.

use std::fmt;

use crate::net::failure::{Failure, FailureKind};
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

    /// Appends a field.
    ///
    /// # Errors
    /// If the name is not a token, or the value contains CR, LF or NUL (RFC 9110, section 5).
    pub fn push(
        &mut self,
        name: impl Into<String>,
        value: impl Into<Vec<u8>>,
    ) -> Result<(), InvalidHeader> {
        self.0.push(validated(name.into(), value.into())?);
        Ok(())
    }

    /// Replaces all fields called `name` with one.
    ///
    /// # Errors
    /// As for [`HeaderFields::push`].
    pub fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) -> Result<(), InvalidHeader> {
        let field = validated(name.to_owned(), value.into())?;
        self.remove(name);
        self.0.push(field);
        Ok(())
    }

    /// Removes all fields called `name`.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
    }

    /// Returns the first UTF-8 value of the fields called `name`, trimmed.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns all UTF-8 values of the fields called `name`, trimmed.
    pub fn values<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.byte_values(name).filter_map(|value| str::from_utf8(value).ok()).map(str::trim)
    }

    /// Returns all values of the fields called `name`.
    pub fn byte_values<'a, 'n>(
        &'a self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let named = self.0.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value)
    }

    /// Returns `true` if there is a field called `name`.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Returns names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

fn validated(name: String, value: Vec<u8>) -> Result<(String, Vec<u8>), InvalidHeader> {
    let is_valid =
        is_token(name.as_bytes()) && !value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0));
    if is_valid { Ok((name, value)) } else { Err(InvalidHeader) }
}

/// An error for a field with an invalid name or value. It quotes neither.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("invalid header field")]
pub struct InvalidHeader;

impl From<InvalidHeader> for Failure {
    fn from(error: InvalidHeader) -> Self {
        Self::new(FailureKind::Usage, error.to_string())
    }
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
        headers.push("X-Key", "secret").unwrap();
        assert_eq!(headers.set("X-Key", "a\r\nHost: evil"), Err(InvalidHeader));
        assert_eq!(headers.push("X Key", "a"), Err(InvalidHeader));
        assert_eq!(format!("{headers:?}"), "[\"X-Key\"]");
        assert_eq!(headers.value("x-key"), Some("secret"));
    }
}
