//! Passwords and tokens: wiped when dropped, never printed.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use crate::net::failure::{Failure, FailureKind};
use crate::net::url::percent_decoded;

/// A password or token. `Debug` shows neither the bytes nor the length.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Wraps `bytes`, which are wiped when the secret is dropped.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// Returns the bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes as text, if they are UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A user name and password. `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    /// The user name.
    pub user: Vec<u8>,
    /// The password; it may be empty.
    pub password: Secret,
}

impl Credentials {
    /// Creates credentials.
    pub fn new(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Self {
        Self { user: user.into(), password: Secret::new(password) }
    }

    /// Parses `USER:PASSWORD` at the first colon. Without a colon, the password is empty.
    pub fn parse(text: &[u8]) -> Self {
        let colon = text.iter().position(|b| *b == b':');
        let (user, password) = match colon {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, &b""[..]),
        };
        Self::new(user, password)
    }

    /// Returns the credentials in a URL, if it has any.
    pub(crate) fn in_url(url: &Url) -> Result<Option<Self>, Failure> {
        let (user, password) = (url.username(), url.password().unwrap_or(""));
        if user.is_empty() && url.password().is_none() {
            return Ok(None);
        }
        match (percent_decoded(user), percent_decoded(password)) {
            (Some(user), Some(password)) => Ok(Some(Self::new(user, password))),
            _ => {
                let text = "the user name or password in the URL is not UTF-8";
                Err(Failure::new(FailureKind::Usage, text))
            }
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_everything() {
        let shown =
            format!("{:?} {:?}", Credentials::new("alice", "opensesame"), Secret::new("t0ken"));
        assert_eq!(shown, "Credentials(…) Secret(…)");
    }

    #[test]
    fn passwords_may_contain_colons() {
        let both = Credentials::parse(b"alice:a:b");
        assert_eq!((&*both.user, both.password.as_bytes()), (&b"alice"[..], &b"a:b"[..]));
        assert_eq!(Credentials::parse(b"alice").password.as_bytes(), b"");
    }
}
