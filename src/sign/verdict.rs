//! The answer to a request: what was verified, or why not.

use std::fmt;
use std::sync::Arc;

use crate::algorithm::Algorithm;
use crate::hasher::Hasher;

/// A request whose signature is that of the holder of the key.
#[derive(Clone)]
pub struct VerifiedRequest {
    pub(crate) scheme: &'static str,
    pub(crate) key_index: usize,
    pub(crate) timestamp: Option<u64>,
    pub(crate) id: Option<String>,
    pub(crate) covers: Covers,
    /// Under the first key, whichever fitted: so that it is the same if a signature was left out.
    /// The first half of it, where it has more than 32 bytes.
    pub(crate) mac: [u8; 32],
}

impl VerifiedRequest {
    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Which of the verifier's keys fitted, from 0.
    pub fn key_index(&self) -> usize {
        self.key_index
    }

    /// The signed time, in seconds since 1970, where the scheme has one.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }

    /// The *signed* identifier, where the scheme has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// What the signature vouches for. The rest of the request anybody may have written.
    pub fn covers(&self) -> &Covers {
        &self.covers
    }

    /// A name for what was signed, equal for a request that is sent twice, whatever of it that is
    /// not signed was changed. Remember it for as long as requests stay fresh, and refuse what
    /// comes again. It reveals nothing of the signature.
    pub fn replay_key(&self) -> [u8; 32] {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(self.scheme.as_bytes());
        hasher.update(b"\0");
        hasher.update(&self.mac);
        let mut key = [0; 32];
        key.copy_from_slice(hasher.finish().as_bytes());
        key
    }
}

/// As many bytes of a MAC as tell it from every other; zeros after a shorter one.
pub(crate) fn head(mac: &[u8]) -> [u8; 32] {
    if let Some(head) = mac.first_chunk() {
        return *head;
    }
    let mut head = [0; 32];
    let length = mac.len().min(head.len());
    head[..length].copy_from_slice(&mac[..length]);
    head
}

impl fmt::Debug for VerifiedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedRequest")
            .field("scheme", &self.scheme)
            .field("key_index", &self.key_index)
            .field("timestamp", &self.timestamp)
            .field("id", &self.id)
            .field("covers", &self.covers)
            .finish_non_exhaustive()
    }
}

/// The parts of a request that a signature vouches for.
#[derive(Clone, PartialEq, Eq)]
pub struct Covers {
    pub(crate) body: bool,
    pub(crate) parts: Arc<[String]>,
}

impl Covers {
    /// Whether the body is signed, all of it.
    pub fn body(&self) -> bool {
        self.body
    }

    /// The names of the other parts: `timestamp`, `id`, `url`, `header date` …
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(String::as_str)
    }
}

impl fmt::Display for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.parts().chain(self.body.then_some("body")).collect();
        f.write_str(&parts.join(", "))?;
        if self.body { Ok(()) } else { f.write_str("; not the body") }
    }
}

impl fmt::Debug for Covers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Why a request was refused. It never holds a key or the MAC that would have been right.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// No signature is that of this request under one of the keys.
    Mismatch,
    /// Authentic, but signed too long ago.
    Stale {
        /// Seconds beyond what is tolerated.
        by: u64,
    },
    /// Authentic, but signed too far in the future.
    Future {
        /// Seconds beyond what is tolerated.
        by: u64,
    },
    /// A header, parameter or field that the scheme needs is not there.
    MissingHeader(String),
    /// A part of the request is not written as the scheme has it.
    Malformed {
        /// Which part.
        what: String,
        /// What it should be.
        why: &'static str,
    },
    /// There is a signature header, but no signature of the scheme's version in it.
    NoSignature,
    /// A header stands there twice, with different values.
    DuplicateHeader(String),
    /// The request names another algorithm than the verifier's.
    Alg,
    /// The signature leaves out a part that it must cover.
    Coverage(String),
    /// The request names another key than the verifier's.
    UnknownKey,
    /// The signed digest of the body is not that of the body.
    BodyHashMismatch,
}

impl VerifyError {
    /// One word that stays: `mismatch`, `stale`, `future`, `missing-header`, `malformed`,
    /// `no-signature`, `duplicate-header`, `alg`, `coverage`, `unknown-key` or
    /// `body-hash-mismatch`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::Stale { .. } => "stale",
            Self::Future { .. } => "future",
            Self::MissingHeader(_) => "missing-header",
            Self::Malformed { .. } => "malformed",
            Self::NoSignature => "no-signature",
            Self::DuplicateHeader(_) => "duplicate-header",
            Self::Alg => "alg",
            Self::Coverage(_) => "coverage",
            Self::UnknownKey => "unknown-key",
            Self::BodyHashMismatch => "body-hash-mismatch",
        }
    }

    pub(crate) fn malformed(what: impl Into<String>, why: &'static str) -> Self {
        Self::Malformed { what: what.into(), why }
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch => {
                f.write_str("the signature is not that of this request under this key")
            }
            Self::Stale { by } => write!(f, "authentic, but {by} s too old"),
            Self::Future { by } => write!(f, "authentic, but signed {by} s too far in the future"),
            Self::MissingHeader(name) => write!(f, "{name} is missing"),
            Self::Malformed { what, why } => write!(f, "{what}: {why}"),
            Self::NoSignature => f.write_str("no signature of the scheme's version"),
            Self::DuplicateHeader(name) => write!(f, "{name} stands there twice, and differs"),
            Self::Alg => f.write_str("the request names another algorithm"),
            Self::Coverage(what) => write!(f, "the signature does not cover {what}"),
            Self::UnknownKey => f.write_str("the request names another key"),
            Self::BodyHashMismatch => f.write_str("the body is not the one that was signed"),
        }
    }
}

impl std::error::Error for VerifyError {}
