//! `--explain`: the cause of a rejection, found by trying common mistakes.
//!
//! A cause is a change of the key, the body, the URL or the scheme with which the signature would
//! match. It never changes the verdict, and no MAC is printed.

use hsum::Algorithm;
use hsum::internals::decode_key;
use hsum::sign::{
    Component, KeyFormat, MacEncoding, RequestError, Scheme, SchemeInfo, SecretKey, Verifier,
    VerifyError,
};
use zeroize::Zeroizing;

use crate::cli::key::remove_line_end;
use crate::cli::quote::quote_text;
use crate::cli::sign::bodies::bodies;
use crate::cli::sign::request::Request;

/// A rejected request, and the inputs of its verification.
pub(crate) struct Explainer<'e> {
    pub(crate) scheme: &'e Scheme,
    pub(crate) request: &'e Request,
    pub(crate) body: &'e [u8],
    /// The keys before decoding.
    pub(crate) key_texts: &'e [Zeroizing<Vec<u8>>],
    pub(crate) now: u64,
    pub(crate) error: &'e VerifyError,
}

/// Returns the causes as sentences.
pub(crate) fn explain(explainer: &Explainer<'_>) -> Vec<String> {
    let is_malformed =
        matches!(explainer.error, VerifyError::Request(RequestError::Malformed { .. }));
    let is_mismatch =
        matches!(explainer.error, VerifyError::Mismatch | VerifyError::BodyHashMismatch);
    let mut causes =
        if is_mismatch || is_malformed { explainer.matching_changes() } else { Vec::new() };
    for cause in hints(explainer) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    if is_mismatch && causes.is_empty() {
        causes.push(
            "no common change of body, key or URL makes the signature match: is it the right key, \
             and the body exactly as received?"
                .to_owned(),
        );
    }
    causes
}

/// A variant and its description, which is empty for the original.
type Named<T> = (String, T);

/// Removes variants that repeat an earlier one.
pub(super) fn unique<T: PartialEq>(variants: Vec<Named<T>>) -> Vec<Named<T>> {
    variants.into_iter().fold(Vec::new(), |mut unique, (name, variant)| {
        if !unique.iter().any(|(_, other)| *other == variant) {
            unique.push((name, variant));
        }
        unique
    })
}

