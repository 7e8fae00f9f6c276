//! The name under which a download is saved: from the URL, or from `Content-Disposition`.
//!
//! Every name is a single path component without hostile characters.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use percent_encoding::percent_decode;
use thiserror::Error;
use url::Url;

use crate::sign::headers::is_token_byte;
use crate::text::is_hostile;

/// The maximum length of a name, in bytes: file systems accept 255, and the part's name is longer.
const MAX_NAME: usize = 239;

/// The infix of the names that this library gives to unfinished and rejected files.
const OWN_INFIX: &[u8] = b".hsum-";

/// The party that chose a name.
///
/// A name that the user did not choose must neither be hidden nor look like a temporary file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChosenBy {
    /// The user.
    User,
    /// A server, a redirect, a lock file or a Metalink.
    Other,
}

/// Returns the last segment of the URL's path, percent-decoded.
///
/// # Errors
/// [`UnsafeName`] if it is not a safe name for a file.
///
/// ```
/// use hsum::trust::file_name::{self, UnsafeName, ChosenBy};
///
/// let url = "https://example.org/pub/a%20b.iso?mirror=1#top".parse()?;
/// assert_eq!(file_name::from_url(&url, ChosenBy::Other)?, "a b.iso");
/// let url = "https://example.org/.profile".parse()?;
/// assert_eq!(file_name::from_url(&url, ChosenBy::User)?, ".profile");
/// assert_eq!(file_name::from_url(&url, ChosenBy::Other), Err(UnsafeName::Hidden));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_url(url: &Url, chosen_by: ChosenBy) -> Result<OsString, UnsafeName> {
    let last = url.path().rsplit('/').next().unwrap_or_default();
    checked(percent_decode(last.as_bytes()).collect(), chosen_by)
}

/// Returns the name in a `Content-Disposition` field (RFC 6266).
///
/// `filename*` takes precedence over `filename`.
///
/// # Errors
/// [`UnsafeName`] if it is not a safe name for a file: directories are rejected, not removed.
///
/// ```
/// use hsum::trust::file_name;
///
/// let field = b"attachment; filename=\"euro.txt\"; filename*=UTF-8''%e2%82%ac.txt";
/// assert_eq!(file_name::from_disposition(field)?.unwrap(), "€.txt");
/// assert!(file_name::from_disposition(b"attachment; filename=\"../../.ssh/rc\"").is_err());
/// # Ok::<(), file_name::UnsafeName>(())
/// ```
pub fn from_disposition(field: &[u8]) -> Result<Option<OsString>, UnsafeName> {
    let params = params(field).ok_or(UnsafeName::Malformed)?;
    let one = |name: &[u8]| {
        let mut values = params.iter().filter(|param| param.0.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(UnsafeName::Malformed),
            (value, None) => Ok(value.map(|param| &param.1)),
        }
    };
    let extended = one(b"filename*")?.and_then(|value| extended(value));
    let name = match extended {
        Some(name) => name,
        None => match one(b"filename")? {
            Some(name) => name.clone(),
            None => return Ok(None),
        },
    };
    checked(name, ChosenBy::Other).map(Some)
}

/// Checks the name of a file in a list from a server, such as a Metalink.
///
/// # Errors
/// As for [`from_disposition`].
pub(crate) fn from_list(name: &str) -> Result<OsString, UnsafeName> {
    checked(name.as_bytes().to_vec(), ChosenBy::Other)
}

/// The reason why a name is unsafe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum UnsafeName {
    /// It is empty or blank.
    #[error("the name is empty")]
    Empty,
    /// It consists of dots.
    #[error("the name consists of dots")]
    Dots,
    /// It has a `/`, a `\`, or a drive letter with a colon.
    #[error("the name has a slash, a backslash or a drive letter")]
    Directory,
    /// It has a control character, or one that reorders text.
    #[error("the name has control characters")]
    Control,
    /// It begins with `-`, as command-line options do.
    #[error("the name begins with a dash")]
    Dash,
    /// It begins with a dot, and the user did not choose it.
    #[error("the name begins with a dot")]
    Hidden,
    /// It looks like one of this library's temporary files, and the user did not choose it.
    #[error("names with '.hsum-' are reserved for temporary files")]
    Reserved,
    /// It begins or ends with a space, or ends with a dot.
    #[error("the name begins or ends with a space, or ends with a dot")]
    Blank,
    /// It is a device on Windows, such as `NUL` or `com1.txt`.
    #[error("the name is a device on Windows")]
    Device,
    /// It is longer than 239 bytes.
    #[error("the name is longer than 239 bytes")]
    TooLong,
    /// The header field is malformed, or has two names.
    #[error("the Content-Disposition field is malformed")]
    Malformed,
}

