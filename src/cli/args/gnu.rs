//! Arguments of `hsum gnu`.

use std::path::PathBuf;

use clap::Args;

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum gnu sha256sum --check SHA256SUMS
  hsum gnu cksum -a sm3 file
  hsum gnu --install ~/bin

Exit status:
  0  success
  1  a file could not be read, a checksum does not match, or a link could not be made
  2  the arguments of 'hsum gnu' itself are invalid")]
pub(crate) struct GnuArgs {
    /// Create links to this program in DIR, one for each NAME
    #[arg(long, value_name = "DIR")]
    pub(crate) install: PathBuf,
}
