//! The decoding of a body with an unrequested `Content-Encoding: gzip`.

use std::fs::File;
use std::io::{self, BufReader, Write};

use flate2::bufread::MultiGzDecoder;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::fetch::coding::ContentCoding;
use crate::fetch::options::{Decoding, Download};
use crate::fetch::part::Part;
use crate::fetch::verify::list;
use crate::fs::bounded::read_some;
use crate::fs::replace::AtomicFile;
use crate::hasher::fused::MultiHasher;
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind, FailureReason};
use crate::trust::evidence::Evidence;

const BUFFER: usize = 256 * 1024;

/// The maximum expansion when decoding only gives a hint: 4 MiB take at most 0.2 s.
const PROBE_RATIO: u64 = 32;

/// The verified decoded bytes, in a temporary file.
pub(super) struct Decoded {
    pub(super) file: AtomicFile,
    pub(super) size: u64,
    pub(super) digests: Vec<Digest>,
    pub(super) accepted_by: Option<String>,
}

enum DecodeError {
    Truncated,
    Corrupt(String),
    TooLarge,
    Timeout(Failure),
    Read(io::Error),
    Write(io::Error),
}

/// Returns `true` if decoding could fix this failure, and the result could be verified.
pub(super) fn may_help(
    download: &Download,
    evidence: &[Evidence],
    coding: ContentCoding,
    failure: &Failure,
) -> bool {
    coding == ContentCoding::Gzip
        && (!evidence.is_empty() || download.has_check())
        && matches!(failure.kind(), FailureKind::Mismatch | FailureKind::Network)
}

/// Decodes the part, whose verification failed with `failure`, and verifies the result.
///
/// If decoding is off, returns `failure`, with a detail if the decoded bytes would match.
pub(super) fn decode_and_verify(
    download: &Download,
    client: &Client,
    evidence: &[Evidence],
    part: &mut Part,
    failure: Failure,
) -> Result<Decoded, Failure> {
    let functions =
        download.hash_functions(evidence.iter().flat_map(|one| one.expected.hash_functions()));
    let matches = |(size, digests): &(u64, Vec<Digest>)| {
        download.size.is_none_or(|expected| expected == *size)
            && evidence.iter().all(|one| one.expected.is_met_by(digests))
    };
    let limit = download.limit().min(download.size.unwrap_or(u64::MAX));
    if download.decoding == Decoding::Never {
        let limit = download.size.unwrap_or(part.len()?.saturating_mul(PROBE_RATIO)).min(limit);
        let would_match = !evidence.is_empty()
            && gunzip(client, part.rewind()?, &functions, limit, &mut io::sink())
                .is_ok_and(|decoded| matches(&decoded));
        return Err(match would_match {
            true => failure
                .adding("it is the gzip of the expected file")
                .because(FailureReason::NotDecoded),
            false => failure,
        });
    }
    let mut file = part.create_decoded(download.existing)?;
    let detail = match gunzip(client, part.rewind()?, &functions, limit, &mut file) {
        Ok(decoded) if matches(&decoded) => {
            let (size, digests) = decoded;
            let accepted_by = download.check(file.temporary())?;
            return Ok(Decoded { file, size, digests, accepted_by });
        }
        Ok((size, digests)) => {
            format!("decoded, it is a different file too: {size} bytes, {}", list(&digests))
        }
        Err(DecodeError::Corrupt(why)) => {
            format!("it cannot be decoded: the gzip is corrupt: {why}")
        }
        Err(DecodeError::TooLarge) => match download.size {
            Some(size) if size == limit => {
                format!("decoded, it has more than the expected {limit} bytes")
            }
            _ => format!("decoded, it has more than the maximum of {limit} bytes"),
        },
        // The connection may have been cut: a retry may help.
        Err(DecodeError::Truncated) => {
            return Err(failure.adding("it cannot be decoded: the gzip is truncated"));
        }
        Err(DecodeError::Timeout(failure)) => return Err(failure),
        Err(DecodeError::Read(error)) => return Err(part.failure(error)),
        Err(DecodeError::Write(error)) => return Err(Failure::local(file.temporary(), error)),
    };
    // The whole body was received, so a retry would not help.
    Err(failure.become_final(FailureKind::Mismatch).adding(detail))
}

/// Decodes all gzip members to `sink`, up to `limit` bytes. Returns the length and the digests.
fn gunzip(
    client: &Client,
    file: &mut File,
    functions: &[HashFunction],
    limit: u64,
    sink: &mut dyn Write,
) -> Result<(u64, Vec<Digest>), DecodeError> {
    let mut hasher = MultiHasher::new(functions.iter().copied());
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let count = match read_some(&mut decoder, &mut buffer) {
            Ok(0) => return Ok((size, hasher.finalize())),
            Ok(count) => count,
            // An error code means that reading failed, not decoding.
            Err(error) if error.raw_os_error().is_some() => return Err(DecodeError::Read(error)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(DecodeError::Truncated);
            }
            Err(error) => return Err(DecodeError::Corrupt(error.to_string())),
        };
        size += count as u64;
        if size > limit {
            return Err(DecodeError::TooLarge);
        }
        client.deadline().check().map_err(DecodeError::Timeout)?;
        hasher.update(&buffer[..count]);
        sink.write_all(&buffer[..count]).map_err(DecodeError::Write)?;
    }
}
