//! A download that is either verified or not there.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use crate::algorithm::{Algorithm, HashFunction, Strength};
use crate::engine::StableFile;
use crate::fetch::attempt::{Attempt, Mode, Outcome};
use crate::fetch::copy::DownloadProgress;
use crate::fetch::part::{self, Part};
use crate::fetch::verified::{Provenance, VerifiedDownload};
use crate::fs::bounded::read_some;
use crate::fs::links::resolve_links;
use crate::fs::replace::Existing;
use crate::hasher::fused::MultiHasher;
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::transport::{Body, Origin, Request};
use crate::net::url::redacted;
use crate::notation::expected::Expected;
use crate::trust::evidence::{self, Evidence};

/// A file to be fetched, and all that is known of it beforehand.
///
/// ```no_run
/// use hsum::fetch::Download;
/// use hsum::net::Client;
///
/// let url = "https://example.org/x.iso".parse()?;
/// let digest = "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=".parse()?;
/// let got = Download::new(url).expected(digest, "me").to_path(&Client::builder().build(), "x.iso")?;
/// println!("{} bytes, verified", got.size);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Download {
    pub(super) requests: Vec<Request>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) size: Option<u64>,
    pub(super) max_size: Option<u64>,
    pub(super) existing: Existing,
    resume: Resume,
    bad: OnMismatch,
    pub(super) decoding: Decoding,
    demand: RequiredStrength,
    pub(super) server: ServerDigest,
    unverified: Unverified,
    pub(super) seal: Option<Arc<AcceptFile>>,
    mode: u32,
    progress: Arc<DownloadProgress>,
}

/// Whether a download resumes an earlier partial one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resume {
    /// Resumes if the server proves that it still has the same file.
    #[default]
    On,
    /// Starts over.
    Off,
}

/// The action on a file that is not the expected one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnMismatch {
    /// The file is removed.
    #[default]
    Remove,
    /// The file is kept as `NAME.hsum-bad`.
    Keep,
}

/// The handling of a body that the server sent as gzip (`Content-Encoding`) without being asked to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Decoding {
    /// The file is the bytes as sent.
    #[default]
    Never,
    /// The file is the decoded bytes if those are the expected ones and the bytes as sent are not.
    IfNeeded,
}

/// The strength that the expected digests must have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RequiredStrength {
    /// Any digest suffices.
    #[default]
    Any,
    /// At least one digest must be of an algorithm without known collisions.
    Sound,
}

/// The weight of a digest that the server states in its response.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ServerDigest {
    /// It is compared and reported, but is not evidence.
    #[default]
    Advisory,
    /// It is evidence.
    Trusted,
}

/// The handling of a file for which there is no evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unverified {
    /// The file is not downloaded.
    #[default]
    Refused,
    /// The file is put in place unverified.
    Accepted,
}

/// Finds the file at a path good, for a reason, or not: a signature, say.
pub type AcceptFile = dyn Fn(&Path) -> Result<String, Failure> + Send + Sync;

impl Download {
    /// The file at `url`, of which nothing is known yet. A fragment is not part of the request.
    pub fn new(url: Url) -> Self {
        Self::from_request(Request::get(url))
    }

    /// The file that a server sends upon this request.
    pub fn from_request(request: Request) -> Self {
        Self {
            requests: vec![request],
            evidence: Vec::new(),
            size: None,
            max_size: None,
            existing: Existing::Keep,
            resume: Resume::On,
            bad: OnMismatch::Remove,
            decoding: Decoding::Never,
            demand: RequiredStrength::Any,
            server: ServerDigest::Advisory,
            unverified: Unverified::Refused,
            seal: None,
            mode: 0o666,
            progress: Arc::default(),
        }
    }

    /// Another place to fetch it from, if those before fail. It gets the user's credentials only if
    /// it is of the first one's origin.
    pub fn mirror(mut self, url: Url) -> Self {
        let first = &self.requests[0];
        let own = first.url.origin() == url.origin() && first.origin == Origin::Own;
        let origin = if own { Origin::Own } else { Origin::Foreign };
        let request = Request { url, origin, ..Request::get(first.url.clone()) };
        self.requests.push(request);
        self
    }

    /// What its digests should be, and who says so. Each that is given must hold.
    pub fn expected(self, expected: Expected, source: impl Into<String>) -> Self {
        self.evidence(Evidence::new(expected, source))
    }

    /// Adds what its digests should be, with the source and its signature.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Provenance long it should be, in bytes.
    pub fn size(mut self, bytes: u64) -> Self {
        self.size = Some(bytes);
        self
    }

    /// The most that is taken, in bytes; without a word 16 GiB where the length is not known.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// What becomes of another file under its name: [`Existing::Keep`] is a failure.
    pub fn existing(mut self, existing: Existing) -> Self {
        self.existing = existing;
        self
    }

