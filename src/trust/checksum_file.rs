//! Digests from checksum files: beside the file, at a URL, or here on the disk.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use url::Url;

use crate::algorithm::HashFunction;
use crate::engine::StableFile;
use crate::error::ErrorKind;
use crate::manifest::{self, Entry, List, ListOptions, NameMatching, NotListed};
use crate::net::client::Client;
use crate::net::failure::{Failure, FailureKind};
use crate::net::transport::Origin;
use crate::net::url::redacted;
use crate::trust::discovery::{self, CandidateKind};
use crate::trust::evidence::Evidence;
use crate::trust::small_file;

/// A checksum file.
#[derive(Clone, Debug)]
pub struct ChecksumFile {
    source: String,
    text: Vec<u8>,
    /// Its own name, which may tell the function.
    name: PathBuf,
    signature: Option<String>,
}

/// The part of a checksum file that counts.
#[derive(Clone, Debug, Default)]
pub struct ApprovedText {
    /// Its bytes.
    pub text: Vec<u8>,
    /// The signature over them, in words, if one was verified.
    pub signature: Option<String>,
}

/// What a checksum file says of one file.
#[derive(Clone, Debug)]
pub struct ListedFile {
    /// Its digests.
    pub evidence: Evidence,
    /// Its length in bytes, where that is said.
    pub size: Option<u64>,
}

impl ChecksumFile {
    /// The one at `url`.
    ///
    /// # Errors
    /// Where it cannot be fetched or is no checksum file.
    pub fn fetch(client: &Client, url: &Url, origin: Origin) -> Result<Self, Failure> {
        let text = small_file::fetch_list(client, url, origin)?.ok_or_else(|| {
            Failure::new(FailureKind::Status(404), format!("{}: is not there", redacted(url)))
        })?;
        inspect(&text).map_err(|failure| failure.during(redacted(url)))?;
        Ok(Self { source: redacted(url), text, name: name_in(url), signature: None })
    }

    /// The one at `path`.
    ///
    /// # Errors
    /// Where it cannot be read or is no checksum file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let opened = File::open(path).and_then(StableFile::try_from);
        Self::read(opened.map_err(|error| Failure::local(path, error))?, path)
    }

    fn read(file: StableFile, path: &Path) -> Result<Self, Failure> {
        let mut text = Vec::new();
        let read = file.take(discovery::LONGEST + 1).read_to_end(&mut text);
        read.map_err(|error| Failure::local(path, error))?;
        let source = format!("{path:?}");
        inspect(&text).map_err(|failure| failure.during(&source))?;
        Ok(Self { source, text, name: path.to_owned(), signature: None })
    }

    /// Its bytes: what a signature is over.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the same file, of which only the approved part counts.
    pub fn approved(self, part: ApprovedText) -> Self {
        Self { text: part.text, signature: part.signature, ..self }
    }

    /// What it says of the file called `name`; `algorithm` is that of lines that name none.
    ///
    /// # Errors
    /// [`FailureKind::Unverifiable`] where it says nothing, or two things.
    pub fn find(
        &self,
        name: &OsStr,
        algorithm: Option<HashFunction>,
    ) -> Result<ListedFile, Failure> {
        match read(&self.text, &self.name, name, algorithm) {
            Ok(entry) => Ok(said(&entry, self.source.clone(), self.signature.clone())),
            Err(why) => Err(silent(why, name, &self.source)),
        }
    }
}

/// Finds a checksum file good before it is read, by a signature, say, and returns the part of it
/// that counts. One that is [`FailureKind::Unverifiable`] is passed over as if it were not there.
pub type Approve<'a> = dyn Fn(&Url, Vec<u8>) -> Result<ApprovedText, Failure> + 'a;

