//! Windows' `certutil -hashfile`: `SHA256 hash of x:`, then hex, in pairs in older versions.

use crate::algorithm::HashFunction;
use crate::manifest::error::BadLine;
use crate::manifest::fields::{self};
use crate::manifest::reader::{Reader, Sink};

/// The hash function, if it is supported, and the name of the file.
type Heading = (Result<HashFunction, BadLine>, Vec<u8>);

#[derive(Default)]
pub(super) struct Certutil {
    /// The last heading, and its line.
    heading: Option<(u64, Heading)>,
}

/// Returns `true` if a line is an English heading, or the last line, which is never translated.
pub(super) fn is_mark(line: &[u8]) -> bool {
    let english = || line.windows(9).any(|part| part == b" hash of ") && heading(line).is_some();
    line.starts_with(b"CertUtil: ") || english()
}

impl Reader for Certutil {
    fn line(&mut self, number: u64, line: &[u8], sink: &mut Sink) {
        if let Some(heading) = heading(line) {
            self.end(sink);
            self.heading = Some((number, heading));
        } else if let Some((_, (function, name))) = self.heading.take() {
            let text: Vec<u8> = line.iter().copied().filter(|byte| *byte != b' ').collect();
            let digest = function.and_then(|function| fields::hex(function, &text));
            let entry = digest.and_then(|digest| fields::entry(&name, [digest], None));
            sink.push_named(number, &name, entry);
        }
    }

    /// Reports a heading that no digest follows.
    fn end(&mut self, sink: &mut Sink) {
        if let Some((number, (_, name))) = self.heading.take() {
            sink.push_named(number, &name, Err(BadLine::NoDigest));
        }
    }
}

/// Parses `SHA256 hash of file x:`, `SHA256 hash of x:`, `SHA256-Hash von x:` or
/// `SHA256 hachage de x :`.
fn heading(line: &[u8]) -> Option<Heading> {
    let line = str::from_utf8(line).ok()?.trim_end().strip_suffix(':')?.trim_end();
    let (first, rest) = line.split_once(' ')?;
    let (algorithm, rest) = match first.split_once('-') {
        Some((algorithm, _)) if algorithm.parse::<HashFunction>().is_ok() => (algorithm, rest),
        _ => (first, rest.split_once(' ')?.1),
    };
    let (_, name) = rest.split_once(' ')?;
    let name = if rest.starts_with("of file ") { &name["file ".len()..] } else { name };
    // An English heading is recognised by its words, others by the algorithm.
    let function = match fields::function(algorithm.as_bytes()) {
        Err(bad) if !line.contains(" hash of ") && bad != BadLine::Unsupported => return None,
        function => function,
    };
    Some((function, name.as_bytes().to_vec()))
}
