//! The client of a connection.

use std::net::SocketAddr;
use std::sync::Arc;

/// The client of a connection, an extension of each request.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// The client's certificate (DER), verified.
    pub(crate) certificate: Option<Arc<[u8]>>,
    /// The subject of the certificate.
    pub(crate) subject: Option<Arc<str>>,
    /// The version of TLS, such as `1.3`; `None` for plain HTTP.
    pub(crate) tls: Option<&'static str>,
}

/// The user whose password the client sent, an extension of requests to a server with passwords.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct User(pub(crate) Arc<str>);
