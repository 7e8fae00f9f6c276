//! Trust on first use: the digests that files had when they were first fetched.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use url::Url;

use crate::algorithm::Algorithm;
use crate::digest::Digest;
use crate::fs::bounded::{SMALL_FILE, read_file};
use crate::hasher::digest;
use crate::manifest::{LineFormat, LineParser, LineStyle, write_line};
use crate::net::failure::{Failure, FailureKind};
use crate::net::url::without_userinfo;
use crate::notation::expected::Expected;
use crate::trust::evidence::{Evidence, path_text};

/// A file of pins: lines of the form `SHA256 (URL) = DIGEST`, in which URL queries are hashed.
#[derive(Clone, Debug)]
pub struct Pins {
    path: PathBuf,
}

impl Pins {
    /// Uses the pins in the file at `path`, which need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Returns the digests that are pinned for `url`.
    ///
    /// # Errors
    /// If the file cannot be read, has a malformed line, or contradicts itself.
    pub fn find(&self, url: &Url) -> Result<Option<Evidence>, Failure> {
        let text = match read_file(&self.path, SMALL_FILE) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::local(&self.path, error)),
        };
        let names = [pin_name(url), without_secrets(url)];
        let mut parser = LineParser::new();
        let mut pinned = Vec::new();
        for (line, number) in text.split(|&b| b == b'\n').zip(1..) {
            let bad_line = |reason: &dyn fmt::Display| {
                let text = format!("{}: line {number}: {reason}", path_text(&self.path));
                Failure::new(FailureKind::Local, text)
            };
            // An invalid line may be the pin of this URL: if it were skipped, any file would pass.
            let entry = parser.parse_line(line).map_err(|bad| bad_line(&bad))?;
            let Some(entry) = entry else { continue };
            if !names.iter().any(|name| name.as_bytes() == entry.path.as_os_str().as_bytes()) {
                continue;
            }
            let contradicts = |other: &Digest| {
                other.hash_function() == entry.digest.hash_function() && *other != entry.digest
            };
            if pinned.iter().any(contradicts) {
                return Err(bad_line(&"an earlier line pins a different digest for this URL"));
            }
            pinned.push(entry.digest);
        }
        let expected = Expected::from_digests(pinned);
        let source = format!("pinned in {}", path_text(&self.path));
        Ok(expected.map(|expected| Evidence::new(expected, source)))
    }

    /// Pins a digest for `url`.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&self, url: &Url, digest: &Digest) -> Result<(), Failure> {
        let style = LineStyle::new(LineFormat::Tagged);
        let mut line = Vec::new();
        write_line(&mut line, digest, pin_name(url).as_bytes(), style);
        let mut append = || {
            let mut options = OpenOptions::new();
            let mut file =
                options.read(true).append(true).create(true).mode(0o600).open(&self.path)?;
            file.lock()?;
            // The last line may lack a line break.
            let length = file.metadata()?.len();
            if length > 0 {
                file.seek(SeekFrom::Start(length - 1))?;
                let mut last = [0];
                io::Read::read_exact(&mut file, &mut last)?;
                if last != *b"\n" {
                    line.insert(0, b'\n');
                }
            }
            file.write_all(&line)?;
            file.sync_all()
        };
        let appended: io::Result<()> = append();
        appended.map_err(|error| Failure::local(&self.path, error))
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Returns the name of a URL in the file. The first half of the query's SHA-256 replaces the query,
/// which may contain secrets, but which distinguishes files.
fn pin_name(url: &Url) -> String {
    let mut url = url.clone();
    let hidden = url.query().filter(|query| !query.is_empty()).map(|query| {
        format!("sha256:{}", &digest(Algorithm::Sha256, query.as_bytes()).to_hex()[..32])
    });
    if let Some(hidden) = hidden {
        url.set_query(Some(&hidden));
    }
    without_secrets(&url)
}

/// Returns a URL without user name, password and fragment: its name in files of earlier versions.
fn without_secrets(url: &Url) -> String {
    let mut url = without_userinfo(url);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn queries_distinguish_files_and_are_not_stored() {
        let directory = tempfile::tempdir().unwrap();
        let pins = Pins::new(directory.path().join("pins"));
        let url = |query: &str| Url::parse(&format!("https://me:pw@h.test/x{query}#f")).unwrap();
        let of = |text: &[u8]| digest(Algorithm::Sha256, text);
        pins.add(&url("?token=opensesame"), &of(b"a")).unwrap();
        pins.add(&url("?opensesame"), &of(b"b")).unwrap();
        pins.add(&url(""), &of(b"c")).unwrap();
        let text = fs::read_to_string(pins.path()).unwrap();
        assert!(!text.contains("opensesame") && !text.contains("pw"), "{text}");
        assert!(text.ends_with(&format!("SHA256 (https://h.test/x) = {}\n", of(b"c"))), "{text}");
        let found = |query: &str| pins.find(&url(query)).unwrap().map(|found| found.expected);
        assert_eq!(found("?token=opensesame"), Some(of(b"a").into()));
        assert_eq!(found("?opensesame"), Some(of(b"b").into()));
        assert_eq!(found(""), Some(of(b"c").into()));
        assert_eq!(found("?other"), None);
    }

    #[test]
    fn old_pins_with_queries_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let pins = Pins::new(directory.path().join("pins"));
        let digest = digest(Algorithm::Sha256, b"a");
        fs::write(pins.path(), format!("SHA256 (https://h.test/x?id=1) = {digest}\n")).unwrap();
        let find = |url: &str| pins.find(&url.parse().unwrap()).unwrap();
        assert_eq!(find("https://h.test/x?id=1").unwrap().expected, digest.into());
        assert!(find("https://h.test/x?id=2").is_none());
    }
}
