//! Windows' `certutil -hashfile`: `SHA256 hash of x:`, then hex, which older ones write in pairs.

use super::fields;
use super::list::{Hint, Out};
use super::shape::Reader;
use crate::algorithm::Function;

#[derive(Default)]
struct Certutil {
    /// The function and the name of the heading before.
    heading: Option<(Function, Vec<u8>)>,
}

/// The heading in English; the last line, which begins alike in every language.
pub(super) fn sign(line: &[u8]) -> bool {
    let english = || line.windows(9).any(|part| part == b" hash of ") && heading(line).is_some();
    line.starts_with(b"CertUtil: ") || english()
}

pub(super) fn reader(_: &Hint) -> Box<dyn Reader> {
    Box::new(Certutil::default())
}

impl Reader for Certutil {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        if let Some(heading) = heading(line) {
            self.heading = Some(heading);
        } else if let Some((function, name)) = self.heading.take() {
            let text: Vec<u8> = line.iter().copied().filter(|byte| *byte != b' ').collect();
            let digest = fields::hex(function, &text);
            out.push(number, digest.and_then(|digest| fields::entry(&name, [digest], None)));
        }
    }
}

/// `SHA256 hash of file x:`, `SHA256 hash of x:`, `SHA256-Hash von x:`, `SHA256 hachage de x :`.
fn heading(line: &[u8]) -> Option<(Function, Vec<u8>)> {
    let line = str::from_utf8(line).ok()?.trim_end().strip_suffix(':')?.trim_end();
    let (first, rest) = line.split_once(' ')?;
    let (algorithm, rest) = match first.split_once('-') {
        Some((algorithm, _)) if algorithm.parse::<Function>().is_ok() => (algorithm, rest),
        _ => (first, rest.split_once(' ')?.1),
    };
    let (_, name) = rest.split_once(' ')?;
    let name = if rest.starts_with("of file ") { &name["file ".len()..] } else { name };
    Some((algorithm.parse().ok()?, name.as_bytes().to_vec()))
}
