//! What only Twilio does: ports that come and go, and a digest of the body in the query.

use super::input::Input;
use super::message::{Message, split_port};
use super::plain::is_empty;
use super::verdict::VerifyError;
use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::hasher::Hasher;

const NAME: &str = "bodySHA256";

/// The URL without its port, or with that of its scheme if it has none: Twilio signs the one or
/// the other.
pub(crate) fn other_port(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let own = if scheme.eq_ignore_ascii_case("http") { ":80" } else { ":443" };
    match split_port(host) {
        (host, Some(_)) => format!("{scheme}://{user}{host}{rest}"),
        (host, None) => format!("{scheme}://{user}{host}{own}{rest}"),
    }
}

/// The digest of the body that the query holds.
pub(crate) fn body_digest(message: &Message<'_>) -> Result<Option<Digest>, VerifyError> {
    let mut found = None;
    for item in message.query().unwrap_or_default().split('&') {
        let Some((NAME, hex)) = item.split_once('=') else { continue };
        let digest = Digest::from_hex(Algorithm::Sha256, hex)
            .map_err(|_| VerifyError::malformed(NAME, "it is not 64 hexadecimal digits"))?;
        if found.replace(digest).is_some() {
            return Err(VerifyError::malformed(NAME, "it stands in the query twice"));
        }
    }
    Ok(found)
}

/// The URL, with the digest of the body in its query if there is a body.
pub(crate) fn with_digest(url: &str, digest: &Digest) -> String {
    if is_empty(digest) {
        return url.to_owned();
    }
    let (url, fragment) = url.split_at(url.find('#').unwrap_or(url.len()));
    let sign = if url.contains('?') { "&" } else { "?" };
    format!("{url}{sign}{NAME}={digest}{fragment}")
}

/// Signs the URL with the digest of the body in it.
pub(crate) fn digesting(url: &str) -> Result<Input, VerifyError> {
    if url.is_empty() {
        return Err(VerifyError::MissingHeader("the URL".into()));
    }
    let url = url.to_owned();
    Ok(Input::Digested {
        hasher: Box::new(Hasher::new(Algorithm::Sha256)),
        content: Box::new(move |digest| with_digest(&url, digest).into_bytes()),
    })
}
