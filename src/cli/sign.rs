//! `hsum sign`: the headers that authenticate a payload.

mod explain;
pub(crate) mod keygen;
pub(crate) mod request;
mod scheme;
pub(crate) mod schemes;
pub(crate) mod sender;
pub(crate) mod verify;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Result, anyhow};
use hsum::ErrorKind;
use hsum::bounded::{SMALL_FILE, read_all};
use hsum::sign::{RequestSigner, Scheme, Setting, SignError, SignOptions, Signed, Signing};
use serde_json::json;

use self::request::{Request, media_type, one_stdin, open, read_body, stream};
use super::args::{SignArgs, SignFormat, Time};
use super::client::random;
use super::exit::{Exit, Untried, Usage};
use super::output::{Output, WriteError};
use super::print::{complain, json_bytes};
use super::quote::quote;

pub(crate) fn run(args: SignArgs) -> Result<Exit> {
    untried(sign(args))
}

/// Whatever goes wrong in these commands apart from a refused request has exit status 2: a script
/// must not take a missing key for a forgery.
pub(crate) fn untried(result: Result<Exit>) -> Result<Exit> {
    result.map_err(|error| match error.is::<Usage>() || error.is::<WriteError>() {
        true => error,
        false => Untried(format!("{error:#}")).into(),
    })
}

fn sign(args: SignArgs) -> Result<Exit> {
    let scheme = scheme::scheme(&args.scheme, &given(&args))?;
    let headers = args.request.headers.as_deref();
    one_stdin(scheme::keys_take_stdin(&args.scheme)?, &[headers, Some(&args.body)])?;
    let mut request = Request::of_flags(&args.request)?;
    let (keys, _) = scheme::keys(&args.scheme, &scheme, false)?;
    let signer =
        RequestSigner::new(scheme.clone(), keys).map_err(|error| Usage(error.to_string()))?;
    let timestamp = match args.timestamp {
        Some(Time::At(time)) => Some(time),
        Some(Time::Now) | None => None,
    };
    let options = SignOptions { timestamp, id: args.id.as_deref(), nonce: args.nonce.as_deref() };
    let signed = match args.format {
        // The command has a Content-Type header, which may be signed too.
        SignFormat::Curl => {
            let body = read_body(&args.body)?;
            let media_type = media_type(&body).filter(|_| !request.has("Content-Type"));
            let line = media_type.map(|text| ("Content-Type".to_owned(), text.into()));
            request.headers.extend(line);
            let mut signing = begin(&signer, &scheme, &request, &options)?;
            signing.update(&body);
            signing.finish()
        }
        _ => {
            let mut signing = begin(&signer, &scheme, &request, &options)?;
            let body = open(&args.body)?;
            if signing.keeps_body() {
                let body = read_all(body, SMALL_FILE);
                let failed = |error| anyhow!("{}: {}", quote(&args.body), ErrorKind::Io(error));
                signing.update(&body.map_err(failed)?);
            } else {
                stream(body, &args.body, |piece| signing.update(piece))?;
            }
            signing.finish()
        }
    };

    let mut output = Output::stdout()?;
    output.line(&print(&args, &request, &scheme, &signed))?;
    output.finish()?;
    Ok(Exit::Well)
}

/// The flags about the message, and whether they were given.
fn given(args: &SignArgs) -> [scheme::Given; 4] {
    [
        (Setting::Params, "--param", !args.request.params.is_empty()),
        (Setting::Timestamp, "--timestamp", args.timestamp.is_some()),
        (Setting::Id, "--id", args.id.is_some()),
        (Setting::Nonce, "--nonce", args.nonce.is_some()),
    ]
}

