//! Arguments of `hsum listen`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::args::shared::{ColourChoice, any_path};
use crate::cli::args::sign::SchemeArgs;
use crate::cli::args::units::{duration, size, whole_seconds};
use crate::server::args::shared::{LimitArgs, TlsServerArgs};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum listen 127.0.0.1:8080 --http -s github -k env:SECRET
  hsum listen 127.0.0.1:8080 --http -s stripe -k file:old -k file:new \\
      --replay seen --forward http://127.0.0.1:3000/hook
  hsum listen 0.0.0.0:8443 --tls-cert server.crt --tls-key server.key \\
      -s slack -k env:SECRET --exec 'cat >> events.jsonl'
  hsum listen 127.0.0.1:8080 --http -s twilio -k env:SECRET \\
      --url https://example.org --save received

Exit status:
  0  stopped by SIGINT or SIGTERM, after the open requests were answered
  1  the address cannot be used, or the output could not be written
  2  the arguments are invalid, or a key, a certificate or the file of --replay
     could not be read")]
pub(crate) struct ListenArgs {
    /// Address and port to listen on; port 0 takes any free port
    #[arg(value_name = "ADDR:PORT", default_value = "127.0.0.1:8443")]
    pub(crate) address: SocketAddr,

    #[command(flatten)]
    pub(crate) scheme: SchemeArgs,

    /// Path of the requests; others are answered with 404 [default: any]
    #[arg(long, value_name = "PATH", value_parser = absolute_path, help_heading = "Requests")]
    pub(crate) path: Option<String>,

    /// Public URL, if a proxy or the scheme needs it: the origin, to which the path of the request
    /// is added, or a URL with a path, which stays as it is
    #[arg(long, value_name = "URL", help_heading = "Requests")]
    pub(crate) url: Option<String>,

    /// Maximum size of a body
    #[arg(
        long, value_name = "SIZE", default_value = "25MiB", value_parser = size,
        help_heading = "Requests"
    )]
    pub(crate) max_body: u64,

    /// Maximum difference between the signed time and now, before or after [default: 5m for most schemes]
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds, help_heading = "Requests")]
    pub(crate) tolerance: Option<u32>,

    /// Accept any signed time
    #[arg(long, conflicts_with = "tolerance", help_heading = "Requests")]
    pub(crate) no_freshness: bool,

    /// Source of the token in GET requests with hub.challenge, as for --key
    #[arg(long, value_name = "SPEC", help_heading = "Requests")]
    pub(crate) verify_token: Option<OsString>,

    /// Do not search for the cause of a rejection
    #[arg(long, help_heading = "Requests")]
    pub(crate) no_explain: bool,

    /// Write body, headers and metadata of each verified request into DIR
    #[arg(long, value_name = "DIR", value_parser = any_path(), help_heading = "Verified requests")]
    pub(crate) save: Option<PathBuf>,

    /// Send each verified request to URL, and return the answer
    // Parsed by hand: clap would print a wrong value, which may contain a password.
    #[arg(long, value_name = "URL", help_heading = "Verified requests")]
    pub(crate) forward: Option<String>,

    /// Run COMMAND in a shell for each verified request: the body is its standard input
    #[arg(long, value_name = "COMMAND", help_heading = "Verified requests")]
    pub(crate) exec: Option<OsString>,

    /// Refuse repeated requests, also after a restart: FILE keeps their replay keys
    #[arg(long, value_name = "FILE", value_parser = any_path(), help_heading = "Verified requests")]
    pub(crate) replay: Option<PathBuf>,

    /// Time limit of receiving a body, and of --exec and --forward
    #[arg(
        long, value_name = "DURATION", default_value = "10s", value_parser = duration,
        help_heading = "Verified requests"
    )]
    pub(crate) timeout: Duration,

    /// Print one JSON object per line, as without a terminal
    #[arg(help_heading = "Output", long)]
    pub(crate) json: bool,

    /// Colour the status words
    #[arg(
        help_heading = "Output", long, value_name = "WHEN", value_enum,
        default_value_t = ColourChoice::Auto, alias = "colour"
    )]
    pub(crate) color: ColourChoice,

    #[command(flatten)]
    pub(crate) tls: TlsServerArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

fn absolute_path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && !text.contains(['?', '#']) {
        true => Ok(text.to_owned()),
        false => Err("expected a path that starts with '/', without query".into()),
    }
}
