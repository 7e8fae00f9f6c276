//! The options of each tool, and the rules for combining them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use hsum::manifest::{
    AlgorithmFamily, DigestEncoding, GnuDialect, LineFormat, LineStyle, Terminator,
};
use hsum::{Algorithm, HashFunction};

use crate::cli::check::report::{LineWarnings, ReportOptions, Verbosity};
use crate::cli::gnu::error::CommandLineError;
use crate::cli::gnu::getopt::{self, OptionSpec, Order, Step, Takes};
use crate::cli::gnu::legacy::Legacy;
use crate::cli::gnu::tools::Tool;
use crate::cli::print::OutputFormat;
use crate::cli::quote::quote_text;

/// A parsed command line.
pub(super) enum Command {
    Help,
    Version,
    Sum { function: SumFunction, form: OutputFormat, debug: bool, operands: Vec<OsString> },
    Check { dialect: GnuDialect, report: ReportOptions, operands: Vec<OsString> },
}

/// A hash function or another checksum function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SumFunction {
    Digest(HashFunction),
    Legacy(Legacy),
}

/// A value of `cksum --algorithm`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AlgorithmValue {
    Digest(AlgorithmFamily),
    Legacy(Legacy),
}

/// The values of `cksum --algorithm` in the order of GNU's messages.
const ALGORITHMS: [(&str, AlgorithmValue); 14] = {
    use AlgorithmFamily::{One, Sha2, Sha3};
    use AlgorithmValue::Digest;
    [
        ("bsd", AlgorithmValue::Legacy(Legacy::Bsd)),
        ("sysv", AlgorithmValue::Legacy(Legacy::SysV)),
        ("crc", AlgorithmValue::Legacy(Legacy::Crc)),
        ("crc32b", AlgorithmValue::Legacy(Legacy::Crc32b)),
        ("md5", Digest(One(Algorithm::Md5))),
        ("sha1", Digest(One(Algorithm::Sha1))),
        ("sha224", Digest(One(Algorithm::Sha224))),
        ("sha256", Digest(One(Algorithm::Sha256))),
        ("sha384", Digest(One(Algorithm::Sha384))),
        ("sha512", Digest(One(Algorithm::Sha512))),
        ("sha2", Digest(Sha2)),
        ("sha3", Digest(Sha3)),
        ("blake2b", Digest(One(Algorithm::Blake2b))),
        ("sm3", Digest(One(Algorithm::Sm3))),
    ]
};

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

/// Returns the options of a tool, in the order in which GNU lists "possibilities".
fn specs(tool: Tool) -> Vec<OptionSpec<Key>> {
    use Takes::{Argument, Nothing};
    let spec = |key, short, long, takes| OptionSpec { key, short, long, takes };
    let mut specs = Vec::new();
    if tool.has_length() {
        specs.push(spec(Key::Length, Some(b'l'), Some("length"), Argument));
    }
    specs.extend(match tool {
        Tool::Sum => vec![
            spec(Key::Bsd, Some(b'r'), None, Nothing),
            spec(Key::SysV, Some(b's'), Some("sysv"), Nothing),
        ],
        Tool::Digest(_) | Tool::Cksum => vec![
            spec(Key::Check, Some(b'c'), Some("check"), Nothing),
            spec(Key::IgnoreMissing, None, Some("ignore-missing"), Nothing),
            spec(Key::Quiet, None, Some("quiet"), Nothing),
            spec(Key::Status, None, Some("status"), Nothing),
            spec(Key::Warn, Some(b'w'), Some("warn"), Nothing),
            spec(Key::Strict, None, Some("strict"), Nothing),
            spec(Key::Tag, None, Some("tag"), Nothing),
            spec(Key::Zero, Some(b'z'), Some("zero"), Nothing),
            spec(Key::Binary, Some(b'b'), Some("binary"), Nothing),
            spec(Key::Text, Some(b't'), Some("text"), Nothing),
        ],
    });
    if tool == Tool::Cksum {
        specs.extend([
            spec(Key::Algorithm, Some(b'a'), Some("algorithm"), Argument),
            spec(Key::Base64, None, Some("base64"), Nothing),
            spec(Key::Debug, None, Some("debug"), Nothing),
            spec(Key::Raw, None, Some("raw"), Nothing),
            spec(Key::Untagged, None, Some("untagged"), Nothing),
        ]);
    }
    specs.push(spec(Key::Help, None, Some("help"), Nothing));
    specs.push(spec(Key::Version, None, Some("version"), Nothing));
    specs
}

/// The options of a command line.
#[derive(Default)]
struct Options {
    algorithm: Option<AlgorithmValue>,
    length: Option<OsString>,
    /// The other options in the order of the command line.
    keys: Vec<Key>,
}

