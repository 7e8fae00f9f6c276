//! Small files, such as checksum files and signatures, fetched into memory.

use std::io::{self, Read};

use url::Url;

use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind, Retry};
use crate::net::retry::RetryBudget;
use crate::net::transport::{Framing, Origin, Request};
use crate::net::url::redacted;
use crate::trust::discovery;

/// "File unavailable" (RFC 959, section 4.2).
const FTP_NO_FILE: u16 = 550;

/// Fetches a file of up to 16 MiB, such as a signature. Returns `None` if it does not exist.
///
/// # Errors
/// If the server fails, or the file is longer.
pub fn fetch(client: &Client, url: &Url, origin: Origin) -> Result<Option<Vec<u8>>, Failure> {
    fetch_checked(client, url, origin, |_| true)
}

/// Fetches a checksum file as [`fetch`] does, and rejects a truncated one.
///
/// If only the end of an unencrypted connection ends the body, an incomplete last line is the only
/// sign of truncation. TLS detects truncation itself.
pub(crate) fn fetch_list(
    client: &Client,
    url: &Url,
    origin: Origin,
) -> Result<Option<Vec<u8>>, Failure> {
    fetch_checked(client, url, origin, has_end)
}

fn fetch_checked(
    client: &Client,
    url: &Url,
    origin: Origin,
    is_complete: fn(&[u8]) -> bool,
) -> Result<Option<Vec<u8>>, Failure> {
    let request = Request { origin, ..Request::get(url.clone()) };
    let mut budget = client.retry_budget();
    loop {
        match fetch_once(client, &request, is_complete, &mut budget) {
            Err(failure) if budget.wait(failure.retry()) => {}
            result => return result,
        }
    }
}

fn fetch_once(
    client: &Client,
    request: &Request,
    is_complete: fn(&[u8]) -> bool,
    budget: &mut RetryBudget,
) -> Result<Option<Vec<u8>>, Failure> {
    let named = |failure: Failure| failure.during(redacted(&request.url));
    let reply = match client.send_with(request, budget) {
        // FTP reports an absent file as a failure. In HTTP a failure may be that of a proxy.
        Err(failure) if failure.kind() == FailureKind::Status(FTP_NO_FILE) => return Ok(None),
        reply => reply?,
    };
    let status = reply.response.status;
    if discovery::is_absent(status) {
        return Ok(None);
    }
    if status != 200 {
        return Err(Failure::status(&reply.url, status));
    }
    let mut text = Vec::new();
    let mut body = reply.response.body.take(discovery::MAX_SIZE + 1);
    body.read_to_end(&mut text).map_err(|error| named(body_failure(error)))?;
    if text.len() as u64 > discovery::MAX_SIZE {
        let text = format!("longer than {} bytes", discovery::MAX_SIZE);
        return Err(named(Failure::new(FailureKind::Policy, text)));
    }
    let is_open = reply.response.framing == Framing::UntilClose && reply.url.scheme() != "https";
    if is_open && !is_complete(&text) {
        let text =
            "possibly truncated: the server stated no length, and the last line is incomplete";
        return Err(named(Failure::network(text)));
    }
    Ok(Some(text))
}

/// Returns `true` if the end of a checksum file shows no truncation.
fn has_end(text: &[u8]) -> bool {
    let last = text.trim_ascii_end().last();
    match text.trim_ascii_start().first() {
        Some(b'<') => last == Some(&b'>'),
        Some(b'{') => last == Some(&b'}'),
        // JSON, or the start of TOML. A truncated JSON array does not parse.
        Some(b'[') if last == Some(&b']') => true,
        // PowerShell writes UTF-16, which ends with "\n\0".
        _ => text.is_empty() || text.ends_with(b"\n") || text.ends_with(b"\n\0"),
    }
}

/// Converts an error of reading a body, which usually contains a [`Failure`].
pub(crate) fn body_failure(error: io::Error) -> Failure {
    let kind = error.kind();
    match error.into_inner().map(|inner| inner.downcast::<Failure>()) {
        Some(Ok(failure)) => *failure,
        Some(Err(other)) => Failure::network(other.to_string()).retrying(Retry::Later),
        None => Failure::network(format!("body: {kind}")),
    }
}
