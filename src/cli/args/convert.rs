//! Arguments of `hsum convert`.

use clap::Args;
use hsum::HashFunction;
use hsum::notation::Notation;

use crate::cli::args::shared::one_of;

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum convert -t sri \\
      ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
  hsum convert \\
      'Repr-Digest: sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:'
  hsum -a sha3-256 debian.iso | hsum convert -a sha3-256 -t nix32

Exit status:
  0  all digests were converted
  1  an argument or a line is not a digest
  2  the arguments are invalid")]
pub(crate) struct ConvertArgs {
    /// Digests in any notation; '-' or none reads standard input, one digest per line
    #[arg(value_name = "DIGEST")]
    pub(crate) digests: Vec<String>,

    /// Notation to write
    #[arg(
        short, long, value_name = "NOTATION", default_value = "hex",
        value_parser = one_of(Notation::ALL, Notation::name)
    )]
    pub(crate) to: Notation,

    /// Algorithm of digests that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}
