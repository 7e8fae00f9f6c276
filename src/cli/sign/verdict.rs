//! The verdict on a request: verification, the causes of a rejection, and how both are printed.

use anyhow::Result;
use hsum::sign::{Clock, Scheme, SecretKey, VerifiedRequest, Verifier, VerifyError};

use crate::cli::args::sign::SchemeArgs;
use crate::cli::json::Object;
use crate::cli::sign::scheme;

pub(crate) type Verdict = Result<VerifiedRequest, VerifyError>;

/// The accepted distance between the signed time and now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freshness {
    /// In seconds; `None` for the scheme's.
    pub(crate) tolerance: Option<u32>,
    /// Accepts any signed time.
    pub(crate) is_ignored: bool,
}

/// Returns the verifier of a scheme.
///
/// # Errors
/// Returns a usage error if the scheme cannot be used with its settings or keys.
pub(crate) fn verifier(
    args: &SchemeArgs,
    scheme: &Scheme,
    keys: Vec<SecretKey>,
    freshness: Freshness,
    clock: impl Clock + 'static,
) -> Result<Verifier> {
    let verifier = Verifier::new(scheme.clone(), keys);
    let verifier = verifier.map_err(|error| scheme::refused(&error, args))?.clock(clock);
    Ok(match freshness {
        Freshness { is_ignored: true, .. } => verifier.ignore_time(),
        Freshness { tolerance: Some(seconds), .. } => verifier.tolerance(seconds),
        Freshness { tolerance: None, .. } => verifier,
    })
}

/// Returns `true` if the scheme signs the URL as text, which a receiver cannot know by itself.
pub(crate) fn needs_url(scheme: &Scheme) -> bool {
    scheme.info().content.contains("{url}")
}

/// Returns the rejection as people read it, without a line end.
pub(crate) fn rejection(error: &VerifyError) -> String {
    format!("FAILED ({}): {error}", error.reason())
}

/// Returns a line for each cause of a rejection.
pub(crate) fn explanation(causes: &[String]) -> impl Iterator<Item = String> {
    causes.iter().map(|cause| format!("explain: {cause}\n"))
}

/// Adds the fields of a verified request, except its status.
pub(crate) fn set_verified(object: &mut Object, verified: &VerifiedRequest) {
    let coverage = verified.coverage();
    let components = coverage.components().iter().map(ToString::to_string);
    object.set("key", verified.key_index()).set("body_signed", coverage.has_body());
    object.set("signed", components.collect::<Vec<_>>());
    object.set("timestamp", verified.timestamp()).set("id", verified.id());
    object.set("replay_key", hex::encode(verified.replay_key()));
}

/// Adds the fields of a rejected request, except its status.
pub(crate) fn set_rejected(object: &mut Object, error: &VerifyError, causes: &[String]) {
    object.problem(error.reason(), error);
    if let VerifyError::Stale { by } | VerifyError::Future { by } = error {
        object.set("by", by);
    }
    if !causes.is_empty() {
        object.set("explain", causes);
    }
}
