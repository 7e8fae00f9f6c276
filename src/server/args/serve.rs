//! Arguments of `hsum serve`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{any_path, hash_of_files};
use crate::server::args::rpc::RpcServerArgs;
use crate::server::args::shared::{AccessArgs, BindArgs, LimitArgs, LogArgs, TlsServerArgs};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Files are hashed in the background. Their digests are in Repr-Digest, in ETag,
in /SHA256SUMS and in the answer to '?digest=sha256'. If a file changes while
it is sent, its response is aborted.

Examples:
  hsum serve release --self-signed
  hsum serve release --http --bind 127.0.0.1:8080
  hsum serve release --tls-cert server.crt --tls-key server.key \\
      --client-ca ca.crt --bind 0.0.0.0:8443

Exit status:
  0  stopped by SIGINT or SIGTERM, after the running requests were answered
  1  the server failed
  2  the arguments are invalid, or the directory, address or certificate
     cannot be used")]
pub(crate) struct ServeArgs {
    /// Directory to serve
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// Algorithms of the digests, separated by commas or repeated
    #[arg(
        short,
        long = "algorithm",
        help_heading = "Files",
        value_name = "ALG",
        value_delimiter = ',',
        value_parser = hash_of_files,
        default_value = "sha256"
    )]
    pub(crate) algorithms: Vec<HashFunction>,

    /// Keep the digests in FILE, so that the next run reads only changed files
    #[arg(long, value_name = "FILE", help_heading = "Files", value_parser = any_path())]
    pub(crate) record: Option<PathBuf>,

    /// Serve files and directories whose names begin with a dot too
    #[arg(long, help_heading = "Files")]
    pub(crate) hidden: bool,

    /// List no directories
    #[arg(long, help_heading = "Files")]
    pub(crate) no_index: bool,

    /// Number of hashing threads [default: one per core]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N", help_heading = "Files")]
    pub(crate) threads: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) bind: BindArgs,

    #[command(flatten)]
    pub(crate) tls: TlsServerArgs,

    #[command(flatten)]
    pub(crate) access: AccessArgs,

    #[command(flatten)]
    pub(crate) limits: LimitArgs,

    #[command(flatten)]
    pub(crate) log: LogArgs,

    #[command(flatten)]
    pub(crate) rpc: RpcServerArgs,
}
