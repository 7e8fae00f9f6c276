//! Who the user is, and how that is told a server that asks.

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rustls::crypto::ring;
use url::Url;
use zeroize::Zeroizing;

use super::auth::{self, AuthError, Challenge, DigestSession, Party, Way};
use super::client::userinfo;
use super::failure::{Failure, FailureKind};
use super::headers::Headers;
use super::netrc::Netrc;
use super::secret::{Credentials, Secret};
use super::transport::Body;
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::hash_reader;

/// The user's credentials, and how they are sent.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The credentials; those in a URL go first.
    pub user: Option<Credentials>,
    /// Where to look where there are none.
    pub netrc: Option<Netrc>,
    /// How they are told.
    pub scheme: AuthScheme,
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
        if let Some(found) = userinfo(url)? {
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
                let coded = |bytes: &[u8]| percent_encode(bytes, NON_ALPHANUMERIC).to_string();
                let _ = url.set_username(&coded(&user));
                let password = Zeroizing::new(coded(password.as_bytes()));
                let _ = url.set_password(Some(&password));
                Ok(())
            }
            (_, None) => Ok(()),
        }
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

    /// Takes note of a challenge; whether there is something to answer that was not said before.
    pub(crate) fn learn(&mut self, headers: &Headers) -> bool {
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
