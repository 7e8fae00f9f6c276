//! `hsum listen`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::listen::ListenArgs;

pub(crate) fn run(_args: ListenArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
