//! `gpg --print-md`: `x: BA7816BF 8F01CFEA …`, `x: SHA256 = BA7816BF …`, wrapped over lines.

use crate::algorithm::HashFunction;
use crate::manifest::entry::Entry;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self, words};
use crate::manifest::options::ListOptions;
use crate::manifest::reader::{Reader, Sink};

#[derive(Default)]
struct Gpg {
    /// The file of the last digest, if that was good.
    good: Vec<u8>,
    /// The digest that is being read.
    current: Option<Current>,
    untagged: Option<HashFunction>,
}

struct Current {
    line: u64,
    name: Vec<u8>,
    algorithm: Option<Vec<u8>>,
    digits: Vec<u8>,
}

pub(super) fn is_mark(line: &[u8]) -> bool {
    let many = |groups: &[u8]| is_groups(groups) && words(groups).count() > 2;
    match (head(line), tagged(line)) {
        (Some((_, _, groups)), _) => many(groups),
        (None, Some((_, groups))) => many(groups),
        // A line after a long name; certutil's pairs are in lower case.
        (None, None) => many(line) && !line.iter().any(u8::is_ascii_lowercase),
    }
}

pub(super) fn reader(options: &ListOptions) -> Box<dyn Reader> {
    Box::new(Gpg { untagged: options.untagged, ..Gpg::default() })
}

impl Reader for Gpg {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        if line.trim_ascii().is_empty() {
        } else if let (Some((algorithm, groups)), Some(current)) = (tagged(line), &mut self.current)
        {
            // The previous line contains only a long name.
            let name = current.name.clone();
            if current.algorithm.is_none() && current.digits.is_empty() {
                self.current = None;
            }
            self.end(sink);
            self.begin(number, name, Some(algorithm.to_vec()), groups);
        } else if let (true, Some(current)) = (is_groups(line), &mut self.current) {
            current.take(line);
        } else if let Some((name, algorithm, groups)) = head(line) {
            self.end(sink);
            self.begin(number, name.to_vec(), algorithm.map(<[u8]>::to_vec), groups);
        } else {
            self.end(sink);
            sink.push(number, Err(BadLine::NoDigest));
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        match self.current.take() {
            // Only a name, or prose.
            Some(Current { algorithm: None, digits, line, .. }) if digits.is_empty() => {
                sink.push(line, Err(BadLine::NoDigest));
            }
            Some(current) => {
                let (line, name) = (current.line, current.name.clone());
                match current.entry(self.untagged) {
                    // RIPEMD-160, after another digest of the file.
                    Err(BadLine::Unsupported) if self.good == name => {
                        sink.push(line, Err(BadLine::Unsupported));
                    }
                    entry => {
                        self.good = if entry.is_ok() { name.clone() } else { Vec::new() };
                        sink.push_named(line, &name, entry);
                    }
                }
            }
            None => {}
        }
    }
}

impl Gpg {
    fn begin(&mut self, line: u64, name: Vec<u8>, algorithm: Option<Vec<u8>>, groups: &[u8]) {
        let mut current = Current { line, name, algorithm, digits: Vec::new() };
        current.take(groups);
        self.current = Some(current);
    }
}

impl Current {
    /// Adds digits, up to a limit that no digest reaches.
    fn take(&mut self, groups: &[u8]) {
        let digits = groups.iter().filter(|byte| byte.is_ascii_hexdigit());
        self.digits.extend(digits.take(1024 - self.digits.len().min(1024)));
    }

    fn entry(self, untagged: Option<HashFunction>) -> Result<Entry, BadLine> {
        let digests = match self.algorithm {
            Some(algorithm) => vec![fields::hex(fields::function(&algorithm)?, &self.digits)?],
            None => fields::notation(&String::from_utf8_lossy(&self.digits), untagged)?,
        };
        fields::entry(&self.name, digests, None)
    }
}

/// Splits `  SHA256 = BA7816BF …`.
fn tagged(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let (tag, groups) = (line[..equals].trim_ascii(), line[equals + 1..].trim_ascii());
    let is_tag = !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric);
    (is_tag && !groups.is_empty() && is_groups(groups)).then_some((tag, groups))
}

/// A name, perhaps an algorithm, and digits.
type Head<'l> = (&'l [u8], Option<&'l [u8]>, &'l [u8]);

/// Splits the first line of a digest; a long digest starts with a line that has the name only.
fn head(line: &[u8]) -> Option<Head<'_>> {
    if line.starts_with(b" ") {
        return None;
    }
    let colon = line.windows(2).rposition(|pair| pair == b": ").or_else(|| {
        let last = line.len().checked_sub(1)?;
        (line[last] == b':').then_some(last)
    })?;
    let (name, rest) = (&line[..colon], line[colon + 1..].trim_ascii());
    let (algorithm, groups) = match rest.iter().position(|byte| *byte == b'=') {
        Some(equals) => (Some(rest[..equals].trim_ascii()), rest[equals + 1..].trim_ascii()),
        None => (None, rest),
    };
    (!name.is_empty() && is_groups(groups)).then_some((name, algorithm, groups))
}

fn is_groups(text: &[u8]) -> bool {
    words(text)
        .all(|word| matches!(word.len(), 2 | 4 | 8) && word.iter().all(u8::is_ascii_hexdigit))
}
