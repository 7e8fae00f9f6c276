//! `hsum head`: prints what the headers of a response say about a file.

use anyhow::Result;
use hsum::fetch::Validator;
use hsum::net::{Failure, Reply, Request, Url, redacted};
use hsum::trust::header_digests::{self, DigestScope, StatedDigest};
use serde_json::{Value, json};

use crate::cli::args::get::HeadArgs;
use crate::cli::client::{self, Session};
use crate::cli::exit::{self, Exit, failure_status};
use crate::cli::hints;
use crate::cli::json::{Object, stopped};
use crate::cli::output::{Output, WriteError};
use crate::cli::print::complain;

pub(crate) fn run(args: HeadArgs) -> Result<Exit> {
    let result = head(&args).inspect_err(|error| {
        if args.json {
            stopped::print("head", error, exit::LOCAL);
        }
    });
    exit::with_status(result, exit::LOCAL)
}

fn head(args: &HeadArgs) -> Result<Exit> {
    let urls = args.urls.iter().map(|word| client::url(word)).collect::<Result<Vec<_>>>()?;
    let session = Session::new(&args.client)?;
    let mut output = Output::stdout()?;
    let asked = ask_all(args, &urls, &session, &mut output);
    let saved = session.finish();
    let (exit, failed) = asked?;
    let exit = exit.and(saved)?;
    if args.json {
        let mut object = Object::summary("head");
        object.set("responses", urls.len() - failed).set("failed", failed);
        output.line(&object.exit(exit.status()))?;
    }
    exit.and(output.finish().map_err(Into::into))
}

/// Asks for each URL; returns the exit status and the number of failures.
fn ask_all(
    args: &HeadArgs,
    urls: &[Url],
    session: &Session,
    output: &mut Output,
) -> Result<(Exit, usize)> {
    let mut exit = Exit::Success;
    let mut failed = 0;
    for url in urls {
        let request = client::request(&args.client.request, url.clone())?;
        let method = args.client.request.method.clone().unwrap_or_else(|| "HEAD".into());
        let result = ask(session, Request { method, ..request });
        match &result {
            Ok(reply) if args.json => output.line(&object(url, reply))?,
            Ok(reply) => print_lines(url, reply, output)?,
            Err(failure) => {
                let (text, status) = (hints::failure(failure), failure_status(failure));
                complain(&text);
                if args.json {
                    let mut object = Object::new("error");
                    object.set("url", redacted(url)).problem(failure.reason_code(), text);
                    output.line(&object.set("exit", status).line())?;
                }
                failed += 1;
                if exit == Exit::Success {
                    exit = Exit::Code(status);
                }
            }
        }
    }
    Ok((exit, failed))
}

/// Sends the request; a status other than 2xx is a failure.
fn ask(session: &Session, mut request: Request) -> Result<Reply, Failure> {
    request.headers.set("Want-Repr-Digest", "sha-256=10, sha-512=9")?;
    let reply = session.client.send(&request)?;
    let status = reply.response.status;
    match status {
        200..=299 => Ok(reply),
        _ => Err(Failure::status(&reply.url, status)),
    }
}

/// Returns the facts in a reply: names and values.
fn facts(reply: &Reply) -> Vec<(&'static str, String)> {
    let headers = &reply.response.headers;
    let mut facts = vec![("status", reply.response.status.to_string())];
    for hop in &reply.redirects {
        facts.push(("redirect", format!("{} {}", hop.status, redacted(&hop.to))));
    }
    for (name, field) in [
        ("size", "Content-Length"),
        ("type", "Content-Type"),
        ("coding", "Content-Encoding"),
        ("changed", "Last-Modified"),
        ("etag", "ETag"),
        ("ranges", "Accept-Ranges"),
        ("name", "Content-Disposition"),
    ] {
        if let Some(value) = headers.value(field) {
            facts.push((name, value.to_owned()));
        }
    }
    let resumable = match Validator::strong(headers) {
        Some(Validator::Etag(_)) => "by the ETag",
        Some(Validator::LastModified(_)) => "by the modification time",
        None => "no: no strong validator",
    };
    facts.push(("resumable", resumable.into()));
    facts
}

fn print_lines(url: &Url, reply: &Reply, output: &mut Output) -> Result<(), WriteError> {
    output.line(format!("{}\n", redacted(url)).as_bytes())?;
    for (name, value) in facts(reply) {
        output.line(format!("  {name}: {}\n", value.escape_debug()).as_bytes())?;
    }
    for stated in header_digests::stated(reply.response.headers.iter()) {
        let StatedDigest { field, scope, digest } = stated;
        let text = match digest {
            Ok(digest) => format!("{digest:?}"),
            Err(error) => format!("not read: {error}"),
        };
        output.line(format!("  digest: {text} ({field}, {})\n", scope_text(scope)).as_bytes())?;
    }
    output.flush()
}

fn scope_text(scope: DigestScope) -> &'static str {
    match scope {
        DigestScope::Representation => "of the whole file",
        DigestScope::Content => "of this message's content",
        DigestScope::Unencoded => "of the file before any content coding",
    }
}

fn object(url: &Url, reply: &Reply) -> Vec<u8> {
    let mut object = Object::new("response");
    object.set("url", redacted(url)).set("from", redacted(&reply.url));
    for (name, value) in facts(reply).into_iter().filter(|(name, _)| *name != "redirect") {
        match (name, value.parse::<u64>()) {
            ("status" | "size", Ok(number)) => object.set(name, number),
            // Objects have a type of their own.
            ("type", _) => object.set("content_type", value),
            _ => object.set(name, value),
        };
    }
    let hops =
        reply.redirects.iter().map(|hop| json!({ "status": hop.status, "to": redacted(&hop.to) }));
    object.set("redirects", hops.collect::<Value>());
    let digests = header_digests::stated(reply.response.headers.iter()).into_iter().map(|stated| {
        match stated.digest {
            Ok(digest) => json!({ "field": stated.field, "digest": format!("{digest:?}"), "of": scope_text(stated.scope) }),
            Err(error) => json!({ "field": stated.field, "error": error.to_string() }),
        }
    });
    object.set("digests", digests.collect::<Value>()).line()
}
