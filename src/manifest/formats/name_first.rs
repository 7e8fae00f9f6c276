//! Lines with the name first: `NAME DIGEST`.

use crate::algorithm::HashFunction;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, is_usual_hex};
use crate::manifest::options::ListOptions;
use crate::manifest::reader::{Reader, Sink};

struct NameFirst {
    untagged: Option<HashFunction>,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    split(line).is_some()
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    Box::new(NameFirst { untagged: options.untagged })
}

impl Reader for NameFirst {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        let line = line.trim_ascii_end();
        if !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";") {
            match split(line) {
                Some((name, _)) => sink.push_named(number, name, self.entry(line)),
                None => sink.push(number, Err(BadLine::NoDigest)),
            }
        }
    }
}

impl NameFirst {
    fn entry(&self, line: &[u8]) -> Result<Entry, BadLine> {
        let (name, digest) = split(line).ok_or(BadLine::NoDigest)?;
        fields::entry(name, fields::notation(digest, self.untagged)?, None)
    }
}

/// Splits a line with the name first; the digest has a common length or its algorithm's name.
fn split(line: &[u8]) -> Option<(&[u8], &str)> {
    let blank = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    let (name, word) = (line[..blank].trim_ascii(), &line[blank + 1..]);
    let text = str::from_utf8(word).ok()?;
    let prefix = text.split([':', '-']).next().filter(|prefix| prefix.len() < text.len());
    // go.sum's `h1:` too, so that the reason for its refusal is the right one.
    let named = prefix.is_some_and(|p| p == "h1" || p.parse::<HashFunction>().is_ok());
    // A malformed tagged line does not belong to this format.
    let mut words = name.split(|byte| matches!(byte, b' ' | b'('));
    let tagged = name.ends_with(b"=")
        || words.next().is_some_and(|first| fields::function(first).is_ok())
            && name.contains(&b'(');
    (!name.is_empty() && !tagged && (is_usual_hex(word) || named)).then_some((name, text))
}