fn checked(name: Vec<u8>, chosen_by: ChosenBy) -> Result<OsString, UnsafeName> {
    let first = name.first().copied().unwrap_or_default();
    let last = name.last().copied().unwrap_or_default();
    let text = String::from_utf8_lossy(&name);
    let is_own = name.to_ascii_lowercase().windows(OWN_INFIX.len()).any(|part| part == OWN_INFIX);
    let faults = [
        (name.iter().all(|b| *b == b' '), UnsafeName::Empty),
        (name.iter().all(|b| *b == b'.'), UnsafeName::Dots),
        (name.iter().any(|b| matches!(b, b'/' | b'\\')), UnsafeName::Directory),
        (name.get(1) == Some(&b':'), UnsafeName::Directory),
        (text.chars().any(is_hostile), UnsafeName::Control),
        (first == b'-', UnsafeName::Dash),
        (first == b'.' && chosen_by == ChosenBy::Other, UnsafeName::Hidden),
        (is_own && chosen_by == ChosenBy::Other, UnsafeName::Reserved),
        (first == b' ' || matches!(last, b' ' | b'.'), UnsafeName::Blank),
        (is_device(&name), UnsafeName::Device),
        (name.len() > MAX_NAME, UnsafeName::TooLong),
    ];
    match faults.into_iter().find(|(applies, _)| *applies) {
        Some((_, reason)) => Err(reason),
        None => Ok(OsString::from_vec(name)),
    }
}

/// Returns `true` if a name, without its extensions, is a device on Windows.
fn is_device(name: &[u8]) -> bool {
    let stem = name.split(|b| *b == b'.').next().unwrap_or_default().trim_ascii_end();
    let stem = stem.to_ascii_lowercase();
    match &*stem {
        b"con" | b"prn" | b"aux" | b"nul" | b"conin$" | b"conout$" => true,
        [b'c', b'o', b'm', digit] | [b'l', b'p', b't', digit] => digit.is_ascii_digit(),
        _ => false,
    }
}

type Param<'f> = (&'f [u8], Vec<u8>);

/// Parses `TYPE *( ";" NAME "=" VALUE )`, where the value is a token or quoted.
fn params(field: &[u8]) -> Option<Vec<Param<'_>>> {
    let mut rest = field.trim_ascii();
    let end = rest.iter().position(|b| !is_token_byte(b)).unwrap_or(rest.len());
    rest = &rest[end..];
    let mut params = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(params);
        }
        rest = rest.strip_prefix(b";")?.trim_ascii_start();
        let end = rest.iter().position(|b| !is_token_byte(b)).unwrap_or(rest.len());
        if end == 0 {
            continue;
        }
        let name = &rest[..end];
        rest = rest[end..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        if let Some(quoted) = rest.strip_prefix(b"\"") {
            let mut value = Vec::new();
            let mut bytes = quoted.iter().enumerate();
            rest = loop {
                match bytes.next()? {
                    (at, b'"') => break &quoted[at + 1..],
                    (_, b'\\') => value.push(*bytes.next()?.1),
                    (_, byte) => value.push(*byte),
                }
            };
            params.push((name, value));
        } else {
            // Some servers write names with blanks, brackets and colons without quotes.
            let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
            let value = rest[..end].trim_ascii();
            if value.contains(&b'"') {
                return None;
            }
            params.push((name, value.to_vec()));
            rest = &rest[end..];
        }
    }
}

