//! A download: its requests, the expected file, and the options.

use std::path::Path;
use std::sync::Arc;

use url::Url;

use crate::algorithm::{Algorithm, HashFunction};
use crate::fetch::progress::DownloadProgress;
use crate::fs::replace::Existing;
use crate::net::failure::Failure;
use crate::net::transport::{Origin, Request};
use crate::notation::expected::Expected;
use crate::setters::setters;
use crate::trust::evidence::Evidence;

/// The limit for files whose length is unknown, in bytes.
const DEFAULT_MAX_SIZE: u64 = 16 << 30;

/// A file to download, with its evidence and options.
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
    /// The first request, then the mirrors.
    pub(super) requests: Vec<Request>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) size: Option<u64>,
    pub(super) max_size: Option<u64>,
    pub(super) existing: Existing,
    pub(super) resume: Resume,
    pub(super) on_mismatch: OnMismatch,
    pub(super) decoding: Decoding,
    pub(super) strength: RequiredStrength,
    pub(super) server_digest: ServerDigest,
    unverified: Unverified,
    check: Option<Arc<FileCheck>>,
    /// The mode of new files, before the umask.
    pub(super) mode: u32,
    pub(super) progress: Arc<DownloadProgress>,
}

/// The handling of an earlier partial download.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Resume {
    /// It is resumed if the server proves that it still has the same file.
    #[default]
    On,
    /// It is discarded.
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

/// The handling of an unrequested `Content-Encoding: gzip`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Decoding {
    /// The body is stored as sent.
    #[default]
    Never,
    /// The body is decoded if it is the expected file only after decoding.
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

/// A check of a complete file, such as its signature. It returns a description of the proof.
pub type FileCheck = dyn Fn(&Path) -> Result<String, Failure> + Send + Sync;

impl Download {
    /// Creates a download of the file at `url`.
    pub fn new(url: Url) -> Self {
        Self::from_request(Request::get(url))
    }

    /// Creates a download of the file that the server sends for this request.
    pub fn from_request(request: Request) -> Self {
        Self {
            requests: vec![request],
            evidence: Vec::new(),
            size: None,
            max_size: None,
            existing: Existing::Keep,
            resume: Resume::default(),
            on_mismatch: OnMismatch::default(),
            decoding: Decoding::default(),
            strength: RequiredStrength::default(),
            server_digest: ServerDigest::default(),
            unverified: Unverified::default(),
            check: None,
            mode: 0o666,
            progress: Arc::default(),
        }
    }

    /// Adds a mirror, which is tried if all earlier URLs fail.
    ///
    /// It gets the user's credentials only if it has the same origin as the first URL.
    pub fn mirror(mut self, url: Url) -> Self {
        let first = &self.requests[0];
        let same = first.url.origin() == url.origin() && first.origin == Origin::Own;
        let origin = if same { Origin::Own } else { Origin::Foreign };
        self.requests.push(Request { origin, ..Request::get(url) });
        self
    }

    /// Adds expected digests and the name of their source. The file must match all of them.
    pub fn expected(self, expected: Expected, source: impl Into<String>) -> Self {
        self.evidence(Evidence::new(expected, source))
    }

    /// Adds expected digests with their source and its signature.
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    setters! {
        /// Sets the expected length in bytes.
        size: u64 => Some;
        /// Sets the maximum length in bytes; the default is 16 GiB if the length is unknown.
        max_size: u64 => Some;
        /// Sets the handling of a different file at the path: fail, or replace it.
        existing: Existing;
        /// Sets the handling of an earlier partial download.
        resume: Resume;
        /// Sets the action on a file that is not the expected one.
        on_mismatch: OnMismatch;
        /// Sets the handling of an unrequested `Content-Encoding: gzip`.
        decoding: Decoding;
        /// Sets the strength that the expected digests must have.
        strength: RequiredStrength;
        /// Sets the weight of a digest that the server states.
        server_digest: ServerDigest;
        /// Sets the handling of a file for which there is no evidence.
        unverified: Unverified;
        /// Sets the counter that is updated during the download.
        progress: Arc<DownloadProgress>;
    }

    /// Makes the file readable by its owner only, from its creation on.
    pub fn private(mut self) -> Self {
        self.mode = 0o600;
        self
    }

    /// Sets a check of the complete file before it is put in place. The check counts as evidence.
    pub fn accept_if(mut self, check: Arc<FileCheck>) -> Self {
        self.check = Some(check);
        self
    }

    /// Returns the functions to compute: those of the expected digests (SHA-256 if there are none),
    /// and `more`.
    pub(super) fn hash_functions(
        &self,
        more: impl IntoIterator<Item = HashFunction>,
    ) -> Vec<HashFunction> {
        let mut functions = Vec::new();
        let mut add = |function| {
            if !functions.contains(&function) {
                functions.push(function);
            }
        };
        match &self.evidence[..] {
            [] => add(Algorithm::Sha256.into()),
            all => all.iter().flat_map(|one| one.expected.hash_functions()).for_each(&mut add),
        }
        more.into_iter().for_each(add);
        functions
    }

    /// Returns `true` if the file may be put in place without a digest.
    pub(super) fn is_accepted_without_digest(&self) -> bool {
        self.unverified == Unverified::Accepted || self.has_check()
    }

    pub(super) fn has_check(&self) -> bool {
        self.check.is_some()
    }

    /// Runs the check, if there is one, on the complete file at `path`.
    pub(super) fn check(&self, path: &Path) -> Result<Option<String>, Failure> {
        self.check.as_ref().map(|check| check(path)).transpose()
    }

    /// Returns the maximum length of a file whose length is unknown.
    pub(super) fn limit(&self) -> u64 {
        self.max_size.unwrap_or(DEFAULT_MAX_SIZE)
    }
}
