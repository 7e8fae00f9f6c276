//! Arguments of `hsum sign`, `hsum verify-request`, `hsum keygen` and `hsum schemes`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, Args, ValueEnum};
use hsum::internals::is_token;
use hsum::sign::{KeyFormat, MacEncoding};

use crate::cli::args::shared::{ColourChoice, one_of};
use crate::cli::args::units::{size, whole_seconds};

/// A scheme, its keys and its settings.
#[derive(Args, Debug)]
pub(crate) struct SchemeArgs {
    /// Signing scheme; see 'hsum schemes'
    #[arg(short, long, value_name = "NAME")]
    pub(crate) scheme: String,

    /// Source of a key: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt; repeatable
    // Parsed by hand: clap would print a wrong value, which may be the key itself.
    #[arg(short, long, value_name = "SPEC", required = true)]
    pub(crate) key: Vec<OsString>,

    /// Format of the key [default: the scheme's]
    #[arg(long, value_name = "FORMAT", value_parser = one_of(KeyFormat::ALL, KeyFormat::name))]
    pub(crate) key_format: Option<KeyFormat>,

    /// Treat key warnings as errors
    #[arg(long, alias = "strict")]
    pub(crate) strict_key: bool,

    /// raw, template: hash function of the HMAC [default: sha256]; jws: HS256, HS384 or HS512 [default:
    /// HS256]
    #[arg(short, long, alias = "alg", value_name = "ALG", help_heading = "Settings of schemes")]
    pub(crate) algorithm: Option<String>,

    /// raw: header of the signature [default: X-Signature]; template: 'NAME: PATTERN', repeatable; jws:
    /// header of a detached signature
    #[arg(long = "signature-header", value_name = "NAME", help_heading = "Settings of schemes")]
    pub(crate) signature_headers: Vec<String>,

    /// Name of the option that sets `algorithm`, which differs between verbs.
    #[arg(skip = "--algorithm")]
    pub(crate) algorithm_option: &'static str,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// Settings that only some schemes have.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings of schemes")]
pub(crate) struct SettingsArgs {
    /// raw, template: encoding of the MAC [default: hex]
    #[arg(
        long, value_name = "ENCODING", requires = "scheme",
        value_parser = one_of(MacEncoding::ALL, MacEncoding::name)
    )]
    pub(crate) encoding: Option<MacEncoding>,

    /// raw: text before the MAC
    #[arg(long, value_name = "TEXT", requires = "scheme")]
    pub(crate) prefix: Option<String>,

    /// template: pattern of the signed content, such as 'v0:{timestamp}:{body}'
    #[arg(long, value_name = "PATTERN", requires = "scheme")]
    pub(crate) template: Option<String>,

    /// sigv4: AWS region
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) region: Option<String>,

    /// sigv4: AWS service
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) service: Option<String>,

    /// sigv4: id of the access key
    #[arg(long, value_name = "ID", requires = "scheme")]
    pub(crate) access_key_id: Option<String>,

    /// sigv4: source of the token of temporary credentials, as for --key
    #[arg(long, value_name = "SPEC", requires = "scheme")]
    pub(crate) session_token: Option<OsString>,

    /// sigv4: sign in the query of a URL that is valid for this time, up to 7d
    #[arg(long, value_name = "DURATION", requires = "scheme", value_parser = presign_time)]
    pub(crate) presign: Option<u32>,

    /// sigv4: leave the body out of the signature, or accept a signature without it
    #[arg(long, requires = "scheme")]
    pub(crate) unsigned_payload: bool,

    /// rfc9421: components to sign, or to require
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "scheme")]
    pub(crate) cover: Vec<String>,

    /// rfc9421: label of the signature
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) label: Option<String>,

    /// rfc9421, jws: key id to write, or to require
    #[arg(long, value_name = "ID", visible_alias = "kid", requires = "scheme")]
    pub(crate) keyid: Option<String>,
}

/// [`SchemeArgs`] for verbs that send requests, signed or not.
#[derive(Args, Debug)]
#[command(next_help_heading = "Signature")]
pub(crate) struct SigningArgs {
    /// Signing scheme; see 'hsum schemes'
    #[arg(short, long, alias = "sign", value_name = "NAME", requires = "key")]
    pub(crate) scheme: Option<String>,

    /// Source of a key: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt; repeatable
    // Parsed by hand, as in `SchemeArgs`.
    #[arg(short, long, value_name = "SPEC", requires = "scheme")]
    pub(crate) key: Vec<OsString>,

