//! The jar file: seven fields a line, apart by tabs.

use std::fmt;

use zeroize::Zeroizing;

use super::{Access, Channel, Cookie, Jar, MOST, Reach, suffix};
use crate::net::secret::Secret;

/// Python's reader wants the first line to be exactly this.
const HEADER: &[u8] =
    b"# Netscape HTTP Cookie File\n# Written by hsum. Who has these cookies needs no password.\n\n";

const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// A line of a jar file that is no cookie. It repeats nothing of the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadCookie {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Jar {
    /// Reads a jar file, and says which lines are none. Expired cookies are left out; session
    /// cookies are kept.
    pub fn parse(text: &[u8], now: i64) -> (Self, Vec<BadCookie>) {
        let mut jar = Self::default();
        let mut bad = Vec::new();
        for (line, number) in text.split(|b| *b == b'\n').zip(1..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            match parse_line(line) {
                Ok(None) => {}
                Ok(Some(cookie)) => {
                    // The last of several counts, as in curl.
                    jar.cookies.retain(|old| !old.is_same_as(&cookie));
                    if cookie.is_alive(now) && jar.cookies.len() < MOST {
                        jar.cookies.push(cookie);
                    }
                }
                Err(reason) => bad.push(BadCookie { line: number, reason }),
            }
        }
        (jar, bad)
    }

    /// The jar as a file, session cookies too, without those that have expired. It is for its
    /// owner's eyes only: mode 600.
    pub fn to_bytes(&self, now: i64) -> Zeroizing<Vec<u8>> {
        let alive = || self.cookies.iter().filter(|cookie| cookie.is_alive(now));
        // Long enough from the start: growing would leave copies behind.
        let long =
            |c: &Cookie| c.name.len() + c.value.as_bytes().len() + c.domain.len() + c.path.len();
        let len = HEADER.len() + alive().map(|cookie| long(cookie) + 64).sum::<usize>();
        let mut text = Zeroizing::new(Vec::with_capacity(len));
        text.extend_from_slice(HEADER);
        for cookie in alive() {
            let (dot, below) = match cookie.reach {
                Reach::Host => ("", "FALSE"),
                Reach::Subdomains => (".", "TRUE"),
            };
            if cookie.access == Access::HttpOnly {
                text.extend_from_slice(HTTP_ONLY);
            }
            let secure = if cookie.channel == Channel::Secure { "TRUE" } else { "FALSE" };
            let (domain, path) = (&cookie.domain, &cookie.path);
            // Zero stands for the session; a time of zero has passed anyway.
            let expires = cookie.expires.unwrap_or(0);
            let fields = format!("{dot}{domain}\t{below}\t{path}\t{secure}\t{expires}\t");
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
    let (access, line) = match line.strip_prefix(HTTP_ONLY) {
        Some(rest) => (Access::HttpOnly, rest),
        None if line.first() == Some(&b'#') => return Ok(None),
        None => (Access::Any, line),
    };
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    let fields: Vec<&[u8]> = line.split(|b| *b == b'\t').collect();
    let (fields, value) = match *fields {
        [a, b, c, d, e, f, value] => ([a, b, c, d, e, f], value),
        // curl and wget read a line without a value.
        [a, b, c, d, e, f] => ([a, b, c, d, e, f], &b""[..]),
        _ => return Err("not seven fields with tabs between them"),
    };
    let [domain, below, path, secure, expires, name] = fields;
    if name.is_empty() || [name, value].concat().iter().any(u8::is_ascii_control) {
        return Err("a name or a value that no cookie has");
    }
    let text = |field| std::str::from_utf8(field).map_err(|_| "a field is not UTF-8");
    let flag = |field: &[u8]| match &*field.to_ascii_uppercase() {
        b"TRUE" => Ok(true),
        b"FALSE" => Ok(false),
        _ => Err("neither TRUE nor FALSE"),
    };
    let domain = text(domain)?.to_ascii_lowercase();
    let domain = domain.trim_start_matches('.');
    // A hash would make it a comment when it is written again.
    if domain.is_empty() || domain.bytes().any(|b| !b.is_ascii_graphic() || b == b'#') {
        return Err("no domain");
    }
    let path = text(path)?;
    if !path.starts_with('/') || path.bytes().any(|b| b.is_ascii_control()) {
        return Err("a path without a slash before it");
    }
    // Chromium's exporters write fractions.
    let whole = text(expires)?.split('.').next().unwrap_or_default();
    let expires = match super::seconds(whole.as_bytes()).ok_or("no time of expiry")? {
        0 => None,
        time => Some(time),
    };
    // An older jar may have a cookie for all of a public suffix.
    let below = flag(below)? && !suffix::is_public(domain);
    Ok(Some(Cookie {
        name: name.to_vec(),
        value: Secret::new(value),
        domain: domain.to_owned(),
        reach: if below { Reach::Subdomains } else { Reach::Host },
        path: path.to_owned(),
        channel: if flag(secure)? { Channel::Secure } else { Channel::Any },
        access,
        expires,
    }))
}

impl fmt::Display for BadCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for BadCookie {}
