//! Redirects: the policy, and the request that follows one.

use std::fmt;

use url::Url;

use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::net::transport::{Body, Origin, Request, Response};
use crate::net::url::{Protocol, has_protocol, is_encrypted, redacted, without_userinfo};

/// The limits on the redirects that a client follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RedirectPolicy {
    /// The maximum number of consecutive redirects.
    pub limit: u32,
    /// The rule for redirects from https to http.
    pub downgrade: Downgrade,
}

/// The rule for redirects from https to http.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Downgrade {
    /// The request fails.
    #[default]
    Refused,
    /// The redirect is followed.
    Allowed,
}

impl Default for RedirectPolicy {
    fn default() -> Self {
        Self { limit: 10, downgrade: Downgrade::Refused }
    }
}

/// A redirect that was followed. `Debug` hides the values in the query.
#[derive(Clone)]
pub struct Redirect {
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// The target URL.
    pub to: Url,
}

impl fmt::Debug for Redirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, to } = self;
        f.debug_struct("Redirect").field("status", status).field("to", &redacted(to)).finish()
    }
}

impl RedirectPolicy {
    /// Checks a redirect that comes after `followed` others.
    pub(super) fn check_redirect(
        self,
        from: &Url,
        to: &Url,
        followed: usize,
    ) -> Result<(), Failure> {
        if !has_protocol(to, Protocol::Http) {
            let text = format!("redirects to a {}: URL, which is not followed", to.scheme());
            return Err(Failure::new(FailureKind::Policy, text));
        }
        if is_encrypted(from) && !is_encrypted(to) && self.downgrade == Downgrade::Refused {
            return Err(FailureReason::Downgrade { to: redacted(to) }.into());
        }
        if followed >= self.limit as usize {
            return Err(FailureReason::TooManyRedirects { limit: self.limit }.into());
        }
        Ok(())
    }
}

/// Returns the target of a redirect (RFC 9110, section 15.4).
pub(super) fn redirect_target(
    request: &Request,
    response: &Response,
) -> Result<Option<Url>, Failure> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.headers.value("Location") else { return Ok(None) };
    let to = request.url.join(location);
    to.map(Some).map_err(|_| {
        let text = format!("{}: redirects to an invalid URL", redacted(&request.url));
        Failure::new(FailureKind::Network, text)
    })
}

/// Changes the request to the one that follows a redirect. Removes user data if the origin differs.
pub(super) fn follow_redirect(request: &mut Request, status: u16, to: &Url) {
    if to.origin() != request.url.origin() {
        request.origin = Origin::Foreign;
        // Any other header may contain a secret, such as `X-Api-Key`.
        let names: Vec<String> = request.headers.iter().map(|(name, _)| name.into()).collect();
        for name in names.iter().filter(|name| !is_about_content(name)) {
            request.headers.remove(name);
        }
    }
    let keeps_method = match status {
        307 | 308 => true,
        303 => request.method == "HEAD",
        _ => matches!(&*request.method, "GET" | "HEAD"),
    };
    if !keeps_method {
        request.method = "GET".into();
        request.body = Body::Empty;
        for name in ["Content-Type", "Content-Length", "Content-Digest"] {
            request.headers.remove(name);
        }
    }
    // Credentials in a URL that a server chose are not the user's.
    request.url = without_userinfo(to);
}

/// Returns `true` if a header describes the requested or the sent content.
fn is_about_content(name: &str) -> bool {
    ["Accept", "Accept-Encoding", "Range", "If-Range", "Want-Digest", "Want-Repr-Digest"]
        .into_iter()
        .chain(["Content-Type", "Content-Length", "Content-Digest", "Content-Encoding"])
        .any(|known| known.eq_ignore_ascii_case(name))
}
