//! The errors of signing and verifying. None holds a key or the MAC that would have matched.

use std::error::Error;
use std::fmt;

use crate::algorithm::Algorithm;
use crate::sign::component::Component;
use crate::sign::setting::Setting;

/// The reason why a component of a request cannot be signed or verified.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// The scheme needs a component that is missing.
    Missing(Component),
    /// A component appears twice, with different values.
    Duplicate(Component),
    /// A component is not in the format of the scheme.
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

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(component) => write!(f, "missing {component}"),
            Self::Duplicate(component) => write!(f, "duplicate {component} with different values"),
            Self::Malformed { component, problem } => write!(f, "{component}: {problem}"),
        }
    }
}

impl Error for RequestError {}

/// The reason why a request was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// No signature matches this request under one of the keys.
    Mismatch,
    /// The request is authentic, but was signed too long ago.
    Stale {
        /// Seconds beyond the tolerance.
        by: u64,
    },
    /// The request is authentic, but was signed too far in the future.
    Future {
        /// Seconds beyond the tolerance.
        by: u64,
    },
    /// A component of the request is missing, ambiguous or malformed.
    Request(RequestError),
    /// There is a signature header, but it holds no signature of the scheme's version.
    NoSignature,
    /// The request names an algorithm other than the verifier's.
    OtherAlgorithm,
    /// The signature leaves out a component that it must cover.
    NotCovered(Component),
    /// The signature covers a digest header that cannot be compared with the body.
    UnusableDigest {
        /// The header.
        header: String,
    },
    /// The request names a key other than the verifier's.
    UnknownKey,
    /// The signed digest of the body is not that of the body.
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

impl From<RequestError> for VerifyError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch => f.write_str("the signature does not match this request and key"),
            Self::Stale { by } => write!(f, "authentic, but {by} s too old"),
            Self::Future { by } => write!(f, "authentic, but signed {by} s too far in the future"),
            Self::Request(error) => error.fmt(f),
            Self::NoSignature => f.write_str("no signature of the scheme's version"),
            Self::OtherAlgorithm => f.write_str("the request names another algorithm"),
            Self::NotCovered(component) => write!(f, "the signature does not cover {component}"),
            Self::UnusableDigest { header } => {
                write!(f, "the signature does not cover body: no supported digest in {header}")
            }
            Self::UnknownKey => f.write_str("the request names another key"),
            Self::BodyHashMismatch => f.write_str("the body differs from the signed one"),
        }
    }
}

impl Error for VerifyError {}

/// The reason why a signer or verifier cannot be made.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SchemeError {
    /// There is no key.
    NoKey,
    /// There are several keys, but a request of the scheme carries one signature.
    TooManyKeys {
        /// The number of keys.
        got: usize,
    },
    /// A setting has an invalid value.
    InvalidSetting {
        /// The setting.
        setting: Setting,
        /// Its value.
        value: String,
        /// The problem, and what was expected.
        problem: &'static str,
    },
    /// HMAC is not defined for the algorithm.
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

impl fmt::Display for SchemeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => f.write_str("no key"),
            Self::TooManyKeys { got } => {
                write!(f, "{got} keys given (a request of this scheme carries one signature)")
            }
            Self::InvalidSetting { setting, value, problem } => {
                write!(f, "{setting} '{value}': {problem}")
            }
            Self::UnsupportedAlgorithm(algorithm) => {
                write!(f, "HMAC is not defined for {algorithm}")
            }
        }
    }
}

impl Error for SchemeError {}
