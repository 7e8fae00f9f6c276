//! The URLs of Twilio: with or without a port, and with a digest of the body in the query.

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::digest;
use crate::sign::component::Component;
use crate::sign::error::RequestError;
use crate::sign::input::Input;
use crate::sign::message::{Message, split_port, with_query_item};

const NAME: &str = "bodySHA256";

/// Returns the URL without its port, or else with the default port. Twilio signs either one.
pub(crate) fn with_other_port(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let default = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    match split_port(host) {
        (host, Some(_)) => format!("{scheme}://{user}{host}{rest}"),
        (host, None) => format!("{scheme}://{user}{host}{default}{rest}"),
    }
}

/// Returns the digest of the body that the query contains, if any.
pub(crate) fn body_digest(message: &Message<'_>) -> Result<Option<Digest>, RequestError> {
    let malformed = |problem| RequestError::malformed(Component::QueryParam(NAME.into()), problem);
    let mut found = None;
    for item in message.query().unwrap_or_default().split('&') {
        let Some((NAME, hex)) = item.split_once('=') else { continue };
        let digest = Digest::from_hex(Algorithm::Sha256, hex)
            .map_err(|_| malformed("not 64 hexadecimal digits"))?;
        if found.replace(digest).is_some() {
            return Err(malformed("appears more than once"));
        }
    }
    Ok(found)
}

/// Returns the URL with the digest of the body in its query, unless the body is empty.
pub(crate) fn with_digest(url: &str, of_body: &Digest) -> String {
    match *of_body == digest(Algorithm::Sha256, b"") {
        true => url.to_owned(),
        false => with_query_item(url, &format!("{NAME}={of_body}")),
    }
}

/// Returns the input that is the URL with the digest of the body.
pub(crate) fn digest_input(url: &str) -> Result<Input, RequestError> {
    if url.is_empty() {
        return Err(RequestError::Missing(Component::Url));
    }
    let url = url.to_owned();
    Ok(Input::sha256(move |digest| with_digest(&url, digest).into_bytes()))
}
