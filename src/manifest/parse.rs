//! One line → [`Entry`] or [`BadLine`]: GNU's untagged form, BSD's tagged and reversed ones.

use std::fmt;
use std::str;

use super::fields::path_from;
use super::{Entry, GnuDialect, heading};
use crate::algorithm::names::UnknownAlgorithm;
use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;

/// Reads the lines of one list, one after the other.
///
/// A line names its algorithm by a tag, or not at all. In the second case it is the one given to
/// [`LineParser::untagged`], or else that of MD5, SHA-1 and SHA-2 whose digest is as long.
///
/// ```
/// use hsum::manifest::LineParser;
///
/// let mut parser = LineParser::new();
/// let entry = parser.parse_line(b"MD5 (empty) = d41d8cd98f00b204e9800998ecf8427e")?.unwrap();
/// assert_eq!(entry.path.to_str(), Some("empty"));
/// assert!(parser.parse_line(b"# a comment")?.is_none());
/// assert!(parser.parse_line(b"no digest here").is_err());
/// # Ok::<(), hsum::manifest::BadLine>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LineParser {
    rules: Rules,
    latest_tag: Option<&'static str>,
    /// The algorithm that a comment names for the untagged lines below it.
    heading: Option<Result<HashFunction, BadLine>>,
    /// What the first untagged line of the list was; the others must be alike, for a reversed
    /// line whose name begins with a blank or `*` cannot be told from a GNU line.
    shape: Option<Order>,
}

#[derive(Clone, Copy, Debug)]
enum Rules {
    /// Every algorithm, by tag or by length, if the untagged lines are not said to be of one.
    Any {
        untagged: Option<HashFunction>,
    },
    Gnu(GnuDialect),
}

impl Default for Rules {
    fn default() -> Self {
        Self::Any { untagged: None }
    }
}

impl Rules {
    /// Whether an untagged line may end after the blank: where digests have many lengths, the
    /// coreutils do not find it too short, and take it for one of a file without a name.
    fn lets_names_be_empty(self) -> bool {
        matches!(self, Self::Gnu(dialect) if dialect.reads_bits())
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Order {
    /// `DIGEST`, blank, space or `*`, name.
    Gnu,
    /// `DIGEST`, blank, name.
    Reversed,
}

/// Why a line is not an [`Entry`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum BadLine {
    /// It begins with neither a digest nor an algorithm's tag.
    NoDigest,
    /// It is shaped like a tagged line; no algorithm goes by that tag.
    UnknownTag,
    /// The digest is not as long as its algorithm's are, or is no hex or base64.
    BadDigest,
    /// No name follows the digest, or none stands within the parentheses.
    NoName,
    /// An escape other than `\\`, `\n` and `\r` in a line marked as escaped.
    BadEscape,
    /// A NUL byte, which no name holds.
    Nul,
    /// Longer than any name could make it.
    TooLong,
    /// It asks for standard input, which the list itself is read from.
    StdinTwice,
    /// The digest is of an algorithm that is not computed here.
    NotComputed,
    /// The digest is not of the file's bytes.
    NotOfAFile,
    /// The digests are of archives in Yarn's cache, not of packages.
    OfACache,
    /// Two different digests of one algorithm for one file, or two names.
    Conflict,
    /// A digest beside those of a file, and nothing names the file that it is of: `xz_hash`
    /// without `xz_url`.
    Unpaired,
    /// The file is listed, and no digest is given.
    WithoutDigest,
    /// The file could not be read when the list was made.
    NotRead,
    /// The name leads out of the directory: it is absolute, or has `..` in it.
    Outside,
    /// Other entries have the same base name.
    Ambiguous,
    /// Weak digests only, where they are refused.
    Weak,
    /// A list that must be read whole is too large: 16 MiB, or 4 MiB of digests in a shell script.
    TooLarge,
    /// The list is a record of a tree that is damaged or incomplete.
    Damaged,
    /// The list is a record of a tree in a format that this version does not know.
    Version,
    /// The list's JSON, XML, TOML or UTF-16 is broken.
    Syntax,
    /// The list is a page of HTML.
    Html,
    /// A digest without a name, and the list's own name does not tell which file it is of.
    Unnamed,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDigest => "neither a digest nor an algorithm at its beginning",
            Self::UnknownTag => "unknown algorithm",
            Self::BadDigest => "the digest is malformed or of the wrong length",
            Self::NoName => "no file name",
            Self::BadEscape => "malformed escape in the file name",
            Self::Nul => "NUL byte in the line",
            Self::TooLong => "the line is too long",
            Self::StdinTwice => "standard input is the list itself",
            Self::NotComputed => "the algorithm is not computed here",
            Self::NotOfAFile => "the digest is not of the file's bytes",
            Self::OfACache => {
                "a yarn.lock whose digests are of the archives in Yarn's cache, not of packages"
            }
            Self::Conflict => "two different digests of one algorithm for one file",
            Self::Unpaired => "a digest of another file, which is not named",
            Self::WithoutDigest => "listed without a digest",
            Self::NotRead => {
                "the list has no digest for it: it could not be read when the list was made"
            }
            Self::Outside => "the name leads out of the directory (see --allow-outside)",
            Self::Ambiguous => "several entries have this base name",
            Self::Weak => "only MD5 or SHA-1, which --strong refuses",
            Self::TooLarge => "too large: a list of this kind is read whole",
            Self::Damaged => "the record is damaged or incomplete; the rest of it is not read",
            Self::Version => "the record has a format that this version of hsum does not know",
            Self::Syntax => "broken JSON, XML, UTF-16, TOML or array",
            Self::Html => "a page of HTML, not a list of digests",
            Self::Unnamed => "a digest without a name; --only FILE says which file it is of",
        })
    }
}

