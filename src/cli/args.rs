//! What can be typed: the clap structs, and nothing else. A verb with more than a few words of its
//! own has a file below.

mod check;
mod client;
mod convert;
mod get;
mod hmac;
mod publish;
mod send;
mod sign;
mod snapshot;
mod sum;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{
    ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
};

pub(crate) use check::CheckArgs;
pub(crate) use client::{ClientArgs, How, IdentityArgs, RequestArgs, TlsArgs, Version};
pub(crate) use convert::ConvertArgs;
pub(crate) use get::{GetArgs, HeadArgs, TrustArgs};
pub(crate) use hmac::{HmacArgs, KeyFormat};
pub(crate) use publish::{PublishArgs, PublishFormat};
pub(crate) use send::SendArgs;
pub(crate) use sign::{
    EncodingArg, KeygenArgs, KeygenFormat, MessageArgs, SchemeArgs, SchemesArgs, SignArgs,
    SignFormat, SigningArgs, Time, VerifyArgs,
};
pub(crate) use snapshot::{AuditArgs, DiffArgs, FailOn, SealArgs, SnapshotArgs, UpdateArgs};
pub(crate) use sum::{FormatArgs, SumArgs};

/// Hash files, verify checksum lists and downloads, watch over trees, sign requests.
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
  hsum check x.iso --expect sha256:…  is this what was meant?
  tar c src | hsum -a blake3          of a pipe
  hsum get URL --sums auto            a file from the net, verified or not there
  hsum snapshot photos -o photos.hsum what 'hsum audit' holds the tree against
  hsum hmac --key env:SECRET payload.json
  hsum sign -s github -k env:SECRET payload.json
  hsum send -s github -k env:SECRET URL payload.json

Exit status: 0 all well, 1 something failed or differed, 2 wrong usage; some have more.
A file that is called like a command is reached as ./check.";