/// Parses the words after the program's name.
pub(super) fn parse(
    tool: Tool,
    order: Order,
    words: impl IntoIterator<Item = OsString>,
) -> Result<Command, CommandLineError> {
    let mut options = Options::default();
    let mut operands = Vec::new();
    for step in getopt::parse(&specs(tool), order, words) {
        let (key, value) = match step {
            Step::Operand(word) => {
                operands.push(word);
                continue;
            }
            Step::Error(message) => return Err(CommandLineError::usage(message)),
            Step::Option(key, value) => (key, value),
        };
        match key {
            Key::Help => return Ok(Command::Help),
            Key::Version => return Ok(Command::Version),
            Key::Algorithm => options.algorithm = Some(algorithm(&value)?),
            Key::Length => options.length = Some(value),
            _ => options.keys.push(key),
        }
    }
    options.command(tool, operands)
}

fn algorithm(name: &OsStr) -> Result<AlgorithmValue, CommandLineError> {
    let found = ALGORITHMS.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names = ALGORITHMS.map(|(name, _)| format!("\n  - {}", quote_text(name.as_bytes())));
        CommandLineError::usage(format!(
            "invalid argument {} for {}\nValid arguments are:{}",
            quote_text(name.as_bytes()),
            quote_text(b"--algorithm"),
            names.concat()
        ))
    })
}

impl Options {
    fn has(&self, key: Key) -> bool {
        self.keys.contains(&key)
    }

    /// Returns the last of `keys` on the command line; they override each other.
    fn last<const N: usize>(&self, keys: [Key; N]) -> Option<Key> {
        self.keys.iter().rev().find(|key| keys.contains(key)).copied()
    }

    fn mode(&self) -> Option<Key> {
        self.last([Key::Binary, Key::Text])
    }

    fn tag(&self) -> Option<Key> {
        self.last([Key::Tag, Key::Untagged])
    }

    fn verbosity(&self) -> Option<Key> {
        self.last([Key::Status, Key::Quiet, Key::Warn])
    }

    fn command(self, tool: Tool, operands: Vec<OsString>) -> Result<Command, CommandLineError> {
        let algorithm = match (tool, self.algorithm) {
            (Tool::Digest(algorithm), _) => AlgorithmValue::Digest(AlgorithmFamily::One(algorithm)),
            (Tool::Sum, _) if self.last([Key::Bsd, Key::SysV]) == Some(Key::SysV) => {
                AlgorithmValue::Legacy(Legacy::SysV)
            }
            (Tool::Sum, _) => AlgorithmValue::Legacy(Legacy::Bsd),
            (Tool::Cksum, value) => value.unwrap_or(AlgorithmValue::Legacy(Legacy::Crc)),
        };
        let function = self.function(algorithm)?;
        if let (true, Some(AlgorithmValue::Legacy(_))) = (self.has(Key::Check), self.algorithm) {
            let message = "--check is not supported with --algorithm={bsd,sysv,crc,crc32b}";
            return Err(CommandLineError::plain(message));
        }
        self.check_conflicts(tool)?;
        if self.has(Key::Check) {
            let (dialect, label) = match (tool, algorithm) {
                (Tool::Digest(algorithm), _) => (GnuDialect::Own(algorithm), algorithm.tag()),
                (_, AlgorithmValue::Digest(family)) => {
                    (GnuDialect::Cksum(Some(family)), family.tag())
                }
                (_, AlgorithmValue::Legacy(_)) => (GnuDialect::Cksum(None), "CRC"),
            };
            return Ok(Command::Check { dialect, report: self.report_options(label), operands });
        }
        if self.has(Key::Raw) && operands.len() > 1 {
            let message = "the --raw option is not supported with multiple files";
            return Err(CommandLineError::plain(message));
        }
        let form = if self.has(Key::Raw) {
            OutputFormat::Raw
        } else {
            OutputFormat::Lines(self.style(tool))
        };
        let function = function.unwrap_or(SumFunction::Legacy(Legacy::Crc));
        Ok(Command::Sum { function, form, debug: self.has(Key::Debug), operands })
    }

