//! Comments that name the algorithm of the lines below them, as in Gentoo's DIGESTS: `# SHA512 HASH`.

use super::{BadLine, fields};
use crate::algorithm::HashFunction;

/// Words that may follow the algorithm's name.
const NOUNS: [&str; 8] =
    ["hash", "hashes", "digest", "digests", "checksum", "checksums", "sum", "sums"];

/// Returns the algorithm of a comment that names one and says nothing else: `BLAKE2B HASH`,
/// `SHA256:`, `Checksums-Sha256:`. One that is not computed here makes the lines below it bad.
pub(super) fn read(comment: &[u8]) -> Option<Result<HashFunction, BadLine>> {
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
    match fields::function(name.as_bytes()) {
        Err(BadLine::NotComputed) => Some(Err(BadLine::NotComputed)),
        function => function.ok().map(Ok),
    }
}
