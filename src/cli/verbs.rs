//! The table of verbs: description, arguments and function of each.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{self, IsTerminal};
use std::os::unix::ffi::OsStrExt;

use anyhow::Result;
use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use hsum::internals::escape;

use crate::cli::args::check::CheckArgs;
use crate::cli::args::convert::ConvertArgs;
use crate::cli::args::get::{GetArgs, HeadArgs};
use crate::cli::args::gnu::GnuArgs;
use crate::cli::args::hmac::HmacArgs;
use crate::cli::args::machine::{AlgorithmsArgs, BenchArgs, SelfTestArgs};
use crate::cli::args::merge::MergeArgs;
use crate::cli::args::packaging::{CompletionsArgs, ManArgs};
use crate::cli::args::publish::PublishArgs;
use crate::cli::args::send::SendArgs;
use crate::cli::args::server::ServerArgs;
use crate::cli::args::sign::{KeygenArgs, SchemesArgs, SignArgs, VerifyArgs};
use crate::cli::args::snapshot::{AuditArgs, DiffArgs, SnapshotArgs, UpdateArgs};
use crate::cli::args::sum::SumArgs;
use crate::cli::exit::{self, Exit, SetupError, Usage};
use crate::cli::gnu::install;
use crate::cli::sign::{keygen, schemes, verify};
use crate::cli::{
    algorithms, bench, check, completions, convert, get, habits, head, hmac, man, merge, publish,
    self_test, send, server_program, sign, snapshot, sum, usage,
};

/// Hash files, verify checksum files and downloads, find changes in trees, sign requests.
#[derive(Parser, Debug)]
#[command(
    name = "hsum",
    bin_name = "hsum",
    version,
    args_override_self = true,
    override_usage = "hsum [OPTIONS] [PATH]...\n       hsum <COMMAND> [OPTIONS] [ARGS]...",
    max_term_width = 80,
    disable_help_subcommand = true,
    after_help = "See 'hsum COMMAND --help' for the options and examples of a command.",
    after_long_help = TOP_HELP
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The message of `hsum` alone on a terminal.
const WELCOME: &str = "nothing to hash: name files or directories, or pipe data in
  hsum PATH...              print SHA-256 digests of files and trees
  hsum check SHA256SUMS     verify files against a checksum file
  hsum get URL --sums auto  download a file and verify it
  hsum --help               list all commands, with examples";

const TOP_HELP: &str = "\
Examples:
  hsum debian.iso                      print the SHA-256 of a file
  hsum photos > photos.sha256          hash every file of a tree
  hsum check photos.sha256             verify the files later
  hsum check x.iso --expect sha256:…   compare a file with a digest
  tar c src | hsum -a blake3           hash standard input
  hsum get URL --sums auto             download a file and verify it
  hsum snapshot photos -o photos.hsum  record a tree for 'hsum audit'
  hsum sign -s github -k env:SECRET payload.json

Exit status:
  0  success
  1  something failed or differs
  2  the arguments are invalid
Some commands have more: see 'hsum COMMAND --help'.

Without a command, hsum prints digests: 'hsum PATH' is 'hsum sum PATH', and
takes its options. To hash a file named like a command, write ./check.

Documentation: https://github.com/hsum/hsum; 'hsum man DIR' writes manual pages.";

