//! Passwords and tokens: wiped when dropped, never printed.

use std::fmt;

use url::Url;
use zeroize::Zeroizing;

use crate::net::failure::{Failure, FailureKind};
use crate::net::url::percent_decoded;

/// Bytes that nobody is to see. `Debug` shows nothing of them, not even how many there are.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over `bytes`; they are wiped when this is dropped.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves, for the one place that sends them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text, where they are UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A user's name and password. `Debug` shows neither.
#[derive(Clone)]
pub struct Credentials {
    /// The user's name, in bytes as it was written.
    pub user: Vec<u8>,
    /// The password; it may be empty.
    pub password: Secret,
}

impl Credentials {
    /// Takes both over.
    pub fn new(user: impl Into<Vec<u8>>, password: impl Into<Vec<u8>>) -> Self {
        Self { user: user.into(), password: Secret::new(password) }
    }

    /// Reads `USER:PASSWORD`; the password begins after the first colon. Without one it is empty.
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
    fn debug_tells_nothing() {
        let shown =
            format!("{:?} {:?}", Credentials::new("alice", "opensesame"), Secret::new("t0ken"));
        assert_eq!(shown, "Credentials(…) Secret(…)");
    }

    #[test]
    fn a_password_may_hold_colons() {
        let both = Credentials::parse(b"alice:a:b");
        assert_eq!((&*both.user, both.password.as_bytes()), (&b"alice"[..], &b"a:b"[..]));
        assert_eq!(Credentials::parse(b"alice").password.as_bytes(), b"");
    }
}
