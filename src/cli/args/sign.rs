//! The words after `hsum sign`, `hsum verify-request`, `hsum keygen` and `hsum schemes`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hsum::sign::KeyFormat;

use crate::cli::args::shared::one_of;

/// A scheme, its settings and its keys.
#[derive(Args, Debug)]
pub(crate) struct SchemeArgs {
    /// The scheme: a name that 'hsum schemes' lists
    #[arg(short, long, value_name = "NAME")]
    pub(crate) scheme: String,

    /// Where a key is: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt; repeatable
    // Parsed by hand: clap would repeat a wrong value, which may well be the key itself.
    #[arg(short, long, value_name = "SPEC", required = true)]
    pub(crate) key: Vec<OsString>,

    /// How the key is written there, where it is not as the scheme has it
    #[arg(long, value_name = "FORMAT", value_parser = one_of(KeyFormat::ALL, KeyFormat::name))]
    pub(crate) key_format: Option<KeyFormat>,

    /// Treat key warnings as errors
    #[arg(long)]
    pub(crate) strict: bool,

    /// raw, template: the hash below the HMAC [sha256]; jws: HS256, HS384 or HS512 [HS256]
    #[arg(short, long = "alg", value_name = "ALG")]
    pub(crate) algorithm: Option<String>,

    /// raw: the header's name [X-Signature]; template: 'NAME: PATTERN', repeatable; jws: the
    /// header of a detached signature
    #[arg(long = "header", value_name = "NAME")]
    pub(crate) places: Vec<String>,

    /// The flag that sets `places`, which has another name in verbs that send.
    #[arg(skip = "--header")]
    pub(crate) places_flag: &'static str,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// Settings of single schemes.
#[derive(Args, Clone, Debug)]
pub(crate) struct SettingsArgs {
    /// raw, template: encoding of the MAC [hex]
    #[arg(long, value_enum, value_name = "ENCODING", requires = "scheme")]
    pub(crate) encoding: Option<EncodingArg>,

    /// raw: text before the MAC
    #[arg(long, value_name = "TEXT", requires = "scheme")]
    pub(crate) prefix: Option<String>,

    /// template: pattern to sign, such as 'v0:{timestamp}:{body}'
    #[arg(long, value_name = "PATTERN", requires = "scheme")]
    pub(crate) template: Option<String>,

    /// sigv4: the region
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) region: Option<String>,

    /// sigv4: the service
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) service: Option<String>,

    /// sigv4: the access key's id
    #[arg(long, value_name = "ID", requires = "scheme")]
    pub(crate) access_key_id: Option<String>,

    /// sigv4: where the token of temporary credentials is, as for --key
    #[arg(long, value_name = "SPEC", requires = "scheme")]
    pub(crate) session_token: Option<OsString>,

    /// sigv4: sign in the query of a URL that is valid for 1 to 604800 seconds
    #[arg(
        long,
        value_name = "SECONDS",
        requires = "scheme",
        value_parser = clap::value_parser!(u32).range(1..=604_800)
    )]
    pub(crate) presign: Option<u32>,

    /// sigv4: leave the body out of the signature, or accept one without it
    #[arg(long, requires = "scheme")]
    pub(crate) unsigned_payload: bool,

    /// rfc9421: the components to sign, or to demand
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "scheme")]
    pub(crate) cover: Vec<String>,

    /// rfc9421: the signature's label
    #[arg(long, value_name = "NAME", requires = "scheme")]
    pub(crate) label: Option<String>,

    /// rfc9421, jws: the key's id, written and demanded
    #[arg(long, value_name = "ID", visible_alias = "kid", requires = "scheme")]
    pub(crate) keyid: Option<String>,
}

/// [`SchemeArgs`] for verbs that send what they sign, where `--header` and `-a` mean something else.
#[derive(Args, Debug)]
#[command(next_help_heading = "Signature")]
pub(crate) struct SigningArgs {
    /// Sign what is sent, by a scheme that 'hsum schemes' lists
    #[arg(short, long = "sign", value_name = "SCHEME", requires = "key")]
    pub(crate) scheme: Option<String>,

    /// Where a key is: env:NAME, file:PATH, fd:N, '-' (standard input) or prompt; repeatable
    // Parsed by hand, as above.
    #[arg(short, long, value_name = "SPEC", requires = "scheme")]
    pub(crate) key: Vec<OsString>,

