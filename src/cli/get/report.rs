//! What became of a download, as a line, as JSON, or as a message.

use std::path::Path;

use hsum::Strength;
use hsum::fetch::{Provenance, VerifiedDownload};
use hsum::net::{Failure, redacted};
use serde_json::{Map, Value, json};

use super::super::args::GetArgs;
use super::super::exit::failure_status;
use super::super::hints;
use super::super::output::{Output, WriteError};
use super::super::print::{complain, json_bytes, json_path};
use super::super::quote::quote;
use super::Done;

/// Prints it: success to `output`, failure to standard error.
pub(super) fn done(done: &Done, args: &GetArgs, output: &mut Output) -> Result<(), WriteError> {
    let to_stdout = args.output.as_deref() == Some(Path::new("-"));
    match &done.result {
        Ok(found) => {
            for note in &found.notes {
                complain(format_args!("{}: {}", quote(&found.path), note.escape_debug()));
            }
            if to_stdout || args.quiet {
                return Ok(());
            }
            match args.json {
                true => output.line(&json_bytes(verified(done, found)))?,
                false => output.line(line(found).as_bytes())?,
            }
        }
        Err(failure) => {
            failed(failure, done.path.as_deref().filter(|_| !to_stdout));
            if args.json && !to_stdout {
                output.line(&json_bytes(unverified(done, failure)))?;
            }
        }
    }
    output.flush()
}

/// Says on standard error why there is no file.
pub(super) fn failed(failure: &Failure, path: Option<&Path>) {
    match path {
        Some(path) => complain(format_args!("{}: {}", quote(path), hints::failure(failure))),
        None => complain(hints::failure(failure)),
    }
}

fn line(found: &VerifiedDownload) -> String {
    let name = quote(&found.path);
    let digest = found.digests.first().map(|digest| format!("{digest:?}")).unwrap_or_default();
    let how = match found.how {
        Provenance::Present => "already there, ",
        Provenance::Fetched { .. } => "",
    };
    let seal = found.seal.iter().map(|seal| seal.escape_debug().to_string());
    let sources = found.evidence.iter().map(|e| match &e.signature {
        Some(signature) => format!("{}, {}", e.source, signature.escape_debug()),
        None => e.source.clone(),
    });
    let sources: Vec<_> = sources.chain(seal).collect();
    match sources.is_empty() {
        true => format!("{name}: {how}NOT VERIFIED, {digest}\n"),
        false => format!("{name}: {how}OK, {digest} ({})\n", sources.join(", ")),
    }
}

fn verified(done: &Done, found: &VerifiedDownload) -> Map<String, Value> {
    let mut object = json_path(&found.path);
    let status = match (&found.how, found.evidence.is_empty() && found.seal.is_none()) {
        (Provenance::Present, _) => "present",
        (Provenance::Fetched { .. }, false) => "verified",
        (Provenance::Fetched { .. }, true) => "unverified",
    };
    object.insert("url".into(), redacted(&done.url).into());
    object.insert("status".into(), status.into());
    object.insert("exit".into(), 0.into());
    object.insert("size".into(), found.size.into());
    let digests = found.digests.iter().map(|d| (d.hash_function().to_string(), json!(d.to_hex())));
    object.insert("digests".into(), Value::Object(digests.collect()));
    let evidence = found.evidence.iter().map(|evidence| {
        let digests: Vec<_> =
            evidence.expected.digests().iter().map(|d| format!("{d:?}")).collect();
        json!({ "source": evidence.source, "digests": digests, "signature": evidence.signature })
    });
    object.insert("evidence".into(), evidence.collect());
    // The signature of the file itself, or else of its checksum file.
    let of_list = || found.evidence.iter().find_map(|evidence| evidence.signature.clone());
    object.insert("signature".into(), found.seal.clone().or_else(of_list).into());
    let sound = found.evidence.iter().any(|e| e.expected.strength() == Strength::Sound)
        || found.seal.is_some();
    let strength = match (found.evidence.is_empty() && !sound, sound) {
        (true, _) => Value::Null,
        (false, true) => "sound".into(),
        (false, false) => "weak".into(),
    };
    object.insert("strength".into(), strength);
    if let Provenance::Fetched { url, chain, resumed } = &found.how {
        object.insert("from".into(), redacted(url).into());
        let hops = chain.iter().map(|hop| json!({ "status": hop.status, "to": redacted(&hop.to) }));
        object.insert("redirects".into(), hops.collect());
        object.insert("resumed".into(), (*resumed).into());
    }
    object.insert("notes".into(), found.notes.clone().into());
    object
}

fn unverified(done: &Done, failure: &Failure) -> Map<String, Value> {
    let mut object = match &done.path {
        Some(path) => json_path(path),
        None => Map::new(),
    };
    object.insert("url".into(), redacted(&done.url).into());
    object.insert("status".into(), "failed".into());
    object.insert("exit".into(), failure_status(failure).into());
    object.insert("error".into(), hints::failure(failure).into());
    object
}
