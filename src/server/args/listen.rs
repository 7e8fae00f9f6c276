//! Arguments of `hsum listen`.

use clap::Args;

#[derive(Args, Debug)]
pub(crate) struct ListenArgs {}
