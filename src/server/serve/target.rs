//! The path of a request, and the name below the served directory that it stands for.

use axum::http::StatusCode;
use hsum::internals::is_temporary;
use percent_encoding::percent_decode;

/// A name below the served directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// The name without a slash at either end; empty for the directory itself.
    pub(crate) name: Vec<u8>,
    /// Set if the path ends in a slash, as those of directories do.
    pub(crate) has_slash: bool,
}

/// Names that are not served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum HiddenNames {
    Refused,
    Served,
}

impl HiddenNames {
    /// Returns `true` if a file or directory of this name is served.
    pub(crate) fn permits(self, name: &[u8]) -> bool {
        (self == Self::Served || !name.starts_with(b".")) && !is_temporary(name)
    }

    /// Returns `true` if a file of this name below the directory is served, if there is one.
    pub(crate) fn permits_path(self, name: &[u8]) -> bool {
        let is_name = |part: &[u8]| !part.is_empty() && part != b"." && part != b"..";
        let parts = name.split(|byte| *byte == b'/');
        !name.contains(&0) && parts.into_iter().all(|part| is_name(part) && self.permits(part))
    }
}

impl Target {
    /// Parses the path of a request, and decodes it once.
    ///
    /// # Errors
    /// 400 for a malformed path; 404 for one that no file can have, such as `/../a` and `//a`.
    pub(crate) fn parse(path: &str, hidden: HiddenNames) -> Result<Self, StatusCode> {
        let below = path.strip_prefix('/').ok_or(StatusCode::BAD_REQUEST)?;
        if below.is_empty() {
            return Ok(Self { name: Vec::new(), has_slash: true });
        }
        let (below, has_slash) = match below.strip_suffix('/') {
            Some(below) => (below, true),
            None => (below, false),
        };
        let mut name = Vec::with_capacity(below.len());
        for part in below.split('/') {
            let part = decode(part)?;
            let is_name = !part.is_empty() && part != b"." && part != b"..";
            if !is_name || part.contains(&b'/') || !hidden.permits(&part) {
                return Err(StatusCode::NOT_FOUND);
            }
            if !name.is_empty() {
                name.push(b'/');
            }
            name.extend_from_slice(&part);
        }
        Ok(Self { name, has_slash })
    }
}

/// Decodes a component of a path.
fn decode(part: &str) -> Result<Vec<u8>, StatusCode> {
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !part.split('%').skip(1).all(is_escape) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let decoded: Vec<u8> = percent_decode(part.as_bytes()).collect();
    match decoded.contains(&0) {
        true => Err(StatusCode::BAD_REQUEST),
        false => Ok(decoded),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once_and_stay_below_the_directory() {
        let parse = |path| Target::parse(path, HiddenNames::Refused);
        for (path, name, has_slash) in [
            ("/", &b""[..], true),
            ("/a", b"a", false),
            ("/a/", b"a", true),
            ("/a/b.txt", b"a/b.txt", false),
            ("/a%20b", b"a b", false),
            ("/%2561", b"%61", false),
            ("/a%ff", b"a\xff", false),
            ("/%c0%ae%c0%ae/a", b"\xc0\xae\xc0\xae/a", false),
            ("/a\\..\\b", b"a\\..\\b", false),
        ] {
            assert_eq!(parse(path), Ok(Target { name: name.into(), has_slash }), "{path}");
        }
        for path in [
            "//",
            "//a",
            "/a//b",
            "/a//",
            "/.",
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/a/./b",
            "/%2e%2e/a",
            "/.%2e/a",
            "/%2E./a",
            "/a%2fb",
            "/..%2fa",
            "/%2f",
            "/.git/config",
            "/a/.hidden",
            "/...",
            "/%2ehidden",
            "/.hsum-AbC123",
            "/x.hsum-journal",
        ] {
            assert_eq!(parse(path), Err(StatusCode::NOT_FOUND), "{path}");
        }
        for path in ["", "*", "a", "/%", "/%4", "/%zz", "/a%2", "/%00", "/a%00.txt", "/%u002e"] {
            assert_eq!(parse(path), Err(StatusCode::BAD_REQUEST), "{path}");
        }
    }

    #[test]
    fn paths_have_the_names_of_files_only() {
        let permits = |name: &[u8]| HiddenNames::Refused.permits_path(name);
        for name in [&b"a"[..], b"a/b", b"a\xff", b"a%2e"] {
            assert!(permits(name), "{name:?}");
        }
        let refused = "|/|/a|a/|a//b|.|..|../a|a/..|a/../b|a/./b|.a|a/.b|a\0|.hsum-AbC123";
        for name in refused.split('|') {
            assert!(!permits(name.as_bytes()), "{name}");
        }
        assert!(HiddenNames::Served.permits_path(b".a/b"));
    }

    #[test]
    fn hidden_names_are_served_if_permitted_but_no_temporary_ones() {
        let parse = |path| Target::parse(path, HiddenNames::Served);
        assert_eq!(parse("/.git/config").map(|target| target.name), Ok(b".git/config".to_vec()));
        assert_eq!(parse("/.hsum-AbC123"), Err(StatusCode::NOT_FOUND));
        assert_eq!(parse("/.a/.."), Err(StatusCode::NOT_FOUND));
    }
}