impl std::error::Error for BadLine {}

impl BadLine {
    /// Whether the line is well formed, and refused: a file that should be verified is not, which
    /// is a failure.
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::Conflict | Self::Outside | Self::Ambiguous | Self::Weak)
    }
}

impl LineParser {
    /// A parser at the beginning of a list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what untagged lines hold. Where the algorithm's length can be chosen, the digest
    /// tells it.
    pub fn untagged(mut self, function: impl Into<HashFunction>) -> Self {
        self.rules = Rules::Any { untagged: Some(function.into()) };
        self
    }

    /// Takes the lines that one of the coreutils takes.
    pub fn dialect(mut self, dialect: GnuDialect) -> Self {
        self.rules = Rules::Gnu(dialect);
        self
    }

    /// The last tag that began a line, a bad one too, where the dialect leaves the algorithm to
    /// the tags.
    pub fn latest_tag(&self) -> Option<&'static str> {
        self.latest_tag
    }

    /// Reads one line, which may or may not end in LF or CR LF. `None` for a comment (`#` first)
    /// and for an empty line.
    ///
    /// # Errors
    /// [`BadLine`] says why the line is not an entry.
    pub fn parse_line(&mut self, line: &[u8]) -> Result<Option<Entry>, BadLine> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if let Some(comment) = line.strip_prefix(b"#") {
            if matches!(self.rules, Rules::Any { .. }) {
                self.heading = heading::read(comment).or(self.heading);
            }
            return Ok(None);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok(None);
        }
        if line.contains(&0) {
            return Err(BadLine::Nul);
        }
        let line = line.trim_ascii_start_blanks();
        let (escaped, line) = match line.strip_prefix(b"\\") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (digest, name) = match self.rules {
            Rules::Any { untagged } => self.any_line(untagged, line)?,
            Rules::Gnu(dialect) => self.gnu_line(dialect, line)?,
        };
        let name = if escaped { unescape(name)? } else { name.to_vec() };
        Ok(Some(Entry::new(path_from(name)?, digest)))
    }

    fn any_line<'l>(
        &mut self,
        untagged: Option<HashFunction>,
        line: &'l [u8],
    ) -> Result<(Digest, &'l [u8]), BadLine> {
        let heading = self.heading;
        let digest = |text: &[u8]| match (heading, untagged) {
            (Some(function), _) => digest_of(Tag::of(function?), text),
            (_, Some(function)) if function == function.algorithm().into() => {
                digest_of(Tag::AnyLen(function.algorithm()), text)
            }
            (_, Some(function)) => digest_of(Tag::Exactly(function), text),
            (_, None) => by_length(text),
        };
        let fields = match tag(line) {
            Some((Ok(tag), fields)) => tagged_fields(fields, |text| digest_of(tag, text))?,
            // `DIGEST (NAME` is an untagged line whose name begins with a parenthesis.
            Some((Err(_), _)) => self.untagged_line(line, digest).map_err(|bad| match bad {
                BadLine::NoDigest => BadLine::UnknownTag,
                bad => bad,
            })?,
            None => self.untagged_line(line, digest)?,
        };
        if fields.1.is_empty() { Err(BadLine::NoName) } else { Ok(fields) }
    }

    fn gnu_line<'l>(
        &mut self,
        dialect: GnuDialect,
        line: &'l [u8],
    ) -> Result<(Digest, &'l [u8]), BadLine> {
        let tag = dialect.tag(line);
        if let (Some(tag), GnuDialect::Cksum(None)) = (&tag, dialect) {
            self.latest_tag = Some(tag.name);
        }
        match tag.and_then(|tag| tag.fields) {
            Some((function, fields)) => {
                let function = function?;
                let exactly = |len| Some(function).filter(|f| f.len() == len);
                tagged_fields(fields, |text| dialect.digest(exactly, text))
            }
            None => self.untagged_line(line, |text| dialect.untagged(text)),
        }
    }

    fn untagged_line<'l>(
        &mut self,
        line: &'l [u8],
        digest: impl Fn(&[u8]) -> Result<Digest, BadLine>,
    ) -> Result<(Digest, &'l [u8]), BadLine> {
        let end = line.iter().position(|&b| is_blank(b)).ok_or(BadLine::NoDigest)?;
        let digest = digest(&line[..end])?;
        let rest = &line[end + 1..];
        let shape = match rest {
            [] if !self.rules.lets_names_be_empty() => return Err(BadLine::NoName),
            [b' ' | b'*', _, ..] => Order::Gnu,
            _ => Order::Reversed,
        };
        match (*self.shape.get_or_insert(shape), shape) {
            (Order::Gnu, Order::Gnu) => Ok((digest, &rest[1..])),
            (Order::Gnu, Order::Reversed) => Err(BadLine::NoName),
            (Order::Reversed, _) => Ok((digest, rest)),
        }
    }
}

