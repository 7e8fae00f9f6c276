//! The user's credentials, and the answers to challenges of servers and proxies.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rustls::crypto::ring;
use url::Url;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::hash_reader;
use crate::net::auth::challenge::Challenge;
use crate::net::auth::digest::{DigestRequest, DigestSession, Qop};
use crate::net::auth::error::AuthError;
use crate::net::auth::method::{AuthMethod, basic, bearer, strongest};
use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::net::headers::HeaderFields;
use crate::net::netrc::Netrc;
use crate::net::secret::{Credentials, Secret};
use crate::net::transport::Body;
use crate::net::url::{bare_host, is_encrypted, is_loopback};

/// The user's credentials, and the rules for sending them.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The credentials; those in a URL take precedence.
    pub user: Option<Credentials>,
    /// The file to search for the host if there are no other credentials.
    pub netrc: Option<Netrc>,
    /// The authentication method.
    pub scheme: AuthScheme,
    /// The rule for sending credentials unencrypted.
    pub plaintext: PlaintextAuth,
}

/// The rule for sending a password or token to another machine unencrypted.
///
/// It does not apply to digests of passwords.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlaintextAuth {
    /// The request fails.
    #[default]
    Refused,
    /// The request is sent.
    Allowed,
}

/// The method of sending credentials to a server.
#[derive(Clone, Debug, Default)]
pub enum AuthScheme {
    /// The strongest method that the server's challenge allows.
    #[default]
    Any,
    /// User name and password in the clear (RFC 7617), after a challenge.
    Basic,
    /// User name and password in the clear, with the first request.
    PreemptiveBasic,
    /// A digest of both (RFC 7616), after a challenge.
    Digest,
    /// A token (RFC 6750), with the first request.
    Bearer(Secret),
}

impl Identity {
    pub(crate) fn credentials(&self, url: &Url) -> Result<Option<Credentials>, Failure> {
        if let Some(found) = Credentials::in_url(url)? {
            return Ok(Some(found));
        }
        if let Some(user) = &self.user {
            return Ok(Some(user.clone()));
        }
        let host = url.host_str().unwrap_or("");
        Ok(self.netrc.as_ref().and_then(|netrc| netrc.find(host, None)))
    }

