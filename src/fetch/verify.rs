//! Comparing what came with what was expected, and saying what came instead.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::fetch::decode::Coding;
use crate::fetch::download::Download;
use crate::fetch::part::Part;
use crate::hasher::Hasher;
use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::Framing;
use crate::notation::expected::Expected;
use crate::text::looks_like_html;
use crate::trust::evidence::Evidence;

/// Up to this many bytes, a file that does not match is hashed by other functions too, to tell which
/// one its digest may be of.
const CHEAP: u64 = 64 << 20;

/// What came, as far as a message about a mismatch needs it.
pub(crate) struct Came<'a> {
    pub(crate) digests: &'a [Digest],
    pub(crate) size: u64,
    pub(crate) url: &'a str,
    pub(crate) framing: Framing,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) content_encoding: Option<&'a str>,
    pub(crate) coding: Coding,
}

/// Whether the part, which came so, is the file; why its seal holds, where it has one.
pub(super) fn judge(
    fetch: &Download,
    evidence: &[Evidence],
    came: &Came<'_>,
    part: &mut Part,
) -> Result<Option<String>, Failure> {
    length(fetch, came)?;
    let open = came.framing == Framing::UntilClose && fetch.size.is_none();
    if let Some(lines) = mismatch(evidence, came, part.read()?) {
        let failure = match open {
            // Nothing but the digest could tell that it was all of it.
            true => Failure::network(
                "truncated, or another file: the server did not say where it ends; digest mismatch",
            ),
            false => Failure::new(FailureKind::Mismatch, "digest mismatch"),
        };
        return Err(lines.into_iter().fold(failure, Failure::adding));
    }
    if open && evidence.is_empty() {
        let text =
            "truncated, perhaps: the server did not say where it ends, and no digest or size tells";
        return Err(Failure::new(FailureKind::Network, text));
    }
    fetch.sealed(part.path())
}

/// A failure where it is not as long as it should be.
pub(super) fn length(fetch: &Download, came: &Came<'_>) -> Result<(), Failure> {
    let got = came.size;
    match fetch.size {
        Some(expected) if got < expected && came.framing == Framing::UntilClose => {
            Err(Failure::network(format!("truncated: {got} of {expected} bytes came")))
        }
        Some(expected) if got != expected => Err(wrong_size(expected, got)),
        _ => Ok(()),
    }
}

pub(super) fn wrong_size(expected: u64, got: u64) -> Failure {
    let text = format!("it has {got} bytes, and {expected} were expected");
    Failure::new(FailureKind::Mismatch, text)
}

/// Says which of the expectations is not met, in lines; `None` if all are.
fn mismatch(evidence: &[Evidence], came: &Came<'_>, file: &mut File) -> Option<Vec<String>> {
    let broken = evidence.iter().find(|evidence| !evidence.expected.is_met_by(came.digests))?;
    let functions = broken.expected.hash_functions();
    let got = came.digests.iter().filter(|digest| functions.contains(&digest.hash_function()));
    let content_type =
        came.content_type.map(|kind| format!(", {}", kind.escape_debug())).unwrap_or_default();
    let mut lines = vec![
        format!("expected {} ({})", list(broken.expected.digests()), broken.source),
        format!("got      {}", list(got)),
        format!("{} bytes from {}{content_type}", came.size, came.url),
    ];
    lines.extend(hint(broken, came, file));
    Some(lines)
}

fn list<'d>(digests: impl IntoIterator<Item = &'d Digest>) -> String {
    digests.into_iter().map(|digest| format!("{digest:?}")).collect::<Vec<_>>().join(", ")
}

/// What it looks like instead.
fn hint(broken: &Evidence, came: &Came<'_>, file: &mut File) -> Option<String> {
    let mut head = [0; 512];
    file.seek(SeekFrom::Start(0)).ok()?;
    let count = file.read(&mut head).ok()?;
    let head = &head[..count];
    if let Some(coding) = came.content_encoding.filter(|coding| *coding != "identity") {
        let undone = match came.coding {
            Coding::Gzip => "",
            Coding::None => " and is not decoded",
        };
        return Some(format!(
            "the server sent it with Content-Encoding: {}, which was not asked for{undone}; the bytes are kept as they came",
            coding.escape_debug()
        ));
    }
    if looks_like_html(head) {
        return Some("it is a web page: a login or an error, perhaps".into());
    }
    if came.size == 0 {
        return Some("it is empty".into());
    }
    if let Some(function) = rival(&broken.expected, came.size, file) {
        return Some(format!("what was expected is its {} digest", function.tag()));
    }
    match head.trim_ascii_start().first() {
        Some(b'{' | b'[') => Some("it looks like JSON".into()),
        _ if head.starts_with(&[0x1f, 0x8b]) => Some("it is a gzip file".into()),
        _ => None,
    }
}

/// The function of which an expected digest is the file's, taken for one of another.
fn rival(expected: &Expected, size: u64, file: &mut File) -> Option<HashFunction> {
    if size > CHEAP {
        return None;
    }
    file.seek(SeekFrom::Start(0)).ok()?;
    let mut bytes = Vec::with_capacity(size as usize);
    file.take(CHEAP).read_to_end(&mut bytes).ok()?;
    for digest in expected.digests() {
        let length = digest.as_bytes().len();
        let rivals = Algorithm::ALL.iter().filter_map(|a| HashFunction::new(*a, length));
        for function in rivals.filter(|function| *function != digest.hash_function()) {
            let mut hasher = Hasher::new(function);
            hasher.update(&bytes);
            if hasher.finalize().as_bytes() == digest.as_bytes() {
                return Some(function);
            }
        }
    }
    None
}
