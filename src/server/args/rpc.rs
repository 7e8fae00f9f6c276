//! Arguments of `hsum rpc`, and of the methods that `hsum serve` answers.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::args::client::{IdentityArgs, NetworkArgs, TlsArgs};
use crate::cli::args::shared::any_path;
use crate::cli::args::units::size;

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum rpc https://localhost:8443/RPC2 system.listMethods
  hsum rpc https://localhost:8443/RPC2 digest sha256 base64:@release/x.iso
  hsum rpc https://localhost:8443/RPC2 list x. --json
  hsum rpc https://localhost:8443/RPC2 digest_many sha1 \\
      'json:[{\"base64\":\"YQ==\"},{\"base64\":\"Yg==\"}]'

Exit status:
  0  the method returned a result
  1  the method failed, or there was no valid response
  2  the arguments are invalid, or a file or key could not be read")]
pub(crate) struct RpcArgs {
    /// URL of the server's methods, often https://HOST/RPC2
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// Name of the method; 'system.listMethods' lists them
    #[arg(value_name = "METHOD")]
    pub(crate) method: String,

    /// Arguments: int:5, i8:5, bool:true, double:1.5, date:20260101T12:00:00, nil,
    /// base64:DIGITS, base64:@FILE, string:TEXT, string:@FILE, json:JSON; else a string
    #[arg(value_name = "ARG")]
    pub(crate) arguments: Vec<OsString>,

    /// Print the result as one JSON object
    #[arg(long, help_heading = "Output")]
    pub(crate) json: bool,

    /// Write a string or base64 result to FILE, byte for byte
    #[arg(
        short, long, value_name = "FILE", value_parser = any_path(), help_heading = "Output",
        conflicts_with = "json"
    )]
    pub(crate) output: Option<PathBuf>,

    /// Header line 'NAME: VALUE'; @FILE reads lines from a file; repeatable
    #[arg(short = 'H', long = "header", value_name = "LINE", help_heading = "Network")]
    pub(crate) headers: Vec<OsString>,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,

    #[command(flatten)]
    pub(crate) identity: IdentityArgs,

    #[command(flatten)]
    pub(crate) tls: TlsArgs,
}

/// Options of the methods that `hsum serve` answers.
#[derive(Args, Debug)]
#[command(next_help_heading = "Methods")]
pub(crate) struct RpcServerArgs {
    /// Answer XML-RPC calls at /RPC2, and JSON calls at /api/METHOD
    #[arg(long)]
    pub(crate) rpc: bool,

    /// Key that hmac_verify may use: NAME=SPEC, where SPEC is env:NAME, file:PATH, fd:N, '-'
    /// (standard input) or prompt; repeatable
    // Parsed by hand: clap would print a wrong value, which may be the key itself.
    #[arg(long, value_name = "NAME=SPEC", requires = "rpc")]
    pub(crate) rpc_key: Vec<OsString>,

    /// Maximum size of a call, as sent and as decoded
    #[arg(long, value_name = "SIZE", default_value = "1M", requires = "rpc", value_parser = size)]
    pub(crate) max_body: u64,
}
