//! Lines with the name first: `NAME DIGEST`.

use super::fields::{self, is_usual_hex};
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;
use super::{BadLine, Entry};
use crate::algorithm::HashFunction;

struct NameFirst {
    untagged: Option<HashFunction>,
}

pub(super) fn sign(line: &[u8]) -> bool {
    split(line).is_some()
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    Box::new(NameFirst { untagged: options.untagged })
}

impl Reader for NameFirst {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let line = line.trim_ascii_end();
        if !line.is_empty() && !line.starts_with(b"#") && !line.starts_with(b";") {
            match split(line) {
                Some((name, _)) => out.named(number, name, self.entry(line)),
                None => out.push(number, Err(BadLine::NoDigest)),
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

/// The name and the digest: hex as long as a usual digest, or with the algorithm's name before it.
fn split(line: &[u8]) -> Option<(&[u8], &str)> {
    let blank = line.iter().rposition(|byte| matches!(byte, b' ' | b'\t'))?;
    let (name, word) = (line[..blank].trim_ascii(), &line[blank + 1..]);
    let text = str::from_utf8(word).ok()?;
    let prefix = text.split([':', '-']).next().filter(|prefix| prefix.len() < text.len());
    // `h1:` of a go.sum too, to be refused with the right words.
    let named = prefix.is_some_and(|p| p == "h1" || p.parse::<HashFunction>().is_ok());
    // A tagged line that is not quite right is no line of this shape.
    let mut words = name.split(|byte| matches!(byte, b' ' | b'('));
    let tagged = name.ends_with(b"=")
        || words.next().is_some_and(|first| fields::function(first).is_ok())
            && name.contains(&b'(');
    (!name.is_empty() && !tagged && (is_usual_hex(word) || named)).then_some((name, text))
}