/// What a checksum file where they usually lie says of the file at `url`: the first that is there,
/// is approved and names the file; one of a weak function only where there is no other.
///
/// # Errors
/// Where none does, or a server fails: that must not lead to a weaker digest.
pub fn beside(
    client: &Client,
    url: &Url,
    name: &OsStr,
    approve: &Approve<'_>,
) -> Result<ListedFile, Failure> {
    let mut refused = None;
    for candidate in discovery::candidates(url) {
        let Some(text) = small_file::fetch_list(client, &candidate.url, Origin::Own)? else {
            continue;
        };
        // Some servers answer anything with a page.
        if discovery::inspect(&text).is_err() {
            continue;
        }
        let ApprovedText { text, signature } = match approve(&candidate.url, text) {
            Err(failure) if failure.kind() == FailureKind::Unverifiable => {
                refused = refused.or(Some(failure));
                continue;
            }
            approved => approved?,
        };
        let source = redacted(&candidate.url);
        let algorithm = candidate.algorithm.map(HashFunction::from);
        match read(&text, &name_in(&candidate.url), name, algorithm) {
            Ok(entry) => return Ok(said(&entry, source, signature)),
            Err(NotListed::Missing) if candidate.kind == CandidateKind::List => {}
            Err(why) => return Err(silent(why, name, &source)),
        }
    }
    let text = format!("{}: no checksum file beside it names it", redacted(url));
    let failure = Failure::new(FailureKind::Unverifiable, text);
    Err(match refused {
        Some(refused) => failure.adding(format!("of those that are there: {refused}")),
        None => failure,
    })
}

/// What a checksum file in the folder of the file at `path` says of it, looked for under the names
/// and in the order of [`beside`].
///
/// # Errors
/// Where none names it, or one that is there cannot be read: that must not lead to a weaker digest.
pub fn beside_file(path: &Path) -> Result<ListedFile, Failure> {
    let Some(name) = path.file_name() else {
        let text = format!("{path:?}: is no name for a file");
        return Err(Failure::new(FailureKind::Usage, text));
    };
    for (place, kind, algorithm) in discovery::names(name) {
        let place = path.with_file_name(place);
        let file = match StableFile::open(&place) {
            Ok(file) if file.is_regular() => file,
            Ok(_) => continue,
            Err(error) => match error.kind() {
                ErrorKind::Special(_) => continue,
                // Too long a name, with the suffix, is one that no file has.
                ErrorKind::Io(cause)
                    if matches!(
                        cause.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename
                    ) =>
                {
                    continue;
                }
                _ => return Err(error.into()),
            },
        };
        let sums = ChecksumFile::read(file, &place)?;
        match read(&sums.text, &sums.name, name, algorithm.map(HashFunction::from)) {
            Ok(entry) => return Ok(said(&entry, sums.source, None)),
            Err(NotListed::Missing) if kind == CandidateKind::List => {}
            Err(why) => return Err(silent(why, name, &sums.source)),
        }
    }
    let text = format!("{path:?}: no checksum file beside it names it");
    Err(Failure::new(FailureKind::Unverifiable, text))
}

fn inspect(text: &[u8]) -> Result<(), Failure> {
    let kind = match text.len() as u64 > discovery::LONGEST {
        true => FailureKind::Policy,
        false => FailureKind::Unverifiable,
    };
    discovery::inspect(text).map_err(|error| Failure::new(kind, error.to_string()))
}

/// What a checksum file, which is called `own`, says of the file called `name`.
fn read(
    text: &[u8],
    own: &Path,
    name: &OsStr,
    algorithm: Option<HashFunction>,
) -> Result<Entry, NotListed> {
    let options = ListOptions::new()
        .name(own.file_name().map(PathBuf::from))
        .untagged(algorithm)
        .file(PathBuf::from(name));
    manifest::find(List::new(text, options), Path::new(name), NameMatching::BaseName)
}

fn said(entry: &Entry, source: String, signature: Option<String>) -> ListedFile {
    let evidence = Evidence { expected: entry.expected(), source, signature };
    ListedFile { evidence, size: entry.size }
}

fn silent(why: NotListed, name: &OsStr, source: &str) -> Failure {
    Failure::new(FailureKind::Unverifiable, format!("{source}: {name:?}: {why}"))
}

/// The last part of a URL's path, as a name.
fn name_in(url: &Url) -> PathBuf {
    PathBuf::from(url.path().rsplit('/').next().unwrap_or(""))
}
