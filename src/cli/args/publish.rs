//! The words after `hsum publish`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsum::HashFunction;

use crate::cli::args::shared::WorkArgs;

#[derive(Args, Debug)]
pub(crate) struct PublishArgs {
    /// The folder with the release's files
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,

    /// Algorithm, several with commas or by repeating; see 'hsum algorithms'
    #[arg(
        short,
        long = "algorithm",
        value_name = "ALG",
        value_delimiter = ',',
        default_value = "sha256"
    )]
    pub(crate) algorithms: Vec<HashFunction>,

    /// What to write, several with commas; by default all, Metalink where --base-url is given
    #[arg(long, value_name = "FORMAT", value_enum, value_delimiter = ',')]
    pub(crate) formats: Vec<PublishFormat>,

    /// Where the folder will be; by repeating, mirrors, the best first
    // Parsed by hand: clap would repeat a wrong value, which may hold a password.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Vec<String>,

    /// Only files that match GLOB (on the name, or with a '/' on the path below DIR)
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// No files and no directories that match GLOB
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PublishFormat {
    /// SHA256SUMS and the like, one for each algorithm
    Sums,
    /// CHECKSUM: BSD-style lines
    Bsd,
    /// integrity.json: Subresource Integrity by name
    Sri,
    /// release.meta4: Metalink v4
    Metalink,
    /// checksums.json: as GitHub lists a release's assets
    Json,
}
