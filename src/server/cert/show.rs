//! `hsum cert show`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::reading::ShowArgs;

pub(crate) fn run(_args: ShowArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
