//! Arguments of `hsum rpc`.

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct RpcArgs {}
