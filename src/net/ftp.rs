//! FTP and FTPS downloads with the interface of HTTP. No command changes files on the server.

mod body;
mod control;
mod reply;
mod session;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::net::dial::{Destination, Dialer};
use crate::net::failure::{Failure, FailureKind};
use crate::net::ftp::body::FtpBody;
use crate::net::ftp::control::Argument;
use crate::net::ftp::session::Session;
use crate::net::headers::HeaderFields;
use crate::net::secret::Credentials;
use crate::net::transport::{Framing, Origin, Request, Response, Timeouts, Transport};
use crate::net::url::{UrlScheme, bare_host};

/// The reply code for a file that does not exist or is not accessible.
const FILE_UNAVAILABLE: u16 = 550;

/// The transport for `ftp:` and `ftps:` URLs.
#[derive(Debug)]
pub(crate) struct Ftp {
    dialer: Arc<Dialer>,
    timeouts: Timeouts,
}

impl Ftp {
    pub(crate) fn new(dialer: Arc<Dialer>, timeouts: Timeouts) -> Self {
        Self { dialer, timeouts }
    }

    fn open(&self, request: &Request) -> Result<Session, Failure> {
        let url = &request.url;
        let scheme = UrlScheme::of(url);
        let scheme =
            scheme.ok_or_else(|| Failure::new(FailureKind::Usage, "unsupported URL scheme"))?;
        let (host, port) = (bare_host(url), url.port().unwrap_or(scheme.default_port));
        self.dialer.proxies.check_ftp(host, port)?;
        let user = match request.origin {
            Origin::Own => Credentials::in_url(url)?,
            Origin::Foreign => None,
        };
        let user = user.unwrap_or_else(|| Credentials::new("anonymous", "anonymous@"));
        let argument = |bytes: &[u8]| {
            let invalid = "the user name or password contains a line break or a NUL";
            Argument::new(bytes).ok_or_else(|| Failure::new(FailureKind::Usage, invalid))
        };
        let (name, password) = (argument(&user.user)?, argument(user.password.as_bytes())?);
        let to = Destination { scheme, host, port, origin: request.origin };
        Session::open(&self.dialer, self.timeouts, to, &name, &password)
    }
}

impl Transport for Ftp {
    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        if !matches!(&*request.method, "GET" | "HEAD") || !request.body.is_empty() {
            return Err(Failure::new(FailureKind::Usage, "FTP is supported for downloads only"));
        }
        let path = path(&request.url)?;
        let mut session = self.open(request)?;
        let size = session.size(&path)?;
        // HEAD sends no RETR, so only this reply reports an absent file.
        if request.method == "HEAD" && size.code == FILE_UNAVAILABLE {
            return Err(size.failure());
        }
        let size = size.size();
        let mut headers = HeaderFields::new();
        if let Some(seconds) = session.modified(&path)?.time() {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            headers.set("Last-Modified", httpdate::fmt_http_date(at))?;
            headers.set("Date", httpdate::fmt_http_date(SystemTime::now()))?;
        }
        headers.set("Accept-Ranges", "bytes")?;
        let same = request.headers.value("If-Range") == headers.value("Last-Modified");
        let offset = request.headers.value("Range").filter(|_| same).and_then(offset);
        let offset = offset.filter(|offset| size.is_some_and(|size| *offset < size));
        let mut offset = offset.unwrap_or(0);
        let data = match &*request.method {
            "HEAD" => None,
            _ => {
                let (data, start) = session.retrieve(&path, offset)?;
                offset = start;
                Some(data)
            }
        };
        let expected = size.map(|size| size - offset);
        if let Some(expected) = expected {
            headers.set("Content-Length", expected.to_string())?;
        }
        let status = match size.filter(|_| offset > 0) {
            Some(size) => {
                headers.set("Content-Range", format!("bytes {offset}-{}/{size}", size - 1))?;
                206
            }
            None => 200,
        };
        let Some(data) = data else {
            session.quit();
            let (framing, body) = (Framing::Length(0), Box::new(io::empty()));
            return Ok(Response { status, headers, framing, body });
        };
        // The reply after the data confirms that it is complete.
        let framing = expected.map_or(Framing::Chunked, Framing::Length);
        let body = Box::new(FtpBody::new(session, data, expected));
        Ok(Response { status, headers, framing, body })
    }
}

/// Returns the decoded path, relative to the directory after login (RFC 1738, section 3.2.2).
fn path(url: &Url) -> Result<Argument, Failure> {
    let usage = |why| Failure::new(FailureKind::Usage, why);
    let path = url.path();
    let path: Vec<u8> = percent_decode_str(path.strip_prefix('/').unwrap_or(path)).collect();
    if path.is_empty() || path.ends_with(b"/") {
        return Err(usage("the URL's path is a directory"));
    }
    Argument::new(&path).ok_or_else(|| usage("the URL's path contains a line break or a NUL"))
}

/// Parses `bytes=N-`.
fn offset(range: &str) -> Option<u64> {
    range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
}
