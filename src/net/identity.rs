//! Who the user is, and how that is told a server that asks.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rustls::crypto::ring;
use url::Url;
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::hash_reader;
use crate::net::auth::{self, AuthError, Challenge, DigestSession, Party, Way};
use crate::net::failure::{Failure, FailureKind};
use crate::net::headers::HeaderFields;
use crate::net::netrc::Netrc;
use crate::net::secret::{Credentials, Secret};
use crate::net::transport::Body;
use crate::net::url::{bare_host, is_encrypted, is_loopback};

/// The user's credentials, and how they are sent.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The credentials; those in a URL go first.
    pub user: Option<Credentials>,
    /// Where to look where there are none.
    pub netrc: Option<Netrc>,
    /// How they are told.
    pub scheme: AuthScheme,
    /// The rule for sending them unencrypted.
    pub plaintext: PlaintextAuth,
}

/// The rule for sending a password or token to another machine unencrypted. A digest of it may be
/// sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PlaintextAuth {
    /// The request fails instead.
    #[default]
    Refused,
    /// It is sent.
    Allowed,
}

/// How a server is told who the user is.
#[derive(Clone, Debug, Default)]
pub enum AuthScheme {
    /// As the server asks for it, the strongest way first; never unasked.
    #[default]
    Asked,
    /// User and password in the clear (RFC 7617), once the server asks.
    Basic,
    /// The same, with the first request.
    BasicAtOnce,
    /// A digest of them (RFC 7616), once the server asks.
    Digest,
    /// This token (RFC 6750), with the first request.
    Bearer(Secret),
}

impl Identity {
    /// The credentials for that URL.
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