    /// Format of the key [default: the scheme's]
    #[arg(
        long, value_name = "FORMAT", requires = "scheme",
        value_parser = one_of(KeyFormat::ALL, KeyFormat::name)
    )]
    pub(crate) key_format: Option<KeyFormat>,

    /// Treat key warnings as errors
    #[arg(long, requires = "scheme")]
    pub(crate) strict_key: bool,

    /// raw, template: hash function of the HMAC [default: sha256]; jws: HS256, HS384 or HS512 [default:
    /// HS256]
    #[arg(long = SIGNATURE_ALGORITHM, alias = "alg", value_name = "ALG", requires = "scheme")]
    pub(crate) alg: Option<String>,

    /// raw: header of the signature [default: X-Signature]; template: 'NAME: PATTERN', repeatable; jws:
    /// header of a detached signature
    #[arg(long = "signature-header", value_name = "NAME", requires = "scheme")]
    pub(crate) signature_headers: Vec<String>,

    /// Identifier of the message [default: random]
    #[arg(long, value_name = "TEXT", requires = "scheme")]
    pub(crate) id: Option<String>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// The long name of the option of a signature's algorithm in `get`, where `--algorithm` is the
/// digest's.
const SIGNATURE_ALGORITHM: &str = "signature-algorithm";

/// Gives the option of a signature's algorithm the names that it has in `sign`.
pub(super) fn algorithm(option: Arg) -> Arg {
    option.short('a').long("algorithm").alias(SIGNATURE_ALGORITHM)
}

impl SigningArgs {
    /// Returns the arguments as those of `hsum sign`; `None` if requests are not signed.
    pub(crate) fn scheme(&self) -> Option<SchemeArgs> {
        Some(SchemeArgs {
            scheme: self.scheme.clone()?,
            key: self.key.clone(),
            key_format: self.key_format,
            strict_key: self.strict_key,
            algorithm: self.alg.clone(),
            signature_headers: self.signature_headers.clone(),
            algorithm_option: "--signature-algorithm",
            settings: self.settings.clone(),
        })
    }
}

/// The request without its body.
#[derive(Args, Debug)]
#[command(next_help_heading = "Request")]
pub(crate) struct MessageArgs {
    /// URL as the sender sees it
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// Method [default: POST]
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// Header line 'NAME: VALUE'; repeatable
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) lines: Vec<OsString>,

    /// File of header lines
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: Option<PathBuf>,

    /// Parameter of a form, or a field that the scheme signs; repeatable
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
}

impl MessageArgs {
    /// Moves values of `--header` that can only name the signature's header to `scheme`: that was
    /// the meaning of `--header` before there was `--signature-header`.
    pub(crate) fn give_signature_headers_to(&mut self, scheme: &mut SchemeArgs) {
        if !scheme.signature_headers.is_empty() {
            return;
        }
        let names_the_signature = |line: &str| match &*scheme.scheme {
            "template" => PLACEHOLDERS.iter().any(|placeholder| line.contains(placeholder)),
            "raw" | "jws" if is_token(line.as_bytes()) => true,
            // A pattern, which these schemes refuse.
            _ => line.contains("{mac}"),
        };
        let moved =
            self.lines.extract_if(.., |line| line.to_str().is_some_and(names_the_signature));
        scheme.signature_headers = moved.filter_map(|line| line.into_string().ok()).collect();
    }
}

/// The placeholders of the values that a template writes into headers.
const PLACEHOLDERS: [&str; 4] = ["{mac}", "{timestamp}", "{id}", "{nonce}"];

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum sign -s github -k env:SECRET payload.json
  hsum sign -s stripe -k file:secret --format curl \\
      --url https://example.org/hook payload.json
  hsum sign -s raw -k env:SECRET -a sha512 --encoding base64 \\
      --signature-header X-Sig payload.json
  hsum sign -s sigv4 -k env:SECRET --region eu-west-1 --service s3 \\
      --access-key-id AKID --presign 600 \\
      --url https://bucket.s3.eu-west-1.amazonaws.com/key /dev/null

Exit status:
  0  the request is signed
  1  the output could not be written
  2  the arguments are invalid, or the key or the body could not be read")]
pub(crate) struct SignArgs {
    /// File with the body [default: standard input]
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) body: PathBuf,

    /// Output format
    #[arg(help_heading = "Output", long, value_enum, value_name = "FORMAT", default_value_t = SignFormat::Headers)]
    pub(crate) format: SignFormat,

    /// Print one JSON object per line
    #[arg(help_heading = "Output", long, conflicts_with = "format")]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) scheme: SchemeArgs,

    #[command(flatten)]
    pub(crate) request: MessageArgs,

    /// Time of signing, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS", value_parser = now_or_number, help_heading = "Request")]
    pub(crate) timestamp: Option<Time>,

    /// Identifier of the message [default: random]
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    pub(crate) id: Option<String>,

    /// Nonce, a text that is used only once [default: random, unless it is part of the body]
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    pub(crate) nonce: Option<String>,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum verify-request -s github -k env:SECRET --headers headers.txt payload.json
  hsum verify-request -s stripe -k file:old -k file:new --explain \\
      --http captured-request.txt
  hsum verify-request -s square -k env:SECRET --headers headers.txt \\
      --url https://example.org/hook body

