//! The usual URLs of checksum files and signatures, and a check of the responses.

use std::ffi::{OsStr, OsString};

use thiserror::Error;
use url::Url;

use crate::algorithm::Algorithm::{self, Blake3, Md5, Sha1, Sha256, Sha512};
use crate::algorithm::Strength;
use crate::text::looks_like_html;

/// The limit for checksum files, in bytes.
pub const MAX_SIZE: u64 = 16 << 20;

/// A URL that may lead to a checksum file for a download.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The URL.
    pub url: Url,
    /// The kind of the checksum file.
    pub kind: CandidateKind,
    /// The algorithm that its name implies; `None` if each line must name one.
    pub algorithm: Option<Algorithm>,
}

impl Candidate {
    /// Returns `true` if its digests can be forged.
    pub fn is_weak(&self) -> bool {
        self.algorithm.is_some_and(|algorithm| algorithm.strength() < Strength::Sound)
    }
}

/// The kind of a checksum file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CandidateKind {
    /// The digest of one file, which it need not name; it is called `FILE.SUFFIX`.
    Sidecar,
    /// A list for the whole directory, which must name the file.
    List,
}

use CandidateKind::{List, Sidecar};

/// The suffixes of sidecars and the names of lists, in the order of requests: the most common ones
/// first, weak algorithms last.
const PLACES: [(&str, CandidateKind, Option<Algorithm>); 16] = [
    (".sha256", Sidecar, Some(Sha256)),
    (".sha512", Sidecar, Some(Sha512)),
    (".sha256sum", Sidecar, Some(Sha256)),
    (".b3", Sidecar, Some(Blake3)),
    ("SHA256SUMS", List, Some(Sha256)),
    ("SHA256SUMS.txt", List, Some(Sha256)),
    ("sha256sums.txt", List, Some(Sha256)),
    ("checksums.txt", List, None),
    ("sha256sum.txt", List, Some(Sha256)),
    ("SHASUMS256.txt", List, Some(Sha256)),
    ("CHECKSUM", List, None),
    ("SHA512SUMS", List, Some(Sha512)),
    (".sha1", Sidecar, Some(Sha1)),
    (".md5", Sidecar, Some(Md5)),
    ("SHA1SUMS", List, Some(Sha1)),
    ("MD5SUMS", List, Some(Md5)),
];

/// Returns the URLs to try, in this order, until one lists the file.
///
/// There are none if the URL names no file. All keep the query, but not the fragment. They are on
/// the download's own host, so they prove that the file is undamaged, not who made it.
///
/// ```
/// use hsum::trust::discovery;
///
/// let url = "https://example.org/pub/a.iso".parse()?;
/// let candidates = discovery::candidates(&url);
/// assert_eq!(candidates[0].url.as_str(), "https://example.org/pub/a.iso.sha256");
/// assert_eq!(candidates[4].url.as_str(), "https://example.org/pub/SHA256SUMS");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn candidates(url: &Url) -> Vec<Candidate> {
    let Some((directory, name)) = split(url) else { return Vec::new() };
    let candidates = PLACES.iter().map(|&(place, kind, algorithm)| {
        let path = match kind {
            Sidecar => format!("{directory}{name}{place}"),
            List => format!("{directory}{place}"),
        };
        Candidate { url: with_path(url, &path), kind, algorithm }
    });
    // A list cannot vouch for itself.
    candidates.filter(|candidate| candidate.url.path() != url.path()).collect()
}

/// Returns the names of checksum files for a file called `name`, in the order of [`candidates`].
pub fn names(name: &OsStr) -> Vec<(OsString, CandidateKind, Option<Algorithm>)> {
    let names = PLACES.iter().map(|&(place, kind, algorithm)| {
        let mut found = if kind == Sidecar { name.to_owned() } else { OsString::new() };
        found.push(place);
        (found, kind, algorithm)
    });
    names.filter(|(found, ..)| found != name).collect()
}

/// The format of a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignatureFormat {
    /// minisign, or signify in its format.
    Minisign,
    /// OpenPGP.
    OpenPgp,
}

/// Returns the URLs that may have a signature of the file or checksum file at `url`.
pub fn signatures(url: &Url, format: SignatureFormat) -> Vec<Url> {
    let suffixes: &[&str] = match format {
        SignatureFormat::Minisign => &[".minisig"],
        SignatureFormat::OpenPgp => &[".asc", ".sig", ".gpg", ".sign"],
    };
    let Some((directory, name)) = split(url) else { return Vec::new() };
    suffixes.iter().map(|suffix| with_path(url, &format!("{directory}{name}{suffix}"))).collect()
}

/// Returns `true` if a status means that the file does not exist.
///
/// S3 returns 403 to users who may not list a bucket, FTP returns 550. Any other status is an
/// error: a broken server must not lead to a weaker digest.
pub fn is_absent(status: u16) -> bool {
    matches!(status, 403 | 404 | 410 | 550)
}

