//! The client: redirects, credentials, cookies and retries, the same for every verb that asks a
//! server for something.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use url::Url;

use crate::fs::lock::lock;
use crate::net::cookies::CookieJar;
use crate::net::deadline::{Deadline, InTime};
use crate::net::dial::Dialer;
use crate::net::failure::{Failure, Retry};
use crate::net::headers::HeaderFields;
use crate::net::identity::{Authenticator, Identity};
use crate::net::proxy::Proxies;
use crate::net::redirect::{Redirect, RedirectPolicy, follow_redirect, redirect_target};
use crate::net::retry::{self, RetryBudget, RetryPolicy};
use crate::net::tls::{LazyTls, Tls};
use crate::net::transport::{Origin, Request, Response, Timeouts, Transport};
use crate::net::transports::NetworkTransport;
use crate::net::url::{Protocol, has_protocol, redacted, without_userinfo};
use crate::sign::clock::{Clock, SystemClock};

/// What is sent as `User-Agent` where the user says nothing.
const USER_AGENT: &str = concat!("hsum/", env!("CARGO_PKG_VERSION"));

/// Sends requests and follows redirects.
///
/// What identifies the user (credentials, their own headers, the client certificate) goes to the
/// origin of the URL that was asked for and to no other one that a redirect leads to. No redirect
/// leads from https to http.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    /// Those that the transport goes through.
    proxies: Proxies,
    headers: HeaderFields,
    identity: Arc<Identity>,
    cookies: Option<Arc<Mutex<CookieJar>>>,
    signer: Option<Arc<dyn ClientSigner>>,
    redirects: RedirectPolicy,
    retries: RetryPolicy,
    deadline: Deadline,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// Makes a [`Client`].
#[derive(Default)]
pub struct ClientBuilder {
    transport: Option<Arc<dyn Transport>>,
    tls: Tls,
    proxies: Proxies,
    timeouts: Timeouts,
    headers: HeaderFields,
    identity: Identity,
    cookies: Option<Arc<Mutex<CookieJar>>>,
    signer: Option<Arc<dyn ClientSigner>>,
    redirects: RedirectPolicy,
    retries: Option<RetryPolicy>,
    deadline: Option<Instant>,
    user_agent: Option<String>,
}

/// Signs requests, each time that one is sent, a second try or a redirect to the same origin too.
pub trait ClientSigner: Send + Sync {
    /// Adds the signature to a request that is otherwise ready to be sent.
    ///
    /// # Errors
    /// Where the request cannot be signed; it is not sent.
    fn sign(&self, request: &mut Request) -> Result<(), Failure>;
}

/// A response, and how it was come by. `Debug` does not show the query's values.
pub struct Reply {
    /// What the last server answered.
    pub response: Response,
    /// Where that was, without user and password.
    pub url: Url,
    /// The redirects on the way, in their order.
    pub chain: Vec<Redirect>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("response", &self.response)
            .field("url", &redacted(&self.url))
            .field("chain", &self.chain)
            .finish()
    }
}

impl ClientBuilder {
    /// How TLS is spoken.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// The proxies to go through; none where nothing is said.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// How long to wait for what.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Fields for every request to an origin that the user named.
    pub fn headers(mut self, headers: HeaderFields) -> Self {
        self.headers = headers;
        self
    }

    /// Who the user is.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = identity;
        self
    }

    /// Keeps cookies there; without it they are dropped.
    pub fn cookies(mut self, cookies: Arc<Mutex<CookieJar>>) -> Self {
        self.cookies = Some(cookies);
        self
    }

    /// Signs every request to an origin that the user named.
    pub fn signer(mut self, signer: Arc<dyn ClientSigner>) -> Self {
        self.signer = Some(signer);
        self
    }

    /// What becomes of redirects.
    pub fn redirects(mut self, redirects: RedirectPolicy) -> Self {
        self.redirects = redirects;
        self
    }

    /// How often something is tried again.
    pub fn retries(mut self, retries: RetryPolicy) -> Self {
        self.retries = Some(retries);
        self
    }

    /// When to give up, whatever comes: a request that is not answered in full by then has failed,
    /// with `FailureKind::Network`, and no other begins.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// What is sent as `User-Agent`.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Carries the requests instead of the network; TLS, proxies and timeouts are its business.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// The client. Nothing is read or connected before the first request.
    pub fn build(self) -> Client {
        let user_agent = self.user_agent.as_deref().unwrap_or(USER_AGENT);
        let deadline = self.deadline.map(Deadline::at).unwrap_or_default();
        let mut proxies = Proxies::none();
        let transport = self.transport.unwrap_or_else(|| {
            proxies = self.proxies;
            let (proxies, tls) = (proxies.clone(), LazyTls::new(self.tls));
            let dialer = Dialer { proxies, tls, deadline: deadline.clone() };
            Arc::new(NetworkTransport::new(Arc::new(dialer), self.timeouts, user_agent))
        });
        Client {
            transport,
            proxies,
            headers: self.headers,
            identity: Arc::new(self.identity),
            cookies: self.cookies,
            signer: self.signer,
            redirects: self.redirects,
            retries: self.retries.unwrap_or_default(),
            deadline,
        }
    }
}