    /// Puts user and password into the URL of an FTP server, which takes them as they are.
    pub(crate) fn log_in(&self, url: &mut Url) -> Result<(), Failure> {
        let refuse = |why| Err(Failure::new(FailureKind::Policy, why));
        match (&self.scheme, self.credentials(url)?) {
            (AuthScheme::Bearer(_), _) => refuse("FTP takes no token"),
            (AuthScheme::Digest, Some(_)) => refuse("FTP sends a password as it is, not a digest"),
            (_, Some(Credentials { user, password })) => {
                if !matches!(&*user, b"anonymous" | b"ftp") {
                    self.may_reveal(url, None)?;
                }
                let coded = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
                let _ = url.set_username(&coded(&user));
                let password = Zeroizing::new(coded(password.as_bytes()));
                let _ = url.set_password(Some(&password));
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    /// Fails if a password or token would be sent unencrypted to that URL, or to a proxy on another
    /// machine that reads it; `proxy` is its host without brackets.
    pub(crate) fn may_reveal(&self, url: &Url, proxy: Option<&str>) -> Result<(), Failure> {
        let scheme = url.scheme();
        let stays_here = is_loopback(bare_host(url)) && proxy.is_none_or(is_loopback);
        if is_encrypted(url) || stays_here || self.plaintext == PlaintextAuth::Allowed {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Policy,
            format!(
                "a password or token would be sent over {scheme}, which is not encrypted; \
                 use {scheme}s, or --allow-plaintext-auth"
            ),
        ))
    }

    /// What is told the server of that URL, as long as it has not asked.
    pub(crate) fn answer(&self, url: &Url) -> Result<Answer, Failure> {
        let state = match (&self.scheme, self.credentials(url)?) {
            (AuthScheme::Bearer(token), _) => State::Bearer(token.clone()),
            (AuthScheme::BasicAtOnce, Some(user)) => State::Basic(user),
            (scheme, Some(user)) => State::Waiting(scheme.clone(), user),
            (_, None) => State::Nothing,
        };
        Ok(Answer { party: Party::Server, state })
    }
}

/// What is told one server, or proxy, as far as it has asked.
pub(crate) struct Answer {
    party: Party,
    state: State,
}

enum State {
    Nothing,
    Waiting(AuthScheme, Credentials),
    Basic(Credentials),
    Bearer(Secret),
    Digest(Box<DigestSession>, Credentials),
}

impl Answer {
    /// Nothing, whatever the server asks.
    pub(crate) fn none() -> Self {
        Self { party: Party::Server, state: State::Nothing }
    }

    /// This user, once the proxy asks, in the strongest way that it offers.
    pub(crate) fn to_proxy(user: Credentials) -> Self {
        Self { party: Party::Proxy, state: State::Waiting(AuthScheme::Asked, user) }
    }

    /// The value of `Authorization`, or `Proxy-Authorization`, for a request with this on its first
    /// line.
    pub(crate) fn header(
        &mut self,
        method: &str,
        target: &str,
        body: &Body,
    ) -> Result<Option<Secret>, Failure> {
        let answer = match &mut self.state {
            State::Nothing | State::Waiting(..) => return Ok(None),
            State::Basic(user) => auth::basic(user),
            State::Bearer(token) => auth::bearer(token),
            State::Digest(session, user) => {
                let body = match session.challenge().qop() {
                    Some(auth::Qop::AuthInt) => {
                        Some(digest_of(body, session.challenge().algorithm())?)
                    }
                    _ => None,
                };
                session.answer(user, auth::Request { method, target, body })
            }
        };
        answer.map(Some).map_err(unanswerable)
    }

    /// Returns `true` if [`Answer::header`] holds the password or token itself.
    pub(crate) fn is_plaintext(&self) -> bool {
        matches!(self.state, State::Basic(_) | State::Bearer(_))
    }

    /// Takes note of a challenge; whether there is something to answer that was not said before.
    pub(crate) fn learn(&mut self, headers: &HeaderFields) -> bool {
        let fields = headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(self.party.challenge_field()));
        let challenges = Challenge::parse_all(fields.map(|(_, value)| value));
        let (scheme, user, is_second) = match &self.state {
            State::Waiting(scheme, user) => (scheme.clone(), user.clone(), false),
            State::Digest(_, user) => (AuthScheme::Digest, user.clone(), true),
            State::Nothing | State::Basic(_) | State::Bearer(_) => return false,
        };
        let way = match scheme {
            AuthScheme::Basic => {
                challenges.iter().any(|challenge| challenge.is("basic")).then_some(Way::Basic)
            }
            _ => auth::strongest(&challenges),
        };
        self.state = match (way, scheme) {
            (Some(Way::Digest(challenge)), _) if !is_second || challenge.is_stale() => {
                State::Digest(Box::new(DigestSession::new(challenge, &cnonce())), user)
            }
            (Some(Way::Basic), AuthScheme::Asked | AuthScheme::Basic) => State::Basic(user),
            _ => return false,
        };
        true
    }
}

fn unanswerable(error: AuthError) -> Failure {
    Failure::new(FailureKind::Usage, error.to_string())
}

fn digest_of(body: &Body, algorithm: Algorithm) -> Result<Digest, Failure> {
    let (reader, _) = body.open()?;
    let read = hash_reader(algorithm, reader);
    read.map_err(|error| Failure::new(FailureKind::Local, format!("the body: {error}")))
}

/// 16 random bytes in hex.
fn cnonce() -> String {
    let mut bytes = [0; 16];
    // Without a source of chance there would have been no TLS; against replay the nonce counts.
    let _ = ring::default_provider().secure_random.fill(&mut bytes);
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_leaves_the_machine_encrypted_only() {
        let may = |identity: &Identity, url: &str| identity.may_reveal(&url.parse().unwrap(), None);
        let strict = Identity::default();
        for url in [
            "https://h.test/",
            "ftps://h.test/",
            "http://localhost/",
            "http://LOCALHOST.:81/",
            "http://a.localhost/",
            "http://127.0.0.1/",
            "http://127.9.9.9/",
            "ftp://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(may(&strict, url).is_ok(), "{url}");
        }
        let allowed = Identity { plaintext: PlaintextAuth::Allowed, ..Identity::default() };
        for url in [
            "http://h.test/",
            "ftp://h.test/",
            "http://10.0.0.1/",
            "http://[fe80::1]/",
            "http://localhost.h.test/",
            "http://notlocalhost/",
            "http://127.0.0.1.h.test/",
        ] {
            let refused = may(&strict, url).unwrap_err();
            assert_eq!(refused.kind(), FailureKind::Policy, "{url}");
            assert!(may(&allowed, url).is_ok(), "{url}");
        }
        // A proxy reads what is for this machine.
        let by =
            |proxy: &str| strict.may_reveal(&"http://localhost/".parse().unwrap(), Some(proxy));
        for proxy in ["127.0.0.1", "::1", "localhost"] {
            assert!(by(proxy).is_ok(), "{proxy}");
        }
        for proxy in ["10.0.0.1", "fe80::1", "proxy.test"] {
            assert_eq!(by(proxy).unwrap_err().kind(), FailureKind::Policy, "{proxy}");
        }
    }
}
