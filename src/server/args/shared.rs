//! Options of the verbs that accept connections.

use std::net::SocketAddr;
use std::path::PathBuf;

use std::time::Duration;

use clap::Args;

use crate::cli::args::shared::any_path;
use crate::cli::args::units;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsServerArgs {
    /// Certificate chain of the server (PEM)
    #[arg(long, value_name = "FILE", value_parser = any_path(), conflicts_with = "self_signed")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Key of the certificate (PEM), if it is in another file
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_parser = any_path())]
    pub(crate) tls_key: Option<PathBuf>,

    /// Make a certificate for this run, and print its fingerprint
    #[arg(long)]
    pub(crate) self_signed: bool,

    /// Require a client certificate that one of these authorities signed (PEM)
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) client_ca: Option<PathBuf>,

    /// Refuse client certificates that are in this revocation list (PEM)
    #[arg(long, value_name = "FILE", requires = "client_ca", value_parser = any_path())]
    pub(crate) client_crl: Option<PathBuf>,

    /// Serve without TLS
    #[arg(long, conflicts_with_all = ["tls_cert", "self_signed", "client_ca"])]
    pub(crate) http: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Server")]
pub(crate) struct BindArgs {
    /// Address and port to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    pub(crate) bind: SocketAddr,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Maximum number of connections; at the limit, the longest idle one is closed
    #[arg(
        long, value_name = "N", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_connections: u32,

    /// Maximum time for the TLS handshake
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = units::duration)]
    pub(crate) handshake_timeout: Duration,

    /// Maximum time in which a client sends the headers of a request
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = units::duration)]
    pub(crate) header_timeout: Duration,

    /// Maximum time between requests, and without progress during one
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = units::duration)]
    pub(crate) idle_timeout: Duration,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Access")]
pub(crate) struct AccessArgs {
    /// Require a user and password of this file ('htpasswd -B' makes one)
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) htpasswd: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct LogArgs {
    /// Print no line for each request
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Print one JSON object per request, as is the default except on a terminal
    #[arg(long)]
    pub(crate) json: bool,
}
