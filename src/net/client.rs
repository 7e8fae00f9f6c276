//! The client: redirects, credentials, cookies and retries.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use url::Url;

use crate::fs::lock::lock;
use crate::net::cookies::CookieJar;
use crate::net::deadline::{Deadline, DeadlineReader};
use crate::net::dial::Dialer;
use crate::net::failure::{Failure, Retry};
use crate::net::headers::HeaderFields;
use crate::net::identity::{Authenticator, Identity};
use crate::net::proxy::Proxies;
use crate::net::redirect::{Redirect, RedirectPolicy, follow_redirect, redirect_target};
use crate::net::retry::{self, RetryBudget, RetryPolicy};
use crate::net::tls::{LazyTls, TlsOptions};
use crate::net::transport::{Origin, Request, Response, Timeouts, Transport};
use crate::net::transports::NetworkTransport;
use crate::net::url::{Protocol, has_protocol, redacted, without_userinfo};
use crate::setters::setters;
use crate::sign::clock::{Clock, SystemClock};

/// The default `User-Agent`.
const USER_AGENT: &str = concat!("hsum/", env!("CARGO_PKG_VERSION"));

/// An HTTP and FTP client, which follows redirects and retries.
///
/// User data (credentials, the client's headers, the client certificate) is sent only to the origin
/// of the request's URL, not to other origins after a redirect. By default, redirects from https to
/// http are refused.
#[derive(Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    deadline: Deadline,
    options: Arc<ClientBuilder>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("transport", &self.transport).finish_non_exhaustive()
    }
}

/// A builder of a [`Client`].
#[derive(Default)]
pub struct ClientBuilder {
    transport: Option<Arc<dyn Transport>>,
    tls: TlsOptions,
    proxies: Proxies,
    timeouts: Timeouts,
    headers: HeaderFields,
    identity: Identity,
    cookies: Option<Arc<Mutex<CookieJar>>>,
    signer: Option<Arc<dyn ClientSigner>>,
    redirects: RedirectPolicy,
    retries: RetryPolicy,
    deadline: Option<Instant>,
    user_agent: Option<String>,
}

/// A signer of requests. Retries, and redirects to the same origin, are signed again.
pub trait ClientSigner: Send + Sync {
    /// Adds the signature to a request that is otherwise ready to be sent.
    ///
    /// # Errors
    /// If the request cannot be signed; it is not sent.
    fn sign(&self, request: &mut Request) -> Result<(), Failure>;
}

/// A response, and the redirects that led to it. `Debug` hides the values in the query.
pub struct Reply {
    /// The response of the last server.
    pub response: Response,
    /// The URL of the response, without user name and password.
    pub url: Url,
    /// The redirects in order.
    pub redirects: Vec<Redirect>,
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("response", &self.response)
            .field("url", &redacted(&self.url))
            .field("redirects", &self.redirects)
            .finish()
    }
}

impl ClientBuilder {
    setters! {
        /// Sets the options of TLS.
        tls: TlsOptions;
        /// Sets the proxies; the default is none.
        proxies: Proxies;
        /// Sets the timeouts.
        timeouts: Timeouts;
        /// Sets headers for all requests with [`Origin::Own`].
        headers: HeaderFields;
        /// Sets the user's credentials.
        identity: Identity;
        /// Sets the jar that cookies are stored in; without one they are dropped.
        cookies: Arc<Mutex<CookieJar>> => Some;
        /// Sets the signer of all requests with [`Origin::Own`].
        signer: Arc<dyn ClientSigner> => Some;
        /// Sets the policy on redirects.
        redirects: RedirectPolicy;
        /// Sets the policy on retries.
        retries: RetryPolicy;
        /// Sets the deadline, after which all requests and reads of responses fail.
        deadline: Instant => Some;
        /// Replaces the network; the TLS options, proxies and timeouts then have no effect.
        transport: Arc<dyn Transport> => Some;
    }

    /// Sets the `User-Agent`.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Returns the client. It reads no files and opens no connections before the first request.
    pub fn build(mut self) -> Client {
        let deadline = self.deadline.map(Deadline::at).unwrap_or_default();
        let transport = match self.transport.take() {
            Some(transport) => {
                self.proxies = Proxies::none();
                transport
            }
            None => {
                let tls = LazyTls::new(std::mem::take(&mut self.tls));
                let proxies = self.proxies.clone();
                let dialer = Arc::new(Dialer { proxies, tls, deadline: deadline.clone() });
                let user_agent = self.user_agent.as_deref().unwrap_or(USER_AGENT);
                Arc::new(NetworkTransport::new(dialer, self.timeouts, user_agent))
            }
        };
        Client { transport, deadline, options: Arc::new(self) }
    }
}

