//! The words after `hsum hmac`, and how keys are written.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsum::HashFunction;

use super::{When, any_path};

#[derive(Args, Debug)]
pub(crate) struct HmacArgs {
    /// Files; '-' or nothing is standard input
    #[arg(value_name = "PATH", value_parser = any_path())]
    pub(crate) paths: Vec<PathBuf>,

    /// Hash algorithm below the HMAC
    #[arg(short, long, value_name = "ALG", default_value = "sha256")]
    pub(crate) algorithm: HashFunction,

    /// Where the key is: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt
    // Parsed by hand: clap would repeat a wrong value, which may well be the key itself.
    #[arg(short, long, value_name = "SPEC")]
    pub(crate) key: OsString,

    /// How the key is written there; text drops one final newline, raw drops nothing
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = KeyFormat::Text)]
    pub(crate) key_format: KeyFormat,

    /// Compare with this tag, in constant time, and print OK or FAILED
    #[arg(long, value_name = "HEX", conflicts_with_all = ["tag", "base64", "raw", "zero"])]
    pub(crate) expect: Option<String>,

    /// Lines 'HMAC-SHA256 (NAME) = TAG'
    #[arg(long)]
    pub(crate) tag: bool,

    /// Tags in base64 instead of hex
    #[arg(long)]
    pub(crate) base64: bool,

    /// The tag's bytes and nothing else, for one file
    #[arg(long, conflicts_with_all = ["tag", "zero", "base64"])]
    pub(crate) raw: bool,

    /// End lines with NUL, and do not escape names
    #[arg(short, long)]
    pub(crate) zero: bool,

    /// Show progress on standard error
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeyFormat {
    Text,
    Raw,
    Hex,
    Base64,
    Base64url,
    Whsec,
}
