//! Arguments of `hsum hmac`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;
use hsum::sign::KeyFormat;

use crate::cli::args::shared::{ReportArgs, When, any_path, one_of};

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum hmac --key env:SECRET payload.json
  hsum hmac -a sha512 -k file:secret.key --tag *.tar.gz
  pass show webhook | hsum hmac -k - --expect b613679a0814d9ec… payload.json

Exit status:
  0  the MACs were printed, or the MAC matches
  1  a file could not be read, or the MAC does not match
  2  the arguments are invalid")]
pub(crate) struct HmacArgs {
    /// Files; '-' or none reads standard input
    #[arg(value_name = "PATH", value_parser = any_path())]
    pub(crate) paths: Vec<PathBuf>,

    /// Hash algorithm of the HMAC
    #[arg(short, long, value_name = "ALG", default_value = "sha256")]
    pub(crate) algorithm: HashFunction,

    /// Source of the key: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt
    // Parsed by hand: clap would print a wrong value, which may be the key itself.
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) key: OsString,

    /// Format of the key; all but raw ignore one final newline
    #[arg(
        long, value_name = "FORMAT", default_value = "text",
        value_parser = one_of(KeyFormat::ALL, KeyFormat::name)
    )]
    pub(crate) key_format: KeyFormat,

    /// Take PATH relative to DIR; the file of --key is still relative to here
    #[arg(short = 'C', long, value_name = "DIR", value_parser = any_path())]
    pub(crate) directory: Option<PathBuf>,

    /// Compare with this MAC, in any notation and constant time, and print OK or FAILED
    #[arg(short, long, value_name = "MAC", conflicts_with_all = ["tag", "base64", "raw", "zero"])]
    pub(crate) expect: Option<String>,

    /// Print BSD-style lines, 'HMAC-SHA256 (NAME) = MAC'
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) tag: bool,

    /// Print base64 instead of hex
    #[arg(long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) base64: bool,

    /// Print only the bytes of the MAC; takes one file
    #[arg(long, help_heading = "Output", conflicts_with_all = ["json", "tag", "zero", "base64"])]
    pub(crate) raw: bool,

    /// End lines with NUL, and do not escape names
    #[arg(short, long, help_heading = "Output", conflicts_with = "json")]
    pub(crate) zero: bool,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    /// Show progress on standard error
    #[arg(long, help_heading = "Output", value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,
}
