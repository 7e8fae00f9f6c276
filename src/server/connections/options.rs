//! The options of a server.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use anyhow::Result;

use crate::server::args::shared::{LimitArgs, TlsServerArgs};
use crate::server::connections::log::LogFormat;
use crate::server::tls::TlsSource;

/// The options of a server.
#[derive(Debug)]
pub(crate) struct ServerOptions {
    pub(crate) bind: SocketAddr,
    /// `None` for plain HTTP.
    pub(crate) tls: Option<TlsSource>,
    pub(crate) limits: Limits,
    /// A file of users and password hashes, one of which every request needs.
    pub(crate) htpasswd: Option<PathBuf>,
    /// Lines for standard error once the server listens.
    pub(crate) notes: Vec<String>,
    /// Receives a message once the server listens.
    pub(crate) listening: Option<Sender<()>>,
    /// The format of the access log; `None` for a verb that prints its own line for each request.
    pub(crate) log: Option<LogFormat>,
    /// More files of the verb that a SIGHUP reads again.
    pub(crate) reload: Option<Reload>,
}

/// The way to read files again.
#[derive(Clone)]
pub(crate) struct Reload {
    /// The name of what the files contain, such as `keys`.
    pub(crate) name: &'static str,
    /// Reads the files. If that fails, the old contents stay in use.
    pub(crate) read: Arc<dyn Fn() -> Result<()> + Send + Sync>,
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ServerOptions {
    /// Creates options without passwords and access log.
    ///
    /// # Errors
    /// Returns an error if the certificate, its key, or a file about clients cannot be used.
    pub(crate) fn new(bind: SocketAddr, tls: &TlsServerArgs, limits: &LimitArgs) -> Result<Self> {
        let limits = Limits {
            connections: limits.max_connections as usize,
            handshake: limits.handshake_timeout,
            header: limits.header_timeout,
            idle: limits.idle_timeout,
        };
        Ok(Self {
            bind,
            tls: TlsSource::new(tls, bind)?,
            limits,
            htpasswd: None,
            notes: Vec::new(),
            listening: None,
            log: None,
            reload: None,
        })
    }
}

/// The limits of connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) handshake: Duration,
    pub(crate) header: Duration,
    pub(crate) idle: Duration,
}
