//! An HTTP and FTP client (feature `net`): connections, TLS, proxies, redirects, cookies, authentication.

pub mod auth;
pub(crate) mod client;
pub mod cookies;
pub(crate) mod deadline;
pub(crate) mod dial;
pub(crate) mod failure;
pub mod form;
pub(crate) mod ftp;
pub(crate) mod headers;
pub(crate) mod http;
pub(crate) mod identity;
pub mod netrc;
pub(crate) mod proxy;
pub(crate) mod redirect;
pub(crate) mod retry;
pub(crate) mod secret;
pub mod server;
pub(crate) mod tls;
pub(crate) mod transport;
pub(crate) mod transports;
pub(crate) mod url;

pub use self::url::redacted;
pub use ::url::Url;
pub use client::{Client, ClientBuilder, ClientSigner, Reply};
pub use failure::{Failure, FailureKind, FailureReason, Retry};
pub use headers::{HeaderFields, InvalidHeader};
pub use identity::{AuthScheme, Identity, PlaintextAuth};
pub use proxy::{Proxies, Proxy};
pub use redirect::{Downgrade, Redirect, RedirectPolicy};
pub use retry::{Pause, PauseObserver, RetryBudget, RetryPolicy};
pub use secret::{Credentials, Secret};
pub use tls::{TlsOptions, TlsVersion};
pub use transport::{Body, BodyFn, Framing, Origin, Request, Response, Timeouts, Transport};
