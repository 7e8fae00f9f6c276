//! Recognition of the notation of a text, in the order that [`notation`](crate::notation) gives.

use std::str::FromStr;

use crate::algorithm::{Algorithm, HashFunction, multipart};
use crate::digest::Digest;
use crate::notation::decode::{Base32, base64, digest, grouped_hex, is_hex};
use crate::notation::expected::{Expected, ParseExpectedError, ParseExpectedError as Error};
use crate::notation::names::{self, Header, NamedFunction, after};
use crate::text::serde::serde_as_text;

/// The maximum length of a text, more than one digest of every algorithm needs, in bytes.
const MAX_TEXT: usize = 16 * 1024;

impl Expected {
    /// Parses one or more digests in any notation.
    ///
    /// `hint` is the function if the text does not name one: SHA3-256, for instance, whose digests
    /// look like those of SHA-256. If it is an algorithm of variable length at its default length,
    /// digests of any length are accepted.
    ///
    /// # Errors
    /// [`ParseExpectedError`] if the text is not a digest of a file.
    pub fn parse(
        text: impl AsRef<[u8]>,
        hint: Option<HashFunction>,
    ) -> Result<Self, ParseExpectedError> {
        parse(text.as_ref(), hint)
    }
}

/// [`Expected::parse`] without a hint.
impl FromStr for Expected {
    type Err = ParseExpectedError;

    fn from_str(text: &str) -> Result<Self, ParseExpectedError> {
        Self::parse(text, None)
    }
}

serde_as_text!(Expected, "{}");

fn parse(text: &[u8], hint: Option<HashFunction>) -> Result<Expected, Error> {
    let text = str::from_utf8(text).map_err(|_| Error::Unrecognised)?;
    let text = unquote(text);
    match text.len() {
        0 => return Err(Error::Empty),
        1..=MAX_TEXT => {}
        _ => return Err(Error::TooLong),
    }
    names::reject_other_digests(text)?;
    if let Some(digits) = grouped_hex(text) {
        return unnamed(&digits, hint).map(Expected::from);
    }
    if let Some(rest) = after(text, "urn:") {
        return urn(rest).map(Expected::from);
    }
    if let Some(rest) = after(text, "magnet:?") {
        return magnet(rest).map(Expected::from);
    }
    if let Some(rest) = after(text, "ni:") {
        return named_information(rest, str::to_owned).map(Expected::from);
    }
    if let Some(rest) = after(text, "nih:") {
        // Hex for human readers may have dashes; in base64url they are digits.
        return named_information(rest, |hex| hex.replace('-', "")).map(Expected::from);
    }
    if let Some(expected) = url(text)? {
        return Ok(expected);
    }
    let text = after(text, "--hash=").or(after(text, "checksum=")).unwrap_or(text);
    if let Some((name, value)) = text.split_once(':')
        && let Some(header) = names::header(name.trim_end())?
    {
        return header_value(header, unquote(value));
    }
    if let Some(expected) = tagged_line(text)? {
        return Ok(expected);
    }
    fields(text, hint)
}

/// Removes white space, quotes, a byte order mark, and the `,` or `;` after a list item.
fn unquote(text: &str) -> &str {
    let mut text = text;
    loop {
        let trimmed = text
            .trim_start_matches('\u{feff}')
            .trim_matches(|c: char| c.is_whitespace() || c == '\0')
            .trim_end_matches([',', ';']);
        let quote = trimmed.chars().next().filter(|c| "\"'`<".contains(*c));
        let close = quote.map(|open| if open == '<' { '>' } else { open });
        let inner = close.and_then(|close| trimmed[1..].strip_suffix(close));
        match inner {
            Some(inner) => text = inner,
            None if trimmed.len() == text.len() => return text,
            None => text = trimmed,
        }
    }
}

