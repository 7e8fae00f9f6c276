//! Authentication methods.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use crate::net::auth::challenge::Challenge;
use crate::net::auth::digest::DigestChallenge;
use crate::net::auth::error::AuthError;
use crate::net::secret::{Credentials, Secret};

/// An authentication method with a user name and password.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuthMethod {
    /// A digest of both and of the server's nonce.
    Digest(DigestChallenge),
    /// Both in the clear.
    Basic,
}

/// Returns the strongest method that the challenges allow, if any.
///
/// Digest is stronger than Basic, and SHA-512-256 than SHA-256 than MD5. Challenges that are
/// malformed or name an unknown algorithm are ignored (RFC 7616, section 3.3).
pub fn strongest(challenges: &[Challenge]) -> Option<AuthMethod> {
    let digests = challenges.iter().filter_map(DigestChallenge::from_challenge);
    // `max_by_key` returns the last of several maxima: reversed, that is the first.
    if let Some(best) = digests.rev().max_by_key(DigestChallenge::rank) {
        return Some(AuthMethod::Digest(best));
    }
    challenges.iter().any(|challenge| challenge.is("basic")).then_some(AuthMethod::Basic)
}

/// Returns the answer to a Basic challenge (RFC 7617): the base64 of `USER:PASSWORD`.
///
/// # Errors
/// If the name contains a colon, or either contains a control character.
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

/// Returns the answer with a bearer token (RFC 6750, section 2.1).
///
/// # Errors
/// If the token is empty or contains characters other than visible ASCII.
pub fn bearer(token: &Secret) -> Result<Secret, AuthError> {
    let token = token.as_bytes();
    if token.is_empty() || !token.iter().all(u8::is_ascii_graphic) {
        return Err(AuthError::Token);
    }
    Ok(Secret::new([b"Bearer ", token].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(fields: &[&str]) -> Option<AuthMethod> {
        strongest(&Challenge::parse_all(fields.iter().map(|field| field.as_bytes())))
    }

    // RFC 7617, sections 2 and 2.1.
    #[test]
    fn basic_examples_of_the_rfc() {
        let answer = |user: &str, password: &str| {
            let answer = basic(&Credentials::new(user, password)).unwrap();
            answer.to_str().unwrap().to_owned()
        };
        assert_eq!(answer("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(answer("test", "123\u{a3}"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(answer("a", "b:c"), "Basic YTpiOmM=");
    }

    #[test]
    fn unsendable_credentials_are_refused() {
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
    fn the_strongest_method_wins_in_any_position() {
        let md5 = r#"Digest realm="r", nonce="m", algorithm=MD5, qop="auth""#;
        let sha256 = r#"Digest realm="r", nonce="s", algorithm=SHA-256, qop="auth""#;
        let sha512 = r#"Digest realm="r", nonce="l", algorithm=SHA-512-256-sess, qop="auth""#;
        let unknown = r#"Digest realm="r", nonce="u", algorithm=WHIRLPOOL, qop="auth""#;
        let nonce = |fields: &[&str]| match best(fields) {
            Some(AuthMethod::Digest(challenge)) => challenge.nonce().to_vec(),
            other => panic!("{other:?}"),
        };
        assert_eq!(nonce(&["Basic realm=\"r\"", md5, sha256, sha512]), b"l");
        assert_eq!(nonce(&[sha512, sha256, md5]), b"l");
        assert_eq!(nonce(&[&format!("{md5}, {sha256}, {unknown}, Basic realm=r")]), b"s");
        assert_eq!(nonce(&[md5, &md5.replace("\"m\"", "\"second\"")]), b"m");
        assert_eq!(best(&[unknown, "basic"]), Some(AuthMethod::Basic));
        assert_eq!(best(&[unknown, "Negotiate", "Bearer realm=\"x\""]), None);
        assert_eq!(best(&["Digest realm=\"r\", qop=\"auth\"", "Basic"]), Some(AuthMethod::Basic));
    }
}
