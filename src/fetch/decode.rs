//! A file that comes in a content coding that nobody asked for: what it is the gzip of.

use std::fs::File;
use std::io::{self, BufReader, Write};

use flate2::bufread::MultiGzDecoder;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::fetch::attempt::MOST_UNKNOWN;
use crate::fetch::download::{Decoding, Download};
use crate::fetch::part::Part;
use crate::fs::bounded::read_some;
use crate::fs::replace::AtomicFile;
use crate::hasher::fused::MultiHasher;
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind};
use crate::net::headers::HeaderFields;
use crate::trust::evidence::Evidence;

const BUFFER: usize = 256 * 1024;

/// The most that is decoded for a hint, in lengths of the body: 4 MiB take 0.2 s at most.
const PROBED: u64 = 32;

/// What the part is the gzip of, verified, under a name of its own.
pub(super) struct Decoded {
    pub(super) file: AtomicFile,
    pub(super) size: u64,
    pub(super) digests: Vec<Digest>,
    pub(super) seal: Option<String>,
}

/// Why there are no decoded bytes.
enum Undecoded {
    Cut,
    Corrupt(String),
    /// More than so many bytes come.
    Large(u64),
    Late(Failure),
    Read(io::Error),
    Write(io::Error),
}

/// What a server did to the file's bytes, unasked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    /// Nothing, or nothing that is undone here.
    None,
    Gzip,
}

impl Coding {
    /// What a response says of its body.
    pub(super) fn of(headers: &HeaderFields) -> Self {
        let mut codings = headers.values("Content-Encoding");
        match (codings.next(), codings.next()) {
            (Some(one), None) if ["gzip", "x-gzip"].iter().any(|g| g.eq_ignore_ascii_case(one)) => {
                Self::Gzip
            }
            _ => Self::None,
        }
    }

    /// Says it again, in a response that does not.
    pub(super) fn tell(self, headers: &mut HeaderFields) {
        if self == Self::Gzip {
            headers.set("Content-Encoding", "gzip");
        }
    }
}

/// Whether decoded bytes may mend that failure. Where nobody says what they should be, they do not.
pub(super) fn may_mend(
    fetch: &Download,
    evidence: &[Evidence],
    coding: Coding,
    failure: &Failure,
) -> bool {
    let verifiable = !evidence.is_empty() || fetch.seal.is_some();
    coding == Coding::Gzip
        && verifiable
        && matches!(failure.kind(), FailureKind::Mismatch | FailureKind::Network)
}

/// The decoded bytes, where the part's own are not the file for the reason `failure`, and they are
/// wanted; otherwise that failure, with a word on what they are.
pub(super) fn instead(
    fetch: &Download,
    client: &Client,
    evidence: &[Evidence],
    part: &mut Part,
    failure: Failure,
) -> Result<Decoded, Failure> {
    let mut functions = fetch.functions();
    for function in evidence.iter().flat_map(|evidence| evidence.expected.hash_functions()) {
        if !functions.contains(&function) {
            functions.push(function);
        }
    }
    let met = |(size, digests): &(u64, Vec<Digest>)| {
        fetch.size.is_none_or(|expected| expected == *size)
            && evidence.iter().all(|evidence| evidence.expected.is_met_by(digests))
    };
    let most = fetch.max_size.unwrap_or(MOST_UNKNOWN).min(fetch.size.unwrap_or(u64::MAX));
    if fetch.decoding == Decoding::Never {
        let probed = fetch.size.unwrap_or(part.len()?.saturating_mul(PROBED)).min(most);
        let told = !evidence.is_empty()
            && unzip(client, part.read()?, &functions, probed, &mut io::sink())
                .is_ok_and(|got| met(&got));
        return Err(match told {
            true => failure.adding("it is the gzip of the expected file; --decode takes it"),
            false => failure,
        });
    }
    let mut file = part.another(fetch.existing)?;
    let got = match unzip(client, part.read()?, &functions, most, &mut file) {
        Ok(got) => got,
        Err(Undecoded::Read(error)) => return Err(part.failure(error)),
        Err(Undecoded::Write(error)) => return Err(Failure::local(file.temporary(), error)),
        // It is not told how long it is, perhaps: then it is the connection that was cut.
        Err(Undecoded::Cut) => {
            return Err(failure.adding("it cannot be decoded: the gzip is cut"));
        }
        Err(Undecoded::Late(failure)) => return Err(failure),
        Err(Undecoded::Corrupt(why)) => {
            return Err(other(
                failure,
                format!("it cannot be decoded: the gzip is corrupt: {why}"),
            ));
        }
        Err(Undecoded::Large(most)) => {
            let whose = match fetch.size {
                Some(size) if size == most => "were expected",
                _ => "are taken (--max-size)",
            };
            return Err(other(
                failure,
                format!("decoded, it has more than the {most} bytes that {whose}"),
            ));
        }
    };
    if !met(&got) {
        let digests: Vec<_> = got.1.iter().map(|digest| format!("{digest:?}")).collect();
        let text =
            format!("decoded, it is another file too: {} bytes, {}", got.0, digests.join(", "));
        return Err(other(failure, text));
    }
    let (size, digests) = got;
    let seal = fetch.sealed(file.temporary())?;
    Ok(Decoded { file, size, digests, seal })
}

/// All of it came, and neither its bytes nor the decoded ones are the file.
fn other(failure: Failure, more: String) -> Failure {
    failure.become_final(FailureKind::Mismatch).adding(more)
}

/// Decodes all members to `sink`, up to `most` bytes; returns their number and their digests.
fn unzip(
    client: &Client,
    file: &mut File,
    functions: &[HashFunction],
    most: u64,
    sink: &mut dyn Write,
) -> Result<(u64, Vec<Digest>), Undecoded> {
    let mut hasher = MultiHasher::new(functions.iter().copied());
    let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, file));
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let count = match read_some(&mut decoder, &mut buffer) {
            Ok(0) => return Ok((size, hasher.finalize())),
            Ok(count) => count,
            // The system says that, not the decoder.
            Err(error) if error.raw_os_error().is_some() => return Err(Undecoded::Read(error)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(Undecoded::Cut);
            }
            Err(error) => return Err(Undecoded::Corrupt(error.to_string())),
        };
        size += count as u64;
        if size > most {
            return Err(Undecoded::Large(most));
        }
        client.deadline().judge().map_err(Undecoded::Late)?;
        hasher.update(&buffer[..count]);
        sink.write_all(&buffer[..count]).map_err(Undecoded::Write)?;
    }
}
