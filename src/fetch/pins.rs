//! Trust on first use: the digests that files had when they were first fetched, one line a URL.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use url::Url;

use super::failure::Failure;
use super::verdict::Evidence;
use crate::digest::Digest;
use crate::manifest::{Format, Parser, Style, write_line};
use crate::notation::Expected;

/// A file of pins: BSD-tagged lines, `SHA256 (URL) = DIGEST`.
#[derive(Clone, Debug)]
pub struct Pins {
    path: PathBuf,
}

impl Pins {
    /// The pins in that file, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What is pinned for `url`; `None` where nothing is.
    ///
    /// # Errors
    /// Of reading the file.
    pub fn find(&self, url: &Url) -> Result<Option<Evidence>, Failure> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::local(&self.path, error)),
        };
        let name = name(url);
        let mut parser = Parser::new();
        let entries =
            text.split(|&b| b == b'\n').filter_map(|line| parser.parse_line(line).ok()?);
        let pinned = entries.filter(|entry| entry.path.as_os_str().as_bytes() == name.as_bytes());
        let expected = Expected::from_digests(pinned.map(|entry| entry.digest));
        let source = format!("pinned in {:?}", self.path);
        Ok(expected.map(|expected| Evidence { expected, source }))
    }

    /// Pins a digest for `url`.
    ///
    /// # Errors
    /// Of writing the file.
    pub fn add(&self, url: &Url, digest: &Digest) -> Result<(), Failure> {
        let style = Style { format: Format::Tagged, ..Style::default() };
        let mut line = Vec::new();
        write_line(&mut line, digest, name(url).as_bytes(), style);
        let mut append = || {
            let mut options = OpenOptions::new();
            let mut file =
                options.read(true).append(true).create(true).mode(0o600).open(&self.path)?;
            file.lock()?;
            // A last line without an end is not to be run into.
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

    /// Where they are.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// The URL without user, password and fragment.
fn name(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url.into()
}
