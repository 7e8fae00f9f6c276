//! `gpg --print-md`: `x: BA7816BF 8F01CFEA …`, `x: SHA256 = BA7816BF …`, wrapped over lines.

use super::fields;
use super::list::{Hint, Out};
use super::shape::Reader;
use super::{BadLine, Entry};

#[derive(Default)]
struct Gpg {
    /// The file and the algorithm of the digest that is being read, and where it began.
    begun: Option<(u64, Vec<u8>, Option<Vec<u8>>)>,
    digits: Vec<u8>,
    untagged: Option<crate::algorithm::Function>,
}

pub(super) fn sign(line: &[u8]) -> bool {
    head(line).is_some_and(|(_, _, groups)| fields::words(groups).count() > 2)
}

pub(super) fn reader(hint: &Hint) -> Box<dyn Reader> {
    Box::new(Gpg { untagged: hint.untagged, ..Gpg::default() })
}

impl Reader for Gpg {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        let goes_on = line.starts_with(b" ") && is_groups(line);
        if goes_on && self.begun.is_some() {
            self.take(line);
        } else if let Some((name, algorithm, groups)) = head(line) {
            self.end(out);
            self.begun = Some((number, name.to_vec(), algorithm.map(<[u8]>::to_vec)));
            self.take(groups);
        } else if !line.trim_ascii().is_empty() {
            self.end(out);
            out.push(number, Err(BadLine::NoDigest));
        }
    }

    fn end(&mut self, out: &mut Out) {
        if let Some((number, name, algorithm)) = self.begun.take() {
            let digits = std::mem::take(&mut self.digits);
            out.push(number, self.entry(&name, algorithm.as_deref(), &digits));
        }
    }
}

impl Gpg {
    /// More digits than any digest has are as bad as a few too many.
    fn take(&mut self, groups: &[u8]) {
        let digits = groups.iter().filter(|byte| byte.is_ascii_hexdigit());
        self.digits.extend(digits.take(1024 - self.digits.len().min(1024)));
    }

    fn entry(
        &self,
        name: &[u8],
        algorithm: Option<&[u8]>,
        digits: &[u8],
    ) -> Result<Entry, BadLine> {
        let digests = match algorithm {
            Some(algorithm) => vec![fields::hex(fields::function(algorithm)?, digits)?],
            None => fields::notation(&String::from_utf8_lossy(digits), self.untagged)?,
        };
        fields::entry(name, digests, None)
    }
}

/// The name, the algorithm if it is said, and the digits of a line that begins a digest; the name
/// of a long one stands on a line of its own.
fn head(line: &[u8]) -> Option<(&[u8], Option<&[u8]>, &[u8])> {
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
    fields::words(text)
        .all(|word| matches!(word.len(), 2 | 4 | 8) && word.iter().all(u8::is_ascii_hexdigit))
}
