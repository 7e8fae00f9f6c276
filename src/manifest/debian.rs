//! Debian's control files: Release, Packages and Sources, `.dsc` and `.changes`.

use std::collections::HashMap;

use super::fields::{self, words};
use super::list::{Out, plain_name};
use super::options::ListOptions;
use super::shape::Reader;
use super::{BadLine, Entry, LineParser};
use crate::algorithm::{Algorithm, HashFunction};
use crate::digest::Digest;

/// Files of one paragraph that are held until it ends, for their digests to be put together.
const HELD: usize = 50_000;

struct Debian {
    /// The function of the lines that follow, which are indented.
    section: Option<HashFunction>,
    /// The files of the sections so far, and where each stands.
    files: Vec<File>,
    places: HashMap<Vec<u8>, usize>,
    package: Package,
    /// Some write `SHA256:` above lines as GNU writes them.
    plain: LineParser,
}

/// A file of the sections: its first line, its name, and what they say of it.
struct File {
    line: u64,
    name: Vec<u8>,
    entry: Result<Entry, BadLine>,
}

/// A paragraph of Packages, about one file.
#[derive(Default)]
struct Package {
    line: u64,
    name: Vec<u8>,
    size: Option<u64>,
    digests: Vec<Digest>,
    bad: Option<BadLine>,
    /// What is before the names of a paragraph of Sources.
    directory: Vec<u8>,
}

pub(super) fn sign(line: &[u8]) -> bool {
    let (name, value) = match field(line) {
        Some(field) => field,
        None => return false,
    };
    match name {
        b"Package" | b"Origin" | b"Suite" | b"Codename" | b"Filename" => !value.is_empty(),
        b"Format" => value.first().is_some_and(u8::is_ascii_digit),
        b"Files" => value.is_empty(),
        _ => function(name).is_some() && value.is_empty(),
    }
}

pub(super) fn reader(_: &ListOptions) -> Box<dyn Reader> {
    Box::new(Debian {
        section: None,
        files: Vec::new(),
        places: HashMap::new(),
        package: Package::default(),
        plain: LineParser::new(),
    })
}

impl Reader for Debian {
    fn line(&mut self, number: u64, line: &[u8], out: &mut Out) {
        if line.trim_ascii().is_empty() {
            self.flush(out);
        } else if line.starts_with(b" ") || line.starts_with(b"\t") {
            if let Some(function) = self.section {
                self.file(number, function, line, out);
            }
        } else if let Some((name, value)) = field(line) {
            self.section = None;
            self.field(number, name, value);
        } else {
            match (self.plain.parse_line(line), plain_name(line, None)) {
                (Ok(Some(entry)), _) => out.push(number, Ok(entry)),
                (Err(bad), Some(name)) => out.named(number, name, Err(bad)),
                _ => {}
            }
        }
    }

    fn end(&mut self, out: &mut Out) {
        self.flush(out);
    }
}

impl Debian {
    fn field(&mut self, number: u64, name: &[u8], value: &[u8]) {
        match name {
            b"Filename" => (self.package.line, self.package.name) = (number, value.to_vec()),
            b"Package" => self.package.line = number,
            b"Size" => self.package.size = fields::size(value),
            b"Directory" => self.package.directory = [value, b"/"].concat(),
            _ => match function(name) {
                Some(function) if value.is_empty() => self.section = Some(function),
                // `Files` is a list, and nothing else.
                Some(_) if name == b"Files" => {}
                Some(function) => match fields::hex(function, value) {
                    Ok(digest) => fields::add(&mut self.package.digests, digest),
                    Err(bad) => self.package.bad = Some(bad),
                },
                None => {}
            },
        }
    }

    /// ` DIGEST SIZE NAME`; in `.changes` the section and the priority stand before the name.
    fn file(&mut self, number: u64, function: HashFunction, line: &[u8], out: &mut Out) {
        let mut words = words(line);
        let digest = fields::hex(function, words.next().unwrap_or_default());
        let size = words.next().and_then(fields::size);
        let (Some(size), Some(name)) = (size, words.last()) else {
            out.push(number, Err(digest.err().unwrap_or(BadLine::NoName)));
            return;
        };
        let entry = digest.and_then(|digest| fields::entry(name, [digest], Some(size)));
        if let Some(&place) = self.places.get(name) {
            // One section does not make up for what is wrong in another one.
            let known = &mut self.files[place].entry;
            *known = match (&*known, entry) {
                (Ok(one), Ok(other)) if one.size == other.size => {
                    let all = one.digests().chain(other.digests()).copied();
                    fields::entry(name, all.collect::<Vec<_>>(), Some(size))
                }
                (Ok(_), Ok(_)) => Err(BadLine::Conflict),
                (Err(bad), _) => Err(*bad),
                (_, Err(bad)) => Err(bad),
            };
            return;
        }
        self.places.insert(name.to_vec(), self.files.len());
        self.files.push(File { line: number, name: name.to_vec(), entry });
        if self.files.len() >= HELD {
            self.flush_files(out);
        }
    }

    fn flush_files(&mut self, out: &mut Out) {
        self.places.clear();
        for File { line, name, entry } in self.files.drain(..) {
            let name = [&*self.package.directory, &*name].concat();
            let entry = entry.and_then(|entry| Ok(Entry { path: fields::path(&name)?, ..entry }));
            out.named(line, &name, entry);
        }
    }

    fn flush(&mut self, out: &mut Out) {
        self.section = None;
        self.flush_files(out);
        let package = std::mem::take(&mut self.package);
        if !package.name.is_empty() {
            let entry = match package.bad {
                Some(bad) => Err(bad),
                None => fields::entry(&package.name, package.digests, package.size),
            };
            out.named(package.line, &package.name, entry);
        } else if !package.digests.is_empty() || package.bad.is_some() {
            out.push(package.line, Err(BadLine::NoName));
        }
    }
}

/// `Name: value`.
fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    (!name.is_empty() && name.iter().all(is_name)).then_some((name, value))
}

/// The function whose digests a field holds.
fn function(name: &[u8]) -> Option<HashFunction> {
    let name = name.strip_prefix(b"Checksums-").unwrap_or(name);
    let algorithm = match name.to_ascii_lowercase().as_slice() {
        b"files" | b"md5sum" | b"md5" => Algorithm::Md5,
        b"sha1" => Algorithm::Sha1,
        b"sha256" => Algorithm::Sha256,
        b"sha512" => Algorithm::Sha512,
        _ => return None,
    };
    Some(algorithm.into())
}
