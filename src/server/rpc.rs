//! `hsum rpc`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::rpc::RpcArgs;

pub(crate) fn run(_args: RpcArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
