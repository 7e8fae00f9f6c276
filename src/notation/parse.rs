//! The order of tests: which notation a text is in.

use super::decode::{Base32, base64, digest, grouped_hex, is_hex};
use super::names::{self, Header, Named};
use super::{Expected, ParseExpectedError};
use crate::algorithm::{Algorithm, HashFunction, Strength};
use crate::digest::Digest;

/// More than a field of every algorithm needs, in bytes.
const LONGEST: usize = 16 * 1024;

/// Reads any notation; see the module's own words for the order.
pub(super) fn expected(
    text: &[u8],
    hint: Option<HashFunction>,
) -> Result<Expected, ParseExpectedError> {
    let text = str::from_utf8(text).map_err(|_| ParseExpectedError::Unrecognised)?;
    let text = undress(text);
    match text.len() {
        0 => return Err(ParseExpectedError::Empty),
        1..=LONGEST => {}
        _ => return Err(ParseExpectedError::TooLong),
    }
    names::refuse_other_things(text)?;
    if let Some(digits) = grouped_hex(text) {
        return bare(&digits, hint).map(Expected::from);
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
        // For people: dashes between the hex digits say nothing. In base64url they are digits.
        return named_information(rest, |hex| hex.replace('-', "")).map(Expected::from);
    }
    if let Some(expected) = url(text)? {
        return Ok(expected);
    }
    let text = after(text, "--hash=").or(after(text, "checksum=")).unwrap_or(text);
    if let Some((name, value)) = text.split_once(':')
        && let Some(header) = names::header(name.trim_end())?
    {
        return field(header, undress(value));
    }
    if let Some(expected) = tagged_line(text)? {
        return Ok(expected);
    }
    fields(text, hint)
}

