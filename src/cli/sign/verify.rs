//! `hsum verify-request`: verifies a signed request, and explains failures.

use std::io::Read;
use std::path::Path;

use anyhow::Result;
use hsum::sign::{Clock, Scheme, Setting, SystemClock, Verifier};

use crate::cli::args::sign::VerifyArgs;
use crate::cli::colour::Status;
use crate::cli::exit::{Exit, Usage, as_setup_error};
use crate::cli::json::{Object, stopped};
use crate::cli::output::Output;
use crate::cli::sign::explain::{Explainer, explain};
use crate::cli::sign::request::{Request, check_stdin, open, stream};
use crate::cli::sign::scheme;
use crate::cli::sign::verdict::{self, Freshness, Verdict};

/// The maximum length of a body that is kept in memory for `--explain`.
const LONGEST_EXPLAINED: usize = 64 << 20;

pub(crate) fn run(args: VerifyArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("verify-request", is_json, as_setup_error(verify(args)))
}

fn verify(mut args: VerifyArgs) -> Result<Exit> {
    args.request.give_signature_headers_to(&mut args.scheme);
    let scheme = scheme::scheme(&args.scheme, &given(&args))?;
    let body_path = args.http.as_deref().or(args.body.as_deref()).unwrap_or(Path::new("-"));
    let headers = args.request.headers.as_deref();
    check_stdin(scheme::has_stdin_key(&args.scheme)?, &[headers, Some(body_path)])?;
    let (request, body): (Request, Box<dyn Read>) = match &args.http {
        Some(path) => Request::captured(&args.request, path)?,
        None => (Request::from_args(&args.request)?, open(body_path)?),
    };
    if verdict::needs_url(&scheme) && args.request.url.is_none() {
        let text = format!(
            "scheme {scheme}: missing url (the one that the sender saw is signed); use --url URL"
        );
        return Err(Usage(text).into());
    }
    let (keys, key_texts) = scheme::keys(&args.scheme, &scheme, args.explain)?;
    let key_count = keys.len();
    let now = args.now.unwrap_or_else(|| SystemClock.now());
    let freshness = Freshness { tolerance: args.tolerance, is_ignored: args.no_freshness };
    let verifier = verdict::verifier(&args.scheme, &scheme, keys, freshness, move || now)?;

    let mut kept = args.explain.then(Vec::new);
    let verdict = verdict(&verifier, &request, body, body_path, &mut kept)?;
    let causes = match (&verdict, &kept) {
        (Err(error), Some(body)) => {
            let (scheme, request, key_texts) = (&scheme, &request, &key_texts[..]);
            explain(&Explainer { scheme, request, body, key_texts, now, error })
        }
        (Err(_), None) if args.explain => vec!["the body is too long to search for a cause".into()],
        _ => Vec::new(),
    };

    let exit = if verdict.is_ok() { Exit::Success } else { Exit::Failed };
    let mut output = Output::stdout()?.for_people(args.color);
    let status = if verdict.is_ok() { Status::Ok } else { Status::Failed };
    match args.json {
        true => output.line(&json(&scheme, &verdict, &causes, exit))?,
        false if args.quiet && verdict.is_ok() => {}
        false => {
            let lines = lines(&verdict, key_count, &causes);
            output.verdict(status, &lines[0])?;
            lines[1..].iter().try_for_each(|line| output.line(line.as_bytes()))?;
        }
    }
    output.finish()?;
    Ok(exit)
}

/// Returns the options of the message, and whether they were given.
fn given(args: &VerifyArgs) -> [scheme::Given; 4] {
    [
        (Setting::Params, "--param", !args.request.params.is_empty()),
        (Setting::Freshness, "--tolerance", args.tolerance.is_some()),
        (Setting::Freshness, "--no-freshness", args.no_freshness),
        (Setting::Freshness, "--now", args.now.is_some()),
    ]
}

/// Verifies the request while its body is read. Keeps the body in `kept`, if set, unless the body
/// is too long.
fn verdict(
    verifier: &Verifier,
    request: &Request,
    body: Box<dyn Read>,
    path: &Path,
    kept: &mut Option<Vec<u8>>,
) -> Result<Verdict> {
    let mut verifying = request.message(|message| verifier.begin(message));
    // The body of a rejected request is read too: a program that writes it to a pipe must not fail.
    stream(body, path, |piece| {
        if let Ok(verifying) = &mut verifying {
            verifying.update(piece);
        }
        match kept {
            Some(body) if body.len() + piece.len() <= LONGEST_EXPLAINED => {
                body.extend_from_slice(piece);
            }
            _ => *kept = None,
        }
    })?;
    Ok(verifying.and_then(|verifying| verifying.finish()))
}

fn lines(verdict: &Verdict, keys: usize, causes: &[String]) -> Vec<String> {
    let verified = match verdict {
        Ok(verified) => verified,
        Err(error) => {
            let mut lines = vec![format!("{}\n", verdict::rejection(error))];
            lines.extend(verdict::explanation(causes));
            return lines;
        }
    };
    let mut lines = vec![format!("OK ({})\n", verified.scheme())];
    lines.push(format!("signed: {}\n", verified.coverage()));
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

fn json(scheme: &Scheme, verdict: &Verdict, causes: &[String], exit: Exit) -> Vec<u8> {
    let mut object = Object::new("request");
    object.set("status", if verdict.is_ok() { "OK" } else { "FAILED" });
    object.set("scheme", scheme.name());
    match verdict {
        Ok(verified) => verdict::set_verified(&mut object, verified),
        Err(error) => verdict::set_rejected(&mut object, error, causes),
    }
    let mut summary = Object::summary("verify-request");
    summary.set("ok", u8::from(verdict.is_ok())).set("failed", u8::from(verdict.is_err()));
    [object.line(), summary.exit(exit.status())].concat()
}
