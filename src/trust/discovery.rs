//! Where the digest of a download may be found when nobody says (`--sums auto`), and what is no
//! list of digests.

use std::ffi::{OsStr, OsString};
use std::fmt;

use url::Url;

use crate::algorithm::{Algorithm, Strength};
use crate::text::looks_like_html;

/// The longest list of digests that is read, in bytes.
pub const LONGEST: u64 = 16 << 20;

/// A URL that may have the digest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// Where it is.
    pub url: Url,
    /// What it would hold.
    pub kind: CandidateKind,
    /// The algorithm that its name says; `None` where a line's tag or length has to tell.
    pub algorithm: Option<Algorithm>,
}

/// What a candidate would hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CandidateKind {
    /// The digest of this one file, which it need not name.
    Sidecar,
    /// A list for the whole folder, which must name the file.
    List,
}

impl Candidate {
    /// Whether it is one to ask for only where no stronger one is there.
    pub fn is_weak(&self) -> bool {
        self.algorithm.is_some_and(|algorithm| algorithm.strength() == Strength::Broken)
    }
}

use Algorithm::{Blake3, Md5, Sha1, Sha256, Sha512};

/// Appended to the file's own name. By how often they occur.
const SIDECARS: [(&str, Algorithm); 4] =
    [(".sha256", Sha256), (".sha512", Sha512), (".sha256sum", Sha256), (".b3", Blake3)];

/// Instead of the file's name.
const LISTS: [(&str, Option<Algorithm>); 8] = [
    ("SHA256SUMS", Some(Sha256)),
    ("SHA256SUMS.txt", Some(Sha256)),
    ("sha256sums.txt", Some(Sha256)),
    ("checksums.txt", None),
    ("sha256sum.txt", Some(Sha256)),
    ("SHASUMS256.txt", Some(Sha256)),
    ("CHECKSUM", None),
    ("SHA512SUMS", Some(Sha512)),
];

const WEAK_SIDECARS: [(&str, Algorithm); 2] = [(".sha1", Sha1), (".md5", Md5)];

const WEAK_LISTS: [(&str, Option<Algorithm>); 2] =
    [("SHA1SUMS", Some(Sha1)), ("MD5SUMS", Some(Md5))];

/// The URLs to ask for, in this order, until one of them names the file; the weak ones last. All
/// are of the download's own host, so that they prove that nothing was damaged, not who made it.
/// A query is kept, a fragment is not. Empty where the URL names no file.
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
    let Some((folder, name)) = split(url) else { return Vec::new() };
    let places = places().map(|(place, kind, algorithm)| {
        let path = match kind {
            CandidateKind::Sidecar => format!("{folder}{name}{place}"),
            CandidateKind::List => format!("{folder}{place}"),
        };
        Candidate { url: with_path(url, &path), kind, algorithm }
    });
    // A list is no source for itself.
    places.filter(|candidate| candidate.url.path() != url.path()).collect()
}

/// The names, in the same order, that the digest of a file called `name` may stand under in its
/// folder: what each would hold, and the algorithm that it says.
pub fn names(name: &OsStr) -> Vec<(OsString, CandidateKind, Option<Algorithm>)> {
    let names = places().map(|(place, kind, algorithm)| {
        let mut found =
            if kind == CandidateKind::Sidecar { name.to_owned() } else { OsString::new() };
        found.push(place);
        (found, kind, algorithm)
    });
    names.filter(|(found, ..)| found != name).collect()
}

/// Suffixes of sidecars and names of lists, in the order of asking.
fn places() -> impl Iterator<Item = (&'static str, CandidateKind, Option<Algorithm>)> {
    let sidecar = |(suffix, algorithm): &(&'static str, Algorithm)| {
        (*suffix, CandidateKind::Sidecar, Some(*algorithm))
    };
    let list = |(list, algorithm): &(&'static str, Option<Algorithm>)| {
        (*list, CandidateKind::List, *algorithm)
    };
    let strong = SIDECARS.iter().map(sidecar).chain(LISTS.iter().map(list));
    strong.chain(WEAK_SIDECARS.iter().map(sidecar)).chain(WEAK_LISTS.iter().map(list))
}

/// Who made a signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignatureFormat {
    /// minisign, or signify in its format.
    Minisign,
    /// OpenPGP.
    OpenPgp,
}

