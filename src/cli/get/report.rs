//! Reports of downloads: lines, JSON objects, messages.

use std::path::Path;

use hsum::Strength;
use hsum::fetch::{Provenance, VerifiedDownload};
use hsum::net::{Failure, redacted};
use serde_json::{Map, Value, json};

use crate::cli::args::get::GetArgs;
use crate::cli::exit::failure_status;
use crate::cli::get::job::Finished;
use crate::cli::hints;
use crate::cli::output::{Output, WriteError};
use crate::cli::print::{complain, json_bytes, json_path};
use crate::cli::quote::quote;

/// Prints a result: a verified file to `output`, a failure to standard error.
pub(super) fn finished(
    finished: &Finished,
    args: &GetArgs,
    output: &mut Output,
) -> Result<(), WriteError> {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    match &finished.result {
        Ok(file) => {
            for note in &file.notes {
                complain(format_args!("{}: {}", quote(&file.path), note.escape_debug()));
            }
            if to_stdout || args.report.quiet {
                return Ok(());
            }
            match args.report.json {
                true => output.line(&json_bytes(json_of_file(finished, file)))?,
                false => output.line(line(file).as_bytes())?,
            }
        }
        Err(failure) => {
            self::failure(failure, finished.path.as_deref().filter(|_| !to_stdout));
            if args.report.json && !to_stdout {
                output.line(&json_bytes(json_of_failure(finished, failure)))?;
            }
        }
    }
    output.flush()
}

/// Prints a failure on standard error.
pub(super) fn failure(failure: &Failure, path: Option<&Path>) {
    let text = hints::failure(failure);
    match path {
        Some(path) => complain(format_args!("{}: {text}", quote(path))),
        None => complain(text),
    }
}

fn line(file: &VerifiedDownload) -> String {
    let name = quote(&file.path);
    let digest = file.digests.first().map(|digest| format!("{digest:?}")).unwrap_or_default();
    let present = match file.provenance {
        Provenance::Present => "already there, ",
        Provenance::Fetched { .. } => "",
    };
    let accepted_by = file.accepted_by.iter().map(|signer| signer.escape_debug().to_string());
    let sources = file.evidence.iter().map(|e| match &e.signature {
        Some(signature) => format!("{}, {}", e.source, signature.escape_debug()),
        None => e.source.clone(),
    });
    let sources: Vec<_> = sources.chain(accepted_by).collect();
    match sources.is_empty() {
        true => format!("{name}: {present}NOT VERIFIED, {digest}\n"),
        false => format!("{name}: {present}OK, {digest} ({})\n", sources.join(", ")),
    }
}

fn json_of_file(finished: &Finished, file: &VerifiedDownload) -> Map<String, Value> {
    let mut object = json_path(&file.path);
    let status = match (&file.provenance, file.evidence.is_empty() && file.accepted_by.is_none()) {
        (Provenance::Present, _) => "present",
        (Provenance::Fetched { .. }, false) => "verified",
        (Provenance::Fetched { .. }, true) => "unverified",
    };
    object.insert("url".into(), redacted(&finished.url).into());
    object.insert("status".into(), status.into());
    object.insert("exit".into(), 0.into());
    object.insert("size".into(), file.size.into());
    let digests = file.digests.iter().map(|d| (d.hash_function().to_string(), json!(d.to_hex())));
    object.insert("digests".into(), Value::Object(digests.collect()));
    let evidence = file.evidence.iter().map(|evidence| {
        let digests: Vec<_> =
            evidence.expected.digests().iter().map(|d| format!("{d:?}")).collect();
        json!({ "source": evidence.source, "digests": digests, "signature": evidence.signature })
    });
    object.insert("evidence".into(), evidence.collect());
    // The signature over the file, or else over its checksum file.
    let of_list = || file.evidence.iter().find_map(|evidence| evidence.signature.clone());
    object.insert("signature".into(), file.accepted_by.clone().or_else(of_list).into());
    let sound = file.evidence.iter().any(|e| e.expected.strength() == Strength::Sound)
        || file.accepted_by.is_some();
    let strength = match (file.evidence.is_empty() && !sound, sound) {
        (true, _) => Value::Null,
        (false, true) => "sound".into(),
        (false, false) => "weak".into(),
    };
    object.insert("strength".into(), strength);
    if let Provenance::Fetched { url, redirects, resumed } = &file.provenance {
        object.insert("from".into(), redacted(url).into());
        let redirects =
            redirects.iter().map(|one| json!({ "status": one.status, "to": redacted(&one.to) }));
        object.insert("redirects".into(), redirects.collect());
        object.insert("resumed".into(), (*resumed).into());
    }
    object.insert("notes".into(), file.notes.clone().into());
    object
}

fn json_of_failure(finished: &Finished, failure: &Failure) -> Map<String, Value> {
    let mut object = match &finished.path {
        Some(path) => json_path(path),
        None => Map::new(),
    };
    object.insert("url".into(), redacted(&finished.url).into());
    object.insert("status".into(), "failed".into());
    object.insert("exit".into(), failure_status(failure).into());
    object.insert("error".into(), hints::failure(failure).into());
    object
}
