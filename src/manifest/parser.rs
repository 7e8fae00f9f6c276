//! The parser of GNU, BSD and OpenSSL lines.

use std::borrow::Cow;
use std::str;

use crate::algorithm::names::UnknownAlgorithm;
use crate::algorithm::{Algorithm, HashFunction, multipart};
use crate::digest::Digest;
use crate::manifest::entry::{self, Entry};
use crate::manifest::error::BadLine;
use crate::manifest::fields::base64_len;
use crate::manifest::gnu::GnuDialect;
use crate::manifest::options::ListOptions;
use crate::manifest::write::Terminator;
use crate::notation::names::{NamedFunction, is_unsupported};
use crate::notation::parse::is_multipart;

/// A parser of the lines of one list.
///
/// The algorithm of a line without a tag is the one given to [`LineParser::untagged`] or, failing
/// that, the one of MD5, SHA-1 and SHA-2 whose digests have that length.
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
    /// The algorithm that a comment gives the untagged lines below it.
    heading: Option<Result<NamedFunction, BadLine>>,
    /// The separator of the first untagged line. The other lines must have the same one, because a
    /// name after one blank may start with a blank or `*`.
    separator: Option<Separator>,
    terminator: Terminator,
}

#[derive(Clone, Copy, Debug)]
enum Rules {
    /// Every algorithm, by tag, by length, or as given for lines without a tag.
    Any { untagged: Option<HashFunction> },
    /// The lines that one of the coreutils accepts.
    Gnu(GnuDialect),
}

impl Default for Rules {
    fn default() -> Self {
        Self::Any { untagged: None }
    }
}

/// The characters between the digest and the name of an untagged line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Separator {
    /// A blank, and a space or `*`.
    Two,
    /// A blank.
    One,
}

impl LineParser {
    /// Creates a parser for a list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a parser for a list with these options.
    pub(super) fn with_options(options: &ListOptions) -> Self {
        let rules = Rules::Any { untagged: options.untagged_function() };
        Self { rules, ..Self::default() }
    }

    /// Sets the hash function of lines without a tag.
    ///
    /// For an algorithm with digests of several lengths, the default length means any length.
    pub fn untagged(mut self, function: impl Into<HashFunction>) -> Self {
        self.rules = Rules::Any { untagged: Some(function.into()) };
        self
    }

    /// Accepts the lines that one of the coreutils accepts, and no others.
    pub fn dialect(mut self, dialect: GnuDialect) -> Self {
        self.rules = Rules::Gnu(dialect);
        self
    }

    /// Sets the end of a line. In lines that end in NUL, names are not escaped.
    pub fn terminator(mut self, terminator: Terminator) -> Self {
        self.terminator = terminator;
        self
    }

