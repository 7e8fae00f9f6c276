//! Checksum files: beside the download, at another URL, or on the local disk.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use url::Url;

use crate::algorithm::{Algorithm, HashFunction};
use crate::engine::file::StableFile;
use crate::error::ErrorKind;
use crate::manifest::{self, Entry, List, ListOptions, NameMatching, NotListed};
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::Origin;
use crate::net::url::redacted;
use crate::trust::discovery::{self, CandidateKind};
use crate::trust::evidence::{Evidence, path_text};
use crate::trust::small_file;

/// A checksum file.
#[derive(Clone, Debug)]
pub struct ChecksumFile {
    source: String,
    text: Vec<u8>,
    /// The name of the checksum file, which may imply the algorithm.
    name: PathBuf,
    signature: Option<String>,
}

/// The part of a checksum file that may be used.
#[derive(Clone, Debug, Default)]
pub struct ApprovedText {
    /// The bytes.
    pub text: Vec<u8>,
    /// A description of the verified signature over them, if there is one.
    pub signature: Option<String>,
}

/// The entry of one file in a checksum file.
#[derive(Clone, Debug)]
pub struct ListedFile {
    /// The digests and their source.
    pub evidence: Evidence,
    /// The length in bytes, if listed.
    pub size: Option<u64>,
}

impl ChecksumFile {
    /// Fetches the checksum file at `url`.
    ///
    /// # Errors
    /// If it cannot be fetched, or is not a checksum file.
    pub fn fetch(client: &Client, url: &Url, origin: Origin) -> Result<Self, Failure> {
        let text = small_file::fetch_list(client, url, origin)?.ok_or_else(|| {
            let text = format!("{}: not found", redacted(url));
            Failure::new(FailureKind::Status(404), text)
        })?;
        Self::new(redacted(url), text, name_in(url))
    }

    /// Reads the checksum file at `path`.
    ///
    /// # Errors
    /// If it cannot be read, or is not a checksum file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let opened = File::open(path).and_then(StableFile::try_from);
        Self::read(opened.map_err(|error| Failure::local(path, error))?, path)
    }

    fn read(file: StableFile, path: &Path) -> Result<Self, Failure> {
        let mut text = Vec::new();
        let read = file.take(discovery::MAX_SIZE + 1).read_to_end(&mut text);
        read.map_err(|error| Failure::local(path, error))?;
        Self::new(path_text(path), text, path.to_owned())
    }

    fn new(source: String, text: Vec<u8>, name: PathBuf) -> Result<Self, Failure> {
        let kind = match text.len() as u64 > discovery::MAX_SIZE {
            true => FailureKind::Policy,
            false => FailureKind::Unverifiable,
        };
        discovery::inspect(&text)
            .map_err(|error| Failure::new(kind, error.to_string()).during(&source))?;
        Ok(Self { source, text, name, signature: None })
    }

    /// Returns the path or redacted URL.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns the bytes that a signature must cover.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Restricts the checksum file to its approved part.
    pub fn approved(self, part: ApprovedText) -> Self {
        Self { text: part.text, signature: part.signature, ..self }
    }

    /// Returns the entry for the file called `name`; `algorithm` applies to lines that name none.
    ///
    /// # Errors
    /// [`FailureKind::Unverifiable`] if there is no entry, or if entries contradict each other.
    pub fn find(
        &self,
        name: &OsStr,
        algorithm: Option<HashFunction>,
    ) -> Result<ListedFile, Failure> {
        self.entry(name, algorithm).map_err(|reason| self.not_listed(name, &reason))
    }

    /// Returns the entry for `name`; `None` if a list for a whole directory lacks it.
    fn find_as(
        &self,
        kind: CandidateKind,
        name: &OsStr,
        algorithm: Option<Algorithm>,
    ) -> Result<Option<ListedFile>, Failure> {
        match self.entry(name, algorithm.map(HashFunction::from)) {
            Ok(listed) => Ok(Some(listed)),
            Err(NotListed::Missing) if kind == CandidateKind::List => Ok(None),
            Err(reason) => Err(self.not_listed(name, &reason)),
        }
    }

    fn entry(
        &self,
        name: &OsStr,
        algorithm: Option<HashFunction>,
    ) -> Result<ListedFile, NotListed> {
        let options = ListOptions::new()
            .name(self.name.file_name().map(PathBuf::from))
            .untagged(algorithm)
            .file(PathBuf::from(name));
        let list = List::new(&self.text[..], options);
        let entry: Entry = manifest::find(list, Path::new(name), NameMatching::BaseName)?;
        let evidence = Evidence::new(entry.expected(), &*self.source);
        let evidence = evidence.signed_by(self.signature.clone());
        Ok(ListedFile { evidence, size: entry.size })
    }

    fn not_listed(&self, name: &OsStr, reason: &NotListed) -> Failure {
        let text = format!("{}: {}: {reason}", self.source, path_text(name.as_ref()));
        Failure::new(FailureKind::Unverifiable, text)
    }
}

