//! Arguments of `hsum merge`.

use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{ReportArgs, When, any_path};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum merge part-*.sha256 > photos.sha256
  hsum merge -o photos.sha256 photos.sha256 new.sha256
  hsum merge --sort found-later.sha256 -o found-later.sha256
  hsum merge --json part-* | jq 'select(.type == \"conflict\")'

Exit status:
  0  the merged list has every file of every LIST
  1  a file has different digests, or a list or line could not be merged
  2  the arguments are invalid")]
pub(crate) struct MergeArgs {
    /// Checksum files that 'hsum sum' wrote; '-' is standard input
    #[arg(value_name = "LIST", required = true, value_parser = any_path())]
    pub(crate) lists: Vec<PathBuf>,

    /// Write to FILE, which is replaced once the list is complete; a failed run keeps the old one;
    /// FILE may be one of the LISTs; '-' is standard output
    #[arg(help_heading = "Output", short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write FILE even if some files or lines are left out
    #[arg(help_heading = "Output", long, requires = "output")]
    pub(crate) partial: bool,

    /// Read and write lines that end with NUL, without escapes in names
    #[arg(help_heading = "Lists", short, long)]
    pub(crate) zero: bool,

    /// Algorithm of lines without a tag [default: from the digest's length]
    #[arg(help_heading = "Lists", short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// Sort each LIST first, in memory
    #[arg(help_heading = "Lists", long)]
    pub(crate) sort: bool,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    /// Show progress on standard error
    #[arg(
        help_heading = "Work", long, value_name = "WHEN", value_enum, default_value_t = When::Auto
    )]
    pub(crate) progress: When,
}
