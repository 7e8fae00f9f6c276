//! Digests from checksum files: beside the file, at a URL, or here on the disk.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use url::Url;

use super::client::Client;
use super::discovery::{self, Candidate, Kind};
use super::failure::{Failure, FailureKind, redacted};
use super::pump::failure_of;
use super::transport::{Origin, Request};
use super::verdict::Evidence;
use crate::algorithm::Function;
use crate::manifest::Parser;
use crate::notation::Expected;

/// A checksum file.
#[derive(Clone, Debug)]
pub struct Sums {
    source: String,
    text: Vec<u8>,
    /// The function that its name tells.
    named: Option<Function>,
}

impl Sums {
    /// The one at `url`.
    ///
    /// # Errors
    /// Where it cannot be fetched or is no checksum file.
    pub fn fetch(client: &Client, url: &Url, origin: Origin) -> Result<Self, Failure> {
        let text = small_file(client, url, origin)?.ok_or_else(|| {
            Failure::new(FailureKind::Status(404), format!("{}: is not there", redacted(url)))
        })?;
        inspected(&text).map_err(|failure| failure.during(redacted(url)))?;
        Ok(Self { source: redacted(url), text, named: named(url.path()) })
    }

    /// The one at `path`.
    ///
    /// # Errors
    /// Where it cannot be read or is no checksum file.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let mut text = Vec::new();
        let opened = File::open(path)
            .and_then(|file| file.take(discovery::LONGEST + 1).read_to_end(&mut text));
        opened.map_err(|error| Failure::local(path, error))?;
        let source = format!("{path:?}");
        inspected(&text).map_err(|failure| failure.during(&source))?;
        Ok(Self { source, text, named: named(&path.to_string_lossy()) })
    }

    /// Its bytes: what a signature is over.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// What it says of the file called `name`; `algorithm` is that of lines that name none.
    ///
    /// # Errors
    /// [`FailureKind::Unverifiable`] where it says nothing, or two things.
    pub fn find(&self, name: &OsStr, algorithm: Option<Function>) -> Result<Evidence, Failure> {
        let expected = read(&self.text, name, algorithm.or(self.named));
        let expected = expected.map_err(|failure| failure.during(&self.source))?;
        Ok(Evidence { expected, source: self.source.clone() })
    }
}

/// Finds a checksum file good, before it is believed: by a signature, say.
pub type Approve<'a> = dyn Fn(&Url, &[u8]) -> Result<(), Failure> + 'a;

/// What a checksum file where they usually lie says of the file at `url`: the first that is there
/// and names the file; one of a weak function only where there is no other.
///
/// # Errors
/// Where none does, or a server fails: that must not lead to a weaker digest.
pub fn beside(
    client: &Client,
    url: &Url,
    name: &OsStr,
    approve: &Approve<'_>,
) -> Result<Evidence, Failure> {
    for candidate in discovery::candidates(url) {
        let Some(text) = small_file(client, &candidate.url, Origin::Own)? else { continue };
        let Candidate { kind, algorithm, .. } = candidate;
        let hint = algorithm.map(Function::from);
        // Some servers answer anything with a page.
        if discovery::inspect(&text).is_err() {
            continue;
        }
        match read(&text, name, hint) {
            Ok(expected) => {
                approve(&candidate.url, &text)?;
                return Ok(Evidence { expected, source: redacted(&candidate.url) });
            }
            Err(failure) if failure.kind() == FailureKind::Unverifiable && kind == Kind::List => {}
            Err(failure) => return Err(failure.during(redacted(&candidate.url))),
        }
    }
    let text = format!("{}: no checksum file beside it names it", redacted(url));
    Err(Failure::new(FailureKind::Unverifiable, text))
}

/// The whole of a small file, up to 16 MiB: a checksum file, a signature. `None` where it is not
/// there.
///
/// # Errors
/// Where the server fails, or it is longer.
pub fn small_file(client: &Client, url: &Url, origin: Origin) -> Result<Option<Vec<u8>>, Failure> {
    let request = Request { origin, ..Request::get(url.clone()) };
    let reply = client.send(&request)?;
    let status = reply.response.status;
    if discovery::is_absent(status) {
        return Ok(None);
    }
    if status != 200 {
        let text = format!("{}: the server answers {status}", redacted(url));
        return Err(Failure::new(FailureKind::Status(status), text));
    }
    let mut text = Vec::new();
    let mut body = reply.response.body.take(discovery::LONGEST + 1);
    let read = body.read_to_end(&mut text);
    read.map_err(|error| failure_of(error).during(redacted(url)))?;
    if text.len() as u64 > discovery::LONGEST {
        let text = format!("{}: is longer than {} bytes", redacted(url), discovery::LONGEST);
        return Err(Failure::new(FailureKind::Policy, text));
    }
    Ok(Some(text))
}

fn inspected(text: &[u8]) -> Result<(), Failure> {
    let kind = match text.len() as u64 > discovery::LONGEST {
        true => FailureKind::Policy,
        false => FailureKind::Unverifiable,
    };
    discovery::inspect(text).map_err(|error| Failure::new(kind, error.to_string()))
}

/// The function that a checksum file's name tells: `SHA3-256SUMS`, `B2SUMS`, `x.b3`.
fn named(path: &str) -> Option<Function> {
    let name = path.rsplit('/').next()?;
    let upper = name.to_ascii_uppercase();
    let list = upper.split("SUM").next().filter(|rest| rest.len() < upper.len());
    let ending = upper.rsplit('.').next();
    let parse = |word: &str| word.parse::<Function>().ok();
    list.and_then(parse).or_else(|| ending.and_then(parse))
}

/// What a checksum file says of the file called `name`.
fn read(text: &[u8], name: &OsStr, hint: Option<Function>) -> Result<Expected, Failure> {
    inspected(text)?;
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if let [line] = lines(text).collect::<Vec<_>>()[..] {
        // The digest alone: it is of the file that the list is beside.
        if !line.contains(&b' ') {
            let parsed = Expected::parse(line, hint);
            return parsed.map_err(|e| Failure::new(FailureKind::Unverifiable, e.to_string()));
        }
    }
    let mut parser = match hint {
        Some(function) => Parser::new().untagged(function),
        None => Parser::new(),
    };
    let mut digests = Vec::new();
    for line in lines(text) {
        let Ok(Some(entry)) = parser.parse_line(line) else { continue };
        if entry.path.file_name() == Some(name) || base(entry.path.as_os_str()) == name.as_bytes() {
            digests.push(entry.digest);
        }
    }
    let twice = digests.iter().enumerate().any(|(i, digest)| {
        digests[..i].iter().any(|other| other != digest && other.function() == digest.function())
    });
    if twice {
        let text = format!("two different digests of {name:?} are in it");
        return Err(Failure::new(FailureKind::Unverifiable, text));
    }
    Expected::from_digests(digests).ok_or_else(|| {
        Failure::new(FailureKind::Unverifiable, format!("nothing in it names {name:?}"))
    })
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// What follows the last slash of either kind.
fn base(path: &OsStr) -> &[u8] {
    let bytes = path.as_bytes();
    bytes.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or(bytes)
}