/// Decodes `CHARSET'LANGUAGE'TEXT` (RFC 8187, section 3.2); returns `None` if it is malformed.
fn extended(value: &[u8]) -> Option<Vec<u8>> {
    let mut parts = value.splitn(3, |b| *b == b'\'');
    let charset = parts.next()?.to_ascii_lowercase();
    let _language = parts.next()?;
    let text = parts.next()?;
    let is_well_formed = |(at, byte): (usize, &u8)| match byte {
        b'%' => {
            matches!(text.get(at + 1..at + 3), Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
        }
        byte => byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(byte),
    };
    if text.is_empty() || !text.iter().enumerate().all(is_well_formed) {
        return None;
    }
    let bytes: Vec<u8> = percent_decode(text).collect();
    match &*charset {
        b"utf-8" => std::str::from_utf8(&bytes).is_ok().then_some(bytes),
        b"iso-8859-1" => Some(bytes.into_iter().map(char::from).collect::<String>().into_bytes()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<Vec<u8>, UnsafeName> {
        from_url(&text.parse().unwrap(), ChosenBy::User).map(OsStringExt::into_vec)
    }

    fn field(text: impl AsRef<[u8]>) -> Result<Option<String>, UnsafeName> {
        let name = from_disposition(text.as_ref())?;
        Ok(name.map(|name| name.into_string().unwrap()))
    }

    fn named(text: &str) -> Result<Option<String>, UnsafeName> {
        Ok(Some(text.into()))
    }

    #[test]
    fn names_are_the_last_segment_of_the_path() {
        assert_eq!(url("http://h/a/b.tar.gz?x=/y#/z"), Ok(b"b.tar.gz".to_vec()));
        assert_eq!(url("http://h/%C3%A4%20%E9"), Ok(b"\xc3\xa4 \xe9".to_vec()));
        assert_eq!(url("http://h/a/../b"), Ok(b"b".to_vec()));
        assert_eq!(url("http://h/.profile"), Ok(b".profile".to_vec()));
        assert_eq!(url("ftp://h/a+b%2B;type=i"), Ok(b"a+b+;type=i".to_vec()));
    }

    #[test]
    fn unsafe_names_in_urls_are_rejected() {
        let cases = [
            ("http://h", UnsafeName::Empty),
            ("http://h/a/", UnsafeName::Empty),
            ("http://h/%20", UnsafeName::Empty),
            ("http://h/...", UnsafeName::Dots),
            ("http://h/..%2fetc", UnsafeName::Directory),
            ("http://h/a%5Cb", UnsafeName::Directory),
            ("http://h/c:x", UnsafeName::Directory),
            ("http://h/a%00b", UnsafeName::Control),
            ("http://h/a%0Ab", UnsafeName::Control),
            ("http://h/a%7f", UnsafeName::Control),
            ("http://h/%C2%9B31m", UnsafeName::Control),
            ("http://h/a%E2%80%AEgpj.exe", UnsafeName::Control),
            ("http://h/-rf", UnsafeName::Dash),
            ("http://h/%2Drf", UnsafeName::Dash),
            ("http://h/a%20", UnsafeName::Blank),
            ("http://h/a.", UnsafeName::Blank),
            ("http://h/NUL", UnsafeName::Device),
            ("http://h/Com1.txt.gz", UnsafeName::Device),
            ("http://h/lpt9%20.x", UnsafeName::Device),
        ];
        for (text, fault) in cases {
            assert_eq!(url(text), Err(fault), "{text}");
        }
        assert_eq!(url("http://h/%2e%2e"), Err(UnsafeName::Empty), "the URL parser resolves it");
        assert_eq!(url(&format!("http://h/{}", "x".repeat(240))), Err(UnsafeName::TooLong));
        assert!(url(&format!("http://h/{}", "x".repeat(239))).is_ok());
        assert!(url("http://h/nullable").is_ok() && url("http://h/com10").is_ok());
    }

    #[test]
    fn names_that_the_user_did_not_choose_follow_stricter_rules() {
        let other = |text: &str| from_url(&text.parse().unwrap(), ChosenBy::Other);
        for (text, fault) in [
            ("http://h/.profile", UnsafeName::Hidden),
            ("http://h/%2Eprofile", UnsafeName::Hidden),
            ("http://h/.x.hsum-part", UnsafeName::Hidden),
            ("http://h/x.hsum-bad", UnsafeName::Reserved),
            ("http://h/x.HSUM-part.json", UnsafeName::Reserved),
            ("http://h/x%2ehsum-decoded", UnsafeName::Reserved),
            ("http://h/-rf", UnsafeName::Dash),
            ("http://h/a%2F.ssh", UnsafeName::Directory),
            ("http://h/a.", UnsafeName::Blank),
            ("http://h/nul.txt", UnsafeName::Device),
            ("http://h/d/", UnsafeName::Empty),
        ] {
            assert_eq!(other(text), Err(fault), "{text}");
        }
        assert_eq!(other("http://h/a.iso").unwrap(), "a.iso");
        assert_eq!(url("http://h/x.hsum-bad"), Ok(b"x.hsum-bad".to_vec()));
        let field = b"attachment; filename=\"x.hsum-part\"";
        assert_eq!(from_disposition(field), Err(UnsafeName::Reserved));
        assert_eq!(from_list(".bashrc"), Err(UnsafeName::Hidden));
    }

    #[test]
    fn examples_of_rfc_6266_parse() {
        assert_eq!(field("Attachment; filename=example.html"), named("example.html"));
        assert_eq!(field("INLINE; FILENAME= \"an example.html\""), named("an example.html"));
        assert_eq!(
            field("attachment; filename*= UTF-8''%e2%82%ac%20rates"),
            named("\u{20ac} rates")
        );
        let both = "attachment; filename=\"EURO rates\"; filename*=utf-8''%e2%82%ac%20rates";
        assert_eq!(field(both), named("\u{20ac} rates"));
        assert_eq!(field("attachment; filename*=iso-8859-1'en'%A3%20rates"), named("\u{a3} rates"));
    }

    #[test]
    fn common_fields_parse() {
        assert_eq!(field("attachment"), Ok(None));
        assert_eq!(field(""), Ok(None));
        assert_eq!(field("attachment; size=3;"), Ok(None));
        assert_eq!(field("filename=a"), Err(UnsafeName::Malformed));
        assert_eq!(field("; filename=a"), named("a"));
        assert_eq!(field("attachment; filename=a b [1].txt ; x=y"), named("a b [1].txt"));
        assert_eq!(field(r#"attachment; filename="a \"b\" c""#), named("a \"b\" c"));
        assert_eq!(field("attachment; filename=\"a%20b\""), named("a%20b"));
        assert_eq!(field("attachment; filename=\"a;b\""), named("a;b"));
        assert_eq!(field("attachment; filename=a; filename*=UTF-8''%ff"), named("a"));
        assert_eq!(field("attachment; filename=a; filename*=UTF-8''%e"), named("a"));
        assert_eq!(field("attachment; filename=a; filename*=nonsense"), named("a"));
    }

    #[test]
    fn unsafe_names_in_fields_are_rejected() {
        let cases = [
            ("attachment; filename=\"\"", UnsafeName::Empty),
            ("attachment; filename=..", UnsafeName::Dots),
            ("attachment; filename=\"/etc/passwd\"", UnsafeName::Directory),
            ("attachment; filename=\"..\\\\x\"", UnsafeName::Directory),
            ("attachment; filename=a; filename*=UTF-8''..%2f..%2fx", UnsafeName::Directory),
            ("attachment; filename=\".bashrc\"", UnsafeName::Hidden),
            ("attachment; filename=\"-x\"", UnsafeName::Dash),
            ("attachment; filename*=UTF-8''a%0d%0ab", UnsafeName::Control),
            ("attachment; filename=a; filename=b", UnsafeName::Malformed),
            ("attachment; filename=\"open", UnsafeName::Malformed),
            ("attachment; filename", UnsafeName::Malformed),
            ("attachment filename=x", UnsafeName::Malformed),
            ("attachment; filename=x\"y", UnsafeName::Malformed),
        ];
        for (text, fault) in cases {
            assert_eq!(field(text), Err(fault), "{text}");
        }
        assert_eq!(
            from_disposition(b"attachment; filename=\"a\x1b[31m\""),
            Err(UnsafeName::Control)
        );
    }
}
