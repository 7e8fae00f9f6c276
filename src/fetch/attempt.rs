//! One attempt at a download: request, check the response, receive the body, verify.

use crate::algorithm::{HashFunction, Strength};
use crate::digest::Digest;
use crate::fetch::coding::ContentCoding;
use crate::fetch::copy::{Copied, Limit, copy};
use crate::fetch::decode::{Decoded, decode_and_verify, may_help};
use crate::fetch::options::{Decoding, Download, Resume, ServerDigest};
use crate::fetch::part::{Part, PartState};
use crate::fetch::progress::DownloadPhase;
use crate::fetch::response_head::ResponseHead;
use crate::fetch::result::{Provenance, VerifiedDownload};
use crate::fetch::resume::{Continuation, Validator, continuation};
use crate::fetch::verify::{Received, hash_file, truncated, verify, verify_size, wrong_size};
use crate::fs::replace::AtomicFile;
use crate::hasher::fused::MultiHasher;
use crate::net::client::{Client, Reply};
use crate::net::failure::{Failure, FailureKind, FailureReason, Retry};
use crate::net::headers::HeaderFields;
use crate::net::retry::RetryBudget;
use crate::net::transport::{Framing, Request, Response};
use crate::net::url::{redacted, without_userinfo};
use crate::notation::expected::Expected;
use crate::trust::evidence::{self, Evidence};

/// One attempt to download a file from one URL.
pub(super) struct Attempt<'a> {
    pub(super) download: &'a Download,
    pub(super) client: &'a Client,
    pub(super) request: &'a Request,
}

/// A verified file that is not yet in its final place.
pub(super) struct Completed {
    pub(super) file: VerifiedDownload,
    /// The decoded file, if it takes the place of the part.
    pub(super) decoded: Option<AtomicFile>,
}

pub(super) struct AttemptError {
    pub(super) failure: Failure,
    /// Set if a new attempt that ignores the part may succeed.
    pub(super) may_restart: bool,
}

impl From<Failure> for AttemptError {
    fn from(failure: Failure) -> Self {
        Self { failure, may_restart: false }
    }
}