/// Parses `urn:sha1:BASE32` and `urn:bitprint:SHA1.TIGERTREE`.
fn urn(rest: &str) -> Result<Digest, Error> {
    let (name, value) = rest.split_once(':').ok_or(Error::Unrecognised)?;
    let (name, value) = match value.split_once('.') {
        Some((sha1, _)) if name.eq_ignore_ascii_case("bitprint") => ("sha1", sha1),
        _ => (name, value),
    };
    let named = names::algorithm(name)?;
    digest(named, value, Base32::Rfc).ok_or(Error::Malformed(named.hash_function()))
}

/// Parses a magnet link's first exact topic that is the digest of a file.
fn magnet(query: &str) -> Result<Digest, Error> {
    let mut refused = Error::Unrecognised;
    let topics = query.split('&').filter_map(|pair| pair.split_once('='));
    for (_, value) in topics.filter(|(key, _)| *key == "xt" || key.starts_with("xt.")) {
        let read = names::reject_other_digests(value)
            .and_then(|()| urn(after(value, "urn:").ok_or(Error::Unrecognised)?));
        match read {
            Ok(digest) => return Ok(digest),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Parses RFC 6920's `ni://AUTHORITY/ALG;BASE64URL?QUERY` and `nih:ALG;HEX;CHECKDIGIT`.
fn named_information(rest: &str, digits: impl Fn(&str) -> String) -> Result<Digest, Error> {
    let rest = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').ok_or(Error::Unrecognised)?.1,
        None => rest.trim_start_matches('/'),
    };
    let (name, value) = rest.split_once(';').ok_or(Error::Unrecognised)?;
    let value = value.split(['?', '#', ';']).next().unwrap_or_default();
    let named = match name.rsplit_once('-') {
        // `sha-256-32` is the first 32 bits of SHA-256.
        Some((long, bits)) if long.eq_ignore_ascii_case("sha-256") && bits != "256" => {
            return Err(Error::Unsupported("a truncated SHA-256"));
        }
        _ => names::algorithm(name)?,
    };
    digest(named, &digits(value), Base32::Nix).ok_or(Error::Malformed(named.hash_function()))
}

/// Parses pip's `…#sha256=HEX` and go-getter's `…?checksum=sha256:HEX`.
fn url(text: &str) -> Result<Option<Expected>, Error> {
    let is_url = text.split_once("://").is_some_and(|(scheme, _)| {
        // A digest in base64 may begin with two slashes too: `sha-256=://8…=:`, `sha256://8…=`.
        scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && names::algorithm(scheme).is_err()
    });
    let query = || text.split_once('?').filter(|_| is_url);
    let mut found = if is_url { Err(Error::Unrecognised) } else { Ok(None) };
    let Some((_, pairs)) = text.split_once('#').or_else(query) else { return found };
    for pair in pairs.split(['&', '#']) {
        let pair = after(pair, "checksum=").unwrap_or(pair);
        if let Some((name, value)) = prefixed(pair) {
            match field_value(name, value) {
                Ok(digest) => return Ok(Some(digest.into())),
                // Such as `#egg=name`.
                Err(Error::UnknownAlgorithm(_)) => {}
                Err(error) => found = Err(error),
            }
        }
    }
    found
}

fn header_value(header: Header, value: &str) -> Result<Expected, Error> {
    match header {
        Header::Fields => fields(value, None),
        Header::One(named) => {
            reject_multipart(value)?;
            let read = digest(named, value, Base32::Nix);
            read.map(Expected::from).ok_or(Error::Malformed(named.hash_function()))
        }
    }
}

/// Rejects `DIGEST-7`, whose meaning depends on the length of a part.
fn reject_multipart(value: &str) -> Result<(), Error> {
    match is_multipart(value) {
        true => Err(Error::NotOfAFile(
            "the '-' and number at the end mark a digest of the digests of an upload's parts; \
             state the size of a part before it: s3-etag:8MiB:DIGEST, or s3-sha256:8MiB:DIGEST",
        )),
        false => Ok(()),
    }
}

/// Returns `true` if the text is `DIGEST-7`: S3's digest of the digests of seven parts.
pub(crate) fn is_multipart(value: &str) -> bool {
    value.rsplit_once('-').is_some_and(|(digest, parts)| {
        let whole = (is_hex(digest) && digest.len() == 32) || digest.ends_with('=');
        whole && !parts.is_empty() && parts.bytes().all(|b| b.is_ascii_digit())
    })
}

/// Parses `TAG (NAME) = DIGEST` and `TAG(NAME)= DIGEST`; ignores the name.
fn tagged_line(text: &str) -> Result<Option<Expected>, Error> {
    let Some((tag, rest)) = text.split_once('(') else { return Ok(None) };
    let tag = tag.trim_end();
    let Some((_, value)) = rest.rsplit_once(')') else { return Ok(None) };
    let Some(value) = value.trim_start().strip_prefix('=') else { return Ok(None) };
    if !names::is_name(tag) && !multipart::is_named(tag) {
        return Ok(None);
    }
    field_value(tag, unquote(value)).map(|digest| Some(digest.into()))
}

/// Parses one or more of `alg:DIGEST`, `alg=DIGEST` and `alg-DIGEST`, or a digest without a name.
fn fields(text: &str, hint: Option<HashFunction>) -> Result<Expected, Error> {
    // `SHA256: BA7816BF 8F01CFEA …`
    if let Some((name, value)) = text.split_once([':', '=']) {
        let digits = grouped_hex(value.trim_matches([' ', '=']));
        if let (true, Some(digits)) = (names::is_name(name.trim()), digits) {
            return field_value(name.trim(), &digits).map(Expected::from);
        }
    }
    let tokens: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|token| !token.is_empty())
        .collect();
    let named = |token: &&str| prefixed(token).is_some();
    // Subresource Integrity may name algorithms that do not exist yet.
    let integrity =
        tokens.iter().any(|t| is_integrity(t)) && tokens.iter().all(|t| t.contains('-'));
    match &tokens[..] {
        tokens if integrity || tokens.iter().all(named) => all_of(tokens),
        [name, value] if names::algorithm(name.trim_end_matches(':')).is_ok() => {
            field_value(name.trim_end_matches(':'), value).map(Expected::from)
        }
        [token] => unnamed(token, hint).map(Expected::from),
        // A line of a checksum file; ignore the file name.
        [digest, ..] => unnamed(digest.trim_start_matches('\\'), hint).map(Expected::from),
        [] => Err(Error::Empty),
    }
}

/// Parses the digest of every token. Skips unknown algorithms if another one is known; of
/// Subresource Integrity keeps the strongest algorithm only.
fn all_of(tokens: &[&str]) -> Result<Expected, Error> {
    let mut digests = Vec::new();
    let mut unknown = None;
    for (name, value) in tokens.iter().filter_map(|token| prefixed(token)) {
        match field_value(name, value) {
            Ok(digest) => digests.push(digest),
            Err(error @ (Error::UnknownAlgorithm(_) | Error::Unsupported(_))) => {
                unknown.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if tokens.iter().all(|token| prefixed(token).is_none() || is_integrity(token)) {
        let rank = |d: &Digest| (d.algorithm().strength(), d.as_bytes().len());
        let best = digests.iter().max_by_key(|digest| rank(digest)).map(Digest::hash_function);
        digests.retain(|digest| Some(digest.hash_function()) == best);
    }
    Expected::from_digests(digests).ok_or(unknown.unwrap_or(Error::Unrecognised))
}

/// Returns `true` if the first separator is that of Subresource Integrity.
fn is_integrity(token: &str) -> bool {
    prefixed(token).is_some_and(|(name, _)| token[name.len()..].starts_with('-'))
}

/// Splits `alg:VALUE`, `alg=VALUE` or `alg-VALUE`, if the name is an algorithm's or the text can
/// have no other meaning.
fn prefixed(token: &str) -> Option<(&str, &str)> {
    if multipart::is_named(token) {
        let (name, value) = token.rsplit_once(':')?;
        return Some((name, value));
    }
    for (at, separator) in token.char_indices().take_while(|(at, _)| *at <= 24) {
        if !matches!(separator, ':' | '=' | '-') || !names::is_name(&token[..at]) {
            continue;
        }
        let (name, value) = (&token[..at], &token[at + 1..]);
        match names::algorithm(name) {
            // `sha512-256-BASE64` is not SHA-512: the longer name counts.
            Ok(named) if separator == '-' && read(named, value).is_none() => {}
            Ok(_) => return Some((name, value)),
            // `CRC-64/NVME:HEX` has a longer name.
            Err(Error::Unsupported(_))
                if separator != '-' || (value.len() > 4 && !value.contains(':')) =>
            {
                return Some((name, value));
            }
            // `name:` cannot be base64, nor can `name=` unless another `=` follows.
            Err(_) if separator == ':' || (separator == '=' && value.len() > 1) => {
                return Some((name, value));
            }
            Err(_) => {}
        }
    }
    // A known name before a malformed value.
    let (name, value) = token.split_once('-')?;
    let known = names::is_name(name) && names::algorithm(name).is_ok();
    (known && value.len() > 16).then_some((name, value))
}

fn field_value(name: &str, value: &str) -> Result<Digest, Error> {
    let named = names::algorithm(name)?;
    read(named, value).ok_or(Error::Malformed(named.hash_function()))
}

/// Parses the value after an algorithm's name, without RFC 9530's colons, SRI's options and
/// parameters.
fn read(named: NamedFunction, value: &str) -> Option<Digest> {
    let value = value.split(['?', ';']).next().unwrap_or_default();
    let inner = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
    digest(named, unquote(inner.unwrap_or(value)), Base32::Nix)
}

/// Parses a digest that does not name its algorithm.
fn unnamed(token: &str, hint: Option<HashFunction>) -> Result<Digest, Error> {
    if hint.is_none_or(|function| function.part_len().is_none()) {
        reject_multipart(token)?;
    }
    if let Some(function) = hint {
        let read = digest(NamedFunction::hint(function), token, Base32::Nix);
        return read.ok_or(Error::Malformed(function));
    }
    if is_hex(token) {
        return Algorithm::from_digest_len(token.len() / 2)
            .and_then(|algorithm| Digest::from_hex(algorithm, token).ok())
            .ok_or(match token.len() {
                8 => Error::Unsupported("CRC-32"),
                digits => Error::UnknownLength { digits },
            });
    }
    if let Some(digest) = yarn(token).or_else(|| alpine(token)) {
        return Ok(digest);
    }
    let bytes = base64(token).ok_or(Error::Unrecognised)?;
    let algorithm = Algorithm::from_digest_len(bytes.len()).ok_or(Error::Unrecognised)?;
    Digest::from_bytes(algorithm, &bytes).ok_or(Error::Unrecognised)
}

/// Parses Yarn's `10c0/HEX`: a version of its cache, then SHA-512.
fn yarn(token: &str) -> Option<Digest> {
    let (key, value) = token.split_once('/')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_digit())
        && key.bytes().all(|b| b.is_ascii_digit() || b == b'c');
    is_key.then(|| Digest::from_hex(Algorithm::Sha512, value).ok())?
}

/// Parses Alpine's `Q1` before SHA-1 and `Q2` before SHA-256, in base64.
fn alpine(token: &str) -> Option<Digest> {
    let (algorithm, value) = match token.strip_prefix("Q1") {
        Some(value) => (Algorithm::Sha1, value),
        None => (Algorithm::Sha256, token.strip_prefix("Q2")?),
    };
    Digest::from_base64(algorithm, value).ok()
}
