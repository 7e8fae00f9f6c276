//! `--explain`: why a request was refused, found by trying what goes wrong in practice.
//!
//! Nothing here changes a verdict, and no MAC is printed: what is said is which change to the key,
//! the body, the URL or the scheme would have made the signature fit.

mod bodies;

use hsum::Algorithm;
use hsum::sign::{KeyFormat, MacEncoding, ROWS, Scheme, SecretKey, Verifier, VerifyError};
use zeroize::Zeroizing;

use self::bodies::bodies;
use super::request::Request;
use super::scheme::Written;
use crate::cli::quote::quote_text;

/// What there is to go by.
pub(crate) struct Explainer<'e> {
    pub(crate) scheme: &'e Scheme,
    pub(crate) request: &'e Request,
    pub(crate) body: &'e [u8],
    pub(crate) written: &'e [Written],
    pub(crate) now: u64,
    pub(crate) error: &'e VerifyError,
}

/// The causes, as sentences.
pub(crate) fn explain(explainer: &Explainer<'_>) -> Vec<String> {
    let causes = match explainer.error {
        VerifyError::Mismatch | VerifyError::BodyHashMismatch | VerifyError::Malformed { .. } => {
            let mut causes = explainer.by_trying();
            causes.extend(explainer.hints());
            if causes.is_empty() && !matches!(explainer.error, VerifyError::Malformed { .. }) {
                causes.push(
                    "no change that is known to happen to bodies, keys and URLs makes it fit: \
                     is it the right key, and the body as it was received?"
                        .to_owned(),
                );
            }
            causes
        }
        _ => explainer.hints(),
    };
    // One cause is found by several ways.
    causes.into_iter().fold(Vec::new(), |mut unique, cause| {
        if !unique.contains(&cause) {
            unique.push(cause);
        }
        unique
    })
}

type Named<T> = (String, T);

