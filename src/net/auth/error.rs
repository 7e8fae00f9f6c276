//! Errors of answers to challenges.

/// The reason why a challenge cannot be answered. It does not quote the credentials.
#[non_exhaustive]
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AuthError {
    /// The user name contains a colon, which Basic does not allow.
    #[error("Basic authentication does not allow a colon in the user name")]
    Colon,
    /// The user name or password contains a control character.
    #[error("the user name or password contains a control character")]
    Control,
    /// The token is empty or contains characters other than visible ASCII.
    #[error("the token is empty or contains characters other than visible ASCII")]
    Token,
    /// The server requires a digest of the body (`qop="auth-int"`), and there is none.
    #[error("the server requires a digest of the request's body (auth-int)")]
    Body,
}
