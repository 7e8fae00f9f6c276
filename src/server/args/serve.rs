//! Arguments of `hsum serve`.

use std::path::PathBuf;

use clap::Args;

use crate::server::args::rpc::RpcServerArgs;
use crate::server::args::shared::{AccessArgs, BindArgs, LimitArgs, LogArgs, TlsServerArgs};

#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// Directory to serve
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

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
