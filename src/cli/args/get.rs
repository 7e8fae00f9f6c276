//! The words after `hsum get` and `hsum head`.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use hsum::HashFunction;

use crate::cli::args::client::ClientArgs;
use crate::cli::args::shared::{When, any_path};

#[derive(Args, Debug)]
pub(crate) struct GetArgs {
    /// Files to fetch: http, https, ftp or ftps; a digest may follow as '#sha256=DIGEST'
    #[arg(value_name = "URL")]
    pub(crate) urls: Vec<String>,

    /// Write to FILE; '-' is standard output, once everything holds
    #[arg(short, long, value_name = "FILE", value_parser = any_path(), conflicts_with = "output_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write into this folder, under the URL's last name
    #[arg(short = 'O', long, value_name = "DIR", value_parser = any_path())]
    pub(crate) output_dir: Option<PathBuf>,

    /// Name it as the server says (Content-Disposition), once asked by HEAD
    #[arg(short = 'J', long, conflicts_with_all = ["output", "data", "forms", "method"])]
    pub(crate) remote_name: bool,

    /// Fetch what a lock file names with URL and digest: uv.lock, package-lock.json, yarn.lock
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

    #[command(flatten)]
    pub(crate) trust: TrustArgs,

    /// Fetch it from here if the URL fails
    #[arg(long = "mirror", value_name = "URL")]
    pub(crate) mirrors: Vec<String>,

    /// Begin anew, whatever an earlier try has left
    #[arg(long)]
    pub(crate) no_resume: bool,

    /// Replace a file that is there and is another
    #[arg(short, long)]
    pub(crate) force: bool,

    /// Keep a file that is not the one expected, as NAME.hsum-bad
    #[arg(long)]
    pub(crate) keep_bad: bool,

    /// Where it comes as gzip (Content-Encoding) and only the decoded bytes are the file, take those
    #[arg(long)]
    pub(crate) decode: bool,

    /// Take no file with more bytes; by default 16 GiB where its length is not known
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_size: Option<u64>,

    /// Fetch so many files at once
    #[arg(short = 'j', long, value_name = "N", default_value = "4")]
    pub(crate) jobs: NonZeroUsize,

    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// One JSON object a file
    #[arg(long)]
    pub(crate) json: bool,

    /// Show progress on standard error
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "What to verify against")]
pub(crate) struct TrustArgs {
    /// The digest that it must have, in any notation; several must all hold
    #[arg(short, long, value_name = "DIGEST")]
    pub(crate) expect: Vec<OsString>,

    /// A checksum file that names it: a URL, a file, or 'auto' for where they usually lie
    #[arg(long, value_name = "URL|FILE|auto")]
    pub(crate) sums: Option<OsString>,

    /// A Metalink (version 3 or 4): what to fetch, where from, and its digests
    #[arg(long, value_name = "URL|FILE", conflicts_with = "sums")]
    pub(crate) metalink: Option<OsString>,

    /// The algorithm of digests that do not name one
    #[arg(short, long, value_name = "ALG")]
    pub(crate) algorithm: Option<HashFunction>,

    /// The length that it must have, in bytes
    #[arg(long, value_name = "BYTES")]
    pub(crate) size: Option<u64>,

    /// Trust on first use: the digest that this file has for the URL, or will have after this
    #[arg(long, value_name = "FILE", value_parser = any_path())]
    pub(crate) pin: Option<PathBuf>,

    /// A signature of the file, or of the checksum file: a URL, a file, or 'auto'
    #[arg(long, value_name = "URL|FILE|auto", requires = "signer")]
    pub(crate) sig: Option<OsString>,

    /// The public key of minisign that the signature must be by: a file, or its line of base64
    #[arg(long, value_name = "KEY|FILE", group = "signer", requires = "sig")]
    pub(crate) minisign_key: Option<OsString>,

    /// The keyring that an OpenPGP signature must be by (needs gpgv); without --sig the checksum
    /// file must be clear-signed
    #[arg(long, value_name = "FILE", group = "signer", value_parser = any_path())]
    pub(crate) gpg_keyring: Option<PathBuf>,

    /// Let a digest do that the server states in its response
    #[arg(long)]
    pub(crate) trust_server_digest: bool,

    /// Refuse what only MD5 or SHA-1 vouches for
    #[arg(long)]
    pub(crate) strong: bool,

    /// Put it in place unverified, and print its digest
    #[arg(long, conflicts_with_all = ["expect", "sums", "metalink", "pin", "sig", "strong"])]
    pub(crate) no_verify: bool,
}

#[derive(Args, Debug)]
pub(crate) struct HeadArgs {
    /// What to ask for
    #[arg(value_name = "URL", required = true)]
    pub(crate) urls: Vec<String>,

    /// One JSON object a URL
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) client: ClientArgs,
}
