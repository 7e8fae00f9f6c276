//! The signer of the requests that `get`, `head` and `send` send.

use std::sync::Arc;

use anyhow::Result;
use hsum::internals::{BODY, read_all, without_userinfo};
use hsum::net::{Body, ClientSigner, Failure, FailureKind, Request, Url, form};
use hsum::sign::{RequestSigner, Scheme, Setting};

use crate::cli::args::sign::SigningArgs;
use crate::cli::hints::SigningVerb;
use crate::cli::sign::request::Request as SignedMessage;
use crate::cli::sign::scheme;
use crate::cli::sign::values::{Values, random_id};

/// Returns the signer of a verb's requests; `None` if they are not signed.
pub(crate) fn signer(args: &SigningArgs) -> Result<Option<Arc<dyn ClientSigner>>> {
    let id = args.id.clone();
    let Some(args) = args.scheme() else { return Ok(None) };
    let scheme = scheme::scheme(&args, &[(Setting::Id, "--id", id.is_some())])?;
    let (keys, _) = scheme::keys(&args, &scheme, false)?;
    let signer = RequestSigner::new(scheme.clone(), keys);
    let signer = signer.map_err(|error| scheme::refused(&error, &args))?;
    // All attempts have the same id, so that a receiver recognises them as one message.
    let id = id.map_or_else(random_id, anyhow::Ok)?;
    Ok(Some(Arc::new(Sender { scheme, signer, id })))
}

/// Returns `true` if one of the keys comes from standard input.
pub(crate) fn has_stdin_key(args: &SigningArgs) -> Result<bool> {
    args.scheme().map_or(Ok(false), |args| scheme::has_stdin_key(&args))
}

struct Sender {
    scheme: Scheme,
    signer: RequestSigner,
    id: String,
}

impl ClientSigner for Sender {
    fn sign(&self, request: &mut Request) -> Result<(), Failure> {
        let scheme = &self.scheme;
        let refused = |text: String| Failure::new(FailureKind::Usage, text);
        let body = in_memory(&request.body)?;
        let is_form = request.headers.value("Content-Type") == Some(form::URLENCODED);
        let message = SignedMessage {
            method: request.method.clone(),
            url: as_sent(&request.url).into(),
            headers: request.headers.iter().map(|(n, v)| (n.to_owned(), v.to_vec())).collect(),
            params: if is_form { form::fields(&body) } else { Vec::new() },
        };
        let values = Values { id: Some(self.id.clone()), ..Values::default() };
        let signing = values.begin(&self.signer, scheme, &message, SigningVerb::Send);
        let mut signing = signing.map_err(|error| refused(format!("{error:#}")))?;
        signing.update(&body);
        let signature = signing.finish();
        if !signature.params().is_empty() && signature.url().is_none() {
            let text = format!("scheme {scheme}: its signature is in the body; use 'hsum sign'");
            return Err(refused(text));
        }
        if let Some(url) = signature.url() {
            // The URL must be sent exactly as it was signed.
            let parsed = Url::parse(url).ok().filter(|parsed| parsed.as_str() == url);
            request.url = parsed.ok_or_else(|| refused("the signed URL is not valid".into()))?;
        }
        for (name, value) in signature.headers() {
            // Only one of two Authorization headers would be used.
            if name.eq_ignore_ascii_case("Authorization") && request.headers.contains(name) {
                let text = format!("scheme {scheme}: the request already has an {name} header");
                return Err(refused(text));
            }
            if request.headers.set(name, value.as_bytes()).is_err() {
                return Err(refused(format!("{name}: invalid header")));
            }
        }
        request.body = if body.is_empty() { Body::Empty } else { Body::Bytes(body) };
        Ok(())
    }
}

/// Returns the URL without the parts that are not sent: fragment, user and password.
fn as_sent(url: &Url) -> Url {
    let mut url = without_userinfo(url);
    url.set_fragment(None);
    url
}

/// Reads the body into memory, so that the signed body is the one that is sent.
fn in_memory(body: &Body) -> Result<Vec<u8>, Failure> {
    let (reader, _) = body.open()?;
    let read = read_all(reader, BODY);
    read.map_err(|error| Failure::new(FailureKind::Local, format!("the body: {error}")))
}