/// Where the signature of `url` (a file, or a list of digests) may be found.
pub fn signatures(url: &Url, signer: SignatureFormat) -> Vec<Url> {
    let suffixes: &[&str] = match signer {
        SignatureFormat::Minisign => &[".minisig"],
        SignatureFormat::OpenPgp => &[".asc", ".sig", ".gpg", ".sign"],
    };
    let Some((folder, name)) = split(url) else { return Vec::new() };
    suffixes.iter().map(|suffix| with_path(url, &format!("{folder}{name}{suffix}"))).collect()
}

/// Whether an answer's status says that there is no such file, so that the next candidate is
/// asked for. Stores that list nothing to strangers say 403 (S3); 550 is the reply of FTP. All
/// else is an error: a server out of order must not lead to a weaker digest.
pub fn is_absent(status: u16) -> bool {
    matches!(status, 403 | 404 | 410 | 550)
}

/// Whether what came may be a list of digests at all.
///
/// # Errors
/// [`NotAList`], if it is empty, longer than [`LONGEST`], or a web page.
pub fn inspect(body: &[u8]) -> Result<(), NotAList> {
    if body.len() as u64 > LONGEST {
        return Err(NotAList::TooLong);
    }
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii_start();
    if body.is_empty() {
        return Err(NotAList::Empty);
    }
    if looks_like_html(body) { Err(NotAList::Html) } else { Ok(()) }
}

/// Why an answer is no list of digests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotAList {
    /// Nothing is in it.
    Empty,
    /// It is a web page: an error, or a login.
    Html,
    /// It is longer than 16 MiB.
    TooLong,
}

impl fmt::Display for NotAList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the list of digests is empty",
            Self::Html => "a web page, not a list of digests",
            Self::TooLong => "the list of digests is longer than 16 MiB",
        })
    }
}

impl std::error::Error for NotAList {}

/// The path up to its last slash, and what follows; `None` where nothing does.
fn split(url: &Url) -> Option<(&str, &str)> {
    let path = url.path();
    let (folder, name) = path.split_at(path.rfind('/')? + 1);
    (!name.is_empty()).then_some((folder, name))
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
    fn the_order_and_the_strong_before_the_weak() {
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
        assert_eq!(weak.iter().position(|weak| *weak), Some(12));
        assert!(weak[12..].iter().all(|weak| *weak));
    }

    #[test]
    fn names_here_come_in_the_order_of_urls() {
        let here: Vec<_> = names("a.iso".as_ref()).into_iter().map(|(name, ..)| name).collect();
        let there = paths("https://h/d/a.iso");
        let there: Vec<_> = there.iter().map(|url| OsString::from(&url[12..])).collect();
        assert_eq!(here, there);
        assert!(names("SHA256SUMS".as_ref()).iter().all(|(name, ..)| name != "SHA256SUMS"));
    }

    #[test]
    fn escapes_and_queries_stay_and_fragments_go() {
        let found = paths("http://u:p@h:81/a%20b%2Fc?k=v&l#frag");
        assert_eq!(found[0], "http://u:p@h:81/a%20b%2Fc.sha256?k=v&l");
        assert_eq!(found[4], "http://u:p@h:81/SHA256SUMS?k=v&l");
        assert_eq!(paths("http://h/%3F%23")[0], "http://h/%3F%23.sha256");
    }

    #[test]
    fn what_has_no_candidates() {
        assert_eq!(paths("http://h"), [""; 0]);
        assert_eq!(paths("http://h/d/"), [""; 0]);
        assert_eq!(paths("mailto:a@b"), [""; 0]);
        assert!(!paths("http://h/SHA256SUMS").contains(&"http://h/SHA256SUMS".into()));
    }

    #[test]
    fn signatures_lie_beside() {
        let url = "https://h/SHA256SUMS?x".parse().unwrap();
        let of =
            |signer| signatures(&url, signer).into_iter().map(String::from).collect::<Vec<_>>();
        assert_eq!(of(SignatureFormat::Minisign), ["https://h/SHA256SUMS.minisig?x"]);
        assert_eq!(of(SignatureFormat::OpenPgp)[0], "https://h/SHA256SUMS.asc?x");
    }

    #[test]
    fn what_is_no_list() {
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
        let long = vec![b'#'; LONGEST as usize + 1];
        assert_eq!(inspect(&long), Err(NotAList::TooLong));
        assert_eq!(inspect(&long[1..]), Ok(()));
    }

    #[test]
    fn only_absence_leads_on() {
        assert!([403, 404, 410, 550].into_iter().all(is_absent));
        assert!(![200, 206, 301, 401, 407, 429, 500, 503].into_iter().any(is_absent));
    }
}
