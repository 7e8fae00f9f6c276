//! One try at a file: ask, judge the answer, take the bytes, compare.

use std::fs::File;
use std::io;

use url::Url;

use crate::algorithm::HashFunction;
use crate::digest::Digest;
use crate::fetch::copy::{Arrived, Bound, DownloadProgress, Limits, pump};
use crate::fetch::decode::{self, Coding, Decoded};
use crate::fetch::download::{Decoding, Download, ServerDigest, copy, name_of, shown};
use crate::fetch::part::{Part, State};
use crate::fetch::response::{Answer, refusal};
use crate::fetch::resume::{Rest, Validator, rest};
use crate::fetch::verify::{Came, judge, length, wrong_size};
use crate::fs::replace::AtomicFile;
use crate::hasher::fused::MultiHasher;
use crate::net::client::{Client, Reply};
use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::headers::HeaderFields;
use crate::net::redirect::Redirect;
use crate::net::retry::RetryBudget;
use crate::net::transport::{Framing, Request};
use crate::net::url::{redacted, without_userinfo};
use crate::notation::expected::Expected;
use crate::trust::evidence::Evidence;
use crate::trust::header_digests::BodyShape;

/// What is taken of a file whose length is not known, in bytes.
pub(super) const MOST_UNKNOWN: u64 = 16 << 30;

/// What a try needs to know.
pub(super) struct Attempt<'a> {
    pub(super) fetch: &'a Download,
    pub(super) client: &'a Client,
    pub(super) request: &'a Request,
    pub(super) progress: &'a DownloadProgress,
}

/// Whether a part counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    GoOn,
    Anew,
}

/// The part is the file, verified as far as that was asked for.
pub(super) struct Outcome {
    pub(super) size: u64,
    pub(super) digests: Vec<Digest>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) url: Url,
    pub(super) chain: Vec<Redirect>,
    pub(super) resumed: u64,
    pub(super) seal: Option<String>,
    pub(super) notes: Vec<String>,
    /// The file instead of the part: what that is the gzip of.
    pub(super) decoded: Option<AtomicFile>,
}

/// It is not, and what that means for another try.
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// Bytes of an earlier try were in it.
    pub(super) resumed: bool,
    /// The server cannot give the rest.
    pub(super) ask_for_all: bool,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, resumed: false, ask_for_all: false }
    }
}

