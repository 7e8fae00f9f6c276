//! What each tool can be told, and what of it makes sense together.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use hsum::manifest::{
    AlgorithmFamily, DigestEncoding, GnuDialect, LineFormat, LineStyle, Terminator,
};
use hsum::{Algorithm, HashFunction};

use super::super::check::{Manner, Report, Warn};
use super::super::quote::quote_text;
use super::getopt::{Opt, Order, Step, Takes, parse};
use super::legacy::Legacy;
use super::{Fault, Tool};

/// What a command line comes to.
pub(super) enum Request {
    Help,
    Version,
    Sum { what: What, print: Print, debug: bool, operands: Vec<OsString> },
    Check { dialect: GnuDialect, manner: Manner, operands: Vec<OsString> },
}

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    Digest(HashFunction),
    Legacy(Legacy),
}

/// How it is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Print {
    Lines(LineStyle),
    Raw,
}

/// What `cksum --algorithm` takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    AlgorithmFamily(AlgorithmFamily),
    Legacy(Legacy),
}

const ALGORITHMS: [(&str, Kind); 14] = [
    ("bsd", Kind::Legacy(Legacy::Bsd)),
    ("sysv", Kind::Legacy(Legacy::SysV)),
    ("crc", Kind::Legacy(Legacy::Crc)),
    ("crc32b", Kind::Legacy(Legacy::Crc32b)),
    ("md5", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Md5))),
    ("sha1", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sha1))),
    ("sha224", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sha224))),
    ("sha256", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sha256))),
    ("sha384", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sha384))),
    ("sha512", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sha512))),
    ("sha2", Kind::AlgorithmFamily(AlgorithmFamily::Sha2)),
    ("sha3", Kind::AlgorithmFamily(AlgorithmFamily::Sha3)),
    ("blake2b", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Blake2b))),
    ("sm3", Kind::AlgorithmFamily(AlgorithmFamily::One(Algorithm::Sm3))),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Algorithm,
    Base64,
    Binary,
    Bsd,
    Check,
    Debug,
    Help,
    IgnoreMissing,
    Length,
    Quiet,
    Raw,
    Status,
    Strict,
    SysV,
    Tag,
    Text,
    Untagged,
    Version,
    Warn,
    Zero,
}

const fn opt(key: Key, short: Option<u8>, long: Option<&'static str>, takes: Takes) -> Opt<Key> {
    Opt { key, short, long, takes }
}

/// In the order in which "possibilities" are listed.
fn table(tool: Tool) -> Vec<Opt<Key>> {
    use Takes::{Argument, Nothing};
    let mut table = match tool {
        Tool::Sum => vec![
            opt(Key::Bsd, Some(b'r'), None, Nothing),
            opt(Key::SysV, Some(b's'), Some("sysv"), Nothing),
        ],
        Tool::Digest(_) | Tool::Cksum => vec![
            opt(Key::Check, Some(b'c'), Some("check"), Nothing),
            opt(Key::IgnoreMissing, None, Some("ignore-missing"), Nothing),
            opt(Key::Quiet, None, Some("quiet"), Nothing),
            opt(Key::Status, None, Some("status"), Nothing),
            opt(Key::Warn, Some(b'w'), Some("warn"), Nothing),
            opt(Key::Strict, None, Some("strict"), Nothing),
            opt(Key::Tag, None, Some("tag"), Nothing),
            opt(Key::Zero, Some(b'z'), Some("zero"), Nothing),
            opt(Key::Binary, Some(b'b'), Some("binary"), Nothing),
            opt(Key::Text, Some(b't'), Some("text"), Nothing),
        ],
    };
    if tool == Tool::Cksum {
        table.extend([
            opt(Key::Algorithm, Some(b'a'), Some("algorithm"), Argument),
            opt(Key::Base64, None, Some("base64"), Nothing),
            opt(Key::Debug, None, Some("debug"), Nothing),
            opt(Key::Raw, None, Some("raw"), Nothing),
            opt(Key::Untagged, None, Some("untagged"), Nothing),
        ]);
    }
    if tool == Tool::Cksum || tool == Tool::Digest(Algorithm::Blake2b) {
        table.insert(0, opt(Key::Length, Some(b'l'), Some("length"), Argument));
    }
    table.push(opt(Key::Help, None, Some("help"), Nothing));
    table.push(opt(Key::Version, None, Some("version"), Nothing));
    table
}

/// The options, as they stand at the end of the command line.
#[derive(Default)]
struct Given {
    algorithm: Option<Kind>,
    sysv: bool,
    length: Option<OsString>,
    check: bool,
    ignore_missing: bool,
    strict: bool,
    /// Of `--status`, `--quiet` and `--warn`, the last.
    loudness: Option<Key>,
    /// Of `--binary` and `--text`, the last.
    mode: Option<Key>,
    /// Of `--tag` and `--untagged`, the last.
    tag: Option<Key>,
    zero: bool,
    base64: bool,
    raw: bool,
    debug: bool,
}

