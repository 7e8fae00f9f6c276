//! Arguments of the verbs that send requests.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::args::shared::any_path;
use crate::cli::args::sign::SigningArgs;
use crate::cli::args::units::duration;

#[derive(Args, Debug)]
pub(crate) struct ClientArgs {
    #[command(flatten)]
    pub(crate) signing: SigningArgs,

    #[command(flatten)]
    pub(crate) request: RequestArgs,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Header line 'NAME: VALUE'; @FILE reads lines from a file; repeatable
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) headers: Vec<OsString>,

    /// Method [default: GET, or POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Append NAME=VALUE to the URL's query
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub(crate) queries: Vec<String>,

    /// Send a field of a URL-encoded form: NAME=VALUE, or NAME=@FILE
    #[arg(long = "data", value_name = "NAME=VALUE", conflicts_with = "forms")]
    pub(crate) data: Vec<String>,

    /// Send a field of a multipart form: NAME=VALUE, or NAME=@FILE to upload the file
    #[arg(long = "form", value_name = "NAME=VALUE")]
    pub(crate) forms: Vec<String>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Give up connecting after this time
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) connect_timeout: Duration,

    /// Give up after this time without any data
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    pub(crate) stall_timeout: Duration,

    /// Give up after this total time, including retries and pauses [default: no limit]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) max_time: Option<Duration>,

    /// Maximum number of retries after a temporary failure: status 408, 425, 429, 500, 502, 503 or
    /// 504, a lost connection, a stall
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) retries: u32,

    /// Approximate pause before the first retry; it doubles each time, up to a minute
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub(crate) retry_delay: Duration,

    /// Maximum number of redirects
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) max_redirects: u32,

    /// Follow redirects from https to http
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// Proxy: http://HOST[:PORT] or 'none'; not used for FTP [default: from the environment]
    ///
    /// The environment variables are http_proxy, https_proxy, all_proxy and no_proxy; only they may
    /// contain USER:PASSWORD@.
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Credentials")]
pub(crate) struct IdentityArgs {
    /// User name, sent to servers that ask for it
    #[arg(short = 'u', long, value_name = "NAME", requires = "password")]
    pub(crate) user: Option<String>,

    /// Source of the password: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt
    // Parsed by hand: clap would print a wrong value, which may be the password itself.
    #[arg(long, value_name = "SPEC", requires = "user")]
    pub(crate) password: Option<OsString>,

    /// HTTP authentication scheme
    #[arg(long, value_name = "SCHEME", value_enum, default_value_t = AuthChoice::Any)]
    pub(crate) auth: AuthChoice,

    /// Source of a bearer token: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt
    #[arg(long, value_name = "SPEC", conflicts_with = "user")]
    pub(crate) token: Option<OsString>,

    /// Send a password or token over http or ftp, where others can read it
    #[arg(long)]
    pub(crate) allow_plaintext_auth: bool,

    /// Read user names and passwords from ~/.netrc, or from FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_parser = any_path())]
    pub(crate) netrc: Option<Option<PathBuf>>,

    /// Read and write cookies in this file in the Netscape format of curl and wget
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cookie_jar: Option<PathBuf>,

    /// Client certificate chain (PEM)
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cert: Option<PathBuf>,

    /// Key of the client certificate (PEM), if it is in another file
    #[arg(long, value_name = "FILE", requires = "cert", value_parser = any_path())]
    pub(crate) cert_key: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// Trust these certificates (PEM) and no others
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cacert: Option<PathBuf>,

    /// Oldest accepted version of TLS
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Version::V1_2)]
    pub(crate) tls_min: Version,

    /// Require this SHA-256 digest of the server's public key (DER), in any notation; repeatable
    #[arg(long = "pin-spki", value_name = "DIGEST")]
    pub(crate) pins: Vec<OsString>,
}

/// The value of `--auth`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AuthChoice {
    /// Any scheme that the server offers
    #[value(alias = "asked")]
    Any,
    Basic,
    /// Basic, sent with the first request
    #[value(alias = "basic-at-once")]
    BasicFirst,
    Digest,
}

/// The value of `--tls-min`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
}