impl Explainer<'_> {
    /// Changes one thing at a time, then key and body together.
    fn by_trying(&self) -> Vec<String> {
        let keys = self.keys();
        let bodies = bodies(self.body);
        let mut found = Vec::new();
        let own = |key: &Named<Zeroizing<Vec<u8>>>| key.0.is_empty();
        for (what, scheme) in self.schemes() {
            if keys
                .iter()
                .filter(|k| own(k))
                .any(|k| self.fits(&scheme, &k.1, self.request, self.body))
            {
                found.push(format!("it fits {what}"));
            }
        }
        for (what, request) in self.requests() {
            if keys
                .iter()
                .filter(|k| own(k))
                .any(|k| self.fits(self.scheme, &k.1, &request, self.body))
            {
                found.push(format!("it fits with the URL {what}"));
            }
        }
        for (key_text, key) in &keys {
            for (body_text, body) in &bodies {
                if key_text.is_empty() && body_text.is_empty() {
                    continue;
                }
                if self.fits(self.scheme, key, self.request, body) {
                    let and =
                        if key_text.is_empty() || body_text.is_empty() { "" } else { ", and " };
                    found.push(format!("it fits with {key_text}{and}{body_text}"));
                }
            }
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    /// Whether it would be verified, whenever it was sent.
    fn fits(&self, scheme: &Scheme, key: &[u8], request: &Request, body: &[u8]) -> bool {
        let Ok(key) = SecretKey::from_bytes(key) else { return false };
        let Ok(verifier) = Verifier::new(scheme.clone(), vec![key]) else { return false };
        let verifier = verifier.tolerance(None);
        request.message(|message| verifier.verify(message, body)).is_ok()
    }

    /// The keys as bytes, read in every way; those that were used come first, without a name.
    fn keys(&self) -> Vec<Named<Zeroizing<Vec<u8>>>> {
        let mut keys = Vec::new();
        let scheme_format = self.scheme.key_format();
        for written in self.written {
            let text = &written.text[..];
            let mut trimmed = Zeroizing::new(text.to_vec());
            crate::cli::key::remove_line_end(&mut trimmed);
            if let Some(key) = decoded(scheme_format, &trimmed) {
                keys.push((String::new(), key));
            }
            let mut add = |what: &str, key: Option<Zeroizing<Vec<u8>>>| {
                keys.extend(key.map(|key| (what.to_owned(), key)));
            };
            add("the key as text", decoded(KeyFormat::Text, &trimmed));
            add("the key's white space dropped", Some(Zeroizing::new(text.trim_ascii().to_vec())));
            add("the key decoded from hex", decoded(KeyFormat::Hex, &trimmed));
            add("the key decoded from base64", decoded(KeyFormat::Base64, &trimmed));
            add("the key decoded from base64url", decoded(KeyFormat::Base64Url, &trimmed));
            add("the key decoded as whsec", decoded(KeyFormat::Whsec, &trimmed));
            let without = trimmed.strip_prefix(b"v1,").unwrap_or(&trimmed).strip_prefix(b"whsec_");
            add("the key as text without 'whsec_'", without.map(|k| Zeroizing::new(k.to_vec())));
            add(
                "a line end at the end of the key, which the sender has in it",
                Some(Zeroizing::new([&trimmed[..], b"\n"].concat())),
            );
        }
        let mut unique: Vec<Named<Zeroizing<Vec<u8>>>> = Vec::new();
        for (what, key) in keys {
            if !key.is_empty() && !unique.iter().any(|(_, other)| *other == key) {
                unique.push((what, key));
            }
        }
        unique
    }

    /// The scheme with another hash or another spelling of the MAC.
    fn schemes(&self) -> Vec<Named<Scheme>> {
        let Some(template) = self.scheme.to_template() else { return Vec::new() };
        let mut schemes = Vec::new();
        for encoding in MacEncoding::ALL {
            for algorithm in [Algorithm::Sha256, Algorithm::Sha1, Algorithm::Sha512] {
                let varied = template.clone().encoding(encoding).algorithm(algorithm);
                let what =
                    format!("as {encoding} of HMAC-{algorithm}, which the scheme does not have");
                schemes.push((what, Scheme::Template(varied)));
            }
        }
        schemes
    }

    /// The request under other URLs, where the URL counts.
    fn requests(&self) -> Vec<Named<Request>> {
        let url = &self.request.url;
        let Some((scheme, rest)) = url.split_once("://") else { return Vec::new() };
        let slash = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(slash);
        let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
        let other = if scheme == "https" { "http" } else { "https" };
        let bare = tail.trim_end_matches('/');
        let path = tail.split_once('?').map_or(tail, |(path, _)| path);
        [
            ("without its port", format!("{scheme}://{host}{tail}")),
            ("with the port :443", format!("{scheme}://{host}:443{tail}")),
            ("with the port :80", format!("{scheme}://{host}:80{tail}")),
            ("under the other of http and https", format!("{other}://{authority}{tail}")),
            ("with a slash at its end", format!("{url}/")),
            ("without the slash at its end", format!("{scheme}://{authority}{bare}")),
            ("without its query", format!("{scheme}://{authority}{path}")),
        ]
        .into_iter()
        .filter(|(_, other)| other != url)
        .map(|(what, url)| {
            let Request { method, headers, params, .. } = self.request;
            let (method, headers, params) = (method.clone(), headers.clone(), params.clone());
            (what.to_owned(), Request { method, url, headers, params })
        })
        .collect()
    }

    /// What the request itself tells, without trying.
    fn hints(&self) -> Vec<String> {
        let mut hints = Vec::new();
        let has = |name: &str| self.request.has(name);
        match self.error {
            VerifyError::MissingHeader(_) | VerifyError::NoSignature => {
                if has("X-Hub-Signature") && self.scheme.name() == "github" {
                    hints.push(
                        "X-Hub-Signature is not read in its place: GitHub's is the legacy one with \
                         SHA-1; if others put a SHA-256 there, use '--scheme raw --header \
                         X-Hub-Signature --prefix sha256='"
                            .into(),
                    );
                }
                for row in ROWS.iter().filter(|row| row.name != self.scheme.name()) {
                    let named = |line: &&&str| {
                        let name = line.split(':').next().unwrap_or_default();
                        has(name) && name != "Authorization" && !name.contains("NAME")
                    };
                    let here = !row.headers.is_empty() && row.headers.iter().all(|line| named(&line));
                    let same = row.headers == self.scheme.row().headers;
                    if here && !same {
                        hints.push(format!("the request has the headers of the scheme {}", row.name));
                    }
                }
                if *self.error == VerifyError::NoSignature {
                    let list = "it has signatures of other versions only, which are never taken \
                                for the scheme's: a downgrade, or a sender with other settings";
                    hints.push(list.into());
                }
            }
            VerifyError::DuplicateHeader(_) => hints.push(
                "two programs may go by different ones of the two lines: a proxy that appends, or a \
                 forgery; make the one before this drop what it receives"
                    .into(),
            ),
            VerifyError::Malformed { what, .. } if what == "timestamp" => {
                hints.push(
                    "a time is digits alone: no sign, no fraction, no zeros before it, no date"
                        .into(),
                );
            }
            VerifyError::Malformed { what, .. } if what == "id" => {
                hints.push("with the separator in it, an id could swallow the time that follows".into());
            }
            VerifyError::Malformed { what, .. } => {
                let written = |line: &&&str| {
                    line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(what))
                };
                let lines = self.scheme.row().headers.iter();
                let line = lines.filter(written).map(|line| format!("the scheme writes '{line}'"));
                hints.extend(line);
            }
            VerifyError::Future { by } if self.now.checked_add(*by).is_some_and(|t| t > 100_000_000_000) => {
                hints.push(
                    "the timestamp seems to be in milliseconds where the scheme has seconds, or in \
                     microseconds where it has milliseconds"
                        .into(),
                );
            }
            VerifyError::Stale { by } | VerifyError::Future { by } => hints.push(format!(
                "the signature fits; the clocks differ by {by} s more than is tolerated, or it was \
                 kept or sent again: set the clock (--now tries another), or --tolerance"
            )),
            VerifyError::Alg => hints.push(
                "a request does not choose its algorithm ('none', or another than the verifier's, \
                 is how tokens are forged)"
                    .into(),
            ),
            VerifyError::Coverage(what) => hints.push(format!(
                "whoever passes the request on can change {}: have the sender sign it",
                quote_text(what.as_bytes())
            )),
            VerifyError::UnknownKey => {
                hints.push("the key id, scope, token or tag is not the one that was asked for".into());
            }
            _ => {}
        }
        let row = self.scheme.row();
        if matches!(self.error, VerifyError::Mismatch) && has("content-encoding") {
            hints.push(
                "the request has a Content-Encoding: senders sign the body before it is encoded, or \
                 after; the other one may fit"
                    .into(),
            );
        }
        if matches!(self.error, VerifyError::Mismatch) && row.content.contains("{url}") {
            hints.push(
                "the URL counts as the sender saw it: a proxy may have changed host, port or path"
                    .into(),
            );
        }
        let length =
            self.request.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("content-length"));
        let length = length.and_then(|(_, v)| std::str::from_utf8(v).ok()?.parse::<usize>().ok());
        if let Some(length) = length.filter(|length| *length != self.body.len()) {
            let body = self.body.len();
            hints.push(format!("Content-Length is {length}, but the body here has {body} bytes"));
        }
        hints
    }
}

fn decoded(format: KeyFormat, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match format {
        KeyFormat::Text | KeyFormat::Raw => format.decode(text).ok(),
        _ => format.decode(text.trim_ascii()).ok(),
    }
}
