//! One exchange: a request goes out, a response comes back. What is done about it is the client's.

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

/// What is asked of a server. `Debug` shows neither who asks nor the query's values.
#[derive(Clone)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// Where; user and password in it are taken as credentials and never sent in this place.
    pub url: Url,
    /// The fields; `Host`, `Content-Length` and the connection's own are the transport's.
    pub headers: HeaderFields,
    /// What is sent after them.
    pub body: Body,
    /// Whether the user's credentials may go there.
    pub origin: Origin,
}

/// Whether a request may carry what identifies the user: credentials, own headers, the client
/// certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// It may: the user named this origin.
    #[default]
    Own,
    /// Somebody else named it: a redirect, a list of mirrors.
    Foreign,
}

/// The contents of a request; they can be sent more than once.
#[derive(Clone, Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// What the file holds.
    File(PathBuf),
    /// What a function makes, each time it is sent.
    Made(Arc<MakeBody>),
}

/// Makes a body: what is read, and how many bytes that is.
pub type MakeBody = dyn Fn() -> Result<(Box<dyn Read + Send>, u64), Failure> + Send + Sync;

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::File(path) => write!(f, "File({path:?})"),
            Self::Made(_) => f.write_str("Made"),
        }
    }
}

impl Body {
    /// Opens it from its beginning, and says how long it is, in bytes.
    ///
    /// # Errors
    /// Of opening the file.
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
            Self::Made(make) => make(),
        }
    }

    /// Whether there is none.
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
    /// A `GET` without a body.
    pub fn get(url: Url) -> Self {
        Self::new("GET", url)
    }

    /// A request without headers and body.
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

/// How a body says where it ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// After that many bytes.
    Length(u64),
    /// In chunks, the last of which is marked.
    Chunked,
    /// Where the connection ends: nobody can tell that from one that was cut.
    UntilClose,
}

/// What a server answered.
pub struct Response {
    /// The status; FTP's success is a 200, or a 206 from an offset.
    pub status: u16,
    /// The fields.
    pub headers: HeaderFields,
    /// How the body ends.
    pub framing: Framing,
    /// The body, as stored: nothing is decoded. Ends with an error where it was cut, as far as
    /// [`Response::framing`] can tell.
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

/// How long to wait for what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For a connection, the name's look-up and TLS included.
    pub connect: Duration,
    /// For the first byte of the response.
    pub response: Duration,
    /// For any further byte: a stall, not a total.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(30), response: seconds(60), stall: seconds(60) }
    }
}

/// Carries a request to a server. It follows no redirect, tries nothing twice, and takes any status
/// for an answer.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends the request and reads the head of the response.
    ///
    /// # Errors
    /// Where there is no response: [`FailureKind::Network`], mostly.
    ///
    /// [`FailureKind::Network`]: super::FailureKind::Network
    fn exchange(&self, request: &Request) -> Result<Response, Failure>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nobody_s_password() {
        let request = Request::get(Url::parse("https://me:secret@h.test/x?t=token").unwrap());
        let shown = format!("{request:?}");
        assert!(shown.contains("h.test/x") && !shown.contains("secret"), "{shown}");
        assert!(!shown.contains("me:") && !shown.contains("token"), "{shown}");
    }
}