    /// Adds the user name and password to an FTP URL.
    pub(crate) fn add_ftp_login(&self, url: &mut Url) -> Result<(), Failure> {
        let refuse = |why| Err(Failure::new(FailureKind::Policy, why));
        match (&self.scheme, self.credentials(url)?) {
            (AuthScheme::Bearer(_), _) => refuse("FTP does not support tokens"),
            (AuthScheme::Digest, Some(_)) => refuse("FTP does not support digests of passwords"),
            (_, Some(Credentials { user, password })) => {
                if !matches!(&*user, b"anonymous" | b"ftp") {
                    self.check_plaintext(url, None)?;
                }
                let encode = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
                let _ = url.set_username(&encode(&user));
                let password = Zeroizing::new(encode(password.as_bytes()));
                let _ = url.set_password(Some(&password));
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    /// Fails if a password or token would be sent unencrypted to another machine: the host of
    /// `url`, or the host `proxy` (without brackets) of a proxy that reads the request.
    pub(crate) fn check_plaintext(&self, url: &Url, proxy: Option<&str>) -> Result<(), Failure> {
        let stays_here = is_loopback(bare_host(url)) && proxy.is_none_or(is_loopback);
        if is_encrypted(url) || stays_here || self.plaintext == PlaintextAuth::Allowed {
            return Ok(());
        }
        Err(FailureReason::PlaintextAuth { scheme: url.scheme().into() }.into())
    }

    pub(crate) fn authenticator(&self, url: &Url) -> Result<Authenticator, Failure> {
        let state = match (&self.scheme, self.credentials(url)?) {
            (AuthScheme::Bearer(token), _) => State::Bearer(token.clone()),
            (AuthScheme::PreemptiveBasic, Some(user)) => State::Basic(user),
            (scheme, Some(user)) => State::Waiting(scheme.clone(), user),
            (_, None) => State::Silent,
        };
        Ok(Authenticator { challenge_field: SERVER, state })
    }
}

const SERVER: &str = "WWW-Authenticate";

/// The state of authentication with one server or proxy.
pub(crate) struct Authenticator {
    /// The header with the challenges of the server or proxy.
    challenge_field: &'static str,
    state: State,
}

enum State {
    /// There are no credentials.
    Silent,
    /// No challenge has arrived yet.
    Waiting(AuthScheme, Credentials),
    Basic(Credentials),
    Bearer(Secret),
    Digest(Box<DigestSession>, Credentials),
}

impl Authenticator {
    /// Creates an authenticator that ignores all challenges.
    pub(crate) fn none() -> Self {
        Self { challenge_field: SERVER, state: State::Silent }
    }

    /// Creates an authenticator for a proxy, which uses the strongest method that it offers.
    pub(crate) fn for_proxy(user: Credentials) -> Self {
        Self { challenge_field: "Proxy-Authenticate", state: State::Waiting(AuthScheme::Any, user) }
    }

    /// Returns the value of `Authorization` or `Proxy-Authorization` for a request.
    pub(crate) fn header(
        &mut self,
        method: &str,
        target: &str,
        body: &Body,
    ) -> Result<Option<Secret>, Failure> {
        let answer = match &mut self.state {
            State::Silent | State::Waiting(..) => return Ok(None),
            State::Basic(user) => basic(user),
            State::Bearer(token) => bearer(token),
            State::Digest(session, user) => {
                let body = match session.challenge().qop() {
                    Some(Qop::AuthInt) => Some(digest_of(body, session.challenge().algorithm())?),
                    _ => None,
                };
                session.answer(user, DigestRequest { method, target, body })
            }
        };
        let unanswerable =
            |error: AuthError| Failure::new(FailureKind::Usage, error.to_string()).caused_by(error);
        answer.map(Some).map_err(unanswerable)
    }

    /// Returns `true` if [`Authenticator::header`] contains the password or token itself.
    pub(crate) fn is_plaintext(&self) -> bool {
        matches!(self.state, State::Basic(_) | State::Bearer(_))
    }

    /// Accepts a challenge. Returns `true` if the request should be sent again.
    pub(crate) fn accept_challenge(&mut self, headers: &HeaderFields) -> bool {
        let challenges = Challenge::parse_all(headers.byte_values(self.challenge_field));
        let (scheme, user, is_second) = match &self.state {
            State::Waiting(scheme, user) => (scheme.clone(), user.clone(), false),
            State::Digest(_, user) => (AuthScheme::Digest, user.clone(), true),
            State::Silent | State::Basic(_) | State::Bearer(_) => return false,
        };
        let method = match scheme {
            AuthScheme::Basic => challenges
                .iter()
                .any(|challenge| challenge.is("basic"))
                .then_some(AuthMethod::Basic),
            _ => strongest(&challenges),
        };
        self.state = match (method, scheme) {
            (Some(AuthMethod::Digest(challenge)), _) if !is_second || challenge.is_stale() => {
                State::Digest(Box::new(DigestSession::new(challenge, &cnonce())), user)
            }
            (Some(AuthMethod::Basic), AuthScheme::Any | AuthScheme::Basic) => State::Basic(user),
            _ => return false,
        };
        true
    }
}

fn digest_of(body: &Body, algorithm: Algorithm) -> Result<Digest, Failure> {
    let (reader, _) = body.open()?;
    let read = hash_reader(algorithm, reader);
    read.map_err(|error| Failure::new(FailureKind::Local, format!("the body: {error}")))
}

/// Returns 16 random bytes in hex.
fn cnonce() -> String {
    let mut bytes = [0; 16];
    // If this fails, the server's nonce still prevents replays.
    let _ = ring::default_provider().secure_random.fill(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_sent_unencrypted_to_this_machine_only() {
        let may =
            |identity: &Identity, url: &str| identity.check_plaintext(&url.parse().unwrap(), None);
        let strict = Identity::default();
        let safe = "https://h.test/ ftps://h.test/ http://localhost/ http://LOCALHOST.:81/ \
                    http://a.localhost/ http://127.0.0.1/ http://127.9.9.9/ ftp://[::1]/ \
                    http://[::ffff:127.0.0.1]/";
        for url in safe.split(' ') {
            assert!(may(&strict, url).is_ok(), "{url}");
        }
        let allowed = Identity { plaintext: PlaintextAuth::Allowed, ..Identity::default() };
        let unsafe_urls = "http://h.test/ ftp://h.test/ http://10.0.0.1/ http://[fe80::1]/ \
                           http://localhost.h.test/ http://notlocalhost/ http://127.0.0.1.h.test/";
        for url in unsafe_urls.split(' ') {
            let refused = may(&strict, url).unwrap_err();
            assert_eq!(refused.kind(), FailureKind::Policy, "{url}");
            assert!(may(&allowed, url).is_ok(), "{url}");
        }
        // A proxy reads requests to this machine too.
        let by = |proxy: &str| {
            strict.check_plaintext(&"http://localhost/".parse().unwrap(), Some(proxy))
        };
        for proxy in ["127.0.0.1", "::1", "localhost"] {
            assert!(by(proxy).is_ok(), "{proxy}");
        }
        for proxy in ["10.0.0.1", "fe80::1", "proxy.test"] {
            assert_eq!(by(proxy).unwrap_err().kind(), FailureKind::Policy, "{proxy}");
        }
    }
}
