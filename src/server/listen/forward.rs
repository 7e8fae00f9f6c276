//! `--forward`: passes verified requests on to another server.

use std::io::{self, Cursor};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use hsum::internals::{is_supported, read_all};
use hsum::net::{
    Body, Client, Failure, FailureReason, RedirectPolicy, Request, RetryPolicy, Timeouts, Url,
};

use crate::cli::client;
use crate::cli::exit::Usage;
use crate::server::listen::answer::Answer;
use crate::server::listen::received::Received;

/// The maximum length of the target's answer.
const LONGEST_ANSWER: u64 = 1 << 20;

/// The maximum number of servers that forward a request: one may forward to itself.
const MAX_HOPS: usize = 20;

/// Headers of one connection, which are not passed on (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that the new request has from the client, or that a sender must not choose.
const REPLACED: [&str; 7] = [
    "host",
    "content-length",
    "expect",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// The server that verified requests are passed on to.
pub(crate) struct Target {
    url: Url,
    limit: Duration,
}

/// The reason why the target gave no answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    /// 502 or 504.
    pub(crate) status: u16,
    pub(crate) reason: &'static str,
    pub(crate) text: String,
}

impl Target {
    /// Parses the URL of a target.
    ///
    /// # Errors
    /// Returns a usage error if it is not an http or https URL without user and password.
    pub(crate) fn parse(url: &str, limit: Duration) -> Result<Self> {
        let url = client::url(url)?;
        let usage = |text: &str| Usage(format!("--forward: {text}"));
        if !is_supported(&url) || !matches!(url.scheme(), "http" | "https") {
            return Err(usage("unsupported URL scheme (expected http or https)").into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(usage("a URL with a user or password (expected one without)").into());
        }
        Ok(Self { url, limit })
    }

    /// Sends a request with the same method, query, headers and body, and returns the answer.
    ///
    /// # Errors
    /// Returns an error if there is no complete answer in time.
    pub(crate) fn forward(&self, received: &Received) -> Result<Answer, Unanswered> {
        if hops(received) > MAX_HOPS {
            let text =
                format!("the request was forwarded {MAX_HOPS} times: the servers form a loop");
            return Err(Unanswered { status: 502, reason: "forward-loop", text });
        }
        let deadline = Instant::now() + self.limit;
        // Each request has its own deadline, and so its own client.
        let client = Client::builder()
            .timeouts(Timeouts { connect: self.limit, response: self.limit, stall: self.limit })
            .redirects(RedirectPolicy { limit: 0, ..RedirectPolicy::default() })
            .retries(RetryPolicy { count: 0, ..RetryPolicy::default() })
            .deadline(deadline)
            .build();
        let failed = |failure: Failure| {
            let is_redirect =
                matches!(failure.reason(), Some(FailureReason::TooManyRedirects { .. }));
            let (status, reason) = match Instant::now() >= deadline {
                true => (504, "forward-timeout"),
                false if is_redirect => (502, "forward-redirect"),
                false => (502, "forward-failed"),
            };
            Unanswered { status, reason, text: failure.to_string() }
        };
        let request = self.request(received).map_err(failed)?;
        let mut response = client.send(&request).map_err(failed)?.response;
        let body = read_all(&mut *response.body, LONGEST_ANSWER);
        let body = body.map_err(|error: io::Error| failed(Failure::network(error.to_string())))?;
        if response.status < 200 {
            let text = format!("the target answered with status {}", response.status);
            return Err(Unanswered { status: 502, reason: "forward-failed", text });
        }
        let options = connection_options(response.headers.iter());
        let is_kept = |name: &str| {
            let name = name.to_ascii_lowercase();
            !is_hop_by_hop(&name) && !options.contains(&name) && name != "content-length"
        };
        let headers = response.headers.iter().filter(|(name, _)| is_kept(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        Ok(Answer { status: response.status, headers, body })
    }

    fn request(&self, received: &Received) -> Result<Request, Failure> {
        let mut url = self.url.clone();
        if let (None, Some((_, query))) = (url.query(), received.arrival.target.split_once('?')) {
            url.set_query(Some(query));
        }
        let mut request = Request::new(&*received.request.method, url);
        let headers = &received.request.headers;
        let options = connection_options(pairs(received));
        for (name, value) in headers {
            let lower = name.to_ascii_lowercase();
            if !is_hop_by_hop(&lower) && !options.contains(&lower) && !REPLACED.contains(&&*lower) {
                request.headers.push(name, &value[..])?;
            }
        }
        let peer = received.arrival.peer.ip().to_string();
        let chain = [values(pairs(received), "x-forwarded-for"), peer];
        let chain: Vec<_> = chain.into_iter().filter(|part| !part.is_empty()).collect();
        request.headers.push("X-Forwarded-For", chain.join(", ").as_bytes())?;
        if let Some((scheme, rest)) = received.request.url.split_once("://") {
            let host = rest.split(['/', '?']).next().unwrap_or_default();
            request.headers.push("X-Forwarded-Proto", scheme.as_bytes())?;
            request.headers.push("X-Forwarded-Host", host.as_bytes())?;
        }
        if !received.body.is_empty() {
            request.body = body(received.body.clone());
        }
        Ok(request)
    }
}

/// Returns a body that is not copied when the client copies the request.
fn body(bytes: Bytes) -> Body {
    Body::Generated(Arc::new(move || {
        let length = bytes.len() as u64;
        Ok((Box::new(Cursor::new(bytes.clone())), length))
    }))
}

/// Returns the headers of a request.
fn pairs(received: &Received) -> impl Iterator<Item = (&str, &[u8])> {
    received.request.headers.iter().map(|(name, value)| (&**name, &**value))
}

/// Returns the values of a header as one list.
fn values<'h>(headers: impl Iterator<Item = (&'h str, &'h [u8])>, name: &str) -> String {
    let values = headers.filter(|(title, _)| title.eq_ignore_ascii_case(name));
    let values: Vec<_> = values.map(|(_, value)| String::from_utf8_lossy(value)).collect();
    values.join(", ")
}

/// Returns the names of headers, in lower case, that the header `Connection` makes those of one
/// connection.
fn connection_options<'h>(headers: impl Iterator<Item = (&'h str, &'h [u8])>) -> Vec<String> {
    let options = values(headers, "connection").to_ascii_lowercase();
    options.split(',').map(|option| option.trim().to_owned()).collect()
}

/// Returns the number of servers that have forwarded a request.
fn hops(received: &Received) -> usize {
    let chain = values(pairs(received), "x-forwarded-for");
    if chain.is_empty() { 0 } else { chain.split(',').count() }
}

fn is_hop_by_hop(name: &str) -> bool {
    HOP_BY_HOP.iter().any(|other| other.eq_ignore_ascii_case(name))
}
