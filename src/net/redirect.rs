//! Redirects: which are followed, and what of the request goes along.

use std::fmt;

use url::Url;

use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::{Body, Origin, Request, Response};
use crate::net::url::{Protocol, has_protocol, is_encrypted, redacted, without_userinfo};

/// What becomes of redirects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Redirects {
    /// How many are followed, one after the other.
    pub most: u32,
    /// Whether one may lead from https to http.
    pub downgrade: Downgrade,
}

/// Whether a redirect may lead from https to http.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Downgrade {
    /// It is a failure.
    #[default]
    Refused,
    /// It is followed.
    Allowed,
}

impl Default for Redirects {
    fn default() -> Self {
        Self { most: 10, downgrade: Downgrade::Refused }
    }
}

/// A redirect that was followed. `Debug` does not show the query's values.
#[derive(Clone)]
pub struct Hop {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Where it led.
    pub to: Url,
}

impl fmt::Debug for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, to } = self;
        f.debug_struct("Hop").field("status", status).field("to", &redacted(to)).finish()
    }
}

impl Redirects {
    /// Refuses one that leads where it must not, or is one too many.
    pub(super) fn may_follow(self, from: &Url, to: &Url, followed: usize) -> Result<(), Failure> {
        let refuse = |why: String| Err(Failure::new(FailureKind::Policy, why));
        if !has_protocol(to, Protocol::Http) {
            return refuse(format!("redirects to {}:, which is not followed", to.scheme()));
        }
        if is_encrypted(from) && !is_encrypted(to) && self.downgrade == Downgrade::Refused {
            return refuse(format!(
                "redirects from https to {}, which is not encrypted (--allow-downgrade)",
                redacted(to)
            ));
        }
        if followed >= self.most as usize {
            return refuse(format!("more than {} redirects", self.most));
        }
        Ok(())
    }
}

/// Where the response sends us, if it does (RFC 9110, section 15.4).
pub(super) fn redirection(request: &Request, response: &Response) -> Result<Option<Url>, Failure> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers.value("Location") else { return Ok(None) };
    let to = request.url.join(location);
    to.map(Some).map_err(|_| {
        let text = format!("{}: redirects to what is no URL", redacted(&request.url));
        Failure::new(FailureKind::Network, text)
    })
}

/// Makes it the request that follows: another origin is told nothing of the user.
pub(super) fn turn(request: &mut Request, status: u16, to: &Url) {
    if to.origin() != request.url.origin() {
        request.origin = Origin::Foreign;
        // A field with another name may well be a secret: `X-Api-Key` and its like.
        let names: Vec<String> = request.headers.iter().map(|(name, _)| name.into()).collect();
        for name in names.iter().filter(|name| !is_about_the_file(name)) {
            request.headers.remove(name);
        }
    }
    let keeps = match status {
        307 | 308 => true,
        303 => request.method == "HEAD",
        _ => matches!(&*request.method, "GET" | "HEAD"),
    };
    if !keeps {
        request.method = "GET".into();
        request.body = Body::Empty;
        for name in ["Content-Type", "Content-Length", "Content-Digest"] {
            request.headers.remove(name);
        }
    }
    // Credentials in a URL that a server chose are not the user's.
    request.url = without_userinfo(to);
}

/// Whether a field says what is wanted or sent, and nothing of who asks.
fn is_about_the_file(name: &str) -> bool {
    ["Accept", "Accept-Encoding", "Range", "If-Range", "Want-Digest", "Want-Repr-Digest"]
        .into_iter()
        .chain(["Content-Type", "Content-Length", "Content-Digest", "Content-Encoding"])
        .any(|known| known.eq_ignore_ascii_case(name))
}
