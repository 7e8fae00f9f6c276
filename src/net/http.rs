//! HTTP/1.1: ureq provides the protocol and the connection pool, this crate the rest.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport as Connection,
};
use ureq::{Agent, SendBody, Timeout};
use url::Url;
use zeroize::Zeroizing;

use crate::error::ErrorKind;
use crate::fs::bounded::read_some;
use crate::net::deadline::WatchedConnection;
use crate::net::dial::{Destination, Dialer, Stream};
use crate::net::failure::{Failure, FailureKind};
use crate::net::handshake::io_failure;
use crate::net::headers::HeaderFields;
use crate::net::proxy::MAX_CHALLENGES;
use crate::net::secret::Secret;
use crate::net::transport::{Framing, Origin, Request, Response, Timeouts, Transport};
use crate::net::url::{UrlScheme, without_userinfo};

/// The size of the read buffer. TLS returns records of 16 KiB; plain reads gain from more.
const INPUT: usize = 256 * 1024;
const OUTPUT: usize = 64 * 1024;

/// The transport for `http:` and `https:` URLs.
pub(crate) struct Http {
    /// Separate pools: only connections of `own` may use the client certificate.
    own: Agent,
    foreign: Agent,
    dialer: Arc<Dialer>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

impl Http {
    pub(crate) fn new(dialer: Arc<Dialer>, timeouts: Timeouts, user_agent: &str) -> Self {
        let agent = |origin| {
            let config = Config::builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .allow_non_standard_methods(true)
                .proxy(None)
                .user_agent(user_agent)
                .accept_encoding("identity")
                .input_buffer_size(INPUT)
                .output_buffer_size(OUTPUT)
                .timeout_connect(Some(timeouts.connect))
                .timeout_recv_response(Some(timeouts.response))
                .timeout_per_read(Some(timeouts.stall))
                .timeout_per_write(Some(timeouts.stall))
                .build();
            let dialer = Arc::clone(&dialer);
            let timeout = timeouts.connect;
            Agent::with_parts(config, HttpConnector { dialer, origin, timeout }, NoResolver)
        };
        let (own, foreign) = (agent(Origin::Own), agent(Origin::Foreign));
        Self { own, foreign, dialer }
    }

    /// Sends the request to `url`, with `authorization` for the proxy.
    fn send(
        &self,
        request: &Request,
        url: &Url,
        authorization: Option<&Secret>,
    ) -> Result<Response, Failure> {
        let agent = match request.origin {
            Origin::Own => &self.own,
            Origin::Foreign => &self.foreign,
        };
        let mut head = ureq::http::Request::builder().method(&*request.method).uri(url.as_str());
        for (name, value) in request.headers.iter() {
            head = head.header(name, value);
        }
        if let Some(authorization) = authorization {
            head = head.header("Proxy-Authorization", authorization.as_bytes());
        }
        let answer = if request.body.is_empty() {
            // ureq would send an empty chunked body, which some servers reject.
            let expects_body = matches!(&*request.method, "POST" | "PUT" | "PATCH");
            if expects_body && !request.headers.contains("Content-Length") {
                head = head.header("Content-Length", 0);
            }
            agent.run(head.body(()).map_err(invalid_request)?)
        } else {
            let (inner, length) = request.body.open()?;
            let mut body = RequestBody { inner, failed: None };
            if !request.headers.contains("Content-Length") {
                head = head.header("Content-Length", length);
            }
            let request = head.body(SendBody::from_reader(&mut body));
            let answer = agent.run(request.map_err(invalid_request)?);
            match body.failed {
                Some(error) if answer.is_err() => {
                    let text = format!("the request's body: {}", ErrorKind::Io(error));
                    return Err(Failure::new(FailureKind::Local, text));
                }
                _ => answer,
            }
        };
        let (head, body) = answer.map_err(failure)?.into_parts();
        let mut headers = HeaderFields::new();
        for (name, value) in &head.headers {
            // ureq has validated them.
            let _ = headers.push(name.as_str(), value.as_bytes());
        }
        let framing = framing(&request.method, head.status.as_u16(), &headers);
        let body = Box::new(ResponseBody(Box::new(body.into_reader())));
        Ok(Response { status: head.status.as_u16(), headers, framing, body })
    }
}

/// A request's body. It keeps its read error, which ureq would report as a connection error.
struct RequestBody<R> {
    inner: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for RequestBody<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }
}