Exit status:
  0  the request was signed with the key
  1  rejected, for one of the reasons mismatch, stale, future, missing-header,
     malformed, no-signature, duplicate-header, alg, coverage, unknown-key and
     body-hash-mismatch
  2  the arguments are invalid, or the key or a file could not be read")]
pub(crate) struct VerifyArgs {
    /// File with the body [default: standard input]
    #[arg(value_name = "FILE")]
    pub(crate) body: Option<PathBuf>,

    /// If the request is rejected, search for the cause: line ends, key formats, encodings, URLs
    #[arg(long)]
    pub(crate) explain: bool,

    /// Leave out OK lines, notes, progress and the summary; failures and errors stay
    #[arg(help_heading = "Output", short, long)]
    pub(crate) quiet: bool,

    /// Print one JSON object per line
    #[arg(help_heading = "Output", long)]
    pub(crate) json: bool,

    /// Colour the status words
    #[arg(
        help_heading = "Output", long, value_name = "WHEN", value_enum,
        default_value_t = ColourChoice::Auto, alias = "colour"
    )]
    pub(crate) color: ColourChoice,

    #[command(flatten)]
    pub(crate) scheme: SchemeArgs,

    #[command(flatten)]
    pub(crate) request: MessageArgs,

    /// Captured HTTP/1.1 request: request line, headers, body
    #[arg(
        long, value_name = "FILE", help_heading = "Request",
        conflicts_with_all = ["headers", "body"]
    )]
    pub(crate) http: Option<PathBuf>,

    /// Maximum difference between the signed time and now, before or after [default: 5m for most schemes]
    #[arg(long, value_name = "DURATION", value_parser = whole_seconds, help_heading = "Time")]
    pub(crate) tolerance: Option<u32>,

    /// Accept any signed time
    #[arg(long, conflicts_with = "tolerance", help_heading = "Time")]
    pub(crate) no_freshness: bool,

    /// Current time, in seconds since 1970 [default: the system's]
    #[arg(long, value_name = "SECONDS", help_heading = "Time")]
    pub(crate) now: Option<u64>,
}

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum keygen -o secret
  hsum keygen --format hex --bytes 64

Exit status:
  0  the key is written
  1  the output could not be written
  2  the arguments are invalid, or FILE could not be created")]
pub(crate) struct KeygenArgs {
    /// Format of the key
    #[arg(
        long, value_name = "FORMAT", default_value = KeyFormat::Whsec.name(),
        value_parser = one_of(KEYGEN_FORMATS, KeyFormat::name)
    )]
    pub(crate) format: KeyFormat,

    /// Length of the key in bytes
    #[arg(long, value_name = "SIZE", default_value = "32", value_parser = key_length)]
    pub(crate) bytes: u32,

    /// Write the key to a new file that only its owner can read
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print one JSON object per line, without the key
    #[arg(long, requires = "output")]
    pub(crate) json: bool,
}

/// The formats of random keys: all but text.
const KEYGEN_FORMATS: &[KeyFormat] =
    &[KeyFormat::Whsec, KeyFormat::Hex, KeyFormat::Base64, KeyFormat::Base64Url, KeyFormat::Raw];

#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  hsum schemes
  hsum schemes --json

Exit status:
  0  the schemes were listed
  1  the output could not be written
  2  the arguments are invalid")]
pub(crate) struct SchemesArgs {
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
}

/// The value of `hsum sign --format`.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SignFormat {
    /// Header lines, as for 'curl -H @-'; parameters or a URL in schemes without headers
    Headers,
    /// The signature alone
    Value,
    /// A JSON object
    Json,
    /// A shell command that sends the request with curl
    Curl,
}

/// The value of `--timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Time {
    Now,
    At(u64),
}

fn presign_time(text: &str) -> Result<u32, String> {
    let seconds = whole_seconds(text)?;
    match (1..=604_800).contains(&seconds) {
        true => Ok(seconds),
        false => Err("expected 1 second to 7 days, such as 15m".into()),
    }
}

fn key_length(text: &str) -> Result<u32, String> {
    match size(text)? {
        bytes @ 16..=4096 => Ok(bytes as u32),
        _ => Err("expected 16 to 4096 bytes".into()),
    }
}

fn now_or_number(text: &str) -> Result<Time, String> {
    match text {
        "now" => Ok(Time::Now),
        _ => text.parse().map(Time::At).map_err(|_| "expected seconds since 1970, or 'now'".into()),
    }
}
