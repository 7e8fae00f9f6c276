//! The words after `hsum snapshot`, `audit`, `update` and `diff`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsum::HashFunction;
use hsum::sign::KeyFormat;
use hsum::snapshot::TreeShare;

use crate::cli::args::shared::{WorkArgs, any_path, one_of};

#[derive(Args, Debug)]
pub(crate) struct SnapshotArgs {
    /// The root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// The file to write the record to
    #[arg(short, long, value_name = "MANIFEST")]
    pub(crate) output: PathBuf,

    /// Replace an existing file, unless something cannot be read; rot is recorded as it is now
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Hash algorithm; see 'hsum algorithms'
    #[arg(short, long, value_name = "ALG", default_value = "sha256")]
    pub(crate) algorithm: HashFunction,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
pub(crate) struct AuditArgs {
    /// The root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// What 'hsum snapshot' wrote
    #[arg(value_name = "MANIFEST", value_parser = any_path())]
    pub(crate) manifest: PathBuf,

    /// Print OK lines too
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Findings that make the exit status 1, or 3 for rotted
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',', default_value = "any")]
    pub(crate) fail_on: Vec<FailOn>,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    /// One JSON object a line: status, path, from or of, was, is
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) work: WorkArgs,
}

#[derive(Args, Debug)]
pub(crate) struct UpdateArgs {
    /// The root of the tree
    #[arg(value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: PathBuf,

    /// What 'hsum snapshot' wrote; it stays until the new one is complete
    #[arg(value_name = "MANIFEST", value_parser = any_path())]
    pub(crate) manifest: PathBuf,

    /// Read so much of the tree again, in per cent of its bytes, the longest unread first
    #[arg(long, value_name = "N%", value_parser = share)]
    pub(crate) verify_oldest: Option<TreeShare>,

    /// Read the files NAME again, and take the new digests of those that rotted; without NAME, of all files
    #[arg(long)]
    pub(crate) accept: bool,

    /// Files to accept, or directories with all their files, as audit prints names
    #[arg(value_name = "NAME", requires = "accept", value_parser = any_path())]
    pub(crate) names: Vec<PathBuf>,

    /// Update the record even if more than half of the recorded files are missing
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

    /// One JSON object a line: status, path, from or of, was, is
    #[arg(long)]
    pub(crate) json: bool,

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
pub(crate) struct DiffArgs {
    /// The older record
    #[arg(value_name = "OLD", value_parser = any_path())]
    pub(crate) old: PathBuf,

    /// The newer one
    #[arg(value_name = "NEW", value_parser = any_path())]
    pub(crate) new: PathBuf,

    #[command(flatten)]
    pub(crate) seal: SealArgs,

    /// One JSON object a line: status, path, from or of, was, is
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct SealArgs {
    /// Seal the record, and believe none without this seal: env:NAME, file:PATH, fd:N, '-' or prompt
    // Parsed by hand: clap would repeat a wrong value, which may well be the key itself.
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) key: Option<OsString>,

    /// How the key is written there; text drops one final newline, raw drops nothing
    #[arg(
        long, value_name = "FORMAT", default_value = "text",
        value_parser = one_of(KeyFormat::ALL, KeyFormat::name)
    )]
    pub(crate) key_format: KeyFormat,
}

fn share(text: &str) -> Result<TreeShare, &'static str> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number.and_then(TreeShare::percent).ok_or("more than 0, to 100 per cent")
}
