//! The preparation of new signatures, in headers or in the query.

use crate::sign::clock::{from_basic_format, to_basic_format};
use crate::sign::component::Component;
use crate::sign::error::RequestError;
use crate::sign::headers::{has, single};
use crate::sign::input::Input;
use crate::sign::message::{Message, with_query_item};
use crate::sign::rules::Prepared;
use crate::sign::schemes::sigv4::canonical::{Canonical, encode};
use crate::sign::schemes::sigv4::settings::{ALGORITHM, Placement, Sigv4, StringToSign};
use crate::sign::signature::RequestSignature;

/// Headers that proxies may change, or that the signature adds.
const UNSIGNED_HEADERS: [&str; 8] = [
    "authorization",
    "connection",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
    "x-amz-date",
    "x-amz-content-sha256",
];

pub(super) fn prepare(
    settings: &Sigv4,
    message: &Message<'_>,
    timestamp: u64,
) -> Result<Prepared, RequestError> {
    let time = signed_time(message, timestamp)?;
    let date = time[..8].to_owned();
    let scope = settings.scope(&date);
    let credential = format!("{}/{scope}", settings.access_key_id);
    let mut canonical = Canonical::new(settings.path_style, message);
    // A given `Host` header is sent unchanged. Without one, most clients send the normalized host
    // of the URL, but some keep upper case, so the signature contains a normalized URL if needed.
    let given = message.host_as_given()?.ok_or(RequestError::Missing(Component::Host))?;
    let host = match has(message.headers, "host") {
        true => Some(given.to_owned()),
        false => message.host()?,
    };
    let target = message.target_uri()?;
    let mut names = header_names(message);
    let mut headers = Vec::new();
    let mut has_digest_header = false;
    let url = match settings.placement {
        Placement::Header => {
            headers.push(("X-Amz-Date".to_owned(), time.clone()));
            if let Some(token) = &settings.token {
                headers.push(("X-Amz-Security-Token".to_owned(), token.to_string()));
            }
            names.extend(headers.iter().map(|(name, _)| name.to_ascii_lowercase()));
            has_digest_header =
                settings.has_digest_header || has(message.headers, "x-amz-content-sha256");
            if has_digest_header {
                names.push("x-amz-content-sha256".into());
            }
            names.sort_unstable();
            names.dedup();
            target.filter(|_| host.as_deref() != Some(given))
        }
        Placement::Query { lifetime } => {
            let url = target.unwrap_or_else(|| message.request_target());
            let url = with_query(settings, &url, &credential, &time, &names, lifetime);
            canonical.set_query(Message::empty().url(&url).query().unwrap_or_default());
            Some(url)
        }
    };
    let digest_header = ("x-amz-content-sha256".to_owned(), String::new());
    let added = [&headers[..], &[digest_header]].concat();
    canonical.set_headers(message, &names, &added, host.as_deref())?;

    let substitute = settings.digest_substitute();
    let signed_names = names.join(";");
    let string = StringToSign { time, scope, signed_names: signed_names.clone(), canonical };
    let placement = settings.placement;
    Ok(Prepared {
        input: Input::sha256(move |of_body| {
            string.with_payload(&substitute.map_or_else(|| of_body.to_hex(), str::to_owned))
        }),
        scope: Some(date),
        keeps_body: false,
        render: Box::new(move |finished, _| {
            let value = finished.tags.first().map(|tag| tag.to_hex()).unwrap_or_default();
            if let (true, Some(digest)) = (has_digest_header, &finished.digest) {
                let payload = substitute.map_or_else(|| digest.to_hex(), str::to_owned);
                headers.push(("X-Amz-Content-SHA256".to_owned(), payload));
            }
            let url = match placement {
                Placement::Query { .. } => url.map(|url| format!("{url}&X-Amz-Signature={value}")),
                Placement::Header => {
                    let line = format!(
                        "{ALGORITHM} Credential={credential}, SignedHeaders={signed_names}, \
                         Signature={value}"
                    );
                    headers.push(("Authorization".to_owned(), line));
                    url
                }
            };
            RequestSignature { headers, params: Vec::new(), url, value }
        }),
    })
}

/// Formats the time of signing, which an `X-Amz-Date` header must agree with.
fn signed_time(message: &Message<'_>, timestamp: u64) -> Result<String, RequestError> {
    let time = to_basic_format(timestamp);
    if from_basic_format(time.as_bytes()) != Some(timestamp) {
        return Err(RequestError::malformed(Component::Timestamp, "beyond the year 9999"));
    }
    match single(message.headers, "x-amz-date")? {
        Some(given) if given != time.as_bytes() => {
            Err(RequestError::malformed_header("X-Amz-Date", "differs from the time of signing"))
        }
        _ => Ok(time),
    }
}

/// Returns the sorted names of the headers to sign.
fn header_names(message: &Message<'_>) -> Vec<String> {
    let mut names = vec!["host".to_owned()];
    message.headers.names(&mut |name| names.push(name.to_ascii_lowercase()));
    names.retain(|name| !UNSIGNED_HEADERS.contains(&name.as_str()));
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the URL with the parameters of the signature, except the signature itself.
fn with_query(
    settings: &Sigv4,
    url: &str,
    credential: &str,
    time: &str,
    names: &[String],
    lifetime: u32,
) -> String {
    let mut query = vec![
        ("X-Amz-Algorithm", ALGORITHM.to_owned()),
        ("X-Amz-Credential", credential.to_owned()),
        ("X-Amz-Date", time.to_owned()),
        ("X-Amz-SignedHeaders", names.join(";")),
        ("X-Amz-Expires", lifetime.to_string()),
    ];
    query.extend(settings.token.iter().map(|t| ("X-Amz-Security-Token", t.to_string())));
    let query: Vec<String> =
        query.iter().map(|(n, v)| format!("{n}={}", encode(v.as_bytes()))).collect();
    with_query_item(url, &query.join("&"))
}