/// A check of a checksum file before it is parsed, such as its signature.
///
/// It returns the approved part. A file that fails with [`FailureKind::Unverifiable`] is skipped.
pub type ApproveFn<'a> = dyn Fn(&Url, Vec<u8>) -> Result<ApprovedText, Failure> + 'a;

/// Finds the entry for the file at `url` in the checksum files that usually lie beside it.
///
/// Uses the first one that exists, is approved, and lists the file. Weak algorithms come last.
///
/// # Errors
/// If no checksum file lists it, or a server fails: an error must not lead to a weaker digest.
pub fn find_beside_url(
    client: &Client,
    url: &Url,
    name: &OsStr,
    approve: &ApproveFn<'_>,
) -> Result<ListedFile, Failure> {
    let mut refused = None;
    for candidate in discovery::candidates(url) {
        let Some(text) = small_file::fetch_list(client, &candidate.url, Origin::Own)? else {
            continue;
        };
        // Some servers answer every request with a web page.
        let source = redacted(&candidate.url);
        let Ok(mut sums) = ChecksumFile::new(source, text, name_in(&candidate.url)) else {
            continue;
        };
        let part = match approve(&candidate.url, std::mem::take(&mut sums.text)) {
            Err(failure) if failure.kind() == FailureKind::Unverifiable => {
                refused = refused.or(Some(failure));
                continue;
            }
            part => part?,
        };
        let sums = sums.approved(part);
        if let Some(listed) = sums.find_as(candidate.kind, name, candidate.algorithm)? {
            return Ok(listed);
        }
    }
    let failure = nothing_beside(redacted(url));
    Err(match refused {
        Some(refused) => failure.adding(format!("rejected: {refused}")),
        None => failure,
    })
}

/// Finds the entry for the file at `path` in the checksum files of its directory.
///
/// Names and order are those of [`find_beside_url`].
///
/// # Errors
/// If no checksum file lists it, or one cannot be read: an error must not lead to a weaker digest.
pub fn find_beside_file(path: &Path) -> Result<ListedFile, Failure> {
    let Some(name) = path.file_name() else {
        let text = format!("{}: the path does not name a file", path_text(path));
        return Err(Failure::new(FailureKind::Usage, text));
    };
    for (beside, kind, algorithm) in discovery::names(name) {
        let beside = path.with_file_name(beside);
        let file = match StableFile::open(&beside) {
            Ok(file) if file.is_regular() => file,
            Ok(_) => continue,
            Err(error) if is_absent(error.kind()) => continue,
            Err(error) => return Err(error.into()),
        };
        let sums = ChecksumFile::read(file, &beside)?;
        if let Some(listed) = sums.find_as(kind, name, algorithm)? {
            return Ok(listed);
        }
    }
    Err(nothing_beside(path_text(path)))
}

/// Returns `true` if the error means that there is no regular file of that name.
fn is_absent(error: &ErrorKind) -> bool {
    use io::ErrorKind::{InvalidFilename, NotFound};
    match error {
        ErrorKind::Io(cause) => matches!(cause.kind(), NotFound | InvalidFilename),
        error => matches!(error, ErrorKind::Special(_)),
    }
}

fn nothing_beside(file: String) -> Failure {
    let text = format!("{file}: not listed in any checksum file beside it");
    Failure::new(FailureKind::Unverifiable, text)
}

/// Returns the last segment of a URL's path.
fn name_in(url: &Url) -> PathBuf {
    PathBuf::from(url.path().rsplit('/').next().unwrap_or(""))
}
