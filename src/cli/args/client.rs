//! The words about requests, for every verb that sends some.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::args::shared::any_path;
use crate::cli::args::sign::SigningArgs;

/// Options of every verb that sends requests.
#[derive(Args, Debug)]
pub(crate) struct ClientArgs {
    #[command(flatten)]
    pub(crate) signing: SigningArgs,

    #[command(flatten)]
    pub(crate) request: RequestArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArgs {
    /// Send a header field 'NAME: VALUE'; @FILE reads fields from a file, one a line
    #[arg(short = 'H', long = "header", value_name = "FIELD")]
    pub(crate) headers: Vec<OsString>,

    /// The method, instead of GET, or of POST where something is sent
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Append NAME=VALUE to the URL's query
    #[arg(long = "query", value_name = "NAME=VALUE")]
    pub(crate) queries: Vec<String>,

    /// Send a form's field, urlencoded: NAME=VALUE, or NAME=@FILE
    #[arg(long = "data", value_name = "NAME=VALUE", conflicts_with = "forms")]
    pub(crate) data: Vec<String>,

    /// Send a form's field as multipart: NAME=VALUE, or NAME=@FILE for the file itself
    #[arg(long = "form", value_name = "NAME=VALUE")]
    pub(crate) forms: Vec<String>,

    /// Give up connecting after that many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(crate) connect_timeout: f64,

    /// Give up after that many seconds without a byte; the whole has no limit but --max-time
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0, value_parser = seconds)]
    pub(crate) stall_timeout: f64,

    /// Give up after that many seconds, whatever comes: the whole command, with pauses and retries
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) max_time: Option<f64>,

    /// Try again so often after what may pass: 408, 425, 429, 500, 502, 503, 504, a cut, a stall
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) retries: u32,

    /// About the first pause before another try; it doubles each time, up to a minute
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = seconds)]
    pub(crate) retry_delay: f64,

    /// Follow so many redirects, one after the other
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) max_redirects: u32,

    /// Follow redirects from https to http
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// Go through this proxy, http://HOST[:PORT], or 'none'; by default what http_proxy, https_proxy,
    /// all_proxy and no_proxy say, which may hold USER:PASSWORD@ unseen; there is no FTP through one
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Who you are")]
pub(crate) struct IdentityArgs {
    /// The user's name for servers that ask
    #[arg(short = 'u', long, value_name = "NAME", requires = "password")]
    pub(crate) user: Option<String>,

    /// Where the password is: env:NAME, file:PATH, fd:N, '-' or prompt
    // Parsed by hand: clap would repeat a wrong value, which may be the password itself.
    #[arg(long, value_name = "SPEC", requires = "user")]
    pub(crate) password: Option<OsString>,

    /// How to tell them: as the server asks, basic at its first word, digest only
    #[arg(long, value_name = "HOW", value_enum, default_value_t = How::Asked)]
    pub(crate) auth: How,

    /// Where a bearer token is: env:NAME, file:PATH, fd:N, '-' or prompt
    #[arg(long, value_name = "SPEC", conflicts_with = "user")]
    pub(crate) token: Option<OsString>,

    /// Send a password or token over http or ftp, where everyone on the way can read it
    #[arg(long)]
    pub(crate) allow_plaintext_auth: bool,

    /// Take users and passwords from ~/.netrc, or from FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, value_parser = any_path())]
    pub(crate) netrc: Option<Option<PathBuf>>,

    /// Keep cookies in this file (Netscape's format, as curl and wget have it)
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cookie_jar: Option<PathBuf>,

    /// The client's certificate chain (PEM)
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cert: Option<PathBuf>,

    /// The key of the client's certificate (PEM), if it is not in the same file
    #[arg(long, value_name = "FILE", requires = "cert", value_parser = any_path())]
    pub(crate) cert_key: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsArgs {
    /// Trust these certificates (PEM) and no others
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) cacert: Option<PathBuf>,

    /// The oldest version of TLS that will do
    #[arg(long, value_name = "VERSION", value_enum, default_value_t = Version::V1_2)]
    pub(crate) tls_min: Version,

    /// The server's public key must have this SHA-256 digest (of its DER), in any notation
    #[arg(long = "pin-spki", value_name = "DIGEST")]
    pub(crate) pins: Vec<OsString>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    Asked,
    Basic,
    /// With the first request, unasked
    BasicAtOnce,
    Digest,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Version {
    #[value(name = "1.2")]
    V1_2,
    #[value(name = "1.3")]
    V1_3,
}

/// A number of seconds that a timer can take.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.0..=1e9).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds, from 0".into()),
    }
}
