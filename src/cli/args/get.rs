//! Arguments of `hsum get` and `hsum head`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::client::ClientArgs;
use crate::cli::args::shared::{ReportArgs, When, any_path};
use crate::cli::args::sign;
use crate::cli::args::units::size;

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum get https://example.org/x.iso --sums auto
  hsum get https://example.org/x.iso --expect sha256:6c8f…
  hsum get https://example.org/x.iso --sums auto --strong \\
      --mirror https://mirror.example/x.iso
  hsum get --from-lock uv.lock -O wheels

Exit status:
  0  the file is verified and in place
  1  the digest, size or signature does not match
  2  the arguments are invalid
  3  there is nothing to verify against
  4  refused by the server
  5  network failure
  6  failure of a local file or of the output
  7  refused for safety
With several files, the status of the first that failed.")]
pub(crate) struct GetArgs {
    /// Files to download: http, https, ftp or ftps; '#sha256=DIGEST' may follow
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,

    /// Write to FILE; '-' is standard output, written once the file is verified
    #[arg(short, long, value_name = "FILE", value_parser = any_path(), conflicts_with = "output_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write into DIR, under the last part of the URL's path
    #[arg(short = 'O', long, value_name = "DIR", value_parser = any_path())]
    pub(crate) output_dir: Option<PathBuf>,

    /// Use the file name in the server's Content-Disposition header, requested by HEAD
    #[arg(short = 'J', long, conflicts_with_all = ["output", "data", "forms", "method"])]
    pub(crate) remote_name: bool,

    /// Download the files of a lock file: uv.lock, package-lock.json, yarn.lock
    #[arg(
        long,
        value_name = "FILE",
        value_parser = any_path(),
        conflicts_with_all = [
            "urls", "output", "remote_name", "mirrors", "expect", "sums", "metalink", "algorithm", "size", "pin",
            "sig", "minisign_key", "gpg_keyring", "trust_server_digest", "no_verify", "method", "queries", "data",
            "forms", "scheme",
        ],
    )]
    pub(crate) from_lock: Option<PathBuf>,

    /// Alternative URL, used if the others fail; repeatable
    #[arg(long = "mirror", value_name = "URL")]
    pub(crate) mirrors: Vec<String>,

    /// Start over, ignoring any partial download
    #[arg(long)]
    pub(crate) no_resume: bool,

    /// Replace an existing file that differs
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Keep a file that does not match, as NAME.hsum-bad
    #[arg(long)]
    pub(crate) keep_bad: bool,

    /// If the body has a Content-Encoding (such as gzip) and does not match, try it decoded
    #[arg(long)]
    pub(crate) decode: bool,

    /// Maximum size of a file [default: 16 GiB if the server does not give its length]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,

    /// Number of files to download in parallel
    #[arg(short = 'j', long, alias = "threads", value_name = "N", default_value = "4")]
    pub(crate) jobs: NonZeroUsize,

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    #[command(flatten)]
    pub(crate) report: ReportArgs,

    /// Show progress on standard error
    #[arg(help_heading = "Output", long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Verification")]
pub(crate) struct TrustArgs {
    /// Expected digest, in any notation; repeated, all must match
    #[arg(short, long, value_name = "DIGEST")]
    pub(crate) expect: Vec<OsString>,

    /// Checksum file that lists the file: a URL, a file, or 'auto' to try the usual names beside it
    #[arg(long, value_name = "URL|FILE|auto")]
    pub(crate) sums: Option<OsString>,

    /// Metalink (version 3 or 4) with the file's URLs and digests
    #[arg(long, value_name = "URL|FILE", conflicts_with = "sums")]
    pub(crate) metalink: Option<OsString>,

    /// Algorithm of digests that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// Expected size in bytes
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) size: Option<u64>,

    /// Trust on first use: compare with the digest stored in FILE for the URL, or store it
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) pin: Option<PathBuf>,

    /// Signature of the file or of the checksum file: a URL, a file, or 'auto' to try the usual
    /// names
    #[arg(long, value_name = "URL|FILE|auto", requires = "signer")]
    pub(crate) sig: Option<OsString>,

    /// Public key of a minisign signature: a file, or the key in base64
    #[arg(long, value_name = "KEY|FILE", group = "signer", requires = "sig")]
    pub(crate) minisign_key: Option<OsString>,

    /// Keyring of an OpenPGP signature (needs gpgv); without --sig, the checksum file must be
    /// clear-signed
    #[arg(long, value_name = "FILE", group = "signer", value_parser = any_path())]
    pub(crate) gpg_keyring: Option<PathBuf>,

    /// Accept a digest in the server's response as evidence
    #[arg(long)]
    pub(crate) trust_server_digest: bool,

    /// Fail if the only digests are MD5 or SHA-1
    #[arg(long)]
    pub(crate) strong: bool,

    /// Accept the file unverified, and print its digest
    #[arg(long, conflicts_with_all = ["expect", "sums", "metalink", "pin", "sig", "strong"])]
    pub(crate) no_verify: bool,
}

#[derive(Args, Debug)]
#[command(
    mut_arg("alg", sign::algorithm),
    after_long_help = "\
Examples:
  hsum head https://example.org/x.iso
  hsum head --json https://example.org/x.iso | jq .digests

Exit status:
  0  the server answered for every URL
  2  the arguments are invalid
  4  refused by the server
  5  network failure
  6  failure of a local file or of the output
  7  refused for safety
With several URLs, the status of the first that failed."
)]
pub(crate) struct HeadArgs {
    /// URLs: http, https, ftp or ftps
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,

    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
