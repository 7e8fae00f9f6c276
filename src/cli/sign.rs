//! `hsum sign`: computes the headers that authenticate a payload.

mod bodies;
pub(crate) mod explain;
pub(crate) mod keygen;
pub(crate) mod request;
pub(crate) mod scheme;
pub(crate) mod schemes;
pub(crate) mod sender;
pub(crate) mod values;
pub(crate) mod verdict;
pub(crate) mod verify;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;
use hsum::internals::{SMALL_FILE, read_all};
use hsum::sign::{RequestSignature, RequestSigner, Scheme, Setting};
use serde_json::{Map, Value, json};

use crate::cli::args::sign::{SignArgs, SignFormat, Time};
use crate::cli::exit::{Exit, as_setup_error};
use crate::cli::hints::SigningVerb;
use crate::cli::json::{self, Object, stopped};
use crate::cli::output::Output;
use crate::cli::print::{complain, file_error};
use crate::cli::quote::quote;
use crate::cli::sign::request::{Request, check_stdin, media_type, open, read_body, stream};
use crate::cli::sign::values::Values;

pub(crate) fn run(args: SignArgs) -> Result<Exit> {
    let is_json = args.json;
    stopped::with_error("sign", is_json, as_setup_error(sign(args)))
}

fn sign(mut args: SignArgs) -> Result<Exit> {
    args.request.give_signature_headers_to(&mut args.scheme);
    let scheme = scheme::scheme(&args.scheme, &given(&args))?;
    let headers = args.request.headers.as_deref();
    check_stdin(scheme::has_stdin_key(&args.scheme)?, &[headers, Some(&args.body)])?;
    let mut request = Request::from_args(&args.request)?;
    let (keys, _) = scheme::keys(&args.scheme, &scheme, false)?;
    let signer = RequestSigner::new(scheme.clone(), keys);
    let signer = signer.map_err(|error| scheme::refused(&error, &args.scheme))?;
    let signature = signature(&args, &signer, &scheme, &mut request)?;

    let mut output = Output::stdout()?;
    output.line(&match args.json {
        true => json_lines(&scheme, &signature),
        false => text(&args, &request, &scheme, &signature),
    })?;
    output.finish()?;
    Ok(Exit::Success)
}

/// Returns the options of the message, and whether they were given.
fn given(args: &SignArgs) -> [scheme::Given; 4] {
    [
        (Setting::Params, "--param", !args.request.params.is_empty()),
        (Setting::Timestamp, "--timestamp", args.timestamp.is_some()),
        (Setting::Id, "--id", args.id.is_some()),
        (Setting::Nonce, "--nonce", args.nonce.is_some()),
    ]
}

/// Signs the request and its body.
fn signature(
    args: &SignArgs,
    signer: &RequestSigner,
    scheme: &Scheme,
    request: &mut Request,
) -> Result<RequestSignature> {
    let timestamp = match args.timestamp {
        Some(Time::At(time)) => Some(time),
        Some(Time::Now) | None => None,
    };
    let values = Values { timestamp, id: args.id.clone(), nonce: args.nonce.clone() };
    let begin = |request: &Request| values.begin(signer, scheme, request, SigningVerb::Sign);
    if args.format == SignFormat::Curl {
        // The curl command has a Content-Type header, which the scheme may sign.
        let body = read_body(&args.body)?;
        let media_type = media_type(&body).filter(|_| !request.has("Content-Type"));
        request.headers.extend(media_type.map(|text| ("Content-Type".to_owned(), text.into())));
        let mut signing = begin(request)?;
        signing.update(&body);
        return Ok(signing.finish());
    }
    let mut signing = begin(request)?;
    let body = open(&args.body)?;
    if signing.keeps_body() {
        let body = read_all(body, SMALL_FILE);
        signing.update(&body.map_err(|error| file_error(&args.body, error))?);
    } else {
        stream(body, &args.body, |piece| signing.update(piece))?;
    }
    Ok(signing.finish())
}

/// Returns the signature in the output format.
fn text(
    args: &SignArgs,
    request: &Request,
    scheme: &Scheme,
    signature: &RequestSignature,
) -> Vec<u8> {
    let lines = |pairs: &[(String, String)], separator: &str| -> Vec<u8> {
        let line = |(name, value): &(String, String)| format!("{name}{separator}{value}\n");
        pairs.iter().flat_map(|pair| line(pair).into_bytes()).collect()
    };
    match args.format {
        SignFormat::Value => format!("{}\n", signature.value()).into_bytes(),
        SignFormat::Headers => match (signature.url(), signature.headers()) {
            (Some(url), []) => format!("{url}\n").into_bytes(),
            (None, []) => lines(signature.params(), "="),
            (url, headers) => {
                if let Some(url) = url {
                    complain(format_args!("note: signed for the URL {}", quote(Path::new(url))));
                }
                lines(headers, ": ")
            }
        },
        SignFormat::Json => json::line(fields(scheme, signature)),
        SignFormat::Curl => curl(args, request, signature).into_bytes(),
    }
}

/// Returns the lines of `--json`.
fn json_lines(scheme: &Scheme, signature: &RequestSignature) -> Vec<u8> {
    let mut object = Object::new("signature");
    for (name, value) in fields(scheme, signature) {
        object.set(&name, value);
    }
    [object.line(), Object::summary("sign").set("requests", 1).exit(0)].concat()
}

fn fields(scheme: &Scheme, signature: &RequestSignature) -> Map<String, Value> {
    let object = |pairs: &[(String, String)]| -> Value {
        pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
    };
    let fields = [
        ("scheme", scheme.name().into()),
        ("headers", object(signature.headers())),
        ("params", object(signature.params())),
        ("url", signature.url().into()),
        ("value", signature.value().into()),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns a shell command that sends exactly the signed request.
///
/// `--data-binary` keeps the line ends of the body, which `-d` removes. `--globoff` and
/// `--path-as-is` keep brackets and dots in the URL. `-H Content-Type:` keeps curl from calling the
/// body a form.
fn curl(args: &SignArgs, request: &Request, signature: &RequestSignature) -> String {
    let word = |bytes: &[u8]| quote(Path::new(OsStr::from_bytes(bytes)));
    let header = |name: &str, value: &[u8]| match value {
        // 'NAME:' would remove the header.
        [] => format!(" -H {}", word(format!("{name};").as_bytes())),
        _ => format!(" -H {}", word(&[name.as_bytes(), b": ", value].concat())),
    };
    let mut line = format!("curl --globoff --path-as-is -X {}", word(request.method.as_bytes()));
    let added = signature.headers();
    let is_added = |name: &str| added.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_added(name)) {
        line.push_str(&header(name, value));
    }
    for (name, value) in added {
        line.push_str(&header(name, value.as_bytes()));
    }
    if !request.has("Content-Type") {
        line.push_str(" -H Content-Type:");
    }
    let url = signature.url().unwrap_or(&request.url);
    let url = if url.is_empty() { "URL" } else { url };
    let file = [b"@", args.body.as_os_str().as_bytes()].concat();
    line.push_str(&format!(" --data-binary {} {}\n", word(&file), word(url.as_bytes())));
    line
}