    /// How the key is written there, where it is not as the scheme has it
    #[arg(
        long, value_name = "FORMAT", requires = "scheme",
        value_parser = one_of(KeyFormat::ALL, KeyFormat::name)
    )]
    pub(crate) key_format: Option<KeyFormat>,

    /// Treat key warnings as errors
    #[arg(long, requires = "scheme")]
    pub(crate) strict_key: bool,

    /// raw, template: the hash below the HMAC [sha256]; jws: HS256, HS384 or HS512 [HS256]
    #[arg(long, value_name = "ALG", requires = "scheme")]
    pub(crate) alg: Option<String>,

    /// raw, jws: the header's name; template: 'NAME: PATTERN', repeatable
    #[arg(long = "signature-header", value_name = "NAME", requires = "scheme")]
    pub(crate) places: Vec<String>,

    /// The message's id [random]
    #[arg(long, value_name = "TEXT", requires = "scheme")]
    pub(crate) id: Option<String>,

    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

impl SigningArgs {
    /// As `hsum sign` has them; `None` where nothing is to be signed.
    pub(crate) fn scheme(&self) -> Option<SchemeArgs> {
        Some(SchemeArgs {
            scheme: self.scheme.clone()?,
            key: self.key.clone(),
            key_format: self.key_format,
            strict: self.strict_key,
            algorithm: self.alg.clone(),
            places: self.places.clone(),
            places_flag: "--signature-header",
            settings: self.settings.clone(),
        })
    }
}

/// The parts of a request other than its body.
#[derive(Args, Debug)]
pub(crate) struct MessageArgs {
    /// The URL as the sender saw it
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,

    /// The method [POST]
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(crate) method: Option<String>,

    /// A header line 'NAME: VALUE', repeatable
    #[arg(short = 'H', value_name = "LINE")]
    pub(crate) lines: Vec<OsString>,

    /// A file of header lines
    #[arg(long, value_name = "FILE")]
    pub(crate) headers: Option<PathBuf>,

    /// A parameter of a form, or a field that the scheme signs; repeatable
    #[arg(long = "param", value_name = "NAME=VALUE")]
    pub(crate) params: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    pub(crate) scheme: SchemeArgs,

    #[command(flatten)]
    pub(crate) request: MessageArgs,

    /// Seconds since 1970 [now]
    #[arg(long, value_name = "SECONDS", value_parser = now_or_number)]
    pub(crate) timestamp: Option<Time>,

    /// The message's id [random]
    #[arg(long, value_name = "TEXT")]
    pub(crate) id: Option<String>,

    /// A text used once [random, where the scheme does not have it in the body]
    #[arg(long, value_name = "TEXT")]
    pub(crate) nonce: Option<String>,

    /// What to print
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = SignFormat::Headers)]
    pub(crate) format: SignFormat,

    /// The body; '-' or nothing is standard input
    #[arg(value_name = "FILE", default_value = "-", hide_default_value = true)]
    pub(crate) body: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) scheme: SchemeArgs,

    #[command(flatten)]
    pub(crate) request: MessageArgs,

    /// A whole HTTP/1.1 request as it was received: line, headers, body
    #[arg(long, value_name = "FILE", conflicts_with_all = ["headers", "body"])]
    pub(crate) http: Option<PathBuf>,

    /// How far the signed time may be from now, either way [300 in most schemes]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) tolerance: Option<u32>,

    /// Do not look at the signed time
    #[arg(long, conflicts_with = "tolerance")]
    pub(crate) no_freshness: bool,

    /// Take this for the time, in seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    pub(crate) now: Option<u64>,

    /// If it is refused, look for the cause: other line ends, key formats, encodings, URLs
    #[arg(long)]
    pub(crate) explain: bool,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// The body; '-' or nothing is standard input
    #[arg(value_name = "BODY")]
    pub(crate) body: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct KeygenArgs {
    /// How the key is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = KeygenFormat::Whsec)]
    pub(crate) format: KeygenFormat,

    /// How many bytes it has
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(16..=4096))]
    pub(crate) bytes: u32,

    /// Write the key to a new file, which only its owner can read, and which appears when it is complete
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct SchemesArgs {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SignFormat {
    /// Header lines, for 'curl -H @-'; parameters or a URL, where the scheme has it there
    Headers,
    /// The signature alone
    Value,
    Json,
    /// A command line that sends the request
    Curl,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum KeygenFormat {
    Whsec,
    Hex,
    Base64,
    Base64url,
    Raw,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EncodingArg {
    Hex,
    Base64,
    Base64url,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Time {
    Now,
    At(u64),
}

fn now_or_number(text: &str) -> Result<Time, String> {
    match text {
        "now" => Ok(Time::Now),
        _ => text.parse().map(Time::At).map_err(|_| "seconds since 1970, or 'now'".into()),
    }
}
