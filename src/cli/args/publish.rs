//! Arguments of `hsum publish`.

use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;
use hsum::manifest::publish::ReleaseFormat;

use crate::cli::args::shared::{FilterArgs, ReportArgs, WorkArgs, hash_of_files, one_of};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum publish release
  hsum publish release -a sha256,sha512 --formats sums,json
  hsum publish release --base-url https://example.org/1.2 \\
      --base-url https://mirror.example/1.2

Exit status:
  0  every list was written
  1  a file could not be read or listed; no list was changed
  2  the arguments are invalid")]
pub(crate) struct PublishArgs {
    /// Directory with the release's files
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,

    /// Algorithms, separated by commas or repeated; see 'hsum algorithms'
    #[arg(
        short,
        long = "algorithm",
        help_heading = "Lists",
        value_name = "ALG",
        value_delimiter = ',',
        value_parser = hash_of_files,
        default_value = "sha256"
    )]
    pub(crate) algorithms: Vec<HashFunction>,

    /// Formats, separated by commas [default: all that support the algorithms]
    ///
    /// sums: SHA256SUMS and so on, one file for each algorithm.
    /// bsd: CHECKSUM, lines in BSD style.
    /// json: checksums.json, as GitHub lists a release's assets.
    /// sri: integrity.json, Subresource Integrity by file name.
    /// metalink: release.meta4, Metalink 4; needs --base-url.
    #[arg(
        long, value_name = "FORMAT", value_delimiter = ',', help_heading = "Lists",
        value_parser = one_of(ReleaseFormat::ALL, ReleaseFormat::name), verbatim_doc_comment
    )]
    pub(crate) formats: Vec<ReleaseFormat>,

    /// URL at which DIR will be published; repeat for mirrors, the best first
    // Parsed by hand: clap would print a wrong value, which may contain a password.
    #[arg(long, value_name = "URL", help_heading = "Lists")]
    pub(crate) base_url: Vec<String>,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}