/// The tag of `TAG (NAME) = DIGEST` or of OpenSSL's `TAG(NAME)= DIGEST`, and what follows the
/// parenthesis. `None` where the line does not begin like one.
fn tag(line: &[u8]) -> Option<(Result<Tag, UnknownAlgorithm>, &[u8])> {
    let open = line.iter().position(|&b| b == b'(')?;
    let tag = str::from_utf8(&line[..open]).ok()?;
    // rhash pads short tags: five characters and a space.
    let padded = tag.len() == 6;
    let tag = if padded { tag.trim_end_matches(' ') } else { tag.strip_suffix(' ').unwrap_or(tag) };
    if tag.is_empty() || !tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b)) {
        return None;
    }
    let function = tag.parse().map(|function: HashFunction| {
        let algorithm = function.algorithm();
        // A tag without a length: BLAKE2 means its longest digest, SHAKE and BLAKE3 any.
        let open = algorithm.is_extendable() && !tag.ends_with(&(function.len() * 8).to_string());
        if open { Tag::AnyLen(algorithm) } else { Tag::Exactly(function) }
    });
    Some((function, &line[open + 1..]))
}

/// What a tag says of the digest.
#[derive(Clone, Copy)]
enum Tag {
    Exactly(HashFunction),
    AnyLen(Algorithm),
}

impl Tag {
    /// Returns the tag of a heading's function, with any length if the heading leaves it open.
    fn of(function: HashFunction) -> Self {
        let algorithm = function.algorithm();
        match algorithm.is_extendable() && function == algorithm.into() {
            true => Self::AnyLen(algorithm),
            false => Self::Exactly(function),
        }
    }
}

/// `NAME) = DIGEST`; the name ends at the last parenthesis.
fn tagged_fields(
    fields: &[u8],
    digest: impl Fn(&[u8]) -> Result<Digest, BadLine>,
) -> Result<(Digest, &[u8]), BadLine> {
    let close = fields.iter().rposition(|&b| b == b')').ok_or(BadLine::NoName)?;
    let value = fields[close + 1..].trim_ascii_start_blanks();
    let value = value.strip_prefix(b"=").ok_or(BadLine::NoDigest)?.trim_ascii_start_blanks();
    Ok((digest(value)?, &fields[..close]))
}

/// A digest in hex or base64.
fn digest_of(tag: Tag, text: &[u8]) -> Result<Digest, BadLine> {
    let function = |len| match tag {
        Tag::Exactly(function) => Some(function).filter(|f| f.len() == len),
        Tag::AnyLen(algorithm) => HashFunction::new(algorithm, len),
    };
    let is_hex = text.iter().all(u8::is_ascii_hexdigit);
    let hex = || Digest::from_hex(function(text.len() / 2)?, text).ok();
    let base64 = || Digest::from_base64(function(base64_len(text)?)?, text).ok();
    (if is_hex { hex().or_else(base64) } else { base64() }).ok_or(BadLine::BadDigest)
}

/// A digest that nothing but its length tells the algorithm of.
fn by_length(text: &[u8]) -> Result<Digest, BadLine> {
    let is_hex = !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit);
    let len = if is_hex { Some(text.len() / 2) } else { base64_len(text) };
    match len.and_then(Algorithm::from_digest_len) {
        Some(algorithm) => digest_of(Tag::Exactly(algorithm.into()), text),
        None if is_hex => Err(BadLine::BadDigest),
        None => Err(BadLine::NoDigest),
    }
}

/// How many bytes padded base64 of this length stands for.
pub(super) fn base64_len(text: &[u8]) -> Option<usize> {
    let padding = text.iter().rev().take_while(|&&b| b == b'=').count();
    (text.len().is_multiple_of(4) && padding <= 2 && !text.is_empty())
        .then(|| text.len() / 4 * 3 - padding)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

trait TrimBlanks {
    /// Without the spaces and tabs at its beginning.
    fn trim_ascii_start_blanks(&self) -> &Self;
}

impl TrimBlanks for [u8] {
    fn trim_ascii_start_blanks(&self) -> &Self {
        let start = self.iter().position(|&b| !is_blank(b)).unwrap_or(self.len());
        &self[start..]
    }
}

fn unescape(name: &[u8]) -> Result<Vec<u8>, BadLine> {
    let mut plain = Vec::with_capacity(name.len());
    let mut bytes = name.iter();
    while let Some(&byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'\\') => b'\\',
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                _ => return Err(BadLine::BadEscape),
            },
            _ => byte,
        });
    }
    Ok(plain)
}
