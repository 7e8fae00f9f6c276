//! `hsum cert`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::CertArgs;

pub(crate) fn run(_args: CertArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
