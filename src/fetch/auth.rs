//! Who the user is, and how that is told a server that asks.

use base64ct::{Base64, Encoding};
use url::Url;
use zeroize::Zeroizing;

use super::client::userinfo;
use super::failure::{Failure, FailureKind};
use super::headers::Headers;
use super::netrc::Netrc;
use super::secret::{Credentials, Secret};
use super::transport::Request;

/// How the user's credentials are sent, and which they are.
#[derive(Clone, Debug, Default)]
pub struct Auth {
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

impl Auth {
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

    pub(crate) fn answer(&self, credentials: Option<&Credentials>) -> Answer {
        let state = match (&self.scheme, credentials) {
            (AuthScheme::Bearer(token), _) => State::Bearer(token.clone()),
            (AuthScheme::BasicAtOnce, Some(user)) => State::Basic(user.clone()),
            (scheme, Some(user)) => State::Waiting(scheme.clone(), user.clone()),
            (_, None) => State::Nothing,
        };
        Answer { state }
    }
}

/// What is told one server, as far as it has asked.
pub(crate) struct Answer {
    state: State,
}

enum State {
    Nothing,
    Waiting(AuthScheme, Credentials),
    Basic(Credentials),
    Bearer(Secret),
}

impl Answer {
    /// Nothing, whatever the server asks.
    pub(crate) fn none() -> Self {
        Self { state: State::Nothing }
    }

    /// The value of `Authorization` for this request.
    pub(crate) fn header(
        &mut self,
        _request: &Request,
    ) -> Result<Option<Zeroizing<String>>, Failure> {
        match &self.state {
            State::Nothing | State::Waiting(..) => Ok(None),
            State::Basic(user) => Ok(Some(basic(user))),
            State::Bearer(token) => {
                let token = token.to_str().filter(|t| t.bytes().all(|b| b.is_ascii_graphic()));
                let token = token.ok_or_else(|| {
                    Failure::new(FailureKind::Usage, "the bearer token is no visible ASCII")
                })?;
                Ok(Some(Zeroizing::new(format!("Bearer {token}"))))
            }
        }
    }

    /// Takes note of a challenge; whether there is something to answer that was not said before.
    pub(crate) fn learn(&mut self, headers: &Headers) -> bool {
        let State::Waiting(_, user) = &self.state else { return false };
        let basic = headers.values("WWW-Authenticate").any(|challenge| {
            challenge.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
        });
        if basic {
            self.state = State::Basic(user.clone());
        }
        basic
    }
}

/// RFC 7617, section 2.
fn basic(user: &Credentials) -> Zeroizing<String> {
    let mut pair = Zeroizing::new(Vec::with_capacity(256));
    pair.extend_from_slice(&user.user);
    pair.push(b':');
    pair.extend_from_slice(user.password.as_bytes());
    let coded = Zeroizing::new(Base64::encode_string(&pair));
    Zeroizing::new(format!("Basic {}", *coded))
}
