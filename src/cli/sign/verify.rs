//! `hsum verify-request`: whether a request is from who holds the key, and if not, why.

use std::io::Read;
use std::path::Path;

use anyhow::Result;
use hsum::sign::{Clock, Scheme, Setting, SystemClock, VerifiedRequest, Verifier, VerifyError};
use serde_json::{Map, Value, json};

use super::explain::{Explainer, explain};
use super::request::{Request, one_stdin, open, stream};
use super::{scheme, untried};
use crate::cli::args::VerifyArgs;
use crate::cli::exit::{Exit, Usage};
use crate::cli::output::Output;
use crate::cli::print::json_bytes;

/// Bodies above it are not kept to look for causes.
const LONGEST_EXPLAINED: usize = 64 << 20;

pub(crate) fn run(args: VerifyArgs) -> Result<Exit> {
    untried(verify(args))
}

fn verify(args: VerifyArgs) -> Result<Exit> {
    let scheme = scheme::scheme(&args.scheme, &given(&args))?;
    let body_path = args.http.as_deref().or(args.body.as_deref()).unwrap_or(Path::new("-"));
    let headers = args.request.headers.as_deref();
    one_stdin(scheme::keys_take_stdin(&args.scheme)?, &[headers, Some(body_path)])?;
    let (request, body): (Request, Box<dyn Read>) = match &args.http {
        Some(path) => Request::captured(&args.request, path)?,
        None => (Request::of_flags(&args.request)?, open(body_path)?),
    };
    if matches!(scheme, Scheme::Square | Scheme::Twilio) && args.request.url.is_none() {
        let why = "this scheme signs the URL as the sender saw it, which is not guessed: --url";
        return Err(Usage(why.into()).into());
    }
    let (keys, written) = scheme::keys(&args.scheme, &scheme, args.explain)?;
    let key_count = keys.len();
    let now = args.now.unwrap_or_else(|| SystemClock.now());
    let verifier = Verifier::new(scheme.clone(), keys).map_err(|e| Usage(e.to_string()))?;
    let mut verifier = verifier.clock(move || now);
    if args.no_freshness || args.tolerance.is_some() {
        verifier = verifier.tolerance(args.tolerance);
    }

    let mut kept = args.explain.then(Vec::new);
    let verdict = match request.message(|message| verifier.begin(message)) {
        Ok(mut verifying) => {
            stream(body, body_path, |piece| {
                verifying.update(piece);
                keep(&mut kept, piece);
            })?;
            verifying.finish()
        }
        Err(error) => {
            // Read all the same: who writes it into a pipe must not be cut off.
            stream(body, body_path, |piece| keep(&mut kept, piece))?;
            Err(error)
        }
    };
    let causes = match (&verdict, &kept) {
        (Err(error), Some(body)) => explain(&Explainer {
            scheme: &scheme,
            request: &request,
            body,
            written: &written,
            now,
            error,
        }),
        (Err(_), None) if args.explain => {
            vec!["the body is too long to try other spellings of it".to_owned()]
        }
        _ => Vec::new(),
    };

    let mut output = Output::stdout()?;
    match args.json {
        true => output.line(&json_bytes(json_of(&scheme, &verdict, &causes)))?,
        false => lines(&verdict, key_count, &causes)
            .iter()
            .try_for_each(|line| output.line(line.as_bytes()))?,
    }
    output.finish()?;
    Ok(if verdict.is_ok() { Exit::Well } else { Exit::Failed })
}

/// The flags about the message, and whether they were given.
fn given(args: &VerifyArgs) -> [scheme::Given; 4] {
    [
        (Setting::Params, "--param", !args.request.params.is_empty()),
        (Setting::Freshness, "--tolerance", args.tolerance.is_some()),
        (Setting::Freshness, "--no-freshness", args.no_freshness),
        (Setting::Freshness, "--now", args.now.is_some()),
    ]
}

fn keep(kept: &mut Option<Vec<u8>>, piece: &[u8]) {
    if let Some(body) = kept {
        match body.len() + piece.len() > LONGEST_EXPLAINED {
            true => *kept = None,
            false => body.extend_from_slice(piece),
        }
    }
}

fn lines(
    verdict: &Result<VerifiedRequest, VerifyError>,
    keys: usize,
    causes: &[String],
) -> Vec<String> {
    let verified = match verdict {
        Ok(verified) => verified,
        Err(error) => {
            let mut lines = vec![format!("FAILED ({}): {error}\n", error.reason())];
            lines.extend(causes.iter().map(|cause| format!("explain: {cause}\n")));
            return lines;
        }
    };
    let mut lines = vec![format!("OK ({})\n", verified.scheme())];
    lines.push(format!("signed: {}\n", verified.covers()));
    if keys > 1 {
        lines.push(format!("key: {} of {keys}\n", verified.key_index() + 1));
    }
    if let Some(time) = verified.timestamp() {
        lines.push(format!("timestamp: {time}\n"));
    }
    if let Some(id) = verified.id() {
        lines.push(format!("id: {id}\n"));
    }
    lines.push(format!("replay key: {}\n", hex::encode(verified.replay_key())));
    lines
}

fn json_of(
    scheme: &Scheme,
    verdict: &Result<VerifiedRequest, VerifyError>,
    causes: &[String],
) -> Value {
    let mut object = Map::new();
    object.insert("verified".into(), verdict.is_ok().into());
    object.insert("scheme".into(), scheme.name().into());
    match verdict {
        Ok(verified) => {
            object.insert("key".into(), verified.key_index().into());
            let covers = verified.covers();
            object.insert("body_signed".into(), covers.body().into());
            object.insert("signed".into(), covers.parts().collect::<Vec<_>>().into());
            object.insert("timestamp".into(), json!(verified.timestamp()));
            object.insert("id".into(), json!(verified.id()));
            object.insert("replay_key".into(), hex::encode(verified.replay_key()).into());
        }
        Err(error) => {
            object.insert("reason".into(), error.reason().into());
            object.insert("message".into(), error.to_string().into());
            if let VerifyError::Stale { by } | VerifyError::Future { by } = error {
                object.insert("by".into(), json!(by));
            }
            if !causes.is_empty() {
                object.insert("explain".into(), json!(causes));
            }
        }
    }
    Value::Object(object)
}
