//! Options of the verbs that accept connections.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::shared::any_path;

#[derive(Args, Debug)]
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