impl Transport for Http {
    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        let mut url = without_userinfo(&request.url);
        url.set_fragment(None);
        let Some(proxy) = self.dialer.proxies.reader_of(&url)? else {
            return self.send(request, &url, None);
        };
        let mut challenged = 0;
        loop {
            let (authorization, accepted) =
                proxy.authorization(&request.method, url.as_str(), &request.body)?;
            let response = self.send(request, &url, authorization.as_ref())?;
            if response.status != 407 {
                return Ok(response);
            }
            if challenged == MAX_CHALLENGES || !proxy.accept_challenge(accepted, &response.headers)
            {
                return Err(proxy.refusal().during(proxy.name()));
            }
            challenged += 1;
            response.drain();
        }
    }
}

/// Returns the framing of a response's body (RFC 9112, section 6.3).
fn framing(method: &str, status: u16, headers: &HeaderFields) -> Framing {
    let coding = headers.values("Transfer-Encoding").last().unwrap_or("").to_ascii_lowercase();
    if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
        Framing::Length(0)
    } else if coding.rsplit(',').next().is_some_and(|last| last.trim() == "chunked") {
        Framing::Chunked
    } else if let Some(length) = headers.value("Content-Length").and_then(|n| n.parse().ok()) {
        Framing::Length(length)
    } else {
        Framing::UntilClose
    }
}

fn invalid_request(error: ureq::http::Error) -> Failure {
    Failure::new(FailureKind::Usage, format!("invalid request: {error}")).caused_by(error)
}

/// Converts an error of ureq.
fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Other(other) => match other.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(other) => Failure::network(other.to_string()),
        },
        ureq::Error::Io(error) => io_failure(error, "connection"),
        ureq::Error::Timeout(Timeout::RecvResponse) => {
            Failure::network("timed out waiting for the response")
        }
        ureq::Error::Timeout(Timeout::PerRead | Timeout::PerWrite) => {
            Failure::network("stalled: no data was transferred for too long")
        }
        ureq::Error::Timeout(other) => Failure::network(format!("timed out ({other})")),
        ureq::Error::Http(error) => invalid_request(error),
        ureq::Error::BadUri(why) => Failure::new(FailureKind::Usage, format!("invalid URL: {why}")),
        ureq::Error::LargeResponseHeader(_, limit) => Failure::new(
            FailureKind::Policy,
            format!("the headers of the response are larger than {limit} bytes"),
        ),
        ureq::Error::Protocol(why) => {
            Failure::new(FailureKind::Network, format!("the server violates HTTP: {why}"))
        }
        other => Failure::network(other.to_string()),
    }
}

/// A response's body, whose errors are [`Failure`]s.
struct ResponseBody(Box<dyn Read + Send>);

impl Read for ResponseBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| {
            let kind = error.kind();
            if kind == io::ErrorKind::Interrupted {
                return error;
            }
            let failure = match error.into_inner() {
                Some(inner) => match inner.downcast::<ureq::Error>() {
                    Ok(error) => failure(*error),
                    Err(inner) => io_failure(io::Error::new(kind, inner), "body"),
                },
                None => io_failure(kind.into(), "body"),
            };
            io::Error::new(kind, failure)
        })
    }
}

/// A resolver that does nothing: the dialer resolves the name of the server or of the proxy.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

#[derive(Debug)]
struct HttpConnector {
    dialer: Arc<Dialer>,
    origin: Origin,
    timeout: Duration,
}

