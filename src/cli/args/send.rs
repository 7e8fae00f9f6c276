//! The words after `hsum send`.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::client::ClientArgs;
use crate::cli::args::shared::any_path;

#[derive(Args, Debug)]
pub(crate) struct SendArgs {
    /// Where to: http or https
    #[arg(value_name = "URL")]
    pub(crate) url: String,

    /// The body, sent as it is; '-' is standard input
    #[arg(value_name = "FILE", value_parser = any_path(), conflicts_with_all = ["data", "forms"])]
    pub(crate) body: Option<PathBuf>,

    /// Print the answer's status and headers before its body
    #[arg(short, long)]
    pub(crate) include: bool,

    /// Write the answer's body to FILE, all at once when it is complete
    #[arg(short, long, value_name = "FILE", value_parser = any_path())]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
