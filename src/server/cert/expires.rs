//! `hsum cert expires`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::reading::ExpiresArgs;

pub(crate) fn run(_args: ExpiresArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