impl Client {
    /// The usual client; what the builder's methods say otherwise.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A count of tries for one piece of work, as the client was told.
    pub fn retry_budget(&self) -> RetryBudget {
        self.retries.start().until(self.deadline.instant())
    }

    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Sends a request, and again while that may help; the reply may have any status.
    ///
    /// A request that is not idempotent (RFC 9110, section 9.2.2) is sent again only after 429 and
    /// 503, with which the server says that it did nothing.
    ///
    /// # Errors
    /// Where there is no response, or a redirect is refused.
    pub fn send(&self, request: &Request) -> Result<Reply, Failure> {
        self.send_with(request, &mut self.retry_budget())
    }

    /// [`Client::send`], with the tries that are left for more than this request.
    ///
    /// # Errors
    /// As it.
    pub fn send_with(&self, request: &Request, budget: &mut RetryBudget) -> Result<Reply, Failure> {
        let idempotent =
            ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(&&*request.method);
        loop {
            let result = self.send_once(request);
            let again = match &result {
                Ok(reply) => {
                    let status = reply.response.status;
                    match idempotent || matches!(status, 429 | 503) {
                        true => retry::after_response(status, &reply.response.headers),
                        false => Retry::Never,
                    }
                }
                Err(failure) if idempotent => failure.retry(),
                Err(_) => Retry::Never,
            };
            if again == Retry::Never || !budget.wait(again) {
                return result;
            }
        }
    }

    /// Sends a request once: redirects are followed and challenges answered, failures are final.
    fn send_once(&self, request: &Request) -> Result<Reply, Failure> {
        let mut request = request.clone();
        let mut chain = Vec::new();
        loop {
            let shown = redacted(&request.url);
            let response = self.converse(&request).map_err(|failure| failure.during(&shown))?;
            let Some(to) = redirect_target(&request, &response)? else {
                let url = without_userinfo(&request.url);
                return Ok(Reply { response, url, chain });
            };
            self.redirects
                .check_redirect(&request.url, &to, chain.len())
                .map_err(|failure| failure.during(&shown))?;
            follow_redirect(&mut request, response.status, &to);
            chain.push(Redirect { status: response.status, to: request.url.clone() });
            response.drain();
        }
    }

    /// One exchange, or more where the server asks who we are.
    fn converse(&self, request: &Request) -> Result<Response, Failure> {
        let mut plain = request.clone();
        if request.origin == Origin::Own {
            for (name, value) in self.headers.iter() {
                if !request.headers.contains(name) {
                    plain.headers.push(name, value);
                }
            }
        }
        if !plain.headers.contains("Cookie") {
            let field = self.jar().and_then(|jar| jar.field(&request.url, now()));
            if let Some(field) = field {
                plain.headers.push("Cookie", field.as_bytes());
            }
        }
        if has_protocol(&request.url, Protocol::Ftp) && request.origin == Origin::Own {
            // In FTP the transport logs in, before it asks for anything.
            self.identity.add_ftp_login(&mut plain.url)?;
        }
        let mut answer = match (request.origin, plain.headers.contains("Authorization")) {
            (Origin::Own, false) => self.identity.authenticator(&request.url)?,
            _ => Authenticator::none(),
        };
        let mut challenged = 0;
        loop {
            let mut sent = plain.clone();
            if let Some(value) = answer.header(&sent.method, &target(&sent.url), &sent.body)? {
                if answer.is_plaintext() {
                    let proxy = self.proxies.reader_of(&sent.url)?.map(|proxy| &*proxy.host);
                    self.identity.check_plaintext(&sent.url, proxy)?;
                }
                sent.headers.push("Authorization", value.as_bytes());
            }
            if let (Origin::Own, Some(signer)) = (sent.origin, &self.signer) {
                signer.sign(&mut sent)?;
            }
            let response = self.exchange(&sent)?;
            if let Some(mut jar) = self.jar() {
                let fields = response.headers.iter();
                for (_, field) in fields.filter(|(name, _)| name.eq_ignore_ascii_case("Set-Cookie"))
                {
                    // One that is refused is none; what is fetched does not depend on it.
                    let _ = jar.set(&request.url, field, now());
                }
            }
            // Twice: the second challenge may say that the first one's nonce is stale.
            if response.status != 401
                || challenged == 2
                || !answer.accept_challenge(&response.headers)
            {
                return Ok(response);
            }
            challenged += 1;
            response.drain();
        }
    }

    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        self.deadline.judge()?;
        let response = self.transport.exchange(request);
        let mut response = response.map_err(|failure| self.deadline.explain(failure))?;
        if self.deadline.instant().is_some() {
            let (body, deadline) = (response.body, self.deadline.clone());
            response.body = Box::new(InTime { body, deadline });
        }
        Ok(response)
    }

    fn jar(&self) -> Option<MutexGuard<'_, CookieJar>> {
        let jar = self.cookies.as_ref()?;
        Some(lock(jar))
    }
}

/// What stands on the request line.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// In seconds since 1970.
fn now() -> i64 {
    SystemClock.now() as i64
}