    /// Returns the last tag of a line, if the dialect leaves the algorithm to tags.
    ///
    /// The line may have been bad.
    pub fn latest_tag(&self) -> Option<&'static str> {
        self.latest_tag
    }

    /// Parses a line, with or without LF or CR LF; returns `None` for a comment or an empty line.
    ///
    /// After [`LineParser::terminator`] with [`Terminator::Nul`], a line must end in NUL.
    ///
    /// # Errors
    /// [`BadLine`] if the line is not an entry.
    pub fn parse_line(&mut self, line: &[u8]) -> Result<Option<Entry>, BadLine> {
        if self.terminator == Terminator::Nul {
            // The end of a list that was cut short, or a list of lines that end in LF.
            let line = line.strip_suffix(b"\0").ok_or(BadLine::Unterminated)?;
            return self.parse_bare_line(line);
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        self.parse_bare_line(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Parses a line without its end, as [`LineParser::parse_line`] does.
    pub(super) fn parse_bare_line(&mut self, line: &[u8]) -> Result<Option<Entry>, BadLine> {
        if let Some(comment) = line.strip_prefix(b"#") {
            if matches!(self.rules, Rules::Any { .. }) {
                self.heading = heading(comment).or(self.heading);
            }
            return Ok(None);
        }
        if line.is_empty() {
            return Ok(None);
        }
        if position(line, |b| b == 0).is_some() {
            return Err(BadLine::Nul);
        }
        let line = trim_blanks(line);
        let (escaped, line) = match line.strip_prefix(b"\\") {
            Some(rest) if self.terminator == Terminator::Newline => (true, rest),
            _ => (false, line),
        };
        let (digest, name) = match self.rules {
            Rules::Any { untagged } => self.any_line(untagged, line)?,
            Rules::Gnu(dialect) => self.gnu_line(dialect, line)?,
        };
        let name = if escaped { Cow::Owned(unescape(name)?) } else { Cow::Borrowed(name) };
        Ok(Some(Entry::new(entry::path(&name)?, digest)))
    }

    fn any_line<'l>(
        &mut self,
        untagged: Option<HashFunction>,
        line: &'l [u8],
    ) -> Result<(Digest, &'l [u8]), BadLine> {
        let heading = self.heading;
        let digest = |text: &[u8]| match (heading, untagged) {
            (Some(named), _) => digest_of(named?, text),
            (_, Some(function)) => digest_of(NamedFunction::hint(function), text),
            (_, None) => by_length(text),
        };
        let fields = match tag(line) {
            Some((Ok(tag), fields)) => tagged_fields(fields, |text| digest_of(tag, text))?,
            // `DIGEST (NAME` is an untagged line whose name starts with a parenthesis.
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
        let end = position(line, is_blank).ok_or(BadLine::NoDigest)?;
        let digest = digest(&line[..end])?;
        let rest = &line[end + 1..];
        let separator = match rest {
            // Coreutils with several digest lengths treat this as the digest of an empty name.
            [] if !matches!(self.rules, Rules::Gnu(dialect) if dialect.reads_bits()) => {
                return Err(BadLine::NoName);
            }
            [b' ' | b'*', _, ..] => Separator::Two,
            _ => Separator::One,
        };
        match (*self.separator.get_or_insert(separator), separator) {
            (Separator::Two, Separator::Two) => Ok((digest, &rest[1..])),
            (Separator::Two, Separator::One) => Err(BadLine::NoName),
            (Separator::One, _) => Ok((digest, rest)),
        }
    }
}

/// Returns the algorithm of a comment that contains only its name: `BLAKE2B HASH`, `SHA256:`,
/// `Checksums-Sha256:`.
fn heading(comment: &[u8]) -> Option<Result<NamedFunction, BadLine>> {
    const NOUNS: [&str; 8] =
        ["hash", "hashes", "digest", "digests", "checksum", "checksums", "sum", "sums"];
    let text = str::from_utf8(comment).ok()?.trim().trim_start_matches('#').trim();
    let text = text.strip_suffix(':').unwrap_or(text).trim_end();
    let mut words = text.split_ascii_whitespace();
    let name = words.next()?;
    let name = match name.split_at_checked("Checksums-".len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case("Checksums-") => rest,
        _ => name,
    };
    let noun = words.next().is_none_or(|word| NOUNS.contains(&&*word.to_ascii_lowercase()));
    if !noun || words.next().is_some() {
        return None;
    }
    match NamedFunction::parse(name) {
        Ok(named) => Some(Ok(named)),
        // The lines below it are bad.
        Err(_) => is_unsupported(name).then_some(Err(BadLine::Unsupported)),
    }
}

/// Splits `TAG (NAME) = DIGEST` or OpenSSL's `TAG(NAME)= DIGEST` after the first parenthesis.
fn tag(line: &[u8]) -> Option<(Result<NamedFunction, UnknownAlgorithm>, &[u8])> {
    let open = position(line, |b| b == b'(')?;
    let tag = str::from_utf8(&line[..open]).ok()?;
    // rhash pads short tags: five characters and a space.
    let padded = tag.len() == 6;
    let tag = if padded { tag.trim_end_matches(' ') } else { tag.strip_suffix(' ').unwrap_or(tag) };
    let is_word = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/".contains(&b));
    if tag.is_empty() || !(is_word || multipart::is_named(tag)) {
        return None;
    }
    Some((NamedFunction::parse(tag), &line[open + 1..]))
}

/// Parses `NAME) = DIGEST`; the name ends at the last parenthesis.
fn tagged_fields(
    fields: &[u8],
    digest: impl Fn(&[u8]) -> Result<Digest, BadLine>,
) -> Result<(Digest, &[u8]), BadLine> {
    let close = fields.iter().rposition(|&b| b == b')').ok_or(BadLine::NoName)?;
    let value = trim_blanks(&fields[close + 1..]);
    let value = trim_blanks(value.strip_prefix(b"=").ok_or(BadLine::NoDigest)?);
    Ok((digest(value)?, &fields[..close]))
}

/// Parses a digest in hex or base64.
fn digest_of(named: NamedFunction, text: &[u8]) -> Result<Digest, BadLine> {
    if let NamedFunction::Exactly(function) = named
        && function.part_len().is_some()
    {
        return Digest::from_multipart_text(function, text).ok_or(BadLine::BadDigest);
    }
    let function = |len| match named {
        NamedFunction::Exactly(function) => Some(function).filter(|f| f.len() == len),
        NamedFunction::AnyLen(algorithm) => HashFunction::new(algorithm, len),
    };
    let hex = || Digest::from_hex(function(text.len() / 2)?, text).ok();
    let base64 = || Digest::from_base64(function(base64_len(text)?)?, text).ok();
    hex().or_else(base64).ok_or(BadLine::BadDigest)
}

/// Parses a digest whose length determines the algorithm.
fn by_length(text: &[u8]) -> Result<Digest, BadLine> {
    // Most digests: decoding finds other characters in less time than a search for them.
    let hex = |algorithm| Digest::from_hex(algorithm, text).ok();
    if let Some(digest) = Algorithm::from_digest_len(text.len() / 2).and_then(hex) {
        return Ok(digest);
    }
    let is_hex = !text.is_empty() && text.iter().all(u8::is_ascii_hexdigit);
    let len = if is_hex { Some(text.len() / 2) } else { base64_len(text) };
    match len.and_then(Algorithm::from_digest_len) {
        Some(algorithm) => digest_of(NamedFunction::Exactly(algorithm.into()), text),
        None if is_hex => Err(BadLine::BadDigest),
        None if str::from_utf8(text).is_ok_and(is_multipart) => Err(BadLine::NotOfAFile),
        None => Err(BadLine::NoDigest),
    }
}

/// Returns the position of the first byte for which `is_match` returns `true`.
fn position(text: &[u8], is_match: impl Fn(u8) -> bool) -> Option<usize> {
    const STEP: usize = 16;
    // Without an early exit, so that a step takes a few vector instructions.
    let has_match = |step: &[u8]| step.iter().fold(false, |found, &b| found | is_match(b));
    let start = text.chunks_exact(STEP).take_while(|step| !has_match(step)).count() * STEP;
    text[start..].iter().position(|&b| is_match(b)).map(|at| start + at)
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Removes the spaces and tabs at the start of a line.
fn trim_blanks(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|&b| !is_blank(b)).unwrap_or(line.len());
    &line[start..]
}

/// Decodes the escapes of GNU lines.
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
