//! The words after `hsum sum`.

use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{WorkArgs, any_path};

#[derive(Args, Debug)]
pub(crate) struct SumArgs {
    /// Files and directories; '-' or, on a pipe, nothing is standard input
    #[arg(value_name = "PATH", value_parser = any_path())]
    pub(crate) paths: Vec<PathBuf>,

    /// Algorithm, several with commas or by repeating; see 'hsum algorithms'
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

    /// Write to FILE, which appears when the list is complete; a failed run keeps the old one
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Write FILE even if some files could not be read
    #[arg(long, requires = "output")]
    pub(crate) partial: bool,

    /// Read further paths from FILE ('-' for standard input), one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) files_from: Option<PathBuf>,

    /// NUL instead of LF ends the names of --files-from
    #[arg(short = '0', long, requires = "files_from")]
    pub(crate) null: bool,

    /// Only files that match GLOB (on the name, or with a '/' on the path below PATH)
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// No files and no directories that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    /// Follow the symbolic links met in a directory
    #[arg(long)]
    pub(crate) follow: bool,

    /// Stay on the file system of each PATH
    #[arg(long)]
    pub(crate) one_file_system: bool,

    /// Go no deeper than N directories; 1 is the files of PATH itself
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<usize>,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
pub(crate) struct FormatArgs {
    /// BSD-style lines, 'SHA256 (NAME) = DIGEST'; the default for several algorithms
    #[arg(long)]
    pub(crate) tag: bool,

    /// One JSON object a line: path, size, digests, error
    #[arg(long, conflicts_with_all = ["tag", "zero", "base64", "raw"])]
    pub(crate) json: bool,

    /// End lines with NUL, and do not escape names
    #[arg(short, long)]
    pub(crate) zero: bool,

    /// Digests in base64 instead of hex
    #[arg(long)]
    pub(crate) base64: bool,

    /// The digest's bytes and nothing else, for one file and one algorithm
    #[arg(long, conflicts_with_all = ["tag", "zero", "base64"])]
    pub(crate) raw: bool,
}