/// The options that `-h` shows for verbs whose full help exceeds a screen; `--help` shows all.
const COMMON: &[(&str, &[&str])] = &[
    ("sum", &["algorithm", "output", "tag", "json", "zero", "files-from", "include", "exclude"]),
    (
        "check",
        &["expect", "algorithm", "sums", "only", "basename", "quiet", "status", "strict", "warn"],
    ),
    (
        "get",
        &[
            "output",
            "output-dir",
            "expect",
            "sums",
            "sig",
            "minisign-key",
            "gpg-keyring",
            "no-verify",
            "force",
            "jobs",
            "quiet",
            "json",
        ],
    ),
    ("head", &["json", "header", "user", "password", "token"]),
    ("sign", &["scheme", "key", "key-format", "url", "format"]),
    ("send", &["show-headers", "output", "scheme", "key", "header", "method", "data", "form"]),
    ("verify-request", &["scheme", "key", "header", "headers", "http", "url", "explain", "json"]),
    ("snapshot", &["output", "force", "algorithm"]),
    ("audit", &["verbose", "fail-on", "json"]),
    ("update", &["verify-oldest", "accept", "allow-missing", "fail-on", "json"]),
    ("merge", &["output", "partial", "zero", "sort", "json"]),
    ("publish", &["algorithm", "formats", "base-url", "include", "exclude"]),
    ("hmac", &["algorithm", "key", "expect", "tag", "json"]),
    ("diff", &["key", "json", "quiet"]),
];

/// Shortens the help that `-h` prints.
fn with_short_help(verb: Command) -> Command {
    let name = verb.get_name().to_owned();
    let more = format!("See 'hsum {name} --help' for all options, examples and exit statuses.");
    let verb = verb.max_term_width(80).after_help(more);
    let Some((_, common)) = COMMON.iter().find(|(verb, _)| *verb == name) else { return verb };
    verb.mut_args(|option| {
        let is_common = option.get_long().is_none_or(|name| common.contains(&name));
        option.hide_short_help(!is_common)
    })
}

/// Describes the program and all verbs to clap.
pub(crate) fn command() -> Command {
    let command = Arguments::command().mut_subcommands(with_short_help);
    let header = command.get_styles().get_header();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}\
         {header}Options:{header:#}\n{{options}}{{after-help}}",
        groups(&command)
    );
    command.help_template(template)
}

/// Returns the list of verbs, by group.
fn groups(command: &Command) -> String {
    let (header, literal) = (command.get_styles().get_header(), command.get_styles().get_literal());
    let mut list = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(list, "{header}{group}:{header:#}");
        for name in *names {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(list, "  {literal}{name:<14}{literal:#}  {about}");
        }
        list.push('\n');
    }
    list
}

