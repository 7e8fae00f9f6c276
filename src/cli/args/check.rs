//! Arguments of `hsum check`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::shared::{FilterArgs, ReportArgs, When, WorkArgs, any_path};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum check SHA256SUMS
  hsum check --only debian.iso SHA256SUMS
  hsum check debian.iso --expect sha256:6c8f…
  hsum check debian.iso --sums auto --url https://example.org/debian.iso

Exit status:
  0  everything matches
  1  a file differs, is missing or could not be read
  2  the arguments are invalid")]
pub(crate) struct CheckArgs {
    /// Checksum files (with --expect or --sums, files to verify); '-' or none reads standard input
    #[arg(value_name = "FILE", value_parser = any_path())]
    pub(crate) files: Vec<PathBuf>,

    /// Compare each FILE with this digest, in any notation; repeated, all must match
    #[arg(help_heading = "Expected digests", short, long, value_name = "DIGEST")]
    pub(crate) expect: Vec<String>,

    /// Compare each FILE with this checksum file: a URL, a file, or 'auto' to try the usual names
    /// beside FILE or --url
    #[arg(
        help_heading = "Expected digests",
        long,
        value_name = "URL|FILE|auto",
        conflicts_with = "expect"
    )]
    pub(crate) sums: Option<OsString>,

    /// URL of FILE: --sums looks up the name in it, and 'auto' tries the usual names beside it
    #[arg(help_heading = "Expected digests", long, value_name = "URL", requires = "sums")]
    pub(crate) url: Option<String>,

    /// With --sums, trust these certificates (PEM) and no others
    #[arg(help_heading = "Expected digests", long, value_name = "FILE", requires = "sums", value_parser = any_path())]
    pub(crate) cacert: Option<PathBuf>,

    /// Algorithm of digests that do not name one
    #[arg(help_heading = "Expected digests", short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// Check only this file, and fail if no list names it; repeatable
    #[arg(help_heading = "Names", long, value_name = "FILE", value_parser = any_path(), conflicts_with_all = ["expect", "sums"])]
    pub(crate) only: Vec<PathBuf>,

    /// Compare only the last part of names, after '/' or '\'; it must be unique in the list
    #[arg(help_heading = "Names", long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) basename: bool,

    /// In lists other than GNU's and BSD's, accept names that lead out of the directory, by '..',
    /// '/' or symbolic links
    #[arg(help_heading = "Names", long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) allow_outside: bool,

    /// Look up the listed names in DIR; lists are still named from here
    #[arg(help_heading = "Names", short = 'C', long, value_name = "DIR", value_parser = any_path(), conflicts_with_all = ["expect", "sums"])]
    pub(crate) directory: Option<PathBuf>,

    /// Look up all names in DIR, and refuse those that lead out of it, even through symbolic links
    #[arg(help_heading = "Names", long, value_name = "DIR", value_parser = any_path(), conflicts_with_all = ["expect", "sums", "allow_outside", "directory"])]
    pub(crate) beneath: Option<PathBuf>,

    /// Fail if the only digests of a file are MD5 or SHA-1
    #[arg(help_heading = "Expected digests", long)]
    pub(crate) strong: bool,

    /// Print nothing; only the exit status reports the result
    #[arg(help_heading = "Output", long, overrides_with_all = ["quiet", "warn"])]
    pub(crate) status: bool,

    /// Fail on improperly formatted lines
    #[arg(help_heading = "Output", long)]
    pub(crate) strict: bool,

    /// Report which lines are improperly formatted, and why
    #[arg(help_heading = "Output", short, long, overrides_with_all = ["quiet", "status"])]
    pub(crate) warn: bool,

    /// Do not report missing files
    #[arg(help_heading = "Names", long, conflicts_with_all = ["expect", "sums"])]
    pub(crate) ignore_missing: bool,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

impl CheckArgs {
    /// Returns when to show progress.
    pub(crate) fn progress(&self) -> When {
        if self.status { When::Never } else { self.report.progress(&self.work) }
    }
}
