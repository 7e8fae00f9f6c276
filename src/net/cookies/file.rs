//! The Netscape cookie file: seven tab-separated fields per line.

use zeroize::Zeroizing;

use crate::net::cookies::cookie::{Cookie, parse_seconds};
use crate::net::cookies::jar::{CookieJar, MAX_COOKIES};
use crate::net::cookies::suffix;
use crate::net::secret::Secret;

/// Python's reader requires exactly this first line.
const HEADER: &[u8] =
    b"# Netscape HTTP Cookie File\n# Written by hsum. These cookies replace passwords: keep them secret.\n\n";

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// An invalid line of a cookie file. It does not quote the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CookieLineError {
    /// The line number, from 1.
    pub line: usize,
    /// The problem.
    pub reason: &'static str,
}

impl CookieJar {
    /// Parses a cookie file. Returns the jar, without expired cookies, and the invalid lines.
    pub fn parse(text: &[u8], now: i64) -> (Self, Vec<CookieLineError>) {
        let mut jar = Self::default();
        let mut bad = Vec::new();
        for (line, number) in text.split(|b| *b == b'\n').zip(1..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match parse_line(line) {
                Ok(None) => {}
                Ok(Some(cookie)) => {
                    // The last of several equal cookies wins, as in curl.
                    jar.cookies.retain(|old| !old.is_same_as(&cookie));
                    if cookie.is_alive(now) && jar.cookies.len() < MAX_COOKIES {
                        jar.cookies.push(cookie);
                    }
                }
                Err(reason) => bad.push(CookieLineError { line: number, reason }),
            }
        }
        (jar, bad)
    }

    /// Returns the content of a cookie file without expired cookies. Its mode should be 600.
    pub fn to_bytes(&self, now: i64) -> Zeroizing<Vec<u8>> {
        let alive = || self.cookies.iter().filter(|cookie| cookie.is_alive(now));
        // Allocated in full: growing would leave copies of the values behind.
        let size =
            |c: &Cookie| c.name.len() + c.value.as_bytes().len() + c.domain.len() + c.path.len();
        let len = HEADER.len() + alive().map(|cookie| size(cookie) + 64).sum::<usize>();
        let mut text = Zeroizing::new(Vec::with_capacity(len));
        text.extend_from_slice(HEADER);
        for cookie in alive() {
            if cookie.is_http_only {
                text.extend_from_slice(HTTP_ONLY);
            }
            let flag = |is_set| if is_set { "TRUE" } else { "FALSE" };
            let dot = if cookie.has_subdomains { "." } else { "" };
            let (subdomains, secure) = (flag(cookie.has_subdomains), flag(cookie.is_secure));
            let (domain, path) = (&cookie.domain, &cookie.path);
            // 0 means a session cookie; a cookie that expires at 0 has already expired.
            let expires = cookie.expires.unwrap_or(0);
            let fields = format!("{dot}{domain}\t{subdomains}\t{path}\t{secure}\t{expires}\t");
            text.extend_from_slice(fields.as_bytes());
            text.extend_from_slice(&cookie.name);
            text.push(b'\t');
            text.extend_from_slice(cookie.value.as_bytes());
            text.push(b'\n');
        }
        text
    }
}

fn parse_line(line: &[u8]) -> Result<Option<Cookie>, &'static str> {
    let (is_http_only, line) = match line.strip_prefix(HTTP_ONLY) {
        Some(rest) => (true, rest),
        None if line.first() == Some(&b'#') => return Ok(None),
        None => (false, line),
    };
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let fields: Vec<&[u8]> = line.split(|b| *b == b'\t').collect();
    let (fields, value) = match *fields {
        [a, b, c, d, e, f, value] => ([a, b, c, d, e, f], value),
        // curl and wget accept a line without a value.
        [a, b, c, d, e, f] => ([a, b, c, d, e, f], &b""[..]),
        _ => return Err("expected seven tab-separated fields"),
    };
    let [domain, subdomains, path, secure, expires, name] = fields;
    if name.is_empty() || [name, value].concat().iter().any(u8::is_ascii_control) {
        return Err("the name is empty, or name or value contain control characters");
    }
    let text = |field| std::str::from_utf8(field).map_err(|_| "a field is not UTF-8");
    let flag = |field: &[u8]| match &*field.to_ascii_uppercase() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err("expected TRUE or FALSE"),
    };
    let domain = text(domain)?.to_ascii_lowercase();
    let domain = domain.trim_start_matches('.');
    // A written line that starts with '#' would be a comment.
    if domain.is_empty() || domain.bytes().any(|b| !b.is_ascii_graphic() || b == b'#') {
        return Err("invalid domain");
    }
    let path = text(path)?;
    if !path.starts_with('/') || path.bytes().any(|b| b.is_ascii_control()) {
        return Err("the path does not start with '/'");
    }
    // Exporters for Chromium write fractions.
    let whole = text(expires)?.split('.').next().unwrap_or_default();
    let expires = match parse_seconds(whole.as_bytes()).ok_or("invalid expiry time")? {
        0 => None,
        time => Some(time),
    };
    // Other programs may have stored a cookie for a public suffix.
    let has_subdomains = flag(subdomains)? && !suffix::is_public(domain);
    Ok(Some(Cookie {
        name: name.to_vec(),
        value: Secret::new(value),
        domain: domain.to_owned(),
        has_subdomains,
        path: path.to_owned(),
        is_secure: flag(secure)?,
        is_http_only,
        expires,
    }))
}