/// Declares the verbs in groups, one row each; the doc comment of a row is the verb's help.
macro_rules! verbs {
    ($(
        [$group:literal]
        $($(#[$meta:meta])* $name:literal $verb:ident($args:ty) => $run:path,)*
    )*) => {
        #[derive(Subcommand, Debug)]
        pub(crate) enum Verb {
            $($($(#[$meta])* #[command(name = $name)] $verb(Box<$args>),)*)*
        }

        /// The names of the verbs, by group.
        pub(crate) const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$($name),*])),*];

        impl Verb {
            /// Parses a verb's name and arguments. Any failure is left to the parser of all verbs.
            fn parse(words: &[OsString]) -> Option<Self> {
                $($(if words.first()? == $name {
                    let command = Command::new($name).args_override_self(true);
                    let command = habits::accept(<$args>::augment_args(command));
                    let matches = command.try_get_matches_from(words);
                    let arguments = <$args>::from_arg_matches(&matches.ok()?).ok()?;
                    return Some(Self::$verb(Box::new(arguments)));
                })*)*
                None
            }

            /// Plans and runs the verb, and reports its results.
            pub(crate) fn run(self) -> Result<Exit> {
                match self {
                    $($(Self::$verb(args) => $run(*args),)*)*
                }
            }
        }
    };
}

verbs! {
    ["Hash"]
    /// Print the digests of files and trees (the default command)
    ///
    /// Directories are walked recursively, hidden files included, in byte order of the names.
    /// FIFOs, sockets, devices and the files that an interrupted hsum left behind (.hsum-XXXXXX,
    /// .NAME.hsum-part, NAME.hsum-journal and the like) are reported and skipped, unless they are
    /// named on the command line. The output file is not hashed.
    ///
    /// -o FILE appears when the list is complete. If some files cannot be read, FILE stays as it
    /// was, unless --partial is given.
    #[command(override_usage = "hsum [sum] [OPTIONS] [PATH]...")]
    "sum" Sum(SumArgs) => sum_or_explain,
    /// Compute or verify the HMAC of files (RFC 2104)
    ///
    /// Never put the key itself on the command line, where every user of the machine can read it:
    /// --key says where it is (env:NAME, file:PATH, fd:N, '-' or prompt).
    "hmac" Hmac(HmacArgs) => hmac::run,
    /// Convert digests between notations
    ///
    /// Reads every notation that 'hsum check --expect' reads, from the arguments or, one per line,
    /// from standard input.
    "convert" Convert(ConvertArgs) => convert::run,
    /// Act as GNU md5sum, sha256sum, b2sum, cksum and the like
    ///
    /// 'hsum gnu NAME' takes the options of that program of GNU coreutils and prints what it
    /// prints; hsum does the same when it is called through a link with such a name. NAME is md5sum,
    /// sha1sum, sha224sum, sha256sum, sha384sum, sha512sum, b2sum, cksum or sum.
    #[command(
        override_usage = "hsum gnu NAME [OPTION]... [FILE]...\n       hsum gnu --install DIR"
    )]
    "gnu" Gnu(GnuArgs) => install::run,
    ["Check"]
    /// Verify files against checksum files or an expected digest
    ///
    /// Reads the output of sha256sum and similar tools, BSD-tagged lines ('SHA256 (NAME) = DIGEST',
    /// from OpenSSL too) and BSD-reversed lines ('DIGEST NAME'). The algorithm is determined line
    /// by line: from the tag, else from the digest's length (MD5, SHA-1, SHA-2). Results are
    /// printed in the order of the list. A listed file must be a regular file or a block device.
    ///
    /// Other formats are recognised by their contents: a bare digest in 'x.iso.sha256', SFV, the
    /// output of gpg, Get-FileHash and certutil, Debian's Release, Packages and .dsc, distinfo,
    /// Gentoo's Manifest, APKBUILD and PKGBUILD, JSON and lock files, Metalink, hashdeep, the
    /// records of 'hsum snapshot'. Signed lists are read too; their signature is not checked.
    ///
    /// --expect takes a digest in any notation: hex in any style, 'sha256:HEX', 'sha256-BASE64',
    /// Nix's base32, HTTP digest fields, 'ni:', 'urn:sha1:'.
    #[command(
        override_usage = "hsum check [OPTIONS] [SUMFILE]...\n       hsum check [OPTIONS] --expect DIGEST [FILE]..."
    )]
    "check" Check(CheckArgs) => check::run,
    /// Write the checksum files of a release
    ///
    /// Writes SHA256SUMS, CHECKSUM, checksums.json, integrity.json and, with --base-url,
    /// release.meta4 into DIR. If anything fails, no older list is replaced. Names are relative to
    /// DIR. The lists, their signatures and temporary files of hsum are not listed.
    "publish" Publish(PublishArgs) => publish::run,
    /// Merge checksum files of one tree into one list
    ///
    /// The merged list equals the output of 'hsum sum' for the whole tree: directory by directory,
    /// in byte order of the names, and in the style of the first line. Each list must be in this order
    /// already, so that memory does not grow with the lists; --sort accepts lists in any order.
    ///
    /// A file that several lists name with the same digests is listed once. A file with different
    /// digests is reported and left out; so are lines that are not entries, and entries with other
    /// algorithms than the first one.
    "merge" Merge(MergeArgs) => merge::run,
    ["Trees"]
    /// Record the digest, size and time of every file of a tree
    ///
    /// The record is text, in byte order of the names, and does not depend on where the tree is.
    /// Symbolic links are recorded, not followed. FIFOs, sockets, devices and the files that an
    /// interrupted hsum left behind are skipped; empty directories are not recorded. An interrupted
    /// snapshot is resumed by the next one. A record inside the tree is left out. An existing file
    /// is replaced only with --force: 'hsum audit' compares the tree with a record, 'hsum update'
    /// brings the record up to date.
    "snapshot" Snapshot(SnapshotArgs) => snapshot::take,
    /// Read a tree again and report what changed since its record
    ///
    /// CHANGED: the contents differ. ROTTED: the contents differ, but size and modification time do
    /// not, so no program changed them on purpose. NEW: not in the record. MISSING: no longer in
    /// the tree. MOVED: the contents were recorded under another name. DUPLICATE: a new file with
    /// the contents of a recorded one that still exists.
    "audit" Audit(AuditArgs) => snapshot::audit,
    /// Update a record, reading only files that may have changed
    ///
    /// Reads new files, files with another size, modification time, change time or inode, and files
    /// modified just before they were last read. Reports the findings of audit. A rotted file keeps
    /// its old digest unless --accept is given, and is then ACCEPTED. If update is interrupted, the
    /// old record stays, and the next update resumes. --verify-oldest 5% reads the whole tree in 20
    /// runs.
    ///
    /// --include and --exclude replace the filter that the record remembers. Recorded files that
    /// they do not select leave the record; --include '*' selects all files again.
    ///
    /// If more than half of the recorded files are missing, the tree is probably not mounted: the
    /// record stays as it is, unless --allow-missing is given.
    "update" Update(UpdateArgs) => snapshot::update,
    /// Compare two records of a tree, without reading the tree
    ///
    /// Prints the findings that 'hsum audit' would have printed when NEW was written.
    "diff" Diff(DiffArgs) => snapshot::diff,
    ["Download"]
    /// Download files; a file appears only once it is verified
    ///
    /// Until digest, size and signature are verified, nothing appears under the file's name, and an
    /// existing file is left alone. A failed download leaves a part file, which the next attempt
    /// resumes if the server proves that the file has not changed.
    ///
    /// Passwords, tokens and keys are never given on the command line: --password, --token and
    /// --key say where they are (env:NAME, file:PATH, fd:N, '-' or prompt).
    "get" Get(GetArgs) => get::run,
    /// Ask a server for a file's size, validators and digests
    ///
    /// Sends HEAD requests; nothing is downloaded. Passwords, tokens and keys are never given on
    /// the command line: --password, --token and --key say where they are.
    "head" Head(HeadArgs) => head::run,
    ["Sign"]
    /// Sign a request body for webhooks and APIs
    ///
    /// Prints the header lines that authenticate the body, in one of some twenty schemes ('hsum
    /// schemes' lists them).
    ///
    /// Never put the key itself on the command line, where every user of the machine can read it:
    /// --key says where it is (env:NAME, file:PATH, fd:N, '-' or prompt). The environment is
    /// readable by the same user and by root only.
    ///
    /// The body is signed byte for byte: it is never parsed or decoded, and its line ends are kept.
    "sign" Sign(SignArgs) => sign::run,
    /// Send a request, signed or not, and print the response
    ///
    /// Exactly the signed bytes are sent. A retry, and a redirect within the
    /// same origin, are signed again; another origin receives neither signature nor credentials.
    ///
    /// Never put a key, password or token itself on the command line, where every user of the
    /// machine can read it: --key, --password and --token say where it is (env:NAME, file:PATH,
    /// fd:N, '-' or prompt).
    "send" Send(SendArgs) => send::run,
    /// Verify a signed request, and explain why it fails
    ///
    /// Prints what the signature covers and a replay key: store it for as long as requests stay
    /// fresh, and reject a request whose replay key is already stored.
    ///
    /// Never put the key itself on the command line, where every user of the machine can read it:
    /// --key says where it is (env:NAME, file:PATH, fd:N, '-' or prompt).
    "verify-request" VerifyRequest(VerifyArgs) => verify::run,
    /// Generate a random key
    ///
    /// The key comes from the system's random number generator. --output writes it to a new file,
    /// readable by its owner only; an existing file is never overwritten.
    "keygen" Keygen(KeygenArgs) => keygen::run,
    /// List the schemes of sign, send and verify-request
    "schemes" Schemes(SchemesArgs) => schemes::run,
    ["Serve"]
    /// Serve a directory over HTTPS, with digests of its files
    "serve" Serve(ServerArgs) => server_program::run,
    /// Receive webhooks; print, save or forward those that verify
    "listen" Listen(ServerArgs) => server_program::run,
    /// Call an XML-RPC method of a server
    "rpc" Rpc(ServerArgs) => server_program::run,
    /// Make, sign, show and verify certificates and keys
    "cert" Cert(ServerArgs) => server_program::run,
    ["This machine"]
    /// List the algorithms
    "algorithms" Algorithms(AlgorithmsArgs) => algorithms::run,
    /// Measure the speed of this machine, in about ten seconds
    ///
    /// Measures each algorithm on one core: for one message, and for many at once on each tier of
    /// kernels. Then measures reading from the page cache and opening files, and says which of them
    /// limits hsum here.
    "bench" Bench(BenchArgs) => bench::run,
    /// Test every SIMD kernel on this CPU against known answers
    ///
    /// Prints one line for each tier.
    "self-test" SelfTest(SelfTestArgs) => self_test::run,
    /// Print a script that completes words in a shell
    ///
    /// The script completes commands, options, algorithms, schemes and file names.
    "completions" Completions(CompletionsArgs) => print_completions,
    /// Write the manual pages: hsum.1, and one for each command
    ///
    /// The pages are those of this version, generated from its help texts.
    "man" Man(ManArgs) => write_manual,
}

