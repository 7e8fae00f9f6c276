//! Arguments of `hsum send`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::client::ClientArgs;
use crate::cli::args::shared::any_path;
use crate::cli::args::sign;

#[derive(Args, Debug)]
#[command(
    mut_arg("alg", sign::algorithm),
    after_long_help = "\
Examples:
  hsum send https://example.org/hook payload.json
  hsum send -s github -k env:SECRET https://example.org/hook payload.json
  hsum send --data user=ada https://example.org/form -o answer.html

Exit status:
  0  the response's status is 2xx
  1  no complete response
  2  the arguments are invalid, or the key or the body could not be read
  3, 4, 5  the first digit of the response's status
  6  failure of a local file
  7  refused for safety"
)]
pub(crate) struct SendArgs {
    /// URL: http or https
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// File with the body, sent byte for byte; '-' is standard input
    #[arg(value_name = "FILE", value_parser = any_path(), conflicts_with_all = ["data", "forms"])]
    pub(crate) body: Option<PathBuf>,

    /// Print the response's status and headers before its body
    #[arg(short = 'i', long, alias = "include")]
    pub(crate) show_headers: bool,

    /// Write the response's body to FILE, which appears once it is complete
    #[arg(short, long, value_name = "FILE", value_parser = any_path())]
    pub(crate) output: Option<PathBuf>,

    /// Print one JSON object per line: the response with its body, unless --output is given
    #[arg(long, conflicts_with = "show_headers")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
