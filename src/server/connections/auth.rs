//! Basic authentication (RFC 7617) with the users of a file.

use std::sync::{Arc, RwLock};
use std::thread;

use axum::body::Body;
use base64ct::{Base64, Encoding};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::task;
use zeroize::Zeroizing;

use crate::server::connections::htpasswd::Users;
use crate::server::connections::peer::User;

/// The longest credentials in base64.
const LONGEST: usize = 1024;

/// The requests whose passwords wait to be verified; more are refused at once.
const WAITING: usize = 256;

/// Verifies the passwords of requests.
#[derive(Debug)]
pub(crate) struct Gate {
    users: RwLock<Arc<Users>>,
    /// Limits the processors that hash passwords, and the requests that wait for one.
    hashing: Semaphore,
    waiting: Semaphore,
}

/// Why a request is not answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// No password, or a wrong one.
    Unauthorized,
    /// Too many passwords wait to be verified.
    Busy,
}

impl Gate {
    pub(crate) fn new(users: Arc<Users>) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self {
            users: RwLock::new(users),
            hashing: Semaphore::new((cores / 2).max(1)),
            waiting: Semaphore::new(WAITING),
        }
    }

    /// Replaces the users; remembered passwords are forgotten.
    pub(crate) fn replace(&self, users: Arc<Users>) {
        *self.users.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = users;
    }

    /// Returns the user whose password the request contains.
    ///
    /// # Errors
    /// Returns the refusal of a request without a right password.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<User, Refusal> {
        let (user, password) = credentials(headers).ok_or(Refusal::Unauthorized)?;
        let users = self.users.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone();
        let name = User(user.as_str().into());
        if users.remembers(&user, &password) {
            return Ok(name);
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
        let _hashing = self.hashing.acquire().await.map_err(|_| Refusal::Busy)?;
        // Another request of the client may have been verified meanwhile.
        if users.remembers(&user, &password) {
            return Ok(name);
        }
        let verified = task::spawn_blocking(move || users.verify(&user, &password)).await;
        match verified {
            Ok(true) => Ok(name),
            _ => Err(Refusal::Unauthorized),
        }
    }
}

impl Refusal {
    pub(crate) fn response(self) -> Response<Body> {
        let (status, text) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "a user and password are required\n"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too many logins at once\n"),
        };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if self == Self::Unauthorized {
            let challenge = HeaderValue::from_static("Basic realm=\"hsum\", charset=\"UTF-8\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Returns the user and password of a request with exactly one `Authorization` field.
fn credentials(headers: &HeaderMap) -> Option<(String, Zeroizing<Vec<u8>>)> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let (field, None) = (fields.next()?, fields.next()) else { return None };
    let (scheme, encoded) = field.to_str().ok()?.split_once(' ')?;
    let encoded = encoded.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("basic") || encoded.len() > LONGEST {
        return None;
    }
    let decoded = Zeroizing::new(Base64::decode_vec(encoded).ok()?);
    // A password may contain colons, a user may not.
    let at = decoded.iter().position(|byte| *byte == b':')?;
    let (user, password) = decoded.split_at_checked(at)?;
    let password = Zeroizing::new(password.get(1..)?.to_vec());
    Some((str::from_utf8(user).ok()?.to_owned(), password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Option<(String, Vec<u8>)> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, field.parse().unwrap());
        }
        credentials(&headers).map(|(user, password)| (user, password.to_vec()))
    }

    #[test]
    fn credentials_are_parsed_as_in_rfc_7617() {
        let aladdin = Some(("Aladdin".to_owned(), b"open sesame".to_vec()));
        assert_eq!(of(&["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="]), aladdin);
        assert_eq!(of(&["bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ== "]), aladdin);
        assert_eq!(of(&["Basic YTpiOmM="]), Some(("a".to_owned(), b"b:c".to_vec())));
        assert_eq!(of(&["Basic Og=="]), Some((String::new(), Vec::new())));
    }

    #[test]
    fn other_fields_are_no_credentials() {
        for fields in [
            &[][..],
            &["Basic"],
            &["Basic "],
            &["Basic YTpi", "Basic YTpi"],
            &["Bearer YTpi"],
            &["Basic YWI="],
            &["Basic ????"],
            &["Basic /zo="],
        ] {
            assert_eq!(of(fields), None, "{fields:?}");
        }
        assert_eq!(of(&[&format!("Basic {}", "YTpi".repeat(300))]), None);
    }
}