/// Reads a command line, the program's name left out.
pub(super) fn read(
    tool: Tool,
    order: Order,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Request, Fault> {
    let mut given = Given::default();
    let mut operands = Vec::new();
    for step in parse(&table(tool), order, words) {
        let (key, value) = match step {
            Step::Operand(word) => {
                operands.push(word);
                continue;
            }
            Step::Wrong(message) => return Err(Fault::usage(message)),
            Step::Option(key, value) => (key, value),
        };
        match key {
            Key::Help => return Ok(Request::Help),
            Key::Version => return Ok(Request::Version),
            Key::Algorithm => given.algorithm = Some(algorithm(&value)?),
            Key::Length => given.length = Some(value),
            Key::Base64 => given.base64 = true,
            Key::Raw => given.raw = true,
            Key::Debug => given.debug = true,
            Key::Check => given.check = true,
            Key::IgnoreMissing => given.ignore_missing = true,
            Key::Strict => given.strict = true,
            Key::Zero => given.zero = true,
            Key::Bsd => given.sysv = false,
            Key::SysV => given.sysv = true,
            Key::Binary | Key::Text => given.mode = Some(key),
            Key::Tag | Key::Untagged => given.tag = Some(key),
            Key::Status | Key::Quiet | Key::Warn => given.loudness = Some(key),
        }
    }
    given.request(tool, operands)
}

fn algorithm(name: &OsString) -> Result<Kind, Fault> {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == name.as_os_str());
    found.map(|(_, kind)| *kind).ok_or_else(|| {
        let names = ALGORITHMS.map(|(name, _)| format!("\n  - {}", quote_text(name.as_bytes())));
        Fault::usage(format!(
            "invalid argument {} for {}\nValid arguments are:{}",
            quote_text(name.as_bytes()),
            quote_text(b"--algorithm"),
            names.concat()
        ))
    })
}

impl Given {
    fn request(self, tool: Tool, operands: Vec<OsString>) -> Result<Request, Fault> {
        let kind = match (tool, self.algorithm) {
            (Tool::Digest(algorithm), _) => Kind::AlgorithmFamily(AlgorithmFamily::One(algorithm)),
            (Tool::Sum, _) if self.sysv => Kind::Legacy(Legacy::SysV),
            (Tool::Sum, _) => Kind::Legacy(Legacy::Bsd),
            (Tool::Cksum, kind) => kind.unwrap_or(Kind::Legacy(Legacy::Crc)),
        };
        let what = self.what(kind)?;
        if let (true, Some(Kind::Legacy(_))) = (self.check, self.algorithm) {
            let all = "{bsd,sysv,crc,crc32b}";
            let message = format!("--check is not supported with --algorithm={all}");
            return Err(Fault::plain(message));
        }
        self.agree(tool)?;
        if self.check {
            let (dialect, label) = match (tool, kind) {
                (Tool::Digest(algorithm), _) => (GnuDialect::Own(algorithm), algorithm.tag()),
                (_, Kind::AlgorithmFamily(family)) => {
                    (GnuDialect::Cksum(Some(family)), family.tag())
                }
                (_, Kind::Legacy(_)) => (GnuDialect::Cksum(None), "CRC"),
            };
            return Ok(Request::Check { dialect, manner: self.manner(label), operands });
        }
        if self.raw && operands.len() > 1 {
            let message = "the --raw option is not supported with multiple files";
            return Err(Fault::plain(message));
        }
        let style = self.style(tool);
        let print = if self.raw { Print::Raw } else { Print::Lines(style) };
        let what = what.unwrap_or(What::Legacy(Legacy::Crc));
        Ok(Request::Sum { what, print, debug: self.debug, operands })
    }

