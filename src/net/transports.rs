//! The transport of each URL scheme.

use std::sync::Arc;

use crate::net::dial::Dialer;
use crate::net::failure::{Failure, FailureKind};
use crate::net::ftp::Ftp;
use crate::net::http::Http;
use crate::net::transport::{Request, Response, Timeouts, Transport};
use crate::net::url::{Protocol, UrlScheme};

/// The network: http, https, ftp and ftps.
#[derive(Debug)]
pub(crate) struct NetworkTransport {
    http: Http,
    ftp: Ftp,
}

impl NetworkTransport {
    pub(crate) fn new(dialer: Arc<Dialer>, timeouts: Timeouts, user_agent: &str) -> Self {
        let http = Http::new(Arc::clone(&dialer), timeouts, user_agent);
        Self { http, ftp: Ftp::new(dialer, timeouts) }
    }
}

impl Transport for NetworkTransport {
    fn exchange(&self, request: &Request) -> Result<Response, Failure> {
        match UrlScheme::of(&request.url).map(|scheme| scheme.protocol) {
            Some(Protocol::Http) => self.http.exchange(request),
            Some(Protocol::Ftp) => self.ftp.exchange(request),
            None => {
                let scheme = request.url.scheme();
                let text = format!(
                    "unsupported URL scheme '{scheme}' (expected http, https, ftp or ftps)"
                );
                Err(Failure::new(FailureKind::Usage, text))
            }
        }
    }
}
