//! The errors of signing and verifying. None holds a key or the MAC that would have matched.

use crate::algorithm::Algorithm;
use crate::sign::component::Component;
use crate::sign::setting::Setting;

/// The reason why a component of a request cannot be signed or verified.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The scheme needs a component that is missing.
    #[error("missing {0}")]
    Missing(Component),
    /// A component appears twice, with different values.
    #[error("duplicate {0} with different values")]
    Duplicate(Component),
    /// A component is not in the format of the scheme.
    #[error("{component}: {problem}")]
    Malformed {
        /// The component.
        component: Component,
        /// The problem, and what was expected.
        problem: &'static str,
    },
}

impl RequestError {
    pub(crate) fn malformed(component: Component, problem: &'static str) -> Self {
        Self::Malformed { component, problem }
    }

    pub(crate) fn malformed_header(name: impl Into<String>, problem: &'static str) -> Self {
        Self::malformed(Component::header(name), problem)
    }

    pub(crate) fn missing_header(name: impl Into<String>) -> Self {
        Self::Missing(Component::header(name))
    }
}

/// The reason why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// No signature matches this request under one of the keys.
    #[error("the signature does not match this request and key")]
    Mismatch,
    /// The request is authentic, but was signed too long ago.
    #[error("authentic, but {by} s too old")]
    Stale {
        /// Seconds beyond the tolerance.
        by: u64,
    },
    /// The request is authentic, but was signed too far in the future.
    #[error("authentic, but signed {by} s too far in the future")]
    Future {
        /// Seconds beyond the tolerance.
        by: u64,
    },
    /// A component of the request is missing, ambiguous or malformed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// There is a signature header, but it holds no signature of the scheme's version.
    #[error("no signature of the scheme's version")]
    NoSignature,
    /// The request names an algorithm other than the verifier's.
    #[error("the request names another algorithm")]
    OtherAlgorithm,
    /// The signature leaves out a component that it must cover.
    #[error("the signature does not cover {0}")]
    NotCovered(Component),
    /// The signature covers a digest header that cannot be compared with the body.
    #[error("the signature does not cover the body: no supported digest in {header}")]
    UnusableDigest {
        /// The header.
        header: String,
    },
    /// The request names a key other than the verifier's.
    #[error("the request names another key")]
    UnknownKey,
    /// The signed digest of the body is not that of the body.
    #[error("the body differs from the signed one")]
    BodyHashMismatch,
}

impl VerifyError {
    /// Returns the reason as a stable word, such as `stale`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::Stale { .. } => "stale",
            Self::Future { .. } => "future",
            Self::Request(RequestError::Missing(_)) => "missing-header",
            Self::Request(RequestError::Duplicate(_)) => "duplicate-header",
            Self::Request(RequestError::Malformed { .. }) => "malformed",
            Self::NoSignature => "no-signature",
            Self::OtherAlgorithm => "alg",
            Self::NotCovered(_) | Self::UnusableDigest { .. } => "coverage",
            Self::UnknownKey => "unknown-key",
            Self::BodyHashMismatch => "body-hash-mismatch",
        }
    }
}

/// The reason why a signer or verifier cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemeError {
    /// There is no key.
    #[error("no key")]
    NoKey,
    /// There are several keys, but a request of the scheme carries one signature.
    #[error("{got} keys given (a request of this scheme carries one signature)")]
    TooManyKeys {
        /// The number of keys.
        got: usize,
    },
    /// A setting has an invalid value.
    #[error("{setting} '{value}': {problem}")]
    InvalidSetting {
        /// The setting.
        setting: Setting,
        /// Its value.
        value: String,
        /// The problem, and what was expected.
        problem: &'static str,
    },
    /// HMAC is not defined for the algorithm.
    #[error("HMAC is not defined for {0}")]
    UnsupportedAlgorithm(Algorithm),
}

impl SchemeError {
    pub(crate) fn invalid(
        setting: Setting,
        value: impl Into<String>,
        problem: &'static str,
    ) -> Self {
        Self::InvalidSetting { setting, value: value.into(), problem }
    }
}