/// Returns `true` if another program runs the verb: `hsum-server`.
pub(crate) fn is_left_to_server(verb: &str) -> bool {
    GROUPS.iter().any(|(group, names)| *group == "Serve" && names.contains(&verb))
}

/// Hides the verbs that the server program describes.
fn without_server(command: Command) -> Command {
    command.mut_subcommands(|verb| {
        let is_left = is_left_to_server(verb.get_name());
        verb.hide(is_left)
    })
}

// The server program describes the verbs of both.
fn print_completions(args: CompletionsArgs) -> Result<Exit> {
    match server_program::path() {
        Some(server) => server_program::start(&server),
        None => completions::run(args, Arguments::command()),
    }
}

fn write_manual(args: ManArgs) -> Result<Exit> {
    match server_program::path() {
        Some(server) => server_program::start(&server),
        None => man::run(args, without_server(Arguments::command()), GROUPS),
    }
}

/// Parses the command line, and returns the verb with its arguments.
///
/// Only the first word can be a verb: a later word, such as a path called `check`, is an argument.
///
/// # Errors
/// Returns a [`Usage`], or clap's error that holds the help or the version if the user requested it.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Verb> {
    let mut words: Vec<OsString> = arguments.into_iter().collect();
    if words.len() <= 1 && io::stdin().is_terminal() {
        return Err(SetupError(WELCOME.into()).into());
    }
    expand_help(&mut words)?;
    let top = words.get(1).is_some_and(|word| {
        ["-h", "--help", "-V", "--version"].iter().any(|option| word == option)
    });
    let verb = words.get(1).and_then(|word| verb_name(word));
    if verb.is_none() && !top {
        words.insert(1.min(words.len()), "sum".into());
    }
    let mut name = verb.unwrap_or(if top { "" } else { "sum" });
    if name == "sum" && habits::checks_like_gnu(&words) {
        name = "check";
        words[1] = name.into();
    }
    exit::set_verb(name);
    // Describing one verb to clap takes less time than describing all.
    if let Some(verb) = words.get(1..).and_then(Verb::parse) {
        return Ok(verb);
    }
    matched(&words)
}

