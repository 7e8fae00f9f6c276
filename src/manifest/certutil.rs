//! Windows' `certutil -hashfile`: `SHA256 hash of x:`, then hex, which older ones write in pairs.

use super::BadLine;
use super::fields;
use super::list::Out;
use super::options::ListOptions;
use super::shape::Reader;
use crate::algorithm::HashFunction;

/// The function, if it is computed here, and the name of the file.
type Heading = (Result<HashFunction, BadLine>, Vec<u8>);

#[derive(Default)]
struct Certutil {
    /// The heading before, and its line.
    heading: Option<(u64, Heading)>,
}

/// The heading in English; the last line, which begins alike in every language.
pub(super) fn sign(line: &[u8]) -> bool {
    let english = || line.windows(9).any(|part| part == b" hash of ") && heading(line).is_some();
    line.starts_with(b"CertUtil: ") || english()
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Certutil::default())
}

impl Reader for Certutil {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        if let Some(heading) = heading(line) {
            self.end(out);
            self.heading = Some((number, heading));
        } else if let Some((_, (function, name))) = self.heading.take() {
            let text: Vec<u8> = line.iter().copied().filter(|byte| *byte != b' ').collect();
            let digest = function.and_then(|function| fields::hex(function, &text));
            let entry = digest.and_then(|digest| fields::entry(&name, [digest], None));
            out.named(number, &name, entry);
        }
    }

    /// Reports a heading that no digest follows.
    fn end(&mut self, out: &mut Out) {
        if let Some((number, (_, name))) = self.heading.take() {
            out.named(number, &name, Err(BadLine::NoDigest));
        }
    }
}

/// `SHA256 hash of file x:`, `SHA256 hash of x:`, `SHA256-Hash von x:`, `SHA256 hachage de x :`.
fn heading(line: &[u8]) -> Option<Heading> {
    let line = str::from_utf8(line).ok()?.trim_end().strip_suffix(':')?.trim_end();
    let (first, rest) = line.split_once(' ')?;
    let (algorithm, rest) = match first.split_once('-') {
        Some((algorithm, _)) if algorithm.parse::<HashFunction>().is_ok() => (algorithm, rest),
        _ => (first, rest.split_once(' ')?.1),
    };
    let (_, name) = rest.split_once(' ')?;
    let name = if rest.starts_with("of file ") { &name["file ".len()..] } else { name };
    // In English the heading is known by its words, in other languages by the algorithm.
    let function = match fields::function(algorithm.as_bytes()) {
        Err(bad) if !line.contains(" hash of ") && bad != BadLine::NotComputed => return None,
        function => function,
    };
    Some((function, name.as_bytes().to_vec()))
}
