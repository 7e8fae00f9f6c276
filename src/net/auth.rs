//! Authentication of requests: Basic (RFC 7617), Bearer (RFC 6750) and Digest (RFC 7616), for
//! servers and for proxies.
//!
//! ```
//! use hsum::net::auth::{self, Challenge, DigestSession, Request, Way};
//! use hsum::net::Credentials;
//!
//! let fields = [&b"Basic realm=\"x\", Digest realm=\"x\", nonce=\"n1\", qop=\"auth\""[..]];
//! let challenges = Challenge::parse_all(fields);
//! let Some(Way::Digest(challenge)) = auth::strongest(&challenges) else { panic!() };
//! let mut session = DigestSession::new(challenge, "0a4f113b");
//! let request = Request { method: "GET", target: "/x", body: None };
//! let answer = session.answer(&Credentials::new("alice", "opensesame"), request)?;
//! assert!(answer.as_bytes().starts_with(b"Digest username=\"alice\", "));
//! # Ok::<(), hsum::net::auth::AuthError>(())
//! ```

mod challenge;
mod digest;

use std::fmt;

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

pub use challenge::Challenge;
pub use digest::{DigestChallenge, DigestSession, Qop, Request};

use crate::net::secret::{Credentials, Secret};

/// Who asks for the credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// The server that has the resource; status 401.
    Server,
    /// The proxy on the way to it; status 407.
    Proxy,
}

impl Party {
    /// The status of its challenge.
    pub fn status(self) -> u16 {
        match self {
            Self::Server => 401,
            Self::Proxy => 407,
        }
    }

    /// The field that holds its challenges.
    pub fn challenge_field(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    /// The field that holds the answer.
    pub fn answer_field(self) -> &'static str {
        match self {
            Self::Server => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }

    /// The field of a good response that may hold the next nonce.
    pub fn info_field(self) -> &'static str {
        match self {
            Self::Server => "Authentication-Info",
            Self::Proxy => "Proxy-Authentication-Info",
        }
    }
}

/// How to prove a name and a password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Way {
    /// A hash of both and of the server's nonce.
    Digest(DigestChallenge),
    /// Both as they are: for https, or for nobody.
    Basic,
}

/// The strongest of the ways that the challenges leave open: Digest before Basic, and among
/// digests SHA-512-256 before SHA-256 before MD5. A challenge that is malformed, or of an unknown
/// algorithm, is passed over (RFC 7616, section 3.3); `None` where nothing remains.
pub fn strongest(challenges: &[Challenge]) -> Option<Way> {
    let digests = challenges.iter().filter_map(DigestChallenge::from_challenge);
    // The first of equals: `max_by_key` would take the last.
    if let Some(best) = digests.rev().max_by_key(DigestChallenge::rank) {
        return Some(Way::Digest(best));
    }
    challenges.iter().any(|challenge| challenge.is("basic")).then_some(Way::Basic)
}

/// The answer of RFC 7617: base64 of `USER:PASSWORD`.
///
/// # Errors
/// Where the name holds a colon, or either a control character.
pub fn basic(credentials: &Credentials) -> Result<Secret, AuthError> {
    let Credentials { user, password } = credentials;
    if user.contains(&b':') {
        return Err(AuthError::Colon);
    }
    if user.iter().chain(password.as_bytes()).any(u8::is_ascii_control) {
        return Err(AuthError::Control);
    }
    let pair = Zeroizing::new([user, &b":"[..], password.as_bytes()].concat());
    let base64 = Zeroizing::new(Base64::encode_string(&pair));
    Ok(Secret::new([b"Basic ", base64.as_bytes()].concat()))
}

/// The answer of RFC 6750, section 2.1.
///
/// # Errors
/// Where the token is empty or holds anything but visible ASCII.
pub fn bearer(token: &Secret) -> Result<Secret, AuthError> {
    let token = token.as_bytes();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(AuthError::Token);
    }
    Ok(Secret::new([b"Bearer ", token].concat()))
}

/// Why there is no answer to a challenge. Nothing of the credentials is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// A name with a colon, which Basic cannot carry.
    Colon,
    /// A control character in the name or the password.
    Control,
    /// No token, or one with other than visible ASCII characters.
    Token,
    /// The server wants the body under the digest (`qop="auth-int"`), and it was not given.
    Body,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Colon => "a user name with a colon cannot be sent by basic authentication",
            Self::Control => "the user name or the password holds a control character",
            Self::Token => "the token is empty or holds other than visible ASCII characters",
            Self::Body => "the server wants the request's body under its digest (auth-int)",
        })
    }
}

impl std::error::Error for AuthError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(fields: &[&str]) -> Option<Way> {
        strongest(&Challenge::parse_all(fields.iter().map(|field| field.as_bytes())))
    }

    /// RFC 7617, sections 2 and 2.1.
    #[test]
    fn basic_of_the_rfc() {
        let answer = |user: &str, password: &str| {
            let answer = basic(&Credentials::new(user, password)).unwrap();
            answer.to_str().unwrap().to_owned()
        };
        assert_eq!(answer("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(answer("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(answer("a", "b:c"), "Basic YTpiOmM=");
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        assert_eq!(basic(&Credentials::new("a:b", "c")).unwrap_err(), AuthError::Colon);
        assert_eq!(basic(&Credentials::new("a", "c\n")).unwrap_err(), AuthError::Control);
        assert_eq!(
            bearer(&Secret::new("mF_9.B5f-4.1JqM")).unwrap().as_bytes(),
            b"Bearer mF_9.B5f-4.1JqM"
        );
        for token in ["", "a b", "a\r\nX-Evil: 1", "\u{e4}"] {
            assert_eq!(bearer(&Secret::new(token)).unwrap_err(), AuthError::Token);
        }
    }

    #[test]
    fn the_strongest_way_wins_wherever_it_stands() {
        let md5 = r#"Digest realm="r", nonce="m", algorithm=MD5, qop="auth""#;
        let sha256 = r#"Digest realm="r", nonce="s", algorithm=SHA-256, qop="auth""#;
        let sha512 = r#"Digest realm="r", nonce="l", algorithm=SHA-512-256-sess, qop="auth""#;
        let unknown = r#"Digest realm="r", nonce="u", algorithm=WHIRLPOOL, qop="auth""#;
        let nonce = |fields: &[&str]| match best(fields) {
            Some(Way::Digest(challenge)) => challenge.nonce().to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(nonce(&["Basic realm=\"r\"", md5, sha256, sha512]), b"l");
        assert_eq!(nonce(&[sha512, sha256, md5]), b"l");
        assert_eq!(nonce(&[&format!("{md5}, {sha256}, {unknown}, Basic realm=r")]), b"s");
        assert_eq!(nonce(&[md5, &md5.replace("\"m\"", "\"second\"")]), b"m");
        assert_eq!(best(&[unknown, "basic"]), Some(Way::Basic));
        assert_eq!(best(&[unknown, "Negotiate", "Bearer realm=\"x\""]), None);
        assert_eq!(best(&["Digest realm=\"r\", qop=\"auth\"", "Basic"]), Some(Way::Basic));
    }
}
