//! Why a file has not the digest that it should have, as far as that can be told.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;

use hsum::engine::{self, ConfinedDir, HashOptions, ReadPolicy, StableFile};
use hsum::internals::looks_like_html;
use hsum::{Algorithm, Digest, HashFunction, digest};

/// Bytes at the beginning and at the end of a file that are looked at.
const EDGE: usize = 64 * 1024 + 22;

/// Returns reasons why the file at `path`, looked up `beneath` a directory if there is one, may have
/// none of the expected digests. Reads it again, for the algorithms whose digests look the same.
pub(super) fn file(path: &Path, beneath: Option<&ConfinedDir>, expected: &[Digest]) -> Vec<String> {
    let mut reasons = digests(expected);
    // A FIFO or a device is not read again: it may block, or never end.
    let opened = match beneath {
        Some(directory) => directory.open(path),
        None => StableFile::open(path),
    };
    if let Ok(file) = opened {
        reasons.extend(content(file.into(), path));
        reasons.extend(rival(path, beneath, expected));
    }
    reasons
}

/// What can be said of the digests alone.
pub(super) fn digests(expected: &[Digest]) -> Vec<String> {
    let nothing = |d: &&Digest| digest(d.hash_function(), b"") == **d;
    let found = expected.iter().find(nothing);
    let say =
        |d: &Digest| format!("the expected {} is that of an empty file", d.hash_function().tag());
    found.map(say).into_iter().collect()
}

/// What the file is, if it is something that people get instead of what they asked for.
fn content(mut file: File, path: &Path) -> Option<String> {
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
        return Some("the file is an HTML page, perhaps a message of the server".into());
    }
    if !is_markup && starts("<?xml") && head.windows(7).any(|part| part == b"<Error>") {
        return Some("the file is an XML error message of the server".into());
    }
    if starts("version https://git-lfs.github.com/spec/") {
        return Some("the file is a Git LFS pointer, not the content it stands for".into());
    }
    let whole = whole_size(&head, &tail, size)?;
    Some(match whole {
        Whole::Bytes(whole) => format!("the file is cut short: {size} of {whole} bytes are there"),
        Whole::Marked => "the file is cut short: its end is missing".into(),
    })
}

/// The whole that a file which was cut short should be.
enum Whole {
    Bytes(u64),
    Marked,
}

/// What formats that tell their length or mark their end say; `None` where the file is whole, or
/// the format does not tell.
fn whole_size(head: &[u8], tail: &[u8], size: u64) -> Option<Whole> {
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
        // Both in either byte order; 32 bits and 16.
        (number(0x8050)? & 0xffff_ffff) * (number(0x8080)? & 0xffff)
    } else {
        let ended = match head {
            [b'P', b'K', 3, 4, ..] => within(b"PK\x05\x06"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => tail.trim_ascii_end_zeros().ends_with(b"YZ"),
            [0x89, b'P', b'N', b'G', ..] => within(b"IEND"),
            [b'%', b'P', b'D', b'F', ..] => within(b"%%EOF"),
            _ => true,
        };
        return if ended { None } else { Some(Whole::Marked) };
    };
    (size < least).then_some(Whole::Bytes(least))
}

trait TrimZeros {
    /// Without the padding that may follow the last stream.
    fn trim_ascii_end_zeros(&self) -> &Self;
}

impl TrimZeros for [u8] {
    fn trim_ascii_end_zeros(&self) -> &Self {
        let end = self.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        &self[..end]
    }
}

fn read(file: &mut File, from: SeekFrom) -> Option<Vec<u8>> {
    file.seek(from).ok()?;
    let mut bytes = Vec::new();
    file.take(EDGE as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The algorithm that one of the digests is of, if it is not the one that it was taken for.
fn rival(path: &Path, beneath: Option<&ConfinedDir>, expected: &[Digest]) -> Option<String> {
    let mut rivals: Vec<HashFunction> = Vec::new();
    for wanted in expected {
        let all =
            Algorithm::ALL.iter().filter_map(|a| HashFunction::new(*a, wanted.as_bytes().len()));
        rivals.extend(all.filter(|function| *function != wanted.hash_function()));
    }
    rivals.sort();
    rivals.dedup();
    let mut found = None;
    let mut plan = HashOptions::new(rivals).reading(ReadPolicy::Listed);
    if let Some(directory) = beneath {
        plan = plan.confined_to(directory.clone());
    }
    engine::run(&plan, [path], |outcome| {
        let is = outcome.result.map(|hashed| hashed.digests).unwrap_or_default();
        let same = |is: &&Digest| expected.iter().any(|d| d.as_bytes() == is.as_bytes());
        found = is.iter().find(same).map(Digest::hash_function);
        ControlFlow::Break(())
    });
    found.map(|function| {
        let name = function.tag();
        format!("the expected digest is the file's {name}: say so with -a {function}")
    })
}
