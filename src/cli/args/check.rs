//! The words after `hsum check`.

use std::path::PathBuf;

use clap::Args;
use hsum::Function;

use super::{WorkArgs, any_path};

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Checksum lists; '-' or nothing is standard input
    #[arg(value_name = "SUMFILE", value_parser = any_path())]
    pub(crate) lists: Vec<PathBuf>,

    /// The algorithm of lines that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<Function>,

    /// Do not print OK lines
    #[arg(long, overrides_with_all = ["status", "warn"])]
    pub(crate) quiet: bool,

    /// Print nothing; the exit status tells
    #[arg(long, overrides_with_all = ["quiet", "warn"])]
    pub(crate) status: bool,

    /// Fail on improperly formatted lines
    #[arg(long)]
    pub(crate) strict: bool,

    /// Say which lines are improperly formatted, and why
    #[arg(short, long, overrides_with_all = ["quiet", "status"])]
    pub(crate) warn: bool,

    /// Say nothing of files that are not there
    #[arg(long)]
    pub(crate) ignore_missing: bool,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}
