//! Likely reasons why a file does not have the expected digest.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use hsum::engine::{self, ConfinedDir, HashOptions, ReadPolicy, StableFile};
use hsum::internals::looks_like_html;
use hsum::{Algorithm, Digest, HashFunction, digest};

/// The number of bytes to examine at each end of a file.
const EDGE: usize = 64 * 1024 + 22;

/// Returns reasons why a file has none of the expected digests.
///
/// Reads the file again, with the other algorithms whose digests have the same length.
pub(super) fn file(path: &Path, beneath: Option<&ConfinedDir>, expected: &[Digest]) -> Vec<String> {
    let mut reasons = digests(expected);
    // A FIFO or a device is not read again: it may block, or never end.
    let opened = match beneath {
        Some(directory) => directory.open(path),
        None => StableFile::open(path),
    };
    if let Ok(file) = opened {
        reasons.extend(content_reason(file.into(), path));
        reasons.extend(algorithm_reason(path, beneath, expected));
    }
    reasons
}

/// Returns the reasons that the expected digests alone suggest.
pub(super) fn digests(expected: &[Digest]) -> Vec<String> {
    let is_of_empty = |d: &&Digest| digest(d.hash_function(), b"") == **d;
    let reason =
        |d: &Digest| format!("the expected {} is that of an empty file", d.hash_function().tag());
    expected.iter().find(is_of_empty).map(reason).into_iter().collect()
}

/// Recognises files that servers send in place of the requested one, and truncated files.
fn content_reason(mut file: File, path: &Path) -> Option<String> {
    let size = file.metadata().ok()?.len();
    if size == 0 {
        return Some("the file is empty".into());
    }
    let head = read(&mut file, SeekFrom::Start(0))?;
    let tail = read(&mut file, SeekFrom::Start(size.saturating_sub(EDGE as u64)))?;
    let text = head.trim_ascii_start();
    let starts = |prefix: &str| {
        let start = text.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let is_markup = ["html", "htm", "xhtml", "xml", "svg"].contains(&extension);
    if !is_markup && looks_like_html(text) {
        return Some("the file is an HTML page, perhaps an error message from the server".into());
    }
    if !is_markup && starts("<?xml") && head.windows(7).any(|part| part == b"<Error>") {
        return Some("the file is an XML error message from the server".into());
    }
    if starts("version https://git-lfs.github.com/spec/") {
        return Some("the file is a Git LFS pointer, not the file that it points to".into());
    }
    Some(match truncation(&head, &tail, size)? {
        Truncation::Size(whole) => format!("the file is truncated: it has {size} of {whole} bytes"),
        Truncation::NoEnd => "the file is truncated: its end is missing".into(),
    })
}

/// A reason to consider a file truncated.
enum Truncation {
    /// The header specifies this size in bytes.
    Size(u64),
    /// The end marker is missing.
    NoEnd,
}

/// Recognises truncated files of formats that specify their length or mark their end.
fn truncation(head: &[u8], tail: &[u8], size: u64) -> Option<Truncation> {
    let number = |at: usize| {
        let bytes = head.get(at..at + 8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    };
    let within = |mark: &[u8]| tail.windows(mark.len()).any(|part| part == mark);
    let least = if head.starts_with(b"7z\xbc\xaf\x27\x1c") {
        number(12)?.checked_add(number(20)?)?.checked_add(32)?
    } else if head.starts_with(b"hsqs") {
        number(40)?
    } else if head.get(0x8001..0x8006) == Some(b"CD001") {
        // Block count and block size, of 32 and 16 bits; big-endian copies follow them.
        (number(0x8050)? & 0xffff_ffff) * (number(0x8080)? & 0xffff)
    } else {
        let ended = match head {
            [b'P', b'K', 3, 4, ..] => within(b"PK\x05\x06"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => trim_zeros(tail).ends_with(b"YZ"),
            [0x89, b'P', b'N', b'G', ..] => within(b"IEND"),
            [b'%', b'P', b'D', b'F', ..] => within(b"%%EOF"),
            _ => true,
        };
        return if ended { None } else { Some(Truncation::NoEnd) };
    };
    (size < least).then_some(Truncation::Size(least))
}

/// Removes the padding that may follow the last stream.
fn trim_zeros(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)]
}

fn read(file: &mut File, from: SeekFrom) -> Option<Vec<u8>> {
    file.seek(from).ok()?;
    let mut bytes = Vec::new();
    file.take(EDGE as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// Finds an algorithm with which the file has one of the expected digests.
fn algorithm_reason(
    path: &Path,
    beneath: Option<&ConfinedDir>,
    expected: &[Digest],
) -> Option<String> {
    let mut functions: Vec<HashFunction> = Vec::new();
    for wanted in expected {
        let all =
            Algorithm::ALL.iter().filter_map(|a| HashFunction::new(*a, wanted.as_bytes().len()));
        functions.extend(all.filter(|function| *function != wanted.hash_function()));
    }
    functions.sort();
    functions.dedup();
    let mut found = None;
    let mut plan = HashOptions::new(functions).policy(ReadPolicy::Listed);
    if let Some(directory) = beneath {
        plan = plan.confined_to(directory.clone());
    }
    engine::run(&plan, [path], |outcome| {
        let actual = outcome.result.map(|hashed| hashed.digests).unwrap_or_default();
        let is_expected = |a: &&Digest| expected.iter().any(|d| d.as_bytes() == a.as_bytes());
        found = actual.iter().find(is_expected).map(Digest::hash_function);
        ControlFlow::Break(())
    });
    found.map(|function| {
        let name = function.tag();
        format!("the expected digest is the {name} of the file; use -a {function}")
    })
}
