//! `hsum cert fingerprint`.

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::server::args::cert::reading::FingerprintArgs;

pub(crate) fn run(_args: FingerprintArgs) -> Result<Exit> {
    anyhow::bail!("not built yet")
}