    /// Returns the function; `None` if each line of the checksum file determines it.
    fn function(&self, value: AlgorithmValue) -> Result<Option<SumFunction>, CommandLineError> {
        let text = self.length.as_deref().unwrap_or_default();
        let invalid = |rule: &str| CommandLineError::length(text, rule);
        let bits = match self.length.as_deref() {
            Some(text) => Some(number(text).ok_or_else(|| invalid(""))?),
            None => None,
        };
        let sized = |family: AlgorithmFamily, bits: u64| {
            let len = usize::try_from(bits / 8).ok().filter(|_| bits.is_multiple_of(8));
            len.and_then(|len| family.function(len)).map(SumFunction::Digest)
        };
        match value {
            AlgorithmValue::Digest(family @ AlgorithmFamily::One(algorithm))
                if algorithm.has_variable_len() =>
            {
                let max = algorithm.max_len() as u64 * 8;
                let bits = bits.filter(|bits| *bits > 0).unwrap_or(max);
                if bits > max {
                    let name = quote_text(algorithm.tag().as_bytes());
                    return Err(invalid(&format!(
                        "maximum digest length for {name} is {max} bits"
                    )));
                }
                let function = sized(family, bits);
                function.map(Some).ok_or_else(|| invalid("length is not a multiple of 8"))
            }
            AlgorithmValue::Digest(family @ (AlgorithmFamily::Sha2 | AlgorithmFamily::Sha3)) => {
                const LENGTHS: &str = "224, 256, 384, or 512";
                match bits {
                    Some(bits) => sized(family, bits).map(Some).ok_or_else(|| {
                        let name = quote_text(family.tag().as_bytes());
                        invalid(&format!("digest length for {name} must be {LENGTHS}"))
                    }),
                    None if self.has(Key::Check) => Ok(None),
                    None => Err(CommandLineError::plain(format!(
                        "--algorithm={} requires specifying --length {LENGTHS}",
                        family.tag().to_ascii_lowercase()
                    ))),
                }
            }
            _ if bits.is_some_and(|bits| bits > 0) => Err(CommandLineError::plain(
                "--length is only supported with --algorithm blake2b, sha2, or sha3",
            )),
            AlgorithmValue::Digest(AlgorithmFamily::One(algorithm)) => {
                Ok(Some(SumFunction::Digest(algorithm.into())))
            }
            AlgorithmValue::Legacy(legacy) => Ok(Some(SumFunction::Legacy(legacy))),
        }
    }

    /// Returns `true` if the lines begin with the algorithm's name.
    fn is_tagged(&self, tool: Tool) -> bool {
        match tool {
            Tool::Cksum => self.tag() != Some(Key::Untagged),
            _ => self.has(Key::Tag),
        }
    }

    /// Fails if one option excludes another.
    fn check_conflicts(&self, tool: Tool) -> Result<(), CommandLineError> {
        let fail = |message: &str| Err(CommandLineError::usage(message));
        if self.has(Key::Base64) && self.has(Key::Raw) {
            return fail("--base64 and --raw are mutually exclusive");
        }
        let has_tag = self.tag() == Some(Key::Tag);
        let is_tagged = has_tag || self.is_tagged(tool) && !self.has(Key::Check);
        if self.mode() == Some(Key::Text) && is_tagged {
            return fail(match tool {
                Tool::Cksum => "--text mode is only supported with --untagged",
                _ => "--tag does not support --text mode",
            });
        }
        let only_without_check = [
            (self.has(Key::Zero), "--zero option is not supported"),
            (has_tag, "--tag option is meaningless"),
            (self.mode().is_some(), "--binary and --text options are meaningless"),
        ];
        let only_with_check = [
            (self.has(Key::IgnoreMissing), "ignore-missing"),
            (self.verbosity() == Some(Key::Status), "status"),
            (self.verbosity() == Some(Key::Warn), "warn"),
            (self.verbosity() == Some(Key::Quiet), "quiet"),
            (self.has(Key::Strict), "strict"),
        ];
        let find = |options: &[(bool, &'static str)]| {
            options.iter().find(|(is_given, _)| *is_given).map(|(_, text)| *text)
        };
        match self.has(Key::Check) {
            true => find(&only_without_check)
                .map_or(Ok(()), |text| fail(&format!("the {text} when verifying checksums"))),
            false => find(&only_with_check).map_or(Ok(()), |name| {
                fail(&format!("the --{name} option is meaningful only when verifying checksums"))
            }),
        }
    }

    fn report_options(&self, label: &'static str) -> ReportOptions {
        ReportOptions {
            verbosity: match self.verbosity() {
                Some(Key::Status) => Verbosity::Nothing,
                Some(Key::Quiet) => Verbosity::Failures,
                _ => Verbosity::All,
            },
            line_warnings: match self.verbosity() {
                Some(Key::Warn) => LineWarnings::WithTag(label),
                _ => LineWarnings::None,
            },
            strict: self.has(Key::Strict),
            ignore_missing: self.has(Key::IgnoreMissing),
            needs_digests: false,
        }
    }

    fn style(&self, tool: Tool) -> LineStyle {
        let format = match self.mode() {
            _ if self.is_tagged(tool) => LineFormat::Tagged,
            Some(Key::Binary) => LineFormat::Binary,
            _ => LineFormat::Untagged,
        };
        LineStyle::new(format)
            .encoding(if self.has(Key::Base64) {
                DigestEncoding::Base64
            } else {
                DigestEncoding::Hex
            })
            .terminator(if self.has(Key::Zero) { Terminator::Nul } else { Terminator::Newline })
    }
}

/// Parses a decimal number, after white space and a plus sign; clamps it to `u64::MAX`.
fn number(text: &OsStr) -> Option<u64> {
    let text = text.as_bytes();
    let text = &text[text.iter().take_while(|b| matches!(b, b' ' | 9..=13)).count()..];
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let fold = |n: u64, digit: &u8| n.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    is_number.then(|| digits.iter().fold(0, fold))
}