/// Replaces `help VERB` by `VERB --help`.
///
/// # Errors
/// Returns a [`Usage`] if there is no such verb.
pub(crate) fn expand_help(words: &mut Vec<OsString>) -> Result<(), Usage> {
    if words.get(1).is_none_or(|word| word != "help") {
        return Ok(());
    }
    words.remove(1);
    let is_verb = |word: &OsString| word != "help" && !word.as_bytes().starts_with(b"-");
    let of_verb = words.get(1).is_some_and(is_verb);
    words.truncate(if of_verb { 2 } else { 1 });
    if of_verb && verb_name(&words[1]).is_none() {
        let word = escape(words[1].as_bytes(), &[]);
        let hint = habits::of_command(&word, &verb_names().collect::<Vec<_>>());
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        return Err(Usage(format!("unknown command '{word}'{hint}")));
    }
    words.push("--help".into());
    Ok(())
}

/// Returns the name of the verb that `word` is.
pub(crate) fn verb_name(word: &OsStr) -> Option<&'static str> {
    verb_names().find(|name| word == *name)
}

fn verb_names() -> impl Iterator<Item = &'static str> {
    GROUPS.iter().flat_map(|(_, names)| *names).copied()
}

/// Runs `hsum sum`; if a path is missing, names the command that was probably meant.
fn sum_or_explain(args: SumArgs) -> Result<Exit> {
    let paths = args.paths.clone();
    let exit = sum::run(args)?;
    if exit != Exit::Success {
        habits::explain_missing(&paths, &verb_names().collect::<Vec<_>>());
    }
    Ok(exit)
}

