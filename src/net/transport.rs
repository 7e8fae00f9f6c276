//! Requests, responses, and the trait of transports.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::net::failure::Failure;
use crate::net::headers::HeaderFields;
use crate::net::url::redacted;

/// A request. `Debug` hides credentials and the values in the query.
#[derive(Clone)]
pub struct Request {
    /// The method, such as `GET`.
    pub method: String,
    /// The URL; user name and password in it are used as credentials.
    pub url: Url,
    /// The headers; the transport adds `Host`, `Content-Length` and those of the connection.
    pub headers: HeaderFields,
    /// The body.
    pub body: Body,
    /// The party that chose the URL.
    pub origin: Origin,
}

/// The party that chose a request's URL.
///
/// It decides whether the request may carry user data: credentials, the client's headers, the
/// client certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// The user. The request may carry user data.
    #[default]
    Own,
    /// A server or a list of mirrors. The request carries no user data.
    Foreign,
}

/// The body of a request, which can be sent more than once.
#[derive(Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// The content of a file.
    File(PathBuf),
    /// The result of a function, which is called each time the request is sent.
    Generated(Arc<BodyFn>),
}

/// A function that returns a body and its length in bytes.
pub type BodyFn = dyn Fn() -> Result<(Box<dyn Read + Send>, u64), Failure> + Send + Sync;

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File(path) => write!(f, "File({path:?})"),
            Self::Generated(_) => f.write_str("Generated"),
        }
    }
}

impl Body {
    /// Opens the body. Returns a reader and the length in bytes.
    ///
    /// # Errors
    /// If the file cannot be opened, or the function fails.
    pub fn open(&self) -> Result<(Box<dyn Read + Send + '_>, u64), Failure> {
        match self {
            Self::Empty => Ok((Box::new(io::empty()), 0)),
            Self::Bytes(bytes) => Ok((Box::new(&bytes[..]), bytes.len() as u64)),
            Self::File(path) => {
                let opened = File::open(path).and_then(|file| {
                    let length = file.metadata()?.len();
                    Ok((Box::new(file.take(length)) as Box<dyn Read + Send>, length))
                });
                opened.map_err(|error| Failure::local(path, error))
            }
            Self::Generated(generate) => generate(),
        }
    }

    /// Returns `true` if there is no body.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redacted(&self.url))
            .field("headers", &self.headers)
            .field("body", &self.body)
            .field("origin", &self.origin)
            .finish()
    }
}

impl Request {
    /// Creates a `GET` request without headers or body.
    pub fn get(url: Url) -> Self {
        Self::new("GET", url)
    }

    /// Creates a request without headers or body.
    pub fn new(method: impl Into<String>, url: Url) -> Self {
        Self {
            method: method.into(),
            url,
            headers: HeaderFields::new(),
            body: Body::Empty,
            origin: Origin::Own,
        }
    }
}

/// The framing of a body: the mark of its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// The length in bytes.
    Length(u64),
    /// A last, empty chunk.
    Chunked,
    /// The end of the connection, which is indistinguishable from an interruption.
    UntilClose,
}

/// The response of a server.
pub struct Response {
    /// The HTTP status. For FTP, it is 200, or 206 if the transfer starts at an offset.
    pub status: u16,
    /// The headers.
    pub headers: HeaderFields,
    /// The framing of the body.
    pub framing: Framing,
    /// The body, not decoded.
    ///
    /// Reading a truncated body fails, except with [`Framing::UntilClose`].
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("framing", &self.framing)
            .finish_non_exhaustive()
    }
}

impl Response {
    /// Reads a short body to its end, so that the connection can be used again.
    pub(crate) fn drain(self) {
        if !matches!(self.framing, Framing::UntilClose) {
            let _ = io::copy(&mut self.body.take(16 * 1024), &mut io::sink());
        }
    }
}

/// The timeouts of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection, including name resolution and TLS.
    pub connect: Duration,
    /// For the first byte of the response.
    pub response: Duration,
    /// For each later read or write; the total time is not limited.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(30), response: seconds(60), stall: seconds(60) }
    }
}

/// A transport of requests, such as the network.
///
/// It does not follow redirects, does not retry, and returns responses with any status.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request and reads the head of the response.
    ///
    /// # Errors
    /// If there is no response, usually with [`FailureKind::Network`].
    ///
    /// [`FailureKind::Network`]: crate::net::FailureKind::Network
    fn exchange(&self, request: &Request) -> Result<Response, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_credentials() {
        let request = Request::get(Url::parse("https://me:secret@h.test/x?t=token").unwrap());
        let shown = format!("{request:?}");
        assert!(shown.contains("h.test/x") && !shown.contains("secret"), "{shown}");
        assert!(!shown.contains("me:") && !shown.contains("token"), "{shown}");
    }
}