    /// Lets only the owner read the file, from its first byte on.
    pub fn private(mut self) -> Self {
        self.mode = 0o600;
        self
    }

    /// See [`Resume`].
    pub fn resume(mut self, resume: Resume) -> Self {
        self.resume = resume;
        self
    }

    /// See [`OnMismatch`].
    pub fn on_mismatch(mut self, bad: OnMismatch) -> Self {
        self.bad = bad;
        self
    }

    /// See [`Decoding`].
    pub fn decoding(mut self, decoding: Decoding) -> Self {
        self.decoding = decoding;
        self
    }

    /// See [`RequiredStrength`].
    pub fn strength(mut self, demand: RequiredStrength) -> Self {
        self.demand = demand;
        self
    }

    /// See [`ServerDigest`].
    pub fn server_digest(mut self, server: ServerDigest) -> Self {
        self.server = server;
        self
    }

    /// See [`Unverified`].
    pub fn unverified(mut self, unverified: Unverified) -> Self {
        self.unverified = unverified;
        self
    }

    /// Must find the whole file good before it is put in place. That counts as something to verify
    /// it against.
    pub fn accept_if(mut self, seal: Arc<AcceptFile>) -> Self {
        self.seal = Some(seal);
        self
    }

    /// Counts what has come there.
    pub fn progress(mut self, progress: Arc<DownloadProgress>) -> Self {
        self.progress = progress;
        self
    }

    /// Fetches it to `path`. Until everything holds, what stands there is untouched.
    ///
    /// # Errors
    /// [`Failure`] says what did not hold. What has come is kept beside `path` where a later call
    /// can go on with it.
    pub fn to_path(
        &self,
        client: &Client,
        path: impl AsRef<Path>,
    ) -> Result<VerifiedDownload, Failure> {
        let path = real(path.as_ref())?;
        self.judge_evidence()?;
        if let Some(found) = self.look(&path)? {
            return Ok(found);
        }
        let mut part = Part::open(&path, self.mode)?;
        let mut last = None;
        for (i, request) in self.requests.iter().enumerate() {
            let is_last = i + 1 == self.requests.len();
            match self.from(client, request, &mut part) {
                Ok(mut outcome) => {
                    match outcome.decoded.take() {
                        None => part.commit(self.existing)?,
                        Some(decoded) => part.commit_decoded(decoded)?,
                    }
                    return Ok(self.verified(&path, outcome));
                }
                Err(failure) => {
                    let elsewhere = match failure.kind() {
                        FailureKind::Local | FailureKind::Usage | FailureKind::Unverifiable => {
                            false
                        }
                        _ => !is_last,
                    };
                    if !elsewhere {
                        last = Some(failure);
                        break;
                    }
                    last = Some(failure);
                }
            }
        }
        let failure = last.unwrap_or_else(|| Failure::new(FailureKind::Usage, "no URL"));
        match (failure.kind(), self.bad) {
            (FailureKind::Mismatch, OnMismatch::Keep) => {
                let bad = part.keep_bad()?;
                return Err(failure.adding(format!("it is kept as {bad:?}")));
            }
            (FailureKind::Mismatch, OnMismatch::Remove) => part.discard(),
            _ => part.leave(),
        }
        Err(failure)
    }

    /// From one place, as often as it takes and is allowed.
    fn from(
        &self,
        client: &Client,
        request: &Request,
        part: &mut Part,
    ) -> Result<Outcome, Failure> {
        let mut budget = client.retry_budget();
        let mut mode = if self.resume == Resume::On { Mode::GoOn } else { Mode::Anew };
        let mut restarted = false;
        loop {
            let attempt = Attempt { fetch: self, client, request, progress: &self.progress };
            let failed = match attempt.run(part, mode, &mut budget) {
                Ok(outcome) => return Ok(outcome),
                Err(failed) => failed,
            };
            let failure = failed.failure;
            // What joined old and new bytes may have been wrong: once, all of it anew.
            let joined = failed.resumed && failure.kind() == FailureKind::Mismatch;
            if (joined || failed.ask_for_all) && !restarted {
                restarted = true;
                mode = Mode::Anew;
                part.begin(None)?;
                continue;
            }
            match failure.retry() {
                Retry::Never => return Err(failure),
                again if budget.wait(again) => {}
                _ => return Err(failure),
            }
        }
    }

