//! The words after `hsum check`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{WorkArgs, any_path};

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// Checksum files, or with --expect or --sums the files themselves; '-' or nothing is standard input
    #[arg(value_name = "FILE", value_parser = any_path())]
    pub(crate) files: Vec<PathBuf>,

    /// Compare each FILE with this digest, in any notation; repeated, all must match
    #[arg(short, long, value_name = "DIGEST")]
    pub(crate) expect: Vec<String>,

    /// Compare each FILE with what this checksum file says of it: a URL, a file, or 'auto' for
    /// where they usually lie beside FILE, or beside --url
    #[arg(long, value_name = "URL|FILE|auto", conflicts_with = "expect")]
    pub(crate) sums: Option<OsString>,

    /// Where FILE came from: with --sums, its name there counts, and 'auto' looks beside it
    #[arg(long, value_name = "URL", requires = "sums")]
    pub(crate) url: Option<String>,

    /// With --sums, trust these certificates (PEM) and no others
    #[arg(long, value_name = "FILE", requires = "sums", value_parser = any_path())]
    pub(crate) cacert: Option<PathBuf>,

    /// The algorithm of digests that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// Check this file only, and fail if no list names it; may be repeated
    #[arg(long, value_name = "FILE", value_parser = any_path(), conflicts_with_all = ["expect", "sums"])]
    pub(crate) only: Vec<PathBuf>,

    /// Match names by their last part, after '/' or '\'; it must be unique in the list
    #[arg(long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) basename: bool,

    /// Let names in foreign lists lead out of the directory, by '..', '/' or symbolic links
    #[arg(long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) allow_outside: bool,

    /// Look up all names in DIR, and refuse those that lead out of it, also through symbolic links
    #[arg(long, value_name = "DIR", value_parser = any_path(), conflicts_with_all = ["expect", "sums", "allow_outside"])]
    pub(crate) beneath: Option<PathBuf>,

    /// Refuse files with no digest but MD5 or SHA-1
    #[arg(long)]
    pub(crate) strong: bool,

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
    #[arg(long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) ignore_missing: bool,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}
