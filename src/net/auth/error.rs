//! The error of an answer to a challenge.

use std::fmt;

/// Why a challenge cannot be answered. It does not repeat the credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthError {
    /// The user name contains a colon, which Basic cannot carry.
    Colon,
    /// The user name or password contains a control character.
    Control,
    /// The token is empty or contains other characters than visible ASCII.
    Token,
    /// The server requires a digest of the body (`qop="auth-int"`), and there is none.
    Body,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Colon => "Basic authentication does not allow a colon in the user name",
            Self::Control => "the user name or password contains a control character",
            Self::Token => "the token is empty or contains other characters than visible ASCII",
            Self::Body => "the server requires a digest of the request's body (auth-int)",
        })
    }
}

impl std::error::Error for AuthError {}