    /// Refuses what could never be verified, before anything is fetched.
    fn judge_evidence(&self) -> Result<(), Failure> {
        let refuse = |why: &str| Err(Failure::new(FailureKind::Unverifiable, why));
        if self.evidence.is_empty() {
            return match (self.is_accepted_unverified(), self.server) {
                (false, ServerDigest::Advisory) => refuse("nothing to verify it against"),
                _ => Ok(()),
            };
        }
        let sound = |evidence: &Evidence| evidence.expected.strength() == Strength::Sound;
        match self.demand {
            RequiredStrength::Sound if !self.evidence.iter().any(sound) => Err(Failure::new(
                FailureKind::Policy,
                "only a digest that can be forged is known of it (--strong)",
            )),
            _ => Ok(()),
        }
    }

    /// The functions to compute where nothing but what was given beforehand asks for some.
    pub(super) fn functions(&self) -> Vec<HashFunction> {
        let mut functions = Vec::new();
        for function in self.evidence.iter().flat_map(|evidence| evidence.expected.hash_functions())
        {
            if !functions.contains(&function) {
                functions.push(function);
            }
        }
        if functions.is_empty() {
            functions.push(Algorithm::Sha256.into());
        }
        functions
    }

    /// Whether it may be put in place where no digest is known.
    pub(super) fn is_accepted_unverified(&self) -> bool {
        self.unverified == Unverified::Accepted || self.seal.is_some()
    }

    /// A failure where the seal does not find the file good; its reason, where there is one.
    pub(super) fn sealed(&self, path: &Path) -> Result<Option<String>, Failure> {
        self.seal.as_ref().map(|seal| seal(path)).transpose()
    }

    /// What stands under the name, if it is the file; a failure if it is in the way.
    fn look(&self, path: &Path) -> Result<Option<VerifiedDownload>, Failure> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::local(path, error)),
        };
        if !metadata.is_file() {
            let text = format!("{path:?}: is there and is no regular file");
            return Err(Failure::new(FailureKind::Local, text));
        }
        let may_be = self.size.is_none_or(|size| size == metadata.len());
        if (!self.evidence.is_empty() || self.seal.is_some()) && may_be {
            let mut hasher = MultiHasher::new(self.functions());
            let mut file = StableFile::open(path)?;
            let size = copy(&mut file, &mut hasher);
            let size = size.map_err(|error| Failure::local(path, error))?;
            let digests = hasher.finalize();
            let met = self.evidence.iter().all(|evidence| evidence.expected.is_met_by(&digests));
            let sealed = match met.then(|| self.sealed(path)) {
                Some(Err(failure)) if failure.kind() != FailureKind::Mismatch => {
                    return Err(failure);
                }
                sealed => sealed.and_then(Result::ok),
            };
            if let Some(seal) = sealed {
                let notes = evidence::weakness(&self.evidence).into_iter();
                return Ok(Some(VerifiedDownload {
                    path: path.to_owned(),
                    size,
                    digests,
                    evidence: self.evidence.clone(),
                    seal,
                    how: Provenance::Present,
                    notes: notes.collect(),
                }));
            }
        }
        match self.existing {
            Existing::Keep => Err(part::exists(path)),
            Existing::Replace => Ok(None),
        }
    }

    fn verified(&self, path: &Path, outcome: Outcome) -> VerifiedDownload {
        let mut notes = outcome.notes;
        notes.extend(evidence::weakness(&outcome.evidence));
        let Outcome { size, digests, evidence, url, chain, resumed, seal, .. } = outcome;
        let how = Provenance::Fetched { url, chain, resumed };
        VerifiedDownload { path: path.to_owned(), size, digests, evidence, seal, how, notes }
    }
}

/// Copies with a buffer that is worth its system calls.
pub(super) fn copy(file: &mut impl Read, hasher: &mut MultiHasher) -> io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        match read_some(file, &mut buffer) {
            Ok(0) => return Ok(length),
            Ok(count) => {
                hasher.update(&buffer[..count]);
                length += count as u64;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What a link leads to is replaced, not the link.
fn real(path: &Path) -> Result<PathBuf, Failure> {
    if path.file_name().is_none() {
        let text = format!("{path:?}: is no name for a file");
        return Err(Failure::new(FailureKind::Usage, text));
    }
    Ok(resolve_links(path))
}

/// What names a request without telling what is in it: a digest of method, URL and body.
pub(super) fn name_of(request: &Request) -> String {
    let mut hasher = crate::hasher::Hasher::new(Algorithm::Sha256);
    let mut url = request.url.clone();
    url.set_fragment(None);
    for part in [request.method.as_bytes(), url.as_str().as_bytes()] {
        hasher.update(part);
        hasher.update(b"\0");
    }
    if let Body::Bytes(bytes) = &request.body {
        hasher.update(bytes);
    }
    hasher.finalize().to_hex()
}

/// A URL for the state file.
pub(super) fn shown(request: &Request) -> String {
    redacted(&request.url)
}