impl Attempt<'_> {
    pub(super) fn run(
        &self,
        part: &mut Part,
        resume: Resume,
        budget: &mut RetryBudget,
    ) -> Result<Completed, AttemptError> {
        let resumable = match resume {
            Resume::On => self.resumable(part)?,
            Resume::Off => None,
        };
        let mut request = self.request.clone();
        request.headers.set("Want-Repr-Digest", "sha-256=10, sha-512=9").map_err(Failure::from)?;
        let progress = &self.download.progress;
        progress.set_phase(DownloadPhase::Connecting);
        let Some((state, have)) = resumable else {
            let reply = self.client.send_with(&request, budget)?;
            return match reply.response.status {
                200 | 201 | 203 => self.receive_all(part, reply),
                // The client has already retried.
                status => Err(Failure::status(&reply.url, status).into()),
            };
        };
        if Some(have) == state.total && !self.download.evidence.is_empty() {
            // An earlier run received all bytes, but ended before it verified them.
            let mut headers = HeaderFields::new();
            state.coding.declare(&mut headers);
            let url = without_userinfo(&self.request.url);
            return self.verify_complete(
                part,
                ResponseHead {
                    status: 200,
                    headers,
                    url,
                    redirects: Vec::new(),
                    framing: Framing::Length(0),
                    total: Some(have),
                },
            );
        }
        request.headers.set("Range", format!("bytes={have}-")).map_err(Failure::from)?;
        request.headers.set("If-Range", state.validator.text()).map_err(Failure::from)?;
        let mut reply = self.client.send_with(&request, budget)?;
        match continuation(&reply.response, have, state.total, &state.validator) {
            Continuation::Rest { total } => {
                state.coding.declare(&mut reply.response.headers);
                progress.set_resumable(true);
                self.receive(part, reply, have, Some(total))
            }
            Continuation::Complete => {
                state.coding.declare(&mut reply.response.headers);
                let Reply { response, url, redirects } = reply;
                let Response { status, headers, .. } = response;
                let (framing, total) = (Framing::Length(0), Some(have));
                let head = ResponseHead { status, headers, url, redirects, framing, total };
                self.verify_complete(part, head)
            }
            Continuation::Whole => self.receive_all(part, reply),
            Continuation::Unusable => Err(AttemptError {
                failure: Failure::network(format!(
                    "{}: the server sent a different range than requested",
                    redacted(&reply.url)
                )),
                may_restart: true,
            }),
            Continuation::Refused => Err(Failure::status(&reply.url, reply.response.status).into()),
        }
    }

    /// Returns the state and the length of the part, if this request can resume it.
    fn resumable(&self, part: &Part) -> Result<Option<(PartState, u64)>, Failure> {
        let have = part.len()?;
        let state = part.state().filter(|state| {
            have > 0 && state.is_for(self.request) && state.total.is_none_or(|total| have <= total)
        });
        Ok(state.map(|state| (state, have)))
    }

    fn receive_all(&self, part: &mut Part, reply: Reply) -> Result<Completed, AttemptError> {
        let headers = &reply.response.headers;
        let total = match reply.response.framing {
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        let state = Validator::strong(headers)
            .filter(|_| reply.response.framing != Framing::UntilClose)
            .map(|v| PartState::new(self.request, v, total, ContentCoding::of(headers)));
        part.restart(state.as_ref())?;
        self.download.progress.set_resumable(state.is_some());
        self.receive(part, reply, 0, total)
    }

    /// Verifies a part that has all bytes of the file.
    fn verify_complete(
        &self,
        part: &mut Part,
        head: ResponseHead,
    ) -> Result<Completed, AttemptError> {
        let have = part.len()?;
        let hasher = self.hash_part(part, have, self.download.hash_functions([]))?;
        self.verify(part, head, &hasher.finalize(), have, have)
    }

    /// Receives a body that begins at the offset `have`.
    fn receive(
        &self,
        part: &mut Part,
        reply: Reply,
        have: u64,
        total: Option<u64>,
    ) -> Result<Completed, AttemptError> {
        let Reply { response, url, redirects } = reply;
        let Response { status, headers, framing, mut body } = response;
        let head = ResponseHead { status, headers, url, redirects, framing, total };
        let url = redacted(&head.url);
        self.check_size(&head).map_err(|failure| failure.during(&url))?;
        let stated = head.stated_digests().into_iter().map(|digest| digest.hash_function());
        let hasher = self.hash_part(part, have, self.download.hash_functions(stated))?;
        let known = total.or(self.expected_size(&head));
        self.download.progress.start(have, known);
        let limit = match (known, self.download.max_size) {
            (Some(known), Some(max)) if max < known => Limit::Maximum(max),
            (Some(known), _) => Limit::Known(known),
            (None, _) => Limit::Maximum(self.download.limit()),
        };
        let Copied { hasher, length, end } =
            copy(&mut body, part.file(), hasher, have, limit, &self.download.progress);
        drop(body);
        self.download.progress.set_phase(DownloadPhase::Verifying);
        if let Err(failure) = end {
            // The digest or size shows whether a body without framing is complete. After the
            // deadline it is not.
            let may_be_complete = framing == Framing::UntilClose
                && (!self.download.evidence.is_empty() || self.download.size.is_some())
                && failure.kind() == FailureKind::Network
                && failure.retry() != Retry::Never;
            if !may_be_complete {
                return Err(match failure.kind() {
                    FailureKind::Local => failure.during(part.path().display()),
                    _ => failure.during(url),
                }
                .into());
            }
        }
        self.verify(part, head, &hasher.finalize(), length, have)
    }

    /// Hashes the first `have` bytes of the part, and removes the rest.
    fn hash_part(
        &self,
        part: &mut Part,
        have: u64,
        functions: Vec<HashFunction>,
    ) -> Result<MultiHasher, Failure> {
        let mut hasher = MultiHasher::new(functions);
        if have > 0 {
            self.download.progress.set_phase(DownloadPhase::Verifying);
            let hashed = hash_file(part.rewind()?, &mut hasher);
            if hashed.map_err(|error| part.failure(error))? != have {
                let text = format!("{}: changed while it was read", part.path().display());
                return Err(Failure::new(FailureKind::Local, text));
            }
        }
        part.truncate(have)?;
        Ok(hasher)
    }

    /// Checks the stated length before the body is received.
    fn check_size(&self, head: &ResponseHead) -> Result<(), Failure> {
        let Some(total) = head.total else { return Ok(()) };
        if let Some(size) = self.expected_size(head).filter(|size| *size != total) {
            let failure = wrong_size(size, total);
            return Err(match head.coding() {
                ContentCoding::Gzip => failure
                    .adding("it is sent as gzip (Content-Encoding)")
                    .because(FailureReason::NotDecoded),
                ContentCoding::Identity => failure,
            });
        }
        match self.download.max_size {
            Some(limit) if total > limit => Err(FailureReason::TooLarge { limit }.into()),
            _ => Ok(()),
        }
    }

    /// Returns the expected length of the body; `None` if the body may have to be decoded.
    fn expected_size(&self, head: &ResponseHead) -> Option<u64> {
        match (self.download.decoding, head.coding()) {
            (Decoding::IfNeeded, ContentCoding::Gzip) => None,
            _ => self.download.size,
        }
    }

    /// Verifies the part, or the bytes that it decodes to.
    fn verify(
        &self,
        part: &mut Part,
        head: ResponseHead,
        digests: &[Digest],
        size: u64,
        resumed: u64,
    ) -> Result<Completed, AttemptError> {
        let url = redacted(&head.url);
        let failed = |failure: Failure| AttemptError {
            // Old and new bytes may come from different files.
            may_restart: resumed > 0 && failure.kind() == FailureKind::Mismatch,
            failure: failure.during(&url),
        };
        if let Some(total) = head.total.filter(|total| *total != size) {
            return Err(failed(truncated(total, size)));
        }
        let stated = head.stated_digests();
        let received = Received { head: &head, size, digests };
        // A wrong size explains more than missing evidence, so it takes precedence.
        let evidence = self
            .evidence(&stated)
            .or_else(|failure| verify_size(self.download, &received).and(Err(failure)))
            .map_err(failed)?;
        let contradicts = |digest: &&Digest| !Expected::from(**digest).is_met_by(digests);
        let mut notes: Vec<String> = stated
            .iter()
            .filter(contradicts)
            .map(|digest| format!("the server states a different digest, {digest:?}"))
            .collect();
        let (accepted_by, size, digests, decoded) =
            match verify(self.download, &evidence, &received, part) {
                Ok(accepted_by) => (accepted_by, size, digests.to_vec(), None),
                Err(failure) if may_help(self.download, &evidence, head.coding(), &failure) => {
                    let (download, client) = (self.download, self.client);
                    let decoded = decode_and_verify(download, client, &evidence, part, failure);
                    let Decoded { file, size, digests, accepted_by } = decoded.map_err(failed)?;
                    notes.push("decoded from gzip (Content-Encoding)".into());
                    (accepted_by, size, digests, Some(file))
                }
                Err(failure) => return Err(failed(failure)),
            };
        notes.extend(evidence::weakness(&evidence));
        let expected = evidence.iter().flat_map(|one| one.expected.hash_functions());
        let compared = self.download.hash_functions(expected);
        let file = VerifiedDownload {
            path: part.target().to_owned(),
            size,
            digests: digests
                .into_iter()
                .filter(|d| compared.contains(&d.hash_function()))
                .collect(),
            evidence,
            accepted_by,
            provenance: Provenance::Fetched { url: head.url, redirects: head.redirects, resumed },
            notes,
        };
        Ok(Completed { file, decoded })
    }

    /// Returns the known evidence, and the server's digest if it is trusted.
    fn evidence(&self, stated: &[Digest]) -> Result<Vec<Evidence>, Failure> {
        let mut evidence = self.download.evidence.clone();
        if self.download.server_digest == ServerDigest::Trusted {
            let sound = |digest: &&Digest| digest.algorithm().strength() == Strength::Sound;
            let hash = |digest: &&Digest| digest.algorithm().strength() > Strength::Checksum;
            let best = stated.iter().find(sound).or(stated.iter().find(hash));
            evidence.extend(best.map(|d| Evidence::new((*d).into(), "stated by the server")));
        }
        match evidence.iter().any(Evidence::has_hash) || self.download.is_accepted_without_digest()
        {
            true => Ok(evidence),
            false => Err(Failure::new(FailureKind::Unverifiable, "the server states no digest")),
        }
    }
}
