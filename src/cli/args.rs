//! What can be typed: the clap structs, and nothing else. A verb with more than a few words of its
//! own has a file below.

mod check;
mod hmac;
mod sum;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use check::CheckArgs;
pub(crate) use hmac::{HmacArgs, KeyFormat};
pub(crate) use sum::{FormatArgs, SumArgs};

/// Hash files, verify checksum lists, compute HMACs.
#[derive(Parser, Debug)]
#[command(
    name = "hsum",
    version,
    args_override_self = true,
    override_usage = "hsum [OPTIONS] [PATH]...\n       hsum <COMMAND> [OPTIONS] [ARGS]...",
    after_help = TOP_HELP
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

const TOP_HELP: &str = "\
Without a command, hsum prints digests: 'hsum PATH' is 'hsum sum PATH', and takes its options.

Examples:
  hsum debian.iso                     the SHA-256 of a file
  hsum photos > photos.sha256         of every file of a tree
  hsum check photos.sha256            are they still the same?
  hsum -a md5,sha1 *.zip              several at once, each file read once
  tar c src | hsum -a blake3          of a pipe
  hsum hmac -a sha256 --key env:SECRET payload.json

Exit status: 0 all well, 1 something failed or differed, 2 wrong usage.
A file that is called like a command is reached as ./check.";

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Print the digests of files, trees and standard input (the default command)
    ///
    /// Directories are walked in full, hidden files too, in the order of the names' bytes. FIFOs,
    /// sockets and devices met on the way are reported and passed over; named, they are read. The
    /// file that the output goes to is left out of the walk.
    #[command(override_usage = "hsum [sum] [OPTIONS] [PATH]...")]
    Sum(SumArgs),
    /// Verify the files that checksum lists name
    ///
    /// Lines may be as sha256sum and its kin write them, BSD-tagged ('SHA256 (NAME) = DIGEST',
    /// from OpenSSL too) or BSD-reversed ('DIGEST NAME'). The algorithm is found line by line: by
    /// the tag, else by the digest's length (MD5, SHA-1, SHA-2). Results come in the order of the
    /// list. What a list names must be a regular file or a block device.
    Check(CheckArgs),
    /// Compute or verify the HMAC of files (RFC 2104)
    ///
    /// The key never stands on the command line, where every user of the machine could read it:
    /// --key says where it comes from.
    Hmac(HmacArgs),
    /// Be md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, b2sum, cksum or sum
    ///
    /// 'hsum gnu NAME' takes the options of that program of GNU coreutils and prints what it
    /// prints; so does hsum itself when it is called by such a name, through a link.
    #[command(
        override_usage = "hsum gnu NAME [OPTION]... [FILE]...\n       hsum gnu --install DIR"
    )]
    Gnu(GnuArgs),
    /// List the algorithms
    Algorithms(AlgorithmsArgs),
    /// Measure this machine, in about ten seconds
    ///
    /// Each algorithm on one core: one message, and many at once on each tier of kernels. Then the
    /// rates of reading from the page cache and of opening files, and which part bounds hsum here.
    Bench(BenchArgs),
    /// Put known answers through every kernel that this CPU can run
    ///
    /// One line a tier; exit status 1 if any answer is wrong: then this build or this machine is
    /// not to be trusted.
    SelfTest,
}

#[derive(Args, Debug)]
pub(crate) struct WorkArgs {
    /// Hashing threads; by default as many as there are cores
    #[arg(short = 'j', long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Leave the page cache as it is: drop what was read, unless it was there before
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Show progress on standard error
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(crate) progress: When,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum When {
    /// On a terminal, once the work passes a second
    Auto,
    Always,
    Never,
}

#[derive(Args, Debug)]
pub(crate) struct GnuArgs {
    /// Make links to this program in DIR, one under each of the names
    #[arg(long, value_name = "DIR")]
    pub(crate) install: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct AlgorithmsArgs {
    /// Show which SIMD kernel runs here, for one message and for many at once
    #[arg(long)]
    pub(crate) tiers: bool,
}

/// The empty one too: it is a file that is not there, and keeps no other from being hashed.
fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

/// Reads the command line.
///
/// A verb counts only as the first word, so that nothing that follows, a path called `check`
/// among others, changes its meaning.
///
/// # Errors
/// What is wrong, or the help or version that was asked for: for [`super::exit::message`].
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
) -> clap::error::Result<Arguments> {
    let mut words: Vec<OsString> = arguments.into_iter().collect();
    let top = Arguments::command();
    let is_verb = |word: &str| {
        matches!(word, "help" | "-h" | "--help" | "-V" | "--version")
            || top.get_subcommands().any(|verb| verb.get_name() == word)
    };
    let has_verb = words.get(1).and_then(|word| word.to_str()).is_some_and(is_verb);
    if !has_verb {
        words.insert(1.min(words.len()), "sum".into());
    }
    Arguments::try_parse_from(words)
}
