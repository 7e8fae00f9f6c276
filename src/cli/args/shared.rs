//! Options and value parsers that several verbs share.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hsum::{HashFunction, Strength, UnknownAlgorithm};

/// Options of verbs that report files.
#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(crate) struct ReportArgs {
    /// Leave out OK lines, notes, progress and the summary; failures and errors stay
    #[arg(short, long, overrides_with = "verbose")]
    pub(crate) quiet: bool,

    /// Print a summary (counts, size, time), and OK lines that are left out otherwise
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,

    /// Colour the status words
    #[arg(
        long, value_name = "WHEN", value_enum, default_value_t = ColourChoice::Auto, alias = "colour"
    )]
    pub(crate) color: ColourChoice,
}

impl ReportArgs {
    /// Returns when to show progress.
    pub(crate) fn progress(&self, work: &WorkArgs) -> When {
        if self.quiet { When::Never } else { work.progress }
    }
}

/// Options that select files by name.
#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
pub(crate) struct FilterArgs {
    /// Take only files that match GLOB; one with '/' is matched against the path below the
    /// directory; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) include: Vec<String>,

    /// Skip files and directories that match GLOB; repeatable
    #[arg(long, value_name = "GLOB")]
    pub(crate) exclude: Vec<String>,
}

/// Options of verbs that hash files.
#[derive(Args, Debug)]
#[command(next_help_heading = "Work")]
pub(crate) struct WorkArgs {
    /// Number of hashing threads [default: one per core, at least 16 for files on a network]
    #[arg(short = 'j', long, alias = "jobs", value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Drop the pages that reading added to the page cache
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Read all files instead of mapping large ones that are cached [env: HSUM_NO_MMAP]
    #[arg(long)]
    pub(crate) no_mmap: bool,

    /// Show progress on standard error
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,
}

/// The value of `--progress`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// On a terminal, once the work passes a second
    Auto,
    Always,
    Never,
}

/// The value of `--color`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum ColourChoice {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Returns a parser of paths; it accepts the empty path, which is reported as a missing file.
pub(crate) fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Parses the name of a hash function of whole files; refuses checksums and multipart forms.
pub(crate) fn hash_of_files(name: &str) -> Result<HashFunction, String> {
    let function: HashFunction =
        name.parse().map_err(|error: UnknownAlgorithm| error.to_string())?;
    match (function.algorithm().strength(), function.part_len()) {
        (Strength::Checksum, _) => Err(format!("{function} is a checksum; use a hash function")),
        (_, Some(_)) => Err(format!("{function} is for uploads only; use a hash of whole files")),
        _ => Ok(function),
    }
}

/// Returns a parser that accepts the names of `values`.
pub(crate) fn one_of<T: Copy + Send + Sync + 'static>(
    values: &'static [T],
    name: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let names = values.iter().map(move |value| name(*value));
    PossibleValuesParser::new(names).map(move |given| {
        let named = values.iter().find(|value| name(**value) == given);
        *named.expect("clap accepts the names of these values only")
    })
}
