//! The steps of a download: retries, mirrors, and moving the file to its final place.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::algorithm::Strength;
use crate::engine::file::StableFile;
use crate::fetch::attempt::{Attempt, Completed};
use crate::fetch::options::{Download, OnMismatch, RequiredStrength, Resume, ServerDigest};
use crate::fetch::part::Part;
use crate::fetch::progress::DownloadPhase;
use crate::fetch::result::{Provenance, VerifiedDownload};
use crate::fetch::verify::hash_file;
use crate::fs::links::resolve_links;
use crate::fs::replace::Existing;
use crate::hasher::fused::MultiHasher;
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind, FailureReason, Retry};
use crate::net::retry::Pause;
use crate::net::transport::Request;
use crate::trust::evidence::{self, Evidence};

impl Download {
    /// Downloads the file to `path`. An existing file is kept until the new one is verified.
    ///
    /// # Errors
    /// If the file cannot be fetched or verified. The partial download is kept beside `path` if a
    /// later call can resume it.
    pub fn to_path(
        &self,
        client: &Client,
        path: impl AsRef<Path>,
    ) -> Result<VerifiedDownload, Failure> {
        let path = path.as_ref();
        if path.file_name().is_none() {
            return Err(Failure::new(FailureKind::Usage, "the path does not name a file"));
        }
        let path = resolve_links(path);
        self.check_evidence()?;
        if let Some(present) = self.check_existing(&path)? {
            return Ok(present);
        }
        let mut part = Part::open(&path, self.mode)?;
        let mut result = Err(Failure::new(FailureKind::Usage, "no URL"));
        for request in &self.requests {
            result = self.fetch_from(client, request, &mut part);
            let try_next = result.as_ref().is_err_and(|failure| {
                use FailureKind::{Local, Unverifiable, Usage};
                !matches!(failure.kind(), Local | Usage | Unverifiable)
            });
            if !try_next {
                break;
            }
        }
        match result {
            Ok(Completed { file, decoded }) => {
                match decoded {
                    None => part.commit(self.existing)?,
                    Some(decoded) => part.commit_decoded(decoded)?,
                }
                Ok(file)
            }
            Err(failure) if failure.kind() != FailureKind::Mismatch => {
                part.keep_if_resumable();
                Err(failure)
            }
            Err(failure) if self.on_mismatch == OnMismatch::Keep => {
                let rejected = part.keep_rejected()?;
                Err(failure.adding(format!("it is kept as {}", rejected.display())))
            }
            Err(failure) => {
                part.discard();
                Err(failure)
            }
        }
    }

    /// Fetches the file from one URL, with retries.
    fn fetch_from(
        &self,
        client: &Client,
        request: &Request,
        part: &mut Part,
    ) -> Result<Completed, Failure> {
        let progress = Arc::clone(&self.progress);
        let mut budget = client.retry_budget().observed_by(Arc::new(move |pause| {
            progress.set_phase(match pause {
                Some(Pause { until, retry, retries }) => {
                    DownloadPhase::Waiting { until, retry, retries }
                }
                None => DownloadPhase::Connecting,
            });
        }));
        let mut resume = self.resume;
        let mut restarted = false;
        loop {
            let attempt = Attempt { download: self, client, request };
            let error = match attempt.run(part, resume, &mut budget) {
                Ok(completed) => return Ok(completed),
                Err(error) => error,
            };
            if error.may_restart && !restarted {
                restarted = true;
                resume = Resume::Off;
                part.restart(None)?;
                continue;
            }
            let retry = error.failure.retry();
            if retry == Retry::Never || !budget.wait(retry) {
                return Err(error.failure);
            }
        }
    }

    /// Rejects a download that no response can verify.
    fn check_evidence(&self) -> Result<(), Failure> {
        let is_sound = |one: &Evidence| one.expected.strength() == Strength::Sound;
        if !self.evidence.iter().any(Evidence::has_hash) {
            let may_be =
                self.is_accepted_without_digest() || self.server_digest == ServerDigest::Trusted;
            return match self.evidence[..] {
                _ if may_be => Ok(()),
                [] => Err(FailureReason::NoEvidence.into()),
                _ => Err(FailureReason::ChecksumsOnly.into()),
            };
        }
        match self.strength {
            RequiredStrength::Sound if !self.evidence.iter().any(is_sound) => {
                Err(FailureReason::WeakDigests.into())
            }
            _ => Ok(()),
        }
    }

    /// Returns the existing file at `path` if it is the expected one.
    ///
    /// # Errors
    /// If it is a different file that must not be replaced.
    fn check_existing(&self, path: &Path) -> Result<Option<VerifiedDownload>, Failure> {
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::local(path, error)),
        };
        if !metadata.is_file() {
            let text = "already exists and is not a regular file";
            return Err(Failure::new(FailureKind::Local, text));
        }
        let may_match = self.size.is_none_or(|size| size == metadata.len());
        let is_known = !self.evidence.is_empty() || self.has_check();
        if is_known && may_match {
            self.progress.set_phase(DownloadPhase::Verifying);
            let mut hasher = MultiHasher::new(self.hash_functions([]));
            let size = hash_file(&mut StableFile::open(path)?, &mut hasher);
            let size = size.map_err(|error| Failure::local(path, error))?;
            let digests = hasher.finalize();
            let matches = self.evidence.iter().all(|one| one.expected.is_met_by(&digests));
            let checked = match matches.then(|| self.check(path)) {
                Some(Err(failure)) if failure.kind() != FailureKind::Mismatch => {
                    return Err(failure);
                }
                checked => checked.and_then(Result::ok),
            };
            if let Some(accepted_by) = checked {
                return Ok(Some(VerifiedDownload {
                    path: path.to_owned(),
                    size,
                    digests,
                    evidence: self.evidence.clone(),
                    accepted_by,
                    provenance: Provenance::Present,
                    notes: evidence::weakness(&self.evidence).into_iter().collect(),
                }));
            }
        }
        match self.existing {
            Existing::Keep => {
                Err(FailureReason::FileExists { is_different: is_known || !may_match }.into())
            }
            Existing::Replace => Ok(None),
        }
    }
}