#[derive(Subcommand, Debug)]
pub(crate) enum Verb {
    /// Print the digests of files, trees and standard input (the default command)
    ///
    /// Directories are walked in full, hidden files too, in the order of the names' bytes. FIFOs,
    /// sockets and devices met on the way are reported and skipped, and so is what an interrupted
    /// hsum left over (.hsum-XXXXXX, .NAME.hsum-part, NAME.hsum-journal and the like); named, they
    /// are read. The file that the output goes to is left out of the walk.
    ///
    /// -o FILE appears when the list is complete. If some files cannot be read, FILE stays as it
    /// was, unless --partial is given.
    #[command(override_usage = "hsum [sum] [OPTIONS] [PATH]...")]
    Sum(Deferred<SumArgs>),
    /// Verify the files that checksum files name, or files against --expect DIGEST
    ///
    /// Lists may be as sha256sum and its kin write them, BSD-tagged ('SHA256 (NAME) = DIGEST',
    /// from OpenSSL too) or BSD-reversed ('DIGEST NAME'). The algorithm is found line by line: by
    /// the tag, else by the digest's length (MD5, SHA-1, SHA-2). Results come in the order of the
    /// list. What a list names must be a regular file or a block device.
    ///
    /// Other checksum files are known by their contents: a bare digest in 'x.iso.sha256', SFV, the
    /// output of gpg, Get-FileHash and certutil, Debian's Release, Packages and .dsc, distinfo,
    /// Gentoo's Manifest, APKBUILD and PKGBUILD, JSON and lock files, Metalink, hashdeep, the records
    /// of 'hsum snapshot'; signed ones too, whose signature is not checked.
    ///
    /// --expect takes a digest in any notation: hex in any dress, 'sha256:HEX', 'sha256-BASE64',
    /// Nix's base32, HTTP's fields, 'ni:', 'urn:sha1:'.
    #[command(
        override_usage = "hsum check [OPTIONS] [SUMFILE]...\n       hsum check [OPTIONS] --expect DIGEST [FILE]..."
    )]
    Check(Deferred<CheckArgs>),
    /// Fetch files that are either verified or not there
    ///
    /// Until digest, size and signature hold, nothing stands under the file's name, and what stood
    /// there before is untouched. What a failure leaves is a part file beside it, which the next
    /// try goes on with if the server proves that the file is the same.
    ///
    /// Exit status: 0 verified and in place, 1 another file than expected, 2 wrong usage, 3 nothing
    /// to verify against, 4 the server's refusal, 5 the network, 6 a file or output here, 7
    /// refused unless asked for. Of several files, that of the first that failed.
    Get(Deferred<Box<GetArgs>>),
    /// Ask a server about a file: size, validators, every digest that it states
    Head(Deferred<Box<HeadArgs>>),
    /// Write digests in another notation
    ///
    /// Reads what 'hsum check --expect' reads, an argument or a line at a time.
    Convert(Deferred<ConvertArgs>),
    /// Record a tree: digest, size and time of each of its files
    ///
    /// The record is text, in the order of the names, and says nothing of where the tree stands.
    /// Symbolic links are recorded, not followed; FIFOs, sockets, devices and what an interrupted
    /// hsum left over are skipped; directories are there for what is in them. When it is
    /// interrupted, the next call goes on. A record in the tree itself is left out. An existing file
    /// is replaced with --force only: 'hsum audit' compares the tree with a record, 'hsum update'
    /// brings the record up to date.
    ///
    /// Exit status: 0 the record is written, 2 wrong usage, 5 something could not be read or written.
    Snapshot(Deferred<SnapshotArgs>),
    /// Read a tree again, and say what became of each file of its record
    ///
    /// CHANGED: other contents. ROTTED: other contents, while size and time of modification are as
    /// they were: no program did that. NEW, MISSING. MOVED: the contents were under another name.
    /// DUPLICATE: a new name for contents that the record has under another, and that are there.
    ///
    /// Exit status: 0 all as recorded, 1 differences, 2 wrong usage, 3 rot, 4 the record is not
    /// believed (damaged, not sealed, wrongly sealed), 5 something could not be read or written.
    /// --fail-on changed,missing leaves other findings out of the status.
    #[command(verbatim_doc_comment)]
    Audit(Deferred<AuditArgs>),
    /// Bring a record up to date, reading only what may have changed
    ///
    /// That is what has another size, time of modification, time of change or inode, is new, or was
    /// modified just before it was read. Says what became of each file, as audit does. A rotted file
    /// keeps its old digest until --accept, and is ACCEPTED then. When it is interrupted, the old
    /// record stands and the next update goes on. --verify-oldest 5% reads the whole tree in 20 runs.
    ///
    /// If more than half of the recorded files are missing, the tree is probably not mounted: the
    /// record stays as it is, unless --allow-missing is given.
    ///
    /// Exit status: 0 the record is up to date, 1 it is too, and files have changed or are missing
    /// (see --fail-on), 2 wrong usage, 3 rot, 4 the old record is rejected, 5 something could not be
    /// read or written, or most files are missing.
    #[command(verbatim_doc_comment)]
    Update(Deferred<UpdateArgs>),
    /// Compare two records of a tree, without reading the tree
    ///
    /// Says what audit would have said. Exit status as of audit.
    Diff(Deferred<DiffArgs>),
    /// Compute or verify the HMAC of files (RFC 2104)
    ///
    /// The key never stands on the command line, where every user of the machine could read it:
    /// --key says where it comes from.
    Hmac(Deferred<HmacArgs>),
    /// Sign a request's payload: webhooks and API calls of some twenty schemes
    ///
    /// Prints the header lines that authenticate the body. The key never stands on the command
    /// line: --key says where it comes from. The environment can be read by the same user and by
    /// root, the command line by everybody.
    ///
    /// The body is bytes: it is never parsed, decoded or given other line ends.
    Sign(Deferred<SignArgs>),
    /// Send a request, signed with --sign, and print the answer
    ///
    /// Exactly the bytes that are signed are sent. A second try and a redirect to the same origin
    /// are signed anew, another origin gets neither signature nor credentials.
    ///
    /// Exit status: 0 the answer's status is 2xx; 3, 4 and 5 its first digit; 1 there is no
    /// complete answer; 2 wrong usage, no key or no body; 6 a file here; 7 refused unless asked
    /// for.
    Send(Deferred<Box<SendArgs>>),
    /// Verify a signed request, and with --explain say why it does not fit
    ///
    /// Exit status 0: it is from who holds a key. 1: refused, with one of the reasons mismatch,
    /// stale, future, missing-header, malformed, no-signature, duplicate-header, alg, coverage,
    /// unknown-key, body-hash-mismatch. 2: wrong usage, no key, or unreadable files.
    ///
    /// The verdict says what the signature covers, and gives a replay key: remember it for as long
    /// as requests stay fresh, and refuse what comes twice.
    VerifyRequest(Deferred<VerifyArgs>),
    /// Make a key from the system's random numbers
    Keygen(Deferred<KeygenArgs>),
    /// List the schemes of sign and verify-request
    Schemes(Deferred<SchemesArgs>),
    /// Write the lists of digests that go beside a release's files
    ///
    /// SHA256SUMS and its like, CHECKSUM (BSD-style lines), integrity.json (Subresource
    /// Integrity), checksums.json and, with --base-url, release.meta4 (Metalink) are written into
    /// DIR: if anything fails, none of the older ones is replaced. Names are relative to DIR; these
    /// files, signatures over them and what an interrupted hsum left over are not listed.
    Publish(Deferred<PublishArgs>),
    /// Be md5sum, sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, b2sum, cksum or sum
    ///
    /// 'hsum gnu NAME' takes the options of that program of GNU coreutils and prints what it
    /// prints; so does hsum itself when it is called by such a name, through a link.
    #[command(
        override_usage = "hsum gnu NAME [OPTION]... [FILE]...\n       hsum gnu --install DIR"
    )]
    Gnu(Deferred<GnuArgs>),
    /// List the algorithms
    Algorithms(Deferred<AlgorithmsArgs>),
    /// Measure this machine, in about ten seconds
    ///
    /// Each algorithm on one core: one message, and many at once on each tier of kernels. Then the
    /// rates of reading from the page cache and of opening files, and which part bounds hsum here.
    Bench(Deferred<BenchArgs>),
    /// Put known answers through every kernel that this CPU can run
    ///
    /// One line a tier; exit status 1 if any answer is wrong: then this build or this machine is
    /// not to be trusted.
    SelfTest,
}

/// The words of a verb, which are described to the parser only when the verb is called: all of them
/// together took as long as the rest of a small file's hash.
#[derive(Debug)]
pub(crate) struct Deferred<T>(pub(crate) T);

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(T::augment_args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(T::augment_args_for_update)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> clap::error::Result<Self> {
        T::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> clap::error::Result<Self> {
        T::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> clap::error::Result<()> {
        self.0.update_from_arg_matches(matches)
    }
}

#[derive(Args, Debug)]
pub(crate) struct WorkArgs {
    /// Hashing threads; by default as many as there are cores, and 16 at least where files come over a network
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
    let mut top = Arguments::command();
    let is_verb = |word: &str| {
        matches!(word, "help" | "-h" | "--help" | "-V" | "--version")
            || top.find_subcommand(word).is_some()
    };
    let has_verb = words.get(1).and_then(|word| word.to_str()).is_some_and(is_verb);
    if !has_verb {
        words.insert(1.min(words.len()), "sum".into());
    }
    let mut matches = top.try_get_matches_from_mut(words)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut top))
}