impl Connector for HttpConnector {
    type Out = HttpConnection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<HttpConnection>, ureq::Error> {
        let scheme = details.uri.scheme_str().and_then(UrlScheme::named);
        let scheme = scheme.ok_or(ureq::Error::BadUri("unsupported scheme".into()))?;
        let host = details.uri.host().unwrap_or("").trim_matches(['[', ']']);
        let port = details.uri.port_u16().unwrap_or(scheme.default_port);
        let to = Destination { scheme, host, port, origin: self.origin };
        let connection = self.dialer.dial(to, self.timeout);
        let connection = connection.map_err(|failure| ureq::Error::Other(Box::new(failure)))?;
        let authority = details.uri.authority().map_or(String::new(), ToString::to_string);
        Ok(Some(HttpConnection {
            stream: connection.stream,
            buffers: LazyBuffers::new(INPUT, OUTPUT),
            authority: connection.ends_at_proxy.then_some(authority),
            is_at_start: true,
            _watched: connection.watched,
        }))
    }
}

struct HttpConnection {
    stream: Stream,
    buffers: LazyBuffers,
    /// The server's host and port if a proxy reads the requests.
    authority: Option<String>,
    /// Set if the next write starts a request.
    is_at_start: bool,
    _watched: WatchedConnection,
}

impl fmt::Debug for HttpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConnection").finish_non_exhaustive()
    }
}

impl HttpConnection {
    fn write(&mut self, amount: usize) -> io::Result<()> {
        let output = &self.buffers.output()[..amount];
        let is_at_start = std::mem::take(&mut self.is_at_start);
        match &self.authority {
            Some(authority) if is_at_start => {
                self.stream.write_all(&with_absolute_target(output, authority))?;
            }
            _ => self.stream.write_all(output)?,
        }
        self.stream.flush()
    }
}

/// Changes `GET /x HTTP/1.1` to `GET http://host/x HTTP/1.1` (RFC 9112, section 3.2.2).
fn with_absolute_target(output: &[u8], authority: &str) -> Zeroizing<Vec<u8>> {
    let mut line = output.splitn(2, |&b| b == b' ');
    let (method, rest) = (line.next().unwrap_or(b""), line.next().unwrap_or(b""));
    Zeroizing::new([method, b" http://", authority.as_bytes(), rest].concat())
}

fn timed_out(error: io::Error, reason: Timeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ureq::Error::Timeout(reason),
        // TLS without close_notify. ureq would accept it as the end of a body without a length.
        io::ErrorKind::UnexpectedEof => ureq::Error::Other(Box::new(Failure::network(
            "truncated: TLS ended without close_notify",
        ))),
        _ => ureq::Error::Io(error),
    }
}

impl Connection for HttpConnection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let timeout = timeout.for_write();
        self.stream.tcp().set_write_timeout(timeout.not_zero().map(|after| *after))?;
        self.write(amount).map_err(|error| timed_out(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let timeout = timeout.for_read();
        self.stream.tcp().set_read_timeout(timeout.not_zero().map(|after| *after))?;
        let amount = read_some(&mut self.stream, self.buffers.input_append_buf())
            .map_err(|error| timed_out(error, timeout.reason))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        // ureq calls this before each further request.
        self.is_at_start = true;
        self.stream.is_idle()
    }

    fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_for_a_proxy_are_absolute() {
        let request = b"GET /a?b HTTP/1.1\r\nHost: host:8080\r\n\r\nbody";
        let head = with_absolute_target(request, "host:8080");
        let expected = "GET http://host:8080/a?b HTTP/1.1\r\nHost: host:8080\r\n\r\nbody";
        assert_eq!(str::from_utf8(&head).unwrap(), expected);
    }

    #[test]
    fn framing_of_responses() {
        let mut headers = HeaderFields::new();
        assert_eq!(framing("GET", 200, &headers), Framing::UntilClose);
        headers.set("content-length", "7").unwrap();
        assert_eq!(framing("GET", 200, &headers), Framing::Length(7));
        assert_eq!(framing("HEAD", 200, &headers), Framing::Length(0));
        headers.set("Transfer-Encoding", "gzip, Chunked").unwrap();
        assert_eq!(framing("GET", 200, &headers), Framing::Chunked);
    }
}