fn matched(words: &[OsString]) -> Result<Verb> {
    parse_among(command().mut_subcommands(habits::accept), words)
}

/// Parses the words of one of the verbs of `command`.
///
/// # Errors
/// Returns the errors of [`parse`].
pub(crate) fn parse_among<V: FromArgMatches>(
    mut command: Command,
    words: &[OsString],
) -> Result<V> {
    let mut parse = |words: &[OsString]| {
        let mut matches = command.try_get_matches_from_mut(words)?;
        V::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    };
    let error = match parse(words) {
        Ok(verb) => return Ok(verb),
        Err(help) if !help.use_stderr() => return Err(help.into()),
        Err(error) => error,
    };
    // The message repeats words, which may contain line breaks and escape sequences. Escaped words
    // fail in the same way, except some that are not UTF-8, which clap does not repeat.
    let escaped = |word: &OsString| escape(word.as_bytes(), &[]).into_owned().into();
    let words: Vec<OsString> = words.iter().map(escaped).collect();
    let error = parse(&words).err().unwrap_or(error);
    Err(Usage(usage::message(&error, &command, &words)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if the table names an option that does not exist, such as after it was renamed.
    #[test]
    fn common_options_exist() {
        let command = command();
        for (verb, options) in COMMON {
            let verb = command.find_subcommand(verb).expect(verb);
            for option in *options {
                assert!(
                    verb.get_arguments().any(|arg| arg.get_long() == Some(*option)),
                    "--{option}"
                );
            }
        }
    }

    #[test]
    fn a_verb_is_parsed_alone_as_among_all() {
        for line in [
            "sum",
            "sum -a md5 -a sha1 a check",
            "sum -r a",
            "check -c list",
            "sum --json --json -- --help",
            "check --quiet list",
            "get https://h.test/x --sums auto",
            "snapshot photos -o record",
            "hmac --key env:K a",
            "verify-request -s github -k env:K a",
            "bench",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let alone = Verb::parse(&words).unwrap_or_else(|| panic!("{line}"));
            let all = matched(&[&["hsum".into()], &words[..]].concat()).expect(line);
            assert_eq!(format!("{alone:?}"), format!("{all:?}"));
        }
        for line in ["sum --nope", "sum --help", "nope a", "verifyrequest"] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            assert!(Verb::parse(&words).is_none(), "{line}");
        }
    }
}
