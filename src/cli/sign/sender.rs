//! Signing what is sent: a scheme and its keys as the client's signer.

use std::sync::Arc;

use anyhow::Result;
use hsum::bounded::{self, read_all};
use hsum::internals::without_userinfo;
use hsum::net::{Body, ClientSigner, Failure, FailureKind, Request, Url, form};
use hsum::sign::{RequestSigner, Scheme, Setting, SignOptions};

use super::request::Request as Message;
use super::{begin, random_hex, scheme};
use crate::cli::args::SigningArgs;
use crate::cli::exit::Usage;
use crate::cli::key::KeySource;

/// What signs the requests of a verb that sends some; `None` where the words do not ask for it.
pub(crate) fn signer(args: &SigningArgs) -> Result<Option<Arc<dyn ClientSigner>>> {
    let id = args.id.clone();
    let Some(args) = args.scheme() else { return Ok(None) };
    let scheme = scheme::scheme(&args, &[(Setting::Id, "--id", id.is_some())])?;
    let (keys, _) = scheme::keys(&args, &scheme, false)?;
    let signer =
        RequestSigner::new(scheme.clone(), keys).map_err(|error| Usage(error.to_string()))?;
    // One for all tries, so that a receiver knows them as one message.
    let id = id.map_or_else(|| Ok(format!("msg_{}", random_hex()?)), anyhow::Ok)?;
    Ok(Some(Arc::new(Sender { scheme, signer, id })))
}

/// Whether one of the keys is on standard input.
pub(crate) fn keys_take_stdin(args: &SigningArgs) -> Result<bool> {
    let mut taking = false;
    for spec in &args.key {
        taking |= KeySource::parse(spec, "--key")?.is_stdin();
    }
    Ok(taking)
}

struct Sender {
    scheme: Scheme,
    signer: RequestSigner,
    id: String,
}

impl ClientSigner for Sender {
    fn sign(&self, request: &mut Request) -> Result<(), Failure> {
        let refuse = |text: String| Failure::new(FailureKind::Usage, text);
        let body = in_memory(&request.body)?;
        let is_form = request.headers.value("Content-Type") == Some(form::URLENCODED);
        let message = Message {
            method: request.method.clone(),
            url: as_sent(&request.url).into(),
            headers: request.headers.iter().map(|(n, v)| (n.to_owned(), v.to_vec())).collect(),
            params: if is_form { form::fields(&body) } else { Vec::new() },
        };
        let options = SignOptions { id: Some(&self.id), ..SignOptions::default() };
        let signing = begin(&self.signer, &self.scheme, &message, &options);
        let mut signing = signing.map_err(|error| refuse(format!("{error:#}")))?;
        signing.update(&body);
        let signed = signing.finish();
        if !signed.params().is_empty() && signed.url().is_none() {
            let name = self.scheme.name();
            let text = format!("{name} has its signature in the body: make it with 'hsum sign'");
            return Err(refuse(text));
        }
        if let Some(url) = signed.url() {
            // Exactly what was signed must be sent.
            let parsed = Url::parse(url).ok().filter(|parsed| parsed.as_str() == url);
            request.url = parsed.ok_or_else(|| refuse("the signed URL is no URL".into()))?;
        }
        for (name, value) in signed.headers() {
            // One of the two would be lost without a word.
            if name.eq_ignore_ascii_case("Authorization") && request.headers.contains(name) {
                let scheme = self.scheme.name();
                let text =
                    format!("{scheme} signs in Authorization, which holds something already");
                return Err(refuse(text));
            }
            if !request.headers.set(name, value.as_bytes()) {
                return Err(refuse(format!("{name}: cannot be sent as a header")));
            }
        }
        request.body = if body.is_empty() { Body::Empty } else { Body::Bytes(body) };
        Ok(())
    }
}

/// Without what no server is told: the fragment, the user and the password.
fn as_sent(url: &Url) -> Url {
    let mut url = without_userinfo(url);
    url.set_fragment(None);
    url
}

/// Reads the body into memory, for what is sent must be what was signed.
fn in_memory(body: &Body) -> Result<Vec<u8>, Failure> {
    let (reader, _) = body.open()?;
    let read = read_all(reader, bounded::BODY);
    read.map_err(|error| Failure::new(FailureKind::Local, format!("the body: {error}")))
}
