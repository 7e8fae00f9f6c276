//! Hints that the program adds to the library's errors, one function for each kind of error.

use std::path::PathBuf;

use hsum::manifest::BadLine;
use hsum::net::{Failure, FailureReason};
use hsum::sign::{Component, KeyError, RequestError, Scheme, SchemeError, Setting};
use hsum::snapshot::SnapshotErrorKind;

use crate::cli::args::sum::SumArgs;
use crate::cli::quote::quote;

/// Returns the reason why a line is bad, and the option that helps.
pub(super) fn bad_line(bad: BadLine) -> String {
    let hint = match bad {
        BadLine::Outside => "; use --allow-outside to accept it",
        BadLine::Weak => "; --strong refuses them",
        BadLine::Unnamed => "; use --only FILE to name its file",
        _ => "",
    };
    format!("{bad}{hint}")
}

/// The verbs that sign requests, whose options differ.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SigningVerb {
    /// `hsum sign`, and `hsum verify-request`.
    Sign,
    /// `hsum send` and the other verbs that send requests.
    Send,
}

/// Returns the reason why a request cannot be signed, and the option that helps.
pub(super) fn request_error(error: &RequestError, scheme: &Scheme, verb: SigningVerb) -> String {
    let hint = match error {
        RequestError::Missing(component) => component_hint(component, verb),
        _ => String::new(),
    };
    format!("scheme {scheme}: {error}{hint}")
}

/// Returns the option that provides a component of a request.
fn component_hint(component: &Component, verb: SigningVerb) -> String {
    use Component::{Header, Host, Id, Identifier, Nonce, Param, Path, QueryParam, Timestamp, Url};
    let option = match (component, verb) {
        (Id, _) => "--id TEXT".to_owned(),
        (Header(name), _) => format!("-H '{name}: VALUE'"),
        (Identifier(name), _) if !name.starts_with('@') => format!("-H '{name}: VALUE'"),
        (Nonce, SigningVerb::Send) => "a form with the field 'nonce'".to_owned(),
        (Param(name), SigningVerb::Send) => format!("a form with the field '{name}'"),
        (QueryParam(name), _) => format!("a URL with '{name}=…' in its query"),
        (_, SigningVerb::Send) => return String::new(),
        (Nonce, SigningVerb::Sign) => "--nonce TEXT".to_owned(),
        (Timestamp, SigningVerb::Sign) => "--timestamp SECONDS".to_owned(),
        (Param(name), SigningVerb::Sign) => format!("--param {name}=VALUE"),
        (Url | Path | Host | Identifier(_), SigningVerb::Sign) => "--url URL".to_owned(),
        _ => return String::new(),
    };
    format!("; use {option}")
}

/// Returns the reason why a scheme cannot be used, and the option of the invalid setting.
pub(super) fn scheme_error(
    error: &SchemeError,
    option_of: impl Fn(Setting) -> Option<&'static str>,
) -> String {
    match error {
        SchemeError::InvalidSetting { setting, value, problem } => match option_of(*setting) {
            Some(option) => format!("{option} '{value}': {problem}"),
            None => error.to_string(),
        },
        SchemeError::UnsupportedAlgorithm(_) => {
            let option = option_of(Setting::Algorithm).unwrap_or_default();
            format!("{option}: {error}")
        }
        _ => error.to_string(),
    }
}

/// Returns the reason why a key is invalid, and the option that helps.
pub(super) fn key_error(error: KeyError) -> String {
    let hint = match error {
        KeyError::Hex | KeyError::Base64 | KeyError::Base64Url | KeyError::Whsec => {
            "; use --key-format to name its format"
        }
        KeyError::LineEnd => "; use --key-format raw for a key of several lines",
        _ => "",
    };
    format!("{error}{hint}")
}

/// Returns the text of a failed request or download, and the option that helps.
pub(crate) fn failure(failure: &Failure) -> String {
    let hint = match failure.reason() {
        Some(FailureReason::Downgrade { .. }) => "; use --allow-downgrade to follow it".to_owned(),
        Some(FailureReason::TooManyRedirects { .. }) => {
            "; use --max-redirects to follow more".to_owned()
        }
        Some(FailureReason::PlaintextAuth { scheme }) => {
            format!("; use {scheme}s, or --allow-plaintext-auth")
        }
        Some(FailureReason::FtpProxy { variable: None }) => "; use --proxy none".to_owned(),
        Some(FailureReason::FtpProxy { variable: Some(name) }) => {
            format!("; unset {name}, or list the host in no_proxy")
        }
        Some(FailureReason::DeadlineExceeded) => " (set by --max-time)".to_owned(),
        Some(FailureReason::TooLarge { .. }) => "; use --max-size to allow more".to_owned(),
        Some(FailureReason::FileExists { .. }) => "; use --force to replace it".to_owned(),
        Some(FailureReason::WeakDigests) => ", which --strong refuses".to_owned(),
        Some(FailureReason::ChecksumsOnly) => {
            "; add --sums auto or --expect with the digest of a hash function".to_owned()
        }
        Some(FailureReason::NoEvidence) => {
            "; use --sums auto, --expect DIGEST, or --no-verify".to_owned()
        }
        _ => String::new(),
    };
    let mut text = format!("{}{hint}", failure.summary());
    for detail in failure.details() {
        text.push_str("\n  ");
        text.push_str(detail);
    }
    if failure.reason() == Some(&FailureReason::NotDecoded) {
        text.push_str("\n  use --decode if the file is the decoded body");
    }
    text
}

/// Returns the reason why a successful `hsum sum` printed no digest.
pub(super) fn no_files(args: &SumArgs) -> String {
    let name = |path: &PathBuf| match path.as_os_str() == "-" {
        true => "'standard input'".to_owned(),
        false => quote(path),
    };
    let paths: Vec<_> = args.paths.iter().chain(&args.files_from).map(name).collect();
    let include = args.filter.include.iter().map(|glob| format!("--include '{glob}'"));
    let exclude = args.filter.exclude.iter().map(|glob| format!("--exclude '{glob}'"));
    let filter: Vec<_> = include.chain(exclude).collect();
    match filter.is_empty() {
        true => format!("{}: no files", paths.join(", ")),
        false => format!("{}: no files match {}", paths.join(", "), filter.join(" ")),
    }
}

/// Returns the hint for an error that stopped a snapshot, audit or update.
pub(super) fn snapshot_error(error: &SnapshotErrorKind) -> &'static str {
    match error {
        SnapshotErrorKind::Exists => {
            "; use 'hsum audit' to compare the tree with it, 'hsum update' to bring it up to date, \
             or --force to replace it"
        }
        SnapshotErrorKind::Incomplete { .. } => {
            "; use 'hsum update' to keep their entries, or remove the record first"
        }
        SnapshotErrorKind::MostMissing { .. } => {
            "; check that the tree is mounted, or use --allow-missing to remove them from the record"
        }
        SnapshotErrorKind::AllExcluded { .. } => {
            "; check the patterns, or use --allow-missing to remove them from the record"
        }
        SnapshotErrorKind::NotRecorded { .. } => {
            " (expected a name below the tree, as audit prints it)"
        }
        _ => "",
    }
}
