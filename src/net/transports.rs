//! The network: each scheme has its transport.

use std::sync::Arc;

use crate::net::dial::Dialer;
use crate::net::failure::{Failure, FailureKind};
use crate::net::ftp::Ftp;
use crate::net::http::Http;
use crate::net::transport::{Request, Response, Timeouts, Transport};

/// http, https, ftp and ftps.
#[derive(Debug)]
pub(crate) struct Net {
    http: Http,
    ftp: Ftp,
}

impl Net {
    pub(crate) fn new(dialer: Arc<Dialer>, timeouts: Timeouts, user_agent: &str) -> Self {
        let http = Http::new(Arc::clone(&dialer), timeouts, user_agent);
        Self { http, ftp: Ftp::new(dialer, timeouts) }
    }
}

impl Transport for Net {
    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        match request.url.scheme() {
            "http" | "https" => self.http.exchange(request),
            "ftp" | "ftps" => self.ftp.exchange(request),
            other => Err(Failure::new(
                FailureKind::Usage,
                format!("{other}: is no scheme that can be fetched (http, https, ftp, ftps)"),
            )),
        }
    }
}