/// Checks that a response may be a checksum file.
///
/// # Errors
/// If it is empty, longer than [`MAX_SIZE`], or a web page.
pub fn inspect(body: &[u8]) -> Result<(), NotAList> {
    if body.len() as u64 > MAX_SIZE {
        return Err(NotAList::TooLong);
    }
    if body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii().is_empty() {
        return Err(NotAList::Empty);
    }
    if looks_like_html(body) { Err(NotAList::Html) } else { Ok(()) }
}

/// The reason why a response is not a checksum file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum NotAList {
    /// It is empty.
    #[error("empty checksum file")]
    Empty,
    /// It is a web page, such as an error or a login.
    #[error("a web page, not a checksum file")]
    Html,
    /// It is longer than 16 MiB.
    #[error("checksum file longer than 16 MiB")]
    TooLong,
}

/// Splits the path after its last slash. Returns `None` if nothing follows the slash.
fn split(url: &Url) -> Option<(&str, &str)> {
    let path = url.path();
    let (directory, name) = path.split_at(path.rfind('/')? + 1);
    (!name.is_empty()).then_some((directory, name))
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(url: &str) -> Vec<String> {
        candidates(&url.parse().unwrap()).into_iter().map(|found| found.url.into()).collect()
    }

    #[test]
    fn strong_candidates_come_before_weak_ones() {
        let base = "https://h/d/a.iso";
        let expected = [
            "a.iso.sha256",
            "a.iso.sha512",
            "a.iso.sha256sum",
            "a.iso.b3",
            "SHA256SUMS",
            "SHA256SUMS.txt",
            "sha256sums.txt",
            "checksums.txt",
            "sha256sum.txt",
            "SHASUMS256.txt",
            "CHECKSUM",
            "SHA512SUMS",
            "a.iso.sha1",
            "a.iso.md5",
            "SHA1SUMS",
            "MD5SUMS",
        ];
        assert_eq!(paths(base), expected.map(|name| format!("https://h/d/{name}")));
        let weak: Vec<bool> =
            candidates(&base.parse().unwrap()).iter().map(Candidate::is_weak).collect();
        assert_eq!(weak, [[false; 12].as_slice(), &[true; 4]].concat());
    }

    #[test]
    fn local_names_have_the_order_of_the_urls() {
        let local: Vec<_> = names("a.iso".as_ref()).into_iter().map(|(name, ..)| name).collect();
        let remote = paths("https://h/d/a.iso");
        let remote: Vec<_> = remote.iter().map(|url| OsString::from(&url[12..])).collect();
        assert_eq!(local, remote);
        assert!(names("SHA256SUMS".as_ref()).iter().all(|(name, ..)| name != "SHA256SUMS"));
    }

    #[test]
    fn escapes_and_queries_are_kept_and_fragments_dropped() {
        let found = paths("http://u:p@h:81/a%20b%2Fc?k=v&l#frag");
        assert_eq!(found[0], "http://u:p@h:81/a%20b%2Fc.sha256?k=v&l");
        assert_eq!(found[4], "http://u:p@h:81/SHA256SUMS?k=v&l");
        assert_eq!(paths("http://h/%3F%23")[0], "http://h/%3F%23.sha256");
    }

    #[test]
    fn some_urls_have_no_candidates() {
        assert_eq!(paths("http://h"), [""; 0]);
        assert_eq!(paths("http://h/d/"), [""; 0]);
        assert_eq!(paths("mailto:a@b"), [""; 0]);
        assert!(!paths("http://h/SHA256SUMS").contains(&"http://h/SHA256SUMS".into()));
    }

    #[test]
    fn signatures_are_beside_the_file() {
        let url = "https://h/SHA256SUMS?x".parse().unwrap();
        let of =
            |format| signatures(&url, format).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(of(SignatureFormat::Minisign), ["https://h/SHA256SUMS.minisig?x"]);
        assert_eq!(of(SignatureFormat::OpenPgp)[0], "https://h/SHA256SUMS.asc?x");
    }

    #[test]
    fn empty_bodies_and_web_pages_are_rejected() {
        for text in ["", " \r\n\t", "\u{feff}\n"] {
            assert_eq!(inspect(text.as_bytes()), Err(NotAList::Empty), "{text:?}");
        }
        for text in ["<!DOCTYPE html>", "\u{feff}\n <HTML lang=en>", "<head>", "<!-- x -->"] {
            assert_eq!(inspect(text.as_bytes()), Err(NotAList::Html), "{text:?}");
        }
        for text in [
            "d41d8cd98f00b204e9800998ecf8427e",
            "<?xml version=\"1.0\"?><metalink/>",
            "<metalink>",
            "<",
        ] {
            assert_eq!(inspect(text.as_bytes()), Ok(()), "{text:?}");
        }
        let long = vec![b'#'; MAX_SIZE as usize + 1];
        assert_eq!(inspect(&long), Err(NotAList::TooLong));
        assert_eq!(inspect(&long[1..]), Ok(()));
    }

    #[test]
    fn only_some_statuses_mean_absent() {
        assert!([403, 404, 410, 550].into_iter().all(is_absent));
        assert!(![200, 206, 301, 401, 407, 429, 500, 503].into_iter().any(is_absent));
    }
}
