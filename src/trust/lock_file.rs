//! Lock files: the URLs and digests of packages.

use std::collections::HashMap;
use std::path::PathBuf;

use url::Url;

use crate::manifest::{BadLine, List, ListOptions};
use crate::net::url::is_supported;
use crate::notation::expected::Expected;

/// A file in a lock file.
#[derive(Clone, Debug)]
pub struct LockedFile {
    /// The URL: http, https, ftp or ftps.
    pub url: Url,
    /// The digests, all of which must match.
    pub expected: Vec<Expected>,
    /// The length in bytes, if stated.
    pub size: Option<u64>,
}

/// The contents of a lock file.
#[derive(Clone, Debug, Default)]
pub struct LockFile {
    /// The files that can be fetched and verified, one for each URL.
    pub files: Vec<LockedFile>,
    /// The entries that have a digest but no supported URL.
    pub elsewhere: Vec<PathBuf>,
    /// The numbers of invalid lines or items, with the reasons.
    pub bad: Vec<(u64, BadLine)>,
}

/// Parses a lock file. Those of uv, npm and Yarn state URLs; those of Cargo and Poetry do not.
///
/// ```
/// use hsum::trust::lock_file;
///
/// let text = r#"[[package]]
/// name = "a"
/// sdist = { url = "https://example.org/a-1.tar.gz", hash = "md5:900150983cd24fb0d6963f7d28e17f72", size = 3 }
/// "#;
/// let found = lock_file::read(text.as_bytes());
/// assert_eq!(found.files[0].url.as_str(), "https://example.org/a-1.tar.gz");
/// assert_eq!(found.files[0].size, Some(3));
/// ```
pub fn read(text: &[u8]) -> LockFile {
    let mut lock = LockFile::default();
    let mut known: HashMap<Url, usize> = HashMap::new();
    // The names in the lock file are not used.
    let options = ListOptions::new().allow_outside(true);
    for listed in List::new(text, options) {
        let entry = match listed.entry {
            Ok(entry) => entry,
            Err(bad) => {
                lock.bad.push((listed.line, bad));
                continue;
            }
        };
        let Some(url) = entry.url.as_deref().and_then(fetchable) else {
            lock.elsewhere.push(entry.path);
            continue;
        };
        let expected = entry.expected();
        match known.get(&url).and_then(|at| lock.files.get_mut(*at)) {
            // A package may occur twice in the tree; all its digests must match.
            Some(file) => {
                if !file.expected.contains(&expected) {
                    file.expected.push(expected);
                }
                match (file.size, entry.size) {
                    (Some(one), Some(other)) if one != other => {
                        lock.bad.push((listed.line, BadLine::Conflict));
                    }
                    (size, other) => file.size = size.or(other),
                }
            }
            None => {
                known.insert(url.clone(), lock.files.len());
                lock.files.push(LockedFile { url, expected: vec![expected], size: entry.size });
            }
        }
    }
    lock
}

fn fetchable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (is_supported(&url) && url.has_host()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHA1: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

    #[test]
    fn npm_states_urls_and_repeats_entries() {
        let sri = "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=";
        let text = format!(
            r#"{{"packages": {{
            "node_modules/a": {{"resolved": "https://r.example/a/-/a-1.tgz", "integrity": "{sri}"}},
            "node_modules/b/node_modules/a": {{"resolved": "https://r.example/a/-/a-1.tgz", "integrity": "{sri}"}},
            "node_modules/c": {{"resolved": "git+ssh://git@h.example/c.git", "integrity": "{sri}"}},
            "node_modules/d": {{"resolved": "https://r.example/d/-/d-1.tgz", "integrity": "sha512-!"}}}}}}"#
        );
        let lock = read(text.as_bytes());
        let urls: Vec<_> = lock.files.iter().map(|file| file.url.as_str()).collect();
        assert_eq!(urls, ["https://r.example/a/-/a-1.tgz"]);
        assert_eq!(lock.files[0].expected.len(), 1);
        assert_eq!(lock.files[0].expected[0].digests()[0].to_hex(), SHA1);
        assert_eq!((lock.elsewhere.len(), lock.bad.len()), (1, 1));
    }

    #[test]
    fn yarn_states_urls_and_cargo_does_not() {
        let yarn = format!(
            "# yarn lockfile v1\n\na@^1:\n  version \"1\"\n  resolved \"https://r.example/a-1.tgz#{SHA1}\"\n  \
             integrity sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\n"
        );
        let lock = read(yarn.as_bytes());
        assert_eq!(lock.files[0].url.path(), "/a-1.tgz");
        let cargo = format!(
            "[[package]]\nname = \"a\"\nversion = \"1\"\nsource = \"registry+https://h/index\"\n\
             checksum = \"{}\"\n",
            "0".repeat(64)
        );
        let lock = read(cargo.as_bytes());
        assert_eq!((lock.files.len(), lock.bad.len()), (0, 0));
        assert_eq!(lock.elsewhere, [PathBuf::from("a-1.crate")]);
    }
}