/// Without white space, quotes, a byte order mark, and what ends a value in a list.
fn undress(text: &str) -> &str {
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

/// What follows the prefix, which may be in either case.
fn after<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// `urn:sha1:BASE32`, and `urn:bitprint:SHA1.TIGERTREE`.
fn urn(rest: &str) -> Result<Digest, ParseExpectedError> {
    let (name, value) = rest.split_once(':').ok_or(ParseExpectedError::Unrecognised)?;
    let (name, value) = match value.split_once('.') {
        Some((sha1, _)) if name.eq_ignore_ascii_case("bitprint") => ("sha1", sha1),
        _ => (name, value),
    };
    let named = names::algorithm(name)?;
    digest(named, value, Base32::Rfc).ok_or(ParseExpectedError::Malformed(named.hash_function()))
}

/// The first exact topic that is of a file's bytes.
fn magnet(query: &str) -> Result<Digest, ParseExpectedError> {
    let mut refused = ParseExpectedError::Unrecognised;
    let topics = query.split('&').filter_map(|pair| pair.split_once('='));
    for (_, value) in topics.filter(|(key, _)| *key == "xt" || key.starts_with("xt.")) {
        let read = names::refuse_other_things(value)
            .and_then(|()| urn(after(value, "urn:").ok_or(ParseExpectedError::Unrecognised)?));
        match read {
            Ok(digest) => return Ok(digest),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// RFC 6920: `ni://AUTHORITY/ALG;BASE64URL?QUERY`, and `nih:ALG;HEX;CHECKDIGIT`.
fn named_information(
    rest: &str,
    digits: impl Fn(&str) -> String,
) -> Result<Digest, ParseExpectedError> {
    let rest = match rest.strip_prefix("//") {
        Some(rest) => rest.split_once('/').ok_or(ParseExpectedError::Unrecognised)?.1,
        None => rest.trim_start_matches('/'),
    };
    let (name, value) = rest.split_once(';').ok_or(ParseExpectedError::Unrecognised)?;
    let value = value.split(['?', '#', ';']).next().unwrap_or_default();
    let named = match name.rsplit_once('-') {
        // The first so many bits of SHA-256.
        Some((long, bits)) if long.eq_ignore_ascii_case("sha-256") && bits != "256" => {
            return Err(ParseExpectedError::NotComputed("a truncated SHA-256"));
        }
        _ => names::algorithm(name)?,
    };
    digest(named, &digits(value), Base32::Nix)
        .ok_or(ParseExpectedError::Malformed(named.hash_function()))
}

/// `…#sha256=HEX` as pip writes it, `…?checksum=sha256:HEX` as go-getter does.
fn url(text: &str) -> Result<Option<Expected>, ParseExpectedError> {
    let is_url = text.split_once("://").is_some_and(|(scheme, _)| {
        // In base64 too a digest may begin with two slashes: `sha-256=://8…=:`, `sha256://8…=`.
        scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && names::algorithm(scheme).is_err()
    });
    let query = || text.split_once('?').filter(|_| is_url);
    let mut found = if is_url { Err(ParseExpectedError::Unrecognised) } else { Ok(None) };
    let Some((_, pairs)) = text.split_once('#').or_else(query) else { return found };
    for pair in pairs.split(['&', '#']) {
        let pair = after(pair, "checksum=").unwrap_or(pair);
        if let Some((name, value)) = prefixed(pair) {
            match field_value(name, value) {
                Ok(digest) => return Ok(Some(digest.into())),
                // `#egg=name` is none.
                Err(ParseExpectedError::UnknownAlgorithm(_)) => {}
                Err(error) => found = Err(error),
            }
        }
    }
    found
}

/// The value of a header.
fn field(header: Header, value: &str) -> Result<Expected, ParseExpectedError> {
    let Header::One(algorithm) = header else { return fields(value, None) };
    refuse_parts(value)?;
    let named = Named::Exactly(algorithm.into());
    let read = digest(named, value, Base32::Nix);
    read.map(Expected::from).ok_or(ParseExpectedError::Malformed(algorithm.into()))
}

/// `DIGEST-7`: S3's digest of seven parts' digests.
fn refuse_parts(value: &str) -> Result<(), ParseExpectedError> {
    let composite = value.rsplit_once('-').is_some_and(|(digest, parts)| {
        let whole = (is_hex(digest) && digest.len() == 32) || digest.ends_with('=');
        whole && !parts.is_empty() && parts.bytes().all(|b| b.is_ascii_digit())
    });
    match composite {
        true => Err(ParseExpectedError::NotOfAFile(
            "'-' and a number at the end: a digest of the digests of an upload's parts, not of \
             the file",
        )),
        false => Ok(()),
    }
}

/// `TAG (NAME) = DIGEST` and `TAG(NAME)= DIGEST`; the name does not count.
fn tagged_line(text: &str) -> Result<Option<Expected>, ParseExpectedError> {
    let Some((tag, rest)) = text.split_once('(') else { return Ok(None) };
    let tag = tag.trim_end();
    let Some((_, value)) = rest.rsplit_once(')') else { return Ok(None) };
    let Some(value) = value.trim_start().strip_prefix('=') else { return Ok(None) };
    if !names::is_name(tag) {
        return Ok(None);
    }
    field_value(tag, undress(value)).map(|digest| Some(digest.into()))
}

/// One or more of `alg:DIGEST`, `alg=DIGEST`, `alg-DIGEST`; or one without a name.
fn fields(text: &str, hint: Option<HashFunction>) -> Result<Expected, ParseExpectedError> {
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
    // Among digests of Subresource Integrity there may be some of the future.
    let integrity =
        tokens.iter().any(|t| is_integrity(t)) && tokens.iter().all(|t| t.contains('-'));
    match &tokens[..] {
        tokens if integrity || tokens.iter().all(named) => all_of(tokens),
        [name, value] if names::algorithm(name.trim_end_matches(':')).is_ok() => {
            field_value(name.trim_end_matches(':'), value).map(Expected::from)
        }
        [token] => bare(token, hint).map(Expected::from),
        // A line of a list; the name does not count.
        [digest, ..] => bare(digest.trim_start_matches('\\'), hint).map(Expected::from),
        [] => Err(ParseExpectedError::Empty),
    }
}

/// Every token's digest. Unknown algorithms are passed over where another is known; of Subresource
/// Integrity the strongest algorithm alone counts.
fn all_of(tokens: &[&str]) -> Result<Expected, ParseExpectedError> {
    let mut digests = Vec::new();
    let mut unknown = None;
    for (name, value) in tokens.iter().filter_map(|token| prefixed(token)) {
        match field_value(name, value) {
            Ok(digest) => digests.push(digest),
            Err(
                error @ (ParseExpectedError::UnknownAlgorithm(_)
                | ParseExpectedError::NotComputed(_)),
            ) => {
                unknown.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if tokens.iter().all(|token| prefixed(token).is_none() || is_integrity(token)) {
        let rank = |d: &Digest| (d.algorithm().strength() == Strength::Sound, d.as_bytes().len());
        let best = digests.iter().max_by_key(|digest| rank(digest)).map(Digest::hash_function);
        digests.retain(|digest| Some(digest.hash_function()) == best);
    }
    Expected::from_digests(digests).ok_or(unknown.unwrap_or(ParseExpectedError::Unrecognised))
}

/// Whether the first separator is that of Subresource Integrity.
fn is_integrity(token: &str) -> bool {
    prefixed(token).is_some_and(|(name, _)| token[name.len()..].starts_with('-'))
}

/// The name and the value of `alg:VALUE`, `alg=VALUE` or `alg-VALUE`, where the name is an
/// algorithm's, or nothing else could be meant.
fn prefixed(token: &str) -> Option<(&str, &str)> {
    for (at, separator) in token.char_indices().take_while(|(at, _)| *at <= 24) {
        if !matches!(separator, ':' | '=' | '-') || !names::is_name(&token[..at]) {
            continue;
        }
        let (name, value) = (&token[..at], &token[at + 1..]);
        match names::algorithm(name) {
            // `sha512-256-BASE64` is no SHA-512: the longer name is.
            Ok(named) if separator == '-' && read(named, value).is_none() => {}
            Ok(_) => return Some((name, value)),
            Err(ParseExpectedError::NotComputed(_)) if separator != '-' || value.len() > 4 => {
                return Some((name, value));
            }
            // `name:` cannot be base64, nor can `name=` before anything but a `=`.
            Err(_) if separator == ':' || (separator == '=' && value.len() > 1) => {
                return Some((name, value));
            }
            Err(_) => {}
        }
    }
    // A known name before a value that is none of its digests.
    let (name, value) = token.split_once('-')?;
    let known = names::is_name(name) && names::algorithm(name).is_ok();
    (known && value.len() > 16).then_some((name, value))
}

fn field_value(name: &str, value: &str) -> Result<Digest, ParseExpectedError> {
    let named = names::algorithm(name)?;
    read(named, value).ok_or(ParseExpectedError::Malformed(named.hash_function()))
}

/// A value after its algorithm's name: RFC 9530's colons, SRI's options and parameters dropped.
fn read(named: Named, value: &str) -> Option<Digest> {
    let value = value.split(['?', ';']).next().unwrap_or_default();
    let inner = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
    digest(named, undress(inner.unwrap_or(value)), Base32::Nix)
}

/// A digest that does not name its algorithm.
fn bare(token: &str, hint: Option<HashFunction>) -> Result<Digest, ParseExpectedError> {
    refuse_parts(token)?;
    if let Some(function) = hint {
        let read = digest(Named::hint(function), token, Base32::Nix);
        return read.ok_or(ParseExpectedError::Malformed(function));
    }
    if is_hex(token) {
        return Algorithm::from_digest_len(token.len() / 2)
            .and_then(|algorithm| Digest::from_hex(algorithm, token).ok())
            .ok_or(match token.len() {
                8 => ParseExpectedError::NotComputed("CRC-32"),
                digits => ParseExpectedError::OddLength { digits },
            });
    }
    if let Some(digest) = yarn(token).or_else(|| alpine(token)) {
        return Ok(digest);
    }
    let bytes = base64(token).ok_or(ParseExpectedError::Unrecognised)?;
    let algorithm =
        Algorithm::from_digest_len(bytes.len()).ok_or(ParseExpectedError::Unrecognised)?;
    Digest::from_bytes(algorithm, &bytes).ok_or(ParseExpectedError::Unrecognised)
}

/// Yarn's `10c0/HEX`: a version of its cache, then SHA-512.
fn yarn(token: &str) -> Option<Digest> {
    let (key, value) = token.split_once('/')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_digit())
        && key.bytes().all(|b| b.is_ascii_digit() || b == b'c');
    is_key.then(|| Digest::from_hex(Algorithm::Sha512, value).ok())?
}

/// Alpine's `Q1` before a SHA-1, `Q2` before a SHA-256, in base64.
fn alpine(token: &str) -> Option<Digest> {
    let (algorithm, value) = match token.strip_prefix("Q1") {
        Some(value) => (Algorithm::Sha1, value),
        None => (Algorithm::Sha256, token.strip_prefix("Q2")?),
    };
    Digest::from_base64(algorithm, value).ok()
}