impl Explainer<'_> {
    /// Tries changes of the scheme and of the URL, then combined changes of key and body.
    fn matching_changes(&self) -> Vec<String> {
        let keys = self.keys();
        let bodies = unique(bodies(self.body));
        let original = |scheme: &Scheme, request: &Request| {
            let mut keys = keys.iter().filter(|(change, _)| change.is_empty());
            keys.any(|(_, key)| matches(scheme, key, request, self.body))
        };
        let mut found = Vec::new();
        for (change, scheme) in self.schemes() {
            if original(&scheme, self.request) {
                found.push(format!("the signature matches as {change}"));
            }
        }
        for (change, request) in self.requests() {
            if original(self.scheme, &request) {
                found.push(format!("the signature matches with the URL {change}"));
            }
        }
        for (key_change, key) in &keys {
            for (body_change, body) in &bodies {
                let changes = [key_change, body_change].map(String::as_str);
                let changes: Vec<&str> = changes.into_iter().filter(|c| !c.is_empty()).collect();
                if !changes.is_empty() && matches(self.scheme, key, self.request, body) {
                    found.push(format!("the signature matches with {}", changes.join(" and ")));
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        found.dedup();
        found
    }

    /// Returns the keys, decoded in every format.
    fn keys(&self) -> Vec<Named<Zeroizing<Vec<u8>>>> {
        let decode = |format, text: &[u8]| match format {
            KeyFormat::Text | KeyFormat::Raw => decode_key(format, text).ok(),
            _ => decode_key(format, text.trim_ascii()).ok(),
        };
        let copy = |bytes: &[u8]| Some(Zeroizing::new(bytes.to_vec()));
        let mut keys = Vec::new();
        for text in self.key_texts {
            let mut line = Zeroizing::new(text.to_vec());
            remove_line_end(&mut line);
            let bare = line.strip_prefix(b"v1,").unwrap_or(&line).strip_prefix(b"whsec_");
            for (change, key) in [
                ("", decode(self.scheme.key_format(), &line)),
                ("the key as text", decode(KeyFormat::Text, &line)),
                ("the key without surrounding white space", copy(text.trim_ascii())),
                ("the key decoded from hex", decode(KeyFormat::Hex, &line)),
                ("the key decoded from base64", decode(KeyFormat::Base64, &line)),
                ("the key decoded from base64url", decode(KeyFormat::Base64Url, &line)),
                ("the key decoded as whsec", decode(KeyFormat::Whsec, &line)),
                ("the key as text without 'whsec_'", bare.and_then(copy)),
                ("a line end added to the key", copy(&Zeroizing::new([&line[..], b"\n"].concat()))),
            ] {
                keys.extend(key.map(|key| (change.to_owned(), key)));
            }
        }
        keys.retain(|(_, key)| !key.is_empty());
        unique(keys)
    }

    /// Returns the scheme with other hash functions and encodings.
    fn schemes(&self) -> Vec<Named<Scheme>> {
        let Some(template) = self.scheme.to_template() else { return Vec::new() };
        let mut schemes = Vec::new();
        for &encoding in MacEncoding::ALL {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha1, Algorithm::Sha512] {
                let varied = template.clone().encoding(encoding).algorithm(algorithm);
                let change =
                    format!("{encoding} of HMAC-{algorithm}, which the scheme does not use");
                schemes.push((change, Scheme::Template(varied)));
            }
        }
        schemes
    }

    /// Returns the request with other URLs.
    fn requests(&self) -> Vec<Named<Request>> {
        let url = &self.request.url;
        let Some((scheme, rest)) = url.split_once("://") else { return Vec::new() };
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let (other, swapped) = match scheme {
            "https" => ("http", "with http instead of https"),
            _ => ("https", "with https instead of http"),
        };
        let bare = tail.trim_end_matches('/');
        let path = tail.split_once('?').map_or(tail, |(path, _)| path);
        [
            ("without its port", format!("{scheme}://{host}{tail}")),
            ("with the port 443", format!("{scheme}://{host}:443{tail}")),
            ("with the port 80", format!("{scheme}://{host}:80{tail}")),
            (swapped, format!("{other}://{authority}{tail}")),
            ("with a final slash", format!("{url}/")),
            ("without its final slash", format!("{scheme}://{authority}{bare}")),
            ("without its query", format!("{scheme}://{authority}{path}")),
        ]
        .into_iter()
        .filter(|(_, other)| other != url)
        .map(|(change, url)| (change.to_owned(), Request { url, ..self.request.clone() }))
        .collect()
    }
}

/// Returns `true` if the signature matches, whatever its time.
fn matches(scheme: &Scheme, key: &[u8], request: &Request, body: &[u8]) -> bool {
    let Ok(key) = SecretKey::from_bytes(key) else { return false };
    let Ok(verifier) = Verifier::new(scheme.clone(), vec![key]) else { return false };
    let verifier = verifier.ignore_time();
    request.message(|message| verifier.verify(message, body)).is_ok()
}

/// Returns hints that follow from the error and the request, without trying changes.
fn hints(explainer: &Explainer<'_>) -> Vec<String> {
    let one = |text: &str| vec![text.to_owned()];
    let quoted = |text: &dyn ToString| quote_text(text.to_string().as_bytes());
    let mut hints = match explainer.error {
        VerifyError::Request(RequestError::Missing(_)) => other_signatures(explainer),
        VerifyError::Request(RequestError::Malformed { component, .. }) => {
            expected_formats(explainer, component)
        }
        VerifyError::Request(RequestError::Duplicate(_)) => {
            one("another program may use the other value; let the proxy remove the header that it \
             received")
        }
        VerifyError::NoSignature => [
            other_signatures(explainer),
            one("the request has only signatures of other versions, which are never accepted: a \
                 downgrade attack, or a sender with other settings"),
        ]
        .concat(),
        VerifyError::Future { by } if is_implausible(explainer.now, *by) => {
            one("the timestamp seems to be in milliseconds where the scheme has seconds, or in \
             microseconds where it has milliseconds")
        }
        VerifyError::Stale { by } | VerifyError::Future { by } => vec![format!(
            "the signature matches, but the clocks differ by {by} s more than the tolerance, or \
             the request was delayed or repeated; set the clock (--now tries another time), or use \
             --tolerance"
        )],
        VerifyError::OtherAlgorithm => one(
            "a request does not choose its algorithm: tokens are forged with 'none', or with an \
             algorithm other than the verifier's",
        ),
        VerifyError::NotCovered(component) => vec![format!(
            "anyone who forwards the request can change {}; let the sender sign it",
            quoted(component)
        )],
        VerifyError::UnusableDigest { header } => vec![format!(
            "anyone who forwards the request can change the body; let the sender write a SHA-256 \
             digest into {}",
            quoted(header)
        )],
        VerifyError::UnknownKey => {
            one("the key id, scope, token or tag of the request differs from the verifier's")
        }
        VerifyError::Mismatch => mismatch_hints(explainer),
        _ => Vec::new(),
    };
    hints.extend(length_hint(explainer));
    hints
}

/// Returns hints about headers of older signatures and of other schemes.
fn other_signatures(explainer: &Explainer<'_>) -> Vec<String> {
    let own = explainer.scheme.info();
    let mut hints = Vec::new();
    if let Some(header) = own.legacy_header.filter(|header| explainer.request.has(header)) {
        hints.push(format!(
            "{header} is the older signature of the scheme {} with SHA-1, and is not accepted; if \
             the sender writes HMAC-SHA256 there, use '--scheme raw --signature-header {header} \
             --prefix sha256='",
            own.name
        ));
    }
    let is_present = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        explainer.request.has(name) && name != "Authorization"
    };
    for other in SchemeInfo::ALL.iter().filter(|other| other.headers != own.headers) {
        if !other.headers.is_empty() && other.headers.iter().all(is_present) {
            hints.push(format!("the request has the headers of the scheme {}", other.name));
        }
    }
    hints
}

