//! Arguments of `hsum sum`.

use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{FilterArgs, ReportArgs, WorkArgs, any_path};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum debian.iso
  hsum photos > photos.sha256
  hsum -a sha256,blake3 --tag debian.iso
  hsum --exclude '*.tmp' -o photos.sha256 photos
  find . -name '*.rs' -print0 | hsum --files-from - -0

Exit status:
  0  all files were hashed
  1  a file could not be read
  2  the arguments are invalid")]
pub(crate) struct SumArgs {
    /// Files and directories; '-' reads standard input, and so does no PATH, except on a terminal
    #[arg(value_name = "PATH", value_parser = any_path())]
    pub(crate) paths: Vec<PathBuf>,

    /// Algorithms, separated by commas or repeated; see 'hsum algorithms'
    #[arg(
        short,
        long = "algorithm",
        value_name = "ALG",
        value_delimiter = ',',
        default_value = "sha256"
    )]
    pub(crate) algorithms: Vec<HashFunction>,

    /// Digest length in bits, for shake128, shake256, blake2b, blake2s and blake3
    #[arg(short, long, value_name = "BITS")]
    pub(crate) length: Option<usize>,

    #[command(flatten)]
    pub(crate) format: FormatArgs,

    /// Write to FILE, which is replaced once the list is complete; a failed run keeps the old one;
    /// '-' is standard output
    #[arg(help_heading = "Output", short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write FILE even if some files could not be read
    #[arg(help_heading = "Output", long, requires = "output")]
    pub(crate) partial: bool,

    /// Take PATH and listed names relative to DIR; the other options are still relative to here
    #[arg(help_heading = "Files", short = 'C', long, value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: Option<PathBuf>,

    /// Read further paths from FILE ('-' for standard input), one per line
    #[arg(help_heading = "Files", long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// Names in --files-from end with NUL instead of LF
    #[arg(help_heading = "Files", short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// Follow symbolic links in directories
    #[arg(help_heading = "Files", long)]
    pub(crate) follow: bool,

    /// Stay on the file system of each PATH
    #[arg(help_heading = "Files", long)]
    pub(crate) one_file_system: bool,

    /// Descend at most N levels; with 1, hash only the files directly in PATH
    #[arg(help_heading = "Files", long, value_name = "N")]
    pub(crate) max_depth: Option<usize>,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs {
    /// Print BSD-style lines, 'SHA256 (NAME) = DIGEST'; the default for several algorithms
    #[arg(long, conflicts_with = "json")]
    pub(crate) tag: bool,

    /// End lines with NUL, and do not escape names
    #[arg(short, long, conflicts_with = "json")]
    pub(crate) zero: bool,

    /// Print base64 instead of hex
    #[arg(long, conflicts_with = "json")]
    pub(crate) base64: bool,

    /// Print only the bytes of the digest; takes one file and one algorithm
    #[arg(long, conflicts_with_all = ["json", "tag", "zero", "base64"])]
    pub(crate) raw: bool,
}
