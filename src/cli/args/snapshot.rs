//! Arguments of `hsum snapshot`, `audit`, `update` and `diff`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsum::HashFunction;
use hsum::sign::KeyFormat;
use hsum::snapshot::TreeShare;

use crate::cli::args::shared::{FilterArgs, ReportArgs, WorkArgs, any_path, hash_of_files, one_of};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum snapshot photos -o photos.hsum
  hsum snapshot photos -o photos.hsum --force -a blake3
  hsum snapshot photos -o sealed.hsum --key file:seal.key

Exit status:
  0  the record is written
  2  the arguments are invalid
  5  something could not be read or written")]
pub(crate) struct SnapshotArgs {
    /// Root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// File to write the record to
    #[arg(short, long, value_name = "RECORD")]
    pub(crate) output: PathBuf,

    /// Replace an existing file, unless some files cannot be read; rot is recorded as it is now
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Hash algorithm; see 'hsum algorithms'
    #[arg(short, long, value_name = "ALG", default_value = "sha256", value_parser = hash_of_files)]
    pub(crate) algorithm: HashFunction,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum audit photos photos.hsum
  hsum audit photos photos.hsum --fail-on rotted,missing
  hsum audit photos photos.hsum --json | jq .status

Exit status:
  0  the tree is as recorded
  1  differences
  2  the arguments are invalid
  3  rot
  4  the record is rejected: damaged, or its seal is missing or wrong
  5  something could not be read or written
Findings that --fail-on does not name do not change the status.")]
pub(crate) struct AuditArgs {
    /// Root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// Record that 'hsum snapshot' wrote
    #[arg(value_name = "RECORD", value_parser = any_path())]
    pub(crate) record: PathBuf,

    /// Findings that make the exit status 1, or 3 for rotted
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', default_value = "any")]
    pub(crate) fail_on: Vec<FailOn>,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum update photos photos.hsum
  hsum update photos photos.hsum --verify-oldest 5%
  hsum update photos photos.hsum --accept 2019/party.jpg

Exit status:
  0  the record is up to date
  1  the record is up to date; files have changed or are missing (see --fail-on)
  2  the arguments are invalid
  3  rot
  4  the old record is rejected: damaged, or its seal is missing or wrong
  5  something could not be read or written, or most files are missing")]
pub(crate) struct UpdateArgs {
    /// Root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// Record that 'hsum snapshot' wrote; it is replaced once the new one is complete
    #[arg(value_name = "RECORD", value_parser = any_path())]
    pub(crate) record: PathBuf,

    /// Percentage of the tree's bytes to read again, least recently read first
    #[arg(long, value_name = "N%", value_parser = share)]
    pub(crate) verify_oldest: Option<TreeShare>,

    /// Read files NAME [default: all files] again, and record the new digests of rotted ones
    #[arg(long)]
    pub(crate) accept: bool,

    /// Files or directories to accept, named as 'hsum audit' prints them
    #[arg(value_name = "NAME", requires = "accept", value_parser = any_path())]
    pub(crate) names: Vec<PathBuf>,

    /// Update the record even if more than half of the recorded files are missing, or a new filter
    /// excludes all
    #[arg(long)]
    pub(crate) allow_missing: bool,

    /// Findings that make the exit status 1, or 3 for rotted
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_value = "changed,missing,rotted"
    )]
    pub(crate) fail_on: Vec<FailOn>,

    /// Do not read files again because their inode numbers differ
    #[arg(long)]
    pub(crate) ignore_inode: bool,

    /// Do not read files again because their change times (ctime) differ
    #[arg(long)]
    pub(crate) ignore_ctime: bool,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

/// A kind of finding, for `--fail-on`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FailOn {
    Changed,
    Rotted,
    New,
    Missing,
    Moved,
    Duplicate,
    /// All of these
    Any,
    /// None of these
    None,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum diff photos-2025.hsum photos-2026.hsum
  hsum diff --json old.hsum new.hsum | jq .status

Exit status:
  0  no differences
  1  differences
  2  the arguments are invalid
  3  rot
  4  a record is rejected: damaged, or its seal is missing or wrong
  5  a record could not be read")]
pub(crate) struct DiffArgs {
    /// Older record
    #[arg(value_name = "OLD", value_parser = any_path())]
    pub(crate) old: PathBuf,

    /// Newer record
    #[arg(value_name = "NEW", value_parser = any_path())]
    pub(crate) new: PathBuf,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Seal")]
pub(crate) struct SealArgs {
    /// Source of the key that seals records: env:NAME, file:PATH, fd:N, '-' (standard input) or
    /// prompt; records with another seal, or none, are rejected
    // Parsed by hand: clap would print a wrong value, which may be the key itself.
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) key: Option<OsString>,

    /// Format of the key; all but raw ignore one final newline
    #[arg(
        long, value_name = "FORMAT", default_value = "text",
        value_parser = one_of(KeyFormat::ALL, KeyFormat::name)
    )]
    pub(crate) key_format: KeyFormat,
}

fn share(text: &str) -> Result<TreeShare, &'static str> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number.and_then(TreeShare::percent).ok_or("expected more than 0%, and at most 100%")
}