/// Describes the expected format of a malformed component.
fn expected_formats(explainer: &Explainer<'_>, component: &Component) -> Vec<String> {
    match component {
        Component::Timestamp => {
            vec!["a time is decimal digits only: no sign, fraction, leading zero or date".into()]
        }
        Component::Id => vec![
            "an id that contains the separator could be confused with the time after it".into(),
        ],
        Component::Header(name) => {
            let is_line = |line: &&&str| {
                line.split_once(':').is_some_and(|(title, _)| title.eq_ignore_ascii_case(name))
            };
            let lines = explainer.scheme.info().headers.iter().filter(is_line);
            lines.map(|line| format!("the scheme writes '{line}'")).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns `true` if a time is after the year 5138 in seconds, or 1973 in milliseconds.
fn is_implausible(now: u64, beyond: u64) -> bool {
    now.checked_add(beyond).is_some_and(|time| time > 100_000_000_000)
}

fn mismatch_hints(explainer: &Explainer<'_>) -> Vec<String> {
    let mut hints = Vec::new();
    if explainer.request.has("content-encoding") {
        hints.push(
            "the request has a Content-Encoding: senders sign the body before it is encoded, or \
             after; try the other form of the body"
                .to_owned(),
        );
    }
    if explainer.scheme.info().content.contains("{url}") {
        hints.push(
            "the URL that the sender saw is signed: a proxy may have changed host, port or path"
                .to_owned(),
        );
    }
    hints
}

fn length_hint(explainer: &Explainer<'_>) -> Option<String> {
    let headers = &explainer.request.headers;
    let header = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = header.and_then(|(_, value)| std::str::from_utf8(value).ok()?.parse().ok());
    let got = explainer.body.len();
    let differs = length.filter(|length: &usize| *length != got);
    differs.map(|length| format!("Content-Length is {length}, but the body has {got} bytes"))
}
