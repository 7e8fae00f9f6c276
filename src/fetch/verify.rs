//! The verification of a downloaded file, and the explanation of a mismatch.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;
use crate::fetch::coding::ContentCoding;
use crate::fetch::options::Download;
use crate::fetch::part::Part;
use crate::fetch::response_head::ResponseHead;
use crate::hasher::fused::MultiHasher;
use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::Framing;
use crate::net::url::redacted;
use crate::notation::expected::Expected;
use crate::text::looks_like_html;
use crate::trust::evidence::Evidence;

/// The maximum size of a file that is hashed again to find a mislabelled expected digest, in bytes.
const MAX_REHASHED: u64 = 64 << 20;

/// Hashes the rest of `file`, and returns the number of bytes.
pub(super) fn hash_file(file: &mut impl Read, hasher: &mut MultiHasher) -> io::Result<u64> {
    io::copy(&mut BufReader::with_capacity(256 * 1024, file), hasher)
}

/// The bytes in the part, and the response that they came with.
pub(super) struct Received<'a> {
    pub(super) head: &'a ResponseHead,
    pub(super) size: u64,
    pub(super) digests: &'a [Digest],
}

/// Verifies the part. Returns the description of the download's own check, if it has one.
pub(super) fn verify(
    download: &Download,
    evidence: &[Evidence],
    received: &Received<'_>,
    part: &mut Part,
) -> Result<Option<String>, Failure> {
    verify_size(download, received)?;
    // Only a digest or a size shows whether a body without framing is complete.
    let end_unknown = received.head.framing == Framing::UntilClose && download.size.is_none();
    if let Some(details) = mismatch(evidence, received, part.rewind()?) {
        let failure = match end_unknown {
            true => Failure::network(
                "truncated, or a different file: digest mismatch, and the server stated no length",
            ),
            false => Failure::new(FailureKind::Mismatch, "digest mismatch"),
        };
        return Err(details.into_iter().fold(failure, Failure::adding));
    }
    if end_unknown && evidence.is_empty() {
        let text =
            "possibly truncated: the server stated no length, and no digest or size is known";
        return Err(Failure::new(FailureKind::Network, text));
    }
    download.check(part.path())
}

/// Compares the size with the expected one.
pub(super) fn verify_size(download: &Download, received: &Received<'_>) -> Result<(), Failure> {
    let size = received.size;
    match download.size {
        Some(expected) if size < expected && received.head.framing == Framing::UntilClose => {
            Err(truncated(expected, size))
        }
        Some(expected) if size != expected => Err(wrong_size(expected, size)),
        _ => Ok(()),
    }
}

pub(super) fn truncated(expected: u64, size: u64) -> Failure {
    Failure::network(format!("truncated: received {size} of {expected} bytes"))
}

pub(super) fn wrong_size(expected: u64, size: u64) -> Failure {
    let text = format!("wrong size: {size} bytes (expected {expected})");
    Failure::new(FailureKind::Mismatch, text)
}

/// Describes the first mismatch, in lines; `None` if all digests match.
fn mismatch(
    evidence: &[Evidence],
    received: &Received<'_>,
    file: &mut File,
) -> Option<Vec<String>> {
    let broken = evidence.iter().find(|one| !one.expected.is_met_by(received.digests))?;
    let functions = broken.expected.hash_functions();
    let got = received.digests.iter().filter(|one| functions.contains(&one.hash_function()));
    let head = received.head;
    let content_type = head.headers.value("Content-Type");
    let content_type = content_type.map(|t| format!(", {}", t.escape_debug())).unwrap_or_default();
    let mut lines = vec![
        format!("expected {} ({})", list(broken.expected.digests()), broken.source),
        format!("got      {}", list(got)),
        format!("{} bytes from {}{content_type}", received.size, redacted(&head.url)),
    ];
    lines.extend(guess(&broken.expected, received, file));
    Some(lines)
}

/// Returns digests separated by commas.
pub(super) fn list<'d>(digests: impl IntoIterator<Item = &'d Digest>) -> String {
    digests.into_iter().map(|digest| format!("{digest:?}")).collect::<Vec<_>>().join(", ")
}

/// Returns the likely reason why the file is not the expected one.
fn guess(expected: &Expected, received: &Received<'_>, file: &mut File) -> Option<String> {
    let mut start = [0; 512];
    file.seek(SeekFrom::Start(0)).ok()?;
    let count = file.read(&mut start).ok()?;
    let start = &start[..count];
    if let Some(coding) = received.head.content_encoding() {
        let decoded = match received.head.coding() {
            ContentCoding::Gzip => "",
            ContentCoding::Identity => " and is not decoded",
        };
        return Some(format!(
            "the server sent it with Content-Encoding: {}, which was not requested{decoded}",
            coding.escape_debug()
        ));
    }
    if looks_like_html(start) {
        return Some("it is a web page: perhaps a login or an error".into());
    }
    if received.size == 0 {
        return Some("it is empty".into());
    }
    if let Some(function) = other_function(expected, received.size, file) {
        return Some(format!("the expected digest is its {} digest", function.tag()));
    }
    match start.trim_ascii_start().first() {
        Some(b'{' | b'[') => Some("it looks like JSON".into()),
        _ if start.starts_with(&[0x1f, 0x8b]) => Some("it is a gzip file".into()),
        _ => None,
    }
}

/// Returns the function that yields an expected digest, if the digest was mislabelled.
fn other_function(expected: &Expected, size: u64, file: &mut File) -> Option<HashFunction> {
    if size > MAX_REHASHED {
        return None;
    }
    let of_length = |digest: &Digest| {
        let length = digest.as_bytes().len();
        Algorithm::ALL.iter().filter_map(move |a| HashFunction::new(*a, length))
    };
    let mut hasher = MultiHasher::new(expected.digests().iter().flat_map(of_length));
    file.seek(SeekFrom::Start(0)).ok()?;
    hash_file(&mut file.take(MAX_REHASHED), &mut hasher).ok()?;
    let mislabelled = |digest: &Digest| {
        expected.digests().iter().any(|expected| {
            expected.as_bytes() == digest.as_bytes()
                && expected.hash_function() != digest.hash_function()
        })
    };
    let found = hasher.finalize().into_iter().find(mislabelled)?;
    Some(found.hash_function())
}