/// Begins, with a made-up id or nonce where the scheme needs one and nobody said which.
fn begin(
    signer: &RequestSigner,
    scheme: &Scheme,
    request: &Request,
    options: &SignOptions<'_>,
) -> Result<Signing> {
    let (mut id, mut nonce) = (None, None);
    loop {
        let options = SignOptions {
            id: options.id.or(id.as_deref()),
            nonce: options.nonce.or(nonce.as_deref()),
            ..*options
        };
        match request.message(|message| signer.begin(message, &options)) {
            Ok(signing) => return Ok(signing),
            Err(SignError::Missing(what)) if what == "id" && id.is_none() => {
                id = Some(format!("msg_{}", random_hex()?));
            }
            // Kraken's stands in the body too, so that nobody here can make it up.
            Err(SignError::Missing(what))
                if what == "nonce" && nonce.is_none() && !matches!(scheme, Scheme::Kraken) =>
            {
                nonce = Some(random_hex()?);
            }
            Err(error @ SignError::Missing(_)) => {
                return Err(
                    Usage(format!("{error}: --url, --id, --nonce, --param or -H give it")).into()
                );
            }
            Err(error) => return Err(Usage(error.to_string()).into()),
        }
    }
}

fn random_hex() -> Result<String> {
    Ok(hex::encode(random()?))
}

fn print(args: &SignArgs, request: &Request, scheme: &Scheme, signed: &Signed) -> Vec<u8> {
    let line =
        |(name, value): &(String, String), between: &str| format!("{name}{between}{value}\n");
    match args.format {
        SignFormat::Value => format!("{}\n", signed.value()).into_bytes(),
        SignFormat::Headers => {
            let lines = |pairs: &[(String, String)], between: &str| -> Vec<u8> {
                pairs.iter().flat_map(|pair| line(pair, between).into_bytes()).collect()
            };
            match (signed.url(), signed.headers()) {
                (Some(url), []) => format!("{url}\n").into_bytes(),
                (None, []) => lines(signed.params(), "="),
                (url, headers) => {
                    if let Some(url) = url {
                        complain(format_args!(
                            "note: it is signed for the URL {}",
                            quote(Path::new(url))
                        ));
                    }
                    lines(headers, ": ")
                }
            }
        }
        SignFormat::Json => {
            let pairs = |pairs: &[(String, String)]| -> serde_json::Map<String, serde_json::Value> {
                pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
            };
            json_bytes(json!({
                "scheme": scheme.name(),
                "headers": pairs(signed.headers()),
                "params": pairs(signed.params()),
                "url": signed.url(),
                "value": signed.value(),
            }))
        }
        SignFormat::Curl => curl(args, request, signed).into_bytes(),
    }
}

/// A command line for a shell, which sends what was signed and nothing else. `--data-binary` keeps
/// the line ends of the body, which `-d` drops; `--globoff` and `--path-as-is` keep brackets and
/// dots in the URL; a Content-Type that is not there is taken out, or else curl calls it a form.
fn curl(args: &SignArgs, request: &Request, signed: &Signed) -> String {
    let word = |bytes: &[u8]| quote(Path::new(OsStr::from_bytes(bytes)));
    let header = |name: &str, value: &[u8]| match value {
        // 'NAME:' would take it out.
        [] => format!(" -H {}", word(format!("{name};").as_bytes())),
        _ => format!(" -H {}", word(&[name.as_bytes(), b": ", value].concat())),
    };
    let mut line = format!("curl --globoff --path-as-is -X {}", word(request.method.as_bytes()));
    let is_signed = |name: &str| signed.headers().iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_signed(name)) {
        line.push_str(&header(name, value));
    }
    for (name, value) in signed.headers() {
        line.push_str(&header(name, value.as_bytes()));
    }
    if !request.has("Content-Type") {
        line.push_str(" -H Content-Type:");
    }
    let url = signed.url().unwrap_or(&request.url);
    let url = if url.is_empty() { "URL" } else { url };
    let at = [b"@", args.body.as_os_str().as_bytes()].concat();
    line.push_str(&format!(" --data-binary {} {}\n", word(&at), word(url.as_bytes())));
    line
}
