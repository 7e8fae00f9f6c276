//! `hsum cert verify`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::reading::VerifyArgs;

pub(crate) fn run(_args: VerifyArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