    /// What is computed; `None` where only lines to check can tell.
    fn what(&self, kind: Kind) -> Result<Option<What>, Fault> {
        let bits = match &self.length {
            Some(text) => Some(number(text).ok_or_else(|| Fault::length(text, ""))?),
            None => None,
        };
        let text = self.length.clone().unwrap_or_default();
        match kind {
            Kind::AlgorithmFamily(family @ AlgorithmFamily::One(Algorithm::Blake2b)) => {
                let bits = bits.filter(|bits| *bits > 0).unwrap_or(512);
                if bits > 512 {
                    let name = quote_text(b"BLAKE2b");
                    let most = format!("maximum digest length for {name} is 512 bits");
                    return Err(Fault::length(&text, &most));
                }
                let len = Some(bits).filter(|bits| bits.is_multiple_of(8)).map(|bits| bits / 8);
                match len.and_then(|len| family.function(len as usize)) {
                    Some(function) => Ok(Some(What::Digest(function))),
                    None => Err(Fault::length(&text, "length is not a multiple of 8")),
                }
            }
            Kind::AlgorithmFamily(family @ (AlgorithmFamily::Sha2 | AlgorithmFamily::Sha3)) => {
                const LENGTHS: &str = "224, 256, 384, or 512";
                let Some(bits) = bits else {
                    if self.check {
                        return Ok(None);
                    }
                    let name = family.tag().to_ascii_lowercase();
                    return Err(Fault::plain(format!(
                        "--algorithm={name} requires specifying --length {LENGTHS}"
                    )));
                };
                let len = Some(bits).filter(|bits| bits.is_multiple_of(8)).map(|bits| bits / 8);
                match len.and_then(|len| family.function(usize::try_from(len).ok()?)) {
                    Some(function) => Ok(Some(What::Digest(function))),
                    None => {
                        let name = quote_text(family.tag().as_bytes());
                        let rule = format!("digest length for {name} must be {LENGTHS}");
                        Err(Fault::length(&text, &rule))
                    }
                }
            }
            _ if bits.is_some_and(|bits| bits > 0) => Err(Fault::plain(
                "--length is only supported with --algorithm blake2b, sha2, or sha3",
            )),
            Kind::AlgorithmFamily(AlgorithmFamily::One(algorithm)) => {
                Ok(Some(What::Digest(algorithm.into())))
            }
            Kind::Legacy(legacy) => Ok(Some(What::Legacy(legacy))),
        }
    }

    /// Fails where one option rules out another.
    fn agree(&self, tool: Tool) -> Result<(), Fault> {
        let tagged = match tool {
            Tool::Cksum => self.tag != Some(Key::Untagged) && !self.check,
            _ => self.tag.is_some(),
        };
        let verifying = |on: bool, name: &str| match on && !self.check {
            true => Err(Fault::usage(format!(
                "the --{name} option is meaningful only when verifying checksums"
            ))),
            false => Ok(()),
        };
        if self.base64 && self.raw {
            return Err(Fault::usage("--base64 and --raw are mutually exclusive"));
        }
        if self.mode == Some(Key::Text) && (tagged || self.tag == Some(Key::Tag)) {
            return Err(Fault::usage(match tool {
                Tool::Cksum => "--text mode is only supported with --untagged",
                _ => "--tag does not support --text mode",
            }));
        }
        let meaningless = [
            (self.zero, "--zero option is not supported"),
            (self.tag == Some(Key::Tag), "--tag option is meaningless"),
            (self.mode.is_some(), "--binary and --text options are meaningless"),
        ];
        if let (true, Some((_, what))) = (self.check, meaningless.iter().find(|(on, _)| *on)) {
            return Err(Fault::usage(format!("the {what} when verifying checksums")));
        }
        verifying(self.ignore_missing, "ignore-missing")?;
        verifying(self.loudness == Some(Key::Status), "status")?;
        verifying(self.loudness == Some(Key::Warn), "warn")?;
        verifying(self.loudness == Some(Key::Quiet), "quiet")?;
        verifying(self.strict, "strict")
    }

    fn manner(&self, label: &'static str) -> Manner {
        Manner {
            report: match self.loudness {
                Some(Key::Status) => Report::Nothing,
                Some(Key::Quiet) => Report::Failures,
                _ => Report::All,
            },
            warn: match self.loudness {
                Some(Key::Warn) => Warn::WithTag(label),
                _ => Warn::Never,
            },
            strict: self.strict,
            ignore_missing: self.ignore_missing,
            needs_digests: false,
        }
    }

    fn style(&self, tool: Tool) -> LineStyle {
        let tagged = match tool {
            Tool::Cksum => self.tag != Some(Key::Untagged),
            _ => self.tag.is_some(),
        };
        let format = match self.mode {
            _ if tagged => LineFormat::Tagged,
            Some(Key::Binary) => LineFormat::Binary,
            _ => LineFormat::Untagged,
        };
        LineStyle::new(format)
            .encoding(if self.base64 { DigestEncoding::Base64 } else { DigestEncoding::Hex })
            .terminator(if self.zero { Terminator::Nul } else { Terminator::Newline })
    }
}

/// A decimal number, as large as it may be; blanks and a sign may stand before it.
fn number(text: &OsString) -> Option<u64> {
    let text = text.as_bytes();
    let blanks = text.iter().take_while(|b| matches!(b, b' ' | 9..=13)).count();
    let text = &text[blanks..];
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let fold = |n: u64, digit: &u8| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, fold))
}