impl Attempt<'_> {
    pub(super) fn run(
        &self,
        part: &mut Part,
        mode: Mode,
        budget: &mut RetryBudget,
    ) -> Result<Outcome, Failed> {
        let known = match mode {
            Mode::GoOn => self.known(part)?,
            Mode::Anew => None,
        };
        let mut request = self.request.clone();
        request.headers.set("Want-Repr-Digest", "sha-256=10, sha-512=9");
        let have = known.as_ref().map_or(0, |(_, have)| *have);
        if let Some((state, have)) = &known {
            if Some(*have) == state.total && !self.fetch.evidence.is_empty() {
                return self.all_there(part, *have, state.coding);
            }
            request.headers.set("Range", format!("bytes={have}-"));
            request.headers.set("If-Range", state.validator.text());
        }
        let mut reply = self.client.send_with(&request, budget)?;
        let rest = match &known {
            Some((state, have)) => rest(&reply.response, *have, state.total, &state.validator),
            None => match reply.response.status {
                200 | 201 | 203 => Rest::Whole,
                _ => Rest::Other,
            },
        };
        // The response to a range need not say it again.
        if let (Rest::Follows { .. } | Rest::Nothing, Some((state, _))) = (&rest, &known) {
            state.coding.tell(&mut reply.response.headers);
        }
        match rest {
            Rest::Follows { total } => self.take(part, reply, have, Some(total)),
            Rest::Whole => {
                self.begin(part, &reply)?;
                let total = match reply.response.framing {
                    Framing::Length(length) => Some(length),
                    Framing::Chunked | Framing::UntilClose => None,
                };
                self.take(part, reply, 0, total)
            }
            Rest::Nothing => self.take_nothing(part, reply, have),
            Rest::AskForAll => Err(Failed {
                failure: Failure::network(format!(
                    "{}: the server sends another part than was asked for",
                    redacted(&reply.url)
                )),
                resumed: false,
                ask_for_all: true,
            }),
            Rest::Other => Err(refusal(&reply).into()),
        }
    }

    /// What an earlier try has left, if it is of this request and can be gone on with.
    fn known(&self, part: &Part) -> Result<Option<(State, u64)>, Failure> {
        let have = part.len()?;
        let state = part.state().filter(|state| {
            have > 0
                && state.request == name_of(self.request)
                && state.total.is_none_or(|total| have <= total)
        });
        Ok(state.map(|state| (state, have)))
    }

    /// Begins the part anew for the file of this response.
    fn begin(&self, part: &mut Part, reply: &Reply) -> Result<(), Failure> {
        let response = &reply.response;
        let state = Validator::strong(&response.headers).map(|validator| State {
            url: shown(self.request),
            request: name_of(self.request),
            validator,
            total: match response.framing {
                Framing::Length(length) => Some(length),
                Framing::Chunked | Framing::UntilClose => None,
            },
            coding: Coding::of(&response.headers),
        });
        part.begin(state.as_ref().filter(|_| response.framing != Framing::UntilClose))
    }

    /// All bytes came in an earlier try, which ended before they were compared.
    fn all_there(&self, part: &mut Part, have: u64, coding: Coding) -> Result<Outcome, Failed> {
        let mut headers = HeaderFields::new();
        coding.tell(&mut headers);
        let answer = Answer {
            headers,
            url: without_userinfo(&self.request.url),
            chain: Vec::new(),
            shape: BodyShape::Whole,
            framing: Framing::Length(0),
            total: Some(have),
        };
        let (hasher, _) = self.rehash(part, have, &self.fetch.functions())?;
        self.compare(part, answer, hasher.finalize(), have, have)
    }

    fn take_nothing(&self, part: &mut Part, reply: Reply, have: u64) -> Result<Outcome, Failed> {
        let answer = Answer::of(reply.response.headers, reply.url, reply.chain, 416);
        let answer = Answer { framing: Framing::Length(0), total: Some(have), ..answer };
        let (hasher, _) = self.rehash(part, have, &self.fetch.functions())?;
        self.compare(part, answer, hasher.finalize(), have, have)
    }

    /// Takes the body, which begins at `have`.
    fn take(
        &self,
        part: &mut Part,
        reply: Reply,
        have: u64,
        total: Option<u64>,
    ) -> Result<Outcome, Failed> {
        let mut response = reply.response;
        let answer = Answer::of(response.headers, reply.url, reply.chain, response.status);
        let answer = Answer { framing: response.framing, total, ..answer };
        let named = |failure: Failure| failure.during(redacted(&answer.url));
        self.judge_size(&answer).map_err(named)?;
        let mut functions = self.fetch.functions();
        for digest in answer.stated() {
            if !functions.contains(&digest.hash_function()) {
                functions.push(digest.hash_function());
            }
        }
        let (hasher, _) = self.rehash(part, have, &functions)?;
        self.progress.set(have, total.or(self.size_of(&answer)));
        let limits = self.limits(&answer);
        let Arrived { hasher, length, end } =
            pump(&mut response.body, part.file(), hasher, have, limits, self.progress);
        drop(response.body);
        // Where only the connection's end can end it, digest or size tell whether it was all of it.
        let may_tell = !self.fetch.evidence.is_empty() || self.fetch.size.is_some();
        let may_be_all = answer.framing == Framing::UntilClose && may_tell;
        if let Err(failure) = end.or_else(|failure| match failure.kind() {
            // Not where the time was over.
            FailureKind::Network if may_be_all && failure.retry() != Retry::Never => Ok(()),
            _ => Err(failure),
        }) {
            return Err(match failure.kind() {
                FailureKind::Local => failure.during(format_args!("{:?}", part.path())),
                _ => named(failure),
            }
            .into());
        }
        self.compare(part, answer, hasher.finalize(), length, have)
    }

    /// Hashes what is there, and makes it that long.
    fn rehash(
        &self,
        part: &mut Part,
        have: u64,
        functions: &[HashFunction],
    ) -> Result<(MultiHasher, u64), Failure> {
        let mut hasher = MultiHasher::new(functions.iter().copied());
        if have > 0 {
            let file: &mut File = part.read()?;
            let read = copy(file, &mut hasher);
            let read = read.map_err(|error| part.failure(error))?;
            if read != have {
                let other = io::Error::other("it changes while it is read");
                return Err(part.failure(other));
            }
        }
        part.cut(have)?;
        Ok((hasher, have))
    }

    /// Refuses a length that cannot be right, before it is fetched.
    fn judge_size(&self, answer: &Answer) -> Result<(), Failure> {
        let Some(total) = answer.total else { return Ok(()) };
        if let Some(size) = self.size_of(answer).filter(|size| *size != total) {
            let failure = wrong_size(size, total);
            return Err(match Coding::of(&answer.headers) {
                Coding::Gzip => failure.adding("it is sent as gzip: --decode, perhaps"),
                Coding::None => failure,
            });
        }
        match self.fetch.max_size {
            Some(most) if total > most => Err(Failure::new(
                FailureKind::Policy,
                format!("it has {total} bytes, more than {most} (--max-size)"),
            )),
            _ => Ok(()),
        }
    }

    /// Provenance long it should be as it comes: of what may be decoded, nobody knows.
    fn size_of(&self, answer: &Answer) -> Option<u64> {
        match (self.fetch.decoding, Coding::of(&answer.headers)) {
            (Decoding::IfNeeded, Coding::Gzip) => None,
            _ => self.fetch.size,
        }
    }

    /// Provenance much is taken. A length that the server tells, the transport keeps to.
    fn limits(&self, answer: &Answer) -> Limits {
        let (most, bound) = match (answer.total.or(self.size_of(answer)), self.fetch.max_size) {
            (Some(length), Some(most)) if most < length => (most, Bound::Most),
            (Some(length), _) => (length, Bound::Length),
            (None, most) => (most.unwrap_or(MOST_UNKNOWN), Bound::Most),
        };
        Limits { most, bound }
    }

    /// Whether the part is the file.
    fn compare(
        &self,
        part: &mut Part,
        answer: Answer,
        digests: Vec<Digest>,
        size: u64,
        resumed: u64,
    ) -> Result<Outcome, Failed> {
        let url = redacted(&answer.url);
        let fail = |failure: Failure| Failed {
            failure: failure.during(&url),
            resumed: resumed > 0,
            ask_for_all: false,
        };
        if let Some(total) = answer.total.filter(|total| *total != size) {
            return Err(fail(Failure::network(format!("truncated: {size} of {total} bytes came"))));
        }
        let stated = answer.stated();
        let coding = Coding::of(&answer.headers);
        let came = Came {
            digests: &digests,
            size,
            url: &url,
            framing: answer.framing,
            content_type: answer.headers.value("Content-Type"),
            content_encoding: answer.headers.value("Content-Encoding"),
            coding,
        };
        // A wrong length is the better reason.
        let or_length = |failure| length(self.fetch, &came).and(Err(failure));
        let evidence = self.evidence(&stated).or_else(or_length).map_err(fail)?;
        let contradicts = |digest: &&Digest| !Expected::from(**digest).is_met_by(&digests);
        let notes = stated
            .iter()
            .filter(contradicts)
            .map(|digest| format!("the server itself states another digest, {digest:?}"));
        let mut notes: Vec<String> = notes.collect();
        let (seal, size, digests, decoded) = match judge(self.fetch, &evidence, &came, part) {
            Ok(seal) => (seal, size, digests, None),
            Err(failure) if decode::may_mend(self.fetch, &evidence, coding, &failure) => {
                let decoded = decode::instead(self.fetch, self.client, &evidence, part, failure);
                let Decoded { file, size, digests, seal } = decoded.map_err(fail)?;
                notes.push("it came as gzip (Content-Encoding), and is decoded".into());
                (seal, size, digests, Some(file))
            }
            Err(failure) => return Err(fail(failure)),
        };
        let Answer { url, chain, .. } = answer;
        let compared = self.fetch.functions();
        let digests: Vec<Digest> = digests
            .into_iter()
            .filter(|digest| {
                compared.contains(&digest.hash_function())
                    || evidence
                        .iter()
                        .any(|e| e.expected.hash_functions().contains(&digest.hash_function()))
            })
            .collect();
        Ok(Outcome { size, digests, evidence, url, chain, resumed, seal, notes, decoded })
    }

    /// What was given, and what the server states where that is to be trusted.
    fn evidence(&self, stated: &[Digest]) -> Result<Vec<Evidence>, Failure> {
        let mut evidence = self.fetch.evidence.clone();
        if self.fetch.server == ServerDigest::Trusted {
            let sound = |digest: &&Digest| {
                digest.algorithm().strength() == crate::algorithm::Strength::Sound
            };
            let best = stated.iter().find(sound).or(stated.first());
            let stated = |digest: &Digest| Evidence::new((*digest).into(), "stated by the server");
            evidence.extend(best.map(stated));
        }
        match evidence.is_empty() && !self.fetch.is_accepted_unverified() {
            true => Err(Failure::new(FailureKind::Unverifiable, "the server states no digest")),
            false => Ok(evidence),
        }
    }
}
