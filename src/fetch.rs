//! Verified downloads (feature `net`): what a request is made of, and what may be believed of its answer.

pub mod auth;
mod client;
mod dial;
mod failure;
mod ftp;
mod headers;
mod http;
mod identity;
mod net;
pub mod netrc;
mod proxy;
mod retry;
mod secret;
mod tls;
mod transport;

pub use client::{Client, ClientBuilder, Cookies, Downgrade, Hop, Redirects, Reply};
pub use failure::{Again, Failure, FailureKind, redacted};
pub use headers::Headers;
pub use identity::{AuthScheme, Identity};
pub use proxy::{Proxies, Proxy};
pub use retry::{Patience, Retries};
pub use secret::{Credentials, Secret};
pub use tls::{Tls, TlsVersion};
pub use transport::{Body, Framing, Origin, Request, Response, Timeouts, Transport};
pub use url::Url;