impl Client {
    /// Returns a builder with the default options.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns a fresh budget of retries for one task.
    pub fn retry_budget(&self) -> RetryBudget {
        self.options.retries.start().until(self.deadline.instant())
    }

    pub(crate) fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Sends a request, with retries. The response may have any status.
    ///
    /// A request that is not idempotent (RFC 9110, section 9.2.2) is retried only after 429 and
    /// 503, which mean that the server did not process it.
    ///
    /// # Errors
    /// If there is no response, or a redirect is refused.
    pub fn send(&self, request: &Request) -> Result<Reply, Failure> {
        self.send_with(request, &mut self.retry_budget())
    }

    /// Sends a request like [`Client::send`], with a retry budget that several requests can share.
    ///
    /// # Errors
    /// As for [`Client::send`].
    pub fn send_with(&self, request: &Request, budget: &mut RetryBudget) -> Result<Reply, Failure> {
        let idempotent =
            ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(&&*request.method);
        loop {
            let result = self.send_once(request);
            let retry = match &result {
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
            if retry == Retry::Never || !budget.wait(retry) {
                return result;
            }
        }
    }

    /// Sends a request without retries: follows redirects and answers challenges.
    fn send_once(&self, request: &Request) -> Result<Reply, Failure> {
        let mut request = request.clone();
        let mut redirects = Vec::new();
        loop {
            let shown = redacted(&request.url);
            let response =
                self.send_to_origin(&request).map_err(|failure| failure.during(&shown))?;
            let Some(to) = redirect_target(&request, &response)? else {
                let url = without_userinfo(&request.url);
                return Ok(Reply { response, url, redirects });
            };
            let allowed = self.options.redirects.check_redirect(&request.url, &to, redirects.len());
            allowed.map_err(|failure| failure.during(&shown))?;
            follow_redirect(&mut request, response.status, &to);
            redirects.push(Redirect { status: response.status, to: request.url.clone() });
            response.drain();
        }
    }

    /// Sends a request to one server, and again after a challenge.
    fn send_to_origin(&self, request: &Request) -> Result<Response, Failure> {
        let options = &*self.options;
        let mut prepared = request.clone();
        if request.origin == Origin::Own {
            for (name, value) in options.headers.iter() {
                if !request.headers.contains(name) {
                    prepared.headers.push(name, value)?;
                }
            }
        }
        if !prepared.headers.contains("Cookie")
            && let Some(field) = self.jar().and_then(|jar| jar.field(&request.url, now()))
        {
            prepared.headers.push("Cookie", field.as_bytes())?;
        }
        if has_protocol(&request.url, Protocol::Ftp) && request.origin == Origin::Own {
            // The FTP transport takes the login from the URL.
            options.identity.add_ftp_login(&mut prepared.url)?;
        }
        let mut authenticator = match (request.origin, prepared.headers.contains("Authorization")) {
            (Origin::Own, false) => options.identity.authenticator(&request.url)?,
            _ => Authenticator::none(),
        };
        let mut challenged = 0;
        loop {
            let mut sent = prepared.clone();
            let value = authenticator.header(&sent.method, &target(&sent.url), &sent.body)?;
            if let Some(value) = value {
                if authenticator.is_plaintext() {
                    let proxy = options.proxies.reader_of(&sent.url)?.map(|proxy| &*proxy.host);
                    options.identity.check_plaintext(&sent.url, proxy)?;
                }
                sent.headers.push("Authorization", value.as_bytes())?;
            }
            if let (Origin::Own, Some(signer)) = (sent.origin, &options.signer) {
                signer.sign(&mut sent)?;
            }
            let response = self.exchange(&sent)?;
            if let Some(mut jar) = self.jar() {
                for field in response.headers.byte_values("Set-Cookie") {
                    // A rejected cookie does not make the response invalid.
                    let _ = jar.set(&request.url, field, now());
                }
            }
            // The second challenge may mean that the nonce of the first one is stale.
            if response.status != 401
                || challenged == 2
                || !authenticator.accept_challenge(&response.headers)
            {
                return Ok(response);
            }
            challenged += 1;
            response.drain();
        }
    }

    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        self.deadline.check()?;
        let response = self.transport.exchange(request);
        let mut response = response.map_err(|failure| self.deadline.replace(failure))?;
        if self.deadline.instant().is_some() {
            let (body, deadline) = (response.body, self.deadline.clone());
            response.body = Box::new(DeadlineReader { body, deadline });
        }
        Ok(response)
    }

    fn jar(&self) -> Option<MutexGuard<'_, CookieJar>> {
        let jar = self.options.cookies.as_ref()?;
        Some(lock(jar))
    }
}

/// Returns the target in the request line.
fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// Returns the time in seconds since 1970.
fn now() -> i64 {
    SystemClock.now() as i64
}
